"""coalition status, conformance."""

import typer


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
