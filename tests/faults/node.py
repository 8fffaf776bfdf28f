"""The JSON-RPC of simulated nodes in front of one chain: what the gateway's own HTTP client talks to, with every way of a node to fail."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httpx2
import orjson

from tests.faults.chain import BLOCK_GAS_MAX, CHAIN_ID, CODE, START_S, Block, Chain, Refused, Transaction
from tests.faults.fault_kinds import Fault, Faults
from tests.faults.process import Process

NEVER_S: Final = 10_000.0
LATE_S: Final = (0.5, 45.0)
FREEZE_S: Final = 600.0
BALANCER_BLOCKS: Final = 5
AUTOMINE_S: Final = 0.02
NO_BLOOM: Final = "0x" + "00" * 256

# How nodes say it; the code counts for little.
PHRASES: Final[dict[str, dict[str, str]]] = {
    "geth": {
        "nonce too low": "nonce too low: next nonce 9, tx nonce 3",
        "already known": "already known",
        "underpriced": "max fee per gas less than block base fee: maxFeePerGas: 15, baseFee: 40",
        "replacement underpriced": "replacement transaction underpriced",
        "pool full": "txpool is full",
    },
    "besu": {
        "nonce too low": "Nonce too low",
        "already known": "Known transaction",
        "underpriced": "Gas price below configured minimum gas price",
        "replacement underpriced": "Replacement transaction underpriced",
        "pool full": "Transaction pool is full",
    },
    "erigon": {
        "nonce too low": "nonce too low",
        "already known": "already known",
        "underpriced": "fee too low",
        "replacement underpriced": "could not replace existing tx",
        "pool full": "pending sub-pool is full",
    },
    "anvil": {
        "nonce too low": "nonce too low",
        "already known": "transaction already imported",
        "underpriced": "max fee per gas less than block base fee",
        "replacement underpriced": "replacement transaction underpriced",
        "pool full": "mempool is full",
    },
}


class _CallError(Exception):
    def __init__(self, message: str, code: int = -32000) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Network:
    """Nodes of one chain.

    Attributes:
        is_development: its clock can be set, and it mines each transaction as it comes.
        batch_calls_max: most calls of one request, None without a bound.
        lag_blocks: how far the node is behind.
        is_balanced: whether every other request goes to a node BALANCER_BLOCKS behind.
        is_frozen: no blocks; `is_silent`: no answers either.
    """

    chain: Chain
    dice: Random
    faults: Faults
    dialect: str = "geth"
    is_development: bool = False
    has_block_receipts: bool = True
    batch_calls_max: int | None = None
    block_s: float = 1.5
    lag_blocks: int = 0
    is_balanced: bool = False
    is_frozen: bool = False
    is_silent: bool = False
    is_pool_full: bool = False
    next_time_s: int | None = None
    is_automining: bool = True
    _poked: asyncio.Event = field(default_factory=asyncio.Event)

    def now_s(self) -> int:
        """The time that the next block would have."""
        return START_S + int(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Make blocks."""
        while True:
            if self.is_development:
                await self._poked.wait()
                self._poked.clear()
                await asyncio.sleep(AUTOMINE_S)
            else:
                await asyncio.sleep(self.dice.uniform(0.3, 2 * self.block_s))
            if not self.is_frozen and self.is_automining:
                self.mine()

    def mine(self) -> None:
        """One block now."""
        time_s, self.next_time_s = self.next_time_s, None
        self.chain.mine(time_s or self.now_s(), is_exact=time_s is not None)

    def thaw(self) -> None:
        """Go on after a freeze."""
        self.is_frozen = self.is_silent = False
        self._poked.set()

    def heal(self) -> None:
        """Faults stop."""
        self.faults.disarm()
        self.lag_blocks = 0
        self.is_balanced = self.is_pool_full = False
        self.thaw()

    def visible(self) -> list[Block]:
        """The chain as the node that gets the next request has it."""
        blocks = self.chain.blocks
        behind = self.lag_blocks
        if behind:
            self.faults.count(Fault.NODE_LAGS)
        if self.is_balanced and self.dice.random() < 0.5:
            behind = BALANCER_BLOCKS
            self.faults.count(Fault.NODE_BALANCER)
        return blocks[: max(2, len(blocks) - behind)] if behind else blocks

    def answer(self, call: dict[str, Any], blocks: list[Block]) -> dict[str, Any]:
        """One call's answer."""
        method = _METHODS.get(call["method"])
        head = {"jsonrpc": "2.0", "id": call["id"]}
        try:
            is_for_development = call["method"].startswith(("evm_", "anvil_"))
            if method is None or (is_for_development and not self.is_development):
                raise _CallError(f"the method {call['method']} does not exist/is not available", -32601)
            return head | {"result": method(self, blocks, *call["params"])}
        except _CallError as error:
            return head | {"error": {"code": error.code, "message": str(error)}}

    def send(self, raw: str) -> str:
        """Take a transaction."""
        if self.is_pool_full:
            self.faults.count(Fault.NODE_POOL_FULL)
        try:
            tx_hash = self.chain.take(bytes.fromhex(raw[2:]), is_pool_full=self.is_pool_full)
        except Refused as refused:
            if refused.why == "underpriced":
                self.faults.count(Fault.NODE_DEARER)
            raise _CallError(PHRASES[self.dialect][refused.why]) from None
        self._poked.set()
        return tx_hash

    def poke(self) -> None:
        """A development chain mines when it is told."""
        self._poked.set()


def _block_at(blocks: Sequence[Block], tag: str) -> Block | None:
    if tag in ("latest", "pending"):
        return blocks[-1]
    number = int(tag, 16)
    return blocks[number] if number < len(blocks) else None


def _get_block(network: Network, blocks: Sequence[Block], tag: str, _full: bool) -> dict[str, Any] | None:
    block = _block_at(blocks, tag)
    if block is None:
        return None
    return {
        "number": hex(block.number), "hash": block.block_hash, "parentHash": block.parent_hash,
        "timestamp": hex(block.timestamp_s), "gasUsed": "0x0", "gasLimit": hex(BLOCK_GAS_MAX),
        "baseFeePerGas": hex(network.chain.base_fee_wei if tag == "latest" else block.base_fee_wei),
        "logsBloom": block.bloom, "receiptsRoot": block.receipts_root, "transactions": [transaction.tx_hash for transaction in block.transactions],
    }  # fmt: skip


def _get_receipts(network: Network, blocks: Sequence[Block], tag: str) -> list[dict[str, Any]]:
    if not network.has_block_receipts:
        raise _CallError("the method eth_getBlockReceipts does not exist/is not available", -32601)
    block = _block_at(blocks, tag)
    if block is None:
        raise _CallError("block not found")
    if block.events and network.faults.takes(Fault.NODE_OMITS_LOGS):
        return _without_logs(block, network.dice)
    return block.receipts


def _without_logs(block: Block, dice: Random) -> list[dict[str, Any]]:
    """All receipts, but logs are left out of one: all of them, the last or the first."""
    receipts = list(block.receipts)
    index = dice.choice([i for i, receipt in enumerate(receipts) if receipt["logs"]])
    logs = receipts[index]["logs"]
    left = dice.choice([[], logs[:-1], logs[1:]])
    receipts[index] = {**receipts[index], "logs": left}
    return receipts


def _get_logs(network: Network, blocks: Sequence[Block], wanted: dict[str, Any]) -> list[dict[str, Any]]:
    block = next((block for block in blocks if block.block_hash == wanted["blockHash"]), None)
    if block is None:
        raise _CallError("unknown block")
    logs = [log for receipt in block.receipts for log in receipt["logs"]]
    # All of them: a single one whose topics come again in the block is told by the receipts' root alone, which needs all receipts.
    if logs and network.faults.takes(Fault.NODE_OMITS_LOGS):
        return []
    return logs


def _get_receipt(_: Network, blocks: Sequence[Block], tx_hash: str) -> dict[str, Any] | None:
    for block in reversed(blocks):
        for receipt in block.receipts:
            if receipt["transactionHash"] == tx_hash:
                return receipt
    return None


def _get_count(_: Network, blocks: Sequence[Block], address: str, tag: str) -> str:
    block = _block_at(blocks, tag)
    assert block is not None
    return hex(block.state.lanes.get(bytes.fromhex(address[2:]), 0))


def _transaction_at(blocks: Sequence[Block], tx_hash: str) -> Transaction | None:
    found = (one for block in blocks for one in block.transactions if one.tx_hash == tx_hash)
    return next(found, None)


def _get_transaction(_: Network, blocks: Sequence[Block], tx_hash: str) -> dict[str, Any] | None:
    found = _transaction_at(blocks, tx_hash)
    return None if found is None else {"from": "0x" + found.sender.hex(), "nonce": hex(found.nonce)}


def _get_raw(_: Network, blocks: Sequence[Block], tx_hash: str) -> str | None:
    found = _transaction_at(blocks, tx_hash)
    return None if found is None else "0x" + found.raw.hex()


def _set_next_time(network: Network, _: Sequence[Block], timestamp: str) -> None:
    network.next_time_s = int(timestamp, 16)


def _set_automine(network: Network, _: Sequence[Block], is_on: bool) -> None:
    network.is_automining = is_on
    network.poke()


def _reset(network: Network, _: Sequence[Block]) -> None:
    network.chain.reset(network.chain.blocks[0].timestamp_s)


_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "eth_chainId": lambda network, blocks: hex(CHAIN_ID),
    "eth_blockNumber": lambda network, blocks: hex(blocks[-1].number),
    "eth_getBlockByNumber": _get_block,
    "eth_getBlockReceipts": _get_receipts,
    "eth_getLogs": _get_logs,
    "eth_getTransactionReceipt": _get_receipt,
    "eth_getTransactionCount": _get_count,
    "eth_getCode": lambda network, blocks, address, tag: "0x" + CODE.hex() if len(blocks) > 1 else "0x",
    "eth_sendRawTransaction": lambda network, blocks, raw: network.send(raw),
    "eth_getTransactionByHash": _get_transaction,
    "eth_getRawTransactionByHash": _get_raw,
    "eth_getBalance": lambda network, blocks, address, tag: hex(10**24),
    "anvil_getIntervalMining": lambda network, blocks: None,
    "anvil_getAutomine": lambda network, blocks: network.is_automining,
    "evm_setIntervalMining": lambda network, blocks, interval: None,
    "evm_setAutomine": _set_automine,
    "anvil_dropAllTransactions": lambda network, blocks: network.chain.drop_pool() and None,
    "anvil_reset": _reset,
    "anvil_setNextBlockBaseFeePerGas": lambda network, blocks, fee: None,
    "evm_setTime": _set_next_time,
    "evm_setNextBlockTimestamp": _set_next_time,
    "evm_mine": lambda network, blocks: network.mine(),
}


class NodeLink(httpx2.AsyncBaseTransport):
    """A process's connection to the network."""

    def __init__(self, network: Network, process: Process) -> None:
        self._network = network
        self._process = process

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body: Any = orjson.loads(await request.aread())
        calls = body if isinstance(body, list) else [body]
        is_send = calls[0]["method"] == "eth_sendRawTransaction"
        network, process = self._network, self._process
        await process.step(Fault.STOP_BEFORE_SEND if is_send else Fault.STOP_BEFORE_CALL)
        await self._delay()
        if network.batch_calls_max is not None and len(calls) > network.batch_calls_max:
            network.faults.count(Fault.NODE_CAPS_RANGES)
            return _too_large(body, network.dice)
        blocks = network.visible()
        answers = [network.answer(call, blocks) for call in calls]
        if network.faults.takes(Fault.NODE_TWICE):
            answers = [network.answer(call, blocks) for call in calls]
        if is_send and network.faults.takes(Fault.NODE_ERROR_AFTER_ACCEPTING):
            return await self._error_after_accepting()
        await process.step(Fault.STOP_AFTER_SEND if is_send else Fault.STOP_AFTER_CALL)
        if network.faults.takes(Fault.NODE_GARBLED):
            return self._garbled(answers, is_batch=isinstance(body, list))
        return httpx2.Response(200, content=orjson.dumps(answers if isinstance(body, list) else answers[0]))

    async def _delay(self) -> None:
        network = self._network
        if network.faults.takes(Fault.NODE_NEVER) or network.is_silent:
            await asyncio.sleep(NEVER_S)
        if network.faults.takes(Fault.NODE_LATE):
            await asyncio.sleep(network.dice.uniform(*LATE_S))
        await asyncio.sleep(network.dice.uniform(0.001, 0.01))
        self._process.assert_alive()

    async def _error_after_accepting(self) -> httpx2.Response:
        kind = self._network.dice.randrange(3)
        if kind == 0:
            await asyncio.sleep(NEVER_S)
        if kind == 1:
            return httpx2.Response(502, text="Bad Gateway")
        raise httpx2.ReadError("connection reset by peer")

    def _garbled(self, answers: list[dict[str, Any]], *, is_batch: bool) -> httpx2.Response:
        kind = self._network.dice.randrange(3)
        if kind == 0:
            return httpx2.Response(200, text="<html>welcome to the proxy</html>")
        if kind == 1 and is_batch:
            return httpx2.Response(200, content=orjson.dumps(answers[:-1]))
        return httpx2.Response(200, content=orjson.dumps({"jsonrpc": "2.0", "id": None, "result": None}))


def _too_large(body: Any, dice: Random) -> httpx2.Response:
    """How nodes refuse too many calls: the request as a whole, or each call beyond what fits."""
    kind = dice.randrange(3)
    if kind == 0:
        error = {"code": -32600, "message": "batch too large"}
        return httpx2.Response(200, content=orjson.dumps({"jsonrpc": "2.0", "id": None, "error": error}))
    if kind == 1:
        return httpx2.Response(413, text="Request Entity Too Large")
    error = {"code": -32003, "message": "response too large"}
    answers = [{"jsonrpc": "2.0", "id": call["id"], "error": error} for call in body]
    return httpx2.Response(200, content=orjson.dumps(answers))
