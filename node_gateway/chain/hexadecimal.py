"""Quantities and bytes as JSON-RPC writes them."""


def quantity(value: int) -> str:
    """`0x`-prefixed hexadecimal without leading zeros."""
    return hex(value)


def number_of(text: str) -> int:
    """The number behind a quantity."""
    return int(text, 16)


def data_of(text: str) -> bytes:
    """The bytes behind `0x…`."""
    return bytes.fromhex(text[2:])


def text_of(data: bytes) -> str:
    """`0x…` of bytes."""
    return "0x" + data.hex()
