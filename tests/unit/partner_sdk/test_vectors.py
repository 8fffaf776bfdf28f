"""Vectors shared with forge: those that Python makes are current, those that forge wrote agree with Python."""

import json
import re
from pathlib import Path
from typing import Any

from partner_sdk import protocol as p
from tests.vectors import protocol_vectors

ROOT = Path(__file__).parents[3]
FORGE_VECTORS = ROOT / "tests" / "vectors" / "forge.json"
FORGE_CHAIN_ID = 31337


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


def test_python_agrees_with_its_own_vectors_read_as_forge_reads_them() -> None:
    vectors = json.loads(protocol_vectors.PATH.read_text(encoding="utf-8"))
    domain = p.Domain(int(vectors["chain_id"]), p.LedgerAddress.parse(vectors["ledger"]))
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
        submission = p.SignedSubmission(p.Submitter(submitter), deadline_s, unhex(signature), unhex(framed))
        assert submission.digest(domain) == unhex(digest)
        assert submission.signer(domain).text == vectors["partner_key"]
        assert p.frame_operations(submission.operations()) == submission.framed
    authorisations = zip(
        vectors["authorisation_type"],
        vectors["authorisation_words"],
        vectors["authorisation_digest"],
        strict=True,
    )
    for type_string, words, digest in authorisations:
        assert digest_from_words(domain, type_string, unhex(words)) == unhex(digest)


def signed_message(operation: p.Operation, partner: p.PartnerId) -> Any:
    """What the member signed for an operation that forge packed."""
    assert isinstance(operation, p.Redeem | p.Hold | p.Transfer)
    authorisation = operation.authorisation
    common: dict[str, Any] = {
        "member": operation.member,
        "nonce": authorisation.nonce,
        "deadline_s": authorisation.deadline_s,
        "max_points": authorisation.max_points,
    }
    if isinstance(operation, p.Redeem):
        return p.RedeemAuthorisation(**common, partner=partner)
    if isinstance(operation, p.Hold):
        return p.HoldAuthorisation(**common, partner=partner, expires_day=operation.expires_day)
    return p.TransferAuthorisation(**common, to=operation.to)


def test_python_reads_what_forge_packed_and_signed() -> None:
    vectors = json.loads(FORGE_VECTORS.read_text(encoding="utf-8"))
    domain = p.Domain(FORGE_CHAIN_ID, p.LedgerAddress.parse(vectors["ledger"].lower()))
    kinds: list[str] = []
    for entry in vectors["submissions"]:
        submission = p.SignedSubmission.unpack(unhex(entry["wire"]))
        assert submission.pack() == unhex(entry["wire"])
        assert submission.signer(domain).text == entry["signer"].lower()
        for operation in submission.operations():
            kinds.append(operation.kind.text)
            authorisation = getattr(operation, "authorisation", None)
            if authorisation is not None:
                digest = signed_message(operation, submission.submitter.partner).digest(domain)
                assert p.recover_key(digest, authorisation.proof).text == vectors["member_key"].lower()
    assert kinds == ["purchase", "redeem", "hold", "transfer"]
