"""All commands under one name. Nothing here imports more than typer: `--help` answers at once."""

from importlib import import_module
from typing import Annotated

import typer

MOUNTED = (
    "node_gateway.cli.commands.processes",
    "node_gateway.cli.commands.program",
    "node_gateway.cli.commands.campaigns",
    "node_gateway.cli.commands.clearing",
    "node_gateway.cli.commands.keys",
    "node_gateway.cli.commands.webhooks",
    "node_gateway.cli.commands.database",
    "node_gateway.cli.commands.checks",
    "node_gateway.cli.audit",
    "node_gateway.cli.simulate",
)


def application() -> typer.Typer:
    """The command line with every command mounted."""
    app = typer.Typer(
        name="coalition",
        help="Runs and administers a points coalition. Settings come from COALITION_… variables; see docs/cli.md.",
        no_args_is_help=True,
        add_completion=False,
        # Plain help: rich would cost three tenths of a second before the first word.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    for module in MOUNTED:
        import_module(module).register(app)
    return app


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and exit.",
            callback=lambda on: _print_version(on),
            is_eager=True,
        ),
    ] = False,
) -> None:
    pass


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(version("points-coalition"))
        raise typer.Exit
