"""Webhook endpoints and what is owed to them."""

import sqlalchemy as sa

from node_gateway.store.schema.columns import JsonText, RowNumber
from node_gateway.store.schema.metadata import metadata

# `partner` null: the operator's or the wallet's, as `party` says. `secrets`: JSON list, newest first; messages are signed with the
# second one too until `previous_secret_until_ms`. `event_names` null: all. `next_block`, `next_log_index`: from where on deliveries are
# still to be made. `disabled_reason`: `caller` or `gone`, null while it is active. The lease is of the worker that sends to it.
webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("party", sa.String(8), nullable=False),
    sa.Column("partner", sa.Integer),
    sa.Column("url", sa.String(2000), nullable=False),
    sa.Column("secrets", JsonText, nullable=False),
    sa.Column("previous_secret_until_ms", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("event_names", JsonText),
    sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("disabled_reason", sa.String(8)),
    sa.Column("next_block", sa.BigInteger, nullable=False),
    sa.Column("next_log_index", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("lease_owner", sa.String(64)),
    sa.Column("lease_until_ms", sa.BigInteger, nullable=False, server_default="0"),
)

# `subject` orders: a later message of a subject (a member's 0x text, or `partner:3`) waits for the earlier ones.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("webhook_id", sa.String(32), sa.ForeignKey("webhooks.id"), nullable=False),
    sa.Column("block_number", sa.BigInteger, nullable=False),
    sa.Column("log_index", sa.Integer, nullable=False),
    sa.Column("subject", sa.String(48), nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.String(9), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_attempt_at_ms", sa.BigInteger, nullable=False),
    sa.Column("answered_status", sa.SmallInteger),
    sa.Column("error", sa.String(200)),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("delivered_at_ms", sa.BigInteger),
    sa.UniqueConstraint("webhook_id", "block_number", "log_index"),
    sa.Index(None, "status", "next_attempt_at_ms"),
    sa.Index(None, "webhook_id", "status", "subject", "id"),
    sa.Index(None, "webhook_id", "id"),
)
