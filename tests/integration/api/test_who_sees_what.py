"""A partner sees only its own: every route × two partners, wallet, operator, a stranger."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.api import events, operating, reads, submissions, webhooks
from node_gateway.store.webhooks import insert_webhook
from tests.integration.api.conftest import PARTIES as PARTY_OF
from tests.integration.api.conftest import Api, running_api, settings_for
from tests.integration.api.ledger_rows import ANNA, GROCER, move_head, purchase, settle_purchase, signed

WEBHOOK = "wh_" + "1" * 24
PARTIES = ("baker", "grocer", "wallet", "operator")
# What is asked for belongs to the baker (and to Anna). Statuses for baker, grocer, wallet, operator.
MATRIX: dict[str, tuple[str, tuple[int, int, int, int]]] = {
    "/v1/program": ("/v1/program", (200, 200, 200, 200)),
    "/v1/me": ("/v1/me", (200, 200, 200, 200)),
    "/v1/partners": ("/v1/partners", (200, 200, 200, 200)),
    "/v1/members/{member}": (f"/v1/members/{ANNA.text}", (200, 200, 200, 200)),
    "/v1/members/{member}/history": (f"/v1/members/{ANNA.text}/history", (200, 200, 200, 200)),
    "/v1/members/{member}/campaigns": (f"/v1/members/{ANNA.text}/campaigns", (200, 200, 200, 200)),
    "/v1/operations/{operation}": ("/v1/operations/3.0.1", (200, 404, 200, 200)),
    "/v1/submissions/{submission_id}": ("{submission}", (200, 404, 404, 200)),
    "/v1/partners/me/operations": ("/v1/partners/me/operations", (200, 200, 403, 403)),
    "/v1/partners/me/position": ("/v1/partners/me/position", (200, 200, 403, 403)),
    "/v1/partners/me/statements": ("/v1/partners/me/statements", (200, 200, 403, 403)),
    "/v1/webhooks": ("/v1/webhooks", (200, 200, 200, 200)),
    "/v1/webhooks/{webhook_id}": ("/v1/webhooks/{webhook}", (200, 404, 404, 404)),
    "/v1/webhooks/{webhook_id}/deliveries": ("/v1/webhooks/{webhook}/deliveries", (200, 404, 404, 404)),
    "/v1/campaigns": ("/v1/campaigns", (200, 200, 200, 200)),
    "/v1/campaigns/{campaign}": ("/v1/campaigns/1", (404, 404, 404, 404)),
}
# Their matrices are in test_webhooks and in test_accepting.
POSTS = {
    "/v1/submissions",
    "/v1/submissions/bulk",
    "/v1/webhooks/{webhook_id}/secret",
    "/v1/webhooks/{webhook_id}/replay",
}
STREAMS = {"/v1/events"}


@pytest.fixture
async def settled_api(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """One settled purchase of Anna at each partner."""
    async with running_api(settings_for(sqlite_url, tmp_path)) as api:
        await api.submit(signed(purchase(1)))
        await api.submit(signed(purchase(1), partner=GROCER), party="grocer")

        async def settle(connection: AsyncConnection) -> None:
            await settle_purchase(connection, 1, block_number=11)
            await settle_purchase(connection, 1, block_number=11, log_index=1, partner=GROCER)
            await move_head(connection, 11)

        await api.change(settle)
        async with api.database.writing() as connection:
            baker = PARTY_OF["baker"]
            await insert_webhook(
                connection, baker, webhook_id=WEBHOOK, url="https://93.184.216.34/", secret="whsec_", event_names=None,
                next_block=0, created_at_ms=0,
            )  # fmt: skip
        yield api


def test_the_matrix_has_every_route() -> None:
    routers = (submissions.router, reads.router, events.router, webhooks.router)
    served = {route.path for router in routers for route in router.routes if isinstance(route, APIRoute)}

    assert served == set(MATRIX) | POSTS | STREAMS
    assert not any(getattr(route, "path", "").startswith("/v1") for route in operating.router.routes)


@pytest.mark.parametrize("route", MATRIX)
async def test_each_party_is_shown_what_is_its_own(settled_api: Api, route: str) -> None:
    path, expected = MATRIX[route]
    if path == "{submission}":
        operation = (await settled_api.get("/v1/operations/3.0.1")).json()
        path = f"/v1/submissions/{operation['submission_id']}"
    path = path.replace("{webhook}", WEBHOOK)

    statuses = tuple([(await settled_api.get(path, party=party)).status_code for party in PARTIES])

    assert statuses == expected


@pytest.mark.parametrize("route", MATRIX)
async def test_without_a_key_nothing_is_shown(settled_api: Api, route: str) -> None:
    path = MATRIX[route][0].replace("{submission}", "/v1/submissions/0x" + "00" * 32)
    path = path.replace("{webhook}", WEBHOOK)

    without = await settled_api.http.get(path)
    wrong = await settled_api.http.get(path, headers={"Authorization": "Bearer coalition_" + "A" * 43})

    assert (without.status_code, without.json()["code"]) == (401, "missing_api_key")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "unknown_api_key")
    assert without.headers["www-authenticate"] == "Bearer"


async def test_a_partner_sees_no_lots_history_or_keys_of_others(settled_api: Api) -> None:
    member = f"/v1/members/{ANNA.text}"
    seen = {party: (await settled_api.get(member, party=party)).json() for party in PARTIES}
    histories = {party: (await settled_api.get(f"{member}/history", party=party)).json() for party in PARTIES}

    assert [len(seen[party]["lots"]) for party in PARTIES] == [1, 0, 1, 1]
    assert [seen[party]["balance"] for party in PARTIES] == [1_500] * 4
    assert ["keys" in seen[party] for party in PARTIES] == [False, False, True, True]
    partners = {party: {entry["partner"] for entry in histories[party]["entries"]} for party in PARTIES}
    assert partners == {"baker": {3}, "grocer": {4}, "wallet": {3, 4}, "operator": {3, 4}}


async def test_a_partners_list_has_its_own_operations_only(settled_api: Api) -> None:
    listed = [
        [
            entry["id"]
            for entry in (await settled_api.get("/v1/partners/me/operations", party=party)).json()["entries"]
        ]
        for party in ("baker", "grocer")
    ]

    assert listed == [["3.0.1"], ["4.0.1"]]
