"""The client of the wallet service: reads for all members, and signs with the program's attester key."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from partner_sdk import drafts
from partner_sdk._async.http import ATTEMPTS_MAX, TIMEOUT_S, AsyncHttp
from partner_sdk._async.partner import WAIT_S, settle_one
from partner_sdk._async.reading import AsyncReading
from partner_sdk._async.submitting import VALIDITY_S, AsyncSubmitting
from partner_sdk._outcomes import Resumed
from partner_sdk.drafts import Draft
from partner_sdk.models import OperationRecord
from partner_sdk.protocol.authorisations import Authorisation, KeyKind
from partner_sdk.protocol.identities import KeyId, MemberId, Submitter
from partner_sdk.protocol.signatures import SigningKey
from partner_sdk.receipts import MemberReceipt, TransferReceipt
from partner_sdk.sequences import SequenceStore, SqliteSequenceStore, open_store


class AsyncWallet(AsyncReading):
    """The wallet's client. What a member must agree to carries the member's authorisation, which the ledger checks.

    The calls that change something wait until they are in a block; they raise the same errors as a partner's.
    """

    def __init__(
        self,
        *,
        key: SigningKey | str,
        gateway: str,
        api_key: str,
        sequences: SequenceStore | Path | str | None = None,
        submitter: Submitter | str | None = None,
        validity_s: int = VALIDITY_S,
        timeout_s: float = TIMEOUT_S,
        attempts_max: int = ATTEMPTS_MAX,
        transport: httpx2.AsyncBaseTransport | None = None,
        wall_clock_s: Callable[[], float] = time.time,
    ) -> None:
        """Does not connect yet. Arguments as of a partner's client; `key` is an attester's, `api_key` the wallet's."""
        http = AsyncHttp(
            gateway, api_key, timeout_s=timeout_s, attempts_max=attempts_max, transport=transport
        )
        store = open_store(sequences)
        own_store = store if isinstance(store, SqliteSequenceStore) and store is not sequences else None
        super().__init__(http, own_store=own_store)
        self._submitting = AsyncSubmitting(
            http,
            SigningKey.parse(key) if isinstance(key, str) else key,
            store,
            submitter=Submitter.parse(submitter) if isinstance(submitter, str) else submitter,
            validity_s=validity_s,
            wall_clock_s=wall_clock_s,
        )

    async def enrol(
        self, member: MemberId | str, key: KeyId, kind: KeyKind, *, wait_s: float = WAIT_S
    ) -> MemberReceipt:
        """Gives the member a first key. It may spend after the program's first-key delay."""
        return await self._settle(drafts.enrol(member, key, kind), wait_s)

    async def add_key(
        self,
        member: MemberId | str,
        key: KeyId,
        kind: KeyKind,
        authorisation: Authorisation,
        *,
        wait_s: float = WAIT_S,
    ) -> MemberReceipt:
        """Gives the member another key."""
        return await self._settle(drafts.add_key(member, key, kind, authorisation), wait_s)

    async def remove_key(
        self, member: MemberId | str, key: KeyId, authorisation: Authorisation, *, wait_s: float = WAIT_S
    ) -> MemberReceipt:
        """Takes a key away."""
        return await self._settle(drafts.remove_key(member, key, authorisation), wait_s)

    async def lock(self, member: MemberId | str, *, wait_s: float = WAIT_S) -> MemberReceipt:
        """Stops spending, at once; needs no authorisation."""
        return await self._settle(drafts.lock(member), wait_s)

    async def unlock(
        self, member: MemberId | str, authorisation: Authorisation, *, wait_s: float = WAIT_S
    ) -> MemberReceipt:
        """Lets points be spent again."""
        return await self._settle(drafts.unlock(member, authorisation), wait_s)

    async def set_allowance(
        self,
        member: MemberId | str,
        points_per_day: int,
        authorisation: Authorisation,
        *,
        wait_s: float = WAIT_S,
    ) -> MemberReceipt:
        """Sets what this wallet may sign for in a day; 0: nothing."""
        return await self._settle(drafts.set_allowance(member, points_per_day, authorisation), wait_s)

    async def transfer(
        self,
        member: MemberId | str,
        to: MemberId | str,
        points: int,
        authorisation: Authorisation,
        *,
        wait_s: float = WAIT_S,
    ) -> TransferReceipt:
        """Moves `points` to another member."""
        draft = drafts.transfer(member, to, points, authorisation)
        return await settle_one(self._submitting, draft, TransferReceipt, wait_s)

    async def start_recovery(
        self, member: MemberId | str, key: KeyId, kind: KeyKind, *, wait_s: float = WAIT_S
    ) -> MemberReceipt:
        """Proposes a new key for a member who lost all; it waits for the recovery delay (`due_at`)."""
        return await self._settle(drafts.start_recovery(member, key, kind), wait_s)

    async def refuse_recovery(
        self, member: MemberId | str, authorisation: Authorisation, *, wait_s: float = WAIT_S
    ) -> MemberReceipt:
        """Stops a recovery, with an old key."""
        return await self._settle(drafts.refuse_recovery(member, authorisation), wait_s)

    async def finish_recovery(self, member: MemberId | str, *, wait_s: float = WAIT_S) -> MemberReceipt:
        """Puts the new key in force, after the delay."""
        return await self._settle(drafts.finish_recovery(member), wait_s)

    async def submit(self, operations: Sequence[Draft], *, wait_s: float = 0.0) -> list[OperationRecord]:
        """Sends 1 … 256 operations in one signed submission; rejected ones are told by their status, not raised."""
        return await self._submitting.submit(operations, wait_s=wait_s)

    async def resume(self) -> Resumed:
        """Looks after every submission without a final answer, see a partner's `resume`."""
        return await self._submitting.resume()

    async def _settle(self, draft: Draft, wait_s: float) -> MemberReceipt:
        return await settle_one(self._submitting, draft, MemberReceipt, wait_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
