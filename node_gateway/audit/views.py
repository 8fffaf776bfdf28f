"""The rebuilt ledger against the chain's own views, all read at one block."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from node_gateway.audit.accounts import Account
from node_gateway.audit.clearing import LINES, net_micro
from node_gateway.audit.differences import Difference, Key, Witness, difference
from node_gateway.audit.ledger import RebuiltLedger
from node_gateway.chain.abi import decode_result, encode_call
from node_gateway.chain.artifacts import ledger_abi
from node_gateway.chain.hexadecimal import data_of, quantity, text_of
from node_gateway.chain.rpc import Call, Rpc
from node_gateway.chain.rpc_errors import RpcError

MEMBERS_AT_ONCE = 50


class LedgerViews:
    """Views of one ledger at one block."""

    def __init__(self, rpc: Rpc, ledger: str, block_number: int) -> None:
        self._rpc = rpc
        self._ledger = ledger
        self._block = quantity(block_number)

    async def read(self, function: str, *arguments: Any) -> Any:
        """One view."""
        return (await self.read_each(function, [arguments]))[0]

    async def read_each(self, function: str, arguments: Iterable[Sequence[Any]]) -> list[Any]:
        """One view with several arguments, in one request.

        Raises:
            RpcError: the node refuses, as one does that no longer has the state of that block.
        """
        calls = [
            {"to": self._ledger, "data": text_of(encode_call(ledger_abi(), function, one))}
            for one in arguments
        ]
        answers = await self._rpc.batch(Call("eth_call", (call, self._block)) for call in calls)
        for answer in answers:
            if isinstance(answer, RpcError):
                raise answer
        return [decode_result(ledger_abi(), function, data_of(answer)) for answer in answers]


async def compare_views(
    ledger: RebuiltLedger, views: LedgerViews, members: Sequence[bytes]
) -> AsyncIterator[Difference]:
    """What the chain's views say otherwise.

    Args:
        ledger: rebuilt up to the views' block.
        views: at that block.
        members: whose accounts are compared; positions, totals, statements and campaigns always are.
    """
    for found in (_totals, _positions, _campaigns, _statements, _partners):
        async for one in found(ledger, views):
            yield one
    today = await views.read("today")
    for start in range(0, len(members), MEMBERS_AT_ONCE):
        async for one in _members(ledger, views, members[start : start + MEMBERS_AT_ONCE], today):
            yield one


def _differing(table: str, key: Key, rebuilt: Mapping[str, Any], seen: Mapping[str, Any]) -> list[Difference]:
    return [
        difference(Witness.VIEWS, table, key, column, chain=value, found=seen[column])
        for column, value in rebuilt.items()
        if seen[column] != value
    ]


async def _totals(ledger: RebuiltLedger, views: LedgerViews) -> AsyncIterator[Difference]:
    totals = ledger.totals()
    for one in _differing("totals", (1,), totals, await views.read("totals")):
        yield one
    supply = await views.read("totalSupply")
    for one in _differing("totals", (1,), {"supply": totals["outstanding"]}, {"supply": supply}):
        yield one
    cycle = await views.read("currentCycle")
    for one in _differing("program", (1,), {"current_cycle": ledger.running_cycle}, {"current_cycle": cycle}):
        yield one


async def _positions(ledger: RebuiltLedger, views: LedgerViews) -> AsyncIterator[Difference]:
    partners = list(ledger.positions)
    seen = await views.read_each("positionOf", [(partner,) for partner in partners])
    for partner, position in zip(partners, seen, strict=True):
        amounts = ledger.positions[partner].lines_micro
        lines = {line.value: amount for line, amount in amounts.items()} | {"net": net_micro(amounts)}
        for one in _differing("positions", (partner,), lines, position):
            yield one
    nets = {"operator_net": sum(net_micro(position.lines_micro) for position in ledger.positions.values())}
    for one in _differing("positions", (0,), nets, {"operator_net": await views.read("operatorNet")}):
        yield one


async def _campaigns(ledger: RebuiltLedger, views: LedgerViews) -> AsyncIterator[Difference]:
    numbers = list(ledger.campaigns)
    seen = await views.read_each("campaignOf", [(number,) for number in numbers])
    for number, view in zip(numbers, seen, strict=True):
        campaign = ledger.campaigns[number]
        rebuilt = {
            "spentPoints": campaign.spent_points,
            "refused": campaign.refused,
            "budgetPoints": campaign.budget_points,
            "opensDay": campaign.opens_day,
            "termsHash": campaign.terms_hash,
        }
        for one in _differing("campaigns", (number,), rebuilt, view):
            yield one


async def _statements(ledger: RebuiltLedger, views: LedgerViews) -> AsyncIterator[Difference]:
    keys = list(ledger.issued_statements)
    for key, view in zip(keys, await views.read_each("statementOf", keys), strict=True):
        statement = ledger.statements[key]
        rebuilt = {
            **{line.value: statement.lines_micro[line] for line in LINES},
            "net": statement.net_micro,
            "carriedIn": statement.carried_in_micro,
            "payableMinor": statement.payable_minor,
            "carriedOut": statement.carried_out_micro,
        }
        for one in _differing("statements", key, rebuilt, view):
            yield one


async def _partners(ledger: RebuiltLedger, views: LedgerViews) -> AsyncIterator[Difference]:
    numbers = list(ledger.registry.partners)
    seen = await views.read_each("partnerOf", [(number,) for number in numbers])
    for number, view in zip(numbers, seen, strict=True):
        partner = ledger.registry.partners[number]
        rebuilt = {
            "name": partner.name,
            "key": partner.key,
            "suspended": partner.is_suspended,
            "version": partner.version,
            "terms": partner.terms,
        }
        for one in _differing("partners", (number,), rebuilt, view):
            yield one


async def _members(
    ledger: RebuiltLedger, views: LedgerViews, members: Sequence[bytes], today: int
) -> AsyncIterator[Difference]:
    arguments = [(member,) for member in members]
    accounts = await views.read_each("accountOf", arguments)
    lots = await views.read_each("lotsOf", arguments)
    holds = await views.read_each("holdsOf", arguments)
    debts = await views.read_each("debtsOf", arguments)
    registered = await views.read_each("memberOf", arguments)
    for n, member in enumerate(members):
        account = ledger.account(member)
        found = [
            *_differing("members", (member,), _as_touched(account, today), accounts[n]),
            *_differing("members", (member,), _as_registered(ledger, member), registered[n]),
            *_differing(
                "lots", (member,), {"open": _open_lots(account)}, {"open": [_lot(lot) for lot in lots[n]]}
            ),
            *_differing(
                "holds",
                (member,),
                {"pending": _holds(account)},
                {"pending": sorted(_hold(one) for one in holds[n])},
            ),
            *_differing(
                "debts",
                (member,),
                {"owed": owed(ledger, account)},
                {"owed": [_debt(one) for one in debts[n]]},
            ),
        ]
        for one in found:
            yield one
    async for one in _progress(ledger, views, members):
        yield one


async def _progress(
    ledger: RebuiltLedger, views: LedgerViews, members: Sequence[bytes]
) -> AsyncIterator[Difference]:
    keys = [
        (number, member)
        for number, campaign in ledger.campaigns.items()
        for member in members
        if member in campaign.progress
    ]
    for (number, member), view in zip(keys, await views.read_each("progressOf", keys), strict=True):
        campaign = ledger.campaigns[number]
        progress = campaign.progress[member]
        rebuilt = {
            "spendByPartner": [progress.spend_minor[partner] for partner in campaign.partners],
            "visits": progress.visits,
            "awardedStages": sum(1 << stage for stage in progress.awards),
        }
        for one in _differing(
            "progress", (number, member), rebuilt, {**view, "spendByPartner": list(view["spendByPartner"])}
        ):
            yield one


def _as_touched(account: Account, today: int) -> dict[str, Any]:
    touched = copy.deepcopy(account)
    touched.touch(today)
    return {
        "posted": account.balance,
        "available": touched.available,
        "held": touched.held,
        "debt": touched.debt,
        "lotCount": len(account.lots),
    }


def _as_registered(ledger: RebuiltLedger, address: bytes) -> dict[str, Any]:
    member = ledger.registry.member(address)
    return {
        "nextNonce": ledger.account(address).highest_nonce + 1,
        "nonceWindow": ledger.account(address).nonce_window,
        "keyCount": len(member.keys),
        "locked": member.is_locked,
        "freezeReason": member.freeze_reason,
        "allowancePerDay": member.allowance_points_per_day,
    }


def _open_lots(account: Account) -> list[tuple[int, int, int, int]]:
    lots = (account.lots[index] for _, index in account.order)
    return [(lot.index, lot.terms, lot.expires_day, lot.left) for lot in lots]


def _lot(view: Mapping[str, Any]) -> tuple[int, int, int, int]:
    return view["index"], view["terms"], view["expiresDay"], view["points"]


def _holds(account: Account) -> list[tuple[int, int, int, int]]:
    holds = [account.holds[nonce] for _, nonce in account.pending]
    return sorted((hold.expires_day, hold.nonce, hold.partner, hold.points) for hold in holds)


def _hold(view: Mapping[str, Any]) -> tuple[int, int, int, int]:
    return view["expiresDay"], view["nonce"], view["partner"], view["points"]


def owed(ledger: RebuiltLedger, account: Account) -> list[tuple[int, int]]:
    """(terms, points) of the debts, oldest first; debts of the same terms in a row as one, but for those of awards."""
    entries: list[tuple[int, int]] = []
    for debt in account.debts:
        is_award = (
            debt.lot.terms in ledger.registry.terms
            and ledger.registry.terms[debt.lot.terms].kind == "campaign"
        )
        if entries and entries[-1][0] == debt.lot.terms and not is_award:
            entries[-1] = (debt.lot.terms, entries[-1][1] + debt.points)
        else:
            entries.append((debt.lot.terms, debt.points))
    return entries


def _debt(view: Mapping[str, Any]) -> tuple[int, int]:
    return view["terms"], view["points"]
