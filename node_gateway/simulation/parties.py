"""Who takes part in a scenario's run: numbers, addresses and keys, derived from places in the file.

The chain that they are for lives as long as the run, so that its keys are no secrets, and the same file gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from node_gateway.simulation.scenario import MemberId, PartnerId, Scenario
from partner_sdk import protocol
from partner_sdk.protocol import SigningKey, Submitter, keccak256

ATTESTER = Submitter.of(protocol.OPERATOR, 1)
OPERATOR_POINTS = Submitter.of(protocol.OPERATOR, 0)


@dataclass(frozen=True)
class Parties:
    """Numbers of partners and campaigns count from 1 in the order of the file; `keys` holds each submitter's.

    Attributes:
        partners: the partners' numbers; partner n of the file is n + 1.
        members: the members' addresses.
        campaigns: the campaigns' numbers.
        keys: the key of each submitter: partners, the operator's points key, the attester.
        member_keys: the key of each member.
        administrator_secret: of the account that deploys and governs.
        relay_secret: of the account that sends the batches.
    """

    partners: dict[PartnerId, protocol.PartnerId]
    members: dict[MemberId, protocol.MemberId]
    campaigns: dict[str, protocol.CampaignId]
    keys: dict[Submitter, SigningKey]
    member_keys: dict[protocol.MemberId, SigningKey]
    administrator_secret: bytes
    relay_secret: bytes

    def submitter_of(self, partner_id: PartnerId) -> Submitter:
        """The partner's own key's slot."""
        return Submitter.of(self.partners[partner_id])

    @property
    def operator_key(self) -> SigningKey:
        """The operator's points key."""
        return self.keys[OPERATOR_POINTS]


def parties_of(scenario: Scenario) -> Parties:
    """Gives everyone in the file a number or an address, and a key."""
    partners = {partner.id: protocol.PartnerId(n) for n, partner in enumerate(scenario.partners, start=1)}
    members = {
        member_id: protocol.MemberId(_secret("member's address", n)[:20])
        for n, member_id in enumerate(scenario.members)
    }
    keys = {Submitter.of(number): SigningKey(_secret("partner", number)) for number in partners.values()}
    keys[OPERATOR_POINTS] = SigningKey(_secret("operator", 0))
    keys[ATTESTER] = SigningKey(_secret("attester", 0))
    return Parties(
        partners=partners,
        members=members,
        campaigns={
            campaign.id: protocol.CampaignId(n) for n, campaign in enumerate(scenario.campaigns, start=1)
        },
        keys=keys,
        member_keys={address: SigningKey(_secret("member", n)) for n, address in enumerate(members.values())},
        administrator_secret=_secret("administrator", 0),
        relay_secret=_secret("relay", 0),
    )


def _secret(role: str, number: int) -> bytes:
    return keccak256(f"scenario {role} {number}".encode())
