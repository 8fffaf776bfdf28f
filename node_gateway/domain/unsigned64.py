"""Operation ids are unsigned 64-bit numbers and SQL has no such type: they are stored in two's complement.

Ids of partners from 32768 on are negative in the database. Order by id means nothing there; equality does.
"""

_SIGN_BIT = 1 << 63
_MODULUS = 1 << 64


def signed64(number: int) -> int:
    """Two's complement of an unsigned 64-bit number, as stored.

    Args:
        number: 0 … 2^64 - 1.
    """
    assert 0 <= number < _MODULUS, number
    return number - _MODULUS if number & _SIGN_BIT else number


def unsigned64(stored: int) -> int:
    """Inverse of `signed64`."""
    return stored & (_MODULUS - 1)
