"""What the fake gateway keeps between accepting and settling, and how it shows it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from partner_sdk._fake_ledger import FakeLedger, Rejected
from partner_sdk.protocol.errors import (
    InvalidSignatureError,
    MalformedOperationError,
    MalformedSubmissionError,
)
from partner_sdk.protocol.identities import OperationId, Submitter
from partner_sdk.protocol.operations import Operation
from partner_sdk.protocol.signatures import SigningKey
from partner_sdk.protocol.submissions import SignedSubmission

DEADLINE_AHEAD_S_MAX: Final = 30 * 86_400


class Refused(Exception):  # noqa: N818  # an answer, not a failure
    """A problem that the fake answers with."""

    def __init__(self, status: int, code: str, **data: str | int) -> None:
        self.status, self.code, self.data = status, code, data
        super().__init__(code)


@dataclass
class Line:
    """An accepted operation."""

    id: OperationId
    content: Operation
    submission_id: str
    status: str = "accepted"
    reason: str | None = None
    event: dict[str, Any] | None = None

    @property
    def member(self) -> str | None:
        """The member's text; None for what concerns none."""
        member = getattr(self.content, "member", None)
        return None if member is None else member.text


@dataclass
class Accepted:
    """A submission with its lines. Status `accepted`, `settled` or `expired`."""

    submission: SignedSubmission
    lines: list[Line] = field(default_factory=list)
    status: str = "accepted"


class FakeIntake:
    """Accepts as a gateway does, settles on the fake ledger."""

    def __init__(
        self, ledger: FakeLedger, submitters: Mapping[Submitter, SigningKey], clock_s: Callable[[], float]
    ) -> None:
        self.ledger = ledger
        self.submitters = submitters
        self.events: list[dict[str, Any]] = []
        self.lines: dict[OperationId, Line] = {}
        self.block_number = 1
        self._clock_s = clock_s
        self._accepted: dict[str, Accepted] = {}

    def accept(self, wire: bytes, *, party: str) -> str:
        """Returns the submission's id; the same bytes again change nothing.

        Raises:
            Refused: nothing was kept.
        """
        submission = self._checked(wire, party)
        submission_id = "0x" + submission.digest(self.ledger.domain).hex()
        if submission_id in self._accepted:
            return submission_id
        accepted = Accepted(submission)
        for operation in submission.operations():
            operation_id = submission.operation_id(operation)
            known = self.lines.get(operation_id)
            if known is not None and known.status != "expired":
                raise Refused(409, "operation_used", operation=operation_id.text)
            accepted.lines.append(Line(operation_id, operation, submission_id))
        self._accepted[submission_id] = accepted
        self.lines.update({line.id: line for line in accepted.lines})
        return submission_id

    def _checked(self, wire: bytes, party: str) -> SignedSubmission:
        try:
            submission = SignedSubmission.unpack(wire)
            submission.operations()
            signer = submission.signer(self.ledger.domain)
        except MalformedSubmissionError as error:
            raise Refused(422, "malformed_submission", detail=str(error)) from None
        except MalformedOperationError as error:
            raise Refused(422, "malformed_operation", detail=str(error)) from None
        except InvalidSignatureError:
            raise Refused(422, "bad_signature") from None
        key = self.submitters.get(submission.submitter)
        if key is None:
            raise Refused(422, "unknown_submitter")
        if (submission.submitter.partner == 0) != (party == "wallet"):
            raise Refused(403, "not_your_submitter")
        now_s = int(self._clock_s())
        if submission.deadline_s < now_s:
            raise Refused(422, "deadline_passed", deadline_s=submission.deadline_s, chain_time_s=now_s)
        if submission.deadline_s > now_s + DEADLINE_AHEAD_S_MAX:
            raise Refused(422, "deadline_too_far", latest_s=now_s + DEADLINE_AHEAD_S_MAX)
        if signer != key.address:
            raise Refused(422, "bad_signature")
        return submission

    def settle(self) -> None:
        """Makes a block of what was accepted, in order."""
        self.block_number += 1
        self.ledger.time_s = int(self._clock_s())
        for accepted in self._accepted.values():
            if accepted.status != "accepted":
                continue
            if accepted.submission.deadline_s < self.ledger.time_s:
                accepted.status = "expired"
                for line in accepted.lines:
                    line.status, line.reason = "expired", "deadline_passed"
                continue
            accepted.status = "settled"
            for line in accepted.lines:
                self._settle_line(line)

    def _settle_line(self, line: Line) -> None:
        try:
            name, data = self.ledger.apply(line.id, line.content)
            line.status = "settled"
        except Rejected as rejected:
            line.status, line.reason = "rejected", rejected.reason.value
            name, data = "OperationRejected", {"operation": line.id.text, "reason": rejected.reason.value}
        line.event = {
            "id": f"{self.block_number}-{len(self.events)}",
            "name": name,
            "block_number": self.block_number,
            "log_index": len(self.events),
            "block_timestamp_s": self.ledger.time_s,
            "tx_hash": "0x" + hashlib.sha256(line.id.text.encode()).hexdigest(),
            "operation": line.id.text,
            "partner": line.id.partner,
            "member": line.member,
            "data": data,
        }
        self.events.append(line.event)

    def submission_view(self, submission_id: str) -> dict[str, Any]:
        """Returns what `GET /v1/submissions/{id}` answers.

        Raises:
            Refused: unknown.
        """
        accepted = self._accepted.get(submission_id)
        if accepted is None:
            raise Refused(404, "submission_not_found", submission=submission_id)
        return {
            "submission_id": submission_id,
            "status": accepted.status,
            "reason": "deadline_passed" if accepted.status == "expired" else None,
            "operations": [self.operation_view(line) for line in accepted.lines],
        }

    def operation_view(self, line: Line) -> dict[str, Any]:
        """Returns what `GET /v1/operations/{id}` answers."""
        event = line.event or {}
        return {
            "id": line.id.text,
            "type": line.content.kind.text,
            "partner": line.id.partner,
            "member": line.member,
            "submission_id": line.submission_id,
            "status": line.status,
            "reason": line.reason,
            "receipt": event.get("data"),
            "tx_hash": event.get("tx_hash"),
            "block_number": event.get("block_number"),
            "log_index": event.get("log_index"),
            "as_of_block": self.block_number,
        }

    def next_sequence(self, submitter: Submitter) -> int:
        """Returns the number above the highest that was accepted."""
        return max((line.sequence + 1 for line in self.lines if line.submitter == submitter), default=0)
