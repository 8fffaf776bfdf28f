"""Relay and indexer together, on a real chain and real databases."""

import pytest

from node_gateway.jobs.content_hash import content_hash
from node_gateway.store import schema
from node_gateway.store.database import Database
from partner_sdk.protocol import CampaignId, CampaignTerms, Funder, PartnerId, Stage
from tests.chain_fixtures import PARTNERS, DeployedLedger
from tests.integration.jobs.gateway_harness import Gateway, assert_equals_chain
from tests.integration.jobs.shopping import Shopping

pytestmark = pytest.mark.integration


async def test_settles_every_kind_of_operation_to_what_the_chain_says(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    shopping = Shopping(gateway, seed=1)
    await shopping.enrol_all()
    for _ in range(6):
        await shopping.accept_some(12)
        await shopping.transfer(50)
        await shopping.grant(1, 500)
        await shopping.record_payment(2, 1_000)
        await gateway.settle()
    await assert_equals_chain(gateway)
    statuses = await gateway.statuses()
    assert not any(status in ("accepted", "expired") for status, _ in statuses), statuses
    assert sum(count for (status, _), count in statuses.items() if status == "settled") > 100
    assert {row["status"] for row in await gateway.rows(schema.submissions, "accept_order")} == {"settled"}
    operations = await gateway.rows(schema.operations, "id")
    assert all(row["submission_id"] is not None for row in operations)
    assert all(row["block_number"] is not None and row["log_index"] is not None for row in operations)


async def _open_campaigns(ledger: DeployedLedger, today: int) -> None:
    """Two campaigns over all partners: a small budget that runs out, and one of two stages."""
    for number, budget_points, stages in (
        (1, 900, (Stage(bonus_points=200, partners_required=2, min_spend_total_minor=30_000),)),
        (
            2,
            10**6,
            (
                Stage(bonus_points=50, min_visits=2),
                Stage(bonus_points=500, min_spend_each_minor=20_000, partners_required=1),
            ),
        ),
    ):
        terms = CampaignTerms(
            campaign=CampaignId(number),
            name=f"Campaign {number}",
            partners=tuple(PartnerId(partner) for partner in PARTNERS),
            opens_day=today + 1,
            closes_day=today + 60,
            budget_points=budget_points,
            price_micro=7_000,
            stages=stages,
            funders=(
                Funder(partner=PartnerId(1), share_bps=3_333),
                Funder(partner=PartnerId(0), share_bps=6_667),
            ),
        )
        digest = terms.digest(ledger.domain)
        signatures = [key.sign(digest) for key in (ledger.partner_keys[1], ledger.operator_key)]
        await ledger.administration.open_campaign(terms, signatures)


async def _fall_into_debt(shopping: Shopping) -> None:
    """A member spends a bonus and returns what it was for; what is bought later repays the debt. Then a hold is captured."""
    gateway, shopper = shopping.gateway, shopping.shoppers[0]
    for partner, spend in ((1, 40_000), (2, 30_000)):
        await gateway.accept(partner, [shopping.purchase(partner, shopper, spend)])
    await gateway.settle()
    await shopping.learn()
    await gateway.accept(1, [shopping.redeem(1, shopper, shopper.balance)])
    await gateway.accept(1, [shopping.return_of(shopper.purchases[0])])
    await gateway.accept(3, [shopping.purchase(3, shopper, 60_000)])
    await gateway.accept(3, [shopping.hold(3, shopper, 40)])
    await gateway.settle()
    await shopping.learn()
    await gateway.accept(3, [shopping.capture_of(shopper.holds[-1], 30)])
    await gateway.settle()


async def _touch_all(gateway: Gateway, shopping: Shopping) -> None:
    await gateway.ledger.administration.act("touch", [shopper.member for shopper in shopping.shoppers])
    await gateway.index()


@pytest.mark.parametrize("seed", [21, 22])
async def test_folds_campaigns_holds_debts_and_expiry_over_months(
    deployed_ledger: DeployedLedger, sqlite_database: Database, seed: int
) -> None:
    ledger, gateway = deployed_ledger, Gateway(deployed_ledger, sqlite_database)
    assert ledger.clock is not None
    shopping = Shopping(gateway, seed=seed, members=5)
    await shopping.enrol_all()
    today = await ledger.read("today")
    await _open_campaigns(ledger, today)
    for days in (1, 2, 9, 20, 29, 31, 90, 340, 366, 372, 395, 760):
        await ledger.clock.advance_to((today + days) * 86_400 + 3_600)
        shopping.hold_until_day = today + days + 3
        await shopping.learn()
        if days == 1:
            await _fall_into_debt(shopping)
        await shopping.accept_some(8)
        await shopping.transfer(300)
        await gateway.settle()
        if days == 9:
            await ledger.administration.act("pauseCampaign", 2, today + 15)
            await ledger.administration.act("resumeCampaign", 2, today + 25)
        await _touch_all(gateway, shopping)
        await assert_equals_chain(gateway)
    await ledger.administration.close_cycle(PARTNERS)
    await gateway.index()
    names = {row["name"] for row in await gateway.rows(schema.events, "block_number", "log_index")}
    assert names >= {
        "BonusAwarded", "BonusRefused", "BonusClawedBack", "PointsExpired", "DebtRepaid", "HoldExpired", "HoldCaptured",
        "HoldVoided", "RefundSettled", "LotReceived", "StatementIssued", "CycleClosed", "CampaignPaused",
    }  # fmt: skip
    await _assert_receivers_know_senders(gateway)
    before = await _hash(gateway)
    await gateway.indexer.rebuild()
    await gateway.index()
    assert await _hash(gateway) == before


async def _assert_receivers_know_senders(gateway: Gateway) -> None:
    rows = await gateway.rows(schema.events, "block_number", "log_index")
    sent = {row["operation"]: row for row in rows if row["name"] == "TransferSettled"}
    received = [row for row in rows if row["name"] == "LotReceived"]
    for row in received:
        transfer = sent[row["operation"]]
        assert (row["tx_hash"], row["member"]) == (transfer["tx_hash"], transfer["counterparty"])
        assert row["counterparty"] == transfer["member"]
        assert row["data"]["sender"] == "0x" + transfer["member"].hex()
    assert {row["operation"] for row in received} == set(sent)


async def _hash(gateway: Gateway) -> str:
    async with gateway.database.reading() as connection:
        return await content_hash(connection)
