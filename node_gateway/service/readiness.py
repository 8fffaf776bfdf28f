"""Whether this process should be given requests, and if not, why."""

from dataclasses import dataclass

import sqlalchemy as sa

from node_gateway.service.backlog import Backlog
from node_gateway.service.clock import Clock
from node_gateway.store.chain_head import ChainHead, read_head
from node_gateway.store.database import Database


@dataclass(frozen=True, slots=True)
class Unready:
    """One reason. `code` is for machines, `detail` says what to do."""

    code: str
    detail: str


async def reasons_not_ready(
    database: Database,
    clock: Clock,
    *,
    backlog: Backlog,
    backlog_operations_max: int,
    index_lag_blocks_max: int,
    index_silence_s_max: float,
) -> list[Unready]:
    """All reasons; none means ready."""
    try:
        async with database.reading() as connection:
            head = await read_head(connection)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        return [Unready("database_unavailable", f"The database does not answer ({type(error).__name__}).")]
    reasons = _reasons_of_index(
        head, clock.now_ms(), lag_blocks_max=index_lag_blocks_max, silence_s_max=index_silence_s_max
    )
    if backlog.operations >= backlog_operations_max:
        reasons.append(
            Unready(
                "backlog_full",
                f"{backlog.operations} operations wait; does the relay run, does the chain move?",
            )
        )
    return reasons


def _reasons_of_index(
    head: ChainHead | None, now_ms: int, *, lag_blocks_max: int, silence_s_max: float
) -> list[Unready]:
    if head is None or head.block_number < 0:
        return [Unready("not_indexed", "No block is indexed yet: start the worker (`coalition work`).")]
    reasons = []
    if head.lag_blocks > lag_blocks_max:
        reasons.append(
            Unready(
                "index_behind",
                f"The read model is {head.lag_blocks} blocks behind the node; it catches up by itself.",
            )
        )
    if head.seen_at_ms is not None and now_ms - head.seen_at_ms > silence_s_max * 1000:
        silence_s = (now_ms - head.seen_at_ms) // 1000
        reasons.append(
            Unready(
                "index_silent",
                f"The indexer said nothing for {silence_s} s: does the worker run, does the node answer?",
            )
        )
    return reasons
