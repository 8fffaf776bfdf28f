"""A partner's server for webhooks, and events to be told of."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from node_gateway.service.webhooks import new_secret
from node_gateway.store import schema
from node_gateway.store.database import Database

SECRET = new_secret(bytes(range(32)))
MEMBERS = (b"\x01" * 20, b"\x02" * 20)


@dataclass
class Shop:
    """A partner's server: keeps what it got, answers what it is told."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    hang: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?shop=1"

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]


@asynccontextmanager
async def open_shop(*answers: int, hang: asyncio.Event | None = None) -> AsyncIterator[Shop]:
    """Serve until the end of the block; once `answers` are used up, 204."""
    shop = Shop(answers=list(answers), hang=hang)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")[1:-2]
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                if shop.hang is not None:
                    await shop.hang.wait()
                shop.received.append((headers, body))
                status = shop.answers.pop(0) if shop.answers else 204
                writer.write(
                    f"HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".encode()
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    shop.port = server.sockets[0].getsockname()[1]
    try:
        yield shop
    finally:
        server.close()


async def register(database: Database, name: str, url: str, *, partner: int | None = 1) -> None:
    """A webhook of a partner, or the operator's."""
    row = {
        "id": name, "party": "partner" if partner else "operator", "partner": partner, "url": url, "secrets": [SECRET],
        "event_names": None, "is_active": True, "next_block": 0, "next_log_index": 0, "created_at_ms": 0,
    }  # fmt: skip
    async with database.writing() as connection:
        await connection.execute(sa.insert(schema.webhooks), [row])


async def happen(database: Database, block: int, *events: tuple[int, bytes]) -> None:
    """A block with an event for each (partner, member)."""
    rows = [
        {
            "block_number": block, "log_index": index, "tx_hash": bytes(32), "name": "PurchaseSettled", "member": member,
            "counterparty": None, "partner": partner, "operation": None, "data": {"points": index},
        }
        for index, (partner, member) in enumerate(events)
    ]  # fmt: skip
    block_row = {"number": block, "hash": bytes(32), "parent_hash": bytes(32), "timestamp_s": 1_700_000_000}
    async with database.writing() as connection:
        await connection.execute(sa.insert(schema.blocks), [block_row])
        await connection.execute(sa.insert(schema.events), rows)
