"""Making blocks one by one, each with a time and transactions of one's choice: what it takes to make a lost development chain again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node_gateway.chain import node
from node_gateway.chain.engines.clock import ChainClock
from node_gateway.chain.hexadecimal import number_of, quantity
from node_gateway.chain.rpc import Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason

STEPPED_DIALECT: Final = "anvil"
ACCOUNT_BALANCE_WEI: Final = 10**24


@dataclass(frozen=True, slots=True)
class MiningMode:
    """How an engine goes on by itself.

    Attributes:
        is_automatic: a block for each transaction.
        interval_s: a block every so many seconds; None makes none.
        ahead_s: how far its clock is ahead of the gateway's.
    """

    is_automatic: bool
    interval_s: int | None
    ahead_s: int


class BlockStepper:
    """Steers an engine that speaks anvil's dialect. Nothing here exists on an engine that others rely on."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._clock = ChainClock(rpc, STEPPED_DIALECT)

    async def mode(self, *, now_s: int) -> MiningMode:
        """How it makes blocks now, at the gateway's time `now_s`."""
        interval = await self._rpc.call("anvil_getIntervalMining")
        is_automatic = bool(await self._rpc.call("anvil_getAutomine"))
        pending = await node.header_at(self._rpc, "pending")
        assert pending is not None, "a chain without a next block"
        return MiningMode(is_automatic, interval or None, pending.timestamp_s - now_s)

    async def hold(self) -> None:
        """No more blocks by itself, and nothing waiting that could get into one."""
        await self._rpc.call("evm_setIntervalMining", 0)
        await self._rpc.call("evm_setAutomine", False)
        await self._rpc.call("anvil_dropAllTransactions")

    async def resume_clock(self, mode: MiningMode, *, now_s: int) -> None:
        """Let the chain's time go on from where it would be now, never before the newest block's."""
        newest = await node.header_at(self._rpc, "latest")
        assert newest is not None, "a chain without a latest block"
        await self._clock.set_time(max(now_s + mode.ahead_s, newest.timestamp_s))

    async def go_on(self, mode: MiningMode) -> None:
        """Make blocks as before."""
        if mode.interval_s is not None:
            await self._rpc.call("evm_setIntervalMining", mode.interval_s)
        elif mode.is_automatic:
            await self._rpc.call("evm_setAutomine", True)

    async def start_over(self) -> None:
        """Back to block 0."""
        genesis = await node.header_at(self._rpc, 0)
        assert genesis is not None, "a chain without a first block"
        await self._rpc.call("anvil_reset")
        # anvil forgets the base fee that it was started with.
        await self._rpc.call("anvil_setNextBlockBaseFeePerGas", quantity(genesis.base_fee_wei))

    async def mine(self, raw: Sequence[str], *, timestamp_s: int) -> None:
        """Make one block. Its time may be before that of block 0, which an engine that was started anew has from now.

        Raises:
            RpcError: where the engine refuses a transaction.
        """
        for transaction in raw:
            try:
                await self._rpc.call("eth_sendRawTransaction", transaction)
            except RpcError as error:
                if error.reason is not RpcReason.ALREADY_KNOWN:
                    raise
        # Also where it is after the newest block's: anvil with a loaded state refuses a next time before that of its own start.
        await self._clock.set_time(timestamp_s)
        await self._clock.mine()

    async def mine_waiting(self) -> None:
        """Make a block of what waits, at the chain's own time."""
        await self._clock.mine()

    async def prepare_sender(self, address: str, *, first_nonce: int) -> None:
        """Give an account without coin some for fees, and the nonce at which its history here begins."""
        if number_of(await self._rpc.call("eth_getBalance", address, "latest")) == 0:
            await self._rpc.call("anvil_setBalance", address, quantity(ACCOUNT_BALANCE_WEI))
        if await node.transaction_count(self._rpc, address) < first_nonce:
            await self._rpc.call("anvil_setNonce", address, quantity(first_nonce))
