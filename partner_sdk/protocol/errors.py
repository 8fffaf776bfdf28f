"""What can be wrong with bytes or values of the protocol.

ProtocolError
├── MalformedIdError          text or bytes that are no id
├── FieldOutOfRangeError      a value that does not fit its field
├── MalformedSubmissionError  framing or length (reason `malformed_submission`)
├── MalformedOperationError   unknown type or wrong body (reason `malformed_operation`)
├── MalformedPasskeyProofError
├── MalformedTillCodeError
└── InvalidSignatureError     no key can be recovered from it
"""


class ProtocolError(ValueError):
    """Something that does not follow docs/protocol.md."""


class MalformedIdError(ProtocolError):
    """A text or byte string that is not an id of the kind that was asked for."""

    def __init__(self, kind: str, given: object) -> None:
        self.kind = kind
        self.given = given
        super().__init__(f"not a {kind}: {given!r:.80}")


class FieldOutOfRangeError(ProtocolError):
    """A value that does not fit the bytes of its field."""

    def __init__(self, field: str, given: object, *, size_bytes: int) -> None:
        self.field = field
        self.given = given
        self.size_bytes = size_bytes
        super().__init__(f"{field} = {given!r:.80} does not fit {size_bytes} bytes")


class MalformedSubmissionError(ProtocolError):
    """A submission that the chain would skip as `malformed_submission`.

    Attributes:
        offset: where in the operations (or wire form) it was found, in bytes.
    """

    def __init__(self, why: str, *, offset: int = 0) -> None:
        self.why = why
        self.offset = offset
        super().__init__(f"{why} (at byte {offset})")


class MalformedOperationError(ProtocolError):
    """An operation that the chain would reject as `malformed_operation`."""

    def __init__(self, why: str, *, sequence: int, kind: int) -> None:
        self.why = why
        self.sequence = sequence
        self.kind = kind
        super().__init__(f"operation {sequence} of type {kind:#04x}: {why}")


class MalformedPasskeyProofError(ProtocolError):
    """A WebAuthn assertion that cannot be packed, or a packed one that cannot be read."""


class MalformedTillCodeError(ProtocolError):
    """A code scanned at the till that is not one of ours, or was misread."""


class InvalidSignatureError(ProtocolError):
    """A signature from which no public key can be recovered."""
