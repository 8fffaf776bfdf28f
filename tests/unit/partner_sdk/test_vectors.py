"""Vectors shared with forge: those that Python makes are current, those that forge wrote agree with Python."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from partner_sdk import protocol as p
from tests.vectors import protocol_vectors

ROOT = Path(__file__).parents[3]
FORGE_VECTORS = [ROOT / "contracts" / "out" / "forge.json", ROOT / "tests" / "vectors" / "forge.json"]


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_the_vectors_file_is_current() -> None:
    assert protocol_vectors.PATH.read_text(encoding="utf-8") == protocol_vectors.text()


def test_the_vectors_hold_every_kind_of_operation() -> None:
    assert [operation.kind for operation in protocol_vectors.operations()] == list(p.OperationKind)


def test_the_passkey_vector_unpacks_and_its_signature_verifies() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    proof = p.PasskeyProof.unpack(protocol_vectors.passkey_proof(bytes(range(32))).pack())
    assert proof.s <= 0x7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8
    signature = utils.encode_dss_signature(proof.r, proof.s)
    digest = utils.Prehashed(hashes.SHA256())
    protocol_vectors.PASSKEY.public_key().verify(signature, proof.signed_message_hash(), ec.ECDSA(digest))


def digest_from_words(domain: p.Domain, type_string: str, words: bytes) -> bytes:
    """Builds the message from its words, so that the order and the names of its fields are checked too."""
    name, listed = re.fullmatch(r"(\w+)\((.*)\)", type_string).groups()  # type: ignore[union-attr]
    message_type = {
        "Redeem": p.RedeemAuthorisation,
        "Hold": p.HoldAuthorisation,
        "Transfer": p.TransferAuthorisation,
        "AddKey": p.AddKeyAuthorisation,
        "RemoveKey": p.RemoveKeyAuthorisation,
        "Unlock": p.UnlockAuthorisation,
        "SetAllowance": p.SetAllowanceAuthorisation,
        "RefuseRecovery": p.RefuseRecoveryAuthorisation,
    }[name]
    python_names = {"deadline": "deadline_s", "kind": "key_kind"}
    fields: dict[str, Any] = {}
    for position, declaration in enumerate(listed.split(",")):
        solidity_type, field = declaration.split(" ")
        word = words[32 * position : 32 * position + 32]
        snake = re.sub("([A-Z])", lambda match: "_" + match[1].lower(), field)
        value = p.MemberId(word[12:]) if solidity_type == "address" else int.from_bytes(word, "big")
        fields[python_names.get(snake, snake)] = value
    message: Any = message_type(**fields)
    assert message.type_string == type_string
    digest: bytes = message.digest(domain)
    return digest


@pytest.mark.parametrize(
    "path", [protocol_vectors.PATH, *FORGE_VECTORS], ids=lambda path: "/".join(path.parts[-2:])
)
def test_python_agrees_with_the_vectors(path: Path) -> None:
    if not path.exists():
        pytest.skip("forge has not written its vectors yet")
    vectors = json.loads(path.read_text(encoding="utf-8"))
    domain = p.Domain(int(vectors["chain_id"]), p.LedgerAddress.parse(vectors["ledger"].lower()))
    assert domain.separator == unhex(vectors["domain_separator"])
    submissions = zip(
        vectors["submission_submitter"],
        vectors["submission_deadline"],
        vectors["submission_operations"],
        vectors["submission_signature"],
        vectors["submission_digest"],
        strict=True,
    )
    for submitter, deadline_s, framed, signature, digest in submissions:
        submission = p.SignedSubmission(
            p.Submitter(int(submitter)), int(deadline_s), unhex(signature), unhex(framed)
        )
        assert submission.digest(domain) == unhex(digest)
        assert submission.signer(domain).text == vectors["partner_key"].lower()
        assert p.frame_operations(submission.operations()) == submission.framed
    authorisations = zip(
        vectors["authorisation_type"],
        vectors["authorisation_words"],
        vectors["authorisation_digest"],
        strict=True,
    )
    for type_string, words, digest in authorisations:
        assert digest_from_words(domain, type_string, unhex(words)) == unhex(digest)
