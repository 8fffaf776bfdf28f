"""What operations cost in gas, as the chain charged them."""

from dataclasses import dataclass

from node_gateway.chain import node
from node_gateway.chain.artifacts import ledger_events
from node_gateway.chain.rpc import Rpc
from node_gateway.cli.program_session import ProgramSession

BLOCKS_AT_ONCE = 50
KINDS = ("PurchaseSettled", "RedemptionSettled", "MemberEnrolled", "OperationRejected")


@dataclass(frozen=True, slots=True)
class GasReport:
    """Gas by kind of operation, None where too few were seen.

    Attributes:
        purchase: a purchase as carried here, its share of the transaction included.
        redemption: a redemption likewise, its authorisation included.
        operation: all gas by all operations.
    """

    purchase: int | None
    redemption: int | None
    operation: int | None


async def gas_report(session: ProgramSession, *, first_block: int) -> GasReport:
    """Reads the transactions since a block and splits their gas among the kinds of operations by least squares."""
    rows = await _transactions(session.rpc, session.deployment.ledger, first_block)
    counts = [sum(row[1][kind] for row in rows) for kind in range(len(KINDS))]
    if not sum(counts):
        return GasReport(None, None, None)
    import numpy as np

    used = [kind for kind, count in enumerate(counts) if count]
    matrix = np.array([[row[1][kind] for kind in used] for row in rows], dtype=float)
    gas = np.array([row[0] for row in rows], dtype=float)
    solved, *_ = np.linalg.lstsq(matrix, gas, rcond=None)
    by_kind = {KINDS[kind]: round(value) for kind, value in zip(used, solved.tolist(), strict=True)}
    return GasReport(
        purchase=by_kind.get("PurchaseSettled"),
        redemption=by_kind.get("RedemptionSettled"),
        operation=round(gas.sum() / sum(counts)),
    )


async def _transactions(rpc: Rpc, ledger: str, first_block: int) -> list[tuple[int, list[int]]]:
    """Gas used and operations by kind of every transaction that settled some."""
    events = ledger_events()
    head = await node.head_number(rpc)
    found: list[tuple[int, list[int]]] = []
    for start in range(first_block, head + 1, BLOCKS_AT_ONCE):
        blocks = await node.blocks(
            rpc, start, min(start + BLOCKS_AT_ONCE - 1, head), ledger, has_block_receipts=True
        )
        for block in blocks:
            counts = {receipt.tx_index: [0] * len(KINDS) for receipt in block.receipts or ()}
            for log in block.logs:
                event = events.decode(log)
                if event is not None and event.name in KINDS:
                    counts[log.tx_index][KINDS.index(event.name)] += 1
            found += [
                (receipt.gas_used, counts[receipt.tx_index])
                for receipt in block.receipts or ()
                if sum(counts[receipt.tx_index])
            ]
    return found
