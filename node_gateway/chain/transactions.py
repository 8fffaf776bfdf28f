"""Signing transactions: EIP-1559 and legacy (EIP-155), fast enough for a relay.

coincurve signs some ten thousand times a second; the encoder below covers just what a transaction needs.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from coincurve import PrivateKey
from eth_hash.auto import keccak

Rlp: TypeAlias = "bytes | list[Rlp]"

EIP1559_TYPE: Final = b"\x02"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """What a transaction offers for gas, in wei. `priority_wei` None means a legacy transaction at `max_wei` a gas."""

    max_wei: int
    priority_wei: int | None


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes to send and the hash by which the chain will know them."""

    raw: bytes
    tx_hash: bytes
    nonce: int
    gas_limit: int


class Signer:
    """A secp256k1 key with its address. The key never leaves the object and never shows in its text."""

    __slots__ = ("_key", "address", "address_text")

    def __init__(self, secret: bytes) -> None:
        self._key = PrivateKey(secret)
        self.address: bytes = keccak(self._key.public_key.format(compressed=False)[1:])[12:]
        self.address_text: str = "0x" + self.address.hex()

    def __repr__(self) -> str:
        return f"Signer({self.address_text})"

    def sign_hash(self, digest: bytes) -> tuple[int, int, int]:
        """Sign 32 bytes; returns (r, low s, y parity)."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]), signature[64]

    def sign_transaction(
        self,
        *,
        chain_id: int,
        nonce: int,
        to: bytes | None,
        data: bytes,
        gas_limit: int,
        fees: Fees,
        value_wei: int = 0,
    ) -> SignedTransaction:
        """Sign a call (`to` given) or a creation (`to` None)."""
        target = to or b""
        if fees.priority_wei is None:
            raw = self._legacy(
                chain_id, [_int(nonce), _int(fees.max_wei), _int(gas_limit), target, _int(value_wei), data]
            )
        else:
            fields: list[Rlp] = [
                _int(chain_id), _int(nonce), _int(fees.priority_wei), _int(fees.max_wei), _int(gas_limit),
                target, _int(value_wei), data, [],
            ]  # fmt: skip
            r, s, parity = self.sign_hash(keccak(EIP1559_TYPE + rlp_encode(fields)))
            raw = EIP1559_TYPE + rlp_encode([*fields, _int(parity), _int(r), _int(s)])
        return SignedTransaction(raw, keccak(raw), nonce, gas_limit)

    def _legacy(self, chain_id: int, fields: list[Rlp]) -> bytes:
        r, s, parity = self.sign_hash(keccak(rlp_encode([*fields, _int(chain_id), b"", b""])))
        return rlp_encode([*fields, _int(chain_id * 2 + 35 + parity), _int(r), _int(s)])


def replaced(signer: Signer, raw: bytes, *, chain_id: int, fees: Fees) -> SignedTransaction:
    """The same transaction, same nonce, signed again with other fees."""
    is_legacy = raw[:1] != EIP1559_TYPE
    body = rlp_decode(raw if is_legacy else raw[1:])
    # Legacy: nonce, price, gas, to, value, data. EIP-1559 has the chain id and two fees in front of the gas.
    places = (0, 2, 3, 4, 5) if is_legacy else (1, 4, 5, 6, 7)
    nonce, gas_limit, to, value, data = (_bytes(body[place]) for place in places)
    return signer.sign_transaction(
        chain_id=chain_id,
        nonce=int.from_bytes(nonce),
        to=to or None,
        data=data,
        gas_limit=int.from_bytes(gas_limit),
        fees=fees,
        value_wei=int.from_bytes(value),
    )


def _bytes(item: Any) -> bytes:
    assert isinstance(item, bytes)
    return item


def rlp_decode(data: bytes) -> Rlp:
    """Inverse of `rlp_encode`, for bytes that this gateway encoded itself."""
    item, end = _decode_item(data, 0)
    assert end == len(data), "trailing bytes"
    return item


def _decode_item(data: bytes, start: int) -> tuple[Rlp, int]:
    first = data[start]
    if first < 0x80:
        return data[start : start + 1], start + 1
    offset = 0x80 if first < 0xC0 else 0xC0
    length, body = first - offset, start + 1
    if length > 55:
        body += length - 55
        length = int.from_bytes(data[start + 1 : body])
    end = body + length
    if offset == 0x80:
        return data[body:end], end
    items: list[Rlp] = []
    while body < end:
        item, body = _decode_item(data, body)
        items.append(item)
    return items, end


def contract_address(sender: bytes, nonce: int) -> bytes:
    """The address that a creation by `sender` with `nonce` gets."""
    return keccak(rlp_encode([sender, _int(nonce)]))[12:]


def rlp_encode(item: Rlp) -> bytes:
    """Recursive length prefix of bytes and lists of such."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(len(item), 0x80) + item
    body = b"".join(map(rlp_encode, item))
    return _prefix(len(body), 0xC0) + body


def _prefix(length: int, offset: int) -> bytes:
    if length < 56:
        return bytes((offset + length,))
    size = _int(length)
    return bytes((offset + 55 + len(size),)) + size


def _int(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8)
