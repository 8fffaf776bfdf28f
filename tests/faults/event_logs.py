"""Events as logs, ABI-encoded, and the bloom filter of a block over them."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import eth_abi
from eth_hash.auto import keccak

from node_gateway.chain.abi import canonical_type, signature_of
from node_gateway.chain.artifacts import ledger_abi
from tests.faults.ledger import Args

BLOOM_BYTES = 256


@cache
def _entries() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    events = [entry for entry in ledger_abi() if entry["type"] == "event"]
    return {
        entry["name"]: ("0x" + keccak(signature_of(entry).encode()).hex(), list(entry["inputs"]))
        for entry in events
    }


def log_of(name: str, args: Args) -> tuple[list[str], str]:
    """Topics and data of an event."""
    topic, inputs = _entries()[name]
    topics = [topic]
    plain: list[tuple[dict[str, Any], Any]] = []
    for parameter in inputs:
        value = args[parameter["name"]]
        if parameter["indexed"]:
            topics.append("0x" + _word(parameter["type"], value).hex())
        else:
            plain.append((parameter, value))
    if all(_is_word(parameter["type"]) for parameter, _ in plain):
        data = b"".join(_word(parameter["type"], value) for parameter, value in plain)
    else:
        types = [canonical_type(parameter) for parameter, _ in plain]
        data = eth_abi.encode(types, [_given(parameter, value) for parameter, value in plain])
    return topics, "0x" + data.hex()


def _is_word(kind: str) -> bool:
    return not kind.endswith("]") and kind not in ("string", "bytes") and not kind.startswith("tuple")


def _word(kind: str, value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode().ljust(32, b"\0")
    if isinstance(value, bytes):
        return value.rjust(32, b"\0") if kind == "address" else value.ljust(32, b"\0")
    return (int(value) % 2**256).to_bytes(32)


def _given(parameter: dict[str, Any], value: Any) -> Any:
    if parameter["type"] == "tuple":
        return tuple(value[component["name"]] for component in parameter["components"])
    return value


def bloom_of(logs: Iterable[dict[str, Any]]) -> str:
    """The logs' bloom filter (2,048 bits) as `0x…`."""
    bits = 0
    for log in logs:
        for word in (log["address"], *log["topics"]):
            bits |= _bloom_bits(word)
    return "0x" + bits.to_bytes(BLOOM_BYTES).hex()


@cache
def _bloom_bits(word: str) -> int:
    digest = keccak(bytes.fromhex(word[2:]))
    bits = 0
    for place in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[place : place + 2]) & 2047)
    return bits
