"""Everything a request needs, built once by the composition root."""

from collections import Counter
from dataclasses import dataclass, field

from jinja2 import Environment

from wallet_app.approvals import MemberKeyring
from wallet_app.catalogues import Catalogue
from wallet_app.clock import Clock
from wallet_app.config import WalletSettings
from wallet_app.gateway import MemberGateway, MemberId, PartnerId, TillGateway
from wallet_app.member_facts import MemberFactsReader
from wallet_app.rate_limit import RateLimit
from wallet_app.static_files import StaticFiles
from wallet_app.store.database import Database


@dataclass(frozen=True)
class Till:
    """A till of one partner, with a gateway client that signs for it."""

    name: str
    partner: PartnerId
    gateway: TillGateway


@dataclass(frozen=True)
class Limits:
    """Rate limits, one each for what strangers may try."""

    sign_in: RateLimit
    till_codes: RateLimit
    acts: RateLimit


@dataclass
class OpenStreams:
    """How many event streams are open, in all and of each member."""

    count: int = 0
    by_member: Counter[MemberId] = field(default_factory=Counter)

    def open(self, member: MemberId) -> None:
        self.count += 1
        self.by_member[member] += 1

    def close(self, member: MemberId) -> None:
        self.count -= 1
        self.by_member[member] -= 1
        if not self.by_member[member]:
            del self.by_member[member]


@dataclass(frozen=True)
class Wallet:
    """The parts of the running wallet."""

    settings: WalletSettings
    clock: Clock
    database: Database
    gateway: MemberGateway
    reader: MemberFactsReader
    tills: dict[str, Till]
    keyring: MemberKeyring
    catalogues: dict[str, Catalogue]
    static: StaticFiles
    templates: Environment
    limits: Limits
    streams: OpenStreams
    master_key: bytes
    link_key: bytes
