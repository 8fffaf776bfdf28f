"""Reads of the program, members, campaigns and operations."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from node_gateway.api import schemas
from node_gateway.api.answers import PROBLEM_RESPONSES, json_response
from node_gateway.api.gateway import gateway_of, party_of
from node_gateway.api.parameters import (
    EVENT_POSITION,
    MEMBER,
    OPERATION,
    PAGE_DEFAULT,
    PAGE_MAX,
    event_position_of,
    operation_key_of,
)
from node_gateway.domain.parties import Party
from node_gateway.service import own_reading, reading
from partner_sdk.protocol.identities import MemberId, OperationId

router = APIRouter(prefix="/v1", responses=PROBLEM_RESPONSES)

Caller = Annotated[Party, Depends(party_of)]
MemberPath = Annotated[str, Path(pattern=MEMBER, description="`0x` and 40 hexadecimal digits.")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="Entries of a page.")]


@router.get("/program", tags=["program"], responses={200: {"model": schemas.Program}})
async def show_program(request: Request, party: Caller) -> Response:
    """What a signer must know: chain, ledger, EIP-712 domain, currency, today."""
    async with gateway_of(request).database.reading() as connection:
        return json_response(await reading.read_program(connection))


@router.get("/me", tags=["program"], responses={200: {"model": schemas.Me}})
async def show_me(request: Request, party: Caller) -> Response:
    """Whose API key it is, and which submitters it submits for."""
    async with gateway_of(request).database.reading() as connection:
        return json_response(await own_reading.read_me(connection, party))


@router.get("/partners", tags=["partners"], responses={200: {"model": schemas.Partners}})
async def list_partners(request: Request, party: Caller) -> Response:
    """All partners with their public terms."""
    async with gateway_of(request).database.reading() as connection:
        return json_response(await reading.read_partner_list(connection))


@router.get("/members/{member}", tags=["members"], responses={200: {"model": schemas.Member}})
async def show_member(request: Request, party: Caller, member: MemberPath) -> Response:
    """A member as touched today. A partner sees sums, and lots and holds of its own only."""
    async with gateway_of(request).database.reading() as connection:
        return json_response(await reading.read_member(connection, party, MemberId.parse(member)))


@router.get("/members/{member}/history", tags=["members"], responses={200: {"model": schemas.EventPage}})
async def list_history(
    request: Request,
    party: Caller,
    member: MemberPath,
    after: Annotated[str | None, Query(pattern=EVENT_POSITION, description="`next_after` of a page.")] = None,
    limit: Limit = PAGE_DEFAULT,
) -> Response:
    """The member's events, newest first; a partner sees those of its own operations."""
    before = None if after is None else event_position_of("after", after)
    async with gateway_of(request).database.reading() as connection:
        answer = await reading.read_history(
            connection, party, MemberId.parse(member), before=before, limit=limit
        )
    return json_response(answer)


@router.get(
    "/members/{member}/campaigns", tags=["members"], responses={200: {"model": schemas.MemberCampaigns}}
)
async def list_member_campaigns(request: Request, party: Caller, member: MemberPath) -> Response:
    """Progress in each campaign and stage; a partner sees campaigns that it takes part in."""
    async with gateway_of(request).database.reading() as connection:
        return json_response(await reading.read_member_campaigns(connection, party, MemberId.parse(member)))


@router.get("/operations/{operation}", tags=["operations"], responses={200: {"model": schemas.Operation}})
async def show_operation(
    request: Request, party: Caller, operation: Annotated[str, Path(pattern=OPERATION)]
) -> Response:
    """An operation and its receipt. `partner.slot.sequence`."""
    operation_id = OperationId.parse(operation)
    async with gateway_of(request).database.reading() as connection:
        return json_response(await own_reading.read_operation(connection, party, operation_id))


@router.get("/partners/me/operations", tags=["partners"], responses={200: {"model": schemas.OperationPage}})
async def list_own_operations(
    request: Request,
    party: Caller,
    after: Annotated[str | None, Query(max_length=48, description="`next_after` of a page.")] = None,
    limit: Limit = PAGE_DEFAULT,
) -> Response:
    """The partner's operations, newest accepted first."""
    partner = own_reading.own_partner(party)
    before = None if after is None else operation_key_of("after", after)
    async with gateway_of(request).database.reading() as connection:
        return json_response(
            await own_reading.read_own_operations(connection, partner, before=before, limit=limit)
        )


@router.get("/partners/me/position", tags=["partners"], responses={200: {"model": schemas.Position}})
async def show_own_position(request: Request, party: Caller) -> Response:
    """The partner's clearing lines. Net positive: the partner pays."""
    partner = own_reading.own_partner(party)
    async with gateway_of(request).database.reading() as connection:
        return json_response(await own_reading.read_own_position(connection, partner))


@router.get("/partners/me/statements", tags=["partners"], responses={200: {"model": schemas.StatementPage}})
async def list_own_statements(
    request: Request,
    party: Caller,
    after: Annotated[int | None, Query(ge=0, le=2**32, description="`next_after` of a page.")] = None,
    limit: Limit = PAGE_DEFAULT,
) -> Response:
    """The partner's statements, newest cycle first."""
    partner = own_reading.own_partner(party)
    async with gateway_of(request).database.reading() as connection:
        return json_response(
            await own_reading.read_own_statements(connection, partner, before_cycle=after, limit=limit)
        )


@router.get("/campaigns", tags=["campaigns"], responses={200: {"model": schemas.Campaigns}})
async def list_campaigns(request: Request, party: Caller) -> Response:
    """Full terms of all campaigns, in the order in which they were opened."""
    async with gateway_of(request).database.reading() as connection:
        return json_response(await reading.read_all_campaigns(connection))


@router.get("/campaigns/{campaign}", tags=["campaigns"], responses={200: {"model": schemas.Campaign}})
async def show_campaign(
    request: Request, party: Caller, campaign: Annotated[int, Path(ge=0, le=65_535)]
) -> Response:
    """Full terms of a campaign, and where its budget stands."""
    async with gateway_of(request).database.reading() as connection:
        return json_response(await reading.read_campaign(connection, campaign))
