"""Setting the time of a development chain, where it can be set."""

from dataclasses import dataclass

from node_gateway.chain.hexadecimal import quantity
from node_gateway.chain.rpc import Rpc


@dataclass(eq=False)
class ClockFixedError(Exception):
    """The engine keeps its own time."""

    engine: str | None

    def __str__(self) -> str:
        return f"the clock of this chain cannot be set ({self.engine or 'unknown engine'})"


class ChainClock:
    """Sets block times on engines that allow it."""

    def __init__(self, rpc: Rpc, dialect: str | None) -> None:
        """dialect: `Capabilities.clock`.

        Raises:
            ClockFixedError: where it is None.
        """
        if dialect is None:
            raise ClockFixedError(dialect)
        self._rpc = rpc
        self._dialect = dialect

    async def set_next_block_time(self, timestamp_s: int) -> None:
        """Give the next block this time; it must be after the newest block's."""
        await self._rpc.call("evm_setNextBlockTimestamp", quantity(timestamp_s))

    async def set_time(self, timestamp_s: int) -> None:
        """Let the chain's time go on from here: calls and later blocks see it."""
        if self._dialect == "anvil":
            await self._rpc.call("evm_setTime", quantity(timestamp_s))
        await self.set_next_block_time(timestamp_s)

    async def mine(self) -> None:
        """Make one block now."""
        await self._rpc.call("evm_mine")

    async def advance_to(self, timestamp_s: int) -> None:
        """Make a block at this time, so that views see it too."""
        await self.set_time(timestamp_s)
        await self.mine()
