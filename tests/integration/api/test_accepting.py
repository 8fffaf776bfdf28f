"""POST /v1/submissions: what is accepted, refused and repeated, on both databases."""

import asyncio

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.store import schema
from partner_sdk.protocol import Domain, MemberId, SigningKey, pack_bulk, submission_digest
from tests.integration.api.conftest import Api, until
from tests.integration.api.ledger_rows import (
    ANNA,
    BAKER_KEY,
    CHAIN_TIME_S,
    DELEGATE_KEY,
    DOMAIN,
    GROCER,
    LEDGER,
    move_head,
    operation_text,
    purchase,
    settle_purchase,
    signed,
)


async def test_accepts_a_signed_submission_and_says_what_is_in_it(api: Api) -> None:
    wire = signed(purchase(1), purchase(2))

    answer = await api.submit(wire)

    assert answer.status_code == 202
    framed = wire[74:]
    digest = submission_digest(DOMAIN, submitter=3 << 16, deadline_s=CHAIN_TIME_S + 600, framed=framed)
    line = {"type": "purchase", "member": ANNA.text, "status": "accepted"}
    assert answer.json() == {
        "submission_id": "0x" + digest.hex(),
        "status": "accepted",
        "operations": [{"id": "3.0.1", **line}, {"id": "3.0.2", **line}],
    }
    async with api.database.reading() as connection:
        row = (await connection.execute(sa.select(schema.submissions))).one()
    assert (row.id, row.wire, row.status, row.operation_count) == (digest, wire, "accepted", 2)


async def test_json_and_binary_forms_are_the_same_submission(api: Api) -> None:
    wire = signed(purchase(1))

    as_json = await api.post(
        "/v1/submissions", orjson.dumps({"submission": "0x" + wire.hex()}), media_type="application/json"
    )
    as_bytes = await api.submit(wire)

    assert (as_json.status_code, as_bytes.status_code) == (202, 202)
    assert as_json.content == as_bytes.content


async def test_accepted_operation_can_be_asked_for(api: Api) -> None:
    await api.submit(signed(purchase(7)))

    answer = await api.get(f"/v1/operations/{operation_text(7)}")

    assert answer.json()["status"] == "accepted"
    assert answer.json()["receipt"] is None


async def test_repeated_submission_is_answered_alike_and_stored_once(api: Api) -> None:
    wire = signed(purchase(1))

    first, second = await api.submit(wire), await api.submit(wire)

    assert (first.status_code, first.content) == (second.status_code, second.content)
    async with api.database.reading() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(schema.submissions)) == 1


async def test_repeat_after_the_deadline_is_still_answered_alike(api: Api) -> None:
    wire = signed(purchase(1))
    first = await api.submit(wire)
    await api.change(move_clock_far)

    second = await api.submit(wire)

    assert (first.status_code, first.content) == (second.status_code, second.content)


async def move_clock_far(connection: AsyncConnection) -> None:
    await connection.execute(sa.update(schema.blocks).values(timestamp_s=CHAIN_TIME_S + 100_000))


async def test_operation_id_of_another_submission_is_refused(api: Api) -> None:
    await api.submit(signed(purchase(1)))

    answer = await api.submit(signed(purchase(2), purchase(1, spend_minor=9)))

    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["operation"]) == ("operation_used", "3.0.1")
    assert (await api.get(f"/v1/operations/{operation_text(2)}")).status_code == 404


async def test_operation_that_expired_can_be_signed_again(api: Api) -> None:
    await api.submit(signed(purchase(1)))

    async def expire(connection: AsyncConnection) -> None:
        await connection.execute(
            sa.update(schema.submissions).values(status="expired", reason="deadline_passed")
        )
        await connection.execute(
            sa.update(schema.operations).values(status="expired", reason="deadline_passed")
        )

    await api.change(expire)

    again = await api.submit(signed(purchase(1), deadline_s=CHAIN_TIME_S + 900))

    assert again.status_code == 202
    operation = (await api.get(f"/v1/operations/{operation_text(1)}")).json()
    assert (operation["status"], operation["reason"]) == ("accepted", None)
    assert operation["submission_id"] == again.json()["submission_id"]


@pytest.mark.parametrize(
    ("wire", "party", "status", "code"),
    [
        (signed(purchase(1), key=SigningKey(b"\x09" * 32)), "baker", 422, "bad_signature"),
        (signed(purchase(1), domain=Domain(1, LEDGER)), "baker", 422, "bad_signature"),
        (signed(purchase(1), deadline_s=CHAIN_TIME_S - 1), "baker", 422, "deadline_passed"),
        (signed(purchase(1), deadline_s=2**48 - 1), "baker", 422, "deadline_too_far"),
        (signed(purchase(1), slot=9), "baker", 422, "unknown_submitter"),
        (signed(purchase(1), partner=GROCER), "baker", 403, "not_your_submitter"),
        (signed(purchase(1)), "wallet", 403, "not_your_submitter"),
        (signed(purchase(1))[:40], "baker", 422, "malformed_submission"),
        (signed(purchase(1))[:-1], "baker", 422, "malformed_submission"),
        (signed(purchase(1)) + signed(purchase(1))[74:], "baker", 422, "malformed_submission"),
        (b"", "baker", 422, "malformed_submission"),
    ],
)
async def test_refuses_and_stores_nothing(
    sqlite_api: Api, wire: bytes, party: str, status: int, code: str
) -> None:
    answer = await sqlite_api.submit(wire, party=party)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    async with sqlite_api.database.reading() as connection:
        assert (await connection.execute(sa.select(schema.submissions))).all() == []


async def test_a_delegate_submits_until_its_delegation_ends(api: Api) -> None:
    good = await api.submit(signed(purchase(1), slot=1, key=DELEGATE_KEY))
    await api.change(move_clock_far)

    late = await api.submit(signed(purchase(2), slot=1, key=DELEGATE_KEY, deadline_s=CHAIN_TIME_S + 200_000))

    assert (good.status_code, late.status_code) == (202, 422)
    assert late.json()["code"] == "submitter_expired"


async def test_a_key_that_was_set_a_moment_ago_is_noticed(api: Api) -> None:
    new_key = SigningKey(b"\x0a" * 32)

    async def rotate(connection: AsyncConnection) -> None:
        await connection.execute(
            sa.update(schema.partners).values(
                key=bytes(new_key.address),
                previous_key=bytes(BAKER_KEY.address),
                previous_key_until_s=CHAIN_TIME_S,
            )
        )

    async with api.database.writing() as connection:
        await rotate(connection)
    api.clock.ahead_s += 1.0  # doubts are looked into only so often

    with_new, with_old = (
        await api.submit(signed(purchase(1), key=new_key)),
        await api.submit(signed(purchase(2))),
    )

    assert (with_new.status_code, with_old.status_code) == (202, 202)


async def test_bulk_accepts_and_refuses_each_by_itself(api: Api) -> None:
    wires = [signed(purchase(1)), signed(purchase(2), key=SigningKey(b"\x09" * 32)), signed(purchase(3))]

    binary = await api.post(
        "/v1/submissions/bulk", pack_bulk(wires), media_type="application/vnd.coalition.submissions"
    )
    as_json = await api.post(
        "/v1/submissions/bulk",
        orjson.dumps({"submissions": ["0x" + wire.hex() for wire in wires]}),
        media_type="application/json",
    )

    assert binary.status_code == 202
    body = binary.json()
    assert (body["accepted"], body["refused"]) == (2, 1)
    assert [result["status"] for result in body["results"]] == ["accepted", "refused", "accepted"]
    assert body["results"][1]["problem"]["code"] == "bad_signature"
    assert as_json.content == binary.content


async def test_bulk_of_many_members_is_stored_whole(api: Api) -> None:
    wires = [signed(purchase(i, member=MemberId.random())) for i in range(500)]

    answer = await api.post(
        "/v1/submissions/bulk", pack_bulk(wires), media_type="application/vnd.coalition.submissions"
    )

    assert answer.json()["accepted"] == 500
    async with api.database.reading() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(schema.operations)) == 500


async def test_concurrent_requests_are_each_answered_for_themselves(api: Api) -> None:
    answers = await asyncio.gather(*(api.submit(signed(purchase(i))) for i in range(60)))

    ids = [answer.json()["operations"][0]["id"] for answer in answers]
    assert ids == [operation_text(i) for i in range(60)]


async def test_the_same_submission_many_times_at_once_is_stored_once(api: Api) -> None:
    wire = signed(purchase(1))

    answers = await asyncio.gather(*(api.submit(wire) for _ in range(20)))

    assert {answer.content for answer in answers} == {answers[0].content}
    async with api.database.reading() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(schema.operations)) == 1


async def test_waiting_holds_the_answer_until_the_block(api: Api) -> None:
    waiting = asyncio.create_task(api.submit(signed(purchase(1)), query="?wait=settled"))
    await until(lambda: api.gateway.waiters.is_waiting)

    async def settle(connection: AsyncConnection) -> None:
        await settle_purchase(connection, 1, block_number=11)
        await move_head(connection, 11)

    await api.change(settle)
    answer = await waiting

    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "settled")
    assert body["operations"][0]["receipt"]["points"] == 1_000
    assert body["members"] == [
        {"member": ANNA.text, "balance": 1500, "available": 1500, "held": 0, "debt": 0, "as_of_block": 11}
    ]


async def test_waiting_ends_with_accepted_when_no_block_comes(sqlite_api: Api) -> None:
    answer = await sqlite_api.submit(signed(purchase(1)), query="?wait=settled&wait_s=0.05")

    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert not sqlite_api.gateway.waiters.is_waiting
