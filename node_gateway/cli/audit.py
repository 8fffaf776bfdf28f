"""coalition audit: the chain alone against itself and against a gateway's database."""

import typer


def register(app: typer.Typer) -> None:
    """Mounts the command."""
