"""The chain of one run: its clock, and its blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

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
from node_gateway.chain.transactions import Fees, SignedTransaction, Signer
from node_gateway.simulation.ledger_days import GENESIS_TIMESTAMP_S, first_second_of
from partner_sdk.protocol import Domain, LedgerAddress, SignedSubmission, split_frames

# Nothing of a scenario may fail for want of gas: the chain of a run has no cap on a transaction's gas, and gets plenty. Most is needed
# by the transfer of 750 lots to a member with as many late ones that end after them: some 400 M.
SUBMISSION_GAS_ALLOWANCE = 4_200_000_000
BATCH_OPERATIONS_MAX = 64
TRANSACTION_GAS = 300_000_000_000
BLOCK_GAS_LIMIT = 1_000_000_000_000
BLOCK_WAIT_MAX_S = 600.0
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
            rpc = HttpRpc(engine.url, timeout_s=BLOCK_WAIT_MAX_S)
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


class _Transaction(NamedTuple):
    """What goes into the next block."""

    what: str
    signer: Signer
    contract: bytes
    data: bytes


class ScenarioChain:
    """A deployed ledger on a chain of its own, which makes a block only when it is told to.

    A block costs this chain the more the larger its state is, so that as much as possible goes into each.

    Attributes:
        rpc: the chain.
        deployment: the program on it.
        ledger: the ledger's address.
        domain: what signatures are bound to.
        last_block: number of the last block made here, 0 before.
        last_gas_used: of that block.
        gas_used: of all blocks.
        transactions: in all blocks.
        submission_sizes: how many submissions had so many operations.
        event_counts: of the ledger's events, by name.
    """

    def __init__(self, rpc: Rpc, deployment: Deployment, *, administrator: Signer, relay: Signer) -> None:
        self.rpc = rpc
        self.deployment = deployment
        self.ledger = data_of(deployment.ledger)
        self.domain = Domain(deployment.chain_id, LedgerAddress(self.ledger))
        self.last_block = 0
        self.last_gas_used = 0
        self.gas_used = 0
        self.transactions = 0
        self.submission_sizes: Counter[int] = Counter()
        self.event_counts: Counter[str] = Counter()
        self._administrator = administrator
        self._relay = relay
        self._nonces: dict[str, int] = {}
        self._next_timestamp_s: int | None = None
        self._waiting: list[_Transaction] = []
        self._mines_by_itself = True

    def begin_day(self, scenario_day: int) -> None:
        """The next block is of the day's first second; the clock goes on from there."""
        assert not self._waiting, "what waits belongs to the day before"
        self._next_timestamp_s = first_second_of(scenario_day)

    def add_batches(self, submissions: Iterable[SignedSubmission]) -> None:
        """Puts submissions into the next block, in batches that no account can drive out of gas."""
        batch: list[SettleItem] = []
        operations = 0
        for submission in submissions:
            count = len(split_frames(submission.framed))
            self.submission_sizes[count] += 1
            if batch and operations + count > BATCH_OPERATIONS_MAX:
                self._add("settle", self._relay, self.ledger, encode_settle(batch))
                batch, operations = [], 0
            batch.append(SettleItem(submission.pack(), SUBMISSION_GAS_ALLOWANCE))
            operations += count
        if batch:
            self._add("settle", self._relay, self.ledger, encode_settle(batch))

    def add_act(self, function: str, *arguments: Any) -> None:
        """Puts one act of the operator into the next block."""
        self._add(function, self._administrator, self.ledger, encode_call(ledger_abi(), function, arguments))

    def add_act_on(self, contract: bytes, abi: Abi, function: str, *arguments: Any) -> None:
        """Puts one act of the operator on another contract than the ledger into the next block."""
        self._add(function, self._administrator, contract, encode_call(abi, function, arguments))

    def add_touch(self, members: Sequence[bytes]) -> None:
        """Puts a touch of some members into the next block."""
        self._add("touch", self._relay, self.ledger, encode_call(ledger_abi(), "touch", [list(members)]))

    async def settle(self, submissions: Sequence[SignedSubmission]) -> list[Event]:
        """Sends one batch in a block of its own; what the ledger emitted."""
        items = [SettleItem(submission.pack(), SUBMISSION_GAS_ALLOWANCE) for submission in submissions]
        self._add("settle", self._relay, self.ledger, encode_settle(items))
        return await self.mine()

    async def mine(self) -> list[Event]:
        """Makes a block of all that waits, in order; what the ledger emitted.

        Raises:
            TransactionRevertedError: where the ledger refuses an act.
            RpcError: where the chain fails.
        """
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return []
        # The calls of one request overtake each other, and nonces keep the order of one sender's transactions alone.
        at_once_max = len(waiting) if len({one.signer.address for one in waiting}) == 1 else 1
        receipts = await self._make_block(await self._signed(waiting), at_once_max)
        self.last_gas_used = sum(int(receipt["gasUsed"], 16) for receipt in receipts)
        self.gas_used += self.last_gas_used
        self.transactions += len(receipts)
        for transaction, receipt in zip(waiting, receipts, strict=True):
            if int(receipt["status"], 16) != 1:
                raise TransactionRevertedError(transaction.what, await self._revert_text(transaction))
        ledger = text_of(self.ledger)
        logs = (
            node.Log(raw["topics"], raw["data"], int(raw["logIndex"], 16), raw["transactionHash"], 0)
            for receipt in receipts
            for raw in receipt["logs"]
            if raw["address"].lower() == ledger
        )
        events = ledger_events().decode_all(logs)
        self.event_counts.update(event.name for event in events)
        return events

    async def read(self, function: str, *arguments: Any) -> Any:
        """A view of the ledger."""
        return await read(self.rpc, ledger_abi(), text_of(self.ledger), function, *arguments)

    def _add(self, what: str, signer: Signer, contract: bytes, data: bytes) -> None:
        self._waiting.append(_Transaction(what, signer, contract, data))

    async def _signed(self, waiting: Sequence[_Transaction]) -> list[SignedTransaction]:
        return [
            transaction.signer.sign_transaction(
                chain_id=self.domain.chain_id,
                nonce=await self._take_nonce(transaction.signer),
                to=transaction.contract,
                data=transaction.data,
                gas_limit=TRANSACTION_GAS,
                fees=FREE,
            )
            for transaction in waiting
        ]

    async def _make_block(self, signed: Sequence[SignedTransaction], at_once_max: int) -> list[Any]:
        """The receipts of the block's transactions, which are these and in this order."""
        if self._mines_by_itself:
            await self.rpc.call("evm_setAutomine", False)
            self._mines_by_itself = False
        timestamp_s, self._next_timestamp_s = self._next_timestamp_s, None
        if timestamp_s is not None:
            await self.rpc.call("evm_setNextBlockTimestamp", quantity(timestamp_s))
        calls = [Call("eth_sendRawTransaction", (text_of(one.raw),)) for one in signed]
        for start in range(0, len(calls), at_once_max):
            for answer in await self.rpc.batch(calls[start : start + at_once_max]):
                if isinstance(answer, RpcError):
                    raise answer
        await self.rpc.call("evm_mine")
        header = await self.rpc.call("eth_getBlockByNumber", "latest", False)
        receipts: list[Any] = await self.rpc.call("eth_getBlockReceipts", header["number"])
        self.last_block = int(header["number"], 16)
        mined = [receipt["transactionHash"] for receipt in receipts]
        assert mined == [text_of(one.tx_hash) for one in signed], "a block of other transactions"
        mined_s = int(header["timestamp"], 16)
        assert timestamp_s in (None, mined_s), f"a block at {mined_s} s instead of {timestamp_s} s"
        return receipts

    async def _take_nonce(self, signer: Signer) -> int:
        nonce = self._nonces.get(signer.address_text)
        if nonce is None:
            nonce = await node.transaction_count(self.rpc, signer.address_text)
        self._nonces[signer.address_text] = nonce + 1
        return nonce

    async def _revert_text(self, transaction: _Transaction) -> str:
        sender, contract = transaction.signer.address_text, text_of(transaction.contract)
        try:
            await self.rpc.call(
                "eth_call", {"from": sender, "to": contract, "data": text_of(transaction.data)}, "latest"
            )
        except RpcError as error:
            return revert_text(error, ledger_abi())
        return "it does not revert when it is asked again"
