"""Nonce lanes and their leases: whoever writes for a lane shows the fencing token that its lease gave it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.jobs.read_model import insert_for
from node_gateway.store import schema

LEASE_MS: Final = 15_000


class LeaseLostError(Exception):
    """Another relay took the lane over; what this one wanted to write must not be written."""

    def __init__(self, lane: bytes) -> None:
        super().__init__(f"the lease of lane 0x{lane.hex()} was taken over")
        self.lane = lane


@dataclass(slots=True)
class Lease:
    """A lane that this process may write for. `mined_nonce`: what the chain had used when the lease was taken."""

    lane: bytes
    fencing_token: int
    next_nonce: int
    mined_nonce: int = 0


async def next_nonces(connection: AsyncConnection, held: Iterable[bytes]) -> dict[bytes, int]:
    """The nonce that each lane gives next."""
    lanes = schema.lanes
    statement = sa.select(lanes.c.address, lanes.c.next_nonce).where(lanes.c.address.in_(list(held)))
    return {row.address: row.next_nonce for row in (await connection.execute(statement)).all()}


async def ensure_lane(connection: AsyncConnection, lane: bytes, next_nonce: int) -> None:
    """Write the lane's row where there is none yet."""
    row = {"address": lane, "next_nonce": next_nonce, "lease_until_ms": 0, "fencing_token": 0}
    await connection.execute(
        insert_for(schema.lanes, connection.dialect.name).on_conflict_do_nothing(), [row]
    )


async def take_lease(connection: AsyncConnection, lane: bytes, *, owner: str, now_ms: int) -> Lease | None:
    """Take a free or expired lease; None while another owner has it.

    One that lasts longer than any was taken by a clock that has been set back since, or that is wrong: it may be taken, too.
    """
    lanes = schema.lanes
    is_free = (
        (lanes.c.lease_until_ms < now_ms)
        | (lanes.c.lease_until_ms > now_ms + LEASE_MS)
        | (lanes.c.lease_owner == owner)
        | lanes.c.lease_owner.is_(None)
    )
    taken = await connection.execute(
        sa.update(lanes)
        .where(lanes.c.address == lane, is_free)
        .values(lease_owner=owner, lease_until_ms=now_ms + LEASE_MS, fencing_token=lanes.c.fencing_token + 1)
    )
    if taken.rowcount != 1:
        return None
    row = (await connection.execute(sa.select(lanes).where(lanes.c.address == lane))).one()
    return Lease(lane, row.fencing_token, row.next_nonce)


async def renew(connection: AsyncConnection, lease: Lease, *, now_ms: int) -> None:
    """Prolong a lease.

    Raises:
        LeaseLostError: where it was taken over.
    """
    await _fenced(connection, lease, lease_until_ms=now_ms + LEASE_MS)


async def store_next_nonce(connection: AsyncConnection, lease: Lease, next_nonce: int) -> None:
    """Move the lane on, in the transaction that writes the batches with the nonces before.

    Raises:
        LeaseLostError: where the lease was taken over.
    """
    await _fenced(connection, lease, next_nonce=next_nonce)


async def assert_held(connection: AsyncConnection, lease: Lease) -> None:
    """Refuse to write for a lane that was taken over.

    Raises:
        LeaseLostError: where it was.
    """
    await _fenced(connection, lease, fencing_token=lease.fencing_token)


async def release(connection: AsyncConnection, lease: Lease) -> None:
    """Give a lease back, so that another process need not wait for its end."""
    lanes = schema.lanes
    mine = (lanes.c.address == lease.lane, lanes.c.fencing_token == lease.fencing_token)
    await connection.execute(sa.update(lanes).where(*mine).values(lease_owner=None, lease_until_ms=0))


async def seize_all(connection: AsyncConnection, *, owner: str, now_ms: int) -> None:
    """Take every lane, whoever holds it: what they still want to write is refused. Repeated, it prolongs."""
    lanes = schema.lanes
    token = sa.case((lanes.c.lease_owner == owner, lanes.c.fencing_token), else_=lanes.c.fencing_token + 1)
    await connection.execute(
        sa.update(lanes).values(lease_owner=owner, lease_until_ms=now_ms + LEASE_MS, fencing_token=token)
    )


async def free_all(connection: AsyncConnection, *, owner: str) -> None:
    """Give back what `seize_all` took."""
    lanes = schema.lanes
    statement = sa.update(lanes).where(lanes.c.lease_owner == owner)
    await connection.execute(statement.values(lease_owner=None, lease_until_ms=0))


async def _fenced(connection: AsyncConnection, lease: Lease, **values: int) -> None:
    lanes = schema.lanes
    mine = (lanes.c.address == lease.lane, lanes.c.fencing_token == lease.fencing_token)
    written = await connection.execute(sa.update(lanes).where(*mine).values(**values))
    if written.rowcount != 1:
        raise LeaseLostError(lease.lane)
