"""A small program in the read model, as the indexer would leave it: two partners, an attester, a member of each kind."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.store import schema
from partner_sdk.protocol import (
    Domain,
    LedgerAddress,
    MemberId,
    Operation,
    OperationId,
    Purchase,
    SignedSubmission,
    SigningKey,
    Submitter,
)

CHAIN_ID = 31337
LEDGER = LedgerAddress(b"\x1e" * 20)
DOMAIN = Domain(CHAIN_ID, LEDGER)
DAY_S = 86_400
TODAY = 19_000
CHAIN_TIME_S = TODAY * DAY_S + 3_600
HEAD_BLOCK = 10

BAKER, GROCER = 3, 4
BAKER_KEY = SigningKey(b"\x03" * 32)
GROCER_KEY = SigningKey(b"\x04" * 32)
OPERATOR_KEY = SigningKey(b"\x01" * 32)
ATTESTER_KEY = SigningKey(b"\x02" * 32)
DELEGATE_KEY = SigningKey(b"\x05" * 32)
KEY_OF = {BAKER: BAKER_KEY, GROCER: GROCER_KEY}
BAKER_TERMS, GROCER_TERMS = 1, 2

ANNA = MemberId(b"\xaa" * 20)
BORIS = MemberId(b"\xbb" * 20)


def signed(
    *operations: Operation,
    partner: int = BAKER,
    slot: int = 0,
    key: SigningKey | None = None,
    deadline_s: int = CHAIN_TIME_S + 600,
    domain: Domain = DOMAIN,
) -> bytes:
    """The wire form of a submission, signed as its submitter would."""
    return SignedSubmission.sign(
        operations,
        submitter=Submitter.of(partner, slot),
        deadline_s=deadline_s,
        domain=domain,
        key=key or KEY_OF.get(partner, OPERATOR_KEY),
    ).pack()


def purchase(sequence: int, *, spend_minor: int = 1_000, member: MemberId = ANNA) -> Purchase:
    return Purchase(sequence, member, spend_minor)


def operation_text(sequence: int, *, partner: int = BAKER) -> str:
    return OperationId.of(Submitter.of(partner), sequence).text


async def seed_program(connection: AsyncConnection) -> None:
    """Program, chain head and registry."""
    await _insert(
        connection,
        schema.program,
        id=1,
        name="Main Street",
        symbol="MSP",
        currency="EUR",
        currency_decimals=2,
        lot_validity_days=365,
        return_window_days=60,
        late_posting_days=7,
        day_offset_s=0,
        first_key_delay_s=0,
        recovery_delay_s=3_600,
        relying_party_id_hash=bytes(32),
        operator_key=bytes(OPERATOR_KEY.address),
    )
    await _insert(
        connection,
        schema.cursor,
        id=1,
        chain_id=CHAIN_ID,
        genesis_hash=bytes(32),
        ledger=bytes(LEDGER),
        code_hash=bytes(32),
        next_block=HEAD_BLOCK + 1,
    )
    await seed_block(connection, HEAD_BLOCK)
    for partner, terms in ((BAKER, BAKER_TERMS), (GROCER, GROCER_TERMS)):
        await _seed_partner(connection, partner, terms)
    for submitter, key in (
        (Submitter.of(0, 1), ATTESTER_KEY),
        (Submitter.of(BAKER, 1), DELEGATE_KEY),
    ):
        await _insert(
            connection,
            schema.delegates,
            submitter=int(submitter),
            partner=submitter.partner,
            key=bytes(key.address),
            valid_until_s=CHAIN_TIME_S + DAY_S,
            kinds_allowed=2**32 - 1,
            as_of_block=1,
        )


async def _seed_partner(connection: AsyncConnection, partner: int, terms: int) -> None:
    await _insert(
        connection,
        schema.partners,
        partner=partner,
        name={BAKER: "Baker", GROCER: "Grocer"}[partner],
        key=bytes(KEY_OF[partner].address),
        terms=terms,
        refund_terms=100 + terms,
        issue_price_micro=10_000,
        redeem_price_micro=9_000,
        earn_points_per_100_minor=100,
        as_of_block=1,
    )
    await _insert(
        connection,
        schema.terms,
        terms=terms,
        issuer_kind="partner",
        issuer=partner,
        version=1,
        issue_price_micro=10_000,
        earn_points_per_100_minor=100,
        block_number=1,
    )


async def seed_block(
    connection: AsyncConnection,
    number: int,
    *,
    timestamp_s: int | None = None,
    block_hash: bytes | None = None,
) -> None:
    await _insert(
        connection,
        schema.blocks,
        number=number,
        hash=block_hash or number.to_bytes(32, "big"),
        parent_hash=(number - 1).to_bytes(32, "big"),
        timestamp_s=CHAIN_TIME_S + number - HEAD_BLOCK if timestamp_s is None else timestamp_s,
    )


async def seed_member(connection: AsyncConnection, member: MemberId, **columns: Any) -> None:
    await _insert(connection, schema.members, member=bytes(member), as_of_block=HEAD_BLOCK, **columns)


async def seed_lot(
    connection: AsyncConnection,
    member: MemberId,
    lot: int,
    points: int,
    *,
    terms: int = BAKER_TERMS,
    expires_day: int = TODAY + 100,
) -> None:
    await _insert(
        connection,
        schema.lots,
        member=bytes(member),
        lot=lot,
        terms=terms,
        arrival=lot,
        expires_day=expires_day,
        points=points,
        points_left=points,
        block_number=HEAD_BLOCK,
    )


async def settle_purchase(
    connection: AsyncConnection,
    sequence: int,
    *,
    block_number: int,
    log_index: int = 0,
    partner: int = BAKER,
    member: MemberId = ANNA,
    points: int = 1_000,
) -> None:
    """What the indexer writes for one settled purchase in a new block."""
    operation = OperationId.of(Submitter.of(partner), sequence)
    await seed_event(
        connection,
        block_number,
        log_index,
        name="PurchaseSettled",
        member=bytes(member),
        partner=partner,
        operation=int(operation),
        data={"operation": operation.text, "member": member.text, "spend": 1_000, "points": points},
    )
    table = schema.operations
    found = await connection.execute(
        sa.update(table)
        .where(table.c.id == int(operation))
        .values(status="settled", block_number=block_number, log_index=log_index)
        .returning(table.c.submission_id)
    )
    submission_id = found.scalar_one_or_none()
    if submission_id is None:
        await _insert(
            connection,
            table,
            id=int(operation),
            kind=1,
            partner=partner,
            member=bytes(member),
            status="settled",
            block_number=block_number,
            log_index=log_index,
            accepted_at_ms=CHAIN_TIME_S * 1000 + sequence,
        )
    else:
        submissions = schema.submissions
        await connection.execute(
            sa.update(submissions).where(submissions.c.id == submission_id).values(status="settled")
        )


async def seed_event(connection: AsyncConnection, block_number: int, log_index: int, **columns: Any) -> None:
    await _insert(
        connection,
        schema.events,
        block_number=block_number,
        log_index=log_index,
        tx_hash=block_number.to_bytes(32, "big"),
        **columns,
    )


async def move_head(connection: AsyncConnection, block_number: int, **cursor: Any) -> None:
    """The indexer got to this block."""
    await seed_block(connection, block_number)
    await connection.execute(sa.update(schema.cursor).values(next_block=block_number + 1, **cursor))


async def _insert(connection: AsyncConnection, table: sa.Table, **columns: Any) -> None:
    await connection.execute(sa.insert(table).values(**columns))
