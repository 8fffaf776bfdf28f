"""What each read answers, on both databases."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.api import schemas
from node_gateway.store import schema
from tests.integration.api.conftest import Api
from tests.integration.api.ledger_rows import (
    ANNA,
    BAKER,
    BAKER_KEY,
    BORIS,
    CHAIN_ID,
    CHAIN_TIME_S,
    DELEGATE_KEY,
    GROCER,
    GROCER_TERMS,
    HEAD_BLOCK,
    LEDGER,
    TODAY,
    move_head,
    purchase,
    seed_event,
    seed_lot,
    settle_purchase,
    signed,
)


async def test_program_says_what_a_signer_must_know(api: Api) -> None:
    answer = await api.get("/v1/program")

    schemas.Program.model_validate(answer.json())
    assert (answer.json()["chain_id"], answer.json()["ledger"]) == (CHAIN_ID, LEDGER.text)
    assert (answer.json()["today"], answer.json()["block_timestamp_s"]) == (TODAY, CHAIN_TIME_S)


async def test_me_names_the_submitters_and_their_next_sequence(api: Api) -> None:
    await api.submit(signed(purchase(41)))

    answer = await api.get("/v1/me")

    schemas.Me.model_validate(answer.json())
    assert answer.json()["submitters"] == [
        {"submitter": "3.0", "key": BAKER_KEY.address.text, "next_sequence": 42},
        {"submitter": "3.1", "key": DELEGATE_KEY.address.text, "next_sequence": 0},
    ]


async def test_member_is_shown_as_touched_today(api: Api) -> None:
    async def age(connection: AsyncConnection) -> None:
        await seed_lot(connection, ANNA, 1, 70, expires_day=TODAY - 1)
        await seed_lot(connection, ANNA, 2, 30, terms=GROCER_TERMS, expires_day=TODAY)
        await connection.execute(
            sa.insert(schema.holds).values(
                member=bytes(ANNA),
                nonce=4,
                operation=1,
                partner=GROCER,
                points=20,
                expires_day=TODAY,
                state="pending",
                block_number=1,
            )
        )

    await api.change(age)

    answer = (await api.get(f"/v1/members/{ANNA.text}", party="wallet")).json()

    schemas.Member.model_validate(answer)
    assert (answer["balance"], answer["held"], answer["available"], answer["debt"]) == (1_550, 20, 1_530, 0)
    assert [(lot["index"], lot["issuer"], lot["points"]) for lot in answer["lots"]] == [
        (1, "partner:3", 20),
        (2, "partner:4", 30),
        (0, "partner:3", 1_500),
    ]
    assert answer["holds"] == [{"nonce": 4, "partner": GROCER, "points": 20, "expires_day": TODAY}]
    assert (answer["enrolled"], answer["next_nonce"], answer["as_of_block"]) == (True, 5, HEAD_BLOCK)


async def test_unknown_member_is_not_found(api: Api) -> None:
    answer = await api.get(f"/v1/members/{BORIS.text}")

    assert (answer.status_code, answer.json()["code"]) == (404, "member_not_found")


async def test_history_goes_back_page_by_page(api: Api) -> None:
    async def settle(connection: AsyncConnection) -> None:
        for number in range(11, 16):
            await settle_purchase(connection, number, block_number=number)
            await move_head(connection, number)

    await api.change(settle)

    first = (await api.get(f"/v1/members/{ANNA.text}/history?limit=3")).json()
    second = (await api.get(f"/v1/members/{ANNA.text}/history?limit=3&after={first['next_after']}")).json()

    schemas.EventPage.model_validate(first)
    assert [entry["operation"] for entry in first["entries"]] == ["3.0.15", "3.0.14", "3.0.13"]
    assert [entry["operation"] for entry in second["entries"]] == ["3.0.12", "3.0.11"]
    assert second["next_after"] is None
    assert first["entries"][0]["data"]["points"] == 1_000


async def test_operation_carries_its_receipt(api: Api) -> None:
    async def settle(connection: AsyncConnection) -> None:
        await settle_purchase(connection, 1, block_number=11, log_index=3)
        await move_head(connection, 11)

    await api.submit(signed(purchase(1)))
    await api.change(settle)

    answer = (await api.get("/v1/operations/3.0.1")).json()

    schemas.Operation.model_validate(answer)
    assert (answer["status"], answer["block_number"], answer["log_index"]) == ("settled", 11, 3)
    assert answer["receipt"]["event"] == "PurchaseSettled"
    submission = (await api.get(f"/v1/submissions/{answer['submission_id']}")).json()
    schemas.Submission.model_validate(submission)
    assert (submission["status"], submission["operations"][0]["id"]) == ("settled", "3.0.1")


async def test_rejected_operation_says_why(api: Api) -> None:
    async def reject(connection: AsyncConnection) -> None:
        await seed_event(
            connection,
            11,
            0,
            name="OperationRejected",
            partner=BAKER,
            operation=(BAKER << 48) | 1,
            data={"operation": "3.0.1", "reason": "insufficient_points"},
        )
        await connection.execute(
            sa.update(schema.operations).values(
                status="rejected", reason="insufficient_points", block_number=11, log_index=0
            )
        )
        await move_head(connection, 11)

    await api.submit(signed(purchase(1)))
    await api.change(reject)

    answer = (await api.get("/v1/operations/3.0.1")).json()

    assert (answer["status"], answer["reason"]) == ("rejected", "insufficient_points")


async def test_own_operations_are_listed_newest_first(api: Api) -> None:
    for sequence in range(5):
        await api.submit(signed(purchase(sequence)))

    first = (await api.get("/v1/partners/me/operations?limit=3")).json()
    second = (await api.get(f"/v1/partners/me/operations?limit=3&after={first['next_after']}")).json()

    schemas.OperationPage.model_validate(first)
    listed = [entry["id"] for entry in first["entries"] + second["entries"]]
    assert sorted(listed) == [f"3.0.{sequence}" for sequence in range(5)]
    assert second["next_after"] is None


async def test_position_counts_from_the_last_statement(api: Api) -> None:
    lines = {"base_micro": 10**20, "bonus_micro": 7, "credit_micro": 5, "reimbursed_micro": 2}

    async def clear(connection: AsyncConnection) -> None:
        await connection.execute(
            sa.insert(schema.positions).values(partner=BAKER, as_of_block=HEAD_BLOCK, **lines)
        )
        await connection.execute(sa.insert(schema.cycles).values(cycle=1, day=TODAY - 1, block_number=5))
        await connection.execute(
            sa.insert(schema.statements).values(
                partner=BAKER,
                cycle=1,
                base_micro=10**20,
                bonus_micro=0,
                credit_micro=0,
                reimbursed_micro=0,
                carried_in_micro=0,
                payable_minor=10**16,
                carried_out_micro=-3,
                block_number=5,
            )
        )

    await api.change(clear)

    position = (await api.get("/v1/partners/me/position")).json()
    statements = (await api.get("/v1/partners/me/statements")).json()

    schemas.Position.model_validate(position)
    schemas.StatementPage.model_validate(statements)
    assert position["net_micro"] == str(10**20)
    assert position["since_last_statement"]["net_micro"] == "0"
    assert (position["carried_in_micro"], position["unpaid_minor"]) == ("-3", str(10**16))
    assert statements["entries"][0]["day"] == TODAY - 1


async def test_campaigns_show_terms_and_progress(api: Api) -> None:
    await api.change(_seed_campaign)

    campaigns = (await api.get("/v1/campaigns")).json()
    one = (await api.get("/v1/campaigns/7")).json()
    progress = (await api.get(f"/v1/members/{ANNA.text}/campaigns", party="wallet")).json()

    schemas.Campaigns.model_validate(campaigns)
    schemas.Campaign.model_validate(one)
    schemas.MemberCampaigns.model_validate(progress)
    assert one["funders"] == [{"partner": BAKER, "share_bps": 10_000}]
    (shown,) = progress["campaigns"]
    assert (shown["visits"], shown["spend_minor"], shown["budget_left_points"]) == (2, 700, 900)
    assert shown["stages"][0]["partners_done"] == 1
    assert [stage["is_awarded"] for stage in shown["stages"]] == [True, False]
    assert (await api.get("/v1/campaigns/8")).json()["code"] == "campaign_not_found"


async def _seed_campaign(connection: AsyncConnection) -> None:
    async def insert(table: sa.Table, **columns: object) -> None:
        await connection.execute(sa.insert(table).values(campaign=7, **columns))

    await insert(
        schema.campaigns,
        name="Three of five",
        terms_hash=bytes(32),
        first_terms=50,
        opens_day=TODAY,
        closes_day=TODAY + 7,
        budget_points=1_000,
        spent_points=100,
        price_micro=10_000,
        opened_block=1,
        as_of_block=1,
    )
    for position, partner in enumerate((BAKER, GROCER)):
        await insert(schema.campaign_partners, position=position, partner=partner)
    for stage in (0, 1):
        await insert(
            schema.campaign_stages,
            stage=stage,
            bonus_points=100,
            partners_required=stage + 1,
            min_spend_each=500,
            min_spend_total=0,
            min_visits=0,
        )
    await insert(schema.campaign_funders, position=0, partner=BAKER, share_bps=10_000)
    await insert(schema.progress, member=bytes(ANNA), visits=2, awarded_stages=1, as_of_block=1)
    await insert(schema.progress_spend, member=bytes(ANNA), partner=BAKER, spend_minor=600)
    await insert(schema.progress_spend, member=bytes(ANNA), partner=GROCER, spend_minor=100)


async def test_partners_show_their_public_terms(api: Api) -> None:
    answer = (await api.get("/v1/partners", party="wallet")).json()

    schemas.Partners.model_validate(answer)
    assert [(partner["partner"], partner["name"]) for partner in answer["partners"]] == [
        (BAKER, "Baker"),
        (GROCER, "Grocer"),
    ]
