"""Read model of campaigns and of members' progress in them."""

import sqlalchemy as sa

from node_gateway.store.schema.columns import Address, Hash
from node_gateway.store.schema.metadata import metadata

# `spent_points` of `budget_points`; `refused` counts awards the budget did not cover. Paused from `paused_from_day` on, if set.
campaigns = sa.Table(
    "campaigns",
    metadata,
    sa.Column("campaign", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("terms_hash", Hash, nullable=False),
    sa.Column("first_terms", sa.Integer, nullable=False),
    sa.Column("opens_day", sa.Integer, nullable=False),
    sa.Column("closes_day", sa.Integer, nullable=False),
    sa.Column("paused_from_day", sa.Integer),
    sa.Column("resumed_from_day", sa.Integer),
    sa.Column("closed_early_last_day", sa.Integer),
    sa.Column("budget_points", sa.BigInteger, nullable=False),
    sa.Column("spent_points", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("refused", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("price_micro", sa.BigInteger, nullable=False),
    sa.Column("opened_block", sa.BigInteger, nullable=False),
    sa.Column("as_of_block", sa.BigInteger, nullable=False),
)

campaign_partners = sa.Table(
    "campaign_partners",
    metadata,
    sa.Column("campaign", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("partner", sa.Integer, nullable=False),
)

campaign_stages = sa.Table(
    "campaign_stages",
    metadata,
    sa.Column("campaign", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stage", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("bonus_points", sa.BigInteger, nullable=False),
    sa.Column("partners_required", sa.Integer, nullable=False),
    sa.Column("min_spend_each", sa.BigInteger, nullable=False),
    sa.Column("min_spend_total", sa.BigInteger, nullable=False),
    sa.Column("min_visits", sa.BigInteger, nullable=False),
)

campaign_funders = sa.Table(
    "campaign_funders",
    metadata,
    sa.Column("campaign", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("partner", sa.Integer, nullable=False),
    sa.Column("share_bps", sa.Integer, nullable=False),
)

# `awarded_stages`: bit n is set while stage n is awarded.
progress = sa.Table(
    "progress",
    metadata,
    sa.Column("member", Address, primary_key=True),
    sa.Column("campaign", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("visits", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("awarded_stages", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("as_of_block", sa.BigInteger, nullable=False),
)

progress_spend = sa.Table(
    "progress_spend",
    metadata,
    sa.Column("member", Address, primary_key=True),
    sa.Column("campaign", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("partner", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("spend_minor", sa.BigInteger, nullable=False),
)

# Each bonus lot that was ever awarded.
awards = sa.Table(
    "awards",
    metadata,
    sa.Column("member", Address, primary_key=True),
    sa.Column("lot", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("campaign", sa.Integer, nullable=False),
    sa.Column("stage", sa.SmallInteger, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("is_clawed_back", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("block_number", sa.BigInteger, nullable=False),
)
