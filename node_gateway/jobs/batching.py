"""Which submissions go into which batch: cut by gas and bytes, in accepted order for each partner and each member. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from node_gateway.chain.abi import WIRE_HEAD_BYTES, SettleItem
from partner_sdk.protocol.operation_bodies import OperationKind
from partner_sdk.protocol.operations import FRAME_HEADER_BYTES

# A transaction may use 16.78 M gas (EIP-7825); a batch is cut well below, so that an estimate may be wrong.
BATCH_GAS_MAX: Final = 14_000_000
TRANSACTION_GAS_MAX: Final = 16_777_216
# geth refuses transactions over 128 KiB.
BATCH_BYTES_MAX: Final = 120_000
BATCH_BASE_GAS: Final = 60_000
SUBMISSION_GAS: Final = 16_000
# Gas that the ledger keeps beyond a submission's allowance, with room to end the batch.
RESERVE_GAS: Final = 260_000
ALLOWANCE_BASE_GAS: Final = 150_000
# The widest a single submission may reach: one alone in a transaction.
ALLOWANCE_GAS_MAX: Final = 15_800_000
_PASSKEY_SCHEME: Final = 2
_PASSKEY_GAS: Final = 300_000
_DEFAULT_KIND_GAS: Final = 120_000
# A member's first purchase in a campaign beyond one outside of all: a slot for the progress, and often a stage.
_CAMPAIGN_GAS: Final = 25_000
# First guesses, on the safe side; what the chain then charges corrects them (`GasModel.learn`).
_KIND_GAS: Final[dict[int, int]] = {
    0x01: 33_000, 0x02: 35_000, 0x03: 55_000, 0x04: 45_000, 0x05: 60_000, 0x06: 45_000, 0x07: 30_000, 0x08: 110_000,
    0x09: 40_000, 0x10: 90_000, 0x11: 80_000, 0x12: 60_000, 0x13: 35_000, 0x14: 50_000, 0x15: 70_000,
}  # fmt: skip
# Where a body's authorisation begins, by kind: a passkey's proof costs far more than a key's.
_AUTHORISATION_AT: Final[dict[int, int]] = {
    0x03: 24, 0x05: 27, 0x08: 44, 0x11: 41, 0x12: 40, 0x14: 20, 0x15: 24, 0x17: 20,
}  # fmt: skip
_TO_AT: Final[dict[int, int]] = {0x08: 20}
_WITHOUT_MEMBER: Final = frozenset({0x20, 0x21})


@dataclass(frozen=True, slots=True)
class Waiting:
    """An accepted submission as the relay sees it.

    Attributes:
        submission_id: its EIP-712 digest.
        wire: the wire form.
        parties: what orders it: its partner, and every member that it names.
        guessed_gas: by kinds, before what was learned.
        operation_count: how many operations.
        attempts: batches that failed to settle it.
        accepted_at_ms: by the gateway's clock.
    """

    submission_id: bytes
    wire: bytes
    parties: frozenset[int | bytes]
    guessed_gas: int
    operation_count: int
    attempts: int
    accepted_at_ms: int


@dataclass(slots=True)
class Batch:
    """Submissions that one transaction will carry."""

    lane: bytes
    submissions: list[Waiting] = field(default_factory=list)
    expected_gas: int = BATCH_BASE_GAS
    guessed_gas: int = BATCH_BASE_GAS
    size_bytes: int = 0
    items: list[SettleItem] = field(default_factory=list)

    @property
    def operation_count(self) -> int:
        return sum(waiting.operation_count for waiting in self.submissions)

    @property
    def gas_limit(self) -> int:
        """Expected gas, an eighth more, and room for the largest allowance; what is not used costs nothing."""
        largest = max(item.gas_allowance for item in self.items)
        wanted = self.expected_gas * 9 // 8 + largest + largest // 63 + RESERVE_GAS
        return min(TRANSACTION_GAS_MAX, wanted)


@dataclass(slots=True)
class GasModel:
    """Learns what the chain charges against the guesses by kind, so that no batch needs a simulation."""

    ratio: float = 1.0
    _WEIGHT: float = 0.005
    _MARGIN: float = 1.15
    # Members that come again would bring it lower; a burst of new ones may follow at any time.
    _RATIO_MIN: float = 0.85

    def expected(self, guessed_gas: int) -> int:
        """Gas to plan with, a margin above what was charged lately."""
        return int(guessed_gas * self.ratio * self._MARGIN)

    def allowance(self, guessed_gas: int, attempts: int) -> int:
        """Gas that a submission may use: thrice what is expected, and four times more for each attempt that starved."""
        wanted = (3 * self.expected(guessed_gas) + ALLOWANCE_BASE_GAS) * 4**attempts
        return int(min(wanted, ALLOWANCE_GAS_MAX))

    def learn(self, guessed_gas: int, used_gas: int) -> None:
        """Take in what a batch was charged. Dearer counts at once, cheaper slowly."""
        seen = used_gas / guessed_gas
        weight = 1.0 if seen > self.ratio else self._WEIGHT
        self.ratio = min(4.0, max(self._RATIO_MIN, self.ratio + weight * (seen - self.ratio)))


def waiting_of(
    submission_id: bytes,
    wire: bytes,
    *,
    attempts: int,
    accepted_at_ms: int,
    open_campaigns: Mapping[int, int] = MappingProxyType({}),
) -> Waiting:
    """Read from a wire form what batching needs; `open_campaigns` says in how many campaigns a partner's purchases count."""
    partner = wire[0] << 8 | wire[1]
    parties: set[int | bytes] = {partner}
    purchase_gas = _KIND_GAS[OperationKind.PURCHASE] + _CAMPAIGN_GAS * open_campaigns.get(partner, 0)
    gas, count = SUBMISSION_GAS, 0
    offset, end = WIRE_HEAD_BYTES, len(wire)
    while offset + FRAME_HEADER_BYTES <= end:
        # `length uint16 | kind uint8 | sequence uint32 | body`: cut by hand, for this is done to everything that is sent.
        frame_end = offset + 2 + (wire[offset] << 8 | wire[offset + 1])
        kind, body = wire[offset + 2], offset + FRAME_HEADER_BYTES
        if not body <= frame_end <= end:
            break  # the ledger will skip it with its reason
        gas += purchase_gas if kind == OperationKind.PURCHASE else _KIND_GAS.get(kind, _DEFAULT_KIND_GAS)
        at = _AUTHORISATION_AT.get(kind)
        if at is not None and body + at < frame_end and wire[body + at] == _PASSKEY_SCHEME:
            gas += _PASSKEY_GAS + 40 * (frame_end - body)
        if kind not in _WITHOUT_MEMBER:
            parties.add(wire[body : body + 20])
        if (to := _TO_AT.get(kind)) is not None:
            parties.add(wire[body + to : body + to + 20])
        count += 1
        offset = frame_end
    return Waiting(submission_id, wire, frozenset(parties), gas, count, attempts, accepted_at_ms)


class LaneOrder:
    """Which partners and members are in flight on which lanes, so that nobody's operations overtake each other.

    New batches keep a party to one lane. What is in flight may still have it on several: batches of blocks that were taken back.
    """

    def __init__(self) -> None:
        self._counts: dict[int | bytes, dict[bytes, int]] = {}
        self._held: set[int | bytes] = set()

    def hold(self, parties: Iterable[int | bytes]) -> None:
        """Let nothing of these parties follow until all of theirs that is in flight has arrived: its last may fail again."""
        self._held.update(parties)

    def is_held(self, parties: frozenset[int | bytes]) -> bool:
        """Whether anything of these parties has to wait."""
        return not self._held.isdisjoint(parties)

    def lanes_of(self, parties: Iterable[int | bytes]) -> set[bytes]:
        """Lanes that carry something of these parties."""
        return {lane for party in parties for lane in self._counts.get(party, ())}

    def enter(self, lane: bytes, parties: Iterable[int | bytes]) -> None:
        """A submission of these parties is on its way on a lane."""
        for party in parties:
            if (counts := self._counts.get(party)) is None:
                self._counts[party] = {lane: 1}
            else:
                counts[lane] = counts.get(lane, 0) + 1

    def leave(self, lane: bytes, parties: Iterable[int | bytes]) -> None:
        """A submission of these parties arrived, or came back."""
        for party in parties:
            counts = self._counts[party]
            if counts[lane] > 1:
                counts[lane] -= 1
            elif len(counts) > 1:
                del counts[lane]
            else:
                del self._counts[party]
                self._held.discard(party)


def cut_batches(
    waiting: Sequence[Waiting],
    room: dict[bytes, int],
    order: LaneOrder,
    gas: GasModel,
    *,
    block_gas_max: int = TRANSACTION_GAS_MAX,
) -> list[Batch]:
    """Assign submissions, in accepted order, to batches of lanes that have room; enters them into `order`.

    Args:
        waiting: accepted submissions, oldest first.
        room: by lane, how many more batches may be in flight.
        order: what is in flight.
        gas: what operations cost.
        block_gas_max: most gas a transaction may have here.

    Returns:
        Batches in the order in which each lane must send them. What found no room waits.
    """
    open_batches: dict[bytes, Batch] = {}
    done: list[Batch] = []
    left = dict(room)
    blocked: set[int | bytes] = set()
    most = min(BATCH_GAS_MAX, block_gas_max)
    for submission in waiting:
        lane = _lane_for(submission, left, open_batches, order, blocked)
        if lane is None:
            blocked |= submission.parties
            if not any(left.values()) and not open_batches:
                break
            continue
        allowance = min(
            gas.allowance(submission.guessed_gas, submission.attempts), block_gas_max - RESERVE_GAS
        )
        # A submission that starved before goes alone, with all the gas there is.
        is_alone = submission.attempts > 0
        batch = open_batches.get(lane)
        if batch is not None and (is_alone or not _fits(batch, submission, gas, most)):
            done.append(open_batches.pop(lane))
            batch = None
        if batch is None:
            if left.get(lane, 0) <= 0:
                blocked |= submission.parties
                continue
            left[lane] -= 1
            batch = open_batches[lane] = Batch(lane)
        _add(batch, submission, gas, allowance)
        order.enter(lane, submission.parties)
        if is_alone:
            done.append(open_batches.pop(lane))
            order.hold(submission.parties)
    return done + list(open_batches.values())


def _lane_for(
    submission: Waiting,
    room: dict[bytes, int],
    open_batches: dict[bytes, Batch],
    order: LaneOrder,
    blocked: set[int | bytes],
) -> bytes | None:
    if not blocked.isdisjoint(submission.parties) or order.is_held(submission.parties):
        return None
    lanes = order.lanes_of(submission.parties)
    if len(lanes) > 1:
        return None
    usable = [lane for lane in room if room[lane] > 0 or lane in open_batches]
    if lanes:
        (lane,) = lanes
        return lane if lane in usable else None
    return max(usable, key=lambda lane: room[lane], default=None)


def _fits(batch: Batch, submission: Waiting, gas: GasModel, most: int) -> bool:
    expected = batch.expected_gas + gas.expected(submission.guessed_gas)
    return expected <= most and batch.size_bytes + len(submission.wire) + 256 <= BATCH_BYTES_MAX


def _add(batch: Batch, submission: Waiting, gas: GasModel, allowance: int) -> None:
    batch.submissions.append(submission)
    batch.items.append(SettleItem(submission.wire, allowance))
    batch.expected_gas += gas.expected(submission.guessed_gas)
    batch.guessed_gas += submission.guessed_gas
    batch.size_bytes += len(submission.wire) + 256
