"""The operator's console: for operators only, and showing what the tables say."""

import base64

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.store import schema
from tests.integration.api.conftest import Api
from tests.integration.api.ledger_rows import BAKER, HEAD_BLOCK, purchase, signed

PAGES = ("", "/partners", "/campaigns", "/batches")


def signed_in(api: Api, party: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"operator:{api.keys[party]}".encode()).decode()}


@pytest.mark.parametrize("page", PAGES)
async def test_only_an_operator_is_shown_a_page(sqlite_api: Api, page: str) -> None:
    http = sqlite_api.http

    statuses = [
        (await http.get(f"/console{page}")).status_code,
        (await http.get(f"/console{page}", headers=sqlite_api.as_("operator"))).status_code,
        (await http.get(f"/console{page}", headers={"Authorization": "Basic !"})).status_code,
        (await http.get(f"/console{page}", headers=signed_in(sqlite_api, "baker"))).status_code,
        (await http.get(f"/console{page}", headers=signed_in(sqlite_api, "wallet"))).status_code,
        (await http.get(f"/console{page}", headers=signed_in(sqlite_api, "operator"))).status_code,
    ]

    assert statuses == [401, 401, 401, 401, 401, 200]


async def test_pages_show_positions_backlog_and_batches(api: Api) -> None:
    async def fill(connection: AsyncConnection) -> None:
        await connection.execute(
            sa.insert(schema.positions).values(
                partner=BAKER,
                base_micro=1_234_560_000,
                bonus_micro=0,
                credit_micro=0,
                reimbursed_micro=2_000_000_000,
                as_of_block=HEAD_BLOCK,
            )
        )
        await connection.execute(sa.update(schema.partners).values(name="Baker & <sons>"))
        await connection.execute(sa.insert(schema.lanes).values(address=b"\x11" * 20, next_nonce=1))
        await connection.execute(
            sa.insert(schema.batches).values(
                lane=b"\x11" * 20,
                nonce=0,
                raw_tx=b"",
                tx_hash=b"\x22" * 32,
                gas_limit=1,
                max_fee_wei=0,
                status="mined",
                submission_count=3,
                operation_count=42,
                gas_used=1_000_000,
                created_at_ms=1,
                block_number=9,
            )
        )

    await api.submit(signed(purchase(1), purchase(2)))
    await api.change(fill)
    headers = signed_in(api, "operator")

    overview = await api.http.get("/console", headers=headers)
    partners = await api.http.get("/console/partners", headers=headers)

    assert "mined" in overview.text
    assert "<dt>Operations waiting for a block</dt><dd>2</dd>" in overview.text
    assert "Baker &amp; &lt;sons&gt;" in partners.text
    assert "1\u202f234.56" in partners.text
    assert "−765.44" in partners.text
    assert partners.headers["content-security-policy"].startswith("default-src 'none'")
    assert (await api.http.get("/console/style.css")).headers["content-type"].startswith("text/css")
