"""What handlers work with: the parts that the composition root built, and who is calling."""

from dataclasses import dataclass

from fastapi import Request

from node_gateway.config import Settings
from node_gateway.domain.errors import MissingApiKeyError, UnknownApiKeyError
from node_gateway.domain.parties import Party
from node_gateway.service.accepting import AcceptDesk
from node_gateway.service.api_keys import Authenticator
from node_gateway.service.backlog import Backlog
from node_gateway.service.chain_watch import ChainWatch
from node_gateway.service.clock import Clock
from node_gateway.service.event_feed import EventFeed
from node_gateway.service.metrics import Metrics
from node_gateway.service.rate_limits import RateLimits
from node_gateway.service.waiting import SettlementWaiters
from node_gateway.store.database import Database
from node_gateway.tracing import Traces


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything of one API process."""

    settings: Settings
    clock: Clock
    database: Database
    authenticator: Authenticator
    rate_limits: RateLimits
    desk: AcceptDesk
    watch: ChainWatch
    waiters: SettlementWaiters
    feed: EventFeed
    backlog: Backlog
    metrics: Metrics
    traces: Traces | None = None


def gateway_of(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


async def party_of(request: Request) -> Party:
    """Whose API key came with the request.

    Raises:
        MissingApiKeyError, UnknownApiKeyError: no key, or not a good one.
        RateLimitedError: too many requests, of this party or of this address without a good key.
    """
    gateway = gateway_of(request)
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer" or not key:
            raise MissingApiKeyError
        party = await gateway.authenticator.party_of(key.strip())
    except (MissingApiKeyError, UnknownApiKeyError):
        gateway.rate_limits.hit_unauthenticated(request.client.host if request.client else "")
        raise
    gateway.rate_limits.hit_party(party.text)
    return party
