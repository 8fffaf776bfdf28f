"""What a party reads of its own: who it is, its operations, position and statements."""

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.account import touched
from node_gateway.domain.errors import ForbiddenError, OperationNotFoundError, UnknownSubmissionError
from node_gateway.domain.parties import Party
from node_gateway.service import views
from node_gateway.service.reading import Moment, read_moment
from node_gateway.service.views import Json
from node_gateway.store import clearing, keys, operations
from node_gateway.store import events as event_store
from node_gateway.store.members import read_accounts
from node_gateway.store.operations import OperationKey, OperationRow
from partner_sdk.protocol.identities import OperationId, PartnerId, Submitter


async def read_me(connection: AsyncConnection, party: Party) -> Json:
    """Whose API key it is, the submitters that it may submit as, and the next sequence number of each as far as known here."""
    moment = await read_moment(connection)
    keyring = await keys.read_keyring(connection)
    own = {
        submitter: keyring.submitters[submitter].key
        for submitter in (sorted(keyring.submitters) if keyring else ())
        if keyring and party.may_submit_as(Submitter(submitter))
    }
    partner = None if party.partner is None else await clearing.find_partner(connection, party.partner)
    return {
        "party": party.kind.value,
        "partner": party.partner,
        "name": None if partner is None else partner.name,
        "is_suspended": None if partner is None else partner.is_suspended,
        "limits": None if partner is None else views.limits_view(partner),
        "submitters": [
            {
                "submitter": views.submitter_text(submitter),
                "key": views.hex_text(key),
                "next_sequence": await operations.next_sequence(connection, submitter),
            }
            for submitter, key in own.items()
        ],
        "as_of_block": moment.as_of_block,
    }


async def read_operation(connection: AsyncConnection, party: Party, operation: OperationId) -> Json:
    """Raises OperationNotFoundError when it is unknown, or another partner's."""
    moment = await read_moment(connection)
    found = await operations.find_operation_with_receipt(connection, operation)
    if found is None or not _may_see_operation(party, found[0]):
        raise OperationNotFoundError(operation.text)
    row, receipt = found
    return views.operation_view(row, receipt, as_of_block=moment.as_of_block)


async def read_submission(connection: AsyncConnection, party: Party, submission_id: bytes) -> Json:
    """Raises UnknownSubmissionError when it is unknown, or another party's."""
    moment = await read_moment(connection)
    row = await operations.find_submission(connection, submission_id)
    if row is None or not _may_see_submission(party, row.submitter >> 16):
        raise UnknownSubmissionError("0x" + submission_id.hex())
    lines = await operations.read_operations_of_submission(connection, submission_id)
    return {
        "submission_id": views.hex_text(row.id),
        "submitter": views.submitter_text(row.submitter),
        "deadline_s": row.deadline_s,
        "status": row.status.value,
        "reason": row.reason,
        "accepted_at_ms": row.accepted_at_ms,
        "operations": await _with_receipts(connection, lines, moment),
        "as_of_block": moment.as_of_block,
    }


async def read_settled_submission(connection: AsyncConnection, party: Party, submission_id: bytes) -> Json:
    """The submission, and the balances of its members after it."""
    moment = await read_moment(connection)
    answer = await read_submission(connection, party, submission_id)
    names = sorted({line["member"] for line in answer["operations"] if line["member"]})
    accounts = await read_accounts(connection, [bytes.fromhex(name[2:]) for name in names])
    answer["members"] = [
        views.balance_view(member, touched(account, moment.today), as_of_block=moment.as_of_block)
        for member, account in accounts.items()
    ]
    return answer


async def read_own_operations(
    connection: AsyncConnection, partner: PartnerId, *, before: OperationKey | None, limit: int
) -> Json:
    """Newest accepted first."""
    moment = await read_moment(connection)
    found = await operations.read_partner_operations(
        connection, partner=partner, before=before, limit=limit + 1
    )
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    return {
        "entries": await _with_receipts(connection, page, moment),
        "next_after": None if last is None else f"{last.accepted_at_ms}-{OperationId(last.id).text}",
        "as_of_block": moment.as_of_block,
    }


async def read_own_position(connection: AsyncConnection, partner: PartnerId) -> Json:
    """Lines since the start, and since the last statement."""
    moment = await read_moment(connection)
    total = await clearing.read_position(connection, partner)
    stated = await clearing.read_stated_lines(connection, partner)
    newest = await clearing.read_statements(connection, partner=partner, before_cycle=None, limit=1)
    return {
        "partner": partner,
        **views.lines_view(total),
        "since_last_statement": views.lines_view(total.minus(stated)),
        "carried_in_micro": str(newest[0].carried_out_micro if newest else 0),
        "unpaid_minor": str(await clearing.read_unpaid_minor(connection, partner)),
        "as_of_block": moment.as_of_block,
    }


async def read_own_statements(
    connection: AsyncConnection, partner: PartnerId, *, before_cycle: int | None, limit: int
) -> Json:
    """Newest cycle first."""
    moment = await read_moment(connection)
    found = await clearing.read_statements(
        connection, partner=partner, before_cycle=before_cycle, limit=limit + 1
    )
    page = found[:limit]
    return {
        "entries": [views.statement_view(statement) for statement in page],
        "next_after": str(page[-1].cycle) if len(found) > limit else None,
        "as_of_block": moment.as_of_block,
    }


def own_partner(party: Party) -> PartnerId:
    """The partner behind `/partners/me`. Raises ForbiddenError for the wallet and the operator."""
    if party.partner is None:
        raise ForbiddenError(party=party.text)
    return party.partner


def _may_see_operation(party: Party, row: OperationRow) -> bool:
    """The wallet sees what concerns members; a partner and the operator see by partner."""
    return party.may_see_partner(row.partner) or (party.partner is None and row.member is not None)


def _may_see_submission(party: Party, partner: int) -> bool:
    return party.may_see_partner(partner) or (party.partner is None and partner == 0)


async def _with_receipts(connection: AsyncConnection, rows: list[OperationRow], moment: Moment) -> list[Json]:
    receipts = await event_store.read_receipts(connection, [row.position for row in rows if row.position])
    return [
        views.operation_view(
            row,
            receipts.get(row.position) if row.position else None,
            as_of_block=moment.as_of_block,
        )
        for row in rows
    ]
