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
    """How an engine makes blocks by itself: one for each transaction, one every so many seconds, or none."""

    is_automatic: bool
    interval_s: int | None


class BlockStepper:
    """Steers an engine that speaks anvil's dialect. Nothing here exists on an engine that others rely on."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._clock = ChainClock(rpc, STEPPED_DIALECT)

    async def mode(self) -> MiningMode:
        """How it makes blocks now."""
        interval = await self._rpc.call("anvil_getIntervalMining")
        return MiningMode(bool(await self._rpc.call("anvil_getAutomine")), interval or None)

    async def hold(self) -> None:
        """No more blocks by itself, and nothing waiting that could get into one."""
        await self._rpc.call("evm_setIntervalMining", 0)
        await self._rpc.call("evm_setAutomine", False)
        await self._rpc.call("anvil_dropAllTransactions")

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
        newest = await node.header_at(self._rpc, "latest")
        assert newest is not None, "a chain without a latest block"
        for transaction in raw:
            try:
                await self._rpc.call("eth_sendRawTransaction", transaction)
            except RpcError as error:
                if error.reason is not RpcReason.ALREADY_KNOWN:
                    raise
        if timestamp_s <= newest.timestamp_s:
            await self._clock.set_time(timestamp_s)
        else:
            await self._clock.set_next_block_time(timestamp_s)
        await self._clock.mine()

    async def mine_waiting(self) -> None:
        """Make a block of what waits, at the chain's own time."""
        await self._clock.mine()

    async def set_time(self, timestamp_s: int) -> None:
        """Let the chain's time go on from here."""
        await self._clock.set_time(timestamp_s)

    async def prepare_sender(self, address: str, *, first_nonce: int) -> None:
        """Give an account without coin some for fees, and the nonce at which its history here begins."""
        if number_of(await self._rpc.call("eth_getBalance", address, "latest")) == 0:
            await self._rpc.call("anvil_setBalance", address, quantity(ACCOUNT_BALANCE_WEI))
        if await node.transaction_count(self._rpc, address) < first_nonce:
            await self._rpc.call("anvil_setNonce", address, quantity(first_nonce))
