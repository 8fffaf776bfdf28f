"""What a run came to: figures, the audit's verdict, and where to look."""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from node_gateway.cli.stack import Stack
from replay.journal import Journal
from replay.through_the_days import Replayed

AUDIT_WAIT_MAX_S = 900.0


@dataclass(frozen=True, slots=True)
class Audit:
    """The auditor's verdict: whether everything agrees, and its own words."""

    agrees: bool
    words: str
    counts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """All figures of a run; None where there was nothing to measure.

    Attributes:
        operations: of this run; the totals are of all runs together.
        latency_ms: from the gateway's answer to the balance on the member's page (`page`) and to the partner's event stream (`event`).
        first_balance_s: from the start of `scripts/run` to the first settled operation.
        checks: of a smoke run: what was compared, and whether it agreed.
    """

    operations: int
    operations_s: float | None
    totals: dict[str, Any]
    refused: dict[str, int]
    audit: str
    audit_counts: dict[str, Any]
    gas: dict[str, int | None]
    latency_ms: dict[str, float | None]
    first_balance_s: float | None
    addresses: dict[str, str]
    checks: dict[str, bool] = field(default_factory=dict)
    is_agreed: bool = True


def percentile_ms(values_s: list[float], percent: float) -> float | None:
    """The value below which `percent` of the values are, in milliseconds; None of none."""
    if not values_s:
        return None
    ordered = sorted(values_s)
    return round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))], 1)


def make_report(
    *, journal: Journal, replayed: Replayed, audit: Audit, gas: dict[str, int | None], started_at_s: float | None,
    addresses: dict[str, str],
) -> Report:  # fmt: skip
    """Puts the figures together."""
    first_s = replayed.first_settled_at_s
    latencies = replayed.seconds_to_settle
    return Report(
        operations=replayed.operations,
        operations_s=round(replayed.operations / replayed.seconds, 1) if replayed.operations else None,
        totals={
            "last_day": journal.last_day.isoformat() if journal.last_day else None,
            "members": journal.enrolled,
            "settled": dict(journal.settled),
            "refused": dict(journal.refused),
        },
        refused=dict(journal.refused),
        audit="agrees" if audit.agrees else "differs",
        audit_counts=audit.counts,
        gas=gas,
        latency_ms={"event_p50": percentile_ms(latencies, 50), "event_p99": percentile_ms(latencies, 99)},
        first_balance_s=round(first_s - started_at_s, 1) if first_s and started_at_s else None,
        addresses=addresses,
        is_agreed=audit.agrees,
    )


def report_text(report: Report) -> str:
    """The report for people."""
    settled, refused = report.totals["settled"], report.totals["refused"]
    count = sum(settled.values()) + sum(refused.values())
    rate = (
        f", {report.operations:,} of them in this run at {report.operations_s:,.0f}/s"
        if report.operations_s
        else ""
    )
    lines = [
        f"through {report.totals['last_day']}: {count:,} operations of {report.totals['members']:,} members{rate}",
        "settled   "
        + (", ".join(f"{number:,} {kind}" for kind, number in sorted(settled.items())) or "nothing"),
        "refused   "
        + (", ".join(f"{number:,} {reason}" for reason, number in sorted(refused.items())) or "nothing"),
        f"audit     {report.audit}"
        + "".join(f", {number:,} {name}" for name, number in report.audit_counts.items()),
    ]
    lines += [f"{name:<9} {address}" for name, address in report.addresses.items()]
    return "\n".join(lines)


def report_json(report: Report) -> str:
    """The report as one line."""
    return json.dumps(asdict(report))


async def run_audit(started: Stack) -> Audit:
    """Runs `coalition audit` on this stack's chain and database, as anyone can."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "node_gateway.cli", "audit", "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=started.process_environment,
    )  # fmt: skip
    try:
        output, errors = await asyncio.wait_for(process.communicate(), AUDIT_WAIT_MAX_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        return Audit(False, f"the audit took longer than {AUDIT_WAIT_MAX_S:.0f} s")
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    try:
        verdict: dict[str, Any] = json.loads(output)
    except ValueError:
        return Audit(
            False, errors.decode(errors="replace").strip() or f"it ended with status {process.returncode}"
        )
    words = "\n".join(json.dumps(one) for one in verdict.get("differences", [])[:20])
    return Audit(process.returncode == 0 and verdict.get("agrees", False), words, verdict.get("counts", {}))
