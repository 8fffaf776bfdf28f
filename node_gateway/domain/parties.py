"""Who is calling: the holder of an API key, and what it may see."""

from dataclasses import dataclass

from node_gateway.domain.states import PartyKind
from partner_sdk.protocol.identities import OPERATOR, PartnerId, Submitter


@dataclass(frozen=True, slots=True)
class Party:
    """The holder of an API key. `partner` is set for kind `partner` and for no other."""

    kind: PartyKind
    partner: PartnerId | None = None

    def __post_init__(self) -> None:
        assert (self.kind is PartyKind.PARTNER) == (self.partner is not None), self

    @property
    def text(self) -> str:
        """`partner:3`, `wallet` or `operator`: names the party in tables and logs."""
        return self.kind.value if self.partner is None else f"{self.kind.value}:{self.partner}"

    def may_submit_as(self, submitter: Submitter) -> bool:
        """A partner submits with its own keys, the wallet as an attester, the operator with its points key and as an attester."""
        if self.kind is PartyKind.PARTNER:
            return submitter.partner == self.partner
        if self.kind is PartyKind.WALLET:
            return submitter.partner == OPERATOR and submitter.slot > 0
        return submitter.partner == OPERATOR

    def may_see_partner(self, partner: int) -> bool:
        """Whether what belongs to this partner alone is shown."""
        if self.kind is PartyKind.PARTNER:
            return partner == self.partner
        return self.kind is PartyKind.OPERATOR

    @property
    def sees_whole_members(self) -> bool:
        """Lots, holds, history and progress of members, whoever issued them."""
        return self.kind is not PartyKind.PARTNER
