"""EIP-712: the program's domain, words and digests."""

from dataclasses import dataclass, field
from typing import Final

from partner_sdk.protocol.identities import LedgerAddress
from partner_sdk.protocol.keccak import keccak256

DOMAIN_NAME: Final = "Points Coalition"
DOMAIN_VERSION: Final = "1"

_DOMAIN_TYPE_HASH = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)


@dataclass(frozen=True, slots=True)
class Domain:
    """The EIP-712 domain of one program: a ledger on a chain.

    Attributes:
        chain_id: EIP-155 chain id.
        ledger: address of the ledger, the verifying contract.
        separator: 32 bytes, derived.
    """

    chain_id: int
    ledger: LedgerAddress
    separator: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        separator = keccak256(
            _DOMAIN_TYPE_HASH
            + keccak256(DOMAIN_NAME.encode())
            + keccak256(DOMAIN_VERSION.encode())
            + uint_word(self.chain_id)
            + address_word(self.ledger)
        )
        object.__setattr__(self, "separator", separator)

    def digest(self, struct_hash: bytes) -> bytes:
        """Returns what is signed: keccak256(0x1901 ‖ separator ‖ struct hash)."""
        return keccak256(b"\x19\x01" + self.separator + struct_hash)


def uint_word(value: int) -> bytes:
    """Returns an unsigned integer as a 32-byte word."""
    return value.to_bytes(32, "big")


def address_word(address: bytes) -> bytes:
    """Returns 20 bytes as a 32-byte word, padded on the left."""
    return bytes(12) + address
