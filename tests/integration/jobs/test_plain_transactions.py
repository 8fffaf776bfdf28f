"""What the operator sends is stored before it is sent, and found again whatever happened in between."""

import pytest
import sqlalchemy as sa

from node_gateway.chain import node
from node_gateway.chain.account import Account, ActsLostError, NotMinedError
from node_gateway.chain.admin import Administration
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.jobs.plain_transactions import DatabaseJournal
from node_gateway.service.clock import SystemClock
from node_gateway.store import schema
from node_gateway.store.database import Database
from tests.chain_fixtures import DeployedLedger, revert_chain, set_mining, take_snapshot

pytestmark = pytest.mark.integration


def _administration(ledger: DeployedLedger, database: Database) -> Administration:
    account = ledger.administration.account
    journal = DatabaseJournal(database, SystemClock())
    kept = Account(account.rpc, account.signer, chain_id=account.chain_id, journal=journal)
    return Administration(kept, ledger.deployment)


async def _rows(database: Database) -> list[sa.RowMapping]:
    table = schema.plain_transactions
    async with database.reading() as connection:
        return list((await connection.execute(sa.select(table).order_by(table.c.nonce))).mappings())


async def test_an_act_is_kept_with_its_place_in_its_block(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    administration = _administration(deployed_ledger, database)
    sent = await administration.act("suspendPartner", 1)
    (row,) = await _rows(database)
    header = await node.header_at(deployed_ledger.rpc, sent.receipt.block_number)
    assert header is not None
    assert (row["act"], row["raw_tx"], row["block_number"]) == (
        "suspendPartner", sent.raw, sent.receipt.block_number,
    )  # fmt: skip
    assert (row["tx_index"], row["block_timestamp_s"]) == (0, header.timestamp_s)


async def test_an_act_without_an_answer_is_sent_again_before_the_next(
    deployed_ledger: DeployedLedger, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_gateway.chain.account.RECEIPT_WAIT_MAX_S", 0.2)
    administration = _administration(deployed_ledger, sqlite_database)
    await set_mining(deployed_ledger, automatic=False)
    with pytest.raises(NotMinedError):
        await administration.act("suspendPartner", 1)
    await deployed_ledger.rpc.call("anvil_dropAllTransactions")
    await set_mining(deployed_ledger, automatic=True)
    monkeypatch.undo()

    await administration.act("suspendPartner", 2)
    rows = await _rows(sqlite_database)
    assert [row["block_number"] is not None for row in rows] == [True, True]
    for partner in (1, 2):
        assert (await deployed_ledger.read("partnerOf", partner))["suspended"]


async def test_what_the_node_refuses_leaves_its_nonce_free(
    deployed_ledger: DeployedLedger, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    administration = _administration(deployed_ledger, sqlite_database)

    async def refuse(*_: object) -> str:
        raise RpcError(RpcReason.INSUFFICIENT_FUNDS, "insufficient funds", "eth_sendRawTransaction")

    monkeypatch.setattr(node, "send_raw", refuse)
    with pytest.raises(RpcError):
        await administration.act("suspendPartner", 1)
    monkeypatch.undo()
    assert await _rows(sqlite_database) == []
    await administration.act("suspendPartner", 1)


async def test_nothing_is_sent_to_a_chain_that_lost_acts(
    deployed_ledger: DeployedLedger, sqlite_database: Database
) -> None:
    administration = _administration(deployed_ledger, sqlite_database)
    snapshot = await take_snapshot(deployed_ledger)
    await administration.act("suspendPartner", 1)
    await revert_chain(deployed_ledger, snapshot)
    with pytest.raises(ActsLostError, match="coalition work"):
        await administration.act("suspendPartner", 2)
    assert len(await _rows(sqlite_database)) == 1
