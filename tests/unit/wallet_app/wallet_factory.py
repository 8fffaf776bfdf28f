"""Makes wallets for tests: a fake ledger, an injected clock, members with keys."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI

from partner_sdk.protocol import SigningKey
from tests.unit.wallet_app.fake_gateway import NOON_S, TODAY, FakeGateway, FakeTillGateway
from wallet_app.app import create_app
from wallet_app.config import WalletSettings
from wallet_app.gateway import (
    CampaignId,
    CampaignProgress,
    Hold,
    LineKind,
    Lot,
    MemberId,
    PartnerId,
    StageProgress,
)
from wallet_app.sign_in_links import member_link, till_link
from wallet_app.wallet import Till


@dataclass
class FixedClock:
    """A clock that tests move by hand."""

    seconds: int = NOON_S

    def now_s(self) -> int:
        return self.seconds


@dataclass
class WalletUnderTest:
    """An app over a fake ledger."""

    settings: WalletSettings
    ledger: FakeGateway
    clock: FixedClock
    keys_file: Path
    keys: dict[str, str] = field(default_factory=dict)

    def app(self) -> FastAPI:
        tills = {
            name: Till(name=name, partner=partner, gateway=FakeTillGateway(self.ledger, partner))
            for partner, name in self.ledger.partners.items()
        }
        return create_app(self.settings, gateway=self.ledger, tills=tills, clock=self.clock)

    def member(self, *, points: int = 0, has_key: bool = True) -> MemberId:
        """A member with one lot, whose development key the wallet holds."""
        member = MemberId("0x" + secrets.token_hex(20))
        if has_key:
            key = SigningKey.generate()
            self.ledger.members[member].keys.add(key.address.text)
            self.keys[member] = key.secret.hex()
            self.keys_file.write_text(json.dumps(self.keys))
        if points:
            self.ledger.purchase(member, partner=1, spend_minor=points * 100, points=points)
        return member

    def link(self, member: MemberId) -> str:
        """Path of a sign-in link."""
        return member_link(self.settings, member, now_s=self.clock.now_s()).removeprefix(
            self.settings.public_origin
        )

    def till_link(self, name: str) -> str:
        return till_link(self.settings, name, now_s=self.clock.now_s()).removeprefix(
            self.settings.public_origin
        )


def make_wallet(
    directory: Path, *, public_origin: str = "http://localhost", **settings: object
) -> WalletUnderTest:
    """A wallet whose files live in `directory`."""
    keys_file = directory / "member_keys.json"
    return WalletUnderTest(
        settings=WalletSettings(
            state_dir=directory,
            public_origin=public_origin,
            development_sign_in=True,
            development_keys_file=keys_file,
            **settings,  # type: ignore[arg-type]
        ),
        ledger=FakeGateway(),
        clock=FixedClock(),
        keys_file=keys_file,
    )


def furnish(wallet: WalletUnderTest, member: MemberId) -> None:
    """Gives a member a bit of everything that the home page can show."""
    ledger = wallet.ledger
    known = ledger.members[member]
    ledger.now_s = NOON_S - 2 * 86_400
    ledger.purchase(member, partner=2, spend_minor=4_290, points=43)
    ledger.add_line(member, LineKind.BONUS, 250, campaign=CampaignId(1))
    ledger.now_s = NOON_S - 86_400
    ledger.add_line(member, LineKind.REDEMPTION, -300, partner=PartnerId(3))
    ledger.add_line(member, LineKind.TRANSFER_RECEIVED, 120, other_member=MemberId("0x" + "5c" * 20))
    ledger.now_s = NOON_S
    ledger.purchase(member, partner=1, spend_minor=12_780, points=128)
    known.lots += [Lot(TODAY + 6, 180, "1"), Lot(TODAY + 40, 95, "2"), Lot(TODAY + 200, 2_400, "1")]
    known.holds.append(Hold(partner=PartnerId(3), points=150, expires_day=TODAY + 3))
    known.debt = 40
    ledger.progress = (
        CampaignProgress(
            campaign=CampaignId(1),
            name="Three shops in a week",
            partners=(PartnerId(1), PartnerId(2), PartnerId(3)),
            opens_day=TODAY - 3,
            closes_day=TODAY + 4,
            budget_left_points=90_000,
            stages=(
                StageProgress(
                    bonus_points=250,
                    is_awarded=True,
                    partners_required=1,
                    partners_done=1,
                    min_spend_each_minor=1_000,
                ),
                StageProgress(
                    bonus_points=500,
                    is_awarded=False,
                    partners_required=3,
                    partners_done=2,
                    min_spend_each_minor=1_000,
                ),
            ),
        ),
        CampaignProgress(
            campaign=CampaignId(2),
            name="Spring spend",
            partners=(PartnerId(1), PartnerId(3)),
            opens_day=TODAY - 10,
            closes_day=TODAY + 21,
            budget_left_points=40_000,
            stages=(
                StageProgress(
                    bonus_points=1_000, is_awarded=False, min_spend_total_minor=50_000, spend_minor=31_245
                ),
            ),
        ),
    )
