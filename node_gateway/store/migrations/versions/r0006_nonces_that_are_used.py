"""Which nonces of members' authorisations are used, filled from the events that are there."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_USING = (
    "RedemptionSettled", "HoldPlaced", "TransferSettled", "KeyAdded", "KeyRemoved", "MemberUnlocked", "AllowanceSet", "RecoveryRefused",
)  # fmt: skip
_WINDOW = 32


def upgrade() -> None:
    with op.batch_alter_table("members") as table:
        table.add_column(sa.Column("nonce_window", sa.BigInteger(), server_default="0", nullable=False))
    connection = op.get_bind()
    windows = _windows(connection)
    if windows:
        members = sa.table("members", sa.column("member"), sa.column("nonce_window"))
        statement = (
            sa.update(members)
            .where(members.c.member == sa.bindparam("of"))
            .values(nonce_window=sa.bindparam("window"))
        )
        connection.execute(statement, [{"of": of, "window": window} for of, window in windows.items()])


def _windows(connection: sa.Connection) -> dict[bytes, int]:
    """Bit i of a member's: the highest used nonce - 1 - i was used too; nonce 0, which nobody has, counts as used."""
    statement = sa.text("SELECT member, data FROM events WHERE name IN :names").bindparams(
        sa.bindparam("names", list(_USING), expanding=True)
    )
    used: dict[bytes, set[int]] = {}
    for member, data in connection.execute(statement):
        of_member: dict[str, Any] = json.loads(data) if isinstance(data, str | bytes) else data
        used.setdefault(bytes(member), {0}).add(of_member["nonce"])
    return {member: _window(nonces) for member, nonces in used.items()}


def _window(nonces: set[int]) -> int:
    below = max(nonces) - 1
    return sum(1 << bit for bit in range(_WINDOW) if below - bit in nonces)


def downgrade() -> None:
    with op.batch_alter_table("members") as table:
        table.drop_column("nonce_window")
