"""From the gateway's answer to the balance on a member's open page, with blocks of a second, under half load."""

import asyncio
import random
import secrets
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from bench.accounting import count_settled, mark, wait_until_settled
from bench.coalition import API, PARTNERS, WORKER, Coalition
from bench.engines import BLOCK_S
from bench.sending import (
    SINGLE_PATH,
    WIRE_MEDIA_TYPE,
    Connection,
    connection,
    request_bytes,
    send_paced,
)
from bench.settling import SETTLE_WAIT_MAX_S
from bench.traffic import Mix, Traffic
from partner_sdk.protocol import MemberId

PROBE_EVERY_S: Final = 1.3
BALANCE_WAIT_MAX_S: Final = 30.0
LOAD_OPERATIONS_MAX: Final = 400_000


@dataclass(slots=True)
class _Page:
    """A member's event stream: the balance that it showed last, and when."""

    member: MemberId
    balance: int = 0
    changed_at_s: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, stream: Connection) -> None:
        while line := await stream.reader.readline():
            if line.startswith(b"data:") and b'"available"' in line:
                self.balance, self.changed_at_s = orjson.loads(line[5:])["balance"], time.monotonic()
                self.changed.set()


async def latency_ms(
    traffic: Traffic, *, load_ops_s: float, duration_s: float, probes: int
) -> dict[str, Any]:
    """Percentiles over all probes."""
    coalition = traffic.coalition
    await coalition.start(API, WORKER)
    wanted = min(int(load_ops_s * (duration_s + 5)), LOAD_OPERATIONS_MAX)
    load = traffic.mix(Mix.KNOWN, wanted)
    random.Random(traffic.seed).shuffle(load)
    since = await mark(coalition)
    async with coalition.engine.paced_blocks():
        loading = asyncio.create_task(
            send_paced(coalition, load, operations_per_s=load_ops_s, duration_s=duration_s + 2)
        )
        samples_s = await _probe(traffic, duration_s=duration_s, probes=probes)
        sent = await loading
        await wait_until_settled(coalition, wait_max_s=SETTLE_WAIT_MAX_S)
    await count_settled(coalition, since, sent=sent + len(samples_s))
    ordered = sorted(samples_s)
    return {
        "p50": _percentile_ms(ordered, 50),
        "p99": _percentile_ms(ordered, 99),
        "samples": len(ordered),
        "load_ops_s": round(sent / (duration_s + 2), 1),
        "block_s": BLOCK_S,
    }


async def _probe(traffic: Traffic, *, duration_s: float, probes: int) -> list[float]:
    """Members of whom nobody else knows, each with an open page."""
    coalition, samples_s = traffic.coalition, list[float]()
    end_s = time.monotonic() + duration_s
    watching = []
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.TaskGroup() as group:
                for place in range(probes):
                    page = _Page(MemberId(secrets.token_bytes(20)))
                    stream = await stack.enter_async_context(connection(coalition))
                    stream.writer.write(_stream_request(coalition, page.member))
                    watching.append(asyncio.create_task(page.watch(stream)))
                    after_s = PROBE_EVERY_S * place / probes
                    group.create_task(_shop(traffic, page, samples_s, start_after_s=after_s, end_s=end_s))
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
    return samples_s


async def _shop(
    traffic: Traffic, page: _Page, samples_s: list[float], *, start_after_s: float, end_s: float
) -> None:
    """Buys again and again, each time until the page shows the higher balance."""
    await asyncio.sleep(start_after_s)
    while time.monotonic() < end_s:
        partner, before = PARTNERS[len(samples_s) % len(PARTNERS)], page.balance
        wire = traffic.purchase_of(partner, page.member)
        request = request_bytes(traffic.coalition, partner, SINGLE_PATH, WIRE_MEDIA_TYPE, wire)
        # A kept connection would be closed while a slow chain is waited for.
        async with connection(traffic.coalition) as till:
            await till.deliver(request)
        accepted_s = time.monotonic()
        async with asyncio.timeout(BALANCE_WAIT_MAX_S):
            while page.balance <= before:
                page.changed.clear()
                await page.changed.wait()
        samples_s.append(page.changed_at_s - accepted_s)
        await asyncio.sleep(PROBE_EVERY_S * random.random())


def _stream_request(coalition: Coalition, member: MemberId) -> bytes:
    return (
        f"GET /v1/events?member={member.text} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {coalition.api_key(0)}\r\nAccept: text/event-stream\r\n\r\n"
    ).encode()


def _percentile_ms(ordered: list[float], percent: int) -> float:
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)
