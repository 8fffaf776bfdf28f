"""What a year came to, in words: what became of each kind of event, the campaigns, the points."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from node_gateway.simulation.scenario import Scenario

Report = dict[str, Any]

APPLIED, IGNORED = "applied", "ignored as repeated"


def results_of(scenario: Scenario, report: Report) -> dict[str, Counter[str]]:
    """What became of the events of each kind: applied, rejected for a reason, or ignored."""
    reasons = {one["id"]: one["reason"] for one in report["rejected"]}
    seen: set[str] = set()
    results: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for event in scenario.events:
        results[event.type][IGNORED if event.id in seen else reasons.get(event.id, APPLIED)] += 1
        seen.add(event.id)
    return dict(results)


def report_lines(scenario: Scenario, report: Report) -> Iterator[str]:
    """The report's figures, for people."""
    yield f"{len(scenario.events):,} events of {len(scenario.members):,} households at {len(scenario.partners)} partners"
    for kind, results in sorted(results_of(scenario, report).items(), key=lambda one: -one[1].total()):
        parts = ", ".join(f"{count:,} {result}" for result, count in results.most_common())
        yield f"  {kind:12s} {parts}"
    points = ", ".join(f"{count:,} {what}" for what, count in report["points"].items())
    yield f"points: {points}"
    owing = sum(member["debt"] > 0 for member in report["members"].values())
    yield f"members in debt at the end: {owing}; holding: {sum(m['held'] > 0 for m in report['members'].values())}"
    for campaign in scenario.campaigns:
        found = report["campaigns"][campaign.id]
        yield (
            f"  campaign {campaign.id:22s} days {campaign.opens_day}-{campaign.closes_day}: {found['awarded_points']:,} of "
            f"{campaign.budget_points:,} points awarded, {found['refused']:,} refused"
        )
    yield f"cycles closed: {len(report['cycles'])}; the operator's net {report['operator_net']:,} micro-units"


def events_line(counts: Mapping[str, int]) -> str:
    """What the ledger emitted, the most frequent first."""
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return "events of the ledger: " + ", ".join(f"{counts[name]:,} {name}" for name in names)
