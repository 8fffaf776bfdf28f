"""What cannot settle is refused at once, by the ledger's name; what was accepted before never is."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.store import schema
from partner_sdk.protocol import (
    Grant,
    MemberId,
    PartnerId,
    Purchase,
    Redeem,
    RedeemAuthorisation,
    SigningKey,
    pack_bulk,
)
from partner_sdk.protocol.bounds import POINTS_MAX, SPEND_MINOR_MAX
from tests.integration.api.conftest import Api
from tests.integration.api.ledger_rows import (
    ANNA,
    BAKER,
    BORIS,
    DELEGATE_KEY,
    DOMAIN,
    GROCER,
    TODAY,
    move_head,
    purchase,
    signed,
)

BULK = "application/vnd.coalition.submissions"


def setting(table: sa.Table, **values: Any) -> Any:
    async def change(connection: AsyncConnection) -> None:
        statement = sa.update(table).values(**values)
        await connection.execute(statement.where(table.c.partner == BAKER))

    return change


async def pause_purchases(connection: AsyncConnection) -> None:
    await connection.execute(sa.insert(schema.paused_kinds).values(kind=1, block_number=10))


CASES = {
    "partner_suspended": setting(schema.partners, is_suspended=True),
    "operation_paused": pause_purchases,
}


async def changed(api: Api, change: Any) -> None:
    """The operator's act is indexed; keys and settings are looked at again after a second."""
    await api.change(change)
    api.clock.ahead_s += 5
    await api.gateway.watch.turn()


@pytest.mark.parametrize("reason", CASES)
async def test_what_the_operator_set_counts_at_once_and_not_for_what_was_accepted(
    api: Api, reason: str
) -> None:
    before, after = signed(purchase(1)), signed(purchase(2))
    first = await api.submit(before)
    await changed(api, CASES[reason])

    refused = await api.submit(after)
    repeated = await api.submit(before)
    bulk = await api.post("/v1/submissions/bulk", pack_bulk([before, after]), media_type=BULK)

    assert (refused.status_code, refused.json()["code"], refused.json()["operation"]) == (
        422,
        reason,
        "3.0.2",
    )
    assert repeated.content == first.content
    assert [one["status"] for one in bulk.json()["results"]] == ["accepted", "refused"]
    assert bulk.json()["results"][1]["problem"]["code"] == reason
    assert (await api.get("/v1/operations/3.0.2")).status_code == 404


async def test_another_partner_is_not_concerned(sqlite_api: Api) -> None:
    await changed(sqlite_api, CASES["partner_suspended"])

    answer = await sqlite_api.submit(signed(purchase(1), partner=GROCER), party="grocer")

    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (Purchase(1, ANNA, 100, occurred_day=TODAY - 8), "posted_too_late"),
        (Purchase(1, ANNA, 100, occurred_day=TODAY - 7), None),
        (Purchase(1, ANNA, POINTS_MAX), None),
        (Purchase(1, ANNA, POINTS_MAX + 1), "invalid_amount"),
        (Purchase(1, ANNA, SPEND_MINOR_MAX), "invalid_amount"),
    ],
)
async def test_days_and_amounts_count_as_on_the_chain(
    sqlite_api: Api, operation: Purchase, reason: str | None
) -> None:
    answer = await sqlite_api.submit(signed(operation))

    assert answer.json().get("code") == reason


def code_of(answer: Any) -> str | None:
    code: str | None = answer.json().get("code")
    return code


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("operation_points_max", "operation_limit_exceeded"),
        ("member_day_points_max", "member_day_limit_exceeded"),
        ("partner_day_points_max", "partner_day_limit_exceeded"),
    ],
)
async def test_what_is_over_a_limit_by_itself_is_refused(api: Api, limit: str, reason: str) -> None:
    await changed(api, setting(schema.partners, **{limit: 500}))

    # A point for each minor unit.
    purchases = [
        code_of(await api.submit(signed(purchase(n, spend_minor=spend)))) for n, spend in ((1, 500), (2, 501))
    ]
    grants = [code_of(await api.submit(signed(Grant(n, ANNA, points)))) for n, points in ((3, 500), (4, 501))]
    redeemed = code_of(await api.submit(signed(redeem(5, 1, points=501))))
    of_others = code_of(
        await api.submit(signed(purchase(6, spend_minor=501), partner=GROCER), party="grocer")
    )

    assert purchases == grants == [None, reason]
    # What is issued in a day has nothing to do with what is taken.
    assert redeemed == (reason if limit == "operation_points_max" else None)
    assert of_others is None


async def test_a_delegate_has_the_limits_of_its_own(api: Api) -> None:
    await changed(api, setting(schema.delegates, operation_points_max=900, day_points_max=500))

    answers = [
        code_of(await api.submit(signed(purchase(n, spend_minor=spend), slot=1, key=DELEGATE_KEY)))
        for n, spend in ((1, 500), (2, 501))
    ]

    assert answers == [None, "delegate_limit_exceeded"]
    assert code_of(await api.submit(signed(purchase(3, spend_minor=901)))) is None


async def test_terms_that_may_have_begun_count_where_they_give_less(api: Api) -> None:
    async def record(connection: AsyncConnection) -> None:
        values = {
            "issuer_kind": "partner",
            "issuer": BAKER,
            "version": 2,
            "issue_price_micro": 1,
            "block_number": 10,
        }
        await connection.execute(
            sa.insert(schema.terms).values(
                terms=50, earn_points_per_100_minor=50, effective_day=TODAY, **values
            )
        )

    await api.change(record)
    await changed(api, setting(schema.partners, operation_points_max=500))

    answers = [
        code_of(await api.submit(signed(purchase(n, spend_minor=spend))))
        for n, spend in ((1, 1_001), (2, 1_002))
    ]

    assert answers == [None, "operation_limit_exceeded"]


async def test_one_that_may_settle_is_enough(sqlite_api: Api) -> None:
    late = Purchase(1, ANNA, 100, occurred_day=TODAY - 8)

    together = await sqlite_api.submit(signed(late, purchase(2)))
    alone = await sqlite_api.submit(signed(Purchase(3, ANNA, 100, occurred_day=TODAY - 8), late))

    assert together.status_code == 202
    assert (alone.status_code, alone.json()["operation"]) == (422, "3.0.3")


async def test_a_repeat_in_a_bulk_after_its_deadline_is_still_accepted(sqlite_api: Api) -> None:
    wire = signed(purchase(1), deadline_s=TODAY * 86_400 + 3_601)
    await sqlite_api.submit(wire)

    async def go_on(connection: AsyncConnection) -> None:
        for block in range(11, 15):
            await move_head(connection, block)

    await sqlite_api.change(go_on)
    other = signed(purchase(2), deadline_s=TODAY * 86_400 + 3_601)
    bulk = await sqlite_api.post("/v1/submissions/bulk", pack_bulk([wire, other]), media_type=BULK)

    assert [one["status"] for one in bulk.json()["results"]] == ["accepted", "refused"]
    assert bulk.json()["results"][1]["problem"]["code"] == "deadline_passed"


def using(next_nonce: int, window: int) -> Any:
    async def change(connection: AsyncConnection) -> None:
        values = {"next_nonce": next_nonce, "nonce_window": window}
        await connection.execute(
            sa.update(schema.members).where(schema.members.c.member == bytes(ANNA)).values(**values)
        )

    return change


def redeem(sequence: int, nonce: int, *, member: MemberId = ANNA, points: int = 10) -> Redeem:
    authorisation = RedeemAuthorisation(
        member=member,
        partner=PartnerId(BAKER),
        max_points=points,
        nonce=nonce,
        deadline_s=TODAY * 86_400 + 4_000,
    ).sign(DOMAIN, SigningKey(b"\x09" * 32))
    return Redeem(sequence, member, points, authorisation)


async def test_an_authorisation_that_was_used_is_not_taken_again(api: Api) -> None:
    # Used: 40, 39 and 37.
    await api.change(using(41, 0b101))

    answers = {
        nonce: await api.submit(signed(redeem(nonce, nonce))) for nonce in (1, 7, 8, 37, 38, 39, 40, 41, 300)
    }
    of_others = await api.submit(signed(redeem(500, 1, member=BORIS)))
    with_a_purchase = await api.submit(signed(redeem(501, 40), purchase(502)))
    two_used = await api.submit(signed(redeem(503, 40), redeem(504, 39)))
    one_unused = await api.submit(signed(redeem(505, 40), redeem(506, 42)))

    refused = {nonce: answer.json()["code"] for nonce, answer in answers.items() if answer.status_code != 202}
    assert refused == dict.fromkeys((1, 7, 37, 39, 40), "nonce_used")
    assert (two_used.status_code, two_used.json()["operation"]) == (422, "3.0.503")
    assert [answer.status_code for answer in (of_others, with_a_purchase, one_unused)] == [202, 202, 202]


async def test_what_was_accepted_and_has_used_its_nonce_since_is_answered_as_before(api: Api) -> None:
    wire = signed(redeem(1, 1))
    first = await api.submit(wire)
    await api.change(using(2, 1))

    repeated = await api.submit(wire)
    signed_again = await api.submit(signed(redeem(1, 1), deadline_s=TODAY * 86_400 + 4_500))
    bulk = await api.post("/v1/submissions/bulk", pack_bulk([wire, signed(redeem(2, 1))]), media_type=BULK)

    assert repeated.content == first.content
    assert (signed_again.status_code, signed_again.json()["code"]) == (409, "operation_used")
    assert [one["status"] for one in bulk.json()["results"]] == ["accepted", "refused"]
