"""All that the home page shows, from one look at the gateway."""

from dataclasses import dataclass

from wallet_app.formatting import Formatter
from wallet_app.gateway import Account, CampaignProgress, HistoryPage, PartnerId
from wallet_app.presentation.account_card import AccountCard, ExpiringDay, account_card, expiring_days
from wallet_app.presentation.activity import ActivityDay, Names, activity_days
from wallet_app.presentation.campaign_cards import CampaignCard, campaign_cards

CAMPAIGNS_SHOWN = 3


@dataclass(frozen=True)
class MemberFacts:
    """What the gateway said about a member, at about one moment."""

    account: Account
    history: HistoryPage
    campaigns: tuple[CampaignProgress, ...]
    partners: dict[PartnerId, str]

    @property
    def names(self) -> Names:
        return Names(
            partners=self.partners,
            campaigns={campaign.campaign: campaign.name for campaign in self.campaigns},
        )


@dataclass(frozen=True)
class HomeScreen:
    card: AccountCard
    expiring: tuple[ExpiringDay, ...]
    campaigns: tuple[CampaignCard, ...]
    days: tuple[ActivityDay, ...]


def home_screen(facts: MemberFacts, formatter: Formatter) -> HomeScreen:
    """The home page of a member in one language."""
    return HomeScreen(
        card=account_card(facts.account, partners=facts.partners, formatter=formatter),
        expiring=expiring_days(facts.account, formatter=formatter),
        campaigns=campaign_cards(facts.campaigns, partners=facts.partners, formatter=formatter)[
            :CAMPAIGNS_SHOWN
        ],
        days=activity_days(facts.history.lines, names=facts.names, formatter=formatter),
    )
