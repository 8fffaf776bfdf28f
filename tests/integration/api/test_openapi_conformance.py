"""Schemathesis asks every documented call, rightly and wrongly; answers must fit the document and never be a 500."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from node_gateway.app import create_app
from node_gateway.config import Settings
from node_gateway.service.api_keys import create_api_key
from node_gateway.service.clock import SystemClock
from node_gateway.store.database import create_database
from tests.integration.api.conftest import PARTIES, settings_for
from tests.integration.api.ledger_rows import ANNA, seed_lot, seed_member, seed_program

EXAMPLES = 12
ENDLESS = ("/v1/events",)
START_S_MAX = 30.0
CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    negative_data_rejection,
]


async def _seed(url: str) -> str:
    database = create_database(url)
    async with database.writing() as connection:
        await seed_program(connection)
        await seed_member(connection, ANNA, balance=10)
        await seed_lot(connection, ANNA, 0, 10)
    key = await create_api_key(database, SystemClock(), party=PARTIES["baker"], label="schemathesis")
    await database.close()
    return key


@pytest.fixture(scope="module")
def documented(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[schemathesis.BaseSchema]:
    directory = tmp_path_factory.mktemp("conformance")
    path = directory / "gateway.db"
    path.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{path}"
    key = asyncio.run(_seed(url))
    app = create_app(settings_for(url, directory, wait_s_max=0.05))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none"))
    serving = threading.Thread(target=server.run)
    serving.start()
    waited = threading.Event()
    for _ in range(int(START_S_MAX / 0.05)):
        if server.started:
            break
        waited.wait(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    schema = schemathesis.openapi.from_url(
        f"http://127.0.0.1:{port}/openapi.json", headers={"Authorization": f"Bearer {key}"}
    )
    yield schema
    server.should_exit = True
    serving.join()


OPERATIONS = [
    f"{method.upper()} {path}"
    for path, methods in create_app(Settings()).openapi()["paths"].items()
    for method in methods
    if path.startswith("/v1/") and path not in ENDLESS
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_answers_fit_the_document(documented: schemathesis.BaseSchema, operation: str) -> None:
    method, _, path = operation.partition(" ")

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(documented[path][method].as_strategy())
    def answers_fit(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    answers_fit()
