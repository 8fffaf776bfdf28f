"""The audit agrees with an honest gateway, and names every row that someone has changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from node_gateway.audit.chain_reader import ChainMovedError
from node_gateway.audit.database import DatabaseUnreadableError
from node_gateway.audit.differences import Difference, Witness
from tests.integration.audit.conftest import AuditedProgram

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]

# table, what is done to it, columns that must be named.
TAMPERINGS = [
    ("members", "UPDATE members SET balance = balance + 1", {"balance"}),
    ("members", "UPDATE members SET held = held + 1", {"held"}),
    ("members", "UPDATE members SET debt = 0 WHERE debt > 0", {"debt"}),
    ("members", "UPDATE members SET is_locked = TRUE", {"is_locked"}),
    ("members", "DELETE FROM members", {"row"}),
    ("member_keys", "DELETE FROM member_keys", {"row"}),
    ("lots", "UPDATE lots SET points_left = points_left + 1", {"points_left"}),
    ("lots", "UPDATE lots SET expires_day = expires_day + 1", {"expires_day"}),
    ("lots", "UPDATE lots SET terms = 1", {"terms"}),
    ("lots", "UPDATE lots SET spend_kept = 0 WHERE spend_kept > 0", {"spend_kept"}),
    ("lots", "DELETE FROM lots WHERE lot = 0", {"row"}),
    ("holds", "UPDATE holds SET state = 'captured' WHERE state = 'voided'", {"state"}),
    ("holds", "UPDATE holds SET released = released + 1", {"released"}),
    ("debts", "UPDATE debts SET points = points + 1", {"terms and points"}),
    ("debts", "DELETE FROM debts", {"terms and points"}),
    ("positions", "UPDATE positions SET base_micro = '1'", {"base_micro"}),
    ("positions", "UPDATE positions SET reimbursed_micro = '-1'", {"reimbursed_micro"}),
    ("positions", "DELETE FROM positions", {"row"}),
    ("statements", "UPDATE statements SET payable_minor = '7'", {"payable_minor"}),
    ("statements", "UPDATE statements SET carried_out_micro = '7'", {"carried_out_micro"}),
    ("statements", "DELETE FROM statements", {"row"}),
    ("cycles", "UPDATE cycles SET day = day + 1", {"day"}),
    ("totals", "UPDATE totals SET issued = issued + 1", {"issued"}),
    ("campaigns", "UPDATE campaigns SET spent_points = spent_points + 1", {"spent_points"}),
    ("campaigns", "UPDATE campaigns SET refused = refused + 1", {"refused"}),
    ("campaigns", "UPDATE campaigns SET budget_points = budget_points + 1", {"budget_points"}),
    ("campaign_stages", "UPDATE campaign_stages SET bonus_points = 1", {"bonus_points"}),
    ("campaign_funders", "UPDATE campaign_funders SET share_bps = 5000", {"share_bps"}),
    ("progress", "UPDATE progress SET visits = visits + 1", {"visits"}),
    ("progress_spend", "UPDATE progress_spend SET spend_minor = spend_minor + 1", {"spend_minor"}),
    ("awards", "UPDATE awards SET is_clawed_back = NOT is_clawed_back", {"is_clawed_back"}),
    ("operations", "UPDATE operations SET status = 'settled', reason = NULL WHERE status = 'rejected'", {"status", "reason"}),
    ("operations", "UPDATE operations SET reason = 'hold_voided' WHERE status = 'rejected'", {"reason"}),
    ("operations", "UPDATE operations SET block_number = 1", {"block_number"}),
    ("operations", "DELETE FROM operations", {"row"}),
    ("events", "UPDATE events SET name = 'GrantSettled' WHERE name = 'PurchaseSettled'", {"name and tx_hash"}),
    ("events", "DELETE FROM events", {"row"}),
    ("partners", "UPDATE partners SET is_suspended = FALSE", {"is_suspended"}),
    ("terms", "UPDATE terms SET redeem_price_micro = 1", {"redeem_price_micro"}),
    ("program", "UPDATE program SET lot_validity_days = 1", {"lot_validity_days"}),
]  # fmt: skip


def execute(url: str, statement: str) -> int:
    """Runs one statement as someone with access to the database would; how many rows it changed."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        changed = connection.execute(sa.text(statement)).rowcount
    engine.dispose()
    return changed


def contents_of(sqlite_url: str) -> bytes:
    return Path(sqlite_url.removeprefix("sqlite:///")).read_bytes()


def restore(sqlite_url: str, contents: bytes) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    for journal in path.parent.glob("gateway.db-*"):
        journal.unlink()
    path.write_bytes(contents)


def tell(differences: list[Difference]) -> list[str]:
    return [str(one) for one in differences]


async def test_agrees_with_the_chain_and_with_the_gateways_database(
    program: AuditedProgram, database_url: str
) -> None:
    await program.index(database_url)
    verdict = await program.audit(database_url)
    assert tell(verdict.differences) == []
    assert verdict.database_as_of_block == verdict.views_as_of_block == verdict.as_of_block
    assert verdict.counts["rejected"] == 1
    assert verdict.counts["members_checked_with_views"] == 2
    assert verdict.counts["statements"] == 2


async def test_names_every_row_that_was_tampered_with(program: AuditedProgram, sqlite_url: str) -> None:
    await program.index(sqlite_url)
    honest = contents_of(sqlite_url)
    for table, statement, columns in TAMPERINGS:
        changed = execute(sqlite_url, statement)
        assert changed, f"{statement}: there was nothing to change"
        found = (await program.audit(sqlite_url, sample_members_max=0)).differences
        assert {one.witness for one in found} == {Witness.DATABASE}, statement
        assert {(one.table, one.column) for one in found} == {(table, column) for column in columns}, (
            statement
        )
        assert len({one.key for one in found}) <= changed, statement
        restore(sqlite_url, honest)


async def test_says_what_each_side_says(program: AuditedProgram, database_url: str) -> None:
    await program.index(database_url)
    execute(database_url, "UPDATE totals SET burned = 123456789")
    (found,) = (await program.audit(database_url)).differences
    # r1 and the capture, less the refund.
    assert str(found) == f"totals[1].burned: the chain says {1_450 + 7 - 200}, database says 123456789"


async def test_finds_rows_that_the_chain_knows_nothing_of(program: AuditedProgram, sqlite_url: str) -> None:
    await program.index(sqlite_url)
    stranger = "X'" + "ab" * 20 + "'"
    execute(sqlite_url, f"INSERT INTO members (member, as_of_block) VALUES ({stranger}, 1)")
    execute(
        sqlite_url,
        "INSERT INTO operations (id, kind, partner, status, accepted_at_ms) VALUES (5, 1, 1, 'settled', 0)",
    )
    found = (await program.audit(sqlite_url)).differences
    assert {(one.table, one.key, one.chain) for one in found} == {
        ("members", "0x" + "ab" * 20, "absent"),
        ("operations", "0.0.5", "absent"),
    }


async def test_leaves_operations_that_are_not_on_the_chain_yet_alone(
    program: AuditedProgram, sqlite_url: str
) -> None:
    await program.index(sqlite_url)
    for number, status in enumerate(("accepted", "expired")):
        execute(
            sqlite_url,
            f"INSERT INTO operations (id, kind, partner, status, accepted_at_ms) VALUES ({number}, 1, 1, '{status}', 0)",
        )
    assert tell((await program.audit(sqlite_url)).differences) == []


async def test_compares_at_the_block_where_the_database_is(program: AuditedProgram, sqlite_url: str) -> None:
    """The gateway goes on while it is audited: the chain may be ahead."""
    await program.index(sqlite_url)
    await program.run.report()
    verdict = await program.audit(sqlite_url)
    assert tell(verdict.differences) == []
    assert verdict.database_as_of_block is not None
    assert verdict.database_as_of_block < verdict.as_of_block == verdict.views_as_of_block


async def test_refuses_a_database_that_is_ahead_of_the_chain(
    program: AuditedProgram, sqlite_url: str
) -> None:
    await program.index(sqlite_url)
    execute(sqlite_url, "UPDATE cursor SET next_block = 1000000")
    with pytest.raises(ChainMovedError):
        await program.audit(sqlite_url)


async def test_refuses_a_database_that_is_none(program: AuditedProgram, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "other.db").write_text("not a database" * 100)
    for name in ("missing.db", "empty.db", "other.db"):
        with pytest.raises(DatabaseUnreadableError, match=name):
            await program.audit(f"sqlite:///{tmp_path / name}")
    assert not (tmp_path / "missing.db").exists()


async def test_tells_its_verdict_by_exit_status(program: AuditedProgram, sqlite_url: str) -> None:
    await program.index(sqlite_url)
    arguments = ["--rpc", program.url, "--ledger", program.run.deployment.ledger, "--database", sqlite_url]
    agreed = coalition("audit", *arguments, "--json")
    assert agreed.returncode == 0, agreed.stderr
    assert json.loads(agreed.stdout)["agrees"] is True
    execute(sqlite_url, "UPDATE positions SET credit_micro = '5' WHERE partner = 1")
    differing = coalition("audit", *arguments)
    assert differing.returncode == 1
    assert "positions[1].credit_micro: the chain says" in differing.stdout
    assert "database says 5" in differing.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--rpc", "http://127.0.0.1:9", "--ledger", "0x" + "11" * 20, "--chain-only"], 4, "is the chain at http://127.0.0.1:9"),
        (["--ledger", "0x11"], 2, "not an address"),
        (["--sample", "-1"], 2, "--sample"),
        (["--nonsense"], 2, "--nonsense"),
    ],
)  # fmt: skip
def test_says_by_its_exit_status_why_it_did_not_run(arguments: list[str], status: int, message: str) -> None:
    done = coalition("audit", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr


def coalition(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "node_gateway.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, check=False)
