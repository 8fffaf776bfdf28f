"""`python3 -m tests.model simulate FILE [CHECKED_EVERY]` or `python3 -m tests.model generate SEED [EVENTS]`: prints JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .ledger_model import simulate
from .scenario_format import problems_in_text
from .scenario_generator import generate

EXIT_REFUSED = 2


def main(arguments: list[str]) -> int:
    command, *rest = arguments
    if command == "generate":
        print(json.dumps(generate(*(int(number) for number in rest)), indent=1, ensure_ascii=False))
        return 0
    path, *checked_every = rest
    text = Path(path).read_text(encoding="utf-8")
    found = problems_in_text(text)
    for problem in found:
        print(f"{problem.path}: {problem.message}", file=sys.stderr)
    if found:
        return EXIT_REFUSED
    report = simulate(json.loads(text), checked_every=int(*checked_every or "1"))
    print(json.dumps(report, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
