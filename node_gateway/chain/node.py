"""The portable subset of JSON-RPC that the gateway uses, with parsed answers.

Blocks are read by number and believed only where everything in them names the same block hash: a node behind a balancer may answer two calls from
two different heads.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, NamedTuple

from node_gateway.chain.bloom import bloom_of
from node_gateway.chain.hexadecimal import data_of, number_of, quantity, text_of
from node_gateway.chain.receipts_root import receipts_root
from node_gateway.chain.rpc import Call, Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason

# After so many errors that say nothing, a method counts as not served.
UNKNOWN_ERRORS_MAX: Final = 3


class Header(NamedTuple):
    """A block without its receipts."""

    number: int
    block_hash: bytes
    parent_hash: bytes
    timestamp_s: int
    gas_used: int
    gas_limit: int
    base_fee_wei: int
    tx_hashes: tuple[str, ...]
    logs_bloom: str = ""
    receipts_root: str = ""


class Log(NamedTuple):
    """One event as the node gives it; topics and data stay hexadecimal until an event table decodes them."""

    topics: Sequence[str]
    data: str
    log_index: int
    tx_hash: str
    tx_index: int


class Receipt(NamedTuple):
    """What became of one transaction."""

    tx_hash: str
    tx_index: int
    is_success: bool
    gas_used: int
    block_number: int
    block_hash: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """A block with the ledger's logs in order.

    `receipts` is None where the engine has no eth_getBlockReceipts and the logs came by block hash.
    """

    header: Header
    logs: list[Log]
    receipts: list[Receipt] | None


@dataclass(slots=True)
class Capabilities:
    """What an engine can do beyond the portable subset; found out once, see `capabilities`."""

    has_block_receipts: bool
    has_proofs: bool
    clock: str | None


async def chain_id(rpc: Rpc) -> int:
    """The chain's id."""
    return number_of(await rpc.call("eth_chainId"))


async def head_number(rpc: Rpc) -> int:
    """The number of the newest block."""
    return number_of(await rpc.call("eth_blockNumber"))


async def header_at(rpc: Rpc, number: int | str) -> Header | None:
    """The header at a number, or at a name such as `latest`; None where there is no such block."""
    try:
        block = await rpc.call(
            "eth_getBlockByNumber", number if isinstance(number, str) else quantity(number), False
        )
    except RpcError as error:
        if error.reason is RpcReason.BLOCK_NOT_FOUND:
            return None
        raise
    return parse_header(block) if block else None


async def code_at(rpc: Rpc, address: str) -> bytes:
    """The code of a contract, empty where there is none."""
    return data_of(await rpc.call("eth_getCode", address, "latest"))


async def receipt_of(rpc: Rpc, tx_hash: str) -> Receipt | None:
    """The receipt of a transaction, None while it has none."""
    raw = await rpc.call("eth_getTransactionReceipt", tx_hash)
    return parse_receipt(raw) if raw else None


async def transaction_count(rpc: Rpc, address: str, tag: str = "latest") -> int:
    """The next nonce of an account: as mined (`latest`) or with what waits (`pending`)."""
    return number_of(await rpc.call("eth_getTransactionCount", address, tag))


async def send_raw(rpc: Rpc, raw: bytes) -> str:
    """Hand a signed transaction to the node; returns its hash."""
    return str(await rpc.call("eth_sendRawTransaction", text_of(raw)))


async def capabilities(rpc: Rpc, genesis: Header) -> Capabilities:
    """Ask the engine what it can do, by trying."""
    return Capabilities(
        has_block_receipts=await _is_served(rpc, "eth_getBlockReceipts", quantity(genesis.number)),
        has_proofs=await _is_served(rpc, "eth_getProof", "0x" + "00" * 20, [], "latest"),
        clock=await _clock_of(rpc),
    )


class Wanted(NamedTuple):
    """Which logs to keep: those of a contract (lower case), all of them or those without a topic that only repeats others."""

    contract: str
    ignored_topic: str | None = None

    def has(self, log: Mapping[str, Any]) -> bool:
        topics = log["topics"]
        if self.ignored_topic is not None and topics and topics[0] == self.ignored_topic:
            return False
        return bool(log["address"].lower() == self.contract)


async def blocks(
    rpc: Rpc,
    first: int,
    last: int,
    ledger: str,
    *,
    has_block_receipts: bool,
    has_receipts_root: bool = False,
    ignored_topic: str | None = None,
    gas_max: int | None = None,
) -> list[Block]:
    """The blocks first…last with the ledger's logs, as far as they exist and agree with themselves.

    Args:
        rpc: the node.
        first: number of the first block.
        last: number of the last one, at least `first`.
        ledger: the contract whose logs are wanted, lower case.
        has_block_receipts: whether the engine serves eth_getBlockReceipts.
        has_receipts_root: whether its headers commit to receipts in the known form (`has_receipts_root`); compared then, and exact. Without it
            the header's filter is compared, which the logs of a large block fill so that single ones may be missing unnoticed.
        ignored_topic: logs that begin with it are left out before anything is parsed.
        gas_max: how much gas the blocks may have used together; the first one comes whatever it used.

    Returns:
        A run of blocks from `first` on; shorter than asked where the node has not got them all, or where they would be too large.

    Raises:
        RpcError: `block_not_found` where the node contradicts itself, or whatever it refused.
    """
    asked = [Call("eth_getBlockByNumber", (quantity(number), False)) for number in range(first, last + 1)]
    headers = []
    for answer in await rpc.batch(asked):
        if answer is None or (isinstance(answer, RpcError) and answer.reason is RpcReason.BLOCK_NOT_FOUND):
            break
        headers.append(parse_header(_required(answer)))
    headers = _as_gas_allows(headers, gas_max)
    with_transactions = [header for header in headers if header.tx_hashes]
    wanted = Wanted(ledger, ignored_topic)
    if has_block_receipts:
        found = await _by_receipts(rpc, with_transactions, wanted, has_receipts_root)
    else:
        found = await _by_logs(rpc, with_transactions, wanted)
    return [found.get(header.number) or Block(header, [], []) for header in headers]


def _as_gas_allows(headers: list[Header], gas_max: int | None) -> list[Header]:
    if gas_max is None:
        return headers
    used = accumulate(header.gas_used for header in headers)
    return headers[:1] + [
        header for header, gas in list(zip(headers, used, strict=True))[1:] if gas <= gas_max
    ]


def parse_header(raw: Mapping[str, Any]) -> Header:
    """Parse a block of eth_getBlockByNumber; transactions may be hashes or objects."""
    transactions = raw.get("transactions") or ()
    return Header(
        number=number_of(raw["number"]),
        block_hash=data_of(raw["hash"]),
        parent_hash=data_of(raw["parentHash"]),
        timestamp_s=number_of(raw["timestamp"]),
        gas_used=number_of(raw["gasUsed"]),
        gas_limit=number_of(raw["gasLimit"]),
        base_fee_wei=number_of(raw.get("baseFeePerGas") or "0x0"),
        tx_hashes=tuple(tx if isinstance(tx, str) else tx["hash"] for tx in transactions),
        logs_bloom=raw.get("logsBloom") or "",
        receipts_root=raw.get("receiptsRoot") or "",
    )


def parse_receipt(raw: Mapping[str, Any]) -> Receipt:
    """Parse a receipt."""
    return Receipt(
        tx_hash=raw["transactionHash"],
        tx_index=number_of(raw["transactionIndex"]),
        is_success=number_of(raw.get("status", "0x1")) == 1,
        gas_used=number_of(raw["gasUsed"]),
        block_number=number_of(raw["blockNumber"]),
        block_hash=data_of(raw["blockHash"]),
    )


async def has_receipts_root(rpc: Rpc, number: int) -> bool:
    """Whether the header of a block names the root of its receipts in the known form. The block must hold a transaction.

    Receipts from which logs are left out have another root, too: that it is computed otherwise is only believed where the node gives the
    same logs in another way.

    Raises:
        RpcError: the node did not answer, has not got the block, or contradicts itself.
    """
    asked = [
        Call("eth_getBlockByNumber", (quantity(number), False)),
        Call("eth_getBlockReceipts", (quantity(number),)),
    ]
    raw_header, receipts = [_required(answer) for answer in await rpc.batch(asked)]
    header = parse_header(raw_header)
    if header.receipts_root == text_of(receipts_root(receipts)):
        return True
    _block_from_receipts(header, receipts, Wanted("", None), False)
    logs = await rpc.call("eth_getLogs", {"blockHash": text_of(header.block_hash)})
    if len(logs) != sum(len(receipt["logs"]) for receipt in receipts):
        raise _contradiction("eth_getLogs", header, "other logs than its receipts have")
    return False


async def _by_receipts(
    rpc: Rpc, headers: Sequence[Header], wanted: Wanted, has_root: bool
) -> dict[int, Block]:
    answers = await rpc.batch(Call("eth_getBlockReceipts", (quantity(header.number),)) for header in headers)
    return {
        header.number: _block_from_receipts(header, _required(answer), wanted, has_root)
        for header, answer in zip(headers, answers, strict=True)
    }


def _block_from_receipts(
    header: Header, raw_receipts: Sequence[Mapping[str, Any]], wanted: Wanted, has_root: bool
) -> Block:
    receipts = [parse_receipt(raw) for raw in raw_receipts]
    if tuple(receipt.tx_hash for receipt in receipts) != header.tx_hashes:
        raise _contradiction("eth_getBlockReceipts", header, "other transactions")
    if any(receipt.block_hash != header.block_hash for receipt in receipts):
        raise _contradiction("eth_getBlockReceipts", header, "another block hash")
    logs = [log for raw in raw_receipts for log in raw["logs"]]
    if not has_root:
        assert_all_logs("eth_getBlockReceipts", header, logs)
    elif header.receipts_root != text_of(receipts_root(raw_receipts)):
        raise _contradiction("eth_getBlockReceipts", header, "other receipts than its header says")
    indices = [number_of(log["logIndex"]) for log in logs]
    # anvil counts from 0 in each block; an engine may start elsewhere, but a hole means logs were left out.
    if indices and indices != list(range(indices[0], indices[0] + len(indices))):
        raise _contradiction("eth_getBlockReceipts", header, "a hole in the numbers of its logs")
    of_ledger = [_log(log, index) for log, index in zip(logs, indices, strict=True) if wanted.has(log)]
    return Block(header, of_ledger, receipts)


async def _by_logs(rpc: Rpc, headers: Sequence[Header], wanted: Wanted) -> dict[int, Block]:
    # Everyone's logs: only all of them can be compared with the header.
    asked = [Call("eth_getLogs", ({"blockHash": text_of(header.block_hash)},)) for header in headers]
    answers = await rpc.batch(asked)
    found = {}
    for header, answer in zip(headers, answers, strict=True):
        logs = [_log(raw, number_of(raw["logIndex"])) for raw in _required(answer) if wanted.has(raw)]
        if any(data_of(raw["blockHash"]) != header.block_hash for raw in answer):
            raise _contradiction("eth_getLogs", header, "another block hash")
        assert_all_logs("eth_getLogs", header, answer)
        found[header.number] = Block(header, sorted(logs, key=lambda log: log.log_index), None)
    return found


def assert_all_logs(method: str, header: Header, logs: Iterable[Mapping[str, Any]]) -> None:
    """A node that has not got a block's logs yet answers with fewer of them, and a 200: the header's filter tells.

    An engine whose headers have no filter, or an empty one, is believed.

    Raises:
        RpcError: `block_not_found` where logs are missing.
    """
    if header.logs_bloom.strip("0x") and int(header.logs_bloom, 16) != bloom_of(logs):
        raise _contradiction(method, header, "other logs than its header says")


def _log(raw: Mapping[str, Any], index: int) -> Log:
    return Log(raw["topics"], raw["data"], index, raw["transactionHash"], number_of(raw["transactionIndex"]))


def _required(answer: Any) -> Any:
    if isinstance(answer, RpcError):
        raise answer
    if answer is None:
        raise RpcError(RpcReason.BLOCK_NOT_FOUND, "null where a block was just given", "batch")
    return answer


def _contradiction(method: str, header: Header, what: str) -> RpcError:
    return RpcError(RpcReason.BLOCK_NOT_FOUND, f"block {header.number} came with {what}", method)


async def _is_served(rpc: Rpc, method: str, *params: Any) -> bool:
    for _ in range(UNKNOWN_ERRORS_MAX):
        try:
            await rpc.call(method, *params)
        except RpcError as error:
            if error.reason in (RpcReason.METHOD_UNSUPPORTED, RpcReason.INVALID_PARAMS):
                return False
            if error.is_transient:
                raise
            if error.reason is RpcReason.OTHER:
                # An engine's own words for a method that it has not got, or something that went wrong this once.
                continue
        return True
    return False


async def _clock_of(rpc: Rpc) -> str | None:
    """The dialect in which the engine's clock is set: anvil's, eth-tester's, or none."""
    try:
        version = str(await rpc.call("web3_clientVersion")).lower()
    except RpcError as error:
        if error.is_transient:
            raise
        return None
    return "anvil" if "anvil" in version else "eth-tester" if "ethereumtester" in version else None
