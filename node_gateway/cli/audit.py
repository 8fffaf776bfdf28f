"""coalition audit: the chain alone against itself and against a gateway's database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.output import JsonOption, answer, say

if TYPE_CHECKING:
    from node_gateway.audit.run import AuditRequest, Verdict

DIFFERENCES_SHOWN_MAX = 1_000
DEFAULT_RPC_URL = "http://127.0.0.1:8545"


def register(app: typer.Typer) -> None:
    """Mounts the command."""
    app.command("audit")(audit)


def audit(
    rpc: Annotated[
        str | None,
        typer.Option(
            "--rpc",
            help="The chain's URL (default: COALITION_RPC_URL, or the local chain).",
            show_default=False,
        ),
    ] = None,
    ledger: Annotated[
        str | None,
        typer.Option(
            help="Address of the ledger (default: of the state directory's deployment).", show_default=False
        ),
    ] = None,
    from_block: Annotated[
        int | None,
        typer.Option(min=0, help="The block of its deployment, or any before it.", show_default=False),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            help="URL of the gateway's database (default: COALITION_DATABASE_URL, or the state directory's).",
            show_default=False,
        ),
    ] = None,
    chain_only: Annotated[bool, typer.Option("--chain-only", help="Leave the database out.")] = False,
    sample: Annotated[
        int, typer.Option(min=0, help="Compare the chain's views of at most so many members.")
    ] = 2_000,
    as_json: JsonOption = False,
) -> None:
    """Rebuild every balance, statement and campaign from the chain alone and name each row that differs.

    Exit status: 0 when all agree, 1 when something differs, 3 when the database cannot be read, 4 when the chain cannot. The gateway may be running.
    """
    request, url = _request(rpc, ledger, from_block, None if chain_only else database or "", sample)
    verdict = _run(url, request)
    answer(_as_json(verdict), as_json=as_json, text=lambda: _as_text(verdict))
    if verdict.differences:
        raise typer.Exit(int(ExitCode.DIFFERS))


def _request(
    rpc: str | None, ledger: str | None, from_block: int | None, database: str | None, sample: int
) -> tuple["AuditRequest", str]:
    """The request and the chain's URL. `database` None leaves it out, empty means the configured one."""
    import os

    from node_gateway.audit.run import AuditRequest
    from node_gateway.chain.artifacts import address_bytes
    from node_gateway.chain.deployment import DeploymentMissingError, load_deployment
    from node_gateway.cli.state_directory import state_directory

    state = state_directory().root
    if ledger is None:
        try:
            deployment = load_deployment(state)
        except DeploymentMissingError as error:
            raise CommandError(
                str(error), "or name the ledger with --ledger and --rpc", ExitCode.USAGE
            ) from error
        ledger, first_block = deployment.ledger, deployment.deployed_block
    else:
        first_block = 0
        try:
            address_bytes(ledger)
        except ValueError as error:
            raise CommandError(
                f"--ledger: {error}", "an address is 0x and 40 hexadecimal digits", ExitCode.USAGE
            ) from error
    if database == "":
        database = os.environ.get("COALITION_DATABASE_URL") or _embedded_database(state)
    request = AuditRequest(
        ledger=ledger.lower(),
        first_block=first_block if from_block is None else from_block,
        database_url=database,
        sample_members_max=sample,
    )
    return request, rpc or os.environ.get("COALITION_RPC_URL") or DEFAULT_RPC_URL


def _embedded_database(state: Path) -> str | None:
    path = state / "gateway.db"
    if not path.exists():
        say(f"no database at {path}: auditing the chain against itself")
        return None
    return f"sqlite:///{path}"


def _run(url: str, request: "AuditRequest") -> "Verdict":
    import asyncio

    from node_gateway.audit.chain_reader import ChainMovedError
    from node_gateway.audit.database import DatabaseUnreadableError
    from node_gateway.chain.rpc_errors import RpcError

    try:
        return asyncio.run(_audit(url, request))
    except RpcError as error:
        advice = f"is the chain at {url} running, and is {request.ledger} a ledger on it?"
        raise CommandError(str(error), advice, ExitCode.CHAIN) from error
    except ChainMovedError as error:
        raise CommandError(str(error), "", ExitCode.CHAIN) from error
    except DatabaseUnreadableError as error:
        raise CommandError(
            str(error), "name the gateway's database with --database", ExitCode.ENVIRONMENT
        ) from error


async def _audit(url: str, request: "AuditRequest") -> "Verdict":
    from node_gateway.audit.run import audit as run_audit
    from node_gateway.chain.rpc import HttpRpc

    rpc = HttpRpc(url)
    try:
        return await run_audit(rpc, request, say)
    finally:
        await rpc.close()


def _as_json(verdict: "Verdict") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "agrees": not verdict.differences,
        "as_of_block": verdict.as_of_block,
        "database_as_of_block": verdict.database_as_of_block,
        "views_as_of_block": verdict.views_as_of_block,
        "counts": verdict.counts,
        "difference_count": len(verdict.differences),
        "differences": [asdict(one) for one in verdict.differences[:DIFFERENCES_SHOWN_MAX]],
    }


def _as_text(verdict: "Verdict") -> str:
    lines = [str(one) for one in verdict.differences[:DIFFERENCES_SHOWN_MAX]]
    if len(verdict.differences) > DIFFERENCES_SHOWN_MAX:
        lines.append(f"and {len(verdict.differences) - DIFFERENCES_SHOWN_MAX} more")
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in verdict.counts.items())
    compared = (
        "the chain alone"
        if verdict.database_as_of_block is None
        else f"the database as of block {verdict.database_as_of_block}"
    )
    outcome = f"{len(verdict.differences)} differences" if verdict.differences else "everything agrees"
    lines.append(f"{outcome}: {compared}, rebuilt to block {verdict.as_of_block} ({counts})")
    if verdict.views_as_of_block is None:
        lines.append(
            "the chain's views were not compared: the node keeps no state of a block for long enough"
        )
    return "\n".join(lines)
