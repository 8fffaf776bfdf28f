"""coalition migrate, reindex, backup, restore."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node_gateway.cli.output import JsonOption, answer, say

if TYPE_CHECKING:
    from node_gateway.config import Settings

TELL_EVERY_STEPS = 50


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
    app.command("migrate")(migrate)
    app.command("reindex")(reindex)
    app.command("backup")(backup)
    app.command("restore")(restore)


def migrate(as_json: JsonOption = False) -> None:
    """Create or upgrade the gateway's tables (COALITION_DATABASE_URL)."""
    from node_gateway.config import Settings
    from node_gateway.store.migrate import newest_revision, upgrade

    upgrade(Settings().resolved_database_url)
    answer({"schema": newest_revision()}, as_json=as_json)


def reindex(as_json: JsonOption = False) -> None:
    """Drop the read model and rebuild it from the chain. The worker must be stopped; submissions and batches stay."""
    import uvloop

    from node_gateway.config import Settings

    answer(uvloop.run(_reindex(Settings())), as_json=as_json)


def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; must not be there yet.")],
    as_json: JsonOption = False,
) -> None:
    """Copy the gateway's SQLite database as of now, while everything runs. Keys and deployment.json are kept apart: docs/operate.md."""
    from node_gateway.config import Settings
    from node_gateway.store.backup import back_up

    size_bytes = back_up(Settings().resolved_database_url, file)
    answer({"file": str(file), "size_bytes": size_bytes}, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="Made by `coalition backup`.")],
    as_json: JsonOption = False,
) -> None:
    """Put a copy in the place of the gateway's SQLite database. API and worker must be stopped; the database before is kept beside it."""
    from contextlib import ExitStack

    from node_gateway.config import Settings
    from node_gateway.store.backup import database_file, put_back
    from node_gateway.store.migrate import newest_revision, upgrade
    from node_gateway.store.process_lock import ProcessLock

    url = Settings().resolved_database_url
    path = database_file(url, tool="pg_restore --clean --if-exists --no-owner --dbname=URL FILE")
    with ExitStack() as stack:
        if path.parent.exists():
            for role in ("api", "worker"):
                stack.enter_context(ProcessLock(path, role))
        kept = put_back(url, file)
        upgrade(url)
    answer(
        {"database": str(path), "schema": newest_revision(), "before": None if kept is None else str(kept)},
        as_json=as_json,
    )


async def _reindex(settings: "Settings") -> dict[str, Any]:
    from node_gateway.chain.deployment import load_deployment
    from node_gateway.chain.rpc import HttpRpc
    from node_gateway.cli.local_chain import require_chain
    from node_gateway.worker import running_worker

    rpc = HttpRpc(settings.rpc_url)
    try:
        await require_chain(
            rpc, settings.rpc_url, expected_chain_id=load_deployment(settings.state_dir).chain_id
        )
    finally:
        await rpc.close()
    blocks = events = steps = 0
    async with running_worker(settings) as worker:
        await worker.indexer.rebuild()
        while True:
            step = await worker.indexer.step()
            if step.is_idle:
                break
            blocks, events, steps = blocks + step.blocks, events + step.events, steps + 1
            if steps % TELL_EVERY_STEPS == 0:
                say(f"{blocks} blocks, {events} events")
    return {"blocks": blocks, "events": events}
