"""The command line of `scripts/run`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from replay.journey import DAYS_MAX

DAYS_DEFAULT = 30
SMOKE_DAYS = 3


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What to replay, and on what.

    Attributes:
        days: how many days of the data, from the first.
        members_max: how many households, those that shop first; all of the days when None.
        chain: `anvil` or a URL; the environment's choice when None.
        database: URL; SQLite in the state directory when empty.
        is_fresh: forget what earlier runs left.
        is_smoke: a few days, everything checked, stop by itself.
        as_json: the answer as one line of JSON.
    """

    days: int
    members_max: int | None
    chain: str | None
    database: str
    is_fresh: bool
    is_smoke: bool
    as_json: bool


def read_options(arguments: Sequence[str]) -> RunOptions:
    """Reads the command line; exits with status 2 and a word of help where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="scripts/run",
        description="Starts a coalition on this machine and replays a real retailer's baskets through it. "
        "Stopped half-way and started again it goes on where it was.",
        epilog="Everything it keeps is in .coalition (COALITION_STATE_DIR). Ports: 8545 chain (COALITION_CHAIN_PORT), "
        "8710 gateway (COALITION_API_PORT), 8720 wallet (COALITION_WALLET_PORT).",
    )
    parser.add_argument(
        "--days", type=_count(DAYS_MAX), metavar="N",
        help=f"days of the data, from 1 January 2017: 1 … {DAYS_MAX}; {DAYS_DEFAULT} by default, {SMOKE_DAYS} with --smoke",
    )  # fmt: skip
    parser.add_argument(
        "--members",
        type=_count(1_000_000),
        metavar="N",
        help="only the N households that shop first; all by default",
    )
    parser.add_argument(
        "--database",
        default="",
        metavar="URL",
        help="the gateway's database; SQLite in the state directory by default",
    )
    parser.add_argument(
        "--chain", metavar="NAME|URL", help="anvil (default), or the URL of a development chain"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs left, and start anew")
    parser.add_argument("--json", action="store_true", help="answer with one line of JSON on standard output")
    parser.add_argument(
        "--smoke", action="store_true",
        help="start anew beside other runs, replay a few days, check everything, stop; exit 0 only when all agreed",
    )  # fmt: skip
    parsed = parser.parse_args(arguments)
    return RunOptions(
        days=parsed.days or (SMOKE_DAYS if parsed.smoke else DAYS_DEFAULT),
        members_max=parsed.members,
        chain=parsed.chain,
        database=parsed.database,
        is_fresh=parsed.fresh or parsed.smoke,
        is_smoke=parsed.smoke,
        as_json=parsed.json or parsed.smoke,
    )


def _count(most: int) -> "type[int]":
    def number(text: str) -> int:
        value = int(text) if text.isdigit() else 0
        if not 1 <= value <= most:
            raise argparse.ArgumentTypeError(f"a number from 1 to {most}, not {text}")
        return value

    return number  # type: ignore[return-value]  # argparse wants a callable, and names it in errors
