"""A party registers, changes and replays its own webhooks; nobody else's, and none that lead inside."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.service.webhooks import WEBHOOKS_MAX
from node_gateway.store import schema
from partner_sdk import AsyncPartner, InvalidRequestError, NotFoundError
from tests.integration.api.conftest import Api, running_api, served, settings_for
from tests.integration.api.ledger_rows import BAKER_KEY, HEAD_BLOCK, move_head, settle_purchase

# A number instead of a name: no test asks a resolver.
URL = "https://93.184.216.34/points"
ABSENT = "wh_" + "0" * 24


async def call(
    api: Api, method: str, path: str, value: Any = None, *, party: str = "baker", key: str | None = None
) -> httpx2.Response:
    headers = api.as_(party) | ({} if key is None else {"Idempotency-Key": key})
    if value is None:
        return await api.http.request(method, f"/v1/webhooks{path}", headers=headers)
    return await api.http.request(
        method,
        f"/v1/webhooks{path}",
        content=json.dumps(value),
        headers={**headers, "Content-Type": "application/json"},
    )


async def created(api: Api, *, party: str = "baker", **fields: Any) -> dict[str, Any]:
    answer = await call(api, "POST", "", {"url": URL, **fields}, party=party)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_webhook_is_created_listed_changed_and_deleted(api: Api) -> None:
    made = await created(api, events=["PurchaseSettled"])
    secret = made.pop("secret")
    listed = (await call(api, "GET", "")).json()["webhooks"]
    shown = await call(api, "GET", f"/{made['id']}")
    changed = await call(
        api, "PATCH", f"/{made['id']}", {"url": URL + "/2", "events": None, "is_active": False}
    )
    kept = await call(api, "PATCH", f"/{made['id']}", {"is_active": True})
    deleted = await call(api, "DELETE", f"/{made['id']}")

    assert secret.startswith("whsec_")
    assert listed == [made] == [shown.json()]
    assert (made["events"], made["is_active"], made["next_event"]) == (
        ["PurchaseSettled"], True, f"{HEAD_BLOCK + 1}-0",
    )  # fmt: skip
    assert changed.json() == {
        **made, "url": URL + "/2", "events": None, "is_active": False, "disabled_reason": "caller",
    }  # fmt: skip
    assert kept.json() == {**made, "url": URL + "/2", "events": None}
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await call(api, "GET", f"/{made['id']}")).json()["code"] == "webhook_not_found"


async def test_the_same_request_again_gets_the_same_secret_and_makes_no_second_webhook(api: Api) -> None:
    first, again = [await call(api, "POST", "", {"url": URL}, key="one") for _ in range(2)]
    other = await call(api, "POST", "", {"url": URL + "/2"}, key="one")
    path = f"/{first.json()['id']}/secret"
    rotated, rotated_again = [await call(api, "POST", path, {}, key="two") for _ in range(2)]

    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    assert rotated.content == rotated_again.content
    assert len((await call(api, "GET", "")).json()["webhooks"]) == 1


async def test_a_new_secret_overlaps_the_old_one_as_long_as_asked_for(sqlite_api: Api) -> None:
    made = await created(sqlite_api)
    rotated = (await call(sqlite_api, "POST", f"/{made['id']}/secret", {"overlap_s": 3_600})).json()
    async with sqlite_api.database.reading() as connection:
        stored = (await connection.execute(sa.select(schema.webhooks))).one()

    assert stored.secrets == [rotated["secret"], made["secret"]]
    left_ms = rotated["previous_secret_until_ms"] - sqlite_api.clock.now_ms()
    assert 3_500_000 < left_ms <= 3_600_000


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://93.184.216.34/", "https is required"),
        ("https://127.0.0.1/", "127.0.0.1 is not a public address"),
        ("https://localhost/", "is not a public address"),
        ("https://10.1.2.3:8443/hook", "10.1.2.3 is not a public address"),
        ("https://169.254.169.254/latest/meta-data", "169.254.169.254 is not a public address"),
        ("https://[::1]/", "::1 is not a public address"),
        ("https://user:word@93.184.216.34/", "credentials in the address"),
        ("https://93.184.216.34:99999/", "not a web address"),
        ("ftp://93.184.216.34/", "not a web address"),
        ("https://93.184.216.34/ x", "visible ASCII"),
        ("gopher", "not a web address"),
    ],
)
async def test_an_address_that_leads_inside_is_refused_and_why(sqlite_api: Api, url: str, why: str) -> None:
    refused = await call(sqlite_api, "POST", "", {"url": url})
    made = await created(sqlite_api)
    changed = await call(sqlite_api, "PATCH", f"/{made['id']}", {"url": url})

    for answer in (refused, changed):
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook_url_refused")
        assert why in answer.json()["detail"]
    assert [one["url"] for one in (await call(sqlite_api, "GET", "")).json()["webhooks"]] == [URL]


async def test_where_it_is_allowed_an_address_inside_is_taken(sqlite_url: str, tmp_path: Path) -> None:
    settings = settings_for(sqlite_url, tmp_path, webhook_private_addresses=True)
    async with running_api(settings) as api:
        assert (await created(api, url="http://127.0.0.1:9/hook"))["url"] == "http://127.0.0.1:9/hook"


@pytest.mark.parametrize(
    ("method", "path", "value", "status", "code"),
    [
        ("POST", "", {}, 422, "invalid_parameter"),
        ("POST", "", [], 400, "malformed_json"),
        ("POST", "", {"url": 7}, 422, "invalid_parameter"),
        ("POST", "", {"url": ""}, 422, "invalid_parameter"),
        ("POST", "", {"url": "https://" + "x" * 2_000}, 422, "invalid_parameter"),
        ("POST", "", {"url": URL, "secret": "mine"}, 422, "invalid_parameter"),
        ("POST", "", {"url": URL, "events": []}, 422, "invalid_parameter"),
        ("POST", "", {"url": URL, "events": ["Transfer"]}, 422, "invalid_parameter"),
        ("POST", "", {"url": URL, "events": ["PurchaseSettled"] * 60}, 422, "invalid_parameter"),
        ("POST", "", {"url": URL, "from_block": -1}, 422, "invalid_parameter"),
        ("POST", "", {"url": URL, "from_block": "1"}, 422, "invalid_parameter"),
        ("POST", "", {"url": URL, "from_block": 2**53 + 1}, 400, "malformed_json"),
        ("PATCH", "/{id}", {"is_active": 1}, 422, "invalid_parameter"),
        ("PATCH", "/wh_1", {}, 422, "invalid_parameter"),
        ("PATCH", f"/{ABSENT}", {}, 404, "webhook_not_found"),
        ("DELETE", f"/{ABSENT}", None, 404, "webhook_not_found"),
        ("POST", f"/{ABSENT}/secret", {}, 404, "webhook_not_found"),
        ("POST", "/{id}/secret", {"overlap_s": -1}, 422, "invalid_parameter"),
        ("POST", "/{id}/secret", {"overlap_s": 10**8}, 422, "invalid_parameter"),
        ("POST", f"/{ABSENT}/replay", {"dead": True}, 404, "webhook_not_found"),
        ("POST", "/{id}/replay", {}, 422, "invalid_parameter"),
        ("POST", "/{id}/replay", {"dead": False}, 422, "invalid_parameter"),
        ("POST", "/{id}/replay", {"dead": True, "from_block": 1}, 422, "invalid_parameter"),
        ("POST", "/{id}/replay", {"delivery": "x"}, 422, "invalid_parameter"),
        ("POST", "/{id}/replay", {"delivery": "7"}, 404, "delivery_not_found"),
        ("GET", f"/{ABSENT}/deliveries", None, 404, "webhook_not_found"),
        ("GET", "/{id}/deliveries?status=lost", None, 422, "invalid_parameter"),
        ("GET", "/{id}/deliveries?limit=201", None, 422, "invalid_parameter"),
    ],
)
async def test_refuses_what_is_wrong(
    sqlite_api: Api, method: str, path: str, value: Any, status: int, code: str
) -> None:
    made = await created(sqlite_api)
    answer = await call(sqlite_api, method, path.replace("{id}", made["id"]), value)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_not_more_webhooks_than_allowed(sqlite_api: Api) -> None:
    for _ in range(WEBHOOKS_MAX):
        await created(sqlite_api)
    one_more = await call(sqlite_api, "POST", "", {"url": URL})
    assert (one_more.json()["code"], one_more.json()["webhooks_max"]) == ("too_many_webhooks", WEBHOOKS_MAX)
    await created(sqlite_api, party="grocer")


async def _dead_letters(api: Api, webhook_id: str) -> list[int]:
    """Three messages that were delivered, given up, and are pending."""
    row = {
        "webhook_id": webhook_id, "subject": "partner:3", "payload": b"{}", "attempts": 3, "next_attempt_at_ms": 5,
        "created_at_ms": 1, "error": None, "answered_status": 204, "delivered_at_ms": None,
    }  # fmt: skip
    rows = [
        {**row, "block_number": 7, "log_index": 0, "status": "delivered", "delivered_at_ms": 2},
        {**row, "block_number": 8, "log_index": 0, "status": "dead", "error": "answered 500", "answered_status": 500},
        {**row, "block_number": 9, "log_index": 1, "status": "pending", "error": "no answer", "answered_status": None},
    ]  # fmt: skip
    async with api.database.writing() as connection:
        await connection.execute(sa.insert(schema.deliveries), rows)
        found = await connection.scalars(sa.select(schema.deliveries.c.id).order_by(schema.deliveries.c.id))
        return list(found)


async def test_deliveries_are_listed_newest_first_and_dead_letters_alone(api: Api) -> None:
    made = await created(api)
    await _dead_letters(api, made["id"])
    path = f"/{made['id']}/deliveries"
    first = (await call(api, "GET", f"{path}?limit=2")).json()
    rest = (await call(api, "GET", f"{path}?after={first['next_after']}")).json()
    dead = (await call(api, "GET", f"{path}?status=dead")).json()["entries"]

    assert [one["event"] for one in first["entries"]] == ["9-1", "8-0"]
    assert [(one["event"], one["status"]) for one in rest["entries"]] == [("7-0", "delivered")]
    assert rest["next_after"] is None
    assert [(one["event"], one["attempts"], one["answered_status"], one["error"]) for one in dead] == [
        ("8-0", 3, 500, "answered 500")
    ]


async def test_replay_of_the_dead_of_one_and_of_everything_since(api: Api) -> None:
    made = await created(api)
    delivered, _, _ = await _dead_letters(api, made["id"])
    path = f"/{made['id']}/replay"

    async def settle(connection: AsyncConnection) -> None:
        await settle_purchase(connection, 1, block_number=11)
        await move_head(connection, 11)

    await api.change(settle)
    dead = (await call(api, "POST", path, {"dead": True})).json()
    one = (await call(api, "POST", path, {"delivery": str(delivered)})).json()
    listed = (await call(api, "GET", f"/{made['id']}/deliveries?status=pending")).json()["entries"]
    since = (await call(api, "POST", path, {"from_block": 8})).json()
    left = (await call(api, "GET", f"/{made['id']}/deliveries")).json()["entries"]
    shown = (await call(api, "GET", f"/{made['id']}")).json()

    assert (dead["messages"], one["messages"], since["messages"]) == (1, 1, 1)
    assert [(entry["event"], entry["attempts"]) for entry in listed] == [("9-1", 3), ("8-0", 0), ("7-0", 0)]
    assert [entry["event"] for entry in left] == ["7-0"]
    assert shown["next_event"] == "8-0"


async def test_another_partners_webhook_is_like_none(sqlite_api: Api) -> None:
    made = await created(sqlite_api)
    path = f"/{made['id']}"
    asked: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PATCH", path, {"is_active": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/secret", {}),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/replay", {"dead": True}),
    ]
    for party in ("grocer", "wallet", "operator"):
        answers = [await call(sqlite_api, *one, party=party) for one in asked]
        assert [answer.json()["code"] for answer in answers] == ["webhook_not_found"] * len(asked)
        assert (await call(sqlite_api, "GET", "", party=party)).json() == {"webhooks": []}
    assert (await call(sqlite_api, "GET", path)).json()["is_active"] is True


async def test_the_sdk_does_it_all(sqlite_api: Api) -> None:
    transport = httpx2.ASGITransport(app=sqlite_api.app)
    async with AsyncPartner(
        key=BAKER_KEY, gateway="http://gateway", api_key=sqlite_api.keys["baker"], transport=transport
    ) as partner:
        webhooks = partner.webhooks
        made = await webhooks.create(URL, events=["HoldPlaced"], from_block=3)
        await _dead_letters(sqlite_api, made.id)
        rotated = await webhooks.rotate_secret(made.id, overlap_s=60)
        changed = await webhooks.update(made.id, url=URL + "/2", events="all")
        disabled = await webhooks.disable(made.id)
        enabled = await webhooks.enable(made.id)
        dead = await webhooks.deliveries(made.id, status="dead", limit=1)
        replayed = [
            await webhooks.replay_one(made.id, dead.entries[0].id),
            await webhooks.replay_dead(made.id),
            await webhooks.replay_from(made.id, 8),
        ]
        with pytest.raises(InvalidRequestError, match="webhook_url_refused"):
            await webhooks.create("https://127.0.0.1/")
        assert await webhooks.list() == (await webhooks.get(made.id),)
        await webhooks.delete(made.id)
        with pytest.raises(NotFoundError):
            await webhooks.delete(made.id)

    assert (made.events, made.next_event, changed.events, changed.url) == (
        ("HoldPlaced",), "3-0", None, URL + "/2",
    )  # fmt: skip
    assert made.secret != rotated.secret
    assert made.secret not in repr(made)
    assert (disabled.is_active, enabled.is_active) == (False, True)
    assert (dead.entries[0].error, replayed) == ("answered 500", [1, 0, 0])


async def test_the_command_line_asks_as_a_partner(sqlite_api: Api, tmp_path: Path) -> None:
    async def coalition(*arguments: str) -> tuple[int, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "node_gateway.cli", "webhook", *arguments, "--json",
            stdout=PIPE, stderr=PIPE, env={**environment, "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode or 0, json.loads(out or err)

    async with served(sqlite_api) as address:
        environment = {"COALITION_GATEWAY_URL": address, "COALITION_STATE_DIR": str(tmp_path)}
        no_key = await coalition("list")
        environment["COALITION_API_KEY"] = sqlite_api.keys["baker"]
        _, made = await coalition("create", URL, "--event", "HoldPlaced", "--from-block", "3")
        await _dead_letters(sqlite_api, made["id"])
        _, dead = await coalition("deliveries", made["id"], "--status", "dead")
        _, replayed = await coalition("replay", made["id"], "--dead")
        refused = await coalition("create", "https://127.0.0.1/")

    assert (no_key[0], no_key[1]["error"]) == (2, "no API key")
    assert (made["events"], made["secret"][:6]) == (["HoldPlaced"], "whsec_")
    assert [one["event"] for one in dead["entries"]] == ["8-0"]
    assert replayed == {"id": made["id"], "messages": 1}
    assert (refused[0], refused[1]["advice"]) == (5, "webhook_url_refused")
    assert "127.0.0.1 is not a public address" in refused[1]["error"]
