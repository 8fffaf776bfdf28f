"""Where a run can be looked at: the API, the wallet, and the page of a member with a lively account."""

import time
from collections import Counter
from collections.abc import Sequence

from node_gateway.cli.stack import Stack
from replay.departments import REPLAY_PARTNERS
from replay.members import Members, ReplayMember
from replay.plan import DayPlan, PlannedRedemption
from wallet_app.config import WalletSettings
from wallet_app.gateway import MemberId as WalletMemberId
from wallet_app.sign_in_links import member_link, till_link


def lively_members(days: Sequence[DayPlan], members: Members, count: int) -> list[ReplayMember]:
    """Members who both earned and redeemed, those with most redemptions and then most operations first."""
    operations: Counter[int] = Counter()
    redemptions: Counter[int] = Counter()
    for day in days:
        for operation in day.operations:
            operations[operation.household] += 1
            redemptions[operation.household] += isinstance(operation, PlannedRedemption)
    ranked = sorted(
        operations, key=lambda household: (-min(redemptions[household], 3), -operations[household])
    )
    return [members[household] for household in ranked[:count]]


def wallet_link(started: Stack, member: ReplayMember) -> str:
    """A signed link that opens the member's page."""
    settings = WalletSettings(state_dir=started.state.root, public_origin=started.options.wallet_url)
    return member_link(settings, WalletMemberId(member.member.text), now_s=int(time.time()))


def addresses_of(started: Stack, lively: Sequence[ReplayMember]) -> dict[str, str]:
    """All addresses to open, by what they show."""
    found = {"member": wallet_link(started, lively[0])} if lively else {}
    options = started.options
    settings = WalletSettings(state_dir=started.state.root, public_origin=options.wallet_url)
    found["till"] = till_link(settings, REPLAY_PARTNERS[0].name, now_s=int(time.time()))
    return found | {
        "wallet": options.wallet_url,
        "gateway": f"{options.api_url}/docs",
        "chain": options.rpc_url,
        "logs": str(started.state.logs),
    }
