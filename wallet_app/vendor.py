"""Copies browser libraries from node_modules into static/vendor and compares them with their lock: `python -m wallet_app.vendor`.

`--check` copies nothing; `--update` writes the lock anew after a change of versions. Large files are locked, not committed.
"""

import argparse
import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parent
VENDOR = PACKAGE / "static" / "vendor"
LOCK = VENDOR / "vendor.lock.json"
NODE_MODULES = PACKAGE.parent / "node_modules"


@dataclass(frozen=True)
class VendoredFile:
    """One file of an npm package. `is_committed` is False for what is too large for a repository."""

    package: str
    source: str
    target: str
    licence_file: str
    is_committed: bool = True


FILES = (
    VendoredFile("htmx.org", "dist/htmx.min.js", "htmx.min.js", "LICENSE"),
    VendoredFile("htmx.org", "dist/ext/hx-sse.min.js", "hx-sse.min.js", "LICENSE"),
    VendoredFile("@picocss/pico", "css/pico.min.css", "pico.min.css", "LICENSE.md"),
    VendoredFile("zxing-wasm", "dist/iife/reader/index.js", "zxing_reader.js", "LICENSE"),
    VendoredFile(
        "zxing-wasm", "dist/reader/zxing_reader.wasm", "zxing_reader.wasm", "LICENSE", is_committed=False
    ),
)


def vendor_files() -> list[dict[str, object]]:
    """Copies all files and their licences; returns the lock."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    lock = []
    for file in FILES:
        package = NODE_MODULES / file.package
        manifest = json.loads((package / "package.json").read_text())
        shutil.copyfile(package / file.source, VENDOR / file.target)
        shutil.copyfile(package / file.licence_file, VENDOR / _licence_name(file))
        lock.append(
            {
                "file": file.target,
                "package": file.package,
                "version": manifest["version"],
                "source": file.source,
                "licence": manifest["license"],
                "sha256": _sha256(VENDOR / file.target),
                "committed": file.is_committed,
            }
        )
    return lock


def differences() -> list[str]:
    """Files that differ from the lock; a file that is not committed may be missing."""
    found = []
    for entry in json.loads(LOCK.read_text()):
        path = VENDOR / entry["file"]
        if not path.exists():
            if entry["committed"]:
                found.append(f"{entry['file']} is missing: run python -m wallet_app.vendor")
        elif _sha256(path) != entry["sha256"]:
            found.append(
                f"{entry['file']} is not {entry['package']} {entry['version']}: run python -m wallet_app.vendor"
            )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the lock, copy nothing")
    parser.add_argument("--update", action="store_true", help="write the lock anew")
    options = parser.parse_args()
    if not options.check:
        lock = vendor_files()
        if options.update:
            LOCK.write_text(json.dumps(lock, indent=2) + "\n")
    found = differences()
    for line in found:
        sys.stderr.write(line + "\n")
    return 1 if found else 0


def _licence_name(file: VendoredFile) -> str:
    return f"LICENSE.{file.package.split('/')[-1]}.txt"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
