"""Runs of blocks, the next one read while the one before is written."""

import structlog

from node_gateway.chain import node
from node_gateway.chain.rpc import Rpc
from node_gateway.jobs.run_reading import ReadingAhead, Run, RunSource, WantedRun

_log = structlog.get_logger(job="indexer")


class BlockReader:
    """Reads from one node. What is read ahead is only believed as far as it follows on what was indexed, like all else."""

    def __init__(self, rpc: Rpc, source: RunSource, *, has_block_receipts: bool) -> None:
        self._rpc = rpc
        self._source = ReadingAhead(source)
        self._has_block_receipts = has_block_receipts
        self._has_receipts_root: bool | None = None
        self._is_fresh = True

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
        is_fresh, self._is_fresh = self._is_fresh, False
        has_root = self._has_receipts_root or False
        return await self._source.read(
            WantedRun(ledger, first, head, self._has_block_receipts, has_root, is_fresh)
        )

    def forget(self) -> None:
        """What was read ahead is not wanted any more, here or at the source."""
        self._source.forget()
        self._is_fresh = True
