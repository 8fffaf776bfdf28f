"""coalition deploy, admit, terms, suspend, reinstate, attester."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from node_gateway.cli.output import JsonOption, answer, say

if TYPE_CHECKING:
    from node_gateway.cli.program_session import ProgramSession

PartnerArgument = Annotated[int, typer.Argument(min=1, max=65_535, help="The partner's number, 1 … 65535.")]
ChainOption = Annotated[
    str | None,
    typer.Option("--chain", help="URL of the chain; COALITION_RPC_URL or the local one by default."),
]
Result = TypeVar("Result")


def register(app: typer.Typer) -> None:
    """Mounts the commands."""
    app.command("deploy")(deploy)
    app.command("admit")(admit)
    app.command("terms")(terms)
    app.command("suspend")(suspend)
    app.command("reinstate")(reinstate)
    app.command("attester")(attester)


def with_program(act: "Callable[[ProgramSession], Awaitable[Result]]", chain: str | None) -> Result:
    """Runs an act on the program of the state directory."""
    from node_gateway.cli.program_session import program_session, rpc_url
    from node_gateway.cli.state_directory import state_directory

    async def run() -> Result:
        async with program_session(state_directory(), chain or rpc_url()) as session:
            return await act(session)

    return asyncio.run(run())


def deploy(
    name: Annotated[str, typer.Option(help="Name of the points.")] = "Coalition Points",
    symbol: Annotated[str, typer.Option(help="Their symbol.")] = "PTS",
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "USD",
    currency_decimals: Annotated[int, typer.Option(min=0, max=3)] = 2,
    lot_validity_days: Annotated[int, typer.Option(min=0)] = 365,
    return_window_days: Annotated[int, typer.Option(min=0)] = 30,
    late_posting_days: Annotated[int, typer.Option(min=0)] = 7,
    day_offset_s: Annotated[int, typer.Option(help="Added to UTC before a time is counted in days.")] = 0,
    relying_party_id: Annotated[
        str, typer.Option(help="Host name of the wallet, to which passkeys are bound.")
    ] = "localhost",
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deploy a program's contracts. The terms are fixed from then on."""
    from node_gateway.chain.deploy import ProgramParameters
    from node_gateway.chain.rpc import HttpRpc
    from node_gateway.chain.transactions import Signer
    from node_gateway.cli.local_chain import fund, require_chain
    from node_gateway.cli.operator_acts import deploy_program
    from node_gateway.cli.program_session import (
        OPERATOR_KEY,
        database_url,
        open_journal,
        refuse_second_deployment,
        rpc_url,
    )
    from node_gateway.cli.stack import RELAY_KEY
    from node_gateway.cli.state_directory import state_directory
    from node_gateway.store.migrate import upgrade

    state, url = state_directory(), chain or rpc_url()
    refuse_second_deployment(state)
    state.create()

    def parameters(operator_key: bytes) -> ProgramParameters:
        return ProgramParameters(
            name=name,
            symbol=symbol,
            operator_key=operator_key,
            currency=currency,
            currency_decimals=currency_decimals,
            lot_validity_days=lot_validity_days,
            return_window_days=return_window_days,
            late_posting_days=late_posting_days,
            day_offset_s=day_offset_s,
            relying_party_id=relying_party_id,
        )

    async def run() -> dict[str, object]:
        rpc = HttpRpc(url)
        try:
            chain_id = await require_chain(rpc, url, expected_chain_id=None)
            # Of a development chain; on another, whoever runs it has to give these accounts what fees take.
            await fund(rpc, (Signer(state.key(key)).address_text for key in (OPERATOR_KEY, RELAY_KEY)))
            async with open_journal(database_url(state)) as journal:
                deployment = await deploy_program(
                    rpc, state, parameters, chain_id=chain_id, journal=journal, progress=say
                )
        finally:
            await rpc.close()
        return {
            "ledger": deployment.ledger,
            "access_manager": deployment.access_manager,
            "chain_id": deployment.chain_id,
            "deployed_block": deployment.deployed_block,
        }

    # What is deployed is kept in the gateway's tables before it is sent.
    upgrade(database_url(state))
    answer(asyncio.run(run()), as_json=as_json)


def admit(
    partner: PartnerArgument,
    name: Annotated[str, typer.Argument(help="Its name.")],
    key: Annotated[
        str | None, typer.Option(help="Its address, 0x…; a key is made and kept here when it is left out.")
    ] = None,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """Admit a partner. It can act once its terms are recorded."""
    from node_gateway.cli.operator_acts import admit_partner, partner_key_name
    from partner_sdk.protocol import KeyId, SigningKey

    async def act(session: "ProgramSession") -> dict[str, object]:
        own = KeyId.parse(key) if key else SigningKey(session.state.key(partner_key_name(partner))).address
        tx_hash = await admit_partner(session, partner=partner, name=name, key=bytes(own))
        return {"partner": partner, "name": name, "key": own.text, "tx_hash": tx_hash}

    answer(with_program(act, chain), as_json=as_json)


def terms(
    partner: PartnerArgument,
    earn: Annotated[int, typer.Option(min=0, max=10_000, help="Points per 100 minor units.")],
    issue_price: Annotated[
        int, typer.Option(min=0, max=10**9, help="What it pays for a point, in micro-units.")
    ],
    redeem_price: Annotated[
        int, typer.Option(min=0, max=10**9, help="What it gets for a point, in micro-units.")
    ],
    effective_day: Annotated[
        int | None, typer.Option(help="Program day from which they hold; at once by default.")
    ] = None,
    signature: Annotated[
        str | None, typer.Option(help="The partner's, 0x…; made here where its key is kept here.")
    ] = None,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a partner's prices, signed by the partner and the operator."""
    from node_gateway.chain.hexadecimal import data_of
    from node_gateway.cli.operator_acts import next_terms_version, partner_signature, record_terms
    from partner_sdk.protocol import PartnerId, PartnerTerms

    async def act(session: "ProgramSession") -> dict[str, object]:
        value = PartnerTerms(
            partner=PartnerId(partner),
            version=await next_terms_version(session, partner),
            issue_price_micro=issue_price,
            redeem_price_micro=redeem_price,
            earn_points_per_100_minor=earn,
            effective_day=effective_day if effective_day is not None else await session.today(),
        )
        signed = data_of(signature) if signature else partner_signature(session, value)
        tx_hash = await record_terms(session, value, partner_signature=signed)
        return {
            "partner": partner,
            "version": value.version,
            "effective_day": value.effective_day,
            "tx_hash": tx_hash,
        }

    answer(with_program(act, chain), as_json=as_json)


def suspend(partner: PartnerArgument, chain: ChainOption = None, as_json: JsonOption = False) -> None:
    """Suspend a partner: no new purchases, redemptions, holds or grants."""
    _one_act("suspendPartner", partner, chain, as_json)


def reinstate(partner: PartnerArgument, chain: ChainOption = None, as_json: JsonOption = False) -> None:
    """End a partner's suspension."""
    _one_act("reinstatePartner", partner, chain, as_json)


def attester(
    slot: Annotated[int, typer.Argument(min=1, max=65_535, help="Slot of the attester: submitter 0.SLOT.")],
    key: Annotated[str, typer.Option(help="Its address, 0x….")],
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a key enrol members and sign for the wallet."""
    from node_gateway.cli.operator_acts import allow_attester
    from partner_sdk.protocol import KeyId

    async def act(session: "ProgramSession") -> dict[str, object]:
        return {
            "submitter": f"0.{slot}",
            "tx_hash": await allow_attester(session, slot=slot, key=bytes(KeyId.parse(key))),
        }

    answer(with_program(act, chain), as_json=as_json)


def _one_act(function: str, partner: int, chain: str | None, as_json: bool) -> None:
    async def act(session: "ProgramSession") -> dict[str, object]:
        return {"partner": partner, "tx_hash": await session.transact(function, partner)}

    answer(with_program(act, chain), as_json=as_json)
