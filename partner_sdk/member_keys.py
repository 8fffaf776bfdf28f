"""A member's own secp256k1 key: signs what the wallet, or a test of a till, needs. A passkey signs in the browser instead."""

from partner_sdk.protocol.authorisations import (
    AddKeyAuthorisation,
    Authorisation,
    HoldAuthorisation,
    KeyKind,
    RedeemAuthorisation,
    RefuseRecoveryAuthorisation,
    RemoveKeyAuthorisation,
    SetAllowanceAuthorisation,
    TransferAuthorisation,
    UnlockAuthorisation,
)
from partner_sdk.protocol.eip712 import Domain
from partner_sdk.protocol.identities import KeyId, MemberId, PartnerId
from partner_sdk.protocol.operation_bodies import OperationKind
from partner_sdk.protocol.signatures import SigningKey
from partner_sdk.protocol.till_codes import TillCode


class MemberKey:
    """Signs authorisations of one member. The caller gives each its own nonce (`next_nonce` of the member) and deadline."""

    def __init__(self, member: MemberId, key: SigningKey, domain: Domain) -> None:
        self.member = member
        self.key = key
        self.domain = domain

    def redeem(self, *, partner: int, max_points: int, nonce: int, deadline_s: int) -> TillCode:
        """Returns the code with which `partner` may take up to `max_points`, once, until `deadline_s` (Unix time)."""
        message = RedeemAuthorisation(
            member=self.member,
            partner=PartnerId(partner),
            max_points=max_points,
            nonce=nonce,
            deadline_s=deadline_s,
        )
        return TillCode(
            OperationKind.REDEEM, PartnerId(partner), self.member, message.sign(self.domain, self.key)
        )

    def hold(
        self, *, partner: int, max_points: int, expires_day: int, nonce: int, deadline_s: int
    ) -> TillCode:
        """Returns the code with which `partner` may reserve up to `max_points` through program day `expires_day`."""
        message = HoldAuthorisation(
            member=self.member,
            partner=PartnerId(partner),
            max_points=max_points,
            expires_day=expires_day,
            nonce=nonce,
            deadline_s=deadline_s,
        )
        authorisation = message.sign(self.domain, self.key)
        return TillCode(OperationKind.HOLD, PartnerId(partner), self.member, authorisation, expires_day)

    def transfer(self, *, to: MemberId, max_points: int, nonce: int, deadline_s: int) -> Authorisation:
        """Returns the authorisation of a transfer of up to `max_points`."""
        message = TransferAuthorisation(
            member=self.member, to=to, max_points=max_points, nonce=nonce, deadline_s=deadline_s
        )
        return message.sign(self.domain, self.key)

    def add_key(self, key: KeyId, kind: KeyKind, *, nonce: int, deadline_s: int) -> Authorisation:
        """Returns the authorisation of another key."""
        message = AddKeyAuthorisation(
            member=self.member, key=key, key_kind=kind, nonce=nonce, deadline_s=deadline_s
        )
        return message.sign(self.domain, self.key)

    def remove_key(self, key: KeyId, *, nonce: int, deadline_s: int) -> Authorisation:
        """Returns the authorisation to drop a key."""
        message = RemoveKeyAuthorisation(member=self.member, key=key, nonce=nonce, deadline_s=deadline_s)
        return message.sign(self.domain, self.key)

    def unlock(self, *, nonce: int, deadline_s: int) -> Authorisation:
        """Returns the authorisation to let points be spent again."""
        return UnlockAuthorisation(member=self.member, nonce=nonce, deadline_s=deadline_s).sign(
            self.domain, self.key
        )

    def set_allowance(self, points_per_day: int, *, nonce: int, deadline_s: int) -> Authorisation:
        """Returns the authorisation of what the wallet may sign for in a day."""
        message = SetAllowanceAuthorisation(
            member=self.member, points_per_day=points_per_day, nonce=nonce, deadline_s=deadline_s
        )
        return message.sign(self.domain, self.key)

    def refuse_recovery(self, *, nonce: int, deadline_s: int) -> Authorisation:
        """Returns the authorisation to stop a recovery."""
        message = RefuseRecoveryAuthorisation(member=self.member, nonce=nonce, deadline_s=deadline_s)
        return message.sign(self.domain, self.key)
