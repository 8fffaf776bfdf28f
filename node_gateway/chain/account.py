"""An account that sends plain transactions and waits for them: deployment and the operator's acts, never the hot path."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from node_gateway.chain import node
from node_gateway.chain.abi import Abi, decode_result, encode_call, error_text
from node_gateway.chain.hexadecimal import data_of, number_of, text_of
from node_gateway.chain.node import Receipt
from node_gateway.chain.rpc import Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.chain.transactions import Fees, SignedTransaction, Signer

GAS_MARGIN_PERCENT = 20
TRANSACTION_GAS_MAX = 16_777_216
RECEIPT_POLL_S = 0.05
RECEIPT_WAIT_MAX_S = 60.0


@dataclass(eq=False)
class TransactionFailedError(Exception):
    """The chain mined the transaction and reverted it, or refused it with a reason of the contract."""

    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.what}: {self.detail}"


@dataclass(eq=False)
class NotMinedError(Exception):
    """The transaction has no receipt within the time allowed."""

    what: str
    tx_hash: str
    waited_s: float

    def __str__(self) -> str:
        return f"{self.what}: {self.tx_hash} has no receipt after {self.waited_s:.0f} s; is the chain making blocks?"


@dataclass(eq=False)
class ActsLostError(Exception):
    """The chain no longer has what this account did on it."""

    sender: str
    mined_nonce: int
    found_nonce: int

    def __str__(self) -> str:
        return (
            f"the chain has {self.found_nonce} transactions of {self.sender}, {self.mined_nonce} were in its blocks: it lost some; "
            "start the worker (coalition work), which makes a development chain again, and wait until it is done"
        )


@dataclass(frozen=True, slots=True)
class KeptTransaction:
    """A plain transaction of the journal that no block is known to hold."""

    sender: bytes
    nonce: int
    act: str
    raw: bytes
    tx_hash: bytes


class TransactionJournal(Protocol):
    """Where an account keeps what it sends, so that a development chain that loses it can be made again."""

    async def keep(self, sender: bytes, act: str, signed: SignedTransaction) -> None:
        """Store a transaction, before it is sent. Durable when it returns."""

    async def drop(self, tx_hash: bytes) -> None:
        """Forget one that will be in no block."""

    async def mined(self, receipt: Receipt, timestamp_s: int) -> None:
        """Store which block has it."""

    async def open(self, sender: bytes) -> Sequence[KeptTransaction]:
        """Those of a sender without a block, in the order of their nonces."""

    async def mined_nonce(self, sender: bytes) -> int:
        """The nonce after the last one that a block had."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A mined transaction: its receipt and the bytes it was sent as."""

    receipt: Receipt
    raw: bytes


class Account:
    """A key on a chain. Sends one transaction at a time and waits for its receipt."""

    def __init__(
        self, rpc: Rpc, signer: Signer, *, chain_id: int, journal: TransactionJournal | None = None
    ) -> None:
        self.rpc = rpc
        self.signer = signer
        self.chain_id = chain_id
        self._journal = journal

    async def send(self, what: str, to: bytes | None, data: bytes, *, abi: Abi = ()) -> Sent:
        """Send and wait.

        Args:
            what: names the act in errors.
            to: the contract, None to create one.
            data: call data or creation code.
            abi: explains revert data.

        Raises:
            TransactionFailedError: where the contract refuses.
            NotMinedError: where no block takes it within a minute.
            ActsLostError: where the chain has lost what the journal says it had.
            RpcError: for anything else.
        """
        if self._journal is not None:
            await self._finish_open(self._journal)
        gas = await self._gas(what, to, data, abi)
        signed = self.signer.sign_transaction(
            chain_id=self.chain_id,
            nonce=await node.transaction_count(self.rpc, self.signer.address_text, "pending"),
            to=to,
            data=data,
            gas_limit=gas,
            fees=await current_fees(self.rpc),
        )
        if self._journal is not None:
            await self._journal.keep(self.signer.address, what, signed)
        receipt = await self._deliver(what, signed.raw, signed.tx_hash)
        if not receipt.is_success:
            raise TransactionFailedError(what, f"reverted in block {receipt.block_number}")
        return Sent(receipt, signed.raw)

    async def _deliver(self, what: str, raw: bytes, tx_hash: bytes) -> Receipt:
        try:
            await node.send_raw(self.rpc, raw)
        except RpcError as error:
            if error.reason is not RpcReason.ALREADY_KNOWN:
                if self._journal is not None and not error.is_outcome_unknown:
                    await self._journal.drop(tx_hash)
                raise
        receipt = await self._receipt(what, text_of(tx_hash))
        await self._note_mined(receipt)
        return receipt

    async def _note_mined(self, receipt: Receipt) -> None:
        if self._journal is None:
            return
        header = await node.header_at(self.rpc, receipt.block_number)
        if header is not None and header.block_hash == receipt.block_hash:
            await self._journal.mined(receipt, header.timestamp_s)

    async def _finish_open(self, journal: TransactionJournal) -> None:
        """What an earlier command left without an answer comes first: its nonce is before the next one."""
        found = await node.transaction_count(self.rpc, self.signer.address_text, "latest")
        mined = await journal.mined_nonce(self.signer.address)
        if found < mined:
            raise ActsLostError(self.signer.address_text, mined, found)
        for kept in await journal.open(self.signer.address):
            receipt = await node.receipt_of(self.rpc, text_of(kept.tx_hash))
            if receipt is not None:
                await self._note_mined(receipt)
            elif kept.nonce < found:
                # Something else has this nonce.
                await journal.drop(kept.tx_hash)
            else:
                await self._deliver(kept.act, kept.raw, kept.tx_hash)

    async def transact(self, abi: Abi, contract: bytes, function: str, *arguments: Any) -> Sent:
        """Call a function in a transaction; errors as `send`."""
        return await self.send(function, contract, encode_call(abi, function, arguments), abi=abi)

    async def _gas(self, what: str, to: bytes | None, data: bytes, abi: Abi) -> int:
        call = {"from": self.signer.address_text, "data": text_of(data)}
        if to is not None:
            call["to"] = text_of(to)
        try:
            estimate = number_of(await self.rpc.call("eth_estimateGas", call))
        except RpcError as error:
            if error.reason is not RpcReason.REVERTED:
                raise
            raise TransactionFailedError(what, revert_text(error, abi)) from error
        return min(estimate * (100 + GAS_MARGIN_PERCENT) // 100, TRANSACTION_GAS_MAX)

    async def _receipt(self, what: str, tx_hash: str) -> Receipt:
        waited_s = 0.0
        while waited_s < RECEIPT_WAIT_MAX_S:
            try:
                if (receipt := await node.receipt_of(self.rpc, tx_hash)) is not None:
                    return receipt
            except RpcError as error:
                # It is sent: one answer that fails tells nothing about it.
                if not error.is_transient:
                    raise
            await asyncio.sleep(RECEIPT_POLL_S)
            waited_s += RECEIPT_POLL_S
        raise NotMinedError(what, tx_hash, waited_s)


async def read(
    rpc: Rpc, abi: Abi, contract: str, function: str, *arguments: Any, block: str = "latest"
) -> Any:
    """Call a view and decode what it returns; structs come as dicts, addresses as 20 bytes.

    Raises:
        RpcError: where the node or the contract refuses.
    """
    data = text_of(encode_call(abi, function, arguments))
    answer = await rpc.call("eth_call", {"to": contract, "data": data}, block)
    return decode_result(abi, function, data_of(answer))


async def current_fees(rpc: Rpc, *, priority_wei: int = 1) -> Fees:
    """Twice the base fee plus a tip; a legacy price where the chain has no base fee."""
    header = await node.header_at(rpc, "latest")
    assert header is not None, "a chain without a latest block"
    return Fees(max_wei=2 * header.base_fee_wei + priority_wei, priority_wei=priority_wei)


def revert_text(error: RpcError, abi: Abi) -> str:
    """The contract's own error behind a revert, where the node passed it on."""
    data = error.data.get("data") if isinstance(error.data, dict) else error.data
    if isinstance(data, str) and data.startswith("0x") and len(data) >= 10:
        return error_text(abi, data_of(data))
    return error.message
