"""Imports and error handling, as docs and pyproject.toml lay them down."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.architecture.repository import ROOT, repository_files

# Where whatever goes wrong is caught: it is logged and counted there, and the process goes on or ends with a message.
CATCH_ALL = {
    "node_gateway/jobs/running.py": "the top of every job loop",
    "node_gateway/api/request_context.py": "the top of every request",
    "node_gateway/cli/errors.py": "the top of every command",
    "partner_sdk/protocol/signatures.py": "coincurve raises a bare Exception when no key fits",
}
PACKAGES = {"partner_sdk", "node_gateway", "wallet_app", "replay"}


def test_imports_go_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    linter = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert linter.returncode == 0, linter.stdout + linter.stderr


def test_only_the_top_of_a_loop_catches_everything() -> None:
    found = [
        f"{path}:{handler.lineno}"
        for path in repository_files()
        if path.suffix == ".py" and path.parts[0] in PACKAGES and str(path) not in CATCH_ALL
        for handler in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(handler, ast.ExceptHandler)
        and catches_everything(handler)
        and not raises_again(handler)
    ]
    assert not found


def catches_everything(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(
        isinstance(node, ast.Name) and node.id in {"Exception", "BaseException"}
        for node in ast.walk(handler.type)
    )


def raises_again(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for statement in handler.body for node in ast.walk(statement))
