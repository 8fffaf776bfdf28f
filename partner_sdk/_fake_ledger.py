"""The fake's ledger: enough rules to test a till against, and far fewer than the real one.

No expiry, no debts, no campaigns, no limits, no clearing, no passkeys. What a return cannot take back is forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from partner_sdk.protocol import operations as ops
from partner_sdk.protocol.authorisations import (
    Authorisation,
    HoldAuthorisation,
    RedeemAuthorisation,
    SetAllowanceAuthorisation,
    TransferAuthorisation,
    UnlockAuthorisation,
)
from partner_sdk.protocol.bounds import POINTS_MAX, SPEND_MINOR_MAX
from partner_sdk.protocol.eip712 import Domain
from partner_sdk.protocol.errors import InvalidSignatureError
from partner_sdk.protocol.identities import KeyId, MemberId, OperationId, PartnerId
from partner_sdk.protocol.reasons import Reason
from partner_sdk.protocol.signatures import recover_key
from partner_sdk.protocol.tags import burn_tag, purchase_tag

EARN_POINTS_PER_100_MINOR = 100
LOT_VALIDITY_DAYS = 365

Applied = tuple[str, dict[str, Any]]


class Rejected(Exception):  # noqa: N818  # an outcome, not a failure
    """The fake ledger says no."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)


@dataclass
class FakeLot:
    """Points issued once, and for a purchase the spend that was not returned yet."""

    points: int
    expires_day: int
    issuer: str
    operation: OperationId
    spend_kept_minor: int = 0


@dataclass
class FakeBurn:
    """A hold, a redemption or a capture: what is held, or can still be refunded."""

    operation: OperationId
    points: int
    expires_day: int
    state: str


@dataclass
class FakeAccount:
    """A member's balance and what hangs on it."""

    balance: int = 0
    is_locked: bool = False
    allowance: int = 0
    keys: set[KeyId] = field(default_factory=set)
    nonces: set[int] = field(default_factory=set)
    lots: list[FakeLot] = field(default_factory=list)
    burns: dict[int, FakeBurn] = field(default_factory=dict)

    @property
    def held(self) -> int:
        return sum(burn.points for burn in self.burns.values() if burn.state == "pending")

    @property
    def available(self) -> int:
        return self.balance - self.held

    @property
    def next_nonce(self) -> int:
        return max(self.nonces, default=0) + 1


class FakeLedger:
    """Applies operations at once."""

    def __init__(self, domain: Domain, *, today: int) -> None:
        self.domain = domain
        self.today = today
        self.time_s = today * 86_400
        self.accounts: dict[MemberId, FakeAccount] = {}
        self._rules: dict[type[ops.Operation], Callable[[OperationId, Any], Applied]] = {
            ops.Purchase: self._purchase,
            ops.Return: self._return,
            ops.Redeem: self._redeem,
            ops.Refund: self._refund,
            ops.Hold: self._hold,
            ops.Capture: self._capture,
            ops.Void: self._void,
            ops.Grant: self._grant,
            ops.Transfer: self._transfer,
            ops.Enrol: self._enrol,
            ops.Lock: self._lock,
            ops.Unlock: self._unlock,
            ops.SetAllowance: self._set_allowance,
        }

    def apply(self, operation: OperationId, content: ops.Operation) -> Applied:
        """Returns the event's name and arguments.

        Raises:
            Rejected: with the reason; nothing was changed.
        """
        rule = self._rules.get(type(content))
        if rule is None:
            raise Rejected(Reason.OPERATION_PAUSED)
        name, data = rule(operation, content)
        return name, {"operation": operation.text, "member": content.member.text, **data}  # type: ignore[attr-defined]

    def account(self, member: MemberId) -> FakeAccount:
        """Returns the member's account, a new one if there is none."""
        return self.accounts.setdefault(member, FakeAccount())

    def _issue(
        self, operation: OperationId, member: MemberId, points: int, spend_minor: int
    ) -> dict[str, Any]:
        account = self.account(member)
        expires_day = self.today + LOT_VALIDITY_DAYS
        account.balance += points
        account.lots.append(
            FakeLot(points, expires_day, f"partner:{operation.partner}", operation, spend_minor)
        )
        return {"points": points, "lot": len(account.lots) - 1, "expires_day": expires_day, "terms": 1}

    def _purchase(self, operation: OperationId, purchase: ops.Purchase) -> Applied:
        _check(0 < purchase.spend_minor <= SPEND_MINOR_MAX, Reason.INVALID_AMOUNT)
        points = purchase.spend_minor * EARN_POINTS_PER_100_MINOR // 100
        issued = self._issue(operation, purchase.member, points, purchase.spend_minor)
        return "PurchaseSettled", {"spend": purchase.spend_minor, **issued}

    def _return(self, operation: OperationId, returned: ops.Return) -> Applied:
        account = self.account(returned.member)
        _check(0 < returned.spend_minor <= SPEND_MINOR_MAX, Reason.INVALID_AMOUNT)
        _check(returned.lot < len(account.lots), Reason.UNKNOWN_OPERATION)
        lot = account.lots[returned.lot]
        _check(purchase_tag(lot.operation.sequence) == returned.tag, Reason.UNKNOWN_OPERATION)
        _check(lot.operation.partner == operation.partner, Reason.NOT_YOUR_OPERATION)
        _check(returned.spend_minor <= lot.spend_kept_minor, Reason.RETURN_EXCEEDS_PURCHASE)
        kept = lot.spend_kept_minor
        lot.spend_kept_minor -= returned.spend_minor
        rate = EARN_POINTS_PER_100_MINOR
        points = kept * rate // 100 - lot.spend_kept_minor * rate // 100
        recovered = min(points, account.available)
        account.balance -= recovered
        return "ReturnSettled", {
            "lot": returned.lot,
            "spend": returned.spend_minor,
            "points": points,
            "recovered": recovered,
        }

    def _grant(self, operation: OperationId, grant: ops.Grant) -> Applied:
        _check(0 < grant.points <= POINTS_MAX, Reason.INVALID_AMOUNT)
        return "GrantSettled", self._issue(operation, grant.member, grant.points, 0)

    def _redeem(self, operation: OperationId, redeem: ops.Redeem) -> Applied:
        message = RedeemAuthorisation(
            member=redeem.member,
            partner=PartnerId(operation.partner),
            max_points=redeem.authorisation.max_points,
            nonce=redeem.authorisation.nonce,
            deadline_s=redeem.authorisation.deadline_s,
        )
        account = self._spendable(
            redeem.member, redeem.points, redeem.authorisation, message.digest(self.domain)
        )
        nonce = redeem.authorisation.nonce
        account.nonces.add(nonce)
        account.balance -= redeem.points
        account.burns[nonce] = FakeBurn(operation, redeem.points, 0, "captured")
        return "RedemptionSettled", {"points": redeem.points, "nonce": nonce, "terms": 1}

    def _hold(self, operation: OperationId, hold: ops.Hold) -> Applied:
        message = HoldAuthorisation(
            member=hold.member,
            partner=PartnerId(operation.partner),
            max_points=hold.authorisation.max_points,
            expires_day=hold.expires_day,
            nonce=hold.authorisation.nonce,
            deadline_s=hold.authorisation.deadline_s,
        )
        _check(hold.expires_day >= self.today, Reason.HOLD_EXPIRED)
        account = self._spendable(hold.member, hold.points, hold.authorisation, message.digest(self.domain))
        nonce = hold.authorisation.nonce
        account.nonces.add(nonce)
        account.burns[nonce] = FakeBurn(operation, hold.points, hold.expires_day, "pending")
        return "HoldPlaced", {"points": hold.points, "nonce": nonce, "expires_day": hold.expires_day}

    def _capture(self, operation: OperationId, capture: ops.Capture) -> Applied:
        account, hold = self._own_burn(
            operation, capture.member, capture.nonce, capture.tag, Reason.UNKNOWN_HOLD
        )
        _check(
            hold.state == "pending", Reason.HOLD_CAPTURED if hold.state == "captured" else Reason.HOLD_VOIDED
        )
        _check(0 < capture.points <= POINTS_MAX, Reason.INVALID_AMOUNT)
        _check(capture.points <= hold.points, Reason.CAPTURE_EXCEEDS_HOLD)
        released = hold.points - capture.points
        account.balance -= capture.points
        account.burns[capture.nonce] = FakeBurn(operation, capture.points, hold.expires_day, "captured")
        return "HoldCaptured", {
            "points": capture.points,
            "nonce": capture.nonce,
            "released": released,
            "terms": 1,
        }

    def _void(self, operation: OperationId, void: ops.Void) -> Applied:
        _, hold = self._own_burn(operation, void.member, void.nonce, void.tag, Reason.UNKNOWN_HOLD)
        _check(
            hold.state == "pending", Reason.HOLD_CAPTURED if hold.state == "captured" else Reason.HOLD_VOIDED
        )
        hold.state = "voided"
        return "HoldVoided", {"nonce": void.nonce, "released": hold.points}

    def _refund(self, operation: OperationId, refund: ops.Refund) -> Applied:
        _, burn = self._own_burn(operation, refund.member, refund.nonce, refund.tag, Reason.UNKNOWN_OPERATION)
        _check(burn.state == "captured", Reason.UNKNOWN_OPERATION)
        _check(0 < refund.points <= POINTS_MAX, Reason.INVALID_AMOUNT)
        _check(refund.points <= burn.points, Reason.REFUND_EXCEEDS_REDEMPTION)
        burn.points -= refund.points
        return "RefundSettled", {
            "nonce": refund.nonce,
            **self._issue(operation, refund.member, refund.points, 0),
        }

    def _transfer(self, operation: OperationId, transfer: ops.Transfer) -> Applied:
        message = TransferAuthorisation(
            member=transfer.member,
            to=transfer.to,
            max_points=transfer.authorisation.max_points,
            nonce=transfer.authorisation.nonce,
            deadline_s=transfer.authorisation.deadline_s,
        )
        _check(transfer.member != transfer.to, Reason.SAME_MEMBER)
        digest = message.digest(self.domain)
        account = self._spendable(transfer.member, transfer.points, transfer.authorisation, digest)
        account.nonces.add(transfer.authorisation.nonce)
        account.balance -= transfer.points
        self.account(transfer.to).balance += transfer.points
        return "TransferSettled", {
            "to": transfer.to.text,
            "points": transfer.points,
            "nonce": transfer.authorisation.nonce,
        }

    def _enrol(self, _: OperationId, enrol: ops.Enrol) -> Applied:
        account = self.account(enrol.member)
        _check(not account.keys, Reason.ALREADY_ENROLLED)
        account.keys.add(enrol.key)
        return "MemberEnrolled", {"key": enrol.key.text, "kind": enrol.key_kind, "active_from": self.time_s}

    def _lock(self, _: OperationId, lock: ops.Lock) -> Applied:
        self.account(lock.member).is_locked = True
        return "MemberLocked", {}

    def _unlock(self, _: OperationId, unlock: ops.Unlock) -> Applied:
        authorisation = unlock.authorisation
        message = UnlockAuthorisation(
            member=unlock.member, nonce=authorisation.nonce, deadline_s=authorisation.deadline_s
        )
        account = self._authorised(unlock.member, authorisation, message.digest(self.domain))
        account.nonces.add(authorisation.nonce)
        account.is_locked = False
        return "MemberUnlocked", {}

    def _set_allowance(self, _: OperationId, allowance: ops.SetAllowance) -> Applied:
        authorisation = allowance.authorisation
        message = SetAllowanceAuthorisation(
            member=allowance.member,
            points_per_day=allowance.points_per_day,
            nonce=authorisation.nonce,
            deadline_s=authorisation.deadline_s,
        )
        account = self._authorised(allowance.member, authorisation, message.digest(self.domain))
        account.nonces.add(authorisation.nonce)
        account.allowance = allowance.points_per_day
        return "AllowanceSet", {"points_per_day": allowance.points_per_day}

    def _own_burn(
        self, operation: OperationId, member: MemberId, nonce: int, tag: int, unknown: Reason
    ) -> tuple[FakeAccount, FakeBurn]:
        account = self.account(member)
        burn = account.burns.get(nonce)
        if burn is None or burn_tag(burn.operation.sequence) != tag:
            raise Rejected(unknown)
        _check(burn.operation.partner == operation.partner, Reason.NOT_YOUR_OPERATION)
        return account, burn

    def _spendable(
        self, member: MemberId, points: int, authorisation: Authorisation, digest: bytes
    ) -> FakeAccount:
        _check(0 < points <= POINTS_MAX, Reason.INVALID_AMOUNT)
        _check(bool(self.account(member).keys), Reason.UNKNOWN_MEMBER)
        _check(not self.account(member).is_locked, Reason.MEMBER_LOCKED)
        account = self._authorised(member, authorisation, digest)
        _check(points <= authorisation.max_points, Reason.AUTHORISATION_EXCEEDED)
        _check(points <= account.available, Reason.INSUFFICIENT_POINTS)
        return account

    def _authorised(self, member: MemberId, authorisation: Authorisation, digest: bytes) -> FakeAccount:
        account = self.account(member)
        _check(authorisation.deadline_s >= self.time_s, Reason.AUTHORISATION_EXPIRED)
        _check(authorisation.nonce not in account.nonces, Reason.NONCE_USED)
        try:
            key = recover_key(digest, authorisation.proof)
        except InvalidSignatureError:
            raise Rejected(Reason.BAD_AUTHORISATION) from None
        _check(key in account.keys, Reason.BAD_AUTHORISATION)
        return account


def _check(holds: bool, reason: Reason) -> None:
    if not holds:
        raise Rejected(reason)
