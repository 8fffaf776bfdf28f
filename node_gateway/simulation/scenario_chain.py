"""The chain of one run: its clock, and transactions that are mined as they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from node_gateway.chain import node
from node_gateway.chain.abi import Event, SettleItem, encode_call, encode_settle
from node_gateway.chain.account import Account, read
from node_gateway.chain.artifacts import ledger_abi, ledger_events
from node_gateway.chain.engines.anvil import AnvilOptions, start_anvil
from node_gateway.chain.engines.clock import ChainClock
from node_gateway.chain.engines.process import free_port
from node_gateway.chain.hexadecimal import data_of, text_of
from node_gateway.chain.rpc import HttpRpc, Rpc
from node_gateway.chain.transactions import Fees, Signer
from node_gateway.simulation.ledger_days import GENESIS_TIMESTAMP_S, first_second_of
from partner_sdk.protocol import Domain, LedgerAddress, SignedSubmission

# Nothing of a scenario may fail for want of gas: the chain of a run has no cap on a transaction's gas, and gets plenty.
TRANSACTION_GAS = 900_000_000
SUBMISSION_GAS_ALLOWANCE = 200_000_000
BLOCK_GAS_LIMIT = 2_000_000_000
FREE = Fees(max_wei=0, priority_wei=0)
RECEIPT_POLL_S = 0.002
RECEIPT_WAIT_MAX_S = 60.0
START_TRIES_MAX = 3


@asynccontextmanager
async def fresh_chain() -> AsyncIterator[Rpc]:
    """A new anvil on a free port, gone with all that it knew when the block ends.

    Raises:
        BinaryMissingError: where anvil is not installed.
        EngineDidNotStartError: where it does not come up.
    """
    with TemporaryDirectory(prefix="coalition-simulate-") as directory:
        options = AnvilOptions(
            port=free_port(),
            timestamp_s=GENESIS_TIMESTAMP_S,
            accounts=1,
            block_gas_limit=BLOCK_GAS_LIMIT,
            has_transaction_gas_cap=False,
        )
        async with await start_anvil(options, log_path=Path(directory) / "anvil.log") as engine:
            rpc = HttpRpc(engine.url)
            try:
                yield rpc
            finally:
                await rpc.close()


class TransactionRevertedError(Exception):
    """A transaction of the run was reverted, which nothing in a scenario may cause."""

    def __init__(self, what: str, tx_hash: str) -> None:
        self.what = what
        self.tx_hash = tx_hash
        super().__init__(f"{what} was reverted ({tx_hash})")


@dataclass
class ScenarioChain:
    """A deployed ledger on a chain of its own. Transactions go out one at a time.

    Attributes:
        rpc: the chain.
        administrator: governs the ledger.
        relay: sends batches and touches.
        ledger: the ledger's address.
    """

    rpc: Rpc
    clock: ChainClock
    administrator: Account
    relay: Signer
    relay_nonce: int
    ledger: bytes

    @property
    def domain(self) -> Domain:
        """What signatures are bound to."""
        return Domain(self.administrator.chain_id, LedgerAddress(self.ledger))

    async def begin_day(self, scenario_day: int) -> None:
        """Sets the clock to the day's first second and makes a block, so that estimates and views see it."""
        await self.clock.advance_to(first_second_of(scenario_day))

    async def settle(self, submissions: Sequence[SignedSubmission]) -> list[Event]:
        """Sends one batch; what the ledger emitted."""
        items = [SettleItem(submission.pack(), SUBMISSION_GAS_ALLOWANCE) for submission in submissions]
        return await self._send("a batch", encode_settle(items))

    async def touch(self, members: Sequence[bytes]) -> list[Event]:
        """Brings members to today."""
        return await self._send("a touch", encode_call(ledger_abi(), "touch", [list(members)]))

    async def govern(self, function: str, *arguments: Any) -> None:
        """One act of the operator.

        Raises:
            TransactionFailedError: where the ledger refuses.
        """
        await self.administrator.transact(ledger_abi(), self.ledger, function, *arguments)

    async def read(self, function: str, *arguments: Any) -> Any:
        """A view of the ledger."""
        return await read(self.rpc, ledger_abi(), text_of(self.ledger), function, *arguments)

    async def _send(self, what: str, data: bytes) -> list[Event]:
        signed = self.relay.sign_transaction(
            chain_id=self.administrator.chain_id,
            nonce=self.relay_nonce,
            to=self.ledger,
            data=data,
            gas_limit=TRANSACTION_GAS,
            fees=FREE,
        )
        self.relay_nonce += 1
        await node.send_raw(self.rpc, signed.raw)
        receipt = await self._receipt(text_of(signed.tx_hash))
        if int(receipt["status"], 16) != 1:
            raise TransactionRevertedError(what, receipt["transactionHash"])
        logs = [
            node.Log(raw["topics"], raw["data"], int(raw["logIndex"], 16), raw["transactionHash"], 0)
            for raw in receipt["logs"]
            if data_of(raw["address"]) == self.ledger
        ]
        decoded = (ledger_events().decode(log) for log in logs)
        return [event for event in decoded if event is not None]

    async def _receipt(self, tx_hash: str) -> Any:
        async with asyncio.timeout(RECEIPT_WAIT_MAX_S):
            while True:
                receipt = await self.rpc.call("eth_getTransactionReceipt", tx_hash)
                if receipt is not None:
                    return receipt
                await asyncio.sleep(RECEIPT_POLL_S)
