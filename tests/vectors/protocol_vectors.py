"""Makes protocol.json, the vectors with which forge checks the Solidity against the Python.

    python -m tests.vectors.protocol_vectors            writes protocol.json
    python -m tests.vectors.protocol_vectors --check    exits 1 when it is not current

Flat arrays, so that `vm.parseJsonBytesArray(json, ".submission_operations")` and the like read them.
"""

import hashlib
import json
import sys
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from eth_abi.abi import encode

from partner_sdk import protocol as p

PATH = Path(__file__).with_name("protocol.json")

DOMAIN = p.Domain(31337, p.LedgerAddress.parse("0x5fbdb2315678afecb367f032d93f642f64180aa3"))
PARTNER_KEY, MEMBER_KEY, ATTESTER_KEY = (p.SigningKey(number.to_bytes(32, "big")) for number in (3, 5, 7))
MEMBER, OTHER_MEMBER = p.MemberId(bytes(range(1, 21))), p.MemberId(bytes(range(101, 121)))
NEW_KEY = p.KeyId(bytes(range(201, 221)))
DEADLINE_S = 1_900_000_000
RELYING_PARTY = "localhost"
PASSKEY = ec.derive_private_key(11, ec.SECP256R1())


def authorised() -> list[tuple[Any, p.Authorisation]]:
    """Returns one authorisation of each kind with its proof by key, and a redemption also by attester and by passkey."""
    common: dict[str, Any] = {"member": MEMBER, "deadline_s": DEADLINE_S}
    partner = p.PartnerId(3)
    redeem = p.RedeemAuthorisation(**common, nonce=1, partner=partner, max_points=500)
    by_key: list[Any] = [
        redeem,
        p.HoldAuthorisation(**common, nonce=2, partner=partner, max_points=700, expires_day=20_000),
        p.TransferAuthorisation(**common, nonce=3, to=OTHER_MEMBER, max_points=4_000_000_000),
        p.AddKeyAuthorisation(**common, nonce=4, key=NEW_KEY, key_kind=p.KeyKind.PASSKEY),
        p.RemoveKeyAuthorisation(**common, nonce=5, key=NEW_KEY),
        p.UnlockAuthorisation(**common, nonce=6),
        p.SetAllowanceAuthorisation(**common, nonce=7, points_per_day=2_000),
        p.RefuseRecoveryAuthorisation(**common, nonce=2**22 - 1),
    ]
    proven = [(message, message.sign(DOMAIN, MEMBER_KEY)) for message in by_key]
    proven.append((redeem, redeem.sign(DOMAIN, ATTESTER_KEY, p.Scheme.ATTESTER)))
    proven.append((redeem, redeem.proven(p.Scheme.PASSKEY, passkey_proof(redeem.digest(DOMAIN)).pack())))
    return proven


def passkey_proof(digest: bytes) -> p.PasskeyProof:
    """Returns what a browser and its authenticator would answer to the challenge `digest`."""
    numbers = PASSKEY.public_key().public_numbers()
    challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
    client_data = f'{{"type":"webauthn.get","challenge":"{challenge}","origin":"http://localhost:8720","crossOrigin":false}}'
    authenticator_data = hashlib.sha256(RELYING_PARTY.encode()).digest() + b"\x05" + (9).to_bytes(4, "big")
    signed = authenticator_data + hashlib.sha256(client_data.encode()).digest()
    return p.PasskeyProof.from_assertion(
        x=numbers.x.to_bytes(32, "big"),
        y=numbers.y.to_bytes(32, "big"),
        signature_der=PASSKEY.sign(signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)),
        authenticator_data=authenticator_data,
        client_data_json=client_data.encode(),
    )


def operations() -> list[p.Operation]:
    """Returns one operation of each kind, sequence numbers 0, 1, 2 …, in the order of their type bytes."""
    proofs = {type(message): proof for message, proof in reversed(authorised())}
    return [
        p.Purchase(0, MEMBER, 123_456, 19_999),
        p.Return(1, MEMBER, 4, p.purchase_tag(0), 23_456),
        p.Redeem(2, MEMBER, 499, proofs[p.RedeemAuthorisation]),
        p.Refund(3, MEMBER, 1, p.burn_tag(2), 99),
        p.Hold(4, MEMBER, 700, 20_000, proofs[p.HoldAuthorisation]),
        p.Capture(5, MEMBER, 2, p.burn_tag(4), 650),
        p.Void(6, MEMBER, 2, p.burn_tag(4)),
        p.Transfer(7, MEMBER, OTHER_MEMBER, 12, proofs[p.TransferAuthorisation]),
        p.Grant(8, MEMBER, 4_000_000_000),
        p.Enrol(9, MEMBER, MEMBER_KEY.address, p.KeyKind.SECP256K1),
        p.AddKey(10, MEMBER, NEW_KEY, p.KeyKind.PASSKEY, proofs[p.AddKeyAuthorisation]),
        p.RemoveKey(11, MEMBER, NEW_KEY, proofs[p.RemoveKeyAuthorisation]),
        p.Lock(12, MEMBER),
        p.Unlock(13, MEMBER, proofs[p.UnlockAuthorisation]),
        p.SetAllowance(14, MEMBER, 2_000, proofs[p.SetAllowanceAuthorisation]),
        p.StartRecovery(15, MEMBER, NEW_KEY, p.KeyKind.SECP256K1),
        p.RefuseRecovery(16, MEMBER, proofs[p.RefuseRecoveryAuthorisation]),
        p.FinishRecovery(17, MEMBER),
        p.RecordPayment(18, 2**63 - 1, b"SEPA 2026-11 partner 3".ljust(32, b"\0")),
        p.ConfirmPayment(2**32 - 1, 41),
    ]


def submissions() -> list[p.SignedSubmission]:
    """Returns a submission of each operation alone, one of all, and one of 50 purchases."""
    lists = [[operation] for operation in operations()]
    lists.append(operations())
    lists.append([p.Purchase(number, MEMBER, 10**12) for number in range(50)])
    return [
        p.SignedSubmission.sign(
            listed,
            submitter=p.Submitter.of(3, slot),
            deadline_s=DEADLINE_S + slot,
            domain=DOMAIN,
            key=PARTNER_KEY,
        )
        for slot, listed in enumerate(lists)
    ]


TERMS = [
    p.PartnerTerms(
        partner=p.PartnerId(3),
        version=2,
        issue_price_micro=10_000,
        redeem_price_micro=10**9,
        earn_points_per_100_minor=10_000,
        effective_day=20_001,
    )
]
CAMPAIGNS = [
    p.CampaignTerms(
        campaign=p.CampaignId(5),
        name="Five shops – осень – 秋",
        partners=(p.PartnerId(1), p.PartnerId(2), p.PartnerId(3)),
        opens_day=20_001,
        closes_day=20_007,
        budget_points=1_000_000,
        price_micro=8_000,
        stages=(
            p.Stage(bonus_points=500, partners_required=3, min_spend_each_minor=100),
            p.Stage(bonus_points=900, min_spend_total_minor=10**12, min_visits=7),
        ),
        funders=(
            p.Funder(partner=p.OPERATOR, share_bps=4_000),
            p.Funder(partner=p.PartnerId(3), share_bps=6_000),
        ),
    )
]


def _terms_abi(terms: p.PartnerTerms) -> bytes:
    return encode(
        ["(uint16,uint32,uint32,uint32,uint16,uint24)"],
        [
            (
                terms.partner,
                terms.version,
                terms.issue_price_micro,
                terms.redeem_price_micro,
                terms.earn_points_per_100_minor,
                terms.effective_day,
            )
        ],
    )


def _campaign_abi(terms: p.CampaignTerms) -> bytes:
    stages = [
        (s.bonus_points, s.partners_required, s.min_spend_each_minor, s.min_spend_total_minor, s.min_visits)
        for s in terms.stages
    ]
    funders = [(funder.partner, funder.share_bps) for funder in terms.funders]
    return encode(
        [
            "(uint16,string,uint16[],uint24,uint24,uint64,uint32,(uint32,uint16,uint64,uint64,uint32)[],(uint16,uint16)[])"
        ],
        [
            (
                terms.campaign,
                terms.name,
                list(terms.partners),
                terms.opens_day,
                terms.closes_day,
                terms.budget_points,
                terms.price_micro,
                stages,
                funders,
            )
        ],
    )


def _hex(items: list[bytes]) -> list[str]:
    return ["0x" + item.hex() for item in items]


def vectors() -> dict[str, Any]:
    """Returns the content of protocol.json."""
    listed, signed, proven = operations(), submissions(), authorised()
    return {
        "chain_id": DOMAIN.chain_id,
        "ledger": DOMAIN.ledger.text,
        "domain_separator": "0x" + DOMAIN.separator.hex(),
        "relying_party_id_hash": "0x" + hashlib.sha256(RELYING_PARTY.encode()).hexdigest(),
        "partner_key": PARTNER_KEY.address.text,
        "member_key": MEMBER_KEY.address.text,
        "attester_key": ATTESTER_KEY.address.text,
        "passkey": passkey_proof(bytes(32)).key_id.text,
        "operation_name": [operation.kind.text for operation in listed],
        "operation_kind": [int(operation.kind) for operation in listed],
        "operation_encoded": _hex([operation.encode() for operation in listed]),
        "submission_submitter": [int(submission.submitter) for submission in signed],
        "submission_deadline": [submission.deadline_s for submission in signed],
        "submission_operations": _hex([submission.framed for submission in signed]),
        "submission_signature": _hex([submission.signature for submission in signed]),
        "submission_digest": _hex([submission.digest(DOMAIN) for submission in signed]),
        "submission_wire": _hex([submission.pack() for submission in signed]),
        "authorisation_type": [message.type_string for message, _ in proven],
        "authorisation_words": _hex([message.words() for message, _ in proven]),
        "authorisation_digest": _hex([message.digest(DOMAIN) for message, _ in proven]),
        "authorisation_encoded": _hex([proof.encode() for _, proof in proven]),
        "terms_abi": _hex([_terms_abi(terms) for terms in TERMS]),
        "terms_digest": _hex([terms.digest(DOMAIN) for terms in TERMS]),
        "terms_signature": _hex([PARTNER_KEY.sign(terms.digest(DOMAIN)) for terms in TERMS]),
        "campaign_abi": _hex([_campaign_abi(terms) for terms in CAMPAIGNS]),
        "campaign_hash": _hex([terms.struct_hash() for terms in CAMPAIGNS]),
        "campaign_digest": _hex([terms.digest(DOMAIN) for terms in CAMPAIGNS]),
        "campaign_signature": _hex([PARTNER_KEY.sign(terms.digest(DOMAIN)) for terms in CAMPAIGNS]),
        "tag_sequence": [0, 1, 32_766, 32_767, 65_534, 65_535, 2**32 - 1],
        "tag_purchase": [p.purchase_tag(n) for n in (0, 1, 32_766, 32_767, 65_534, 65_535, 2**32 - 1)],
        "tag_burn": [p.burn_tag(n) for n in (0, 1, 32_766, 32_767, 65_534, 65_535, 2**32 - 1)],
        "submission_reason": [reason.value for reason in p.SUBMISSION_REASONS],
        "operation_reason": [reason.value for reason in p.OPERATION_REASONS],
    }


def text() -> str:
    """Returns protocol.json as it is to be written."""
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        is_current = PATH.exists() and PATH.read_text(encoding="utf-8") == text()
        print(
            "current"
            if is_current
            else f"{PATH.name} is not current: run python -m tests.vectors.protocol_vectors"
        )
        return 0 if is_current else 1
    PATH.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
