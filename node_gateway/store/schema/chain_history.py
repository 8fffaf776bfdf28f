"""What else it takes to make the chain again from the tables: `batches` hold the relay's transactions, these the others."""

import sqlalchemy as sa

from node_gateway.store.schema.columns import Address, Hash, RowNumber
from node_gateway.store.schema.metadata import metadata

# Every plain transaction of this program, stored before it is sent: the deployment, the operator's acts, and, on a development chain, what
# others sent. A row without a block is on its way. What the node refused is deleted again: its nonce is free.
plain_transactions = sa.Table(
    "plain_transactions",
    metadata,
    sa.Column("id", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("sender", Address, nullable=False),
    sa.Column("nonce", sa.BigInteger, nullable=False),
    sa.Column("act", sa.String(60), nullable=False),
    sa.Column("raw_tx", sa.LargeBinary, nullable=False),
    sa.Column("tx_hash", Hash, nullable=False, unique=True),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("block_number", sa.BigInteger),
    sa.Column("tx_index", sa.Integer),
    sa.Column("block_timestamp_s", sa.BigInteger),
    sa.UniqueConstraint("sender", "nonce"),
    sa.Index(None, "block_number"),
)

# One row, `id` 1, while a development chain is being made again: how it made blocks before, to be set again at the end.
chain_rebuild = sa.Table(
    "chain_rebuild",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("is_automatic", sa.Boolean, nullable=False),
    sa.Column("interval_s", sa.Integer),
    sa.Column("ahead_s", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("started_at_ms", sa.BigInteger, nullable=False),
)
