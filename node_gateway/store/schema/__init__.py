"""All tables of the gateway, the same on SQLite and PostgreSQL.

`intake` is written by the API (keys, accepted submissions, idempotency); `relay` by the relay; `chain_history` by whoever sends plain
transactions; `chain_record`, `ledger`, `registry`,
`campaign` and `clearing` by the indexer alone, one transaction a block; `push` by webhook jobs. Times of the gateway's own clock are
`…_at_ms`, times of the chain `…_s`, days are program days.
"""

from node_gateway.store.schema.campaign import (
    awards,
    campaign_funders,
    campaign_partners,
    campaign_stages,
    campaigns,
    progress,
    progress_spend,
)
from node_gateway.store.schema.chain_history import chain_rebuild, plain_transactions
from node_gateway.store.schema.chain_record import blocks, cursor, events, undo
from node_gateway.store.schema.clearing import (
    cycles,
    payments,
    positions,
    statements,
    totals,
)
from node_gateway.store.schema.intake import (
    api_keys,
    idempotency,
    operations,
    submissions,
)
from node_gateway.store.schema.ledger import debts, holds, lots, member_keys, members
from node_gateway.store.schema.metadata import metadata
from node_gateway.store.schema.push import deliveries, webhooks
from node_gateway.store.schema.registry import (
    delegates,
    partners,
    paused_kinds,
    program,
    terms,
)
from node_gateway.store.schema.relay import batch_submissions, batches, lanes

__all__ = [
    "api_keys",
    "awards",
    "batch_submissions",
    "batches",
    "blocks",
    "campaign_funders",
    "campaign_partners",
    "campaign_stages",
    "campaigns",
    "chain_rebuild",
    "cursor",
    "cycles",
    "debts",
    "delegates",
    "deliveries",
    "events",
    "holds",
    "idempotency",
    "lanes",
    "lots",
    "member_keys",
    "members",
    "metadata",
    "operations",
    "partners",
    "paused_kinds",
    "payments",
    "plain_transactions",
    "positions",
    "program",
    "progress",
    "progress_spend",
    "statements",
    "submissions",
    "terms",
    "totals",
    "undo",
    "webhooks",
]
