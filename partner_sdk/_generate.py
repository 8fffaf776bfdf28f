"""Makes the synchronous client from the asynchronous one.

python -m partner_sdk._generate            writes partner_sdk/_sync
python -m partner_sdk._generate --check    exits 1 when it is not current
"""

import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parent
SOURCE, TARGET = PACKAGE / "_async", PACKAGE / "_sync"

REPLACEMENTS = {
    "AsyncPartner": "Partner",
    "AsyncWallet": "Wallet",
    "AsyncHttp": "Http",
    "AsyncSubmitting": "Submitting",
    "AsyncReading": "Reading",
    "AsyncWebhooks": "Webhooks",
    "AsyncClient": "Client",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncFakeGateway": "FakeGateway",
    "aclose": "close",
    "aread": "read",
    "sleep_async": "sleep_sync",
    "run_async": "run_sync",
    "_async": "_sync",
    "partner_sdk._async": "partner_sdk._sync",
}
HEADER = "# Made from partner_sdk/_async by `python -m partner_sdk._generate`; change it there.\n"


def generated(directory: Path) -> dict[str, str]:
    """Returns name and text of each synchronous file; `directory` is for intermediate files."""
    import unasync

    source = directory / "_async"
    source.mkdir()
    for path in sorted(SOURCE.glob("*.py")):
        (source / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    rule = unasync.Rule(str(source), str(directory / "_sync"), additional_replacements=REPLACEMENTS)
    unasync.unasync_files([str(path) for path in sorted(source.glob("*.py"))], [rule])
    return {path.name: _tidied(path) for path in sorted((directory / "_sync").glob("*.py"))}


def _tidied(made: Path) -> str:
    text = HEADER + made.read_text(encoding="utf-8")
    for command in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET / made.name), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=PACKAGE.parent,
            timeout=60,
        ).stdout
    return text


def main(arguments: list[str]) -> int:
    """Writes, or with `--check` compares."""
    with tempfile.TemporaryDirectory() as directory:
        wanted = generated(Path(directory))
    present = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.py")}
    if arguments == ["--check"]:
        return 0 if wanted == present else 1
    TARGET.mkdir(exist_ok=True)
    for name in present.keys() - wanted.keys():
        (TARGET / name).unlink()
    for name, text in wanted.items():
        (TARGET / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
