"""API keys, and the keyring of those who sign."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.certain_rejections import Standing
from node_gateway.domain.keyring import Keyring, SubmitterKeys
from node_gateway.domain.parties import Party
from node_gateway.domain.states import IssuerKind, PartyKind
from node_gateway.store import schema
from partner_sdk.protocol.eip712 import Domain
from partner_sdk.protocol.identities import OPERATOR, LedgerAddress, PartnerId, Submitter


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """An API key as stored: its hash and whose it is."""

    key_hash: bytes
    party: Party
    label: str
    created_at_ms: int
    revoked_at_ms: int | None


async def insert_api_key(
    connection: AsyncConnection, *, key_hash: bytes, party: Party, label: str, created_at_ms: int
) -> None:
    await connection.execute(
        sa.insert(schema.api_keys).values(
            key_hash=key_hash,
            party=party.kind,
            partner=party.partner,
            label=label,
            created_at_ms=created_at_ms,
        )
    )


async def list_api_keys(connection: AsyncConnection) -> list[ApiKeyRow]:
    """All keys, oldest first."""
    rows = await connection.execute(sa.select(schema.api_keys).order_by(schema.api_keys.c.created_at_ms))
    return [
        ApiKeyRow(
            row.key_hash, _party(row.party, row.partner), row.label, row.created_at_ms, row.revoked_at_ms
        )
        for row in rows
    ]


async def revoke_api_key(connection: AsyncConnection, *, key_hash: bytes, revoked_at_ms: int) -> bool:
    """Returns False when there is no such key, or it was revoked before."""
    table = schema.api_keys
    result = await connection.execute(
        sa.update(table)
        .where(table.c.key_hash == key_hash, table.c.revoked_at_ms.is_(None))
        .values(revoked_at_ms=revoked_at_ms)
    )
    return result.rowcount == 1


async def find_party(connection: AsyncConnection, key_hash: bytes) -> Party | None:
    """Whose key this is; None when it is unknown or revoked."""
    table = schema.api_keys
    row = (
        await connection.execute(
            sa.select(table.c.party, table.c.partner).where(
                table.c.key_hash == key_hash, table.c.revoked_at_ms.is_(None)
            )
        )
    ).one_or_none()
    return None if row is None else _party(row.party, row.partner)


async def read_keyring(connection: AsyncConnection) -> Keyring | None:
    """Keys of all submitters, or None when nothing was indexed yet."""
    cursor = (await connection.execute(sa.select(schema.cursor))).one_or_none()
    program = (await connection.execute(sa.select(schema.program))).one_or_none()
    if cursor is None or program is None:
        return None
    submitters = {int(Submitter.of(OPERATOR)): SubmitterKeys(program.operator_key)}
    partners = (await connection.execute(sa.select(schema.partners))).all()
    delegates = (await connection.execute(sa.select(schema.delegates))).all()
    for row in partners:
        submitters[Submitter.of(row.partner)] = SubmitterKeys(
            row.key, row.previous_key, row.previous_key_until_s or 0
        )
    for row in delegates:
        submitters[row.submitter] = SubmitterKeys(row.key, valid_until_s=row.valid_until_s)
    standing = Standing(
        late_posting_days=program.late_posting_days,
        day_offset_s=program.day_offset_s,
        suspended=frozenset(row.partner for row in partners if row.is_suspended),
        paused_kinds=frozenset(await connection.scalars(sa.select(schema.paused_kinds.c.kind))),
        kinds_allowed={row.submitter: row.kinds_allowed for row in delegates},
        least_earn_rates=await _least_earn_rates(connection),
        operation_points_max=_limits((row.partner, row.operation_points_max) for row in partners),
        delegate_points_max=_limits(
            (row.submitter, most)
            for row in delegates
            for most in (row.operation_points_max, row.day_points_max)
        ),
        member_day_points_max=_limits((row.partner, row.member_day_points_max) for row in partners),
        partner_day_points_max=_limits((row.partner, row.partner_day_points_max) for row in partners),
    )
    return Keyring(Domain(cursor.chain_id, LedgerAddress(cursor.ledger)), submitters, standing)


def _limits(limits: Iterable[tuple[int, int | None]]) -> dict[int, int]:
    """The least of each id's limits, without those that have none."""
    least: dict[int, int] = {}
    for key, most in limits:
        if most is not None:
            least[key] = min(most, least.get(key, most))
    return least


async def _least_earn_rates(connection: AsyncConnection) -> dict[int, int]:
    """By partner, of its terms in force and those to come."""
    terms, partners = schema.terms, schema.partners
    statement = (
        sa.select(partners.c.partner, sa.func.min(terms.c.earn_points_per_100_minor).label("rate"))
        .join(terms, terms.c.issuer == partners.c.partner)
        .where(terms.c.issuer_kind == IssuerKind.PARTNER, terms.c.terms >= partners.c.terms)
        .group_by(partners.c.partner)
    )
    return {row.partner: row.rate for row in await connection.execute(statement)}


def _party(kind: str, partner: int | None) -> Party:
    return Party(PartyKind(kind), None if partner is None else PartnerId(partner))
