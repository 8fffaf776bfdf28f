"""What the relay sends. A batch row exists before its transaction is first sent."""

import sqlalchemy as sa

from node_gateway.store.schema.columns import Address, Hash, RowNumber, WideInteger
from node_gateway.store.schema.metadata import metadata

# One nonce lane each. Whoever writes for a lane does it `WHERE fencing_token = mine`; taking a lease adds one to the token.
lanes = sa.Table(
    "lanes",
    metadata,
    sa.Column("address", Address, primary_key=True),
    sa.Column("next_nonce", sa.BigInteger, nullable=False),
    sa.Column("lease_owner", sa.String(64)),
    sa.Column("lease_until_ms", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("fencing_token", sa.BigInteger, nullable=False, server_default="0"),
)

# A replacement with a higher fee is a row of its own with the same lane and nonce; the one that loses becomes `replaced`.
batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("lane", Address, sa.ForeignKey("lanes.address"), nullable=False),
    sa.Column("nonce", sa.BigInteger, nullable=False),
    sa.Column("raw_tx", sa.LargeBinary, nullable=False),
    sa.Column("tx_hash", Hash, nullable=False, unique=True),
    sa.Column("gas_limit", sa.BigInteger, nullable=False),
    sa.Column("gas_used", sa.BigInteger),
    sa.Column("max_fee_wei", WideInteger, nullable=False),
    sa.Column("status", sa.String(9), nullable=False),
    sa.Column("submission_count", sa.Integer, nullable=False),
    sa.Column("operation_count", sa.Integer, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("sent_at_ms", sa.BigInteger),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("error", sa.String(200)),
    sa.Column("block_number", sa.BigInteger),
    sa.Column("block_timestamp_s", sa.BigInteger),
    sa.Column("tx_index", sa.Integer),
    sa.Index(None, "lane", "nonce"),
    sa.Index(None, "status", "id"),
    sa.Index(None, "block_number"),
)

batch_submissions = sa.Table(
    "batch_submissions",
    metadata,
    sa.Column("batch_id", sa.BigInteger, sa.ForeignKey("batches.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("submission_id", Hash, nullable=False),
    sa.Index(None, "submission_id"),
)
