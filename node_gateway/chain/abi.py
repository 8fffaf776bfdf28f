"""Contract calls and events as bytes.

The hot path (`settle`, the ledger's events) is written out by hand; everything else goes through eth_abi, imported when first needed.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from eth_hash.auto import keccak

from node_gateway.chain.hexadecimal import data_of, text_of
from node_gateway.chain.node import Log

Abi = Sequence[Mapping[str, Any]]

SETTLE_SIGNATURE = "settle((uint32,uint48,uint32,bytes,bytes)[])"
SETTLE_SELECTOR = keccak(SETTLE_SIGNATURE.encode())[:4]
SIGNATURE_BYTES = 64
WIRE_HEAD_BYTES = 4 + 6 + SIGNATURE_BYTES


class SettleItem(NamedTuple):
    """A submission in wire form with the gas that the relay gives it."""

    wire: bytes
    gas_allowance: int


class Event(NamedTuple):
    """A decoded event of the ledger.

    Attributes:
        name: as in the interface, `PurchaseSettled`.
        args: the fields by their names in the interface: int, bool, str, bytes (addresses 20, words 32), lists and dicts.
        log_index: within the block.
        tx_hash: the transaction, `0x…`.
    """

    name: str
    args: dict[str, Any]
    log_index: int
    tx_hash: str


def encode_settle(items: Iterable[SettleItem]) -> bytes:
    """Call data of `settle(Submission[])`."""
    tuples = [_submission(item) for item in items]
    offset = 32 * len(tuples)
    heads = []
    for body in tuples:
        heads.append(_word(offset))
        offset += len(body)
    return b"".join((SETTLE_SELECTOR, _word(32), _word(len(tuples)), *heads, *tuples))


def _submission(item: SettleItem) -> bytes:
    wire = item.wire
    operations = wire[WIRE_HEAD_BYTES:]
    padding = -len(operations) % 32
    return b"".join((
        bytes(28), wire[:4], bytes(26), wire[4:10], _word(item.gas_allowance),
        _word(0xA0), _word(0xC0 + len(operations) + padding),
        _word(len(operations)), operations, bytes(padding),
        _word(SIGNATURE_BYTES), wire[10:WIRE_HEAD_BYTES],
    ))  # fmt: skip


def _word(value: int) -> bytes:
    return value.to_bytes(32)


def canonical_type(parameter: Mapping[str, Any]) -> str:
    """The type of an ABI parameter with tuples written out, `(uint32,bytes)[]`."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(canonical_type(component) for component in parameter["components"])
    return f"({inner}){kind[5:]}"


def signature_of(entry: Mapping[str, Any]) -> str:
    """`name(type,type)` of a function, event or error."""
    return f"{entry['name']}({','.join(canonical_type(parameter) for parameter in entry['inputs'])})"


def encode_call(abi: Abi, function: str, arguments: Sequence[Any]) -> bytes:
    """Call data of a function that is named once in the ABI; structs are given as tuples or mappings."""
    entry = _entry(abi, "function", function)
    types = [canonical_type(parameter) for parameter in entry["inputs"]]
    values = [_plain(parameter, value) for parameter, value in zip(entry["inputs"], arguments, strict=True)]
    return keccak(signature_of(entry).encode())[:4] + encode_values(types, values)


def encode_values(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """ABI-encode values by their types."""
    import eth_abi

    return eth_abi.encode(types, values)


def decode_result(abi: Abi, function: str, data: bytes) -> Any:
    """What a function returned: one value, or a list of them; structs as dicts."""
    entry = _entry(abi, "function", function)
    values = _decode(entry["outputs"], data)
    return values[0] if len(values) == 1 else values


def error_text(abi: Abi, data: bytes) -> str:
    """Revert data in words: `InvalidTerms(field=0x…)`, or the hexadecimal where no error of the ABI fits."""
    for entry in abi:
        if entry["type"] == "error" and keccak(signature_of(entry).encode())[:4] == data[:4]:
            values = _decode(entry["inputs"], data[4:])
            named = zip((parameter["name"] for parameter in entry["inputs"]), values, strict=True)
            return f"{entry['name']}({', '.join(f'{name}={_shown(value)}' for name, value in named)})"
    return text_of(data)


class EventTable:
    """Decodes the logs of a contract by its ABI."""

    def __init__(self, abi: Abi) -> None:
        entries = [entry for entry in abi if entry["type"] == "event"]
        self._decoders = {text_of(keccak(signature_of(entry).encode())): _decoder(entry) for entry in entries}

    def decode(self, log: Log) -> Event | None:
        """The event, or None for a topic that the ABI does not know (a later version of the ledger)."""
        decoder = self._decoders.get(log.topics[0]) if log.topics else None
        if decoder is None:
            return None
        name, decode = decoder
        return Event(name, decode(log), log.log_index, log.tx_hash)

    def decode_all(self, logs: Iterable[Log]) -> list[Event]:
        """The events of logs, in order, without those of unknown topics."""
        decoded = (self.decode(log) for log in logs)
        return [event for event in decoded if event is not None]


Decoder = tuple[str, Callable[[Log], dict[str, Any]]]


def _word_layout(kind: str) -> tuple[str, Callable[[bytes], int] | None] | None:
    """How `struct` reads one static word, and what is left to do with what it gives; None for a type that is not one word."""
    if kind.endswith("]") or kind in ("string", "bytes") or kind.startswith("tuple"):
        return None
    if kind == "address":
        return "12x20s", None
    if kind == "bool":
        return "31x?", None
    if kind.startswith("uint"):
        # The bytes above are zero: the ledger's compiler sees to it.
        return ("24xQ", None) if int(kind[4:]) <= 64 else ("32s", int.from_bytes)
    if kind.startswith("int"):
        return "32s", partial(int.from_bytes, signed=True)
    size = int(kind.removeprefix("bytes"))
    return f"{size}s{32 - size}x", None


def _decoder(entry: Mapping[str, Any]) -> Decoder:
    indexed = [parameter for parameter in entry["inputs"] if parameter["indexed"]]
    plain = [parameter for parameter in entry["inputs"] if not parameter["indexed"]]
    name = entry["name"]
    topics = _words_reader(indexed)
    assert topics is not None, f"{name}: only one word fits a topic"
    words = _words_reader([*indexed, *plain])
    if words is None:
        return name, lambda log: topics("".join(topic[2:] for topic in log.topics[1:])) | _dynamic(plain, log)
    if len(indexed) == 1:
        return name, lambda log: words(log.topics[1][2:] + log.data[2:])
    return name, lambda log: words("".join([topic[2:] for topic in log.topics[1:]]) + log.data[2:])


def _words_reader(parameters: Abi) -> Callable[[str], dict[str, Any]] | None:
    """Reads words, given as hexadecimal digits, all at once; None where one of them is dynamic."""
    names = [parameter["name"] for parameter in parameters]
    layouts = [_word_layout(parameter["type"]) for parameter in parameters]
    if any(layout is None for layout in layouts):
        return None
    formats, finishers = zip(*[layout for layout in layouts if layout], strict=True) if layouts else ((), ())
    unpack = struct.Struct(">" + "".join(formats)).unpack
    to_finish = [(name, finish) for name, finish in zip(names, finishers, strict=True) if finish is not None]

    def read(digits: str) -> dict[str, Any]:
        args = dict(zip(names, unpack(bytes.fromhex(digits)), strict=True))
        for name, finish in to_finish:
            args[name] = finish(args[name])
        return args

    return read


def _dynamic(plain: Abi, log: Log) -> dict[str, Any]:
    names = (parameter["name"] for parameter in plain)
    return dict(zip(names, _decode(plain, data_of(log.data)), strict=True))


def _decode(parameters: Abi, data: bytes) -> list[Any]:
    import eth_abi

    values = eth_abi.decode([canonical_type(parameter) for parameter in parameters], data)
    return [_named(parameter, value) for parameter, value in zip(parameters, values, strict=True)]


def _named(parameter: Mapping[str, Any], value: Any) -> Any:
    kind: str = parameter["type"]
    if kind.endswith("]"):
        element = {**parameter, "type": kind[: kind.rindex("[")]}
        return [_named(element, item) for item in value]
    if kind == "tuple":
        components = parameter["components"]
        return {c["name"]: _named(c, item) for c, item in zip(components, value, strict=True)}
    return data_of(value) if kind == "address" else value


def _plain(parameter: Mapping[str, Any], value: Any) -> Any:
    """Structs given as mappings become tuples in the ABI's order."""
    kind: str = parameter["type"]
    if kind.endswith("]"):
        element = {**parameter, "type": kind[: kind.rindex("[")]}
        return [_plain(element, item) for item in value]
    if kind == "tuple" and isinstance(value, Mapping):
        return tuple(_plain(component, value[component["name"]]) for component in parameter["components"])
    return value


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        text = value.rstrip(b"\0")
        return (
            text.decode()
            if len(value) == 32 and text.isascii() and text.decode().isprintable()
            else text_of(value)
        )
    return str(value)


def _entry(abi: Abi, kind: str, name: str) -> Mapping[str, Any]:
    for entry in abi:
        if entry["type"] == kind and entry.get("name") == name:
            return entry
    raise KeyError(f"the ABI has no {kind} {name}")


@cache
def reason_text(word: bytes) -> str:
    """A `bytes32` reason as text."""
    return word.rstrip(b"\0").decode("ascii", "replace")
