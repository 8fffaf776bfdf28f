"""Read model of who owes whom, and of all points."""

import sqlalchemy as sa

from node_gateway.store.schema.columns import Hash, WideInteger
from node_gateway.store.schema.metadata import metadata

# Cumulative lines since the start: net = base + bonus - credit - reimbursed; positive, the partner pays.
positions = sa.Table(
    "positions",
    metadata,
    sa.Column("partner", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("base_micro", WideInteger, nullable=False),
    sa.Column("bonus_micro", WideInteger, nullable=False),
    sa.Column("credit_micro", WideInteger, nullable=False),
    sa.Column("reimbursed_micro", WideInteger, nullable=False),
    sa.Column("as_of_block", sa.BigInteger, nullable=False),
)

cycles = sa.Table(
    "cycles",
    metadata,
    sa.Column("cycle", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("block_number", sa.BigInteger, nullable=False),
)

# Lines of one cycle. `payable_minor` is in minor units, half to even.
statements = sa.Table(
    "statements",
    metadata,
    sa.Column("partner", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("cycle", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("base_micro", WideInteger, nullable=False),
    sa.Column("bonus_micro", WideInteger, nullable=False),
    sa.Column("credit_micro", WideInteger, nullable=False),
    sa.Column("reimbursed_micro", WideInteger, nullable=False),
    sa.Column("carried_in_micro", WideInteger, nullable=False),
    sa.Column("payable_minor", WideInteger, nullable=False),
    sa.Column("carried_out_micro", WideInteger, nullable=False),
    sa.Column("block_number", sa.BigInteger, nullable=False),
)

payments = sa.Table(
    "payments",
    metadata,
    sa.Column("payment", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("partner", sa.Integer, nullable=False),
    sa.Column("is_from_partner", sa.Boolean, nullable=False),
    sa.Column("amount_minor", WideInteger, nullable=False),
    sa.Column("reference", Hash, nullable=False),
    sa.Column("recorded_block", sa.BigInteger, nullable=False),
    sa.Column("confirmed_block", sa.BigInteger),
    sa.Column("unpaid_minor", WideInteger),
    sa.Index(None, "partner", "payment"),
)

# One row, `id` 1. issued = burned + cancelled + expired + outstanding.
totals = sa.Table(
    "totals",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("issued", sa.BigInteger, nullable=False),
    sa.Column("burned", sa.BigInteger, nullable=False),
    sa.Column("cancelled", sa.BigInteger, nullable=False),
    sa.Column("expired", sa.BigInteger, nullable=False),
    sa.Column("outstanding", sa.BigInteger, nullable=False),
    sa.Column("as_of_block", sa.BigInteger, nullable=False),
)
