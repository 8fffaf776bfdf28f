"""What callers brought: API keys, accepted submissions and their operations, idempotent answers."""

import sqlalchemy as sa

from node_gateway.store.schema.columns import (
    Address,
    Hash,
    RowNumber,
    UnsignedBigInteger,
)
from node_gateway.store.schema.metadata import metadata

# `key_hash`: SHA-256 of the key. `partner` only for party `partner`.
api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_hash", Hash, primary_key=True),
    sa.Column("party", sa.String(8), nullable=False),
    sa.Column("partner", sa.Integer),
    sa.Column("label", sa.String(100), nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("revoked_at_ms", sa.BigInteger),
)

# The outbox of the relay. `id` is the EIP-712 digest, `wire` the whole wire form (header, signature, operations).
# `accept_order` is the order in which operations of one partner, and of one member, must settle.
submissions = sa.Table(
    "submissions",
    metadata,
    sa.Column("accept_order", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("id", Hash, nullable=False, unique=True),
    sa.Column("submitter", sa.BigInteger, nullable=False),
    sa.Column("deadline_s", sa.BigInteger, nullable=False),
    sa.Column("operation_count", sa.Integer, nullable=False),
    sa.Column("wire", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.String(8), nullable=False),
    sa.Column("reason", sa.String(32)),
    sa.Column("accepted_at_ms", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Index(None, "status", "accept_order"),
)

# One row for each operation id that was accepted here or seen on the chain (then `submission_id` may be null). `kind` is the type
# byte of docs/protocol.md. The receipt is the row of `events` at (block_number, log_index). `accepted_at_ms` of an operation that
# came through another gateway is its block's time.
operations = sa.Table(
    "operations",
    metadata,
    sa.Column("id", UnsignedBigInteger, primary_key=True, autoincrement=False),
    sa.Column("submission_id", Hash),
    sa.Column("position", sa.Integer),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("partner", sa.Integer, nullable=False),
    sa.Column("member", Address),
    sa.Column("counterparty", Address),
    sa.Column("status", sa.String(8), nullable=False),
    sa.Column("reason", sa.String(32)),
    sa.Column("block_number", sa.BigInteger),
    sa.Column("log_index", sa.Integer),
    sa.Column("accepted_at_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "submission_id"),
    sa.Index(None, "partner", "accepted_at_ms", "id"),
)

# Written in the transaction that accepts, so that it exists exactly when the acceptance does. `party` is `partner:3`, `wallet`,
# `operator`.
idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("party", sa.String(16), primary_key=True),
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("body_hash", Hash, nullable=False),
    sa.Column("status_code", sa.SmallInteger, nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "created_at_ms"),
)
