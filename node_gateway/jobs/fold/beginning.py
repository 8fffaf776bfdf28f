"""The rows that exist before the first event: cursor, totals, the operator's terms."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.chain.artifacts import address_bytes
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.hexadecimal import data_of
from node_gateway.domain.states import IssuerKind
from node_gateway.jobs.fold.model import OPERATOR_TERMS, TOTALS_ID
from node_gateway.store import schema

CURSOR_ID: Final = 1


async def begin(connection: AsyncConnection, deployment: Deployment) -> int:
    """Write these rows where there is no cursor yet; returns the next block to index."""
    cursor = schema.cursor
    row = (
        await connection.execute(sa.select(cursor.c.next_block).where(cursor.c.id == CURSOR_ID))
    ).one_or_none()
    if row is not None:
        return int(row.next_block)
    await connection.execute(sa.insert(cursor), [_cursor_row(deployment)])
    totals = {"id": TOTALS_ID, "issued": 0, "burned": 0, "cancelled": 0, "expired": 0, "outstanding": 0}
    await connection.execute(sa.insert(schema.totals), [totals | {"as_of_block": deployment.deployed_block}])
    await connection.execute(sa.insert(schema.terms), [_operator_terms(deployment.deployed_block)])
    return deployment.deployed_block


def _cursor_row(deployment: Deployment) -> dict[str, Any]:
    return {
        "id": CURSOR_ID,
        "chain_id": deployment.chain_id,
        "genesis_hash": data_of(deployment.genesis_hash),
        "ledger": address_bytes(deployment.ledger),
        "code_hash": data_of(deployment.code_hash),
        "next_block": deployment.deployed_block,
        "generation": 0,
    }


def _operator_terms(block_number: int) -> dict[str, Any]:
    return {
        "terms": OPERATOR_TERMS,
        "issuer_kind": IssuerKind.OPERATOR.value,
        "issuer": 0,
        "stage": 0,
        "version": None,
        "issue_price_micro": 0,
        "redeem_price_micro": 0,
        "earn_points_per_100_minor": 0,
        "effective_day": None,
        "block_number": block_number,
    }
