"""The gateway through partner_sdk: serves the ports of `gateway.py`."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import structlog

from partner_sdk import (
    AsyncPartner,
    AsyncWallet,
    GatewayError,
    NotFoundError,
    OperationRejectedError,
    OutcomeUnknownError,
    PointsError,
    Receipt,
    SettlementPendingError,
    SubmissionRefusedError,
    TillCode,
)
from partner_sdk.protocol import Authorisation, KeyId, KeyKind, OperationKind, ProtocolError, Submitter
from partner_sdk.protocol import MemberId as MemberBytes
from partner_sdk.protocol import PartnerId as ProtocolPartnerId
from wallet_app.config import WalletSettings
from wallet_app.errors import (
    ConfigurationError,
    GatewayUnavailableError,
    OperationRefusedError,
    StillSettlingError,
)
from wallet_app.event_lines import history_lines
from wallet_app.gateway import (
    STREAM_OPENED,
    Account,
    CampaignId,
    CampaignProgress,
    HistoryPage,
    Hold,
    LedgerEvent,
    Lot,
    MemberId,
    PartnerId,
    Program,
    SettledOperation,
    StageProgress,
)
from wallet_app.wallet import Till

API_KEY_FILE = "wallet_api_key"
ATTESTER_KEY_FILE = "wallet_attester_key"
SEQUENCES_FILE = "wallet_sequences.db"
ATTEMPTS_MAX = 2
CONNECTIONS_MAX = 100
SETTLE_WAIT_S = 15.0

log = structlog.get_logger("wallet_app")


class SdkMemberGateway:
    """`MemberGateway` over the SDK's wallet client. Streams have connections of their own, so that they starve nobody."""

    def __init__(self, acting: AsyncWallet, streaming: AsyncWallet) -> None:
        self._acting = acting
        self._streaming = streaming
        self._is_resumed = False

    async def program(self) -> Program:
        with wallet_errors():
            program = await self._acting.program()
        return Program(
            chain_id=program.chain_id,
            ledger=program.ledger.text,
            today=program.today,
            day_offset_s=program.day_offset_s,
            currency=program.currency,
            currency_decimals=program.currency_decimals,
            as_of_block=program.as_of_block,
            block_timestamp_s=program.block_timestamp_s,
        )

    async def partner_names(self) -> dict[PartnerId, str]:
        with wallet_errors():
            return {PartnerId(partner.partner): partner.name for partner in await self._acting.partners()}

    async def account(self, member: MemberId) -> Account:
        try:
            with wallet_errors(is_not_found_raised=True):
                account = await self._acting.member(member)
        except NotFoundError:
            return _untouched_account(member, as_of_block=(await self.program()).as_of_block)
        return Account(
            member=member,
            balance=account.balance,
            available=account.available,
            held=account.held,
            debt=account.debt,
            lots=tuple(Lot(lot.expires_day, lot.points, lot.issuer) for lot in account.lots),
            holds=tuple(
                Hold(PartnerId(hold.partner), hold.points, hold.expires_day) for hold in account.holds
            ),
            is_enrolled=account.enrolled,
            is_locked=account.locked,
            is_frozen=account.frozen,
            next_nonce=account.next_nonce,
            as_of_block=account.as_of_block,
        )

    async def history(self, member: MemberId, *, after: str | None, limit: int) -> HistoryPage:
        try:
            with wallet_errors(is_not_found_raised=True):
                page = await self._acting.history(member, after=after, limit=limit)
        except NotFoundError:
            return HistoryPage(lines=(), next_after=None)
        return HistoryPage(lines=history_lines(page.entries, member), next_after=page.next_after)

    async def campaigns(self, member: MemberId) -> tuple[CampaignProgress, ...]:
        try:
            with wallet_errors(is_not_found_raised=True):
                campaigns = await self._acting.progress(member)
        except NotFoundError:
            return ()
        return tuple(
            CampaignProgress(
                campaign=CampaignId(campaign.campaign),
                name=campaign.name,
                partners=tuple(PartnerId(partner) for partner in campaign.partners),
                opens_day=campaign.opens_day,
                closes_day=campaign.closes_day,
                budget_left_points=campaign.budget_left_points or 0,
                stages=tuple(
                    StageProgress(
                        bonus_points=stage.bonus_points,
                        is_awarded=stage.is_awarded,
                        partners_required=stage.partners_required,
                        partners_done=stage.partners_done,
                        min_spend_each_minor=stage.min_spend_each_minor,
                        min_spend_total_minor=stage.min_spend_total_minor,
                        spend_minor=campaign.spend_minor,
                        min_visits=stage.min_visits,
                        visits=campaign.visits,
                    )
                    for stage in campaign.stages
                ),
            )
            for campaign in campaigns
        )

    async def events(self, member: MemberId) -> AsyncIterator[LedgerEvent]:
        with wallet_errors():
            async with self._streaming.open_events(member=member) as events:
                yield LedgerEvent(id="", name=STREAM_OPENED)
                async for event in events:
                    yield LedgerEvent(id=event.id, name=event.name, fields=dict(event.data))
        raise GatewayUnavailableError("the event stream ended")

    async def enrol(self, member: MemberId, *, key: str, kind: int) -> SettledOperation:
        await self._resume()
        with wallet_errors():
            return _settled(
                await self._acting.enrol(member, KeyId.parse(key), KeyKind(kind), wait_s=SETTLE_WAIT_S)
            )

    async def add_key(
        self, member: MemberId, *, key: str, kind: int, authorisation: bytes
    ) -> SettledOperation:
        await self._resume()
        allowed = Authorisation.decode(authorisation)
        with wallet_errors():
            return _settled(
                await self._acting.add_key(
                    member, KeyId.parse(key), KeyKind(kind), allowed, wait_s=SETTLE_WAIT_S
                )
            )

    async def lock(self, member: MemberId) -> SettledOperation:
        await self._resume()
        with wallet_errors():
            return _settled(await self._acting.lock(member, wait_s=SETTLE_WAIT_S))

    async def unlock(self, member: MemberId, *, authorisation: bytes) -> SettledOperation:
        await self._resume()
        allowed = Authorisation.decode(authorisation)
        with wallet_errors():
            return _settled(await self._acting.unlock(member, allowed, wait_s=SETTLE_WAIT_S))

    async def transfer(
        self, member: MemberId, *, to: MemberId, points: int, authorisation: bytes
    ) -> SettledOperation:
        await self._resume()
        allowed = Authorisation.decode(authorisation)
        with wallet_errors():
            return _settled(await self._acting.transfer(member, to, points, allowed, wait_s=SETTLE_WAIT_S))

    async def close(self) -> None:
        await self._streaming.aclose()
        await self._acting.aclose()

    async def _resume(self) -> None:
        # What an earlier process sent and had no answer for is looked after once, before anything new is sent.
        if self._is_resumed:
            return
        with wallet_errors():
            await self._acting.resume()
        self._is_resumed = True


class SdkTillGateway:
    """`TillGateway` over the SDK's partner client."""

    def __init__(self, client: AsyncPartner, partner: PartnerId) -> None:
        self._client = client
        self._partner = partner

    async def redeem(self, member: MemberId, *, points: int, authorisation: bytes) -> SettledOperation:
        code = TillCode(
            kind=OperationKind.REDEEM,
            partner=ProtocolPartnerId(self._partner),
            member=MemberBytes.parse(member),
            authorisation=Authorisation.decode(authorisation),
        )
        with wallet_errors():
            return _settled(await self._client.redeem(code, points, wait_s=SETTLE_WAIT_S))

    async def close(self) -> None:
        await self._client.aclose()


def open_member_gateway(settings: WalletSettings) -> SdkMemberGateway:
    """Builds the client; connects when it is first used.

    Raises:
        ConfigurationError: a key is neither set nor in its file, or is no key.
    """
    api_key = settings.gateway_api_key.get_secret_value() or _read_secret_file(
        settings.state_dir / API_KEY_FILE
    )
    attester_key = settings.attester_key.get_secret_value() or _read_secret_file(
        settings.state_dir / ATTESTER_KEY_FILE
    )

    def client(connections_max: int) -> AsyncWallet:
        return AsyncWallet(
            key=attester_key,
            gateway=settings.gateway_url,
            api_key=api_key,
            sequences=settings.state_dir / SEQUENCES_FILE,
            submitter=Submitter.of(0, settings.attester_slot),
            timeout_s=settings.gateway_timeout_s,
            attempts_max=ATTEMPTS_MAX,
            transport=httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_connections=connections_max)),
        )

    try:
        return SdkMemberGateway(client(CONNECTIONS_MAX), client(settings.streams_max))
    except (ProtocolError, PointsError) as error:
        raise ConfigurationError(f"the attester's key or {SEQUENCES_FILE} cannot be used: {error}") from error


def open_tills(settings: WalletSettings, entries: list[dict[str, Any]]) -> dict[str, Till]:
    """Tills by name, from entries with `name`, `partner`, `api_key`, `key` and, for a delegate, `slot`."""
    tills = {}
    for entry in entries:
        partner = PartnerId(int(entry["partner"]))
        client = AsyncPartner(
            key=str(entry["key"]),
            gateway=settings.gateway_url,
            api_key=str(entry["api_key"]),
            sequences=settings.state_dir / f"wallet_till_{partner}_{int(entry.get('slot', 0))}.db",
            submitter=Submitter.of(partner, int(entry.get("slot", 0))),
            timeout_s=settings.gateway_timeout_s,
            attempts_max=ATTEMPTS_MAX,
        )
        name = str(entry["name"])
        tills[name] = Till(name=name, partner=partner, gateway=SdkTillGateway(client, partner))
    return tills


@contextmanager
def wallet_errors(*, is_not_found_raised: bool = False) -> Iterator[None]:
    """Turns the SDK's errors into the wallet's.

    Raises:
        OperationRefusedError: the ledger, or the gateway before it, said no.
        StillSettlingError: sent, and not known to be settled.
        GatewayUnavailableError: everything else.
    """
    try:
        yield
    except OperationRejectedError as error:
        raise OperationRefusedError(str(error.reason)) from error
    except SubmissionRefusedError as error:
        raise OperationRefusedError(error.reason) from error
    except (SettlementPendingError, OutcomeUnknownError) as error:
        raise StillSettlingError from error
    except NotFoundError as error:
        if is_not_found_raised:
            raise
        raise GatewayUnavailableError(str(error)) from error
    except (GatewayError, PointsError) as error:
        log.warning("gateway", error=type(error).__name__, detail=str(error))
        raise GatewayUnavailableError(str(error)) from error


def _settled(receipt: Receipt) -> SettledOperation:
    return SettledOperation(
        id=receipt.operation.text,
        points=int(getattr(receipt, "points", 0)),
        block_number=receipt.block_number,
        tx_hash=receipt.tx_hash or "",
    )


def _untouched_account(member: MemberId, *, as_of_block: int) -> Account:
    return Account(
        member=member,
        balance=0,
        available=0,
        held=0,
        debt=0,
        lots=(),
        holds=(),
        is_enrolled=False,
        is_locked=False,
        is_frozen=False,
        next_nonce=0,
        as_of_block=as_of_block,
    )


def _read_secret_file(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {path} ({error.strerror}): start the wallet through `coalition up`, or set "
            "COALITION_WALLET_GATEWAY_API_KEY and COALITION_WALLET_ATTESTER_KEY"
        ) from error
