"""Bounds of the protocol (docs/protocol.md) and of the ledger's rules."""

from typing import Final

OPERATIONS_MAX: Final = 256
"""Operations in one submission."""
OPERATIONS_BYTES_MAX: Final = 65_535
"""All framed operations of one submission, in bytes."""
SUBMISSIONS_BULK_MAX: Final = 500
"""Submissions in one bulk request."""

POINTS_MAX: Final = 4 * 10**9
"""Points in one operation, and in one lot."""
SPEND_MINOR_MAX: Final = 10**12
"""Spend of one purchase or return, in minor units."""
PRICE_MICRO_MAX: Final = 10**9
"""Price of a point, in micro-units of the currency."""
EARN_RATE_MAX: Final = 10_000
"""Points for 100 minor units."""
SHARE_BPS_TOTAL: Final = 10_000
"""All funding shares of a campaign, in basis points."""

SEQUENCE_MAX: Final = 2**32 - 1
NONCE_MAX: Final = 2**22 - 1
NONCE_WINDOW: Final = 32
"""Nonces below the highest used one that are still good."""
NONCE_AHEAD_MAX: Final = 256
"""How far a nonce may skip ahead of the highest used one."""
DAY_MAX: Final = 2**20 - 1
DEADLINE_MAX_S: Final = 2**48 - 1

OCCURRED_ON_SETTLEMENT: Final = 0xFFFFFF
"""`occurred_day` of a purchase that counts on the day on which it settles."""
