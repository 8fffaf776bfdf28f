# Made from partner_sdk/_async by `python -m partner_sdk._generate`; change it there.
"""What both a partner and the wallet can read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from httpx2 import EventSource

from partner_sdk._answers import event_of, typed_transport_errors
from partner_sdk._errors import (
    BusyError,
    GatewayConnectionError,
    GatewayTimeoutError,
    ServerError,
)
from partner_sdk._sync.http import Http
from partner_sdk._sync.webhooks import Webhooks
from partner_sdk._waiting import sleep_sync
from partner_sdk.drafts import as_member
from partner_sdk.models import (
    Account,
    CampaignList,
    CampaignProgress,
    CampaignProgressList,
    CampaignRecord,
    Event,
    Me,
    OperationRecord,
    Page,
    PartnerList,
    PartnerName,
    Program,
)
from partner_sdk.protocol.identities import MemberId, OperationId
from partner_sdk.sequences import SqliteSequenceStore

EVENT_SILENCE_S_MAX: Final = 60.0
"""A stream without even a heartbeat for so long is taken for broken."""
RECONNECT_WAIT_S: Final = 1.0
RECONNECT_WAIT_S_MAX: Final = 15.0


class Reading:
    """Reads; every answer says as of which block it is.

    Attributes:
        webhooks: the caller's own webhooks.
    """

    def __init__(self, http: Http, *, own_store: SqliteSequenceStore | None = None) -> None:
        self._http = http
        self._own_store = own_store
        self.webhooks = Webhooks(http)

    def program(self) -> Program:
        """Returns the program, its chain and today's program day."""
        return self._http.get("/v1/program", Program)

    def me(self) -> Me:
        """Returns whose API key this is, and its submitters."""
        return self._http.get("/v1/me", Me)

    def partners(self) -> tuple[PartnerName, ...]:
        """Returns all partners' names."""
        return (self._http.get("/v1/partners", PartnerList)).partners

    def member(self, member: MemberId | str) -> Account:
        """Returns a member's account as touched today; a partner sees the balances.

        Raises:
            NotFoundError: nothing on chain names this member.
        """
        return self._http.get(f"/v1/members/{as_member(member).text}", Account)

    def history(
        self, member: MemberId | str, *, after: str | None = None, limit: int | None = None
    ) -> Page[Event]:
        """Returns a page of what happened to a member, newest first; a partner sees its own operations.

        Args:
            after: `next_after` of the page before.
            limit: entries, the gateway has a bound of its own.
        """
        return self._http.get(
            f"/v1/members/{as_member(member).text}/history", Page[Event], after=after, limit=limit
        )

    def progress(self, member: MemberId | str) -> tuple[CampaignProgress, ...]:
        """Returns how far a member is in each campaign."""
        path = f"/v1/members/{as_member(member).text}/campaigns"
        return (self._http.get(path, CampaignProgressList)).campaigns

    def campaigns(self) -> tuple[CampaignRecord, ...]:
        """Returns all campaigns with their terms, and what of their budgets is spent."""
        return (self._http.get("/v1/campaigns", CampaignList)).campaigns

    def operation(self, operation: OperationId | str) -> OperationRecord:
        """Returns an operation's status and receipt.

        Raises:
            NotFoundError: unknown, or another partner's.
        """
        text = operation if isinstance(operation, str) else operation.text
        return self._http.get(f"/v1/operations/{text}", OperationRecord)

    @contextmanager
    def open_events(
        self, *, member: MemberId | str | None = None, after: str | None = None
    ) -> Iterator[Iterator[Event]]:
        """Opens one event stream: entered when it is open, ends when it breaks.

        Args:
            member: of this member; None: of the partner whose API key this is.
            after: id of the last event that was seen.

        Raises:
            GatewayError: it cannot be opened.
        """
        params = {"partner": "me"} if member is None else {"member": as_member(member).text}
        headers = {"accept": "text/event-stream"} | ({"last-event-id": after} if after else {})
        with self._http.stream(
            "/v1/events", params=params, headers=headers, read_timeout_s=EVENT_SILENCE_S_MAX
        ) as response:
            yield self._events_of(EventSource(response))

    def events(self, *, member: MemberId | str | None = None, after: str | None = None) -> Iterator[Event]:
        """Yields events as they happen, for ever: a broken stream is opened again where it broke.

        An event called `StreamReset` says that the chain took blocks back: what was told after its `as_of_block` is to be read again.

        Args:
            member: of this member; None: of the partner whose API key this is.
            after: id of the last event that was seen; None: from now on.

        Raises:
            GatewayAnswerError: the gateway refuses (another API key is needed).
        """
        wait_s = RECONNECT_WAIT_S
        while True:
            try:
                with self.open_events(member=member, after=after) as events:
                    for event in events:
                        wait_s = RECONNECT_WAIT_S
                        after = event.id or after
                        yield event
            except (GatewayConnectionError, GatewayTimeoutError, BusyError, ServerError):
                wait_s = min(2 * wait_s, RECONNECT_WAIT_S_MAX)
            sleep_sync(wait_s)

    def _events_of(self, source: EventSource) -> Iterator[Event]:
        with typed_transport_errors():
            for sent in source:
                if not sent.data:
                    continue
                yield event_of(sent)

    def close(self) -> None:
        """Closes the connections, and the sequence store if this client opened it."""
        self._http.close()
        if self._own_store is not None:
            self._own_store.close()
