"""Tills that sell without pause through the SDK, and what became of every sale."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import httpx2

from partner_sdk import (
    AsyncPartner,
    GatewayError,
    OperationRejectedError,
    OutcomeUnknownError,
    SettlementPendingError,
    SubmissionRefusedError,
)
from partner_sdk.protocol import MemberId

TILLS_OF_A_PARTNER: Final = 3
MEMBERS: Final = 40
WAIT_S: Final = 5.0
POLL_S: Final = 0.5
PAGE: Final = 200


@dataclass
class Accounts:
    """What the tills were told.

    Attributes:
        receipts: by operation, the points that its receipt names.
        outcomes: how the calls ended.
    """

    receipts: dict[str, int] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, dict[str, int]]:
        return {"calls": dict(self.outcomes), "statuses": dict(self.statuses)}


class TillLoad:
    """Some tills of some partners."""

    def __init__(self, url: str, directory: Path, partners: Sequence[int], dice: Random) -> None:
        self._url = url
        self._dice = dice
        self.accounts = Accounts()
        self._members = [MemberId(dice.randbytes(20)) for _ in range(MEMBERS)]
        self._is_open = True
        self._tasks: list[asyncio.Task[None]] = []
        self.partners = {
            partner: AsyncPartner(
                key=(directory / "state" / "keys" / f"partner-{partner}").read_text().strip(),
                gateway=url,
                api_key=(directory / f"api-key-{partner}").read_text().strip(),
                sequences=directory / f"sequences-{partner}.db",
                timeout_s=10.0,
            )
            for partner in partners
        }

    async def until_ready(self, wait_s: float) -> None:
        """Wait until the gateway says so."""
        end_s = time.monotonic() + wait_s
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as http:
            while True:
                try:
                    if (await http.get(f"{self._url}/ready")).status_code == 200:
                        return
                except httpx2.HTTPError:
                    pass
                if time.monotonic() > end_s:
                    raise TimeoutError("the gateway is not ready")
                await asyncio.sleep(POLL_S)

    def start(self) -> None:
        """Sell."""
        for partner in self.partners.values():
            self._tasks += [asyncio.create_task(self._sell(partner)) for _ in range(TILLS_OF_A_PARTNER)]

    async def stop(self) -> None:
        """Sell no more, and wait for the calls that are open."""
        self._is_open = False
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Close all connections."""
        for partner in self.partners.values():
            await partner.aclose()

    async def _sell(self, partner: AsyncPartner) -> None:
        while self._is_open:
            member = self._dice.choice(self._members)
            try:
                receipt = await partner.purchase(member, self._dice.randint(100, 9_000), wait_s=WAIT_S)
                self.accounts.receipts[receipt.operation.text] = receipt.points
                outcome = "settled"
            except (
                SettlementPendingError,
                OutcomeUnknownError,
                SubmissionRefusedError,
                OperationRejectedError,
                GatewayError,
            ) as error:
                outcome = type(error).__name__
                await asyncio.sleep(self._dice.uniform(0.05, 0.5))
            self.accounts.outcomes[outcome] += 1

    async def account(self, wait_s: float) -> list[str]:
        """Everything must come to its end; returns what did not, or came out twice or otherwise than told."""
        await self.until_ready(wait_s)
        end_s = time.monotonic() + wait_s
        problems: list[str] = []
        for number, partner in self.partners.items():
            while True:
                try:
                    await partner.resume()
                    records = await self._records(partner)
                except (GatewayError, SettlementPendingError, OutcomeUnknownError):
                    records = None
                if records is not None and not any(status == "accepted" for status, _ in records.values()):
                    break
                if time.monotonic() > end_s:
                    waiting = [one for one, (status, _) in (records or {}).items() if status == "accepted"]
                    problems.append(f"partner {number}: {len(waiting)} operations never ended: {waiting[:5]}")
                    break
                await asyncio.sleep(POLL_S)
            assert records is not None, "the gateway never answered"
            problems += self._compare(number, records)
        return problems

    def _compare(self, number: int, records: dict[str, tuple[str, int | None]]) -> list[str]:
        self.accounts.statuses.update(status for status, _ in records.values())
        problems = []
        for operation, points in self.accounts.receipts.items():
            if operation.startswith(f"{number}.") and records.get(operation) != ("settled", points):
                problems.append(
                    f"operation {operation} gave {points} points, and is {records.get(operation)} now"
                )
        return problems

    async def _records(self, partner: AsyncPartner) -> dict[str, tuple[str, int | None]]:
        """Status and points of every operation that the gateway knows of this partner."""
        found: dict[str, tuple[str, int | None]] = {}
        after: str | None = None
        while True:
            page = await partner.operations(after=after, limit=PAGE)
            for record in page.entries:
                points = record.receipt["points"] if record.receipt else None
                found[record.id.text] = (record.status, points)
            if page.next_after is None:
                return found
            after = page.next_after
