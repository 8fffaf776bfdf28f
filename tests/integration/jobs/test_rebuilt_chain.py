"""A development chain that lost its tail, or everything, is made again from the tables."""

import asyncio
import gzip
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node_gateway.chain import node
from node_gateway.chain.account import Account
from node_gateway.chain.engines.anvil import AnvilOptions, start_anvil
from node_gateway.chain.engines.stepping import BlockStepper, MiningMode
from node_gateway.chain.hexadecimal import data_of
from node_gateway.jobs.chain_identity import ChainDifference, ChainReplacedError
from node_gateway.jobs.content_hash import content_hash
from node_gateway.jobs.rebuilding import ChainRebuildError
from node_gateway.store import schema
from node_gateway.store.database import Database
from partner_sdk.protocol import Purchase
from tests.chain_fixtures import (
    START_S,
    DeployedLedger,
    revert_chain,
    set_mining,
    take_snapshot,
)
from tests.integration.jobs.gateway_harness import Gateway, assert_equals_chain
from tests.integration.jobs.shopping import Shopping
from tests.integration.jobs.test_worker_process import WorkerProcess

pytestmark = pytest.mark.integration
DAY_S = 86_400
WORKER_WAIT_S_MAX = 120.0
MOMENT_S = 60


async def restart_anvil(ledger: DeployedLedger, directory: Path, **options: Any) -> None:
    """Kill the chain and start it anew with nothing in it."""
    assert ledger.engine is not None
    port = int(ledger.url.rpartition(":")[2])
    ledger.engine.kill()
    options = {"timestamp_s": START_S} | options
    ledger.engine = await start_anvil(AnvilOptions(port=port, **options), log_path=directory / "again.log")


async def _hash(gateway: Gateway) -> str:
    async with gateway.database.reading() as connection:
        return await content_hash(connection)


async def _eventful(gateway: Gateway, *, seed: int) -> Shopping:
    """Some days with members' traffic and the operator's acts between; everything indexed."""
    ledger = gateway.ledger
    assert ledger.clock is not None
    shopping = Shopping(gateway, seed=seed)
    await shopping.enrol_all()
    await gateway.settle()
    for day in (1, 2):
        await ledger.clock.advance_to(START_S + day * DAY_S)
        await shopping.accept_some(4)
        await gateway.settle()
        await ledger.administration.act("suspendPartner", day)
        await shopping.accept_some(2)
        await gateway.settle()
        await ledger.administration.act("reinstatePartner", day)
    await ledger.administration.close_cycle([1, 2, 3])
    await gateway.index()
    return shopping


async def _index_again(gateway: Gateway) -> None:
    """Make the chain again, and let the relay find that its leases were taken meanwhile, as the worker does."""
    await gateway.index()
    gateway.relay.reset()


async def _day_of_chain(ledger: DeployedLedger) -> int:
    day = await ledger.read("today")
    assert isinstance(day, int)
    return day


async def test_a_chain_that_lost_everything_gets_the_same_blocks_again(
    deployed_ledger: DeployedLedger, database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, database, state_dir=tmp_path)
    shopping = await _eventful(gateway, seed=40)
    before, statuses = await _hash(gateway), await gateway.statuses()
    today = await _day_of_chain(deployed_ledger)

    await restart_anvil(deployed_ledger, tmp_path)
    await _index_again(gateway)

    assert await _hash(gateway) == before
    assert await gateway.statuses() == statuses
    assert await _day_of_chain(deployed_ledger) == today
    await assert_equals_chain(gateway)
    await shopping.accept_some(5)
    await gateway.settle()
    await assert_equals_chain(gateway)


async def test_another_block_0_changes_hashes_of_blocks_and_nothing_else(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database, state_dir=tmp_path)
    shopping = await _eventful(gateway, seed=41)
    tables = [
        table for table in schema.metadata.sorted_tables if table.name not in ("blocks", "cursor", "lanes")
    ]
    before = [await gateway.rows(table, *table.primary_key.columns.keys()) for table in tables]
    old = deployed_ledger.deployment

    # As when somebody starts anvil again with the same command: its block 0 is of now, years after the blocks that it lost.
    await restart_anvil(deployed_ledger, tmp_path, timestamp_s=None)
    await _index_again(gateway)

    assert [await gateway.rows(table, *table.primary_key.columns.keys()) for table in tables] == before
    assert deployed_ledger.deployment.genesis_hash != old.genesis_hash
    assert deployed_ledger.deployment.ledger == old.ledger
    gateway.restart()
    await shopping.accept_some(5)
    await gateway.settle()
    await assert_equals_chain(gateway)


async def test_an_operators_act_in_a_lost_tail_comes_back_in_its_place(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database, state_dir=tmp_path)
    shopping = Shopping(gateway, seed=42)
    await shopping.enrol_all()
    await gateway.settle()
    snapshot = await take_snapshot(deployed_ledger)
    await shopping.accept_some(6)
    await gateway.settle()
    await deployed_ledger.administration.act("suspendPartner", 2)
    await shopping.accept_some(6)
    await gateway.settle()
    before = await _hash(gateway)

    await revert_chain(deployed_ledger, snapshot)
    assert not (await deployed_ledger.read("partnerOf", 2))["suspended"]
    await gateway.index()

    assert await _hash(gateway) == before
    assert (await deployed_ledger.read("partnerOf", 2))["suspended"]
    await assert_equals_chain(gateway)


async def test_what_was_never_mined_follows_and_what_came_too_late_ends_with_the_reason(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database, state_dir=tmp_path)
    shopping = await _eventful(gateway, seed=43)
    assert deployed_ledger.clock is not None
    now_s = START_S + 2 * DAY_S
    await set_mining(deployed_ledger, automatic=False)
    member = shopping.shoppers[0].member
    await gateway.accept(1, [Purchase(900, member, 1_000)], deadline_s=now_s + 3_600)
    await gateway.accept(1, [Purchase(901, member, 1_000)])
    gateway.clock.advance(200)
    assert (await gateway.relay.step()).sent == 1
    settled = (await gateway.statuses())[("settled", None)]

    await restart_anvil(deployed_ledger, tmp_path)
    await _index_again(gateway)
    await deployed_ledger.clock.advance_to(now_s + 7_200)
    gateway.clock.advance(gateway.limits.resend_after_ms + 1)
    await gateway.settle()

    statuses = await gateway.statuses()
    assert statuses[("expired", "deadline_passed")] == 1
    assert statuses[("settled", None)] == settled + 1
    await assert_equals_chain(gateway)


async def _cut_rebuild_off(gateway: Gateway, monkeypatch: pytest.MonkeyPatch, *, blocks: int) -> None:
    """The process dies after it made so many blocks again."""
    mine, left = BlockStepper.mine, blocks

    async def mine_some(stepper: BlockStepper, raw: list[str], *, timestamp_s: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise asyncio.CancelledError
        await mine(stepper, raw, timestamp_s=timestamp_s)

    with monkeypatch.context() as patch:
        patch.setattr(BlockStepper, "mine", mine_some)
        with pytest.raises(asyncio.CancelledError):
            await gateway.indexer.step()


async def test_a_rebuild_that_is_cut_off_is_ended_by_the_next_process(
    deployed_ledger: DeployedLedger,
    sqlite_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database, state_dir=tmp_path)
    await _eventful(gateway, seed=44)
    before = await _hash(gateway)
    await restart_anvil(deployed_ledger, tmp_path)
    await _cut_rebuild_off(gateway, monkeypatch, blocks=20)
    assert not (await _mode(gateway)).is_automatic

    gateway.restart()
    await gateway.index()

    assert await _hash(gateway) == before
    assert (await _mode(gateway)).is_automatic
    assert not await gateway.rows(schema.chain_rebuild)


async def _mode(gateway: Gateway) -> MiningMode:
    return await BlockStepper(gateway.ledger.rpc).mode(now_s=gateway.clock.now_ms() // 1000)


async def test_a_tail_that_was_lost_since_the_last_dump_is_made_again_and_the_clock_goes_on_as_it_was(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database, state_dir=tmp_path)
    shopping = await _eventful(gateway, seed=52)
    dump = tmp_path / "dump" / "anvil.json"
    dump.parent.mkdir()
    dump.write_bytes(gzip.decompress(data_of(await deployed_ledger.rpc.call("anvil_dumpState"))))
    await shopping.accept_some(6)
    await gateway.settle()
    before, at_dump = await _hash(gateway), await gateway.rows(schema.blocks)

    # anvil takes its own start for the time of the block before, however old the state that it loads.
    await restart_anvil(deployed_ledger, tmp_path, timestamp_s=None, state_path=dump)
    ahead_s = (await _mode(gateway)).ahead_s
    await _index_again(gateway)

    assert await _hash(gateway) == before
    assert await gateway.rows(schema.blocks) == at_dump
    assert abs((await _mode(gateway)).ahead_s - ahead_s) < MOMENT_S
    await shopping.accept_some(5)
    await gateway.settle()
    await assert_equals_chain(gateway)


async def test_blocks_made_by_a_killed_process_get_their_new_hashes(
    deployed_ledger: DeployedLedger,
    sqlite_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database, state_dir=tmp_path)
    await _eventful(gateway, seed=50)
    await restart_anvil(deployed_ledger, tmp_path, timestamp_s=START_S - 1)
    await _cut_rebuild_off(gateway, monkeypatch, blocks=5)

    gateway.restart()
    await gateway.index()

    for row in await gateway.rows(schema.blocks, "number"):
        header = await node.header_at(deployed_ledger.rpc, row["number"])
        assert header is not None
        assert (row["hash"], row["parent_hash"]) == (header.block_hash, header.parent_hash), row["number"]


async def test_a_block_0_that_was_replaced_at_the_very_end_is_adopted(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database, state_dir=tmp_path)
    await _eventful(gateway, seed=51)
    found = deployed_ledger.deployment.genesis_hash
    deployed_ledger.deployment = replace(deployed_ledger.deployment, genesis_hash="0x" + "11" * 32)

    gateway.restart()
    await gateway.index()

    assert deployed_ledger.deployment.genesis_hash == found
    assert gateway.indexer.is_chain_known


async def test_empty_blocks_in_the_way_are_taken_back_first(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database, state_dir=tmp_path)
    await _eventful(gateway, seed=45)
    operations = await gateway.rows(schema.operations, "id")
    await restart_anvil(deployed_ledger, tmp_path)
    for _ in range(5):
        await deployed_ledger.rpc.call("evm_mine")
    await gateway.index()
    assert await gateway.rows(schema.operations, "id") == operations
    await assert_equals_chain(gateway)


async def test_a_chain_with_transactions_of_others_is_left_alone(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database, state_dir=tmp_path)
    await _eventful(gateway, seed=46)
    await restart_anvil(deployed_ledger, tmp_path)
    stranger = deployed_ledger.lanes[2]
    chain_id = deployed_ledger.deployment.chain_id
    await Account(deployed_ledger.rpc, stranger, chain_id=chain_id).send("foreign", stranger.address, b"")
    with pytest.raises(ChainReplacedError) as refused:
        await gateway.indexer.step()
    assert refused.value.difference is ChainDifference.LEDGER
    assert not gateway.indexer.is_chain_known


async def test_a_chain_that_answers_otherwise_is_not_taken_for_the_same(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database, state_dir=tmp_path)
    await _eventful(gateway, seed=47)
    events = schema.events
    async with sqlite_database.writing() as connection:
        await connection.execute(
            events.update().where(events.c.name == "CycleClosed").values(name="SomethingElse")
        )
    await restart_anvil(deployed_ledger, tmp_path, timestamp_s=START_S - 1)
    with pytest.raises(ChainRebuildError, match="gives other events"):
        await gateway.indexer.step()
    assert not gateway.indexer.is_chain_known


async def test_an_engine_of_another_kind_is_never_made_again(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database)
    await _eventful(gateway, seed=48)
    await restart_anvil(deployed_ledger, tmp_path, timestamp_s=START_S - 1)
    with pytest.raises(ChainReplacedError) as refused:
        await gateway.indexer.step()
    assert refused.value.difference is ChainDifference.GENESIS


async def test_the_worker_makes_a_chain_again_that_was_killed_under_load(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database)
    shopping = Shopping(gateway, seed=49)
    await shopping.enrol_all()
    worker = WorkerProcess(deployed_ledger, sqlite_database, tmp_path)
    process = await worker.start()
    try:
        await shopping.accept_some(40, operations_max=3)
        await _until(lambda: _has_settled(gateway, 20))
        before = await gateway.rows(schema.blocks, "number")
        await restart_anvil(deployed_ledger, tmp_path)
        await shopping.accept_some(20, operations_max=3)
        await _until(lambda: _has_ended(gateway))
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)
    assert "the chain is made again" in worker.log()
    after = await gateway.rows(schema.blocks, "number")
    assert after[: len(before)] == before
    await assert_equals_chain(gateway)
    assert {row["status"] for row in await gateway.rows(schema.operations, "id")} <= {"settled", "rejected"}


async def _has_settled(gateway: Gateway, count: int) -> bool:
    return (await gateway.statuses()).get(("settled", None), 0) >= count


async def _has_ended(gateway: Gateway) -> bool:
    return not await gateway.count_open()


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WORKER_WAIT_S_MAX):
        while not await is_so():  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)
