"""Framing and decoding of operations and submissions."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_sdk import protocol as p
from partner_sdk.protocol.operation_bodies import FIELDS_OF_KIND
from tests.unit.partner_sdk.factories import DEADLINE_S, DOMAIN, MEMBER, PARTNER_KEY, operations


@given(operations)
def test_an_operation_decodes_to_what_was_encoded(operation: p.Operation) -> None:
    (frame,) = p.split_frames(operation.encode())
    assert frame.kind == operation.kind
    assert frame.decode() == operation


@given(st.lists(operations, min_size=1, max_size=20, unique_by=lambda operation: operation.sequence))
def test_a_signed_submission_survives_the_wire(listed: list[p.Operation]) -> None:
    signed = p.SignedSubmission.sign(
        listed, submitter=p.Submitter.of(7, 2), deadline_s=DEADLINE_S, domain=DOMAIN, key=PARTNER_KEY
    )
    received = p.SignedSubmission.unpack(signed.pack())
    assert received == signed
    assert received.operations() == listed
    assert received.signer(DOMAIN) == PARTNER_KEY.address


@given(st.binary(max_size=300))
def test_any_bytes_split_into_frames_or_are_refused_with_a_typed_error(framed: bytes) -> None:
    try:
        frames = p.split_frames(framed)
    except p.MalformedSubmissionError:
        return
    rebuilt = b"".join(
        (5 + len(frame.body)).to_bytes(2, "big")
        + bytes((frame.kind,))
        + frame.sequence.to_bytes(4, "big")
        + frame.body
        for frame in frames
    )
    assert rebuilt == framed


@given(st.integers(0, 255), st.binary(max_size=120))
def test_any_body_decodes_or_is_refused_with_a_typed_error(kind: int, body: bytes) -> None:
    with contextlib.suppress(p.MalformedOperationError):
        assert p.Frame(kind, 9, body).decode().encode()[7:] == body


def test_a_malformed_operation_is_named() -> None:
    with pytest.raises(p.MalformedOperationError) as refused:
        p.Frame(0x7F, 9, b"").decode()
    assert (refused.value.kind, refused.value.sequence) == (0x7F, 9)


@pytest.mark.parametrize(
    "operation_type", p.OPERATION_TYPES.values(), ids=lambda operation_type: operation_type.__name__
)
def test_the_fields_of_each_kind_are_those_of_its_body(operation_type: type[p.Operation]) -> None:
    names = [name for name in operation_type.__dataclass_fields__ if name not in ("kind", "sequence")]
    assert tuple(names) == FIELDS_OF_KIND[operation_type.kind]


@given(operations)
def test_a_frame_that_passes_the_check_decodes(operation: p.Operation) -> None:
    (frame,) = p.split_frames(operation.encode())
    frame.check()
    with pytest.raises(p.MalformedOperationError):
        frame._replace(kind=0x7F).check()
    if not hasattr(operation, "authorisation"):
        with pytest.raises(p.MalformedOperationError):
            frame._replace(body=frame.body + b"\0").check()


def test_a_purchase_is_framed_as_the_protocol_page_says() -> None:
    encoded = p.Purchase(17, MEMBER, 1234).encode()
    assert encoded.hex() == "0021" + "01" + "00000011" + MEMBER.hex() + "00000004d2" + "ffffff"


@pytest.mark.parametrize(
    ("scheme", "proof"),
    [
        (0, bytes(64)),
        (4, bytes(64)),
        (1, bytes(63)),
        (3, bytes(65)),
        (2, bytes(133)),
        (2, bytes(132) + b"\0\1"),
    ],
)
def test_refuses_an_authorisation_that_does_not_fit_its_scheme(scheme: int, proof: bytes) -> None:
    operation = p.Unlock(1, MEMBER, p.Authorisation(scheme, 1, DEADLINE_S, 0, proof))
    with pytest.raises(p.MalformedOperationError):
        p.decode_operations(operation.encode())


@pytest.mark.parametrize("count", [0, 257])
def test_refuses_a_submission_without_operations_or_with_too_many(count: int) -> None:
    with pytest.raises(p.MalformedSubmissionError):
        p.frame_operations([p.Purchase(number, MEMBER, 1) for number in range(count)])


def test_splits_the_most_operations_and_not_one_more() -> None:
    framed = p.frame_operations([p.Lock(number, MEMBER) for number in range(256)])
    assert len(p.split_frames(framed)) == 256
    with pytest.raises(p.MalformedSubmissionError):
        p.split_frames(framed + p.Lock(256, MEMBER).encode())


def test_refuses_one_sequence_number_twice() -> None:
    with pytest.raises(p.MalformedSubmissionError):
        p.frame_operations([p.Lock(1, MEMBER), p.Lock(1, MEMBER)])
    with pytest.raises(p.MalformedSubmissionError):
        p.decode_operations(p.Lock(1, MEMBER).encode() * 2)


@pytest.mark.parametrize("cut_bytes", [1, 6, 7, 20])
def test_refuses_framing_that_is_cut_short(cut_bytes: int) -> None:
    with pytest.raises(p.MalformedSubmissionError):
        p.split_frames(p.Lock(1, MEMBER).encode()[:-cut_bytes])


@pytest.mark.parametrize(
    "operation", [p.Purchase(0, MEMBER, 2**40), p.Purchase(2**32, MEMBER, 1), p.Grant(0, MEMBER, -1)]
)
def test_refuses_a_value_that_does_not_fit_its_field(operation: p.Operation) -> None:
    with pytest.raises(p.FieldOutOfRangeError):
        operation.encode()


@pytest.mark.parametrize("length", [0, 74, 74 + 65_536])
def test_refuses_a_wire_form_of_impossible_length(length: int) -> None:
    with pytest.raises(p.MalformedSubmissionError):
        p.SignedSubmission.unpack(bytes(length))


def test_bulk_form_holds_what_was_packed() -> None:
    packed = [b"a" * 90, b"b" * 100]
    assert p.split_bulk(p.pack_bulk(packed)) == packed


@given(st.binary(max_size=60))
def test_any_bulk_bytes_split_or_are_refused_with_a_typed_error(bulk: bytes) -> None:
    try:
        parts = p.split_bulk(bulk)
    except p.MalformedSubmissionError:
        return
    assert p.pack_bulk(parts) == bulk
