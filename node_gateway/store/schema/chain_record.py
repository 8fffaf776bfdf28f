"""What the chain said, block by block, and how to take it back."""

import sqlalchemy as sa

from node_gateway.store.schema.columns import (
    Address,
    Hash,
    JsonText,
    UnsignedBigInteger,
)
from node_gateway.store.schema.metadata import metadata

blocks = sa.Table(
    "blocks",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", Hash, nullable=False),
    sa.Column("parent_hash", Hash, nullable=False),
    sa.Column("timestamp_s", sa.BigInteger, nullable=False),
)

# One row, `id` 1. `generation` grows by one with each unwinding, so that readers of `events` notice that rows were taken away.
# `node_block` and `seen_at_ms` are what the node last said and when: the index lag is node_block + 1 - next_block.
cursor = sa.Table(
    "cursor",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("chain_id", sa.BigInteger, nullable=False),
    sa.Column("genesis_hash", Hash, nullable=False),
    sa.Column("ledger", Address, nullable=False),
    sa.Column("code_hash", Hash, nullable=False),
    sa.Column("next_block", sa.BigInteger, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("node_block", sa.BigInteger),
    sa.Column("seen_at_ms", sa.BigInteger),
)

# History, receipts, and the outbox of SSE and webhooks in one. `data`: the event's arguments as a JSON object: names in snake_case
# (`spend`, `expires_day`, a trailing underscore dropped), addresses and hashes as lower-case 0x text, `operation` as
# `partner.slot.sequence`, text of bytes32 as text, int256 as decimal text in `<name>_micro` (`payable_minor`, `unpaid_minor` keep
# their names, as decimal text); in LotReceived also the transfer's `sender`. `member` is the first member an event names, `counterparty`
# the other one (a transfer's receiver; of LotReceived its sender);
# `partner` is that of the operation or of the event.
events = sa.Table(
    "events",
    metadata,
    sa.Column("block_number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("log_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("tx_hash", Hash, nullable=False),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("member", Address),
    sa.Column("counterparty", Address),
    sa.Column("partner", sa.Integer),
    sa.Column("operation", UnsignedBigInteger),
    sa.Column("data", JsonText, nullable=False),
    sa.Index(None, "member", "block_number", "log_index"),
    sa.Index(None, "partner", "block_number", "log_index"),
)

# Undo journal, one row for each block and table: `rows` is a JSON list of `[key, before]`, both lists of values in the order of the
# columns, bytes as hexadecimal; unwinding puts `before` back (null: deletes the row).
undo = sa.Table(
    "undo",
    metadata,
    sa.Column("block_number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("table_name", sa.String(32), primary_key=True),
    sa.Column("rows", JsonText, nullable=False),
)
