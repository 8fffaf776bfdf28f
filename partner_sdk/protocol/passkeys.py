"""Passkeys: key ids and the packed WebAuthn assertion that proves an authorisation on chain."""

import hashlib
from dataclasses import dataclass
from typing import Final, Self

from partner_sdk.protocol.authorisations import PASSKEY_FIXED_BYTES
from partner_sdk.protocol.errors import MalformedPasskeyProofError
from partner_sdk.protocol.identities import KeyId
from partner_sdk.protocol.keccak import keccak256

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
AUTHENTICATOR_DATA_BYTES_MAX: Final = 1_024
CLIENT_DATA_BYTES_MAX: Final = 4_096

_CHALLENGE_KEY = b'"challenge":"'
_TYPE_PAIR = b'"type":"webauthn.get"'


def passkey_key_id(x: bytes, y: bytes) -> KeyId:
    """Returns the key id of a P-256 public key: the last 20 bytes of keccak256(x ‖ y).

    Args:
        x: 32 bytes, big-endian.
        y: 32 bytes, big-endian.

    Raises:
        MalformedPasskeyProofError: a coordinate is not 32 bytes.
    """
    if len(x) != 32 or len(y) != 32:
        raise MalformedPasskeyProofError("a coordinate of a P-256 key has 32 bytes")
    return KeyId(keccak256(x + y)[12:])


def fold_low_s(s: int) -> int:
    """Returns the lower of s and n − s, which the ledger asks for; both verify."""
    return min(s, P256_ORDER - s)


@dataclass(frozen=True, slots=True)
class PasskeyProof:
    """A WebAuthn assertion whose challenge is the authorisation's digest.

    Attributes:
        x: 32 bytes of the public key.
        y: 32 bytes of the public key.
        r: of the signature.
        s: of the signature, at most half the order.
        authenticator_data: as the authenticator gave it (≥ 37 bytes).
        client_data_json: as the browser gave it.
    """

    x: bytes
    y: bytes
    r: int
    s: int
    authenticator_data: bytes
    client_data_json: bytes

    @classmethod
    def from_assertion(
        cls, *, x: bytes, y: bytes, signature_der: bytes, authenticator_data: bytes, client_data_json: bytes
    ) -> Self:
        """Takes what `navigator.credentials.get()` gave, the signature in DER; s is folded low.

        Raises:
            MalformedPasskeyProofError: the signature is not DER.
        """
        r, s = _decode_der(signature_der)
        return cls(x, y, r, fold_low_s(s), authenticator_data, client_data_json)

    @property
    def key_id(self) -> KeyId:
        return passkey_key_id(self.x, self.y)

    def signed_message_hash(self) -> bytes:
        """Returns what the authenticator signed: SHA-256 over its data and the hash of the client data."""
        return hashlib.sha256(
            self.authenticator_data + hashlib.sha256(self.client_data_json).digest()
        ).digest()

    def pack(self) -> bytes:
        """Returns the proof bytes of scheme 2. The indexes are those of the opening quotes of `"challenge"` and `"type"`.

        Raises:
            MalformedPasskeyProofError: the client data lacks them, or something is too long.
        """
        challenge_index = self.client_data_json.find(_CHALLENGE_KEY)
        type_index = self.client_data_json.find(_TYPE_PAIR)
        if challenge_index < 0 or type_index < 0:
            raise MalformedPasskeyProofError("the client data is not that of a webauthn.get")
        if len(self.authenticator_data) > AUTHENTICATOR_DATA_BYTES_MAX:
            raise MalformedPasskeyProofError("the authenticator data is too long")
        if len(self.client_data_json) > CLIENT_DATA_BYTES_MAX:
            raise MalformedPasskeyProofError("the client data is too long")
        return b"".join(
            (
                self.x,
                self.y,
                self.r.to_bytes(32, "big"),
                self.s.to_bytes(32, "big"),
                challenge_index.to_bytes(2, "big"),
                type_index.to_bytes(2, "big"),
                len(self.authenticator_data).to_bytes(2, "big"),
                self.authenticator_data,
                self.client_data_json,
            )
        )

    @classmethod
    def unpack(cls, proof: bytes) -> Self:
        """Reads proof bytes of scheme 2; their indexes are recomputed when packed again.

        Raises:
            MalformedPasskeyProofError: a part is cut short.
        """
        if len(proof) < PASSKEY_FIXED_BYTES:
            raise MalformedPasskeyProofError("the proof is cut short")
        end = PASSKEY_FIXED_BYTES + int.from_bytes(proof[132:134], "big")
        if end > len(proof):
            raise MalformedPasskeyProofError("the authenticator data is cut short")
        return cls(
            x=proof[:32],
            y=proof[32:64],
            r=int.from_bytes(proof[64:96], "big"),
            s=int.from_bytes(proof[96:128], "big"),
            authenticator_data=proof[PASSKEY_FIXED_BYTES:end],
            client_data_json=proof[end:],
        )


def _decode_der(signature: bytes) -> tuple[int, int]:
    if len(signature) < 8 or signature[0] != 0x30 or signature[1] != len(signature) - 2:
        raise MalformedPasskeyProofError("the signature is not DER")
    r, offset = _decode_der_integer(signature, 2)
    s, offset = _decode_der_integer(signature, offset)
    if offset != len(signature) or not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise MalformedPasskeyProofError("the signature is not DER of two scalars")
    return r, s


def _decode_der_integer(signature: bytes, offset: int) -> tuple[int, int]:
    if offset + 2 > len(signature) or signature[offset] != 0x02:
        raise MalformedPasskeyProofError("the signature is not DER")
    end = offset + 2 + signature[offset + 1]
    if end > len(signature) or end == offset + 2:
        raise MalformedPasskeyProofError("the signature is not DER")
    return int.from_bytes(signature[offset + 2 : end], "big"), end
