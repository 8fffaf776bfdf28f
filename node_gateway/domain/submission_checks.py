"""What is checked before a submission is accepted, without input or output."""

from dataclasses import dataclass

from node_gateway.domain.certain_rejection_errors import CertainRejectionError
from node_gateway.domain.certain_rejections import Standing, certain_rejection
from node_gateway.domain.errors import (
    BadSignatureError,
    DeadlinePassedError,
    DeadlineTooFarError,
    LateAuthorisationError,
    NotYourSubmitterError,
)
from node_gateway.domain.keyring import Keyring, check_signer
from node_gateway.domain.parties import Party
from partner_sdk.protocol.authorisations import Authorisation
from partner_sdk.protocol.eip712 import Domain
from partner_sdk.protocol.errors import InvalidSignatureError, MalformedSubmissionError
from partner_sdk.protocol.identities import OperationId
from partner_sdk.protocol.operation_bodies import FIELDS_OF_KIND, OperationKind
from partner_sdk.protocol.signatures import recover_key
from partner_sdk.protocol.submissions import Frame, SignedSubmission, split_frames

_WITH_AUTHORISATION = frozenset(kind for kind, fields in FIELDS_OF_KIND.items() if "authorisation" in fields)
_WITHOUT_MEMBER = frozenset(kind for kind, fields in FIELDS_OF_KIND.items() if "member" not in fields)
MEMBER_BYTES = 20


@dataclass(frozen=True, slots=True)
class CheckedOperation:
    """One line of a checked submission. `counterparty` is a transfer's receiver, `nonce` that of the member's authorisation."""

    id: int
    kind: int
    member: bytes | None
    counterparty: bytes | None
    nonce: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedSubmission:
    """A submission that may be accepted. `id` is the EIP-712 digest, `wire` what came in, byte for byte."""

    id: bytes
    submitter: int
    deadline_s: int
    wire: bytes
    operations: tuple[CheckedOperation, ...]


def check_submission(
    wire: bytes,
    *,
    party: Party,
    keyring: Keyring,
    chain_time_s: int,
    latest_deadline_s: int,
) -> CheckedSubmission:
    """Checks caller, form, deadline and signature, in this order.

    Args:
        wire: the wire form.
        party: whose API key came with it.
        keyring: keys as far as they are indexed.
        chain_time_s: time of the last indexed block.
        latest_deadline_s: the gateway keeps nothing longer.

    Raises:
        MalformedSubmissionError: the framing is broken, or one sequence number is given twice.
        MalformedOperationError: an operation's type or body is wrong.
        NotYourSubmitterError: the API key is another party's.
        DeadlinePassedError, DeadlineTooFarError: see there.
        UnknownSubmitterError, SubmitterExpiredError: no key may sign for this submitter.
        BadSignatureError: signed by another key, or not at all.
        LateAuthorisationError: a member's authorisation is past its deadline.
        CertainRejectionError: the ledger would reject every operation.
    """
    submission = SignedSubmission.unpack_unchecked(wire)
    submitter = submission.submitter
    if not party.may_submit_as(submitter):
        raise NotYourSubmitterError(submitter)
    checked = _read_form(submission, wire, domain=keyring.domain, chain_time_s=chain_time_s)
    if checked.deadline_s < chain_time_s:
        raise DeadlinePassedError(deadline_s=checked.deadline_s, chain_time_s=chain_time_s)
    if checked.deadline_s > latest_deadline_s:
        raise DeadlineTooFarError(deadline_s=checked.deadline_s, latest_s=latest_deadline_s)
    keys = keyring.keys_of(submitter, chain_time_s=chain_time_s)
    try:
        signer = recover_key(checked.id, submission.signature)
    except InvalidSignatureError:
        raise BadSignatureError(submitter) from None
    check_signer(signer, keys, submitter, chain_time_s=chain_time_s)
    _check_that_some_may_settle(submission.framed, checked.submitter, keyring.standing, chain_time_s)
    return checked


def _check_that_some_may_settle(framed: bytes, submitter: int, standing: Standing, chain_time_s: int) -> None:
    """Of well-formed operations; ends at the first that may settle, which is nearly always the first of all."""
    first: CertainRejectionError | None = None
    at = 0
    while at < len(framed):
        end = at + 2 + int.from_bytes(framed[at : at + 2])
        rejection = certain_rejection(
            framed[at + 2],
            framed[at + 7 : end],
            operation=submitter << 32 | int.from_bytes(framed[at + 3 : at + 7]),
            standing=standing,
            chain_time_s=chain_time_s,
        )
        if rejection is None:
            return
        first = first or rejection
        at = end
    assert first is not None, "a submission has operations"
    raise first


def read_form(wire: bytes, *, domain: Domain, chain_time_s: int) -> CheckedSubmission:
    """Reads a submission of which only the form is judged, and whether its members' authorisations are too late.

    Raises:
        MalformedSubmissionError, MalformedOperationError, LateAuthorisationError: see `check_submission`.
    """
    return _read_form(SignedSubmission.unpack_unchecked(wire), wire, domain=domain, chain_time_s=chain_time_s)


def _read_form(
    submission: SignedSubmission, wire: bytes, *, domain: Domain, chain_time_s: int
) -> CheckedSubmission:
    operations = _checked_operations(submission, chain_time_s=chain_time_s)
    return CheckedSubmission(
        submission.digest(domain), int(submission.submitter), submission.deadline_s, wire, operations
    )


def _checked_operations(submission: SignedSubmission, *, chain_time_s: int) -> tuple[CheckedOperation, ...]:
    submitter_bits = int(submission.submitter) << 32
    checked = []
    for frame in split_frames(submission.framed):
        frame.check()
        operation_id = submitter_bits | frame.sequence
        authorisation = _authorisation(frame) if frame.kind in _WITH_AUTHORISATION else None
        if authorisation is not None and authorisation.deadline_s < chain_time_s:
            raise LateAuthorisationError(OperationId(operation_id), deadline_s=authorisation.deadline_s)
        has_member = frame.kind not in _WITHOUT_MEMBER
        checked.append(
            CheckedOperation(
                id=operation_id,
                kind=frame.kind,
                member=frame.body[:MEMBER_BYTES] if has_member else None,
                counterparty=frame.body[MEMBER_BYTES : 2 * MEMBER_BYTES]
                if frame.kind == OperationKind.TRANSFER
                else None,
                nonce=None if authorisation is None else authorisation.nonce,
            )
        )
    if len({operation.id for operation in checked}) != len(checked):
        raise MalformedSubmissionError("two operations have the same sequence number")
    return tuple(checked)


def _authorisation(frame: Frame) -> Authorisation:
    authorisation: Authorisation = getattr(frame.decode(), "authorisation")  # noqa: B009 - not of every operation
    return authorisation
