"""The tables against the chain: after every commit, the state of the block that they have come to."""

from collections import Counter, defaultdict
from typing import Any

from tests.faults.chain import Block
from tests.faults.gateway import GatewayUnderTest

Problems = list[str]


class TableWatch:
    """Looks at a gateway's tables whenever they moved.

    Attributes:
        problems: what differed, the first time it did.
        blocks_seen: how many states were compared.
    """

    def __init__(self) -> None:
        self.problems: Problems = []
        self.blocks_seen = 0
        self._last: dict[str, tuple[int, int]] = {}

    def look(self, gateway: GatewayUnderTest) -> None:
        """After a commit."""
        place = gateway.reader.rows("SELECT next_block, generation FROM cursor")
        if not place or self._last.get(gateway.name) == place[0]:
            return
        self._last[gateway.name] = (place[0][0], place[0][1])
        number = place[0][0] - 1
        found = gateway.reader.rows(f"SELECT hash FROM blocks WHERE number = {number}")
        if not found:
            return
        block = gateway.network.chain.known["0x" + bytes(found[0][0]).hex()]
        self.blocks_seen += 1
        for problem in differences(gateway, block):
            self.problems.append(f"{gateway.name} at block {number}: {problem}")


def differences(gateway: GatewayUnderTest, block: Block) -> Problems:
    """Where the tables differ from the state after a block."""
    state, rows = block.state, gateway.reader.rows
    found: Problems = []
    lots: dict[bytes, list[int]] = defaultdict(list)
    for member, left in rows("SELECT member, points_left FROM lots ORDER BY member, lot"):
        lots[bytes(member)].append(left)
    accounts = {
        bytes(member): (balance, held, nonce, bool(enrolled), tuple(lots[bytes(member)]))
        for member, balance, held, nonce, enrolled in rows(
            "SELECT member, balance, held, next_nonce, is_enrolled FROM members"
        )
    }
    wanted = {
        member: (account.balance, account.held, account.next_nonce, account.is_enrolled, account.lots)
        for member, account in state.accounts.items()
    }
    found += _compare("account", wanted, accounts)
    (sums,) = rows("SELECT issued, burned, outstanding FROM totals")
    totals = dict(zip(("issued", "burned", "outstanding"), sums, strict=True))
    found += _compare("total", state.totals, totals)
    positions = {
        row[0]: tuple(int(value) for value in row[1:])
        for row in rows(
            "SELECT partner, base_micro, bonus_micro, credit_micro, reimbursed_micro FROM positions"
        )
    }
    found += _compare("position", state.positions, {p: line for p, line in positions.items() if any(line)})
    operations = {
        operation: reason if status == "rejected" else None
        for operation, status, reason in rows(
            "SELECT id, status, reason FROM operations WHERE status IN ('settled', 'rejected')"
        )
    }
    return found + _compare("operation", state.used, operations)


def _compare(what: str, wanted: dict[Any, Any], found: dict[Any, Any]) -> Problems:
    problems = []
    for key in wanted.keys() | found.keys():
        if wanted.get(key, "absent") != found.get(key, "absent"):
            text = key.hex() if isinstance(key, bytes) else key
            problems.append(
                f"{what} {text} is {found.get(key, 'absent')}, the chain says {wanted.get(key, 'absent')}"
            )
    return problems[:4]


def batch_problems(gateway: GatewayUnderTest) -> Problems:
    """Every transaction of the gateway's lanes is a batch that it knows, mined where the tables say; no nonce went to two."""
    chain = gateway.network.chain
    lanes = {signer.address for signer in gateway.lanes}
    on_chain = {
        transaction.tx_hash: block.number
        for block in chain.blocks
        for transaction in block.transactions
        if transaction.sender in lanes
    }
    known: dict[str, tuple[str, int | None]] = {}
    by_nonce: dict[tuple[bytes, int], set[int]] = defaultdict(set)
    for batch, tx_hash, status, number, lane, nonce in gateway.reader.rows(
        "SELECT id, tx_hash, status, block_number, lane, nonce FROM batches"
    ):
        known["0x" + bytes(tx_hash).hex()] = (status, number)
        by_nonce[bytes(lane), nonce].add(batch)
    problems = [
        f"transaction {tx_hash} in block {number} is {known.get(tx_hash, 'no batch of the tables')}"
        for tx_hash, number in on_chain.items()
        if known.get(tx_hash) != ("mined", number)
    ]
    problems += [
        f"batch {tx_hash} is {status} in block {number}, but not on the chain"
        for tx_hash, (status, number) in known.items()
        if status == "mined" and tx_hash not in on_chain
    ]
    carried: dict[int, list[bytes]] = defaultdict(list)
    for batch, submission in gateway.reader.rows(
        "SELECT batch_id, submission_id FROM batch_submissions ORDER BY batch_id, position"
    ):
        carried[batch].append(bytes(submission))
    for (lane, nonce), batches in by_nonce.items():
        if len({tuple(carried[batch]) for batch in batches}) > 1:
            problems.append(
                f"nonce {nonce} of lane {lane.hex()[:8]} was given to different batches {sorted(batches)}"
            )
    mined = Counter(
        submission
        for tx_hash, batch in _batches_by_hash(gateway).items()
        if tx_hash in on_chain
        for submission in carried[batch]
    )
    return problems + [
        f"submission {submission.hex()[:8]} is in {count} mined batches"
        for submission, count in mined.items()
        if count > 1
    ]


def _batches_by_hash(gateway: GatewayUnderTest) -> dict[str, int]:
    return {
        "0x" + bytes(tx_hash).hex(): batch
        for batch, tx_hash in gateway.reader.rows("SELECT id, tx_hash FROM batches")
    }


def order_problems(gateway: GatewayUnderTest, own: set[bytes]) -> Problems:
    """Operations of one partner, and of one member, stand on the chain as they were accepted.

    Args:
        own: submissions that came through this gateway alone, as did all their operations.
    """
    place: dict[int, int] = {}
    for block in gateway.network.chain.blocks:
        for name, args in block.events:
            if (operation := args.get("operation")) and name != "Transfer":
                place.setdefault(operation, len(place))
    problems = []
    last: dict[object, tuple[int, int]] = {}
    for operation, submission, partner, member in gateway.reader.rows(
        "SELECT o.id, o.submission_id, o.partner, o.member FROM operations o JOIN submissions s ON s.id = o.submission_id "
        # One that ended otherwise carried nothing: its operations were signed again, and may have come through another gateway.
        "WHERE s.status = 'settled' ORDER BY s.accept_order, o.position"
    ):
        if bytes(submission) not in own or operation not in place:
            continue
        for party in (partner, bytes(member)):
            before = last.get(party, (-1, 0))
            if place[operation] < before[0]:
                problems.append(
                    f"operation {operation} of {party!r} settled before {before[1]}, which was accepted first"
                )
            last[party] = max(before, (place[operation], operation))
    return problems[:4]
