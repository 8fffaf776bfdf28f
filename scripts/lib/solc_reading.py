"""What the compiler says of the ledger's sources without making code of them, which takes seconds instead of minutes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


def read_sources(output_selection: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Asks for outputs that need no code, such as `ast` or `storageLayout`, of all of contracts/src.

    Returns:
        The request and the compiler's answer, both in its standard JSON.

    Raises:
        SystemExit: the sources do not compile.
    """
    files = sorted((CONTRACTS / "src").rglob("*.sol"))
    request = {
        "language": "Solidity",
        "sources": {str(file.relative_to(CONTRACTS)): {"content": file.read_text()} for file in files},
        "settings": {
            "remappings": (CONTRACTS / "remappings.txt").read_text().split(),
            "evmVersion": "cancun",
            "viaIR": True,
            "optimizer": {"enabled": True},
            "outputSelection": output_selection,
        },
    }
    root = str(CONTRACTS)
    solc = [f"{root}/solc", "--standard-json", "--base-path", root, "--allow-paths", root]
    run = subprocess.run(
        solc, input=json.dumps(request), capture_output=True, text=True, cwd=CONTRACTS, check=True
    )
    answer: dict[str, Any] = json.loads(run.stdout)
    errors = [one["formattedMessage"] for one in answer.get("errors", []) if one["severity"] == "error"]
    if errors:
        sys.exit("\n".join(errors))
    return request, answer
