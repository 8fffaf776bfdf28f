"""How far a chain's clock is ahead, kept while the chain is made again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("chain_rebuild") as table:
        table.add_column(sa.Column("ahead_s", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("chain_rebuild") as table:
        table.drop_column("ahead_s")
