"""A tiny ledger with the real one's interface: replay bits, a few kinds of operation, and the events by which the read model is rebuilt.

It is no model of the ledger's rules (tests/model is): purchases earn, redemptions and holds take, and what does not fit is rejected
with a reason, so that an operation that is lost, doubled or out of order can be told from one that is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from node_gateway.chain.abi import SettleItem
from partner_sdk.protocol import (
    Capture,
    Domain,
    Enrol,
    Grant,
    Hold,
    Operation,
    Purchase,
    Redeem,
    SignedSubmission,
    SigningKey,
    Submitter,
    Void,
)
from partner_sdk.protocol.errors import InvalidSignatureError, ProtocolError

PARTNERS: Final = (1, 2, 3)
PARTNER_KEYS: Final = {partner: SigningKey((2_000 + partner).to_bytes(32)) for partner in PARTNERS}
OPERATOR_KEY: Final = SigningKey((1_000).to_bytes(32))
ATTESTER_KEY: Final = SigningKey((1_001).to_bytes(32))
ATTESTER: Final = Submitter.of(0, 1)
LOT_VALIDITY_DAYS: Final = 365
ISSUE_PRICE_MICRO: Final = 10_000
REDEEM_PRICE_MICRO: Final = 8_000
OPERATION_GAS: Final = 40_000
SUBMISSION_GAS_MIN: Final = 20_000
DAY_S: Final = 86_400
NOBODY: Final = bytes(20)

Args = dict[str, Any]
Emitted = list[tuple[str, Args]]


def terms_of(partner: int) -> int:
    """Terms of a partner's lots; those below are its refunds' and its first ones."""
    return 3 * partner + 1


@dataclass(frozen=True, slots=True)
class Account:
    """A member's account. `lots`: points left of each, in the order in which they are taken."""

    balance: int = 0
    held: int = 0
    lots: tuple[int, ...] = ()
    nonces: frozenset[int] = frozenset()
    is_enrolled: bool = False

    @property
    def next_nonce(self) -> int:
        return max(self.nonces, default=0) + 1


@dataclass(slots=True)
class LedgerState:
    """Everything after a block. Copied for each block, so that any of them can be looked at later.

    Attributes:
        used: by operation id, the reason why it was rejected, None for one that was done.
        lanes: by account, how many transactions it has sent.
        replays: operations that came once more, and were ignored.
    """

    accounts: dict[bytes, Account] = field(default_factory=dict)
    used: dict[int, str | None] = field(default_factory=dict)
    holds: dict[tuple[bytes, int], tuple[int, int, str]] = field(default_factory=dict)
    positions: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=lambda: {"issued": 0, "burned": 0, "outstanding": 0})
    lanes: dict[bytes, int] = field(default_factory=dict)
    replays: int = 0

    def copy(self) -> "LedgerState":
        return LedgerState(
            dict(self.accounts), dict(self.used), dict(self.holds), dict(self.positions), dict(self.totals),
            dict(self.lanes), self.replays,
        )  # fmt: skip


class Rejected(Exception):  # noqa: N818  # an operation's outcome, no failure
    """An operation that is refused for a reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Settlement:
    """One transaction of `settle` on a state."""

    def __init__(self, state: LedgerState, domain: Domain, timestamp_s: int) -> None:
        self.state = state
        self.domain = domain
        self.timestamp_s = timestamp_s
        self.events: Emitted = []
        self.gas_used = 60_000
        self._moved: set[int] = set()

    def settle(self, items: Sequence[SettleItem]) -> None:
        """Take the submissions one after the other."""
        for position, item in enumerate(items):
            submission = SignedSubmission.unpack_unchecked(item.wire)
            try:
                operations = self._checked(submission, item.gas_allowance)
            except Rejected as skipped:
                self._emit(
                    "SubmissionSkipped",
                    submitter=int(submission.submitter),
                    position=position,
                    reason=skipped.reason,
                )
                continue
            for operation in operations:
                self.gas_used += OPERATION_GAS
                self._take(submission, operation)
        for partner in sorted(self._moved):
            base, bonus, credit, reimbursed = self.state.positions[partner]
            self._emit(
                "PositionChanged",
                partner=partner,
                base=base,
                bonus=bonus,
                credit=credit,
                reimbursed=reimbursed,
            )

    def _checked(self, submission: SignedSubmission, gas_allowance: int) -> list[Operation]:
        if submission.deadline_s < self.timestamp_s:
            raise Rejected("deadline_passed")
        submitter = submission.submitter
        key = ATTESTER_KEY if submitter == ATTESTER else PARTNER_KEYS.get(submitter.partner)
        if key is None:
            raise Rejected("unknown_submitter")
        try:
            is_signed = submission.signer(self.domain) == key.address
            operations = submission.operations()
        except InvalidSignatureError:
            is_signed, operations = False, []
        except ProtocolError:
            raise Rejected("malformed_submission") from None
        if not is_signed:
            raise Rejected("bad_signature")
        if gas_allowance < SUBMISSION_GAS_MIN * len(operations):
            raise Rejected("out_of_gas")
        return operations

    def _take(self, submission: SignedSubmission, operation: Operation) -> None:
        operation_id = int(submission.operation_id(operation))
        if operation_id in self.state.used:
            self.state.replays += 1
            return
        try:
            self._do(operation, operation_id)
        except Rejected as rejected:
            self.state.used[operation_id] = rejected.reason
            self._emit("OperationRejected", operation=operation_id, reason=rejected.reason)
        else:
            self.state.used[operation_id] = None

    def _do(self, operation: Operation, id_: int) -> None:
        match operation:
            case Enrol():
                self._enrol(operation, id_)
            case Purchase():
                lot = {"spend": operation.spend_minor, "points": operation.spend_minor}
                self._issue("PurchaseSettled", id_, operation.member, operation.spend_minor, lot)
            case Grant():
                self._issue(
                    "GrantSettled", id_, operation.member, operation.points, {"points": operation.points}
                )
            case Redeem():
                self._redeem(operation, id_)
            case Hold():
                self._hold(operation, id_)
            case Capture() | Void():
                self._end_hold(operation, id_)
            case _:
                raise Rejected("not_permitted")

    def _enrol(self, operation: Enrol, id_: int) -> None:
        member = bytes(operation.member)
        account = self._account(member)
        if account.is_enrolled:
            raise Rejected("already_enrolled")
        self.state.accounts[member] = replace(account, is_enrolled=True)
        self._emit(
            "MemberEnrolled", operation=id_, member=member, key=bytes(operation.key), kind=int(operation.key_kind),
            activeFrom=self.timestamp_s,
        )  # fmt: skip

    def _issue(self, event: str, id_: int, member_id: bytes, points: int, words: Args) -> None:
        member, partner = bytes(member_id), id_ >> 48
        account = self._account(member)
        lot = len(account.lots)
        self.state.accounts[member] = replace(
            account, balance=account.balance + points, lots=(*account.lots, points)
        )
        self._count(issued=points, outstanding=points)
        self._move(partner, base=points * ISSUE_PRICE_MICRO)
        day = self.timestamp_s // DAY_S + LOT_VALIDITY_DAYS
        self._emit(
            event, operation=id_, member=member, lot=lot, expiresDay=day, terms=terms_of(partner), **words
        )
        self._emit_transfer(NOBODY, member, points)

    def _redeem(self, operation: Redeem, id_: int) -> None:
        member, nonce = self._authorised(operation)
        self._consume(member, operation.points, nonce)
        self._emit(
            "RedemptionSettled", operation=id_, member=member, points=operation.points, nonce=nonce, terms=terms_of(id_ >> 48),
        )  # fmt: skip
        self._burn(id_ >> 48, member, operation.points)

    def _hold(self, operation: Hold, id_: int) -> None:
        member, nonce = self._authorised(operation)
        account = self._account(member)
        self.state.accounts[member] = replace(
            account, held=account.held + operation.points, nonces=account.nonces | {nonce}
        )
        self.state.holds[member, nonce] = (id_ >> 48, operation.points, "pending")
        self._emit(
            "HoldPlaced", operation=id_, member=member, points=operation.points, nonce=nonce, expiresDay=operation.expires_day,
        )  # fmt: skip

    def _end_hold(self, operation: Capture | Void, id_: int) -> None:
        member, nonce = bytes(operation.member), operation.nonce
        partner, points, state = self.state.holds.get((member, nonce), (0, 0, ""))
        if partner != id_ >> 48:
            raise Rejected("unknown_hold")
        if state != "pending":
            raise Rejected(f"hold_{state}")
        taken = operation.points if isinstance(operation, Capture) else 0
        if taken > points:
            raise Rejected("capture_exceeds_hold")
        account = self._account(member)
        self.state.accounts[member] = replace(account, held=account.held - points)
        self.state.holds[member, nonce] = (partner, points, "captured" if taken else "voided")
        words: Args = {"operation": id_, "member": member, "nonce": nonce, "released": points - taken}
        if not taken:
            self._emit("HoldVoided", **words)
            return
        self._consume(member, taken, None)
        self._emit("HoldCaptured", points=taken, terms=terms_of(partner), **words)
        self._burn(partner, member, taken)

    def _authorised(self, operation: Redeem | Hold) -> tuple[bytes, int]:
        member, nonce = bytes(operation.member), operation.authorisation.nonce
        account = self._account(member)
        if not account.is_enrolled:
            raise Rejected("unknown_member")
        if operation.authorisation.deadline_s < self.timestamp_s:
            raise Rejected("authorisation_expired")
        if nonce in account.nonces:
            raise Rejected("nonce_used")
        if account.balance - account.held < operation.points:
            raise Rejected("insufficient_points")
        return member, nonce

    def _consume(self, member: bytes, points: int, nonce: int | None) -> None:
        account, lots, left = self._account(member), [], points
        for lot in account.lots:
            part = min(lot, left)
            lots.append(lot - part)
            left -= part
        assert left == 0, "more taken than there is"
        nonces = account.nonces if nonce is None else account.nonces | {nonce}
        self.state.accounts[member] = replace(
            account, balance=account.balance - points, lots=tuple(lots), nonces=nonces
        )

    def _burn(self, partner: int, member: bytes, points: int) -> None:
        self._count(burned=points, outstanding=-points)
        self._move(partner, credit=points * REDEEM_PRICE_MICRO)
        self._emit_transfer(member, NOBODY, points)

    def _account(self, member: bytes) -> Account:
        return self.state.accounts.get(member) or Account()

    def _count(self, **changes: int) -> None:
        for name, change in changes.items():
            self.state.totals[name] += change

    def _move(self, partner: int, *, base: int = 0, credit: int = 0) -> None:
        old = self.state.positions.get(partner, (0, 0, 0, 0))
        self.state.positions[partner] = (old[0] + base, old[1], old[2] + credit, old[3])
        self._moved.add(partner)

    def _emit(self, name: str, **args: Any) -> None:
        self.events.append((name, args))

    def _emit_transfer(self, sender: bytes, receiver: bytes, points: int) -> None:
        self._emit("Transfer", **{"from": sender, "to": receiver, "value": points})


def opening_events(timestamp_s: int) -> Emitted:
    """What the first block says: the program, its partners, its attester."""
    program = {
        "name": "Simulated points", "symbol": "SIM", "currency": b"USD", "currencyDecimals": 2,
        "lotValidityDays": LOT_VALIDITY_DAYS, "returnWindowDays": 30, "latePostingDays": 7, "dayOffsetSeconds": 0,
        "firstKeyDelaySeconds": 0, "recoveryDelaySeconds": 3_600, "relyingPartyIdHash": bytes(32),
        "operatorKey": bytes(OPERATOR_KEY.address),
    }  # fmt: skip
    attester = {
        "key": bytes(ATTESTER_KEY.address), "validUntil": 2**48 - 1, "kindsAllowed": 2**32 - 1,
        "operationPointsMax": 2**32 - 1, "dayPointsMax": 2**48 - 1,
    }  # fmt: skip
    events: Emitted = [("ProgramSet", {"terms": program})]
    events.append(("DelegateSet", {"submitter": int(ATTESTER), "terms": attester, "version": 1}))
    for partner, key in PARTNER_KEYS.items():
        terms = terms_of(partner)
        names = {"partner": partner, "name": f"Partner {partner}", "key": bytes(key.address)}
        events.append(("PartnerAdmitted", {**names, "refundTerms": terms - 2, "terms": terms - 1}))
        prices = {
            "issuePriceMicro": ISSUE_PRICE_MICRO,
            "redeemPriceMicro": REDEEM_PRICE_MICRO,
            "earnRate": 100,
        }
        recorded = {"partner": partner, "version": 1, "terms": terms, "effectiveDay": timestamp_s // DAY_S}
        events.append(("PartnerTermsRecorded", recorded | prices))
        events.append(("PartnerTermsInForce", {"partner": partner, "terms": terms}))
    return events
