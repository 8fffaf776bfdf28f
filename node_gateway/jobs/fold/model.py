"""All tables that events fold into, and the open lots of the accounts at hand."""

from bisect import insort
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.nonces import UsedNonces
from node_gateway.domain.states import IssuerKind
from node_gateway.jobs.read_model import Rows
from node_gateway.jobs.rows import Row
from node_gateway.store import schema

MEMBERS_IN_MEMORY_MAX = 300_000
OPERATOR_TERMS: Final = 1
TOTALS_ID: Final = 1
PROGRAM_ID: Final = 1

# What stays in memory from one block to the next: few rows, or rows that nearly every block needs.
_RESIDENT = (
    "partners",
    "delegates",
    "terms",
    "paused_kinds",
    "program",
    "campaigns",
    "campaign_partners",
    "positions",
    "totals",
)
_MEMBERS = "members"
_PASSING = (
    "member_keys", "lots", "holds", "debts", "progress", "progress_spend", "awards", "campaign_stages", "campaign_funders",
    "cycles", "statements", "payments",
)  # fmt: skip
FOLDED_TABLES: Final = (*_RESIDENT, _MEMBERS, *_PASSING)


class ReadModel:
    """The tables as the fold sees them. Any failure to write makes it worthless: build a new one."""

    def __init__(self) -> None:
        self.rows = {name: Rows(schema.metadata.tables[name]) for name in FOLDED_TABLES}
        self.members = self.rows["members"]
        self.lots = self.rows["lots"]
        self.holds = self.rows["holds"]
        self.debts = self.rows["debts"]
        self.terms = self.rows["terms"]
        self.campaigns = self.rows["campaigns"]
        self.progress = self.rows["progress"]
        self.progress_spend = self.rows["progress_spend"]
        self._totals = self.rows["totals"]
        # By member, (expires_day, lot) of each lot with points, in the order in which points are taken. Only of members loaded for it.
        self.open_lots: dict[bytes, list[tuple[int, int]]] = {}
        # By campaign, [first day without, first day with again or None].
        self.pauses: dict[int, list[list[int | None]]] = {}
        self.block_number = 0
        self._campaigns_by_partner: dict[int, list[Row]] | None = None

    @property
    def totals(self) -> Row:
        """The one row, marked as changed in this block."""
        row = self._totals.change(TOTALS_ID)
        row["as_of_block"] = self.block_number
        return row

    @property
    def program(self) -> Row:
        program = self.rows["program"].get(PROGRAM_ID)
        assert program is not None, "the program's row is written before any block is folded"
        return program

    def member(self, member: bytes) -> Row:
        """The member's row, made where there is none, marked as changed in this block."""
        if (member,) not in self.members:
            row = self.members.put(_new_member(member, self.block_number))
            self.open_lots[member] = []
            return row
        row = self.members.change(member)
        row["as_of_block"] = self.block_number
        return row

    def use_nonce(self, member: bytes, nonce: int) -> None:
        """An authorisation of the member was used up."""
        row = self.member(member)
        row["next_nonce"], row["nonce_window"] = UsedNonces(row["next_nonce"], row["nonce_window"]).using(
            nonce
        )

    def issuer_kind(self, terms: int) -> IssuerKind:
        """What kind of issuer the lots of these terms have."""
        row = self.terms.get(terms)
        assert row is not None, f"terms {terms} were never recorded"
        return IssuerKind(row["issuer_kind"])

    def add_open_lot(self, member: bytes, expires_day: int, lot: int) -> None:
        """Note a new lot with points, where the member's lots are at hand."""
        if (lots := self.open_lots.get(member)) is not None:
            insort(lots, (expires_day, lot))

    def campaigns_of(self, partner: int) -> list[Row]:
        """Campaigns with this partner, in the order in which they were created."""
        if self._campaigns_by_partner is None:
            self._campaigns_by_partner = {}
            for entry in sorted(
                self.rows["campaign_partners"].values(), key=lambda row: int(row["campaign"])
            ):
                campaign = self.campaigns.get(entry["campaign"])
                assert campaign is not None
                self._campaigns_by_partner.setdefault(entry["partner"], []).append(campaign)
        return self._campaigns_by_partner.get(partner, [])

    def campaigns_changed(self) -> None:
        """A campaign was opened: the lookup by partner is stale."""
        self._campaigns_by_partner = None

    async def load_resident(self, connection: AsyncConnection) -> None:
        """Read what stays in memory. Once, before the first block."""
        for name in _RESIDENT:
            await self.rows[name].load(connection)
        events = schema.events
        statement = (
            sa.select(events.c.name, events.c.data)
            .where(events.c.name.in_(("CampaignPaused", "CampaignResumed")))
            .order_by(events.c.block_number, events.c.log_index)
        )
        for name, data in (await connection.execute(statement)).all():
            self.note_pause(name, data["campaign"], data["from_day"])

    def note_pause(self, event: str, campaign: int, from_day: int) -> None:
        """A campaign pauses from a day on, or goes on again."""
        pauses = self.pauses.setdefault(campaign, [])
        if event == "CampaignPaused":
            pauses.append([from_day, None])
        else:
            pauses[-1][1] = from_day

    def keep_journal(self, is_kept: bool) -> None:
        """Whether `take_journal` will be asked for the blocks that are folded from here on."""
        for rows in self.rows.values():
            rows.is_journaled = is_kept

    def take_journal(self, mark: str) -> list[dict[str, Any]]:
        """Rows of the undo journal for what this block changed, and one named `mark` that says that there is a journal."""
        taken = ((name, rows.take_journal()) for name, rows in self.rows.items())
        changed = [(mark, "[]"), *((name, text) for name, text in taken if text)]
        return [
            {"block_number": self.block_number, "table_name": name, "rows": text} for name, text in changed
        ]

    async def write(self, connection: AsyncConnection) -> None:
        """Write all that changed."""
        for rows in self.rows.values():
            await rows.write(connection)

    def forget_passing(self) -> None:
        """Between two writes: drop what the next blocks are unlikely to need."""
        for name in _PASSING:
            self.rows[name].forget()
        self.open_lots.clear()
        if len(self.members) > MEMBERS_IN_MEMORY_MAX:
            self.members.forget()


def _new_member(member: bytes, block_number: int) -> Row:
    return {
        "member": member,
        "balance": 0,
        "held": 0,
        "debt": 0,
        "next_lot": 0,
        "soonest_expires_day": None,
        "is_enrolled": False,
        "is_locked": False,
        "freeze_reason": 0,
        # The contract never takes nonce 0.
        "next_nonce": 1,
        "nonce_window": 0,
        "allowance_points_per_day": 0,
        "key_active_from_s": None,
        "recovery_key": None,
        "recovery_kind": None,
        "recovery_due_at_s": None,
        "as_of_block": block_number,
    }
