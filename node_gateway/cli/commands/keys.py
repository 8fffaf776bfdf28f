"""coalition keys create, list, revoke."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from node_gateway.store.database import Database

Result = TypeVar("Result")
ID_DIGITS = 16


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
    group = typer.Typer(
        help="API keys of partners, the wallet and the operator.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("create")(create)
    group.command("list")(list_)
    group.command("revoke")(revoke)
    app.add_typer(group, name="keys")


def with_database(act: "Callable[[Database], Awaitable[Result]]") -> Result:
    """Runs an act on the gateway's database, whose tables must be there."""
    from node_gateway.config import Settings
    from node_gateway.store.database import create_database
    from node_gateway.store.migrate import check_schema

    async def run() -> Result:
        database = create_database(Settings().resolved_database_url)
        try:
            await check_schema(database)
            return await act(database)
        finally:
            await database.close()

    return asyncio.run(run())


def create(
    whose: Annotated[str, typer.Argument(help="A partner's number, `wallet` or `operator`.")],
    label: Annotated[str, typer.Option(help="What it is for, at most 100 characters.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make an API key. It is shown once and cannot be shown again."""
    from node_gateway.service.api_keys import create_api_key, hash_api_key
    from node_gateway.service.clock import SystemClock

    party = party_named(whose)

    async def act(database: "Database") -> dict[str, Any]:
        key = await create_api_key(database, SystemClock(), party=party, label=label)
        return {"party": party.text, "id": hash_api_key(key).hex()[:ID_DIGITS], "key": key}

    made = with_database(act)
    answer(
        made,
        as_json=as_json,
        text=lambda: f"{made['key']}\n(id {made['id']}, of {made['party']}; it is not shown again)",
    )


def list_(as_json: JsonOption = False) -> None:
    """List API keys, revoked ones too; never the keys themselves."""
    from node_gateway.service.api_keys import api_keys

    rows = [
        {
            "id": row.key_hash.hex()[:ID_DIGITS],
            "party": row.party.text,
            "label": row.label,
            "created_at_ms": row.created_at_ms,
            "revoked_at_ms": row.revoked_at_ms,
        }
        for row in with_database(api_keys)
    ]
    lines = [
        f"{row['id']}  {row['party']:<14} {'revoked' if row['revoked_at_ms'] else 'good':<8} {row['label']}"
        for row in rows
    ]
    answer(rows, as_json=as_json, text="\n".join(lines) or "no API keys")


def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The id that `keys list` shows.")],
    as_json: JsonOption = False,
) -> None:
    """End an API key, in all processes within five seconds."""
    from node_gateway.service.api_keys import api_keys
    from node_gateway.service.api_keys import revoke as revoke_key
    from node_gateway.service.clock import SystemClock

    async def act(database: "Database") -> bool:
        matches = [
            row
            for row in await api_keys(database)
            if len(key_id) >= 4 and row.key_hash.hex().startswith(key_id)
        ]
        if len(matches) != 1:
            raise CommandError(
                f"no API key, or more than one, has the id {key_id}",
                "`coalition keys list` shows the ids",
                ExitCode.USAGE,
            )
        return await revoke_key(database, SystemClock(), key_hash=matches[0].key_hash)

    was_good = with_database(act)
    answer(
        {"id": key_id, "revoked": was_good},
        as_json=as_json,
        text="revoked" if was_good else "it was revoked before",
    )


def party_named(whose: str) -> Any:
    """The party of a partner's number, `wallet` or `operator`.

    Raises:
        CommandError: for anything else.
    """
    from node_gateway.domain.parties import Party
    from node_gateway.domain.states import PartyKind
    from partner_sdk.protocol import PartnerId

    if whose in (PartyKind.WALLET.value, PartyKind.OPERATOR.value):
        return Party(PartyKind(whose))
    if whose.isascii() and whose.isdigit() and 1 <= int(whose) <= 65_535:
        return Party(PartyKind.PARTNER, PartnerId(int(whose)))
    raise CommandError(
        f"nobody is called {whose}", "give a partner's number (1 … 65535), wallet or operator", ExitCode.USAGE
    )
