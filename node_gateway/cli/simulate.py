"""coalition simulate: a scenario file through freshly deployed contracts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.output import JsonOption, say

if TYPE_CHECKING:
    from node_gateway.simulation.scenario import Scenario


def register(app: typer.Typer) -> None:
    """Mounts the command."""
    app.command("simulate")(simulate)


def simulate(
    file: Annotated[Path, typer.Argument(help="A scenario file, see docs/simulate.md.", show_default=False)],
    as_json: JsonOption = True,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on standard error.")] = False,
) -> None:
    """Run a scenario file through freshly deployed contracts and print the report as one JSON object.

    Every event goes to a new local chain as the party that it belongs to; all figures are read from the chain. Exit status: 0 with a
    report, 2 for a file that does not fit the format (nothing was run then).
    """
    import json

    from node_gateway.simulation.problems import ScenarioFormatError
    from node_gateway.simulation.scenario_format import read_scenario

    try:
        scenario = read_scenario(file)
    except ScenarioFormatError as error:
        raise CommandError(
            str(error), f"nothing was run; docs/simulate.md describes the format of {file}", ExitCode.USAGE
        ) from error
    report = _run(scenario, quiet=quiet)
    print(json.dumps(report, indent=1), flush=True)


def _run(scenario: "Scenario", *, quiet: bool) -> dict[str, Any]:
    import asyncio

    from node_gateway.chain.account import TransactionFailedError
    from node_gateway.chain.engines.process import BinaryMissingError, EngineDidNotStartError
    from node_gateway.simulation.book import SubmissionSkippedError
    from node_gateway.simulation.scenario_chain import TransactionRevertedError

    try:
        return asyncio.run(_on_fresh_chain(scenario, quiet=quiet))
    except asyncio.CancelledError as error:
        raise CommandError("stopped before the report", "", ExitCode.INTERRUPTED) from error
    except (SubmissionSkippedError, TransactionRevertedError, TransactionFailedError) as error:
        advice = "this is a fault of the program, not of the scenario; there is no report"
        raise CommandError(str(error), advice, ExitCode.DIFFERS) from error
    except (BinaryMissingError, EngineDidNotStartError) as error:
        raise CommandError(str(error), "", ExitCode.ENVIRONMENT) from error


async def _on_fresh_chain(scenario: "Scenario", *, quiet: bool) -> dict[str, Any]:
    import asyncio
    import signal

    from node_gateway.simulation.run import run_scenario
    from node_gateway.simulation.scenario_chain import fresh_chain

    task = asyncio.current_task()
    assert task is not None
    # The chain must not outlive this process.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with fresh_chain() as rpc:
        return await run_scenario(rpc, scenario, (lambda _: None) if quiet else say)
