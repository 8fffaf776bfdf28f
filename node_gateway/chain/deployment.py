"""Where a program lives: chain, addresses, and what must still be true of the chain for it to be the same one."""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

DEPLOYMENT_FILE = "deployment.json"


@dataclass(eq=False)
class DeploymentMissingError(Exception):
    """There is no deployment file."""

    path: Path

    def __str__(self) -> str:
        return f"no deployment at {self.path}; run `coalition deploy` first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployed program, as saved in the state directory. Addresses are `0x…` in lower case, hashes too.

    Attributes:
        chain_id: of the chain.
        genesis_hash: hash of block 0; another one means another chain.
        ledger: the proxy that everyone talks to.
        implementation: what the proxy stood for at deployment.
        extension: the contract that serves governance through the ledger.
        access_manager: OpenZeppelin's AccessManager with the roles.
        libraries: addresses of the linked libraries by name.
        code_hash: keccak of the proxy's code; gone or another one means that the chain lost the deployment.
        deployed_block: the ledger's first block; indexing starts here.
        deployed_block_hash: hash of that block.
        program: the program terms as deployed.
    """

    chain_id: int
    genesis_hash: str
    ledger: str
    implementation: str
    extension: str
    access_manager: str
    libraries: dict[str, str]
    code_hash: str
    deployed_block: int
    deployed_block_hash: str
    program: dict[str, Any]

    def save(self, state_dir: Path) -> Path:
        """Write the file whole or not at all."""
        state_dir.mkdir(parents=True, exist_ok=True)
        path = state_dir / DEPLOYMENT_FILE
        temporary = path.with_suffix(".json.part")
        temporary.write_bytes(orjson.dumps(dataclasses.asdict(self), option=orjson.OPT_INDENT_2))
        os.replace(temporary, path)
        return path


def load_deployment(state_dir: Path) -> Deployment:
    """Read the deployment of a state directory.

    Raises:
        DeploymentMissingError: where there is none.
    """
    path = state_dir / DEPLOYMENT_FILE
    try:
        raw = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DeploymentMissingError(path) from error
    # Files of earlier versions hold the raw transactions too; they are in the gateway's tables now.
    raw.pop("transactions", None)
    return Deployment(**raw)
