"""coalition up, serve, work, wallet."""

import typer


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
