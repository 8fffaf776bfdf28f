"""The chain of one run: its clock, and transactions that are mined as they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from node_gateway.chain import node
from node_gateway.chain.abi import Abi, Event, SettleItem, encode_call, encode_settle
from node_gateway.chain.account import read, revert_text
from node_gateway.chain.artifacts import ledger_abi, ledger_events
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.engines.anvil import AnvilOptions, start_anvil
from node_gateway.chain.engines.process import free_port
from node_gateway.chain.hexadecimal import data_of, quantity, text_of
from node_gateway.chain.rpc import Call, HttpRpc, Rpc
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.chain.transactions import Fees, Signer
from node_gateway.simulation.ledger_days import GENESIS_TIMESTAMP_S, first_second_of
from partner_sdk.protocol import Domain, LedgerAddress, SignedSubmission

# Nothing of a scenario may fail for want of gas: the chain of a run has no cap on a transaction's gas, and gets plenty.
TRANSACTION_GAS = 900_000_000
SUBMISSION_GAS_ALLOWANCE = 200_000_000
BLOCK_GAS_LIMIT = 2_000_000_000
FREE = Fees(max_wei=0, priority_wei=0)


@asynccontextmanager
async def fresh_chain() -> AsyncIterator[HttpRpc]:
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

    def __init__(self, what: str, detail: str) -> None:
        self.what = what
        self.detail = detail
        super().__init__(f"{what} was reverted: {detail}")


class ScenarioChain:
    """A deployed ledger on a chain of its own. Each transaction is one block, and one request.

    Attributes:
        rpc: the chain.
        deployment: the program on it.
        ledger: the ledger's address.
        domain: what signatures are bound to.
        last_gas_used: of the last transaction.
    """

    def __init__(self, rpc: Rpc, deployment: Deployment, *, administrator: Signer, relay: Signer) -> None:
        self.rpc = rpc
        self.deployment = deployment
        self.ledger = data_of(deployment.ledger)
        self.domain = Domain(deployment.chain_id, LedgerAddress(self.ledger))
        self._administrator = administrator
        self._relay = relay
        self._nonces: dict[str, int] = {}
        self._next_timestamp_s: int | None = None
        self.last_gas_used = 0

    def begin_day(self, scenario_day: int) -> None:
        """The next transaction is of the day's first second; the clock goes on from there."""
        self._next_timestamp_s = first_second_of(scenario_day)

    async def settle(self, submissions: Sequence[SignedSubmission]) -> list[Event]:
        """Sends one batch; what the ledger emitted."""
        items = [SettleItem(submission.pack(), SUBMISSION_GAS_ALLOWANCE) for submission in submissions]
        return await self._send("settle", self._relay, self.ledger, encode_settle(items))

    async def touch(self, members: Sequence[bytes]) -> list[Event]:
        """Brings members to today."""
        return await self._send(
            "touch", self._relay, self.ledger, encode_call(ledger_abi(), "touch", [list(members)])
        )

    async def govern(self, function: str, *arguments: Any) -> list[Event]:
        """One act of the operator; what the ledger emitted.

        Raises:
            TransactionRevertedError: where the ledger refuses.
        """
        data = encode_call(ledger_abi(), function, arguments)
        return await self._send(function, self._administrator, self.ledger, data)

    async def administer(self, contract: bytes, abi: Abi, function: str, *arguments: Any) -> None:
        """One act of the operator on another contract than the ledger."""
        await self._send(function, self._administrator, contract, encode_call(abi, function, arguments))

    async def read(self, function: str, *arguments: Any) -> Any:
        """A view of the ledger."""
        return await read(self.rpc, ledger_abi(), text_of(self.ledger), function, *arguments)

    async def _send(self, what: str, signer: Signer, contract: bytes, data: bytes) -> list[Event]:
        signed = signer.sign_transaction(
            chain_id=self.domain.chain_id,
            nonce=await self._take_nonce(signer),
            to=contract,
            data=data,
            gas_limit=TRANSACTION_GAS,
            fees=FREE,
        )
        receipt = await self._mine(signed.raw)
        self.last_gas_used = int(receipt["gasUsed"], 16)
        if int(receipt["status"], 16) != 1:
            raise TransactionRevertedError(what, await self._revert_text(signer, contract, data))
        logs = [
            node.Log(raw["topics"], raw["data"], int(raw["logIndex"], 16), raw["transactionHash"], 0)
            for raw in receipt["logs"]
            if data_of(raw["address"]) == self.ledger
        ]
        decoded = (ledger_events().decode(log) for log in logs)
        return [event for event in decoded if event is not None]

    async def _mine(self, raw: bytes) -> Any:
        """Sends a transaction and waits for its block; the clock is set in the same request where a day begins."""
        calls = [Call("eth_sendRawTransactionSync", (text_of(raw),))]
        timestamp_s, self._next_timestamp_s = self._next_timestamp_s, None
        if timestamp_s is not None:
            calls.insert(0, Call("evm_setNextBlockTimestamp", (quantity(timestamp_s),)))
        answers = await self.rpc.batch(calls)
        for answer in answers:
            if isinstance(answer, RpcError):
                raise answer
        receipt = answers[-1]
        if timestamp_s is not None:
            mined_s = await self._timestamp_s(receipt)
            assert mined_s == timestamp_s, f"a block at {mined_s} s instead of {timestamp_s} s"
        return receipt

    async def _timestamp_s(self, receipt: Any) -> int:
        timestamp = receipt.get("blockTimestamp")  # anvil's own addition
        if timestamp is None:
            block = await self.rpc.call("eth_getBlockByNumber", receipt["blockNumber"], False)
            timestamp = block["timestamp"]
        return int(timestamp, 16) if isinstance(timestamp, str) else int(timestamp)

    async def _take_nonce(self, signer: Signer) -> int:
        nonce = self._nonces.get(signer.address_text)
        if nonce is None:
            nonce = await node.transaction_count(self.rpc, signer.address_text)
        self._nonces[signer.address_text] = nonce + 1
        return nonce

    async def _revert_text(self, signer: Signer, contract: bytes, data: bytes) -> str:
        call = {"from": signer.address_text, "to": text_of(contract), "data": text_of(data)}
        try:
            await self.rpc.call("eth_call", call, "latest")
        except RpcError as error:
            return revert_text(error, ledger_abi())
        return "it does not revert when it is asked again"
