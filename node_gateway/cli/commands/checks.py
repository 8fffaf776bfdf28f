"""coalition status."""

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from node_gateway.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from node_gateway.chain.deployment import Deployment
    from node_gateway.config import Settings

ANSWER_WAIT_MAX_S = 5.0


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
    app.command("status")(status)


def status(as_json: JsonOption = False) -> None:
    """Say how chain, gateway and program are; never fails for a part that is down."""
    from node_gateway.config import Settings

    answer(asyncio.run(_status(Settings())), as_json=as_json)


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
