"""Runs of blocks with their events, the next run read while the one before is written."""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from node_gateway.chain import node
from node_gateway.chain.rpc import Rpc
from node_gateway.jobs.run_reading import Run, RunSource, WantedRun

BLOCKS_IN_RUN_MAX: Final = 64
BLOCKS_IN_RUN_FIRST: Final = 16
# What a run is to have: enough to share the cost of a transaction, little enough to be read while another one is written.
EVENTS_IN_RUN: Final = 6_000
_log = structlog.get_logger(job="indexer")


@dataclass(slots=True)
class _Ahead:
    first: int
    task: asyncio.Task[Run]


class BlockReader:
    """Reads from one node. What is read ahead is only believed as far as it follows on what was indexed, like all else."""

    def __init__(self, rpc: Rpc, source: RunSource, *, has_block_receipts: bool) -> None:
        self._rpc = rpc
        self._source = source
        self._has_block_receipts = has_block_receipts
        self._has_receipts_root: bool | None = None
        self._blocks_in_run = BLOCKS_IN_RUN_FIRST
        self._ahead: _Ahead | None = None

    async def learn_engine(self, block_number: int) -> None:
        """Find out, once, whether headers name the root of their receipts; the block must hold a transaction.

        Raises:
            RpcError: the node did not answer.
        """
        if self._has_receipts_root is None:
            self._has_receipts_root = self._has_block_receipts and await node.has_receipts_root(
                self._rpc, block_number
            )
            if not self._has_receipts_root:
                _log.warning(
                    "logs are compared with the filter of their block alone: no known root of receipts"
                )

    async def read(self, ledger: str, first: int, head: int) -> Run:
        """The blocks from `first` on, at most to `head`; fewer where the node has not got them all.

        Raises:
            RpcError: as `node.blocks`.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.first == first:
            run = await ahead.task
        else:
            _drop(ahead)
            run = await self._read(ledger, first, head)
        self._adapt(run)
        return run

    def read_ahead(self, ledger: str, first: int, head: int) -> None:
        """Begins to read the run that will be asked for next, where there is one."""
        if first <= head:
            self._ahead = _Ahead(first, asyncio.create_task(self._read(ledger, first, head)))

    def forget(self) -> None:
        """What was read ahead is not wanted any more."""
        ahead, self._ahead = self._ahead, None
        _drop(ahead)

    async def _read(self, ledger: str, first: int, head: int) -> Run:
        last = min(head, first + self._blocks_in_run - 1)
        return await self._source.read(
            WantedRun(ledger, first, last, self._has_block_receipts, self._has_receipts_root or False)
        )

    def _adapt(self, run: Run) -> None:
        events = sum(len(block.events) for block in run)
        if events > EVENTS_IN_RUN:
            self._blocks_in_run = max(1, len(run) * EVENTS_IN_RUN // events)
        elif events * 2 <= EVENTS_IN_RUN and len(run) >= self._blocks_in_run:
            self._blocks_in_run = min(BLOCKS_IN_RUN_MAX, self._blocks_in_run * 2)


def _drop(ahead: _Ahead | None) -> None:
    if ahead is not None:
        ahead.task.cancel()
        # Looked at, so that nobody is told of an error that nobody waits for.
        ahead.task.add_done_callback(lambda task: task.cancelled() or task.exception())
