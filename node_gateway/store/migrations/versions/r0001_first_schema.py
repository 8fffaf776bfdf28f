"""First schema: all tables. Written by alembic from `store.schema`; a released revision is never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("party", sa.String(length=8), nullable=False),
        sa.Column("partner", sa.Integer(), nullable=True),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "awards",
        sa.Column("member", sa.LargeBinary(length=20), nullable=False),
        sa.Column("lot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("campaign", sa.Integer(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("is_clawed_back", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "lot", name=op.f("pk_awards")),
    )
    op.create_table(
        "blocks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("parent_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("timestamp_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_blocks")),
    )
    op.create_table(
        "campaign_funders",
        sa.Column("campaign", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("partner", sa.Integer(), nullable=False),
        sa.Column("share_bps", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "position", name=op.f("pk_campaign_funders")),
    )
    op.create_table(
        "campaign_partners",
        sa.Column("campaign", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("partner", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "position", name=op.f("pk_campaign_partners")),
    )
    op.create_table(
        "campaign_stages",
        sa.Column("campaign", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("bonus_points", sa.BigInteger(), nullable=False),
        sa.Column("partners_required", sa.Integer(), nullable=False),
        sa.Column("min_spend_each", sa.BigInteger(), nullable=False),
        sa.Column("min_spend_total", sa.BigInteger(), nullable=False),
        sa.Column("min_visits", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "stage", name=op.f("pk_campaign_stages")),
    )
    op.create_table(
        "campaigns",
        sa.Column("campaign", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("terms_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("first_terms", sa.Integer(), nullable=False),
        sa.Column("opens_day", sa.Integer(), nullable=False),
        sa.Column("closes_day", sa.Integer(), nullable=False),
        sa.Column("paused_from_day", sa.Integer(), nullable=True),
        sa.Column("resumed_from_day", sa.Integer(), nullable=True),
        sa.Column("closed_early_last_day", sa.Integer(), nullable=True),
        sa.Column("budget_points", sa.BigInteger(), nullable=False),
        sa.Column("spent_points", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refused", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("price_micro", sa.BigInteger(), nullable=False),
        sa.Column("opened_block", sa.BigInteger(), nullable=False),
        sa.Column("as_of_block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", name=op.f("pk_campaigns")),
    )
    op.create_table(
        "cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("genesis_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger", sa.LargeBinary(length=20), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("next_block", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("node_block", sa.BigInteger(), nullable=True),
        sa.Column("seen_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cursor")),
    )
    op.create_table(
        "cycles",
        sa.Column("cycle", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cycle", name=op.f("pk_cycles")),
    )
    op.create_table(
        "debts",
        sa.Column("member", sa.LargeBinary(length=20), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("terms", sa.Integer(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "position", name=op.f("pk_debts")),
    )
    op.create_table(
        "delegates",
        sa.Column("submitter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=20), nullable=False),
        sa.Column("valid_until_s", sa.BigInteger(), nullable=False),
        sa.Column("kinds_allowed", sa.BigInteger(), nullable=False),
        sa.Column("operation_points_max", sa.BigInteger(), nullable=True),
        sa.Column("day_points_max", sa.BigInteger(), nullable=True),
        sa.Column("as_of_block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("submitter", name=op.f("pk_delegates")),
    )
    op.create_table(
        "events",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("member", sa.LargeBinary(length=20), nullable=True),
        sa.Column("counterparty", sa.LargeBinary(length=20), nullable=True),
        sa.Column("partner", sa.Integer(), nullable=True),
        sa.Column("operation", sa.BigInteger(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index", name=op.f("pk_events")),
    )
    op.create_index(
        op.f("ix_events_member_block_number_log_index"),
        "events",
        ["member", "block_number", "log_index"],
        unique=False,
    )
    op.create_index(
        op.f("ix_events_partner_block_number_log_index"),
        "events",
        ["partner", "block_number", "log_index"],
        unique=False,
    )
    op.create_table(
        "holds",
        sa.Column("member", sa.LargeBinary(length=20), nullable=False),
        sa.Column("nonce", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operation", sa.BigInteger(), nullable=False),
        sa.Column("partner", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("expires_day", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("captured", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("released", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "nonce", name=op.f("pk_holds")),
    )
    op.create_table(
        "idempotency",
        sa.Column("party", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("party", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_created_at_ms"), "idempotency", ["created_at_ms"], unique=False)
    op.create_table(
        "lanes",
        sa.Column("address", sa.LargeBinary(length=20), nullable=False),
        sa.Column("next_nonce", sa.BigInteger(), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fencing_token", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_lanes")),
    )
    op.create_table(
        "lots",
        sa.Column("member", sa.LargeBinary(length=20), nullable=False),
        sa.Column("lot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("terms", sa.Integer(), nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("expires_day", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("points_left", sa.BigInteger(), nullable=False),
        sa.Column("spend", sa.BigInteger(), nullable=True),
        sa.Column("spend_kept", sa.BigInteger(), nullable=True),
        sa.Column("recovered", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("operation", sa.BigInteger(), nullable=True),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "lot", name=op.f("pk_lots")),
    )
    op.create_index(
        "ix_lots_open",
        "lots",
        ["member", "expires_day", "arrival"],
        unique=False,
        sqlite_where=sa.text("points_left > 0"),
        postgresql_where=sa.text("points_left > 0"),
    )
    op.create_table(
        "member_keys",
        sa.Column("member", sa.LargeBinary(length=20), nullable=False),
        sa.Column("key", sa.LargeBinary(length=20), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "key", name=op.f("pk_member_keys")),
    )
    op.create_table(
        "members",
        sa.Column("member", sa.LargeBinary(length=20), nullable=False),
        sa.Column("balance", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("debt", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_lot", sa.Integer(), server_default="0", nullable=False),
        sa.Column("soonest_expires_day", sa.Integer(), nullable=True),
        sa.Column("is_enrolled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_locked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("freeze_reason", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("next_nonce", sa.Integer(), server_default="0", nullable=False),
        sa.Column("allowance_points_per_day", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("key_active_from_s", sa.BigInteger(), nullable=True),
        sa.Column("recovery_key", sa.LargeBinary(length=20), nullable=True),
        sa.Column("recovery_kind", sa.SmallInteger(), nullable=True),
        sa.Column("recovery_due_at_s", sa.BigInteger(), nullable=True),
        sa.Column("as_of_block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_members")),
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("submission_id", sa.LargeBinary(length=32), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("partner", sa.Integer(), nullable=False),
        sa.Column("member", sa.LargeBinary(length=20), nullable=True),
        sa.Column("counterparty", sa.LargeBinary(length=20), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("block_number", sa.BigInteger(), nullable=True),
        sa.Column("log_index", sa.Integer(), nullable=True),
        sa.Column("accepted_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
    )
    op.create_index(
        op.f("ix_operations_partner_accepted_at_ms_id"),
        "operations",
        ["partner", "accepted_at_ms", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_operations_submission_id"), "operations", ["submission_id"], unique=False)
    op.create_table(
        "partners",
        sa.Column("partner", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("key", sa.LargeBinary(length=20), nullable=False),
        sa.Column("previous_key", sa.LargeBinary(length=20), nullable=True),
        sa.Column("previous_key_until_s", sa.BigInteger(), nullable=True),
        sa.Column("is_suspended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("terms", sa.Integer(), nullable=True),
        sa.Column("refund_terms", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("issue_price_micro", sa.BigInteger(), nullable=True),
        sa.Column("redeem_price_micro", sa.BigInteger(), nullable=True),
        sa.Column("earn_points_per_100_minor", sa.Integer(), nullable=True),
        sa.Column("credit_limit_micro", sa.String(length=80), nullable=True),
        sa.Column("operation_points_max", sa.BigInteger(), nullable=True),
        sa.Column("member_day_points_max", sa.BigInteger(), nullable=True),
        sa.Column("partner_day_points_max", sa.BigInteger(), nullable=True),
        sa.Column("as_of_block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partner", name=op.f("pk_partners")),
    )
    op.create_table(
        "paused_kinds",
        sa.Column("kind", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_paused_kinds")),
    )
    op.create_table(
        "payments",
        sa.Column("payment", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner", sa.Integer(), nullable=False),
        sa.Column("is_from_partner", sa.Boolean(), nullable=False),
        sa.Column("amount_minor", sa.String(length=80), nullable=False),
        sa.Column("reference", sa.LargeBinary(length=32), nullable=False),
        sa.Column("recorded_block", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_block", sa.BigInteger(), nullable=True),
        sa.Column("unpaid_minor", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("payment", name=op.f("pk_payments")),
    )
    op.create_index(op.f("ix_payments_partner_payment"), "payments", ["partner", "payment"], unique=False)
    op.create_table(
        "positions",
        sa.Column("partner", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("base_micro", sa.String(length=80), nullable=False),
        sa.Column("bonus_micro", sa.String(length=80), nullable=False),
        sa.Column("credit_micro", sa.String(length=80), nullable=False),
        sa.Column("reimbursed_micro", sa.String(length=80), nullable=False),
        sa.Column("as_of_block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partner", name=op.f("pk_positions")),
    )
    op.create_table(
        "program",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("currency_decimals", sa.SmallInteger(), nullable=False),
        sa.Column("lot_validity_days", sa.Integer(), nullable=False),
        sa.Column("return_window_days", sa.Integer(), nullable=False),
        sa.Column("late_posting_days", sa.Integer(), nullable=False),
        sa.Column("day_offset_s", sa.Integer(), nullable=False),
        sa.Column("first_key_delay_s", sa.BigInteger(), nullable=False),
        sa.Column("recovery_delay_s", sa.BigInteger(), nullable=False),
        sa.Column("relying_party_id_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("operator_key", sa.LargeBinary(length=20), nullable=False),
        sa.Column("proposed_operator_key", sa.LargeBinary(length=20), nullable=True),
        sa.Column("current_cycle", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program")),
    )
    op.create_table(
        "progress",
        sa.Column("member", sa.LargeBinary(length=20), nullable=False),
        sa.Column("campaign", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("visits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("awarded_stages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("as_of_block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "campaign", name=op.f("pk_progress")),
    )
    op.create_table(
        "progress_spend",
        sa.Column("member", sa.LargeBinary(length=20), nullable=False),
        sa.Column("campaign", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("partner", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("spend_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "campaign", "partner", name=op.f("pk_progress_spend")),
    )
    op.create_table(
        "statements",
        sa.Column("partner", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cycle", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("base_micro", sa.String(length=80), nullable=False),
        sa.Column("bonus_micro", sa.String(length=80), nullable=False),
        sa.Column("credit_micro", sa.String(length=80), nullable=False),
        sa.Column("reimbursed_micro", sa.String(length=80), nullable=False),
        sa.Column("carried_in_micro", sa.String(length=80), nullable=False),
        sa.Column("payable_minor", sa.String(length=80), nullable=False),
        sa.Column("carried_out_micro", sa.String(length=80), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partner", "cycle", name=op.f("pk_statements")),
    )
    op.create_table(
        "submissions",
        sa.Column(
            "accept_order",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("submitter", sa.BigInteger(), nullable=False),
        sa.Column("deadline_s", sa.BigInteger(), nullable=False),
        sa.Column("operation_count", sa.Integer(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("accepted_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("accept_order", name=op.f("pk_submissions")),
        sa.UniqueConstraint("id", name=op.f("uq_submissions_id")),
    )
    op.create_index(
        op.f("ix_submissions_status_accept_order"), "submissions", ["status", "accept_order"], unique=False
    )
    op.create_table(
        "terms",
        sa.Column("terms", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issuer_kind", sa.String(length=8), nullable=False),
        sa.Column("issuer", sa.Integer(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("issue_price_micro", sa.BigInteger(), nullable=False),
        sa.Column("redeem_price_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("earn_points_per_100_minor", sa.Integer(), server_default="0", nullable=False),
        sa.Column("effective_day", sa.Integer(), nullable=True),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("terms", name=op.f("pk_terms")),
    )
    op.create_table(
        "totals",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("burned", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("outstanding", sa.BigInteger(), nullable=False),
        sa.Column("as_of_block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_totals")),
    )
    op.create_table(
        "undo",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("table_name", sa.String(length=32), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "table_name", name=op.f("pk_undo")),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("party", sa.String(length=8), nullable=False),
        sa.Column("partner", sa.Integer(), nullable=True),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("event_names", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("next_block", sa.BigInteger(), nullable=False),
        sa.Column("next_log_index", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "batches",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("lane", sa.LargeBinary(length=20), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("raw_tx", sa.LargeBinary(), nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("gas_limit", sa.BigInteger(), nullable=False),
        sa.Column("gas_used", sa.BigInteger(), nullable=True),
        sa.Column("max_fee_wei", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("submission_count", sa.Integer(), nullable=False),
        sa.Column("operation_count", sa.Integer(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("block_number", sa.BigInteger(), nullable=True),
        sa.Column("block_timestamp_s", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["lane"], ["lanes.address"], name=op.f("fk_batches_lane")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("tx_hash", name=op.f("uq_batches_tx_hash")),
    )
    op.create_index(op.f("ix_batches_block_number"), "batches", ["block_number"], unique=False)
    op.create_index(op.f("ix_batches_lane_nonce"), "batches", ["lane", "nonce"], unique=False)
    op.create_index(op.f("ix_batches_status_id"), "batches", ["status", "id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("webhook_id", sa.String(length=32), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=48), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("answered_status", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name=op.f("fk_deliveries_webhook_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "webhook_id",
            "block_number",
            "log_index",
            name=op.f("uq_deliveries_webhook_id_block_number_log_index"),
        ),
    )
    op.create_index(
        op.f("ix_deliveries_status_next_attempt_at_ms"),
        "deliveries",
        ["status", "next_attempt_at_ms"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deliveries_webhook_id_subject_id"),
        "deliveries",
        ["webhook_id", "subject", "id"],
        unique=False,
    )
    op.create_table(
        "batch_submissions",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_submissions_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_batch_submissions")),
    )
    op.create_index(
        op.f("ix_batch_submissions_submission_id"), "batch_submissions", ["submission_id"], unique=False
    )
