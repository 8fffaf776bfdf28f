"""What to measure, and how much of it."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """A figure, or a group of figures that one set-up gives."""

    SETTLE = "settle"
    MIXES = "mixes"
    ENGINE = "engine"
    PLAIN = "plain"
    ACCEPT = "accept"
    LATENCY = "latency"
    REINDEX = "reindex"


class DatabaseKind(StrEnum):
    """Where the gateway keeps its tables."""

    POSTGRESQL = "postgresql"
    SQLITE = "sqlite"


class EngineKind(StrEnum):
    """What runs the chain."""

    ANVIL = "anvil"
    GETH = "geth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much traffic each part sends.

    Attributes:
        runs: repetitions of which the median counts.
        members: members that exist when measuring begins.
        settle_operations: of one run of `settle` and of each mix.
        plain_operations: of one run of the plain client, each way.
        accept_operations: of one run of bulk accepting.
        accept_single: requests of one run of single accepting.
        latency_s: how long latency is sampled.
        latency_probes: members whose pages are open meanwhile.
    """

    runs: int = 3
    members: int = 10_000
    settle_operations: int = 60_000
    plain_operations: int = 200
    accept_operations: int = 60_000
    accept_single: int = 6_000
    latency_s: float = 30.0
    latency_probes: int = 40


FULL = Sizes()
QUICK = Sizes(
    runs=1,
    members=200,
    settle_operations=1_000,
    plain_operations=20,
    accept_operations=1_000,
    accept_single=100,
    latency_s=4.0,
    latency_probes=4,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line, read.

    Attributes:
        parts: what is measured, in the order of `Part`.
        curve: numbers of members at which the rate is measured; empty: no curve.
        soak_minutes: 0: no soak.
        soak_ops_s: operations a second of the soak; None: 70 % of what `settle` reached just before.
    """

    parts: frozenset[Part]
    engine: EngineKind
    database: DatabaseKind
    sizes: Sizes
    as_json: bool
    curve: tuple[int, ...] = ()
    soak_minutes: float = 0.0
    soak_ops_s: float | None = None


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """Reads the command line; ends the process with status 2 and a message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures rate, latency and cost of everything, on this machine."
    )
    parser.add_argument("--json", action="store_true", dest="as_json", help="the figures as one line of JSON")
    parser.add_argument(
        "--quick", action="store_true", help="tiny amounts, one run: to see that it works, not how fast"
    )
    parser.add_argument(
        "--engine",
        choices=[kind.value for kind in EngineKind],
        default="anvil",
        help="the chain: anvil in memory, or geth on the disk, which scripts/setup --engines builds (anvil)",
    )
    parser.add_argument("--database", choices=[kind.value for kind in DatabaseKind], default="postgresql")
    parser.add_argument(
        "--part", action="append", choices=[part.value for part in Part], help="only this (repeat for more)"
    )
    parser.add_argument(
        "--curve",
        nargs="?",
        const="10000,100000,1000000",
        metavar="MEMBERS,…",
        help="instead: rate against the number of members (10000,100000,1000000)",
    )
    parser.add_argument(
        "--soak", type=float, metavar="MINUTES", help="instead: memory at 70 %% of the best rate"
    )
    parser.add_argument("--soak-rate", type=float, metavar="OPS_S", help="rate of the soak")
    parser.add_argument("--operations", type=int, metavar="N", help="operations in one run of settling")
    parser.add_argument("--runs", type=int, metavar="N", help="repetitions of which the median counts")
    given = parser.parse_args(arguments)
    sizes = _sizes(QUICK if given.quick else FULL, given.operations, given.runs, parser)
    curve = _numbers(given.curve, parser)
    if given.soak is not None and not 0 < given.soak <= 24 * 60:
        parser.error("--soak: give minutes, more than 0 and at most 1440")
    is_apart = bool(curve) or given.soak is not None
    if is_apart and given.part:
        parser.error("--curve and --soak measure nothing else: leave --part out")
    return Options(
        parts=frozenset() if is_apart else frozenset(map(Part, given.part or Part)),
        engine=EngineKind(given.engine),
        database=DatabaseKind(given.database),
        sizes=sizes,
        as_json=given.as_json,
        curve=curve,
        soak_minutes=given.soak or 0.0,
        soak_ops_s=given.soak_rate,
    )


def _sizes(sizes: Sizes, operations: int | None, runs: int | None, parser: argparse.ArgumentParser) -> Sizes:
    from dataclasses import replace

    if operations is not None and operations < 100:
        parser.error("--operations: at least 100")
    if runs is not None and not 1 <= runs <= 99:
        parser.error("--runs: 1 … 99")
    return replace(
        sizes,
        settle_operations=operations or sizes.settle_operations,
        runs=runs or sizes.runs,
    )


def _numbers(text: str | None, parser: argparse.ArgumentParser) -> tuple[int, ...]:
    if text is None:
        return ()
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        parser.error(f"--curve: give numbers of members separated by commas, not {text}")
    if list(numbers) != sorted(set(numbers)) or numbers[0] < 100:
        parser.error("--curve: numbers of members go up, from 100 on")
    return numbers
