"""Compiled contracts as `scripts/generate` leaves them: ABI, bytecode, and the places where library addresses go."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import orjson

from node_gateway.chain.abi import Abi, EventTable
from node_gateway.chain.hexadecimal import data_of

LEDGER_INTERFACE = "IPointsLedger"


@dataclass(eq=False)
class ContractMissingError(Exception):
    """A compiled contract is not in the package."""

    name: str

    def __str__(self) -> str:
        return f"compiled contract {self.name} is missing; run scripts/generate"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract.

    Attributes:
        name: the contract's name.
        abi: its ABI.
        bytecode: creation code as hexadecimal without `0x`, with placeholders where libraries go.
        libraries: the libraries it links to, and the byte offsets of each place.
    """

    name: str
    abi: Abi
    bytecode: str
    libraries: Mapping[str, tuple[int, ...]]

    def creation_code(self, addresses: Mapping[str, bytes], arguments: bytes = b"") -> bytes:
        """The code to send: libraries linked, constructor arguments appended.

        Raises:
            KeyError: where a library has no address yet.
        """
        code = self.bytecode
        for library, starts in self.libraries.items():
            for start in starts:
                code = code[: 2 * start] + addresses[library].hex() + code[2 * start + 40 :]
        return bytes.fromhex(code) + arguments


def load_artifact(name: str) -> Artifact:
    """Read a compiled contract of the package.

    Raises:
        ContractMissingError: where it was not generated.
    """
    file = resources.files("node_gateway.chain").joinpath("contracts", f"{name}.json")
    try:
        raw = orjson.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise ContractMissingError(name) from error
    return parse_artifact(name, raw)


def parse_artifact(name: str, raw: Mapping[str, Any]) -> Artifact:
    """Read forge's shape: bytecode as text or as `{object, linkReferences}`."""
    bytecode = raw.get("bytecode") or ""
    references = raw.get("linkReferences") or {}
    if isinstance(bytecode, Mapping):
        references = bytecode.get("linkReferences") or references
        bytecode = bytecode["object"]
    libraries = {
        library: tuple(place["start"] for place in places)
        for by_name in references.values()
        for library, places in by_name.items()
    }
    return Artifact(name, raw["abi"], bytecode.removeprefix("0x"), libraries)


@cache
def ledger_abi() -> Abi:
    """The merged ABI that serves the ledger's address."""
    return load_artifact(LEDGER_INTERFACE).abi


@cache
def ledger_events() -> EventTable:
    """Decoder of the ledger's events."""
    return EventTable(ledger_abi())


def address_bytes(text: str) -> bytes:
    """The 20 bytes of an address.

    Raises:
        ValueError: where it is none.
    """
    address = data_of(text)
    if len(address) != 20:
        raise ValueError(f"not an address: {text}")
    return address
