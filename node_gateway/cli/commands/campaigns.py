"""coalition campaign open, pause, resume, close."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node_gateway.cli.commands.program import ChainOption, with_program
from node_gateway.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from node_gateway.cli.program_session import ProgramSession

CampaignArgument = Annotated[int, typer.Argument(min=1, max=65_535, help="The campaign's number.")]


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
    group = typer.Typer(help="Open, pause and close campaigns.", no_args_is_help=True, rich_markup_mode=None)
    group.command("open")(open_)
    group.command("pause")(pause)
    group.command("resume")(resume)
    group.command("close")(close)
    app.add_typer(group, name="campaign")


def open_(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The terms as JSON, see docs/cli.md.")
    ],
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a campaign with the signatures of all who pay for it."""
    from node_gateway.cli.campaign_file import read_campaign_file
    from node_gateway.cli.operator_acts import open_campaign

    terms, signatures = read_campaign_file(file)

    async def act(session: "ProgramSession") -> dict[str, Any]:
        tx_hash = await open_campaign(session, terms, signatures)
        return {
            "campaign": terms.campaign,
            "terms_hash": "0x" + terms.struct_hash().hex(),
            "tx_hash": tx_hash,
        }

    answer(with_program(act, chain), as_json=as_json)


def pause(
    campaign: CampaignArgument,
    from_day: Annotated[int | None, typer.Option(help="First program day; tomorrow by default.")] = None,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a campaign award nothing from a day on."""
    _from_day("pauseCampaign", campaign, from_day, chain, as_json)


def resume(
    campaign: CampaignArgument,
    from_day: Annotated[int | None, typer.Option(help="First program day; tomorrow by default.")] = None,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a paused campaign go on from a day."""
    _from_day("resumeCampaign", campaign, from_day, chain, as_json)


def close(
    campaign: CampaignArgument,
    last_day: Annotated[int | None, typer.Option(help="Last program day; tomorrow by default.")] = None,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a campaign before its last day."""
    _from_day("closeCampaignEarly", campaign, last_day, chain, as_json)


def _from_day(function: str, campaign: int, day: int | None, chain: str | None, as_json: bool) -> None:
    async def act(session: "ProgramSession") -> dict[str, Any]:
        chosen = day if day is not None else await session.today() + 1
        return {
            "campaign": campaign,
            "day": chosen,
            "tx_hash": await session.transact(function, campaign, chosen),
        }

    answer(with_program(act, chain), as_json=as_json)
