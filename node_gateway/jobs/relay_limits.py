"""Bounds of the relay."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLimits:
    """How the relay cuts and sends.

    Attributes:
        in_flight_max: batches of one lane that may be in flight.
        batch_age_ms: how long the oldest submission may wait for others to share its batch.
        submissions_in_step_max: submissions read in one step.
        resend_after_ms: how long a sent batch may stay without a block before its bytes are sent again.
        foreign_after_ms: how long a nonce may be used on the chain without a block of ours before it counts as taken by another.
        priority_wei: tip for each gas.
        max_fee_wei: most that a gas may cost.
    """

    in_flight_max: int = 32
    batch_age_ms: int = 50
    submissions_in_step_max: int = 4_000
    resend_after_ms: int = 3_000
    foreign_after_ms: int = 20_000
    priority_wei: int = 1
    max_fee_wei: int = 10**12
