"""Ids and their text forms."""

import pytest
from hypothesis import given

from partner_sdk import protocol as p
from tests.unit.partner_sdk.factories import members, uints


@given(uints(2), uints(2), uints(4))
def test_an_operation_id_keeps_its_parts_through_number_and_text(
    partner: int, slot: int, sequence: int
) -> None:
    operation = p.OperationId.of(p.Submitter.of(partner, slot), sequence)
    assert operation == partner << 48 | slot << 32 | sequence
    assert operation.text == f"{partner}.{slot}.{sequence}"
    assert p.OperationId.parse(operation.text) == operation
    assert (operation.partner, operation.submitter.slot, operation.sequence) == (partner, slot, sequence)
    assert p.Submitter.parse(operation.submitter.text) == operation.submitter


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "3.0",
        "3.0.x",
        "03.0.1",
        "3.0.-1",
        "3.0.1.2",
        "3.0. 1",
        "3.0.٣",
        "65536.0.1",
        "1.0.4294967296",
    ],
)
def test_refuses_text_that_is_no_operation_id(text: str) -> None:
    with pytest.raises((p.MalformedIdError, p.FieldOutOfRangeError)):
        p.OperationId.parse(text)


@given(members)
def test_a_member_id_keeps_its_bytes_through_text(member: p.MemberId) -> None:
    assert p.MemberId.parse(member.text) == member
    assert p.MemberId.parse("0x" + member.hex().upper()) == member


@pytest.mark.parametrize(
    "text", ["", "0x", "00" * 20, "0x" + "0" * 39, "0x" + "g" * 40, "0x" + "0" * 38 + "  "]
)
def test_refuses_text_that_is_no_member_id(text: str) -> None:
    with pytest.raises(p.MalformedIdError):
        p.MemberId.parse(text)


def test_tags_never_are_zero_and_follow_the_protocol_page() -> None:
    assert [p.purchase_tag(sequence) for sequence in (0, 32_766, 32_767)] == [1, 32_767, 1]
    assert [p.burn_tag(sequence) for sequence in (0, 65_534, 65_535)] == [1, 65_535, 1]


def test_reasons_are_listed_in_the_order_of_the_protocol_page() -> None:
    assert p.SUBMISSION_REASONS[0] is p.Reason.MALFORMED_SUBMISSION
    assert p.SUBMISSION_REASONS[-1] is p.Reason.EXECUTION_FAILED
    assert p.OPERATION_REASONS[0] is p.Reason.MALFORMED_OPERATION
    assert p.OPERATION_REASONS[-1] is p.Reason.INSUFFICIENT_POINTS
    assert all(p.Reason.from_bytes32(reason.bytes32) is reason for reason in p.Reason)
