"""Webhooks: the end of a replaced secret, why one is disabled, the lease of the worker that sends to it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "webhooks",
        sa.Column("previous_secret_until_ms", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.add_column("webhooks", sa.Column("disabled_reason", sa.String(length=8), nullable=True))
    op.add_column("webhooks", sa.Column("lease_owner", sa.String(length=64), nullable=True))
    op.add_column(
        "webhooks", sa.Column("lease_until_ms", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.execute("UPDATE webhooks SET disabled_reason = 'gone' WHERE NOT is_active")
    op.drop_index("ix_deliveries_webhook_id_subject_id", table_name="deliveries")
    op.create_index(
        "ix_deliveries_webhook_id_status_subject_id",
        "deliveries",
        ["webhook_id", "status", "subject", "id"],
    )
    op.create_index("ix_deliveries_webhook_id_id", "deliveries", ["webhook_id", "id"])
