"""The engine alone: the chain is taken back to before the first run, and gets the same batches again, byte for byte."""

import asyncio
import statistics
import time
from typing import Final

import sqlalchemy as sa

from bench.accounting import NotSettledError
from bench.coalition import Coalition
from bench.settling import Settling
from node_gateway.chain import node
from node_gateway.chain.hexadecimal import text_of
from node_gateway.chain.rpc import Call
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.store import schema

SENT_AT_ONCE: Final = 8
MINED_WAIT_MAX_S: Final = 120.0
POLL_S: Final = 0.01


async def engine_ops_s(coalition: Coalition, snapshot: str, runs: list[Settling]) -> float:
    """Median rate of the engine over the runs' own batches. The gateway must be stopped for good: its chain is rewritten.

    Args:
        coalition: whose chain it is.
        snapshot: of the engine, from before the first run.
        runs: whose batches are sent.

    Raises:
        NotTakenBackError: where the engine does not go back.
        NotSettledError: where the engine does something else than it did before.
    """
    await coalition.engine.take_back(snapshot)
    rates = []
    for run in runs:
        batches = await _batches(coalition, run)
        async with coalition.engine.paced_blocks():
            rates.append(run.settled / await _drive(coalition, batches))
        coalition.say(f"engine alone: {rates[-1]:,.0f} operations/s")
    return round(statistics.median(rates), 1)


async def _batches(coalition: Coalition, run: Settling) -> list[tuple[bytes, bytes, int]]:
    """Bytes, hash and gas of the run's batches, in the order of their nonces."""
    batches = schema.batches
    first, last = run.batches
    statement = (
        sa.select(batches.c.raw_tx, batches.c.tx_hash, batches.c.gas_used)
        .where(batches.c.id.between(first, last), batches.c.status == "mined")
        .order_by(batches.c.nonce)
    )
    async with coalition.database.reading() as connection:
        return [(row[0], row[1], row[2]) for row in (await connection.execute(statement)).all()]


async def _drive(coalition: Coalition, batches: list[tuple[bytes, bytes, int]]) -> float:
    """Sends batches and waits for the last one's receipt; seconds."""
    rpc = coalition.rpc
    chunks = [
        [
            Call("eth_sendRawTransaction", (text_of(raw),))
            for raw, _, _ in batches[start : start + SENT_AT_ONCE]
        ]
        for start in range(0, len(batches), SENT_AT_ONCE)
    ]
    started_s = time.monotonic()
    for chunk in chunks:
        for answer in await rpc.batch(chunk):
            if isinstance(answer, RpcError):
                raise answer
    await _until_mined(coalition, text_of(batches[-1][1]))
    seconds = time.monotonic() - started_s
    receipts = await asyncio.gather(*(node.receipt_of(rpc, text_of(tx_hash)) for _, tx_hash, _ in batches))
    gas_now = sum(receipt.gas_used for receipt in receipts if receipt is not None and receipt.is_success)
    if abs(gas_now - sum(gas for _, _, gas in batches)) > gas_now // 100:
        raise NotSettledError("the engine did not do the same as through the gateway")
    return seconds


async def _until_mined(coalition: Coalition, tx_hash: str) -> None:
    deadline_s = time.monotonic() + MINED_WAIT_MAX_S
    while await node.receipt_of(coalition.rpc, tx_hash) is None:
        if time.monotonic() > deadline_s:
            raise NotSettledError(f"the engine did not mine {tx_hash} within {MINED_WAIT_MAX_S:.0f} s")
        await asyncio.sleep(POLL_S)
