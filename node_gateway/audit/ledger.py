"""The ledger as the audit rebuilds it: every table that follows from the chain's events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from node_gateway.audit.accounts import Account, Lot, Piece, Touched
from node_gateway.audit.campaigns import Campaign
from node_gateway.audit.clearing import Line, Position, Statement, shares
from node_gateway.audit.differences import Difference, Witness, difference
from node_gateway.audit.registry import OPERATOR_TERMS, IssuerKind, Registry, Terms
from node_gateway.audit.side_effects import SideEffects


@dataclass(frozen=True, slots=True)
class ProgramRules:
    """The program's terms that the rules need."""

    currency_decimals: int
    lot_validity_days: int
    return_window_days: int
    late_posting_days: int
    day_offset_s: int


class OperationOutcome(NamedTuple):
    """What became of an operation, and the event that says so."""

    kind: int
    member: bytes | None
    counterparty: bytes | None
    status: str
    reason: str | None
    block_number: int
    log_index: int


class Moment(NamedTuple):
    """The block that is being rebuilt."""

    block_number: int
    day: int


@dataclass
class RebuiltLedger:
    """State after the blocks rebuilt so far, and what did not agree on the way."""

    rules: ProgramRules
    registry: Registry = field(default_factory=Registry)
    accounts: dict[bytes, Account] = field(default_factory=dict)
    campaigns: dict[int, Campaign] = field(default_factory=dict)
    positions: dict[int, Position] = field(default_factory=dict)
    cycles: dict[int, Moment] = field(default_factory=dict)
    statements: dict[tuple[int, int], Statement] = field(default_factory=dict)
    issued_statements: dict[tuple[int, int], int] = field(default_factory=dict)
    operations: dict[int, OperationOutcome] = field(default_factory=dict)
    event_names: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    running_cycle: int = 1
    next_block: int = 0
    moment: Moment = field(default_factory=lambda: Moment(0, 0))
    effects: SideEffects = field(default_factory=lambda: SideEffects(""))
    _campaigns_by_partner: dict[int, list[Campaign]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.registry.terms[OPERATOR_TERMS] = Terms(IssuerKind.OPERATOR, 0, 0)

    def account(self, member: bytes) -> Account:
        """The member's account, begun where there is none."""
        account = self.accounts.get(member)
        if account is None:
            account = self.accounts[member] = Account()
        return account

    def touched_account(self, member: bytes) -> Account:
        """The member's account, brought to today as an operation does before it changes it."""
        account = self.account(member)
        self.touch(member, self.moment.day)
        return account

    def touch(self, member: bytes, day: int) -> None:
        """Brings an account to a day, with all that follows from it."""
        touched = self.account(member).touch(day)
        if touched.ended_holds or touched.expired_points or touched.recovered:
            self.effects.expect_touch(member, touched)
            self.credit(touched.recovered)

    def repay(self, member: bytes) -> None:
        """Repays debt from what an operation added."""
        account = self.account(member)
        if not account.debts:
            return
        touched = Touched(recovered=account.repay_debt())
        self.effects.expect_repaid(member, touched)
        self.credit(touched.recovered)

    def credit(self, recovered: list[Piece]) -> None:
        """Recovered points go back to the lot's issuer, those of a bonus to its funders and to the campaign's budget."""
        for lot, points in recovered:
            terms = self.registry.terms[lot.terms]
            if terms.kind is IssuerKind.CAMPAIGN:
                campaign = self.campaigns[terms.issuer]
                campaign.spent_points -= points
                before = shares(lot.recovered, campaign.shares_bps)
                after = shares(lot.recovered + points, campaign.shares_bps)
                for funder, old, new in zip(campaign.funders, before, after, strict=True):
                    self.post(funder.partner, Line.CREDIT, (new - old) * campaign.price_micro)
            else:
                self.post(terms.issuer, Line.CREDIT, points * terms.issue_price_micro)
            lot.recovered += points

    def post(self, partner: int, line: Line, amount_micro: int) -> None:
        """Moves a line of a partner's position. Partner 0 is the operator, whose shares are billed to nobody."""
        if partner == 0 or amount_micro == 0:
            return
        self.positions[partner].lines_micro[line] += amount_micro
        self.effects.changed_positions.add(partner)

    def campaigns_of(self, partner: int) -> list[Campaign]:
        """Campaigns of a partner in the order in which they were opened."""
        return self._campaigns_by_partner.get(partner, [])

    def add_campaign(self, campaign: Campaign) -> None:
        """Takes a new campaign in."""
        self.campaigns[campaign.number] = campaign
        for partner in campaign.partners:
            self._campaigns_by_partner.setdefault(partner, []).append(campaign)

    def issue(
        self,
        member: bytes,
        index: int,
        *,
        terms: int,
        expires_day: int,
        points: int,
        operation: int | None = None,
    ) -> Lot:
        """Adds a lot to an account. The number is the chain's; that it is the next one is checked."""
        account = self.account(member)
        self.check(len(account.lots), index, "lots", (member, index), "lot")
        lot = Lot(len(account.lots), terms, expires_day, points, points, self.moment.block_number, operation)
        account.add_lot(lot)
        return lot

    def check(
        self, rebuilt: object, found: object, table: str, key: tuple[int | str | bytes, ...], column: str
    ) -> None:
        """Notes where an event says something else than the rules."""
        if rebuilt != found:
            self.differences.append(
                difference(Witness.EVENTS, table, key, column, chain=rebuilt, found=found)
            )

    def totals(self) -> dict[str, int]:
        """Points since the start."""
        accounts = self.accounts.values()
        return {
            "issued": sum(account.issued for account in accounts),
            "burned": sum(account.burned for account in accounts),
            "cancelled": sum(account.cancelled for account in accounts),
            "expired": sum(account.expired for account in accounts),
            "outstanding": sum(account.balance for account in accounts),
        }

    def lots(self) -> Iterator[tuple[bytes, Lot]]:
        """Every lot of every member."""
        for member, account in self.accounts.items():
            for lot in account.lots:
                yield member, lot
