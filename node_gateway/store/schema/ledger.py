"""Read model of members' accounts, as stored on the chain (`posted`): bringing them to today is `domain.account`."""

import sqlalchemy as sa

from node_gateway.store.schema.columns import Address, UnsignedBigInteger
from node_gateway.store.schema.metadata import metadata

# `held` is what pending holds hold, `debt` what `debts` add up to. `freeze_reason` 0: not frozen. `next_nonce` and `nonce_window` as
# `domain.nonces`. `as_of_block`: the last block that changed the row.
members = sa.Table(
    "members",
    metadata,
    sa.Column("member", Address, primary_key=True),
    sa.Column("balance", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("held", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("debt", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("next_lot", sa.Integer, nullable=False, server_default="0"),
    sa.Column("soonest_expires_day", sa.Integer),
    sa.Column("is_enrolled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_locked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("freeze_reason", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("next_nonce", sa.Integer, nullable=False, server_default="0"),
    sa.Column("nonce_window", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("allowance_points_per_day", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("key_active_from_s", sa.BigInteger),
    sa.Column("recovery_key", Address),
    sa.Column("recovery_kind", sa.SmallInteger),
    sa.Column("recovery_due_at_s", sa.BigInteger),
    sa.Column("as_of_block", sa.BigInteger, nullable=False),
)

# `kind` 1 secp256k1, 2 passkey.
member_keys = sa.Table(
    "member_keys",
    metadata,
    sa.Column("member", Address, primary_key=True),
    sa.Column("key", Address, primary_key=True),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("block_number", sa.BigInteger, nullable=False),
)

# Rows stay when nothing is left: a return needs what was kept. `terms` names issuer, price and rate. `arrival` orders lots that
# expire on the same day: smaller came first. `operation` is the purchase, grant or refund that issued it (null: bonus or transfer).
lots = sa.Table(
    "lots",
    metadata,
    sa.Column("member", Address, primary_key=True),
    sa.Column("lot", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("terms", sa.Integer, nullable=False),
    sa.Column("arrival", sa.BigInteger, nullable=False),
    sa.Column("expires_day", sa.Integer, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("points_left", sa.BigInteger, nullable=False),
    sa.Column("spend", sa.BigInteger),
    sa.Column("spend_kept", sa.BigInteger),
    sa.Column("recovered", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("operation", UnsignedBigInteger),
    sa.Column("block_number", sa.BigInteger, nullable=False),
)
# Used only by queries that spell `points_left > 0` as a literal (SQLite proves nothing about bound values).
sa.Index(
    "ix_lots_open",
    lots.c.member,
    lots.c.expires_day,
    lots.c.arrival,
    sqlite_where=sa.text("points_left > 0"),
    postgresql_where=sa.text("points_left > 0"),
)

# Named by the nonce of the authorisation. `captured` + `released` = `points` once it is final.
holds = sa.Table(
    "holds",
    metadata,
    sa.Column("member", Address, primary_key=True),
    sa.Column("nonce", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("operation", UnsignedBigInteger, nullable=False),
    sa.Column("partner", sa.Integer, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("expires_day", sa.Integer, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("captured", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("released", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("block_number", sa.BigInteger, nullable=False),
)

# Oldest first by `position`; a repaid debt's row goes. `terms` is that of the lot whose points are owed back.
debts = sa.Table(
    "debts",
    metadata,
    sa.Column("member", Address, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("terms", sa.Integer, nullable=False),
    sa.Column("lot", sa.Integer),
    sa.Column("points", sa.BigInteger, nullable=False),
)
