"""Tags that bind a return to its purchase, a refund and a capture to theirs. 0 names nothing."""

from typing import Final

NO_TAG: Final = 0


def purchase_tag(sequence: int) -> int:
    """Returns the tag (15 bits, 1 … 32767) of the purchase with this sequence number."""
    return sequence % 32_767 + 1


def burn_tag(sequence: int) -> int:
    """Returns the tag (16 bits, 1 … 65535) of the redemption, hold or capture with this sequence number."""
    return sequence % 65_535 + 1
