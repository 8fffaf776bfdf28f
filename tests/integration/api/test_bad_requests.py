"""Every limit of the API gets its problem, and changes nothing."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from partner_sdk.protocol import pack_bulk
from tests.integration.api.conftest import Api, running_api, served, settings_for
from tests.integration.api.ledger_rows import ANNA, purchase, signed

GOOD = "0x" + signed(purchase(1)).hex()


@pytest.mark.parametrize(
    ("path", "media_type", "body", "status", "code"),
    [
        ("", "application/json", b"", 400, "malformed_json"),
        ("", "application/json", b"{", 400, "malformed_json"),
        ("", "application/json", b"[]", 400, "malformed_json"),
        ("", "application/json", b"\xff", 400, "malformed_json"),
        ("", "application/json", b'{"submission": 7}', 400, "malformed_json"),
        ("", "application/json", b'{"submission": "zz"}', 400, "malformed_json"),
        ("", "application/json", b'{"submission": "0x1"}', 400, "malformed_json"),
        ("", "application/json", b'{"submission": "0x 1"}', 400, "malformed_json"),
        ("", "application/json", b'{"submission": "0x11", "x": 1}', 400, "malformed_json"),
        (
            "",
            "application/json",
            f'{{"submission":"{GOOD}","submission":"{GOOD}"}}'.encode(),
            400,
            "malformed_json",
        ),
        ("", "application/json", b'{"submission": 9007199254740993}', 400, "malformed_json"),
        ("", "application/json", b'{"submission": 1e3}', 400, "malformed_json"),
        ("", "application/json", b'{"submission": NaN}', 400, "malformed_json"),
        ("", "application/json", b"[" * 10_000, 400, "malformed_json"),
        ("", "application/json", b'{"submission": "0x"}', 422, "malformed_submission"),
        ("", "text/plain", b"hello", 415, "unsupported_media_type"),
        ("", "application/octet-stream", b"\0" * (161 * 1024), 413, "body_too_large"),
        ("/bulk", "application/json", b'{"submissions": []}', 422, "too_many_submissions"),
        ("/bulk", "application/json", b'{"submissions": {}}', 400, "malformed_json"),
        ("/bulk", "application/octet-stream", b"", 415, "unsupported_media_type"),
        ("/bulk", "application/vnd.coalition.submissions", b"", 422, "malformed_submission"),
        ("/bulk", "application/vnd.coalition.submissions", b"\0\0\0\x09", 422, "malformed_submission"),
    ],
)
async def test_refuses_a_body(
    sqlite_api: Api, path: str, media_type: str, body: bytes, status: int, code: str
) -> None:
    answer = await sqlite_api.post(f"/v1/submissions{path}", body, media_type=media_type)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "not_found"),
        ("/v1/members/0x12", 422, "invalid_parameter"),
        (f"/v1/members/{ANNA.text}/history?limit=0", 422, "invalid_parameter"),
        (f"/v1/members/{ANNA.text}/history?limit=201", 422, "invalid_parameter"),
        (f"/v1/members/{ANNA.text}/history?after=x", 422, "invalid_parameter"),
        (f"/v1/members/{ANNA.text}/history?after=999999999999999999-9999999999", 422, "invalid_parameter"),
        ("/v1/operations/3.0", 422, "invalid_parameter"),
        ("/v1/operations/99999.0.1", 422, "malformed_id"),
        ("/v1/operations/03.0.1", 422, "malformed_id"),
        ("/v1/campaigns/70000", 422, "invalid_parameter"),
        ("/v1/campaigns/one", 422, "invalid_parameter"),
        ("/v1/partners/me/operations?after=5", 422, "invalid_parameter"),
        ("/v1/partners/me/statements?after=-1", 422, "invalid_parameter"),
        ("/v1/submissions/0x12", 422, "invalid_parameter"),
        ("/v1/webhooks/wh_1", 422, "invalid_parameter"),
        (f"/v1/webhooks/wh_{'0' * 24}/deliveries?after=x", 422, "invalid_parameter"),
        ("/v1/events?member=0x1", 422, "invalid_parameter"),
        ("/v1/events?partner=4", 422, "invalid_parameter"),
    ],
)
async def test_refuses_a_parameter(sqlite_api: Api, path: str, status: int, code: str) -> None:
    answer = await sqlite_api.get(path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("media_type", "body", "status", "code"),
    [
        ("application/json", b"", 400, "malformed_json"),
        ("application/json", b'{"url": "https://93.184.216.34/", "url": "https://93.184.216.34/"}', 400, "malformed_json"),
        ("application/json", b'{"url": "https://93.184.216.34/", "from_block": 1.5}', 400, "malformed_json"),
        ("application/json", b'{"url": "https://93.184.216.34/", "from_block": 9007199254740993}', 400, "malformed_json"),
        ("application/json", b'{"url":' * 10_000, 400, "malformed_json"),
        ("application/json", b'{"url": "\xff"}', 400, "malformed_json"),
        ("text/plain", b'{"url": "https://93.184.216.34/"}', 415, "unsupported_media_type"),
        ("application/json", b" " * (161 * 1024), 413, "body_too_large"),
    ],
)  # fmt: skip
async def test_refuses_a_webhooks_body(
    sqlite_api: Api, media_type: str, body: bytes, status: int, code: str
) -> None:
    answer = await sqlite_api.post("/v1/webhooks", body, media_type=media_type)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_deep_json_is_refused_whatever_the_recursion_limit_is() -> None:
    """web3 raises it, and Python's parser would go on until the stack of C ends."""
    code = (
        "import sys\nfrom node_gateway.api.bodies import read_json\nsys.setrecursionlimit(10**6)\n"
        "for body in (b'[' * 160_000, b'{\"a\":' * 30_000):\n"
        "    try:\n        read_json(body)\n    except Exception as error:\n        print(error.code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout.split()) == (0, ["malformed_json", "malformed_json"])


async def test_other_methods_are_refused_with_those_allowed(sqlite_api: Api) -> None:
    answer = await sqlite_api.http.delete("/v1/program", headers=sqlite_api.as_("baker"))

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


async def test_a_compressed_body_is_refused(sqlite_api: Api) -> None:
    answer = await sqlite_api.post(
        "/v1/submissions", b"\x1f\x8b", media_type="application/json", **{"Content-Encoding": "gzip"}
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_bad_idempotency_key_is_refused(sqlite_api: Api) -> None:
    answer = await sqlite_api.submit(signed(purchase(1)), key="x" * 201)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


async def test_a_given_request_id_is_kept_and_a_bad_one_is_not(sqlite_api: Api) -> None:
    kept = await sqlite_api.get("/v1/program", **{"X-Request-Id": "till-7.42"})
    made = await sqlite_api.get("/v1/program", **{"X-Request-Id": "<script>"})

    assert kept.headers["x-request-id"] == "till-7.42"
    assert made.headers["x-request-id"] != "<script>"


@pytest.fixture
async def small_api(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """With limits that a test reaches."""
    settings = settings_for(
        sqlite_url,
        tmp_path,
        backlog_operations_max=3,
        rate_requests="20/hour",
        rate_unauthenticated="5/hour",
        body_s_max=0.2,
    )
    async with running_api(settings) as api:
        yield api


async def test_above_the_backlog_it_says_when_to_come_again(small_api: Api) -> None:
    accepted = await small_api.submit(signed(purchase(1), purchase(2)))
    wire = signed(purchase(3), purchase(4))

    refused = await small_api.submit(wire)
    repeated = await small_api.submit(signed(purchase(1), purchase(2)))
    ready = await small_api.http.get("/ready")

    assert (accepted.status_code, refused.status_code) == (202, 503)
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("backlog_full", "2")
    assert repeated.content == accepted.content
    assert ready.status_code == 200
    assert (await small_api.get("/v1/operations/3.0.3")).status_code == 404


async def test_too_many_requests_are_told_so(small_api: Api) -> None:
    statuses = [(await small_api.get("/v1/program")).status_code for _ in range(21)]
    other = await small_api.get("/v1/program", party="grocer")
    limited = await small_api.get("/v1/program")

    assert statuses == [200] * 20 + [429]
    assert other.status_code == 200
    assert int(limited.headers["retry-after"]) >= 1


async def test_guessing_keys_is_slowed_down(small_api: Api) -> None:
    statuses = [(await small_api.http.get("/v1/program")).status_code for _ in range(6)]

    assert statuses == [401] * 5 + [429]


async def test_a_slow_body_is_cut_off(small_api: Api) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"\0"
        await asyncio.sleep(1.0)
        yield b"\0"

    headers = {**small_api.as_("baker"), "Content-Type": "application/octet-stream"}
    async with served(small_api) as address, httpx2.AsyncClient() as http:
        answer = await http.post(f"{address}/v1/submissions", content=slow(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (408, "body_too_slow")


async def test_a_body_too_large_is_not_read_to_its_end(sqlite_api: Api) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b"\0" * 65_536

    headers = {**sqlite_api.as_("baker"), "Content-Type": "application/octet-stream"}
    answer = await sqlite_api.http.post("/v1/submissions", content=endless(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_more_than_500_submissions_are_refused_whole(sqlite_api: Api) -> None:
    one = signed(purchase(1))
    bulk = pack_bulk([one] * 500) + pack_bulk([one])

    answer = await sqlite_api.post(
        "/v1/submissions/bulk", bulk, media_type="application/vnd.coalition.submissions"
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "malformed_submission")
