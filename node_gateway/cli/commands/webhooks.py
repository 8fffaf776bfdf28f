"""coalition webhook create, list, show, update, enable, disable, delete, rotate, deliveries, replay."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.gateway_client import api_key, ask, gateway_url
from node_gateway.cli.output import JsonOption, answer

PATH = "/v1/webhooks"
WhoseOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        help="Take the API key of this partner's number, `wallet` or `operator` from the state directory; COALITION_API_KEY by default.",
    ),
]
GatewayOption = Annotated[
    str | None,
    typer.Option("--gateway", help="Its URL; COALITION_GATEWAY_URL, or this machine's, by default."),
]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `webhook list` shows it.")]
EventOption = Annotated[
    list[str] | None,
    typer.Option("--event", help="Name of an event, such as PurchaseSettled; may be repeated."),
]


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
    group = typer.Typer(
        help="Webhooks of the party whose API key it is: where its events are sent.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    commands: dict[str, Callable[..., None]] = {
        "create": create,
        "list": list_,
        "show": show,
        "update": update,
        "enable": enable,
        "disable": disable,
        "delete": delete,
        "rotate": rotate,
        "deliveries": deliveries,
        "replay": replay,
    }
    for name, command in commands.items():
        group.command(name)(command)
    app.add_typer(group, name="webhook")


def create(
    url: Annotated[str, typer.Argument(help="https, at a public address.")],
    event: EventOption = None,
    from_block: Annotated[
        int | None, typer.Option(min=0, help="First block whose events are sent; the next one by default.")
    ] = None,
    whose: WhoseOption = None,
    gateway: GatewayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register an address. The secret is shown once and cannot be shown again."""
    fields: dict[str, Any] = {"url": url, "events": event or None, "from_block": from_block}
    made = _ask(whose, gateway, "POST", "", value=fields)
    answer(made, as_json=as_json, text=lambda: _with_secret(made))


def list_(whose: WhoseOption = None, gateway: GatewayOption = None, as_json: JsonOption = False) -> None:
    """List all of them, oldest first; never their secrets."""
    found = _ask(whose, gateway, "GET", "")["webhooks"]
    lines = [
        f"{one['id']}  {one['disabled_reason'] or 'active':<8} from {one['next_event']:<12} {_events(one)}  {one['url']}"
        for one in found
    ]
    answer(found, as_json=as_json, text="\n".join(lines) or "no webhooks")


def show(
    webhook_id: IdArgument,
    whose: WhoseOption = None,
    gateway: GatewayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one."""
    answer(_ask(whose, gateway, "GET", f"/{webhook_id}"), as_json=as_json)


def update(
    webhook_id: IdArgument,
    url: Annotated[str | None, typer.Option(help="A new address.")] = None,
    event: EventOption = None,
    all_events: Annotated[bool, typer.Option("--all-events", help="Send all events.")] = False,
    whose: WhoseOption = None,
    gateway: GatewayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change address or events."""
    fields: dict[str, Any] = {} if url is None else {"url": url}
    if event and all_events:
        raise CommandError("--event and --all-events exclude each other", "", ExitCode.USAGE)
    if event or all_events:
        fields["events"] = event or None
    if not fields:
        raise CommandError("nothing to change", "give --url, --event or --all-events", ExitCode.USAGE)
    answer(_ask(whose, gateway, "PATCH", f"/{webhook_id}", value=fields), as_json=as_json)


def enable(
    webhook_id: IdArgument,
    whose: WhoseOption = None,
    gateway: GatewayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send again; what was missed comes first."""
    answer(_ask(whose, gateway, "PATCH", f"/{webhook_id}", value={"is_active": True}), as_json=as_json)


def disable(
    webhook_id: IdArgument,
    whose: WhoseOption = None,
    gateway: GatewayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send nothing until it is enabled again."""
    answer(_ask(whose, gateway, "PATCH", f"/{webhook_id}", value={"is_active": False}), as_json=as_json)


def delete(
    webhook_id: IdArgument,
    whose: WhoseOption = None,
    gateway: GatewayOption = None,
    as_json: JsonOption = False,
) -> None:
    """End it, with everything that is owed to it."""
    _ask(whose, gateway, "DELETE", f"/{webhook_id}")
    answer({"deleted": webhook_id}, as_json=as_json)


def rotate(
    webhook_id: IdArgument,
    overlap_s: Annotated[
        int, typer.Option(min=0, help="Seconds for which messages are signed with the old secret too.")
    ] = 86_400,
    whose: WhoseOption = None,
    gateway: GatewayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new secret. It is shown once and cannot be shown again."""
    made = _ask(whose, gateway, "POST", f"/{webhook_id}/secret", value={"overlap_s": overlap_s})
    answer(made, as_json=as_json, text=lambda: _with_secret(made))


def deliveries(
    webhook_id: IdArgument,
    status: Annotated[str | None, typer.Option(help="pending, delivered or dead; all by default.")] = None,
    after: Annotated[str | None, typer.Option(help="`next_after` of a page.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    whose: WhoseOption = None,
    gateway: GatewayOption = None,
    as_json: JsonOption = False,
) -> None:
    """List messages, newest first; `--status dead`: those given up."""
    params: dict[str, str | int] = {"limit": limit}
    params |= {name: value for name, value in (("status", status), ("after", after)) if value is not None}
    page = _ask(whose, gateway, "GET", f"/{webhook_id}/deliveries", params=params)
    lines = [
        f"{one['id']:>8}  {one['event']:<12} {one['status']:<9} {one['attempts']:>2} attempts  {one['error'] or ''}"
        for one in page["entries"]
    ]
    if page["next_after"]:
        lines.append(f"more: --after {page['next_after']}")
    answer(page, as_json=as_json, text="\n".join(lines) or "no messages")


def replay(
    webhook_id: IdArgument,
    dead: Annotated[bool, typer.Option("--dead", help="All dead letters.")] = False,
    delivery: Annotated[
        str | None, typer.Option(help="One message, as `webhook deliveries` shows it.")
    ] = None,
    from_block: Annotated[int | None, typer.Option(min=0, help="Everything from this block on.")] = None,
    whose: WhoseOption = None,
    gateway: GatewayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send again: dead letters, one message, or everything since a block."""
    given = {"dead": dead or None, "delivery": delivery, "from_block": from_block}
    fields = {name: value for name, value in given.items() if value is not None}
    if len(fields) != 1:
        raise CommandError("say what: --dead, --delivery N or --from-block N", "", ExitCode.USAGE)
    answer(_ask(whose, gateway, "POST", f"/{webhook_id}/replay", value=fields), as_json=as_json)


def _ask(
    whose: str | None,
    gateway: str | None,
    method: str,
    path: str,
    *,
    value: Any = None,
    params: Mapping[str, str | int] | None = None,
) -> Any:
    return ask(gateway_url(gateway), api_key(whose), method, PATH + path, value=value, params=params)


def _events(webhook: Mapping[str, Any]) -> str:
    return "all events" if webhook["events"] is None else ",".join(webhook["events"])


def _with_secret(made: Mapping[str, Any]) -> str:
    return f"{made['secret']}\n(of {made['id']}, {made['url']}; it is not shown again)"
