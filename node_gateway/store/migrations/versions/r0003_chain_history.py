"""Plain transactions, the place of each batch in its block, and the state of a rebuild: what makes a lost development chain again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plain_transactions",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("sender", sa.LargeBinary(length=20), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("raw_tx", sa.LargeBinary(), nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=True),
        sa.Column("tx_index", sa.Integer(), nullable=True),
        sa.Column("block_timestamp_s", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plain_transactions")),
        sa.UniqueConstraint("sender", "nonce", name=op.f("uq_plain_transactions_sender_nonce")),
        sa.UniqueConstraint("tx_hash", name=op.f("uq_plain_transactions_tx_hash")),
    )
    op.create_index(op.f("ix_plain_transactions_block_number"), "plain_transactions", ["block_number"])
    op.create_table(
        "chain_rebuild",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=True),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_rebuild")),
    )
    op.add_column("batches", sa.Column("tx_index", sa.Integer(), nullable=True))
