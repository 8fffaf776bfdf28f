"""Read model of the program, its partners, their delegates, and terms."""

import sqlalchemy as sa

from node_gateway.store.schema.columns import Address, Hash, WideInteger
from node_gateway.store.schema.metadata import metadata

# One row, `id` 1: what `programTerms()` answers, and the operator's points key now.
program = sa.Table(
    "program",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("symbol", sa.String(16), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("currency_decimals", sa.SmallInteger, nullable=False),
    sa.Column("lot_validity_days", sa.Integer, nullable=False),
    sa.Column("return_window_days", sa.Integer, nullable=False),
    sa.Column("late_posting_days", sa.Integer, nullable=False),
    sa.Column("day_offset_s", sa.Integer, nullable=False),
    sa.Column("first_key_delay_s", sa.BigInteger, nullable=False),
    sa.Column("recovery_delay_s", sa.BigInteger, nullable=False),
    sa.Column("relying_party_id_hash", Hash, nullable=False),
    sa.Column("operator_key", Address, nullable=False),
    sa.Column("proposed_operator_key", Address),
    sa.Column("current_cycle", sa.BigInteger, nullable=False, server_default="0"),
)

# Limits: null means none. Prices and rate are those in force; `terms` is the index of their row in `terms`.
partners = sa.Table(
    "partners",
    metadata,
    sa.Column("partner", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("key", Address, nullable=False),
    sa.Column("previous_key", Address),
    sa.Column("previous_key_until_s", sa.BigInteger),
    sa.Column("is_suspended", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("terms", sa.Integer),
    sa.Column("refund_terms", sa.Integer, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("issue_price_micro", sa.BigInteger),
    sa.Column("redeem_price_micro", sa.BigInteger),
    sa.Column("earn_points_per_100_minor", sa.Integer),
    sa.Column("credit_limit_micro", WideInteger),
    sa.Column("operation_points_max", sa.BigInteger),
    sa.Column("member_day_points_max", sa.BigInteger),
    sa.Column("partner_day_points_max", sa.BigInteger),
    sa.Column("as_of_block", sa.BigInteger, nullable=False),
)

# Slots >= 1 of every partner; of partner 0 these are the attesters. `kinds_allowed`: bit n allows the operation type n.
delegates = sa.Table(
    "delegates",
    metadata,
    sa.Column("submitter", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("partner", sa.Integer, nullable=False),
    sa.Column("key", Address, nullable=False),
    sa.Column("valid_until_s", sa.BigInteger, nullable=False),
    sa.Column("kinds_allowed", sa.BigInteger, nullable=False),
    sa.Column("operation_points_max", sa.BigInteger),
    sa.Column("day_points_max", sa.BigInteger),
    sa.Column("as_of_block", sa.BigInteger, nullable=False),
)

# What lots and redemptions refer to. `issuer` is a partner id, a campaign id, or 0 for the operator.
terms = sa.Table(
    "terms",
    metadata,
    sa.Column("terms", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("issuer_kind", sa.String(8), nullable=False),
    sa.Column("issuer", sa.Integer, nullable=False),
    sa.Column("stage", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("version", sa.BigInteger),
    sa.Column("issue_price_micro", sa.BigInteger, nullable=False),
    sa.Column("redeem_price_micro", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("earn_points_per_100_minor", sa.Integer, nullable=False, server_default="0"),
    sa.Column("effective_day", sa.Integer),
    sa.Column("block_number", sa.BigInteger, nullable=False),
)

paused_kinds = sa.Table(
    "paused_kinds",
    metadata,
    sa.Column("kind", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("block_number", sa.BigInteger, nullable=False),
)
