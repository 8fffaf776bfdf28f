"""Cutting batches: order, gas and lanes."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from node_gateway.jobs.batching import (
    BATCH_GAS_MAX,
    TRANSACTION_GAS_MAX,
    GasModel,
    LaneOrder,
    Waiting,
    cut_batches,
    waiting_of,
)
from partner_sdk.protocol import MemberId, Purchase, frame_operations

LANES = (b"a" * 20, b"b" * 20, b"c" * 20)


def _waiting(number: int, parties: set[int | bytes], *, gas: int = 1_000_000, attempts: int = 0) -> Waiting:
    return Waiting(number.to_bytes(32), bytes(100), frozenset(parties), gas, 1, attempts, 0)


@settings(deadline=None)
@given(seed=st.integers(0, 10**6), lanes=st.integers(1, 3))
def test_no_partner_and_no_member_is_overtaken_or_on_two_lanes(seed: int, lanes: int) -> None:
    dice = random.Random(seed)
    waiting = [
        _waiting(i, {dice.randrange(4), b"m%d" % dice.randrange(6)}, gas=dice.randrange(10**5, 4 * 10**6))
        for i in range(40)
    ]
    order, settled = LaneOrder(), []
    while waiting:
        batches = cut_batches(waiting, dict.fromkeys(LANES[:lanes], 2), order, GasModel())
        lane_of: dict[int | bytes, bytes] = {}
        for batch in batches:
            for submission in batch.submissions:
                for party in submission.parties:
                    assert lane_of.setdefault(party, batch.lane) == batch.lane
        assert batches, "nothing moves"
        # Lanes race; within a lane batches keep their order.
        queues = {lane: [batch for batch in batches if batch.lane == lane] for lane in LANES}
        while any(queues.values()):
            lane = dice.choice([lane for lane in LANES if queues[lane]])
            for submission in queues[lane].pop(0).submissions:
                settled.append(submission)
                order.leave(lane, submission.parties)
        done = {submission.submission_id for submission in settled}
        waiting = [submission for submission in waiting if submission.submission_id not in done]
    last: dict[int | bytes, bytes] = {}
    for submission in settled:
        for party in submission.parties:
            assert submission.submission_id > last.get(party, b"")
            last[party] = submission.submission_id


def test_cuts_by_gas_and_leaves_room_for_the_largest_allowance() -> None:
    batches = cut_batches([_waiting(i, {i}) for i in range(40)], {LANES[0]: 9}, LaneOrder(), GasModel())
    assert sum(len(batch.submissions) for batch in batches) == 40
    assert len(batches) > 1
    for batch in batches:
        assert batch.expected_gas <= BATCH_GAS_MAX
        assert batch.expected_gas < batch.gas_limit <= TRANSACTION_GAS_MAX


def test_what_starved_goes_alone_with_more_gas() -> None:
    waiting = [_waiting(0, {1}), _waiting(1, {2}, attempts=2), _waiting(2, {3})]
    batches = cut_batches(waiting, {LANES[0]: 9}, LaneOrder(), GasModel())
    assert [len(batch.submissions) for batch in batches] == [1, 1, 1]
    assert batches[1].items[0].gas_allowance > 3 * batches[0].items[0].gas_allowance


def test_takes_no_more_batches_than_there_is_room_for() -> None:
    waiting = [_waiting(i, {i}, gas=9_000_000) for i in range(9)]
    assert len(cut_batches(waiting, {LANES[0]: 2, LANES[1]: 1}, LaneOrder(), GasModel())) == 3
    assert not cut_batches(waiting, {LANES[0]: 0}, LaneOrder(), GasModel())


def test_waits_while_a_party_is_on_two_lanes_since_blocks_were_taken_back() -> None:
    order = LaneOrder()
    order.enter(LANES[0], {1, b"m1"})
    order.enter(LANES[1], {2, b"m1"})
    room = dict.fromkeys(LANES[:2], 9)
    assert not cut_batches([_waiting(1, {3, b"m1"})], room, order, GasModel())
    order.leave(LANES[0], {1, b"m1"})
    (batch,) = cut_batches([_waiting(1, {3, b"m1"})], room, order, GasModel())
    assert batch.lane == LANES[1]


def test_learns_dearer_at_once_and_cheaper_slowly() -> None:
    gas = GasModel()
    gas.learn(1_000_000, 2_000_000)
    assert gas.ratio == 2.0
    gas.learn(1_000_000, 1_000_000)
    assert 1.9 < gas.ratio < 2.0


def test_reads_who_a_submission_concerns() -> None:
    member = MemberId(bytes(range(20)))
    wire = (
        (3 << 16).to_bytes(4)
        + bytes(70)
        + frame_operations([Purchase(1, member, 100), Purchase(2, member, 100)])
    )
    waiting = waiting_of(b"id", wire, attempts=0, accepted_at_ms=5)
    assert waiting.parties == {3, bytes(member)}
    assert waiting.operation_count == 2


def test_nothing_of_its_parties_follows_a_submission_that_failed_before_until_it_arrived() -> None:
    order, room = LaneOrder(), dict.fromkeys(LANES, 4)
    failed = _waiting(1, {1, b"m"}, attempts=1)
    of_partner, of_member, of_others = _waiting(2, {1, b"n"}), _waiting(3, {2, b"m"}), _waiting(4, {3, b"o"})
    batches = cut_batches([failed, of_partner, of_member, of_others], room, order, GasModel())
    assert sorted(s.submission_id[-1] for batch in batches for s in batch.submissions) == [1, 4]
    assert cut_batches([of_partner, of_member], room, order, GasModel()) == []
    (alone,) = (batch for batch in batches if failed in batch.submissions)
    order.leave(alone.lane, failed.parties)
    later = cut_batches([of_partner, of_member], room, order, GasModel())
    assert sorted(s.submission_id[-1] for batch in later for s in batch.submissions) == [2, 3]


def test_plans_more_gas_for_purchases_that_count_in_open_campaigns() -> None:
    wire = (3 << 16).to_bytes(4) + bytes(70) + frame_operations([Purchase(1, MemberId(bytes(20)), 100)])

    def guessed(open_campaigns: dict[int, int]) -> int:
        return waiting_of(
            b"id", wire, attempts=0, accepted_at_ms=5, open_campaigns=open_campaigns
        ).guessed_gas

    assert guessed({3: 2}) - guessed({}) == 50_000
    assert guessed({4: 1}) == guessed({})
