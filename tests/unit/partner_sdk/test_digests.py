"""EIP-712 digests and signatures against eth-account, which shares no code with the SDK."""

from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from partner_sdk import protocol as p
from tests.unit.partner_sdk.factories import (
    DEADLINE_S,
    DOMAIN,
    MEMBER,
    MEMBER_KEY,
    OTHER_MEMBER,
    PARTNER_KEY,
    operations,
)

KEY_ID = p.KeyId(bytes(range(40, 60)))


def independent_digest(
    type_name: str, members: dict[str, list[tuple[str, str]]], message: dict[str, Any]
) -> bytes:
    signable = encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                **{
                    name: [{"type": kind, "name": field} for kind, field in fields]
                    for name, fields in members.items()
                },
            },
            "primaryType": type_name,
            "domain": {
                "name": "Points Coalition",
                "version": "1",
                "chainId": DOMAIN.chain_id,
                "verifyingContract": DOMAIN.ledger.text,
            },
            "message": message,
        }
    )
    return bytes(keccak(b"\x19" + signable.version + signable.header + signable.body))


AUTHORISATIONS: list[tuple[Any, str, list[tuple[str, str]], dict[str, Any]]] = [
    (
        p.RedeemAuthorisation(
            member=MEMBER, nonce=1, deadline_s=DEADLINE_S, partner=p.PartnerId(3), max_points=500
        ),
        "Redeem",
        [("address", "member"), ("uint16", "partner"), ("uint32", "maxPoints")],
        {"partner": 3, "maxPoints": 500},
    ),
    (
        p.HoldAuthorisation(
            member=MEMBER,
            nonce=2,
            deadline_s=DEADLINE_S,
            partner=p.PartnerId(3),
            max_points=500,
            expires_day=20_000,
        ),
        "Hold",
        [("address", "member"), ("uint16", "partner"), ("uint32", "maxPoints"), ("uint24", "expiresDay")],
        {"partner": 3, "maxPoints": 500, "expiresDay": 20_000},
    ),
    (
        p.TransferAuthorisation(member=MEMBER, nonce=3, deadline_s=DEADLINE_S, to=OTHER_MEMBER, max_points=9),
        "Transfer",
        [("address", "member"), ("address", "to"), ("uint32", "maxPoints")],
        {"to": OTHER_MEMBER.text, "maxPoints": 9},
    ),
    (
        p.AddKeyAuthorisation(
            member=MEMBER, nonce=4, deadline_s=DEADLINE_S, key=KEY_ID, key_kind=p.KeyKind.PASSKEY
        ),
        "AddKey",
        [("address", "member"), ("address", "key"), ("uint8", "kind")],
        {"key": KEY_ID.text, "kind": 2},
    ),
    (
        p.RemoveKeyAuthorisation(member=MEMBER, nonce=5, deadline_s=DEADLINE_S, key=KEY_ID),
        "RemoveKey",
        [("address", "member"), ("address", "key")],
        {"key": KEY_ID.text},
    ),
    (
        p.UnlockAuthorisation(member=MEMBER, nonce=6, deadline_s=DEADLINE_S),
        "Unlock",
        [("address", "member")],
        {},
    ),
    (
        p.SetAllowanceAuthorisation(member=MEMBER, nonce=7, deadline_s=DEADLINE_S, points_per_day=1000),
        "SetAllowance",
        [("address", "member"), ("uint32", "pointsPerDay")],
        {"pointsPerDay": 1000},
    ),
    (
        p.RefuseRecoveryAuthorisation(member=MEMBER, nonce=8, deadline_s=DEADLINE_S),
        "RefuseRecovery",
        [("address", "member")],
        {},
    ),
]


@pytest.mark.parametrize(
    ("authorisation", "name", "fields", "message"), AUTHORISATIONS, ids=lambda value: str(value)[:12]
)
def test_an_authorisation_digest_equals_eth_accounts(
    authorisation: Any, name: str, fields: list[tuple[str, str]], message: dict[str, Any]
) -> None:
    message = {"member": MEMBER.text, "nonce": authorisation.nonce, "deadline": DEADLINE_S, **message}
    expected = independent_digest(
        name, {name: [*fields, ("uint24", "nonce"), ("uint48", "deadline")]}, message
    )
    assert authorisation.digest(DOMAIN) == expected


@given(
    st.lists(operations, min_size=1, max_size=3, unique_by=lambda operation: operation.sequence),
    st.integers(0, 2**48 - 1),
)
def test_a_submission_digest_and_signature_equal_eth_accounts(
    listed: list[p.Operation], deadline_s: int
) -> None:
    signed = p.SignedSubmission.sign(
        listed, submitter=p.Submitter.of(3, 1), deadline_s=deadline_s, domain=DOMAIN, key=PARTNER_KEY
    )
    fields = {"Submission": [("uint32", "submitter"), ("uint48", "deadline"), ("bytes", "operations")]}
    expected = independent_digest(
        "Submission", fields, {"submitter": 3 << 16 | 1, "deadline": deadline_s, "operations": signed.framed}
    )
    assert signed.digest(DOMAIN) == expected
    theirs = Account.unsafe_sign_hash(expected, PARTNER_KEY.secret)
    parity_and_s = (theirs.v - 27) << 255 | theirs.s
    assert signed.signature == theirs.r.to_bytes(32, "big") + parity_and_s.to_bytes(32, "big")


def test_terms_digest_equals_eth_accounts() -> None:
    terms = p.PartnerTerms(
        partner=p.PartnerId(3),
        version=2,
        issue_price_micro=10_000,
        redeem_price_micro=9_000,
        earn_points_per_100_minor=100,
        effective_day=19_000,
    )
    fields = [
        ("uint16", "partner"),
        ("uint32", "version"),
        ("uint32", "issuePriceMicro"),
        ("uint32", "redeemPriceMicro"),
        ("uint16", "earnRate"),
        ("uint24", "effectiveDay"),
    ]
    values = (3, 2, 10_000, 9_000, 100, 19_000)
    message = {name: value for (_, name), value in zip(fields, values, strict=True)}
    assert terms.digest(DOMAIN) == independent_digest("Terms", {"Terms": fields}, message)


def test_campaign_digest_with_its_nested_structs_equals_eth_accounts() -> None:
    campaign = p.CampaignTerms(
        campaign=p.CampaignId(5),
        name="Five shops – autumn",
        partners=(p.PartnerId(1), p.PartnerId(2), p.PartnerId(3)),
        opens_day=19_000,
        closes_day=19_006,
        budget_points=1_000_000,
        price_micro=8_000,
        stages=(
            p.Stage(bonus_points=500, partners_required=3, min_spend_each_minor=100),
            p.Stage(bonus_points=9, min_visits=2),
        ),
        funders=(
            p.Funder(partner=p.PartnerId(0), share_bps=4_000),
            p.Funder(partner=p.PartnerId(1), share_bps=6_000),
        ),
    )
    stage_fields = [
        ("uint32", "bonusPoints"),
        ("uint16", "partnersRequired"),
        ("uint64", "minSpendEach"),
        ("uint64", "minSpendTotal"),
        ("uint32", "minVisits"),
    ]
    fields = [
        ("uint16", "campaign"),
        ("string", "name"),
        ("uint16[]", "partners"),
        ("uint24", "opensDay"),
        ("uint24", "closesDay"),
        ("uint64", "budgetPoints"),
        ("uint32", "priceMicro"),
        ("Stage[]", "stages"),
        ("Funder[]", "funders"),
    ]
    message = {
        "campaign": 5,
        "name": "Five shops – autumn",
        "partners": [1, 2, 3],
        "opensDay": 19_000,
        "closesDay": 19_006,
        "budgetPoints": 1_000_000,
        "priceMicro": 8_000,
        "stages": [
            {
                "bonusPoints": 500,
                "partnersRequired": 3,
                "minSpendEach": 100,
                "minSpendTotal": 0,
                "minVisits": 0,
            },
            {"bonusPoints": 9, "partnersRequired": 0, "minSpendEach": 0, "minSpendTotal": 0, "minVisits": 2},
        ],
        "funders": [{"partner": 0, "shareBps": 4_000}, {"partner": 1, "shareBps": 6_000}],
    }
    types = {
        "Campaign": fields,
        "Stage": stage_fields,
        "Funder": [("uint16", "partner"), ("uint16", "shareBps")],
    }
    assert campaign.digest(DOMAIN) == independent_digest("Campaign", types, message)


def test_an_address_equals_eth_accounts() -> None:
    assert PARTNER_KEY.address.text == Account.from_key(PARTNER_KEY.secret).address.lower()


@given(st.binary(min_size=32, max_size=32))
def test_a_signature_recovers_its_key(digest: bytes) -> None:
    signature = MEMBER_KEY.sign(digest)
    assert len(signature) == 64
    assert p.recover_key(digest, signature) == MEMBER_KEY.address


@given(st.binary(max_size=70))
def test_any_bytes_recover_a_key_or_are_refused_with_a_typed_error(signature: bytes) -> None:
    try:
        p.recover_key(bytes(32), signature)
    except p.InvalidSignatureError:
        return
    assert len(signature) == 64


def test_refuses_a_signature_with_high_s() -> None:
    signature = MEMBER_KEY.sign(bytes(32))
    above_half_the_order = 2**255 - 1
    with pytest.raises(p.InvalidSignatureError, match="not low"):
        p.recover_key(bytes(32), signature[:32] + above_half_the_order.to_bytes(32, "big"))


def test_a_key_never_shows_its_secret() -> None:
    assert PARTNER_KEY.secret.hex() not in repr(PARTNER_KEY)
    with pytest.raises(p.MalformedIdError) as refused:
        p.SigningKey.parse("0xdead" + "beef" * 3)
    assert "dead" not in str(refused.value)
