"""`coalition simulate` on a real chain: the worked example to the last micro-unit, and what the command promises around it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from node_gateway.simulation.run import run_scenario
from node_gateway.simulation.scenario_chain import fresh_chain
from node_gateway.simulation.scenario_format import parse_scenario
from tests.scenarios import (
    WORKED_EXAMPLE,
    Event,
    Scenario,
    campaign,
    event,
    scenario_of,
    worked_example,
    worked_report,
)

pytestmark = pytest.mark.integration

RUN_MAX_S = 240
ROOT = Path(__file__).resolve().parents[3]


def coalition(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "node_gateway.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=RUN_MAX_S, cwd=ROOT, check=False)


async def report_of(scenario: Scenario) -> dict[str, object]:
    async with fresh_chain() as rpc:
        return await run_scenario(rpc, parse_scenario(json.dumps(scenario)))


async def rejected_in(*events: Event, **changes: Any) -> list[tuple[str, str]]:
    report = await report_of(scenario_of(*events, **changes))
    rejected = report["rejected"]
    assert isinstance(rejected, list)
    return [(one["id"], one["reason"]) for one in rejected]


def test_prints_the_worked_report_and_nothing_else_on_standard_output() -> None:
    done = coalition("simulate", str(WORKED_EXAMPLE))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == worked_report()
    assert "13 of 13 events" in done.stderr


def test_refuses_a_bad_file_before_anything_runs(tmp_path: Path) -> None:
    scenario = worked_example()
    scenario["events"][3]["occurred_day"] = 99
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(scenario))
    done = coalition("simulate", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "events[3].occurred_day: 99 is after its day 4" in done.stderr
    assert "deploying" not in done.stderr


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = coalition("simulate", str(tmp_path / "none.json"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no such file" in done.stderr


async def test_sends_repeated_ids_to_the_chain_which_ignores_them() -> None:
    report = await report_of(
        scenario_of(
            event("purchase", "x", spend=100),
            event("purchase", "x", spend=100),
            event("redeem", "x", partner="B", points=100),
            event("redeem", "y", points=500),
            event("grant", "y", points=500),
        )
    )
    assert report["points"] == {"issued": 100, "burned": 0, "cancelled": 0, "expired": 0, "outstanding": 100}
    assert report["rejected"] == [{"id": "y", "reason": "insufficient_points"}]


async def test_leaves_it_to_the_chain_to_reject_what_refers_to_nothing_or_to_the_wrong_kind() -> None:
    assert await rejected_in(
        event("purchase", "p", spend=100),
        event("redeem", "burn", points=10),
        event("hold", "h", points=10, expires_day=9),
        event("grant", "g", points=10),
        event("redeem", "no", points=10_000),
        event("return", "1", of="never", spend=1),
        event("return", "2", of="burn", spend=1),
        event("return", "3", of="g", spend=1),
        event("refund", "4", of="p", points=1),
        event("refund", "5", of="h", points=1),
        event("refund", "6", of="no", points=1),
        event("capture", "7", hold="burn", points=1),
        event("void", "8", hold="never"),
        event("void", "9", hold="p"),
        event("return", "10", of="p", partner="B", spend=1),
        event("void", "11", hold="h", partner="B"),
        event("refund", "12", of="12", points=1),
    ) == [
        ("no", "insufficient_points"),
        *((str(n), "unknown_operation") for n in range(1, 7)),
        *((str(n), "unknown_hold") for n in range(7, 10)),
        ("10", "not_your_operation"),
        ("11", "not_your_operation"),
        ("12", "unknown_operation"),
    ]


async def test_lets_the_contract_refuse_amounts_of_nothing_and_beyond_their_fields() -> None:
    greatest = 2**63 - 1
    assert await rejected_in(
        event("purchase", "a", spend=0),
        event("purchase", "b", spend=greatest),
        event("purchase", "c", spend=10**12 + 1),
        event("grant", "d", points=4 * 10**9 + 1),
        event("redeem", "e", points=greatest),
        event("hold", "f", points=0, expires_day=0),
        event("transfer", "g", points=greatest),
        event("purchase", "h", spend=4 * 10**9 + 1),
    ) == [(event_id, "invalid_amount") for event_id in "abcdefgh"]


async def test_uses_a_nonce_again_after_a_rejection_however_many_there_are() -> None:
    """A member's nonces may skip ahead by 256 at most."""
    tries = [event("redeem", f"r{n}", points=1) for n in range(300)]
    report = await report_of(
        scenario_of(*tries, event("purchase", "p", spend=50), event("redeem", "last", points=50))
    )
    rejected = report["rejected"]
    assert isinstance(rejected, list)
    assert len(rejected) == 300
    assert report["points"] == {"issued": 50, "burned": 50, "cancelled": 0, "expired": 0, "outstanding": 0}


async def test_opens_campaigns_before_day_0_and_takes_fields_to_their_greatest_number() -> None:
    greatest = 2**63 - 1
    unreachable = {
        "bonus_points": 1,
        "partners_required": greatest,
        "min_visits": greatest,
        "min_spend_each": greatest,
    }
    report = await report_of(
        scenario_of(
            event("purchase", "p", spend=1),
            event("purchase", "q", spend=1),
            campaigns=[
                campaign(closes_day=greatest, budget_points=greatest),
                campaign(id="unreachable", stages=[unreachable], funding={"operator": 10_000}),
                campaign(id="later", opens_day=greatest, closes_day=greatest),
            ],
        )
    )
    assert report["campaigns"] == {
        "c": {"awarded_points": 100, "refused": 0},
        "unreachable": {"awarded_points": 0, "refused": 0},
        "later": {"awarded_points": 0, "refused": 0},
    }


async def test_closes_cycles_without_any_line_and_twice_a_day() -> None:
    report = await report_of(
        scenario_of(event("close_cycle", "c1"), event("close_cycle", "c2"), event("close_cycle", "c3", day=2))
    )
    cycles = report["cycles"]
    assert isinstance(cycles, list)
    assert [(cycle["id"], cycle["day"]) for cycle in cycles] == [("c1", 0), ("c2", 0), ("c3", 2)]
    assert all(set(lines.values()) == {0} for cycle in cycles for lines in cycle["statements"].values())


async def test_reprices_suspends_and_reinstates_in_order() -> None:
    report = await report_of(
        scenario_of(
            event("purchase", "p1", spend=100),
            event("reprice", "r1", issue_price=20_000),
            event("reprice", "r2", earn_points_per_100_minor=50),
            event("purchase", "p2", spend=100),
            event("suspend", "s1"),
            event("suspend", "s2"),
            event("purchase", "p3", spend=100),
            event("return", "back", of="p1", spend=100),
            event("reinstate", "s3"),
            event("purchase", "p4", spend=100),
        )
    )
    assert report["rejected"] == [{"id": "p3", "reason": "partner_suspended"}]
    clearing = report["clearing"]
    assert isinstance(clearing, dict)
    base = 100 * 10_000 + 50 * 20_000 + 50 * 20_000
    assert clearing["A"] == {
        "base": base,
        "bonus": 0,
        "credit": 100 * 10_000,
        "reimbursed": 0,
        "net": base - 100 * 10_000,
    }


async def test_transfers_more_lots_than_a_transaction_of_a_real_chain_could_move() -> None:
    """450 lots arrive late, then 450 more that end before all of these: 205 M gas in one transfer."""
    lots = 450
    earned = [
        *(event("purchase", f"a{n}", day=1, member="M3", spend=10) for n in range(lots)),
        *(event("purchase", f"b{n}", day=2, member="M1", spend=10) for n in range(lots)),
    ]
    report = await report_of(
        scenario_of(
            *earned,
            event("purchase", "own", day=9, member="M2", spend=10),
            event("transfer", "t1", day=9, member="M1", to="M2", points=10 * lots),
            event("transfer", "t2", day=9, member="M3", to="M2", points=10 * lots),
            members=["M1", "M2", "M3"],
        )
    )
    assert report["rejected"] == []
    members = report["members"]
    assert isinstance(members, dict)
    assert [(lot["expires_day"], lot["points"]) for lot in members["M2"]["lots"]] == [
        (31, 10 * lots), (32, 10 * lots), (39, 10),
    ]  # fmt: skip


async def test_runs_a_scenario_without_parties_or_events() -> None:
    report = await report_of(scenario_of(partners=[], members=[]))
    assert report["members"] == report["clearing"] == report["campaigns"] == {}
    assert report["operator_net"] == 0


async def test_sends_four_hundred_events_in_less_than_a_minute() -> None:
    events = [
        event("purchase", f"p{n}", day=n // 8, member=f"M{n % 2 + 1}", partner="AB"[n % 2], spend=n + 1)
        for n in range(400)
    ]
    started_s = time.monotonic()
    report = await report_of(scenario_of(*events))
    assert time.monotonic() - started_s < 60
    assert report["rejected"] == []
