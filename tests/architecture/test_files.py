"""What holds for every file of the repository."""

import re
from pathlib import Path

from tests.architecture.repository import ROOT, repository_files

LINES_MAX = {".py": 400, ".sol": 400, ".html": 80}
# Each with the reason why it is better in one piece.
LONG_FILES = {
    "contracts/src/interfaces/IPointsLedger.sol": "the whole public interface with its NatSpec, read as a reference",
    "node_gateway/store/migrations/versions/r0001_first_schema.py": "a migration is a record, never edited",
    "tests/unit/wallet_app/test_pages.py": "one promise per page",
}

MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:home|root|work|Users)/\w")
REGISTRY = re.compile(
    r"https?://[\w.-]*(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|yarnpkg\.com|crates\.io|golang\.org/x?proxy)"
)


def test_files_fit_in_the_head() -> None:
    too_long = {
        str(path): lines
        for path in repository_files()
        if (limit := LINES_MAX.get(path.suffix))
        and (lines := len(text_of(path).splitlines())) > limit
        and str(path) not in LONG_FILES
    }
    assert not too_long


def test_exceptions_for_long_files_are_needed() -> None:
    needless = [
        name
        for name in LONG_FILES
        if not (ROOT / name).exists() or len(text_of(Path(name)).splitlines()) <= LINES_MAX[Path(name).suffix]
    ]
    assert not needless


def test_no_paths_of_one_machine_and_no_registry_addresses() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in repository_files()
        if "vendor" not in path.parts
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if MACHINE_PATH.search(line) or REGISTRY.search(line)
    ]
    assert not found


def test_every_directory_of_tests_is_run_by_the_test_script() -> None:
    (parts,) = re.findall(r"^ALL_PARTS=\((.*)\)$", text_of(Path("scripts/test")), re.MULTILINE)
    directories = {
        path.parts[1]
        for path in repository_files()
        if path.parts[0] == "tests" and path.name.startswith("test_") and path.suffix == ".py"
    }
    assert directories <= set(parts.split())


def text_of(path: Path) -> str:
    """The text of a repository file; empty for one that is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
