"""What a scenario must fit into besides its format: bounds of the contracts that the ledger rules do not state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from node_gateway.simulation.ledger_days import FIRST_DAY
from node_gateway.simulation.problems import Problem
from node_gateway.simulation.scenario import OPERATOR, Scenario

VALIDITY_DAYS_MAX: Final = 500_000
PARTNERS_MAX: Final = 4096
CAMPAIGN_PARTNERS_MAX: Final = 64
CAMPAIGN_STAGES_MAX: Final = 16
CAMPAIGNS_OF_A_PARTNER_MAX: Final = 32
# The chain counts days in 20 bits, of which the last stands for "none".
EXPIRY_DAY_MAX: Final = 2**20 - 2 - FIRST_DAY


def problems_of_size(scenario: Scenario) -> Iterator[Problem]:
    """What the contracts cannot hold."""
    validity = scenario.program.lot_validity_days
    if validity > VALIDITY_DAYS_MAX:
        yield Problem("program.lot_validity_days", f"the ledger holds at most {VALIDITY_DAYS_MAX}")
    elif scenario.as_of_day + validity > EXPIRY_DAY_MAX:
        yield Problem(
            "as_of_day", f"with lot_validity_days it is past the ledger's last day {EXPIRY_DAY_MAX}"
        )
    if len(scenario.partners) > PARTNERS_MAX:
        yield Problem("partners", f"the ledger holds at most {PARTNERS_MAX}")
    campaigns_of: Counter[str] = Counter()
    for index, campaign in enumerate(scenario.campaigns):
        place = f"campaigns[{index}]"
        if len(campaign.partners) > CAMPAIGN_PARTNERS_MAX:
            yield Problem(f"{place}.partners", f"the ledger holds at most {CAMPAIGN_PARTNERS_MAX}")
        if len(campaign.stages) > CAMPAIGN_STAGES_MAX:
            yield Problem(f"{place}.stages", f"the ledger holds at most {CAMPAIGN_STAGES_MAX}")
        for partner_id in campaign.partners:
            assert partner_id != OPERATOR
            campaigns_of[partner_id] += 1
            if campaigns_of[partner_id] == CAMPAIGNS_OF_A_PARTNER_MAX + 1:
                message = f"the ledger holds at most {CAMPAIGNS_OF_A_PARTNER_MAX} campaigns of {partner_id!r} at once"
                yield Problem(place, message)
