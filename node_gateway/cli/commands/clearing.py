"""coalition close-cycle, statements."""

from typing import TYPE_CHECKING, Annotated

import typer

from node_gateway.cli.commands.program import ChainOption, with_program
from node_gateway.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from node_gateway.cli.program_session import ProgramSession


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
    app.command("close-cycle")(close_cycle)
    app.command("statements")(statements)


def close_cycle(chain: ChainOption = None, as_json: JsonOption = False) -> None:
    """Close the clearing cycle and issue every partner's statement."""
    from node_gateway.cli import operator_acts

    async def act(session: "ProgramSession") -> dict[str, object]:
        return await operator_acts.close_cycle(session, await operator_acts.admitted_partners(session))

    answer(with_program(act, chain), as_json=as_json)


def statements(
    cycle: Annotated[
        int | None, typer.Argument(help="The cycle's number; the last closed one by default.")
    ] = None,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the partners' statements of a closed cycle, as they stand on the chain."""
    from node_gateway.cli import operator_acts

    async def act(session: "ProgramSession") -> dict[str, object]:
        current = await session.read("currentCycle")
        assert isinstance(current, int)
        chosen = cycle if cycle is not None else current - 1
        partners = await operator_acts.admitted_partners(session)
        found = {str(partner): await session.read("statementOf", chosen, partner) for partner in partners}
        return {"cycle": chosen, "statements": found}

    answer(with_program(act, chain), as_json=as_json)
