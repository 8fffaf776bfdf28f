"""What an engine needs to carry the ledger: one suite of named checks for every engine, also for those that nobody here has tried.

Reading checks run against any node; the checks that send need a key with a little coin. Optional checks say what an engine has beyond what is
required, and fail nothing.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from node_gateway.chain import node
from node_gateway.chain.account import Account, NotMinedError, TransactionFailedError, current_fees
from node_gateway.chain.hexadecimal import data_of, number_of, quantity, text_of
from node_gateway.chain.rpc import Call, Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.chain.transactions import Fees, SignedTransaction, Signer

BLOCK_GAS_MIN: Final = 16_777_216
LARGE_CALL_BYTES: Final = 100_000
WAIT_S_MAX: Final = 60.0
POLL_S: Final = 0.1
# Runtime code that emits one event with topic 1 and no data, and its creation.
_EMITTER: Final = bytes.fromhex("65" + "60015f5fa100" + "5f526006601af3")
# Creation code that copies memory (MCOPY) and reads transient storage (TLOAD), then returns nothing: Cancun has both.
_CANCUN: Final = bytes.fromhex("5f5f5f5e" + "5f5c50" + "5f5ff3")
_P256_PRECOMPILE: Final = "0x" + "00" * 18 + "0100"
_P256_VECTOR: Final = (
    "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
    "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
    "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
    "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
    "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
)


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of the suite. `absent`: an optional thing that this engine has not got.

    Attributes:
        need: what the engine must do, or what it costs where it does not.
    """

    name: str
    is_required: bool
    outcome: Outcome
    detail: str
    need: str


class NotConformingError(Exception):
    """An engine does not do what a check asks."""


@dataclass(frozen=True, slots=True)
class _Engine:
    rpc: Rpc
    account: Account | None

    @property
    def sender(self) -> Account:
        assert self.account is not None
        return self.account


Check = Callable[[_Engine], Awaitable[str]]


async def run_conformance(
    rpc: Rpc, signer: Signer | None = None, *, on_result: Callable[[CheckResult], None] = lambda _: None
) -> list[CheckResult]:
    """Run every check.

    Args:
        rpc: the node.
        signer: a key with a little coin; without it the checks that send are skipped.
        on_result: told of each result as it comes.

    Raises:
        RpcError: where the node does not even tell its chain id.
    """
    chain_id = await node.chain_id(rpc)
    engine = _Engine(rpc, Account(rpc, signer, chain_id=chain_id) if signer else None)
    results = []
    for check, is_required, needs_key in _CHECKS:
        result = await _run(check, engine, is_required=is_required, needs_key=needs_key)
        on_result(result)
        results.append(result)
    return results


def is_conforming(results: list[CheckResult]) -> bool:
    """Whether no required check failed or was left out."""
    return all(result.outcome is Outcome.PASSED for result in results if result.is_required)


async def _run(check: Check, engine: _Engine, *, is_required: bool, needs_key: bool) -> CheckResult:
    name, need = check.__name__, check.__doc__ or ""
    if needs_key and engine.account is None:
        return CheckResult(name, is_required, Outcome.SKIPPED, "needs a key with a little coin", need)
    try:
        return CheckResult(name, is_required, Outcome.PASSED, await check(engine), need)
    except (NotConformingError, RpcError, TransactionFailedError, NotMinedError) as error:
        outcome = Outcome.FAILED if is_required else Outcome.ABSENT
        return CheckResult(name, is_required, outcome, str(error), need)


async def tells_its_chain_id(engine: _Engine) -> str:
    """eth_chainId: signatures and transactions are bound to it."""
    return str(await node.chain_id(engine.rpc))


async def serves_blocks_by_number(engine: _Engine) -> str:
    """eth_blockNumber and eth_getBlockByNumber, block 0 included: which chain this is, and where it is."""
    head = await node.head_number(engine.rpc)
    genesis, newest = await node.header_at(engine.rpc, 0), await node.header_at(engine.rpc, head)
    _require(genesis is not None, "block 0 is not served")
    _require(newest is not None and newest.number == head, "the newest block is not served by its number")
    return f"head {head}"


async def links_blocks_by_parent_hash(engine: _Engine) -> str:
    """Each block names the one before by parentHash: that is how a reorganisation is noticed."""
    head = await node.head_number(engine.rpc)
    first = max(0, head - 4)
    found = [await node.header_at(engine.rpc, number) for number in range(first, head + 1)]
    for before, after in itertools.pairwise(found):
        _require(before is not None and after is not None, "a block within the head is not served")
        assert before is not None
        assert after is not None
        _require(after.parent_hash == before.block_hash, f"block {after.number} names another parent")
    return f"{len(found)} blocks"


async def answers_null_for_a_block_to_come(engine: _Engine) -> str:
    """null for a block that is not there yet, not an error and not the newest one."""
    head = await node.head_number(engine.rpc)
    _require(await node.header_at(engine.rpc, head + 1_000_000) is None, "a block to come is served")
    return "null"


async def serves_batches(engine: _Engine) -> str:
    """JSON-RPC batches over HTTP, one answer for each call, also where one of them fails."""
    answers = await engine.rpc.batch([Call("eth_chainId"), Call("eth_noSuchMethod"), Call("eth_blockNumber")])
    _require(isinstance(answers[1], RpcError), "an unknown method has a result")
    _require(
        not isinstance(answers[0], RpcError) and not isinstance(answers[2], RpcError),
        "a batch fails as a whole",
    )
    return "one answer for each call"


async def has_room_for_a_batch(engine: _Engine) -> str:
    """A block gas limit of at least 16,777,216: the relay's transactions have up to that much."""
    newest = await node.header_at(engine.rpc, "latest")
    assert newest is not None
    _require(
        newest.gas_limit >= BLOCK_GAS_MIN, f"a block holds {newest.gas_limit} gas, {BLOCK_GAS_MIN} are needed"
    )
    return f"{newest.gas_limit} gas a block"


async def runs_cancun_code(engine: _Engine) -> str:
    """The Cancun opcodes (MCOPY, TLOAD): the contracts are compiled for them."""
    sender = {} if engine.account is None else {"from": engine.account.signer.address_text}
    await engine.rpc.call("eth_estimateGas", {"data": text_of(_CANCUN), **sender})
    return "MCOPY and TLOAD"


async def mines_a_transaction(engine: _Engine) -> str:
    """EIP-1559 transactions by eth_sendRawTransaction, in a block within a minute, with a receipt."""
    sent = await engine.sender.send("a transfer of nothing", engine.sender.signer.address, b"")
    return f"block {sent.receipt.block_number}"


async def names_a_repeated_transaction(engine: _Engine) -> str:
    """A repeat is taken silently or refused in words that chain/rpc_errors.py knows; new words are one line there."""
    sent = await engine.sender.send("a transfer of nothing", engine.sender.signer.address, b"")
    try:
        await node.send_raw(engine.rpc, sent.raw)
    except RpcError as error:
        known = error.reason in (RpcReason.NONCE_TOO_LOW, RpcReason.ALREADY_KNOWN)
        _require(known, f"a repeat is refused in words that are not understood: {error.message}")
        return error.message
    return "taken silently"


async def mines_what_waited_behind_a_gap(engine: _Engine) -> str:
    """A nonce ahead of its turn waits, or is refused in known words; it is mined once the gap is filled."""
    sender = engine.sender
    first = await node.transaction_count(engine.rpc, sender.signer.address_text, "latest")
    early, late = await _signed(engine, first), await _signed(engine, first + 1)
    waits = True
    try:
        await node.send_raw(engine.rpc, late.raw)
    except RpcError as error:
        # An engine may refuse what it cannot mine yet; the relay then sends it again after the gap is filled.
        waits = False
        known = error.reason is RpcReason.NONCE_TOO_HIGH
        _require(known, f"a gap is refused in words that are not understood: {error.message}")
    await node.send_raw(engine.rpc, early.raw)
    await _wait_for(engine, early)
    if not waits:
        await node.send_raw(engine.rpc, late.raw)
    await _wait_for(engine, late)
    return "waits in the pool" if waits else "refused until the gap is filled"


async def takes_a_large_transaction(engine: _Engine) -> str:
    """Transactions of 100 kB: that is how many operations share one."""
    sent = await engine.sender.send("a large call", engine.sender.signer.address, bytes(LARGE_CALL_BYTES))
    return f"{len(sent.raw)} bytes"


async def gives_the_events_of_a_block(engine: _Engine) -> str:
    """eth_getBlockReceipts by number, or eth_getLogs by block hash with all of the block's logs."""
    created = await engine.sender.send("an emitter", None, _EMITTER)
    raw = await engine.rpc.call("eth_getTransactionReceipt", created.receipt.tx_hash)
    address = str(raw["contractAddress"]).lower()
    sent = await engine.sender.send("an event", data_of(address), b"")
    number = sent.receipt.block_number
    genesis = await node.header_at(engine.rpc, 0)
    assert genesis is not None
    capabilities = await node.capabilities(engine.rpc, genesis)
    (block,) = await node.blocks(
        engine.rpc, number, number, address, has_block_receipts=capabilities.has_block_receipts
    )
    _require(len(block.logs) == 1, f"{len(block.logs)} events instead of one")
    return "by receipts of the block" if capabilities.has_block_receipts else "by getLogs of the block's hash"


async def has_block_receipts(engine: _Engine) -> str:
    """Without eth_getBlockReceipts the events of a block take a call for each of its transactions."""
    await engine.rpc.call("eth_getBlockReceipts", quantity(0))
    return "eth_getBlockReceipts"


async def has_receipts_root_of_the_known_form(engine: _Engine) -> str:
    """Without it logs are compared with the block's filter alone, which a large block fills."""
    sent = await engine.sender.send("a transfer of nothing", engine.sender.signer.address, b"")
    _require(
        await node.has_receipts_root(engine.rpc, sent.receipt.block_number),
        "a root that is computed otherwise",
    )
    return "any log that is left out is noticed"


async def has_proofs(engine: _Engine) -> str:
    """Without eth_getProof no proofs of balances can be had."""
    await engine.rpc.call("eth_getProof", "0x" + "00" * 20, [], "latest")
    return "eth_getProof"


async def has_a_clock_that_can_be_set(engine: _Engine) -> str:
    """Without it there is no replay of past days, and what the chain loses cannot be made again: it must be durable."""
    genesis = await node.header_at(engine.rpc, 0)
    assert genesis is not None
    clock = (await node.capabilities(engine.rpc, genesis)).clock
    _require(clock is not None, "the engine keeps its own time")
    return str(clock)


async def has_the_p256_precompile(engine: _Engine) -> str:
    """Without it (RIP-7212, EIP-7951) a member's passkey costs 280,000 gas instead of 45,000."""
    answer = await engine.rpc.call(
        "eth_call", {"to": _P256_PRECOMPILE, "data": "0x" + _P256_VECTOR}, "latest"
    )
    _require(
        answer not in ("0x", None) and number_of(answer) == 1, "a passkey costs 280,000 gas instead of 45,000"
    )
    return "RIP-7212"


_CHECKS: Final[tuple[tuple[Check, bool, bool], ...]] = (
    (tells_its_chain_id, True, False),
    (serves_blocks_by_number, True, False),
    (links_blocks_by_parent_hash, True, False),
    (answers_null_for_a_block_to_come, True, False),
    (serves_batches, True, False),
    (has_room_for_a_batch, True, False),
    (runs_cancun_code, True, False),
    (mines_a_transaction, True, True),
    (names_a_repeated_transaction, True, True),
    (mines_what_waited_behind_a_gap, True, True),
    (takes_a_large_transaction, True, True),
    (gives_the_events_of_a_block, True, True),
    (has_block_receipts, False, False),
    (has_receipts_root_of_the_known_form, False, True),
    (has_proofs, False, False),
    (has_a_clock_that_can_be_set, False, False),
    (has_the_p256_precompile, False, False),
)


def _require(is_true: bool, otherwise: str) -> None:
    if not is_true:
        raise NotConformingError(otherwise)


async def _signed(engine: _Engine, nonce: int) -> SignedTransaction:
    sender = engine.sender
    fees: Fees = await current_fees(engine.rpc)
    return sender.signer.sign_transaction(
        chain_id=sender.chain_id, nonce=nonce, to=sender.signer.address, data=b"", gas_limit=30_000, fees=fees
    )


async def _wait_for(engine: _Engine, transaction: SignedTransaction) -> Any:
    deadline_s = asyncio.get_running_loop().time() + WAIT_S_MAX
    while asyncio.get_running_loop().time() < deadline_s:
        receipt = await node.receipt_of(engine.rpc, text_of(transaction.tx_hash))
        if receipt is not None:
            return receipt
        await asyncio.sleep(POLL_S)
    raise NotConformingError("no block takes the transaction within a minute")
