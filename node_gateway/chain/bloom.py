"""The bloom filter of a block's logs (Ethereum's yellow paper, 4.3.1): 2,048 bits, three for each address and topic."""

from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Any, Final

from partner_sdk.protocol.keccak import keccak256

_BITS: Final = 2_048
_FIRST_WORDS: Final = Struct(">HHH")


def bloom_of(logs: Iterable[Mapping[str, Any]]) -> int:
    """The filter of logs as a node gives them (`address`, `topics` as `0x…`), read as one big-endian number."""
    words: set[str] = set()
    for log in logs:
        words.add(log["address"])
        words.update(log["topics"])
    places: set[int] = set()
    for word in words:
        places.update(_FIRST_WORDS.unpack_from(keccak256(bytes.fromhex(word[2:]))))
    filled = bytearray(_BITS // 8)
    for place in places:
        bit = place % _BITS
        filled[-1 - (bit >> 3)] |= 1 << (bit & 7)
    return int.from_bytes(filled)
