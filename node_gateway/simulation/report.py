"""The report of a run, read from the chain. Nothing is computed here: lots are merged as the report wants them, that is all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from node_gateway.chain.abi import decode_result, encode_call
from node_gateway.chain.artifacts import ledger_abi
from node_gateway.chain.hexadecimal import data_of, text_of
from node_gateway.chain.rpc import Call
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.simulation.ledger_days import scenario_day
from node_gateway.simulation.parties import Parties
from node_gateway.simulation.scenario import OPERATOR, CloseCycle, EventId
from node_gateway.simulation.scenario_chain import ScenarioChain

Report = dict[str, Any]

TOUCHED_AT_ONCE = 100
LINES = ("base", "bonus", "credit", "reimbursed", "net")
OPERATOR_KIND, PARTNER_KIND, CAMPAIGN_KIND, REFUND_KIND = range(4)


async def read_report(
    chain: ScenarioChain,
    parties: Parties,
    cycles: Mapping[int, CloseCycle],
    rejected: list[dict[str, str]],
) -> Report:
    """Touches everyone, then reads every figure.

    Args:
        chain: with its clock on the day of the report.
        parties: who is to be reported.
        cycles: the closed cycles' numbers and the events that closed them.
        rejected: ids and reasons, in order.
    """
    members = list(parties.members.values())
    for start in range(0, len(members), TOUCHED_AT_ONCE):
        chain.add_touch(members[start : start + TOUCHED_AT_ONCE])
    await chain.mine()
    return {
        "members": await _members(chain, parties),
        "points": await chain.read("totals"),
        "clearing": await _clearing(chain, parties),
        "operator_net": await chain.read("operatorNet"),
        "campaigns": await _campaigns(chain, parties),
        "cycles": [await _cycle(chain, parties, number, event) for number, event in cycles.items()],
        "rejected": rejected,
    }


async def _read_each(chain: ScenarioChain, function: str, arguments: Iterable[Sequence[Any]]) -> list[Any]:
    """One view with many arguments, in few requests."""
    calls = [
        {"to": text_of(chain.ledger), "data": text_of(encode_call(ledger_abi(), function, one))}
        for one in arguments
    ]
    answers = await chain.rpc.batch(Call("eth_call", (call, "latest")) for call in calls)
    for answer in answers:
        if isinstance(answer, RpcError):
            raise answer
    return [decode_result(ledger_abi(), function, data_of(answer)) for answer in answers]


async def _members(chain: ScenarioChain, parties: Parties) -> Report:
    addresses = [(address,) for address in parties.members.values()]
    accounts = await _read_each(chain, "accountOf", addresses)
    lots = await _read_each(chain, "lotsOf", addresses)
    issuers = _Issuers(parties)
    return {
        member_id: {
            "available": account["available"],
            "held": account["held"],
            "debt": account["debt"],
            "lots": issuers.merged(its_lots),
        }
        for member_id, account, its_lots in zip(parties.members, accounts, lots, strict=True)
    }


class _Issuers:
    """Names of lots' issuers as the report spells them."""

    def __init__(self, parties: Parties) -> None:
        self._partner_ids = {int(number): partner_id for partner_id, number in parties.partners.items()}
        self._campaign_ids = {int(number): campaign_id for campaign_id, number in parties.campaigns.items()}

    def name(self, kind: int, number: int) -> str:
        if kind == OPERATOR_KIND:
            return OPERATOR
        if kind == CAMPAIGN_KIND:
            return f"campaign:{self._campaign_ids[number]}"
        return f"refund:{self._partner_ids[number]}" if kind == REFUND_KIND else self._partner_ids[number]

    def merged(self, lots: Iterable[Mapping[str, Any]]) -> list[Report]:
        points: Counter[tuple[int, str]] = Counter()
        for lot in lots:
            points[scenario_day(lot["expiresDay"]), self.name(lot["kind"], lot["issuer"])] += lot["points"]
        return [
            {"issuer": issuer, "expires_day": expires_day, "points": left}
            for (expires_day, issuer), left in sorted(points.items())
            if left
        ]


async def _clearing(chain: ScenarioChain, parties: Parties) -> Report:
    positions = await _read_each(chain, "positionOf", [(number,) for number in parties.partners.values()])
    return {
        partner_id: {line: position[line] for line in LINES}
        for partner_id, position in zip(parties.partners, positions, strict=True)
    }


async def _campaigns(chain: ScenarioChain, parties: Parties) -> Report:
    views = await _read_each(chain, "campaignOf", [(number,) for number in parties.campaigns.values()])
    return {
        campaign_id: {"awarded_points": view["spentPoints"], "refused": view["refused"]}
        for campaign_id, view in zip(parties.campaigns, views, strict=True)
    }


async def _cycle(chain: ScenarioChain, parties: Parties, cycle: int, event: CloseCycle) -> Report:
    numbers = [(cycle, number) for number in parties.partners.values()]
    statements = await _read_each(chain, "statementOf", numbers)
    event_id: EventId = event.id
    return {
        "id": event_id,
        "day": event.day,
        "statements": {
            partner_id: {
                **{line: statement[line] for line in LINES},
                "carried_in": statement["carriedIn"],
                "payable_minor": statement["payableMinor"],
                "carried_out": statement["carriedOut"],
            }
            for partner_id, statement in zip(parties.partners, statements, strict=True)
        },
    }
