"""Sets a scenario's program up on a chain: contracts, partners, terms, members, campaigns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from node_gateway.chain import node
from node_gateway.chain.account import Account
from node_gateway.chain.artifacts import load_artifact
from node_gateway.chain.deploy import ACCESS_MANAGER, ProgramParameters, deploy
from node_gateway.chain.hexadecimal import data_of
from node_gateway.chain.roles import Role
from node_gateway.chain.rpc import Call, Rpc
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.chain.transactions import Signer
from node_gateway.simulation.ledger_days import SET_UP_DAY, chain_day
from node_gateway.simulation.packing import NO_DEADLINE_S, SUBMISSION_OPERATIONS_MAX
from node_gateway.simulation.parties import ATTESTER, Parties
from node_gateway.simulation.scenario import OPERATOR, Campaign, Partner, PartnerId, Scenario
from node_gateway.simulation.scenario_chain import ScenarioChain
from partner_sdk import protocol
from partner_sdk.protocol import SignedSubmission

CAMPAIGN_DAY_MAX = protocol.DAY_MAX - 1
UINT16_MAX = 2**16 - 1
UINT32_MAX = 2**32 - 1
BALANCE_WEI = 10**24

Progress = Callable[[str], None]


class Prices(NamedTuple):
    """What a partner's terms say, in the scenario's units."""

    issue_price: int
    redeem_price: int
    earn_points_per_100_minor: int


async def set_up(rpc: Rpc, scenario: Scenario, parties: Parties, progress: Progress) -> ScenarioChain:
    """Deploys the contracts and brings everyone in the file onto the ledger, on the day before the scenario's day 0.

    Raises:
        ContractMissingError: where the contracts were not generated.
        TransactionFailedError: where the ledger refuses the program.
        TransactionRevertedError: where it refuses a party or a campaign.
        RpcError: where the chain fails.
    """
    administrator, relay = Signer(parties.administrator_secret), Signer(parties.relay_secret)
    await _fund(rpc, administrator, relay)
    account = Account(rpc, administrator, chain_id=await node.chain_id(rpc))
    deployment = await deploy(account, _parameters(scenario, parties), progress=progress)
    chain = ScenarioChain(rpc, deployment, administrator=administrator, relay=relay)
    progress(f"admitting {len(scenario.partners)} partners")
    for partner in scenario.partners:
        _admit_partner(chain, partner, parties)
    _appoint_attester(chain, parties, access_manager=data_of(deployment.access_manager))
    progress(f"enrolling {len(scenario.members)} members")
    chain.add_batches(_enrolments(chain, parties))
    progress(f"opening {len(scenario.campaigns)} campaigns")
    for campaign in scenario.campaigns:
        _open_campaign(chain, campaign, parties)
    events = await chain.mine()
    enrolled = sum(event.name == "MemberEnrolled" for event in events)
    assert enrolled == len(scenario.members), f"{enrolled} of {len(scenario.members)} members were enrolled"
    return chain


def record_terms(
    chain: ScenarioChain,
    parties: Parties,
    partner_id: PartnerId,
    *,
    version: int,
    prices: Prices,
    effective_day: int,
) -> None:
    """New terms of a partner, signed by the partner and by the operator, in the next block."""
    terms = protocol.PartnerTerms(
        partner=parties.partners[partner_id],
        version=version,
        issue_price_micro=prices.issue_price,
        redeem_price_micro=prices.redeem_price,
        earn_points_per_100_minor=prices.earn_points_per_100_minor,
        effective_day=effective_day,
    )
    digest = terms.digest(chain.domain)
    signatures = [
        parties.keys[parties.submitter_of(partner_id)].sign(digest),
        parties.operator_key.sign(digest),
    ]
    fields = (
        terms.partner, terms.version, terms.issue_price_micro, terms.redeem_price_micro,
        terms.earn_points_per_100_minor, terms.effective_day,
    )  # fmt: skip
    chain.add_act("recordTerms", fields, signatures)


def _parameters(scenario: Scenario, parties: Parties) -> ProgramParameters:
    program = scenario.program
    return ProgramParameters(
        name="Scenario",
        symbol="PTS",
        operator_key=parties.operator_key.address,
        # The contract keeps three letters; the report names no currency.
        currency="XXX",
        currency_decimals=program.currency_decimals,
        lot_validity_days=program.lot_validity_days,
        return_window_days=program.return_window_days,
        late_posting_days=program.late_posting_days,
        first_key_delay_s=0,
    )


async def _fund(rpc: Rpc, *signers: Signer) -> None:
    calls = [Call("anvil_setBalance", (signer.address_text, hex(BALANCE_WEI))) for signer in signers]
    for answer in await rpc.batch(calls):
        if isinstance(answer, RpcError):
            raise answer


def _admit_partner(chain: ScenarioChain, partner: Partner, parties: Parties) -> None:
    number = parties.partners[partner.id]
    key = parties.keys[parties.submitter_of(partner.id)]
    chain.add_act("admitPartner", number, f"Partner {number}", key.address)
    prices = Prices(partner.issue_price, partner.redeem_price, partner.earn_points_per_100_minor)
    record_terms(chain, parties, partner.id, version=1, prices=prices, effective_day=SET_UP_DAY)


def _appoint_attester(chain: ScenarioChain, parties: Parties, *, access_manager: bytes) -> None:
    attester = parties.keys[ATTESTER].address
    chain.add_act("setAttester", ATTESTER.slot, attester, NO_DEADLINE_S)
    abi = load_artifact(ACCESS_MANAGER).abi
    chain.add_act_on(access_manager, abi, "grantRole", int(Role.ATTESTER), attester, 0)


def _enrolments(chain: ScenarioChain, parties: Parties) -> Iterator[SignedSubmission]:
    enrolments = [
        # Numbered from the top, so that they and the events' numbers never meet.
        protocol.Enrol(protocol.SEQUENCE_MAX - n, member, key.address, protocol.KeyKind.SECP256K1)
        for n, (member, key) in enumerate(parties.member_keys.items())
    ]
    for start in range(0, len(enrolments), SUBMISSION_OPERATIONS_MAX):
        yield SignedSubmission.sign(
            enrolments[start : start + SUBMISSION_OPERATIONS_MAX],
            submitter=ATTESTER,
            deadline_s=NO_DEADLINE_S,
            domain=chain.domain,
            key=parties.keys[ATTESTER],
        )


def _open_campaign(chain: ScenarioChain, campaign: Campaign, parties: Parties) -> None:
    """Signed by every funder. Numbers that are wider than their fields become the greatest of the field."""
    funders = [
        protocol.Funder(
            partner=protocol.OPERATOR if funder == OPERATOR else parties.partners[funder], share_bps=share_bps
        )
        for funder, share_bps in campaign.funding.items()
    ]
    terms = protocol.CampaignTerms(
        campaign=parties.campaigns[campaign.id],
        name=f"Campaign {parties.campaigns[campaign.id]}",
        partners=tuple(parties.partners[partner_id] for partner_id in campaign.partners),
        opens_day=min(chain_day(campaign.opens_day), CAMPAIGN_DAY_MAX),
        closes_day=min(chain_day(campaign.closes_day), CAMPAIGN_DAY_MAX),
        budget_points=campaign.budget_points,
        price_micro=campaign.campaign_price,
        stages=tuple(
            protocol.Stage(
                bonus_points=stage.bonus_points,
                partners_required=min(stage.partners_required, UINT16_MAX),
                min_spend_each_minor=stage.min_spend_each,
                min_spend_total_minor=stage.min_spend_total,
                min_visits=min(stage.min_visits, UINT32_MAX),
            )
            for stage in campaign.stages
        ),
        funders=tuple(funders),
    )
    digest = terms.digest(chain.domain)
    signatures = [parties.keys[protocol.Submitter.of(funder.partner)].sign(digest) for funder in funders]
    chain.add_act("openCampaign", _campaign_fields(terms), signatures)


def _campaign_fields(terms: protocol.CampaignTerms) -> tuple[object, ...]:
    stages = [
        (s.bonus_points, s.partners_required, s.min_spend_each_minor, s.min_spend_total_minor, s.min_visits)
        for s in terms.stages
    ]
    funders = [(funder.partner, funder.share_bps) for funder in terms.funders]
    return (
        terms.campaign, terms.name, list(terms.partners), terms.opens_day, terms.closes_day,
        terms.budget_points, terms.price_micro, stages, funders,
    )  # fmt: skip
