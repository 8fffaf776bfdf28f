"""secp256k1 keys and EIP-2098 compact signatures (r, yParity‖s; 64 bytes, low s)."""

from typing import Final, Self

from coincurve import PrivateKey, PublicKey

from partner_sdk.protocol.errors import InvalidSignatureError, MalformedIdError
from partner_sdk.protocol.identities import KeyId
from partner_sdk.protocol.keccak import keccak256

SIGNATURE_BYTES: Final = 64
_SECP256K1_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HALF_ORDER: Final = _SECP256K1_ORDER // 2


class SigningKey:
    """A secp256k1 private key. Its text never shows the secret."""

    __slots__ = ("_private_key", "address")

    def __init__(self, secret: bytes) -> None:
        """Takes the 32-byte secret.

        Raises:
            MalformedIdError: it is not 32 bytes, or not a valid scalar.
        """
        if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < _SECP256K1_ORDER:
            raise MalformedIdError("secret key", "(hidden)")
        self._private_key = PrivateKey(secret)
        self.address: Final = KeyId(address_of_public_key(self._private_key.public_key))

    @classmethod
    def generate(cls) -> Self:
        """Returns a new key from the system's secure source."""
        return cls(PrivateKey().secret)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads 64 hexadecimal digits, with or without `0x`.

        Raises:
            MalformedIdError: it is anything else.
        """
        digits = text.strip().removeprefix("0x")
        try:
            secret = bytes.fromhex(digits)
        except ValueError:
            raise MalformedIdError("secret key", "(hidden)") from None
        return cls(secret)

    @property
    def secret(self) -> bytes:
        """The 32 secret bytes, for a keystore."""
        secret: bytes = self._private_key.secret
        return secret

    def sign(self, digest: bytes) -> bytes:
        """Returns the 64-byte EIP-2098 signature of a 32-byte digest (deterministic, RFC 6979)."""
        recoverable = self._private_key.sign_recoverable(digest, hasher=None)
        if recoverable[64] == 0:
            return recoverable[:64]
        return recoverable[:32] + bytes((recoverable[32] | 0x80,)) + recoverable[33:64]

    def __repr__(self) -> str:
        return f"SigningKey({self.address.text})"


def address_of_public_key(public_key: PublicKey) -> bytes:
    """Returns the 20-byte Ethereum address of a secp256k1 public key."""
    return keccak256(public_key.format(compressed=False)[1:])[12:]


def recover_key(digest: bytes, signature: bytes) -> KeyId:
    """Returns the address whose key signed `digest`.

    Args:
        digest: 32 bytes.
        signature: 64 bytes, EIP-2098; a high s is refused, as the ledger does.

    Raises:
        InvalidSignatureError: the length is wrong, s is high, or no key can be recovered.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise InvalidSignatureError(f"a signature has 64 bytes, not {len(signature)}")
    parity = signature[32] >> 7
    s_bytes = bytes((signature[32] & 0x7F,)) + signature[33:]
    if int.from_bytes(s_bytes, "big") > _HALF_ORDER:
        raise InvalidSignatureError("the signature's s is not low")
    try:
        public_key = PublicKey.from_signature_and_message(
            signature[:32] + s_bytes + bytes((parity,)), digest, hasher=None
        )
    except Exception as error:  # noqa: BLE001  # coincurve raises a bare Exception when no key fits
        raise InvalidSignatureError(str(error)) from None
    return KeyId(address_of_public_key(public_key))
