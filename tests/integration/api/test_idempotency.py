"""Idempotency-Key: the first answer's bytes, or a clear no."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from partner_sdk.protocol import SigningKey, pack_bulk
from tests.integration.api.conftest import Api, until
from tests.integration.api.ledger_rows import CHAIN_TIME_S, move_head, purchase, settle_purchase, signed


async def test_same_key_and_body_gets_the_first_answer(api: Api) -> None:
    wire = signed(purchase(1))

    first, second = await api.submit(wire, key="till-7"), await api.submit(wire, key="till-7")

    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"


async def test_same_key_with_another_body_is_refused_and_not_accepted(api: Api) -> None:
    await api.submit(signed(purchase(1)), key="till-7")

    answer = await api.submit(signed(purchase(2)), key="till-7")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_conflict")
    assert (await api.get("/v1/operations/3.0.2")).status_code == 404


async def test_keys_of_two_partners_do_not_meet(api: Api) -> None:
    own = await api.submit(signed(purchase(1)), key="till-7")
    other = await api.submit(signed(purchase(1), partner=4), key="till-7", party="grocer")

    assert (own.status_code, other.status_code) == (202, 202)


async def test_key_in_flight_is_told_to_come_again(api: Api) -> None:
    wire = signed(purchase(1))
    waiting = asyncio.create_task(api.submit(wire, key="till-7", query="?wait=settled"))
    await until(lambda: api.gateway.waiters.is_waiting)

    answer = await api.submit(wire, key="till-7", query="?wait=settled")

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_flight")
    assert answer.headers["retry-after"] == "1"

    async def settle(connection: AsyncConnection) -> None:
        await settle_purchase(connection, 1, block_number=11)
        await move_head(connection, 11)

    await api.change(settle)
    settled = await waiting
    repeated = await api.submit(wire, key="till-7", query="?wait=settled")
    assert (settled.status_code, repeated.status_code) == (200, 200)
    assert repeated.content == settled.content


async def test_a_refusal_is_not_remembered(api: Api) -> None:
    await api.submit(signed(purchase(1), key=SigningKey(b"\x09" * 32)), key="till-7")

    answer = await api.submit(signed(purchase(1)), key="till-7")

    assert answer.status_code == 202


async def test_bulk_is_repeated_whole(api: Api) -> None:
    bulk = pack_bulk([signed(purchase(1)), signed(purchase(2), key=SigningKey(b"\x09" * 32))])
    media_type = "application/vnd.coalition.submissions"

    first = await api.post(
        "/v1/submissions/bulk", bulk, media_type=media_type, **{"Idempotency-Key": "night"}
    )
    second = await api.post(
        "/v1/submissions/bulk", bulk, media_type=media_type, **{"Idempotency-Key": "night"}
    )

    assert first.json()["refused"] == 1
    assert first.content == second.content


async def test_bulk_of_which_nothing_could_be_accepted_now_is_still_repeated(api: Api) -> None:
    path, media_type = "/v1/submissions/bulk", "application/vnd.coalition.submissions"
    bulk = pack_bulk([signed(purchase(1), deadline_s=CHAIN_TIME_S + 20)])
    first = await api.post(path, bulk, media_type=media_type, **{"Idempotency-Key": "night"})

    async def pass_deadline(connection: AsyncConnection) -> None:
        await move_head(connection, 11 + 60)

    await api.change(pass_deadline)
    second = await api.post(path, bulk, media_type=media_type, **{"Idempotency-Key": "night"})
    other = pack_bulk([signed(purchase(2), key=SigningKey(b"\x09" * 32))])
    third = await api.post(path, other, media_type=media_type, **{"Idempotency-Key": "night"})

    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert (third.status_code, third.json()["code"]) == (422, "idempotency_conflict")
