"""What a crash, a reorganisation, a lost tail or a second relay must not change."""

from typing import Any

import pytest
import sqlalchemy as sa

from node_gateway.chain import node
from node_gateway.chain.account import Account
from node_gateway.chain.rpc import Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.jobs.batching import GasModel
from node_gateway.jobs.content_hash import content_hash
from node_gateway.jobs.fold.accounts import FoldMismatchError
from node_gateway.jobs.indexer import BEHIND_WAIT_MS
from node_gateway.jobs.lanes import LEASE_MS, LeaseLostError
from node_gateway.jobs.relay_limits import RelayLimits
from node_gateway.store import schema
from node_gateway.store.database import Database, create_database
from node_gateway.store.migrate import upgrade
from node_gateway.store.webhooks import update_webhook
from partner_sdk.protocol import Purchase
from tests.chain_fixtures import START_S, DeployedLedger, revert_chain, set_mining, take_snapshot
from tests.integration.jobs.gateway_harness import Gateway, assert_equals_chain
from tests.integration.jobs.shopping import Shopping
from tests.integration.jobs.webhook_shop import register

pytestmark = pytest.mark.integration


class StarvingGasModel(GasModel):
    """Gives too little at first."""

    def allowance(self, guessed_gas: int, attempts: int) -> int:
        return 30_000 if attempts == 0 else super().allowance(guessed_gas, attempts)


async def _hash(gateway: Gateway) -> str:
    async with gateway.database.reading() as connection:
        return await content_hash(connection)


async def _shop(gateway: Gateway, *, seed: int, rounds: int = 2) -> Shopping:
    shopping = Shopping(gateway, seed=seed)
    await shopping.enrol_all()
    for _ in range(rounds):
        await shopping.accept_some(10)
        await gateway.settle()
    return shopping


async def test_reindexing_from_zero_gives_the_same_content(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    await _shop(gateway, seed=2)
    before = await _hash(gateway)
    operations = await gateway.rows(schema.operations, "id")
    await gateway.indexer.rebuild()
    await gateway.index()
    assert await _hash(gateway) == before
    assert await gateway.rows(schema.operations, "id") == operations
    assert not await gateway.count_open()


async def test_a_read_model_that_contradicts_the_chain_takes_in_nothing_until_it_is_made_anew(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    shopping = Shopping(gateway, seed=4, members=1)
    await shopping.enrol_all()
    await gateway.accept(3, [shopping.purchase(3, shopping.shoppers[0], 50_000)])
    await gateway.settle()
    events = await gateway.rows(schema.events, "block_number", "log_index")
    async with database.writing() as connection:
        await connection.execute(sa.update(schema.lots).values(points_left=1))
    await gateway.accept(3, [shopping.redeem(3, shopping.shoppers[0], 10)])
    for _ in range(2):
        with pytest.raises(FoldMismatchError, match="expected 10 points, found 1"):
            await gateway.settle()
        assert await gateway.rows(schema.events, "block_number", "log_index") == events
    await gateway.indexer.rebuild()
    await gateway.settle()
    await assert_equals_chain(gateway)


async def test_a_second_gateway_reads_the_same_content_from_the_chain(
    deployed_ledger: DeployedLedger, database: Database, empty_database_url: str
) -> None:
    gateway = Gateway(deployed_ledger, database)
    await _shop(gateway, seed=3)
    upgrade(empty_database_url)
    other_database = create_database(empty_database_url)
    other = Gateway(deployed_ledger, other_database)
    await other.index()
    assert await _hash(other) == await _hash(gateway)
    await other_database.close()


async def test_an_engine_without_block_receipts_gives_the_same_content(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    await _shop(gateway, seed=4)
    before = await _hash(gateway)
    gateway.has_block_receipts = False
    gateway.restart()
    await gateway.indexer.rebuild()
    await gateway.index()
    assert await _hash(gateway) == before
    assert not await gateway.count_open()


async def test_a_receipt_that_a_lagging_node_has_not_got_is_asked_for_again(
    deployed_ledger: DeployedLedger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(deployed_ledger, database, has_block_receipts=False)
    shopping = Shopping(gateway, seed=7)
    await shopping.enrol_all()
    gateway.clock.advance(gateway.limits.batch_age_ms + 1)
    await gateway.relay.step()

    async def no_receipt(_: Rpc, _hash: str) -> None:
        return None

    monkeypatch.setattr(node, "receipt_of", no_receipt)
    with pytest.raises(RpcError) as refused:
        await gateway.index()
    assert refused.value.reason is RpcReason.BLOCK_NOT_FOUND
    assert refused.value.is_transient
    monkeypatch.undo()
    await gateway.index()
    assert not await gateway.count_open()


async def test_blocks_that_are_taken_back_leave_no_trace_and_settle_again(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    shopping = await _shop(gateway, seed=5)
    before = await _hash(gateway)
    snapshot = await take_snapshot(deployed_ledger)
    await shopping.accept_some(15)
    await shopping.transfer(20)
    await gateway.settle()
    settled = await gateway.statuses()

    await revert_chain(deployed_ledger, snapshot)
    await gateway.indexer.step()
    gateway.clock.advance(BEHIND_WAIT_MS)
    step = await gateway.indexer.step()
    assert step.unwound_from is not None
    assert await _hash(gateway) == before
    assert await gateway.count_open() > 0

    await gateway.settle()
    assert await gateway.statuses() == settled
    await assert_equals_chain(gateway)


async def test_webhooks_are_told_anew_of_blocks_that_came_instead_of_some_without_a_journal(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    shopping = await _shop(gateway, seed=18, rounds=1)
    snapshot = await take_snapshot(deployed_ledger)
    shared = await node.head_number(deployed_ledger.rpc)
    await shopping.accept_some(5)
    await gateway.settle()
    await register(database, "a", "http://shop.example/")
    told = {"next_block": await node.head_number(deployed_ledger.rpc) + 1, "next_log_index": 0}
    async with database.writing() as connection:
        await update_webhook(connection, "a", **told)
        await connection.execute(sa.delete(schema.undo))

    await revert_chain(deployed_ledger, snapshot)
    await gateway.indexer.step()
    gateway.clock.advance(BEHIND_WAIT_MS)
    await gateway.indexer.step()
    await gateway.settle()
    (webhook,) = await gateway.rows(schema.webhooks, "id")
    assert (webhook["next_block"], webhook["next_log_index"]) == (shared + 1, 0)
    await assert_equals_chain(gateway)


async def test_nothing_is_lost_or_doubled_when_the_worker_dies_at_any_step(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    shopping = Shopping(gateway, seed=6)
    await shopping.enrol_all()
    await shopping.accept_some(30)
    for _ in range(12):
        gateway.restart()
        gateway.clock.advance(gateway.limits.resend_after_ms + 1)
        await gateway.relay.step()
        gateway.restart()
        await gateway.indexer.step()
    await gateway.settle()
    await assert_equals_chain(gateway)
    operations = await gateway.rows(schema.operations, "id")
    assert all(row["status"] in ("settled", "rejected") for row in operations)


async def test_several_lanes_keep_the_order_of_each_partner_and_member(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    limits = RelayLimits(in_flight_max=2)
    gateway = Gateway(deployed_ledger, database, limits=limits, lane_count=3)
    shopping = Shopping(gateway, seed=7, members=20)
    await shopping.enrol_all()
    await gateway.settle()
    await shopping.accept_some(60, operations_max=2)
    await gateway.settle()
    await assert_equals_chain(gateway)
    batches = await gateway.rows(schema.batches, "id")
    assert len({row["lane"] for row in batches}) > 1
    orders = {
        row["id"]: row["accept_order"] for row in await gateway.rows(schema.submissions, "accept_order")
    }
    operations = await gateway.rows(schema.operations, "block_number", "log_index")
    for party in ("partner", "member"):
        last: dict[object, int] = {}
        for row in operations:
            assert orders[row["submission_id"]] >= last.get(row[party], 0)
            last[row[party]] = orders[row["submission_id"]]


async def test_a_second_relay_waits_for_the_lease_and_a_slow_one_cannot_write(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database, owner="first")
    await gateway.relay.step()
    other = Gateway(deployed_ledger, database, owner="second", clock=gateway.clock)
    member = Shopping(gateway, seed=8).shoppers[0].member
    await gateway.accept(1, [Purchase(1, member, 1_000)])
    gateway.clock.advance(200)
    assert (await other.relay.step()).batches == 0
    gateway.clock.advance(LEASE_MS + 1)
    assert (await other.relay.step()).batches == 1
    await gateway.accept(1, [Purchase(2, member, 1_000)])
    gateway.clock.advance(200)
    with pytest.raises(LeaseLostError):
        await gateway.relay.step()
    await other.settle()
    await assert_equals_chain(other)


async def test_a_submission_past_its_deadline_ends_with_the_reason(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    member = Shopping(gateway, seed=9).shoppers[0].member
    await gateway.accept(1, [Purchase(1, member, 1_000)], deadline_s=START_S - 10)
    await gateway.accept(1, [Purchase(2, member, 1_000)])
    await gateway.settle()
    assert await gateway.statuses() == {("expired", "deadline_passed"): 1, ("settled", None): 1}


async def test_a_submission_that_starves_is_sent_again_with_more_gas(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    member = Shopping(gateway, seed=10).shoppers[0].member
    gateway.relay.gas = StarvingGasModel()
    await gateway.accept(1, [Purchase(i, member, 1_000) for i in range(1, 5)])
    await gateway.settle()
    assert await gateway.statuses() == {("settled", None): 4}
    (submission,) = await gateway.rows(schema.submissions, "accept_order")
    assert submission["attempts"] == 1


async def test_a_batch_whose_nonce_went_to_a_foreign_transaction_is_batched_anew(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    member = Shopping(gateway, seed=11).shoppers[0].member
    await set_mining(deployed_ledger, automatic=False)
    await gateway.accept(1, [Purchase(1, member, 1_000)])
    gateway.clock.advance(200)
    await gateway.relay.step()
    await deployed_ledger.rpc.call("anvil_dropAllTransactions")
    await set_mining(deployed_ledger, automatic=True)
    lane = deployed_ledger.lanes[0]
    await Account(deployed_ledger.rpc, lane, chain_id=deployed_ledger.deployment.chain_id).send(
        "foreign", lane.address, b""
    )
    await gateway.index()
    for _ in range(2):
        gateway.clock.advance(gateway.limits.foreign_after_ms + 1)
        await gateway.relay.step()
    await gateway.settle()
    assert await gateway.statuses() == {("settled", None): 1}
    assert [row["status"] for row in await gateway.rows(schema.batches, "id")] == ["replaced", "mined"]


async def test_a_lost_tail_is_mined_again_on_the_days_on_which_it_was(
    deployed_ledger: DeployedLedger, sqlite_database: Database
) -> None:
    ledger = deployed_ledger
    assert ledger.clock is not None
    gateway = Gateway(ledger, sqlite_database, chain_clock=ledger.clock)
    shopping = await _shop(gateway, seed=12, rounds=1)
    snapshot = await take_snapshot(ledger)
    today = await ledger.read("today")
    for days in (3, 40):
        await ledger.clock.advance_to((today + days) * 86_400)
        await shopping.accept_some(6)
        await gateway.settle()
    lots = await _lots_without_blocks(gateway)
    statuses = await gateway.statuses()

    await revert_chain(ledger, snapshot)
    await gateway.indexer.step()
    gateway.clock.advance(BEHIND_WAIT_MS)
    await gateway.indexer.step()
    assert await gateway.count_open() > 0
    await gateway.settle()
    assert await _lots_without_blocks(gateway) == lots
    assert await gateway.statuses() == statuses
    await assert_equals_chain(gateway)


async def _lots_without_blocks(gateway: Gateway) -> list[dict[str, Any]]:
    rows = await gateway.rows(schema.lots, "member", "lot")
    return [{name: value for name, value in row.items() if name != "block_number"} for row in rows]
