"""Numbers, money, days and times as a reader of the language writes them."""

from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_decimal

from wallet_app.catalogues import Catalogue

SECONDS_A_DAY = 86_400
EPOCH = date(1970, 1, 1)
MINUS = "\N{MINUS SIGN}"
NEAR_DAYS = 60


@dataclass(frozen=True)
class Formatter:
    """Formats in one language, on the program's calendar (`day_offset_s` east of UTC)."""

    catalogue: Catalogue
    day_offset_s: int
    today: int
    currency: str = "USD"
    currency_decimals: int = 2

    def points(self, points: int) -> str:
        """A whole number with separators: `12,480`."""
        return str(format_decimal(points, locale=self.catalogue.locale))

    def signed_points(self, points: int) -> str:
        """`+37`, `−120`, `0`."""
        sign = "+" if points > 0 else MINUS if points < 0 else ""
        return sign + self.points(abs(points))

    def money(self, minor: int) -> str:
        """Minor units as an amount of the program's currency. Exact: integers go in, decimals come out."""
        pattern = copy(self.catalogue.locale.currency_formats["standard"])
        pattern.frac_prec = (self.currency_decimals, self.currency_decimals)
        amount = Decimal(minor).scaleb(-self.currency_decimals)
        return str(
            pattern.apply(amount, self.catalogue.locale, currency=self.currency, currency_digits=False)
        )

    def day(self, program_day: int) -> str:
        """A program day as a date: `14 Mar 2027`."""
        return str(format_date(EPOCH + timedelta(days=program_day), "medium", locale=self.catalogue.locale))

    def day_relative(self, program_day: int) -> str:
        """`today`, `tomorrow`, `in 12 days`; the date when it is further than `NEAR_DAYS` away."""
        days_left = program_day - self.today
        if days_left <= 0:
            return self.catalogue.text("day.today")
        if days_left == 1:
            return self.catalogue.text("day.tomorrow")
        if days_left > NEAR_DAYS:
            return self.day(program_day)
        return str(
            format_timedelta(
                timedelta(days=days_left),
                granularity="day",
                threshold=99,
                add_direction=True,
                locale=self.catalogue.locale,
            )
        )

    def program_day_of(self, unix_s: int) -> int:
        """The program day of a moment."""
        return (unix_s + self.day_offset_s) // SECONDS_A_DAY

    def day_heading(self, program_day: int) -> str:
        """Heading of a day's operations: today, yesterday, or the date."""
        if program_day == self.today:
            return self.catalogue.text("day.today")
        if program_day == self.today - 1:
            return self.catalogue.text("day.yesterday")
        return self.day(program_day)

    def time(self, unix_s: int) -> str:
        """Time of day on the program's clock."""
        moment = datetime.fromtimestamp(unix_s + self.day_offset_s, UTC)
        return str(format_time(moment.time(), "short", locale=self.catalogue.locale))
