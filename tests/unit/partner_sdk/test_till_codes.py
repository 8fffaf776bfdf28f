"""Till codes survive a scan, and a misread one is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_sdk import protocol as p
from tests.unit.partner_sdk.factories import (
    DEADLINE_S,
    DOMAIN,
    MEMBER,
    MEMBER_KEY,
    authorisations,
    members,
    uints,
)

CODE = p.TillCode(
    p.OperationKind.REDEEM,
    p.PartnerId(3),
    MEMBER,
    p.RedeemAuthorisation(
        member=MEMBER, nonce=1, deadline_s=DEADLINE_S, partner=p.PartnerId(3), max_points=500
    ).sign(DOMAIN, MEMBER_KEY),
)

codes = st.builds(
    p.TillCode,
    kind=st.sampled_from([p.OperationKind.REDEEM, p.OperationKind.HOLD]),
    partner=uints(2).map(p.PartnerId),
    member=members,
    authorisation=authorisations,
    expires_day=uints(3),
)


@given(codes)
def test_a_code_reads_as_what_was_written(code: p.TillCode) -> None:
    assert p.TillCode.parse(code.text) == code


def test_a_code_is_short_and_fits_the_alphanumeric_mode_of_a_qr_code() -> None:
    assert len(CODE.text) == 175
    assert CODE.text.isalnum()
    assert CODE.text.isupper()


def test_case_spaces_and_hyphens_do_not_matter() -> None:
    text = CODE.text.lower()
    assert p.TillCode.parse(f" {text[:20]}-{text[20:50]} {text[50:]}\n") == CODE


@given(st.integers(3, 174), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_one_wrong_character_is_noticed(position: int, character: str) -> None:
    text = CODE.text
    misread = text[:position] + character + text[position + 1 :]
    if misread != text:
        try:
            assert p.TillCode.parse(misread) == CODE  # the spare bits of the last character carry nothing
        except p.MalformedTillCodeError:
            return


@given(st.text(max_size=60))
def test_any_text_is_refused_with_a_typed_error(text: str) -> None:
    with pytest.raises(p.MalformedTillCodeError):
        p.TillCode.parse("PC1" + text)
