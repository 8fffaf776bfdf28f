"""A database that fails is told as such, nothing is half done, and afterwards all goes on."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import psycopg
import pytest
import sqlalchemy as sa

from node_gateway.app import create_app
from node_gateway.store import schema
from node_gateway.store.migrate import SchemaBehindError
from node_gateway.store.process_lock import DatabaseInUseError
from partner_sdk.protocol import pack_bulk
from tests.integration.api.conftest import Api, running_api, settings_for
from tests.integration.api.ledger_rows import purchase, signed
from tests.postgres_server import PostgresServer

STOP_S_MAX = 15.0


async def test_a_full_disk_accepts_nothing_and_recovers(sqlite_api: Api) -> None:
    async with sqlite_api.database.reading() as connection:
        pages = await connection.scalar(sa.text("PRAGMA page_count"))

    def limit_pages(connection: object, _record: object, _proxy: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute(f"PRAGMA max_page_count = {pages + 2}")
        cursor.close()

    pool = sqlite_api.gateway.database._engine.sync_engine.pool
    sa.event.listen(pool, "checkout", limit_pages)
    bulk = pack_bulk([signed(purchase(i)) for i in range(200)])
    full = await sqlite_api.post(
        "/v1/submissions/bulk", bulk, media_type="application/vnd.coalition.submissions"
    )
    sa.event.remove(pool, "checkout", limit_pages)
    async with sqlite_api.database.reading() as connection:
        stored = await connection.scalar(sa.select(sa.func.count()).select_from(schema.operations))

    pages = 10**6
    sa.event.listen(pool, "checkout", limit_pages)
    again = await sqlite_api.post(
        "/v1/submissions/bulk", bulk, media_type="application/vnd.coalition.submissions"
    )

    assert (full.status_code, full.json()["code"], stored) == (503, "storage_unavailable", 0)
    assert full.headers["retry-after"] == "2"
    assert again.json()["accepted"] == 200


async def test_lost_connections_are_made_again(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url = postgres_server.create(template="coalition_template")
    async with running_api(settings_for(url, tmp_path)) as api:
        before = await api.submit(signed(purchase(1)))
        with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [url.rpartition("/")[2]],
            )

        after = [await api.submit(signed(purchase(sequence))) for sequence in (2, 3)]
        health = await api.http.get("/ready")

    assert before.status_code == 202
    assert [answer.status_code for answer in after] == [202, 202]
    assert health.status_code == 200


async def test_two_api_processes_on_postgresql_accept_each_operation_once(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = postgres_server.create(template="coalition_template")
    async with running_api(settings_for(url, tmp_path)) as first:
        second_app = create_app(settings_for(url, tmp_path), clock=first.clock)
        async with second_app.router.lifespan_context(second_app):
            transport = httpx2.ASGITransport(app=second_app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://second") as http:
                second = Api(second_app, first.database, first.keys, http, first.clock)
                rivals = [
                    (signed(purchase(i), deadline_s=signed_for), api)
                    for i in range(30)
                    for signed_for, api in ((1_641_603_700, first), (1_641_603_800, second))
                ]
                answers = await asyncio.gather(*(api.submit(wire) for wire, api in rivals))

        async with first.database.reading() as connection:
            operations = await connection.scalar(sa.select(sa.func.count()).select_from(schema.operations))
            submissions = await connection.scalar(sa.select(sa.func.count()).select_from(schema.submissions))

    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(202), statuses.count(409)) == (30, 30)
    assert (operations, submissions) == (30, 30)


async def test_a_second_api_process_on_sqlite_is_refused(sqlite_api: Api, tmp_path: Path) -> None:
    second = create_app(sqlite_api.gateway.settings)

    with pytest.raises(DatabaseInUseError, match="api process"):
        async with second.router.lifespan_context(second):
            raise AssertionError("started twice")


async def test_a_database_that_was_not_migrated_is_refused(tmp_path: Path) -> None:
    app = create_app(settings_for(f"sqlite:///{tmp_path / 'new.db'}", tmp_path))

    with pytest.raises(SchemaBehindError, match="coalition migrate"):
        async with app.router.lifespan_context(app):
            raise AssertionError("started without tables")


_SERVE = """
import sys, uvicorn
from node_gateway.app import create_app
from node_gateway.config import Settings
uvicorn.run(create_app(Settings()), host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
"""


async def test_what_was_answered_202_outlives_kill_and_streams_end_at_sigterm(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running_api(settings_for(sqlite_url, tmp_path)) as seeded:
        keys = seeded.as_("baker")
    environment = {**os.environ, "COALITION_DATABASE_URL": sqlite_url, "COALITION_LOG_LEVEL": "error"}
    port, process = await _served(environment)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=keys, timeout=10) as http:
        sent = {"Content-Type": "application/octet-stream"}
        answers = [
            await http.post("/v1/submissions", content=signed(purchase(i)), headers=sent) for i in range(20)
        ]
    process.kill()
    process.wait()

    port, process = await _served(environment)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=keys, timeout=10) as http:
        found = [await http.get(f"/v1/operations/3.0.{i}") for i in range(20)]
        async with http.stream("GET", "/v1/events") as stream:
            process.send_signal(signal.SIGTERM)
            ended = [line async for line in stream.aiter_lines()]
    status = await asyncio.to_thread(process.wait, STOP_S_MAX)

    assert [answer.status_code for answer in answers] == [202] * 20
    assert [answer.json()["status"] for answer in found] == ["accepted"] * 20
    assert not any(line.startswith("event") for line in ended)
    assert status in (0, -signal.SIGTERM)


async def _served(environment: dict[str, str]) -> tuple[int, "subprocess.Popen[bytes]"]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", _SERVE, str(port)], env=environment)  # noqa: ASYNC220
    async with httpx2.AsyncClient() as http:
        for _ in range(600):
            try:
                if (await http.get(f"http://127.0.0.1:{port}/health")).status_code == 200:
                    return port, process
            except httpx2.TransportError:
                assert process.poll() is None, "the process ended by itself"
            await asyncio.sleep(0.05)
    process.kill()
    raise TimeoutError
