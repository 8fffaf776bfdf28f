"""coalition status, conformance."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from node_gateway.chain.conformance import CheckResult
    from node_gateway.chain.deployment import Deployment
    from node_gateway.chain.transactions import Signer
    from node_gateway.config import Settings

ANSWER_WAIT_MAX_S = 5.0


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
    app.command("status")(status)
    app.command("conformance")(conformance)


def status(as_json: JsonOption = False) -> None:
    """Say how chain, gateway and program are; never fails for a part that is down."""
    from node_gateway.config import Settings

    answer(asyncio.run(_status(Settings())), as_json=as_json)


def conformance(
    rpc: Annotated[
        str | None, typer.Option("--rpc", help="The node; COALITION_RPC_URL or the local one by default.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="File with a private key that has a little coin; without it nothing is sent.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check whether a chain has what the ledger and the gateway need. Exit status 1 when it has not."""
    from node_gateway.chain.conformance import is_conforming
    from node_gateway.cli.program_session import rpc_url

    results = asyncio.run(_conformance(rpc or rpc_url(), None if key is None else _signer(key)))
    found = {"conforms": is_conforming(results), "checks": [asdict(one) for one in results]}
    lines = [line for one in results for line in _lines_of(one)]
    answer(found, as_json=as_json, text="\n".join([*lines, _verdict(results)]))
    if not found["conforms"]:
        raise typer.Exit(int(ExitCode.DIFFERS))


def _lines_of(result: "CheckResult") -> list[str]:
    lines = [f"{result.outcome.value:<8} {result.name.replace('_', ' ')}: {result.detail}"]
    return lines if result.outcome == "passed" else [*lines, f"{'':<8} {result.need}"]


def _verdict(results: "list[CheckResult]") -> str:
    of = {
        outcome: [one.name.replace("_", " ") for one in results if one.is_required and one.outcome == outcome]
        for outcome in ("failed", "skipped")
    }
    if of["failed"]:
        return "does not conform; missing: " + ", ".join(of["failed"])
    if of["skipped"]:
        return "not known yet whether it conforms; give --key with a little coin for: " + ", ".join(
            of["skipped"]
        )
    return "conforms"


def _signer(path: Path) -> "Signer":
    from node_gateway.chain.transactions import Signer

    try:
        return Signer(bytes.fromhex(path.read_text().strip().removeprefix("0x")))
    except ValueError as error:
        raise CommandError(
            f"{path} holds no private key", "it is 64 hexadecimal digits", ExitCode.USAGE
        ) from error


async def _conformance(url: str, signer: "Signer | None") -> "list[CheckResult]":
    from node_gateway.chain.conformance import run_conformance
    from node_gateway.chain.rpc import HttpRpc
    from node_gateway.cli.local_chain import require_chain

    client = HttpRpc(url)
    try:
        await require_chain(client, url, expected_chain_id=None)
        return await run_conformance(client, signer)
    finally:
        await client.close()


async def _status(settings: "Settings") -> dict[str, Any]:
    from node_gateway.chain.deployment import DeploymentMissingError, load_deployment

    found: dict[str, Any] = {"state_directory": str(settings.state_dir.resolve())}
    try:
        deployment = load_deployment(settings.state_dir)
        found["ledger"] = deployment.ledger
    except DeploymentMissingError as error:
        deployment = None
        found["ledger"] = str(error)
    found |= await _chain_status(settings.rpc_url, deployment)
    found |= await _gateway_status(f"http://{settings.api_host}:{settings.api_port}")
    return found


async def _chain_status(url: str, deployment: "Deployment | None") -> dict[str, Any]:
    from node_gateway.chain import node
    from node_gateway.chain.rpc import HttpRpc
    from node_gateway.chain.rpc_errors import RpcError
    from node_gateway.cli.errors import CommandError
    from node_gateway.cli.program_session import require_program

    rpc = HttpRpc(url, timeout_s=ANSWER_WAIT_MAX_S)
    found: dict[str, Any] = {"chain": url}
    try:
        header = await node.header_at(rpc, "latest")
        assert header is not None, "a chain without a latest block"
        found |= {"block_number": header.number, "block_timestamp_s": header.timestamp_s}
        if deployment is not None:
            await require_program(rpc, deployment)
    except (RpcError, CommandError) as error:
        found["chain_problem"] = str(error)
    finally:
        await rpc.close()
    return found


async def _gateway_status(url: str) -> dict[str, Any]:
    import httpx2

    found: dict[str, Any] = {"gateway": url}
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=ANSWER_WAIT_MAX_S) as client:
            response = await client.get(f"{url}/ready")
            found["gateway_ready"] = response.json()
    except (httpx2.HTTPError, ValueError) as error:
        found["gateway_problem"] = str(error) or type(error).__name__
    return found
