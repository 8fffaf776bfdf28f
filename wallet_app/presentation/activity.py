"""Lines of the history as a member reads them."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from wallet_app.catalogues import Catalogue
from wallet_app.formatting import Formatter
from wallet_app.gateway import CampaignId, HistoryLine, LineKind, MemberId, PartnerId

AVATAR_HUES = 8
MEMBER_CHARS_SHOWN = 4
ELLIPSIS = "\N{WORD JOINER}…\N{WORD JOINER}"  # kept on one line


class Tone(StrEnum):
    """How a line's points are coloured."""

    GAIN = "gain"
    LOSS = "loss"
    QUIET = "quiet"


@dataclass(frozen=True)
class ActivityLine:
    id: str
    title: str
    subtitle: str
    time: str
    points: str
    tone: Tone
    initial: str
    hue: int


@dataclass(frozen=True)
class ActivityDay:
    heading: str
    lines: tuple[ActivityLine, ...]


@dataclass(frozen=True)
class Names:
    """Names of the parties of a line."""

    partners: dict[PartnerId, str]
    campaigns: dict[CampaignId, str]


def activity_days(
    lines: tuple[HistoryLine, ...], *, names: Names, formatter: Formatter
) -> tuple[ActivityDay, ...]:
    """Lines grouped by their program day, in the order given (newest first)."""
    days = groupby(lines, key=lambda line: formatter.program_day_of(line.happened_at_s))
    return tuple(
        ActivityDay(
            heading=formatter.day_heading(day),
            lines=tuple(activity_line(line, names=names, formatter=formatter) for line in group),
        )
        for day, group in days
    )


def activity_line(line: HistoryLine, *, names: Names, formatter: Formatter) -> ActivityLine:
    """One line: who, what, how many points."""
    title = party_name(line, names=names, formatter=formatter)
    text = formatter.catalogue.text
    subtitle = text(f"activity.{line.kind}")
    if line.kind is LineKind.REJECTED:
        subtitle = text("activity.rejected_because", reason=reason_text(line.reason, formatter.catalogue))
    elif line.points_concerned and not line.points_delta:
        held = text(
            "activity.points", count=line.points_concerned, points=formatter.points(line.points_concerned)
        )
        subtitle = text("activity.with_spend", what=subtitle, spend=held)
    elif line.spend_minor:
        subtitle = text("activity.with_spend", what=subtitle, spend=formatter.money(line.spend_minor))
    return ActivityLine(
        id=line.id,
        title=title,
        subtitle=subtitle,
        time=formatter.time(line.happened_at_s),
        points=formatter.signed_points(line.points_delta) if line.points_delta else "",
        tone=Tone.GAIN if line.points_delta > 0 else Tone.LOSS if line.points_delta < 0 else Tone.QUIET,
        initial=next((letter.upper() for letter in title if letter.isalnum()), "•"),
        hue=(line.partner or line.campaign or 0) % AVATAR_HUES,
    )


def party_name(line: HistoryLine, *, names: Names, formatter: Formatter) -> str:
    """The other side of a line: a partner, a campaign, another member, or the program."""
    text = formatter.catalogue.text
    if line.campaign is not None:
        return names.campaigns.get(line.campaign) or text("party.campaign", number=line.campaign)
    if line.other_member is not None:
        return text("party.member", number=short_member(line.other_member))
    if line.kind is LineKind.TRANSFER_RECEIVED:
        return text("party.another_member")
    if line.partner:
        return partner_name(line.partner, names.partners, formatter)
    return text("party.program")


def partner_name(partner: PartnerId, partners: dict[PartnerId, str], formatter: Formatter) -> str:
    """A partner's name, or its number when the name is not known."""
    return partners.get(partner) or formatter.catalogue.text("party.partner", number=partner)


def short_member(member: MemberId) -> str:
    """`0x12ab…89ef`: enough to recognise, not to copy."""
    return f"{member[: 2 + MEMBER_CHARS_SHOWN]}{ELLIPSIS}{member[-MEMBER_CHARS_SHOWN:]}"


def reason_text(reason: str | None, catalogue: Catalogue) -> str:
    """A reason of the ledger in plain words."""
    key = f"reason.{reason}"
    return catalogue.text(key if catalogue.has(key) else "reason.unknown")
