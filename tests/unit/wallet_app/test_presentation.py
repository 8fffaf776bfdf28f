"""What the gateway says becomes what a member reads."""

import pytest

from tests.unit.wallet_app.fake_gateway import NOON_S, TODAY
from wallet_app.catalogues import load_catalogues
from wallet_app.formatting import Formatter
from wallet_app.gateway import (
    Account,
    CampaignId,
    CampaignProgress,
    HistoryLine,
    LineKind,
    Lot,
    MemberId,
    PartnerId,
    StageProgress,
)
from wallet_app.presentation.account_card import expiring_days
from wallet_app.presentation.activity import Names, Tone, activity_days, activity_line
from wallet_app.presentation.campaign_cards import campaign_cards

CATALOGUES = load_catalogues()
NAMES = Names(partners={PartnerId(1): "Grocery"}, campaigns={CampaignId(4): "Spring"})


def formatter(language: str = "en") -> Formatter:
    return Formatter(catalogue=CATALOGUES[language], day_offset_s=0, today=TODAY)


def line(kind: LineKind, points_delta: int = 0, **fields: object) -> HistoryLine:
    fields.setdefault("happened_at_s", NOON_S)
    return HistoryLine(id="1-0", kind=kind, points_delta=points_delta, block_number=1, **fields)  # type: ignore[arg-type]


def account(*lots: Lot) -> Account:
    points = sum(lot.points for lot in lots)
    return Account(MemberId("0x" + "ab" * 20), points, points, 0, 0, lots, (), True, False, False, 0, 9)


def test_lots_of_one_day_are_one_line_soonest_first_and_at_most_three() -> None:
    lots = [
        Lot(TODAY + days, points, "1")
        for days, points in ((30, 5), (3, 10), (3, 7), (400, 1), (90, 2), (5, 0))
    ]
    shown = expiring_days(account(*lots), formatter=formatter())
    assert [(day.points, day.relative, day.is_soon) for day in shown] == [
        ("17", "in 3 days", True),
        ("5", "in 30 days", False),
        ("2", formatter().day(TODAY + 90), False),
    ]


@pytest.mark.parametrize(("days", "text"), [(0, "Today"), (1, "Tomorrow"), (14, "in 14 days")])
def test_days_ahead_are_told_in_words(days: int, text: str) -> None:
    assert formatter().day_relative(TODAY + days) == text


@pytest.mark.parametrize(
    ("language", "points", "money"),
    [
        ("en", "−1,234", "$1,234.50"),
        ("ru", "−1\N{NO-BREAK SPACE}234", "1\N{NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}$"),
    ],
)
def test_numbers_follow_the_language(language: str, points: str, money: str) -> None:
    assert formatter(language).signed_points(-1_234) == points
    assert formatter(language).money(123_450) == money


def test_money_without_minor_units_has_none() -> None:
    yen = Formatter(CATALOGUES["en"], 0, TODAY, currency="JPY", currency_decimals=0)
    assert yen.money(1_500) == "¥1,500"


def test_purchase_names_the_partner_and_the_spend() -> None:
    shown = activity_line(
        line(LineKind.PURCHASE, 12, partner=PartnerId(1), spend_minor=1_250),
        names=NAMES,
        formatter=formatter(),
    )
    assert (shown.title, shown.subtitle, shown.points, shown.tone) == (
        "Grocery",
        "Purchase · $12.50",
        "+12",
        Tone.GAIN,
    )


def test_hold_tells_its_points_though_none_moved() -> None:
    shown = activity_line(
        line(LineKind.HOLD_PLACED, partner=PartnerId(1), points_concerned=150),
        names=NAMES,
        formatter=formatter(),
    )
    assert (shown.subtitle, shown.points, shown.tone) == ("Points held · 150 points", "", Tone.QUIET)


def test_unknown_partner_campaign_and_reason_still_read() -> None:
    texts = [
        activity_line(one, names=NAMES, formatter=formatter())
        for one in (
            line(LineKind.REDEMPTION, -5, partner=PartnerId(77)),
            line(LineKind.BONUS, 5, campaign=CampaignId(9)),
            line(LineKind.REJECTED, reason="a_reason_of_tomorrow"),
            line(LineKind.TRANSFER_RECEIVED, 5),
        )
    ]
    assert [text.title for text in texts] == ["Partner 77", "Campaign 9", "Programme", "Another member"]
    assert texts[2].subtitle == "Refused: the ledger refused it; nothing was changed"


def test_days_group_by_the_programs_calendar() -> None:
    lines = (
        line(LineKind.GRANT, 1, happened_at_s=TODAY * 86_400 + 10),
        line(LineKind.GRANT, 1, happened_at_s=TODAY * 86_400 - 10),
    )
    assert [day.heading for day in activity_days(lines, names=NAMES, formatter=formatter())] == [
        "Today",
        "Yesterday",
    ]
    east = Formatter(CATALOGUES["en"], 3_600, TODAY)
    assert [day.heading for day in activity_days(lines, names=NAMES, formatter=east)] == ["Today"]


def campaign(*, closes_in_days: int, budget: int = 1_000, awarded: bool = False) -> CampaignProgress:
    stage = StageProgress(
        bonus_points=500,
        is_awarded=awarded,
        partners_required=3,
        partners_done=5,
        min_spend_each_minor=1_000,
        min_visits=4,
        visits=1,
    )
    return CampaignProgress(
        CampaignId(4), "Spring", (PartnerId(1),), TODAY - 1, TODAY + closes_in_days, budget, (stage,)
    )


def test_progress_is_capped_and_told_for_each_condition() -> None:
    [card] = campaign_cards((campaign(closes_in_days=2),), partners=NAMES.partners, formatter=formatter())
    [stage] = card.stages
    assert [(one.label, one.progress, one.is_met) for one in stage.conditions] == [
        ("Spend $10.00 each at 3 shops", "3/3", True),
        ("Make 4 purchases", "1/4", False),
    ]


def test_closed_campaigns_are_left_out_and_soonest_end_comes_first() -> None:
    cards = campaign_cards(
        (campaign(closes_in_days=9), campaign(closes_in_days=-1), campaign(closes_in_days=1)),
        partners=NAMES.partners,
        formatter=formatter(),
    )
    assert [card.when for card in cards] == ["Ends Tomorrow", "Ends in 9 days"]


def test_a_used_budget_is_told_only_while_a_bonus_is_open() -> None:
    cards = campaign_cards(
        (campaign(closes_in_days=1, budget=499), campaign(closes_in_days=2, budget=0, awarded=True)),
        partners=NAMES.partners,
        formatter=formatter(),
    )
    assert [(card.is_budget_used, card.is_finished) for card in cards] == [(True, False), (False, True)]
