"""The replay's calendar."""

from datetime import date, timedelta

from replay.journey import DAYS_MAX, FIRST_DAY
from replay.program import GENESIS_TIMESTAMP_S, chain_day, deadline_s, opening_time_s


def test_every_day_opens_on_itself_at_the_stores() -> None:
    days = [FIRST_DAY + timedelta(days=index) for index in range(DAYS_MAX)]

    assert [chain_day(opening_time_s(day)) for day in days] == days


def test_the_chain_begins_early_enough_for_terms_to_be_in_force_on_the_first_day() -> None:
    assert chain_day(GENESIS_TIMESTAMP_S) < date(2016, 12, 31)


def test_what_is_signed_on_a_day_outlives_a_stop_of_some_days() -> None:
    assert deadline_s(FIRST_DAY) - opening_time_s(FIRST_DAY) == 7 * 86_400
