"""Which nonces of a member's authorisations are used up: the ledger's window below the highest one (docs/protocol.md)."""

from typing import NamedTuple

from partner_sdk.protocol.bounds import NONCE_WINDOW

_WINDOW_MASK = (1 << NONCE_WINDOW) - 1


class UsedNonces(NamedTuple):
    """As the ledger keeps them.

    Attributes:
        next_nonce: the highest used one and 1; 1 where none was.
        window: bit i: nonce `next_nonce - 2 - i` was used.
    """

    next_nonce: int = 1
    window: int = 0

    def has(self, nonce: int) -> bool:
        """Whether no authorisation with this nonce can be used any more. What fell out of the window counts as used."""
        behind = self.next_nonce - 1 - nonce
        if behind < 0:
            return False
        return nonce == 0 or behind == 0 or behind > NONCE_WINDOW or bool(self.window >> (behind - 1) & 1)

    def using(self, nonce: int) -> "UsedNonces":
        """These, after one more that was not among them; from 1."""
        ahead = nonce - self.next_nonce + 1
        if ahead < 0:
            return UsedNonces(self.next_nonce, self.window | 1 << (-ahead - 1))
        # The bit of the highest one itself comes in with the shift.
        return UsedNonces(nonce + 1, ((self.window << 1 | 1) << (ahead - 1)) & _WINDOW_MASK)
