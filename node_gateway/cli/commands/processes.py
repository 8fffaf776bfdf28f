"""coalition up, serve, work, wallet."""

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.output import JsonOption, answer, say

if TYPE_CHECKING:
    from node_gateway.cli.stack import Stack, StackOptions

# Open streams end when the server stops; what is being answered gets this long.
GRACEFUL_STOP_S = 5


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
    app.command("up")(up)
    app.command("serve")(serve)
    app.command("work")(work)
    app.command("wallet")(wallet)


def up(
    chain: Annotated[
        str | None, typer.Option(help="anvil, geth, or the URL of a chain that runs already.")
    ] = None,
    database: Annotated[str, typer.Option(help="URL of the gateway's database; SQLite by default.")] = "",
    is_fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget all that the state directory holds.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run chain, gateway and wallet on this machine until Ctrl-C; deploys a program when there is none."""
    from node_gateway.cli.interruption import run_until_stopped
    from node_gateway.cli.operator_acts import parameters_of
    from node_gateway.cli.stack import stack
    from node_gateway.cli.state_directory import state_directory
    from node_gateway.cli.wallet_attester import ensure_wallet_attester

    options = options_from_environment(chain, database)

    async def run() -> None:
        async with stack(state_directory(), options, say=say, is_fresh=is_fresh) as started:
            started.require_ports()
            await started.start_chain()
            await started.ensure_program(parameters_of(name="Coalition Points", symbol="PTS"))
            await started.ensure_database(["wallet", "operator"])
            await ensure_wallet_attester(started)
            await started.start_gateway()
            await started.start_wallet()
            answer(addresses(started), as_json=as_json)
            with suppress(asyncio.CancelledError):
                await until_stopped(started)

    run_until_stopped(run())


def serve() -> None:
    """Run the API (COALITION_API_HOST, COALITION_API_PORT)."""
    from node_gateway.app import create_app
    from node_gateway.config import Settings

    settings = Settings()
    serve_application(
        create_app(settings),
        settings.api_host,
        settings.api_port,
        what="gateway",
        setting="COALITION_API_PORT",
    )


def work() -> None:
    """Run the jobs: relay, indexer, webhooks."""
    import uvloop

    from node_gateway.config import Settings
    from node_gateway.worker import run

    uvloop.run(run(Settings()))


def wallet() -> None:
    """Run the members' wallet (COALITION_WALLET_…)."""
    from importlib import import_module

    # By name: the gateway's code shares nothing with the wallet's.
    settings: Any = import_module("wallet_app.config").WalletSettings()
    application = import_module("wallet_app.app").create_app(settings)
    serve_application(
        application, settings.host, settings.port, what="wallet", setting="COALITION_WALLET_PORT"
    )


def serve_application(application: Any, host: str, port: int, *, what: str, setting: str) -> None:
    """Serves an ASGI application until SIGTERM or SIGINT; open streams are closed."""
    import uvicorn

    from node_gateway.cli.child_processes import require_free_port

    require_free_port(host, port, what=what, setting=setting)
    uvicorn.run(
        application,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACEFUL_STOP_S,
    )


def options_from_environment(chain: str | None, database: str) -> "StackOptions":
    """The layout that options and COALITION_… variables ask for.

    Raises:
        CommandError: for a chain that is neither known nor a URL.
    """
    from node_gateway.cli.local_chain import ANVIL, CHAIN_PORT, CHAIN_PORT_VARIABLE
    from node_gateway.cli.local_geth import GETH
    from node_gateway.cli.stack import StackOptions

    chosen = chain or os.environ.get("COALITION_RPC_URL") or ANVIL
    if chosen not in (ANVIL, GETH) and not chosen.startswith(("http://", "https://")):
        raise CommandError(
            f"no chain is called {chosen}",
            "give anvil, geth, or the URL of a running chain: http://host:port",
            ExitCode.USAGE,
        )
    return StackOptions(
        chain=chosen,
        database_url=database or os.environ.get("COALITION_DATABASE_URL", ""),
        chain_port=port_from_environment(CHAIN_PORT_VARIABLE, CHAIN_PORT),
        api_host=os.environ.get("COALITION_API_HOST", "127.0.0.1"),
        api_port=port_from_environment("COALITION_API_PORT", 8710),
        wallet_host=os.environ.get("COALITION_WALLET_HOST", "127.0.0.1"),
        wallet_port=port_from_environment("COALITION_WALLET_PORT", 8720),
    )


def port_from_environment(variable: str, default: int) -> int:
    """A port that a variable names.

    Raises:
        CommandError: where it is no port.
    """
    text = os.environ.get(variable) or str(default)
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise CommandError(f"{variable} is no port: {text}", "give a number from 1 to 65535", ExitCode.USAGE)
    return int(text)


def addresses(started: "Stack") -> dict[str, str]:
    """Where the parts of a stack can be opened."""
    options = started.options
    return {
        "gateway": f"{options.api_url}/docs",
        "wallet": options.wallet_url,
        "chain": options.rpc_url,
        "logs": str(started.state.logs),
    }


async def until_stopped(started: "Stack") -> None:
    """Waits for Ctrl-C or SIGTERM.

    Raises:
        CommandError: where one of the processes ends by itself, naming it and its log.
    """
    from node_gateway.cli.child_processes import child_died

    say("running; Ctrl-C stops everything")
    raise child_died(await started.children.first_death())
