"""Submissions: framing, signing and the wire form (docs/protocol.md, Submission)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from partner_sdk.protocol.bounds import (
    DEADLINE_MAX_S,
    OPERATIONS_BYTES_MAX,
    OPERATIONS_MAX,
    SUBMISSIONS_BULK_MAX,
)
from partner_sdk.protocol.eip712 import Domain, uint_word
from partner_sdk.protocol.errors import (
    FieldOutOfRangeError,
    MalformedOperationError,
    MalformedSubmissionError,
)
from partner_sdk.protocol.identities import KeyId, OperationId, Submitter
from partner_sdk.protocol.keccak import keccak256
from partner_sdk.protocol.operation_bodies import OperationKind, check_body
from partner_sdk.protocol.operations import FRAME_HEADER_BYTES, OPERATION_TYPES, Operation
from partner_sdk.protocol.signatures import SIGNATURE_BYTES, SigningKey, recover_key

WIRE_HEADER_BYTES: Final = 4 + 6 + SIGNATURE_BYTES
WIRE_BYTES_MAX: Final = WIRE_HEADER_BYTES + OPERATIONS_BYTES_MAX
BULK_MEDIA_TYPE: Final = "application/vnd.coalition.submissions"

_SUBMISSION_TYPE_HASH = keccak256(b"Submission(uint32 submitter,uint48 deadline,bytes operations)")


class Frame(NamedTuple):
    """One operation as framed, its body not looked at. `kind` may be a number that is no operation."""

    kind: int
    sequence: int
    body: bytes

    def check(self) -> None:
        """Checks that the body fits the type, without reading it; what a relay needs.

        Raises:
            MalformedOperationError: the type is unknown, or the body does not fit it.
        """
        check_body(self.kind, self.sequence, self.body)

    def decode(self) -> Operation:
        """Reads the operation.

        Raises:
            MalformedOperationError: the type is unknown, or the body does not fit it.
        """
        operation_type = OPERATION_TYPES.get(self.kind)  # type: ignore[call-overload]  # an IntEnum hashes as its int
        if operation_type is None:
            raise MalformedOperationError("unknown type", sequence=self.sequence, kind=self.kind)
        operation: Operation = operation_type.decode_body(self.sequence, self.body)
        return operation


def frame_operations(operations: Sequence[Operation]) -> bytes:
    """Returns the signed byte string of `operations`.

    Raises:
        MalformedSubmissionError: none, more than 256, more than 65,535 bytes, or one sequence number twice.
        FieldOutOfRangeError: a value does not fit.
    """
    if not 1 <= len(operations) <= OPERATIONS_MAX:
        raise MalformedSubmissionError(
            f"a submission has 1 … {OPERATIONS_MAX} operations, not {len(operations)}"
        )
    if len({operation.sequence for operation in operations}) != len(operations):
        raise MalformedSubmissionError("two operations have the same sequence number")
    framed = b"".join([operation.encode() for operation in operations])
    if len(framed) > OPERATIONS_BYTES_MAX:
        raise MalformedSubmissionError(
            f"the operations take {len(framed)} bytes of at most {OPERATIONS_BYTES_MAX}"
        )
    return framed


def split_frames(framed: bytes) -> list[Frame]:
    """Cuts framed operations, as the ledger does: bodies and sequence numbers are not judged.

    Raises:
        MalformedSubmissionError: empty, too long, more than 256, or a length that does not fit.
    """
    if not 0 < len(framed) <= OPERATIONS_BYTES_MAX:
        raise MalformedSubmissionError(
            f"the operations take {len(framed)} bytes, not 1 … {OPERATIONS_BYTES_MAX}"
        )
    frames: list[Frame] = []
    offset = 0
    while offset < len(framed):
        if offset + FRAME_HEADER_BYTES > len(framed):
            raise MalformedSubmissionError("an operation's header is cut short", offset=offset)
        end = offset + 2 + (framed[offset] << 8 | framed[offset + 1])
        if not offset + FRAME_HEADER_BYTES <= end <= len(framed):
            raise MalformedSubmissionError("an operation's length does not fit", offset=offset)
        if len(frames) == OPERATIONS_MAX:
            raise MalformedSubmissionError(f"more than {OPERATIONS_MAX} operations", offset=offset)
        sequence = int.from_bytes(framed[offset + 3 : offset + 7], "big")
        frames.append(Frame(framed[offset + 2], sequence, framed[offset + 7 : end]))
        offset = end
    return frames


def decode_operations(framed: bytes) -> list[Operation]:
    """Reads framed operations, strictly: everything that the ledger would refuse by its form is refused here.

    Raises:
        MalformedSubmissionError: the framing is broken, or one sequence number is given twice.
        MalformedOperationError: one operation's type or body is wrong.
    """
    frames = split_frames(framed)
    if len({frame.sequence for frame in frames}) != len(frames):
        raise MalformedSubmissionError("two operations have the same sequence number")
    return [frame.decode() for frame in frames]


def submission_digest(domain: Domain, *, submitter: int, deadline_s: int, framed: bytes) -> bytes:
    """Returns the 32-byte EIP-712 digest of a submission: what is signed, and the submission's id."""
    return domain.digest(
        keccak256(_SUBMISSION_TYPE_HASH + uint_word(submitter) + uint_word(deadline_s) + keccak256(framed))
    )


@dataclass(frozen=True, slots=True)
class SignedSubmission:
    """A signed list of operations.

    Attributes:
        submitter: whose key signed.
        deadline_s: last Unix second (block time) at which it settles.
        signature: 64 bytes, EIP-2098.
        framed: the framed operations, as signed.
    """

    submitter: Submitter
    deadline_s: int
    signature: bytes
    framed: bytes

    @classmethod
    def sign(
        cls,
        operations: Sequence[Operation],
        *,
        submitter: Submitter,
        deadline_s: int,
        domain: Domain,
        key: SigningKey,
    ) -> Self:
        """Frames and signs `operations`.

        Raises:
            MalformedSubmissionError: see `frame_operations`.
            FieldOutOfRangeError: a value does not fit.
        """
        if not 0 <= deadline_s <= DEADLINE_MAX_S:
            raise FieldOutOfRangeError("deadline_s", deadline_s, size_bytes=6)
        framed = frame_operations(operations)
        digest = submission_digest(domain, submitter=submitter, deadline_s=deadline_s, framed=framed)
        return cls(submitter, deadline_s, key.sign(digest), framed)

    def pack(self) -> bytes:
        """Returns the wire form: `submitter uint32 | deadline uint48 | signature 64 bytes | operations`."""
        return (
            self.submitter.to_bytes(4, "big")
            + self.deadline_s.to_bytes(6, "big")
            + self.signature
            + self.framed
        )

    @classmethod
    def unpack(cls, wire: bytes) -> Self:
        """Reads the wire form and checks its framing; bodies and the signature are not looked at.

        Raises:
            MalformedSubmissionError: too short, too long, or broken framing.
        """
        submission = cls.unpack_unchecked(wire)
        split_frames(submission.framed)
        return submission

    @classmethod
    def unpack_unchecked(cls, wire: bytes) -> Self:
        """Reads the wire form without a look at the operations, which the caller decodes.

        Raises:
            MalformedSubmissionError: too short or too long.
        """
        if not WIRE_HEADER_BYTES < len(wire) <= WIRE_BYTES_MAX:
            raise MalformedSubmissionError(
                f"a submission takes {WIRE_HEADER_BYTES + 1} … {WIRE_BYTES_MAX} bytes, not {len(wire)}"
            )
        return cls(
            submitter=Submitter.from_bytes(wire[:4], "big"),
            deadline_s=int.from_bytes(wire[4:10], "big"),
            signature=bytes(wire[10:WIRE_HEADER_BYTES]),
            framed=bytes(wire[WIRE_HEADER_BYTES:]),
        )

    def digest(self, domain: Domain) -> bytes:
        """Returns the submission id: its 32-byte EIP-712 digest. A re-signed submission has another one."""
        return submission_digest(
            domain, submitter=self.submitter, deadline_s=self.deadline_s, framed=self.framed
        )

    def signer(self, domain: Domain) -> KeyId:
        """Returns the address that signed; whether it is the submitter's is for the caller to check.

        Raises:
            InvalidSignatureError: no key can be recovered.
        """
        return recover_key(self.digest(domain), self.signature)

    def operations(self) -> list[Operation]:
        """Reads the operations, strictly (see `decode_operations`)."""
        return decode_operations(self.framed)

    def operation_id(self, operation: Operation | Frame) -> OperationId:
        """Returns the id of one of this submission's operations."""
        return OperationId.of(self.submitter, operation.sequence)


def pack_bulk(submissions: Sequence[bytes]) -> bytes:
    """Returns the bulk form of packed submissions: each `length uint32 | wire form`.

    Raises:
        MalformedSubmissionError: none, or more than 500.
    """
    if not 1 <= len(submissions) <= SUBMISSIONS_BULK_MAX:
        raise MalformedSubmissionError(
            f"a bulk has 1 … {SUBMISSIONS_BULK_MAX} submissions, not {len(submissions)}"
        )
    return b"".join([len(wire).to_bytes(4, "big") + wire for wire in submissions])


def split_bulk(bulk: bytes) -> list[bytes]:
    """Cuts the bulk form into wire forms, each to be unpacked (and refused) by itself.

    Raises:
        MalformedSubmissionError: empty, more than 500, or a length that does not fit.
    """
    submissions: list[bytes] = []
    offset = 0
    while offset < len(bulk):
        end = offset + 4 + int.from_bytes(bulk[offset : offset + 4], "big")
        if offset + 4 > len(bulk) or end > len(bulk):
            raise MalformedSubmissionError("a submission's length does not fit", offset=offset)
        if len(submissions) == SUBMISSIONS_BULK_MAX:
            raise MalformedSubmissionError(f"more than {SUBMISSIONS_BULK_MAX} submissions", offset=offset)
        submissions.append(bulk[offset + 4 : end])
        offset = end
    if not submissions:
        raise MalformedSubmissionError("no submission")
    return submissions


def kind_name(kind: int) -> str:
    """Returns the kind's name in the API, `0x7f` for a number that is no operation."""
    try:
        return OperationKind(kind).text
    except ValueError:
        return f"{kind:#04x}"
