"""coalition migrate, reindex."""

import typer

from node_gateway.cli.output import JsonOption, answer


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
    app.command("migrate")(migrate)


def migrate(as_json: JsonOption = False) -> None:
    """Create or upgrade the gateway's tables (COALITION_DATABASE_URL)."""
    from node_gateway.config import Settings
    from node_gateway.store.migrate import newest_revision, upgrade

    upgrade(Settings().resolved_database_url)
    answer({"schema": newest_revision()}, as_json=as_json)
