"""The root that a block's header names for its receipts, computed from the receipts that a node gives: no log can be left out unnoticed.

The form is Ethereum's: a Merkle-Patricia trie of the receipts by their index (EIP-2718 types in front). Each receipt's own bloom is taken as it
is given, since the root covers it too.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from eth_hash.auto import keccak

from node_gateway.chain.hexadecimal import data_of, number_of
from node_gateway.chain.transactions import Rlp, rlp_encode

_EMPTY_ROOT: Final = keccak(b"\x80")
_HASH_BYTES: Final = 32
_SIXTEEN: Final = 16

Nibbles = tuple[int, ...]


def receipts_root(receipts: Sequence[Mapping[str, Any]]) -> bytes:
    """The root of receipts as eth_getBlockReceipts gives them, in the order of the block."""
    if not receipts:
        return _EMPTY_ROOT
    entries = [(_nibbles(rlp_encode(_int(index))), _encoded(raw)) for index, raw in enumerate(receipts)]
    node = _node(sorted(entries), 0)
    return keccak(rlp_encode(node))


def _encoded(raw: Mapping[str, Any]) -> bytes:
    kind = number_of(raw.get("type") or "0x0")
    # The hot part: everything of all logs as one hexadecimal text, turned into bytes at once.
    logs = bytes.fromhex("".join(map(_log, raw["logs"])))
    body = b"".join(
        (
            rlp_encode(_int(number_of(raw["status"]))),
            rlp_encode(_int(number_of(raw["cumulativeGasUsed"]))),
            rlp_encode(data_of(raw["logsBloom"])),
            _list_of(logs),
        )
    )
    encoded = _list_of(body)
    return encoded if kind == 0 else _int(kind) + encoded


def _log(raw: Mapping[str, Any]) -> str:
    topics, data = raw["topics"], raw["data"]
    size = len(data) // 2 - 1
    if size == 1 or not topics:
        encoded = _list_of(
            rlp_encode(data_of(raw["address"]))
            + rlp_encode([data_of(topic) for topic in topics])
            + rlp_encode(data_of(data))
        )
        return encoded.hex()
    before_address, before_topics, before_data = _log_heads(len(topics), size)
    parts = (before_address, raw["address"][2:], before_topics, "a0".join([topic[2:] for topic in topics]))
    return "".join((*parts, before_data, data[2:]))


@lru_cache(maxsize=1_024)
def _log_heads(topic_count: int, data_bytes: int) -> tuple[str, str, str]:
    """What stands before the address, the first topic and the data: an address is 20 bytes (0x94), a topic 32 (0xa0)."""
    data_head = _head(data_bytes, 0x80)
    topics_bytes = topic_count * 33
    topics_head = _head(topics_bytes, 0xC0)
    whole = 21 + len(topics_head) + topics_bytes + len(data_head) + data_bytes
    return (_head(whole, 0xC0) + b"\x94").hex(), (topics_head + b"\xa0").hex(), data_head.hex()


def _list_of(encoded: bytes) -> bytes:
    """The list of items that are encoded already."""
    return _head(len(encoded), 0xC0) + encoded


def _head(length: int, offset: int) -> bytes:
    if length < 56:
        return bytes((offset + length,))
    size = _int(length)
    return bytes((offset + 55 + len(size),)) + size


def _node(entries: Sequence[tuple[Nibbles, bytes]], depth: int) -> Rlp:
    """The trie's node over entries with distinct keys that agree up to `depth`, as its list of items."""
    if len(entries) == 1:
        key, value = entries[0]
        return [_path(key[depth:], is_leaf=True), value]
    shared = _shared_length(entries[0][0], entries[-1][0], depth)
    if shared > depth:
        return [_path(entries[0][0][depth:shared], is_leaf=False), _reference(_node(entries, shared))]
    branch: list[Rlp] = []
    for nibble in range(_SIXTEEN):
        below = [entry for entry in entries if entry[0][depth] == nibble]
        branch.append(_reference(_node(below, depth + 1)) if below else b"")
    # RLP of an index never ends where another goes on, so that a branch has no value of its own.
    return [*branch, b""]


def _reference(node: Rlp) -> Rlp:
    encoded = rlp_encode(node)
    return node if len(encoded) < _HASH_BYTES else keccak(encoded)


def _shared_length(first: Nibbles, last: Nibbles, depth: int) -> int:
    # Between sorted keys, what the first and the last share is shared by all.
    while first[depth] == last[depth]:
        depth += 1
    return depth


def _path(nibbles: Nibbles, *, is_leaf: bool) -> bytes:
    flag = 2 if is_leaf else 0
    padded = (flag + 1, *nibbles) if len(nibbles) % 2 else (flag, 0, *nibbles)
    return bytes(high << 4 | low for high, low in zip(padded[::2], padded[1::2], strict=True))


def _nibbles(key: bytes) -> Nibbles:
    return tuple(nibble for byte in key for nibble in (byte >> 4, byte & 15))


def _int(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8)
