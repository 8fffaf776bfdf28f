"""Gas an operation as the receipts of a real chain state it: whole transactions, with calldata, cold storage and events."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOT = ROOT / "contracts" / "gas.json"
sys.path.insert(0, str(ROOT))

from node_gateway.chain.engines.anvil import AnvilOptions, anvil_binary, arguments_of  # noqa: E402
from node_gateway.chain.engines.process import free_port, start_process  # noqa: E402
from node_gateway.chain.rpc import HttpRpc  # noqa: E402
from node_gateway.simulation.ledger_days import GENESIS_TIMESTAMP_S  # noqa: E402
from node_gateway.simulation.parties import ATTESTER, parties_of  # noqa: E402
from node_gateway.simulation.program import set_up  # noqa: E402
from node_gateway.simulation.scenario_chain import BLOCK_GAS_LIMIT, ScenarioChain  # noqa: E402
from node_gateway.simulation.scenario_format import parse_scenario  # noqa: E402
from partner_sdk import protocol as p  # noqa: E402

PARTNERS, MEMBERS, BATCH, PER_SUBMISSION = 4, 100, 100, 10
DEADLINE_S = 2**47
TOUR_OPENS_DAY = 50
PASSKEY = ec.derive_private_key(11, ec.SECP256R1())
RELYING_PARTY = "localhost"
# The last without a precompile for P-256.
HARDFORK_WITHOUT_P256 = "prague"
SCENARIO: dict[str, Any] = {
    "program": {"name": "Gas", "currency": "USD", "currency_decimals": 2, "lot_validity_days": 300,
                "return_window_days": 30, "late_posting_days": 5},
    "partners": [{"id": f"P{i}", "earn_points_per_100_minor": 1, "issue_price": 10_000, "redeem_price": 8_000}
                 for i in range(PARTNERS)],
    # One more, whose purchases bring about what a running ledger has.
    "members": [f"M{i}" for i in range(MEMBERS + 1)],
    "campaigns": [{"id": "tour", "partners": ["P0", "P1", "P2"], "opens_day": TOUR_OPENS_DAY,
                   "closes_day": TOUR_OPENS_DAY + 9, "budget_points": 2_000_000, "campaign_price": 9_000,
                   "stages": [{"bonus_points": 1001, "partners_required": 3, "min_spend_each": 200}],
                   "funding": {"P0": 5000, "P1": 3000, "P2": 2000}}],
    "events": [],
    "as_of_day": 99,
}  # fmt: skip

# What an operation of partner number n (0 …) for member number m is.
Make = Callable[[int, int], p.Operation]


class Meter:
    """A deployed ledger, and what batches on it cost."""

    def __init__(self, chain: ScenarioChain) -> None:
        scenario = parse_scenario(json.dumps(SCENARIO))
        self.chain = chain
        self.parties = parties_of(scenario)
        self.members = list(self.parties.members.values())
        self.numbers = list(self.parties.partners.values())
        self.figures: dict[str, int] = {}
        self._sequences: Counter[int] = Counter()
        self._nonces: Counter[int] = Counter()
        # Sequence numbers by member: of its last operation that others refer to, and of its first purchase.
        self.last: dict[int, int] = {}
        self.first: dict[int, int] = {}
        # Lots by member.
        self._lots: Counter[int] = Counter()

    def sequence(self, partner: int) -> int:
        self._sequences[partner] += 1
        return self._sequences[partner]

    def nonce(self, member: int) -> int:
        self._nonces[member] += 1
        return self._nonces[member]

    def purchase(self, partner: int, member: int) -> p.Operation:
        self.last[member] = self.sequence(partner)
        self._lots[member] += 1
        return p.Purchase(self.last[member], self.members[member], 12_345, p.OCCURRED_ON_SETTLEMENT)

    def return_of_first(self, partner: int, member: int) -> p.Operation:
        tag = p.purchase_tag(self.first[member])
        return p.Return(self.sequence(partner), self.members[member], 0, tag, 12_345)

    def return_of_last(self, partner: int, member: int) -> p.Operation:
        tag = p.purchase_tag(self.last[member])
        return p.Return(self.sequence(partner), self.members[member], self._lots[member] - 1, tag, 12_345)

    def redeem(self, points: int, scheme: p.Scheme = p.Scheme.KEY) -> Make:
        def make(partner: int, member: int) -> p.Operation:
            message = p.RedeemAuthorisation(
                member=self.members[member], nonce=self.nonce(member), deadline_s=DEADLINE_S,
                partner=self.numbers[partner], max_points=points,
            )  # fmt: skip
            if scheme is p.Scheme.PASSKEY:
                authorisation = message.proven(
                    scheme, _passkey_proof(message.digest(self.chain.domain)).pack()
                )
            else:
                authorisation = message.sign(self.chain.domain, self._signer(member, scheme), scheme)
            return p.Redeem(self.sequence(partner), self.members[member], points, authorisation)

        return make

    def _signer(self, member: int, scheme: p.Scheme) -> p.SigningKey:
        if scheme is p.Scheme.ATTESTER:
            return self.parties.keys[ATTESTER]
        return self.parties.member_keys[self.members[member]]

    async def prepare_schemes(self) -> None:
        """Every member lets the attester sign without limit, and adds a passkey."""
        operations: list[p.Operation] = []
        for i, member in enumerate(self.members):
            key = self.parties.member_keys[member]
            allowance = p.SetAllowanceAuthorisation(
                member=member, nonce=self.nonce(i), deadline_s=DEADLINE_S, points_per_day=2**32 - 1
            )
            passkey = p.AddKeyAuthorisation(
                member=member,
                nonce=self.nonce(i),
                deadline_s=DEADLINE_S,
                key=PASSKEY_ID,
                key_kind=p.KeyKind.PASSKEY,
            )
            operations += [
                p.SetAllowance(2 * i, member, 2**32 - 1, allowance.sign(self.chain.domain, key)),
                p.AddKey(
                    2 * i + 1, member, PASSKEY_ID, p.KeyKind.PASSKEY, passkey.sign(self.chain.domain, key)
                ),
            ]
        await self._send([self._signed(operations, ATTESTER)])

    def hold(self, partner: int, member: int) -> p.Operation:
        authorisation = p.HoldAuthorisation(
            member=self.members[member], nonce=self.nonce(member), deadline_s=DEADLINE_S,
            partner=self.numbers[partner], max_points=50, expires_day=200,
        ).sign(self.chain.domain, self.parties.member_keys[self.members[member]])  # fmt: skip
        self.last[member] = self.sequence(partner)
        return p.Hold(self.last[member], self.members[member], 50, 200, authorisation)

    def capture(self, partner: int, member: int) -> p.Operation:
        tag = p.burn_tag(self.last[member])
        return p.Capture(self.sequence(partner), self.members[member], self._nonces[member], tag, 40)

    async def settle(
        self,
        make: Make,
        name: str | None = None,
        *,
        count: int = BATCH,
        per_submission: int = PER_SUBMISSION,
        partners: int = PARTNERS,
        shift: int = 0,
    ) -> None:
        """Settles one batch; with a name, notes the gas an operation."""
        runs = []
        for start in range(0, count, per_submission):
            partner = (start // per_submission + shift) % partners
            operations = [make(partner, i % MEMBERS) for i in range(start, start + per_submission)]
            runs.append(self._signed(operations, self.parties.submitter_of(f"P{partner}")))  # type: ignore[arg-type]
        await self._send(runs)
        if name is not None:
            self.figures[name] = self.chain.last_gas_used // count
            print(f"{name:62s} {self.figures[name]:>8,}", file=sys.stderr, flush=True)

    def _signed(self, operations: list[p.Operation], submitter: p.Submitter) -> p.SignedSubmission:
        return p.SignedSubmission.sign(
            operations, submitter=submitter, deadline_s=DEADLINE_S,
            domain=self.chain.domain, key=self.parties.keys[submitter],
        )  # fmt: skip

    async def _send(self, runs: list[p.SignedSubmission]) -> None:
        events = await self.chain.settle(runs)
        refused = [event for event in events if event.name in ("OperationRejected", "SubmissionSkipped")]
        assert not refused, refused[0]


def _passkey_proof(digest: bytes) -> p.PasskeyProof:
    """What a browser and its authenticator answer to the challenge `digest`."""
    challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
    client_data = (
        f'{{"type":"webauthn.get","challenge":"{challenge}","origin":"http://localhost:8720","crossOrigin":false}}'
    ).encode()
    authenticator_data = hashlib.sha256(RELYING_PARTY.encode()).digest() + b"\x05" + (9).to_bytes(4, "big")
    signed = authenticator_data + hashlib.sha256(client_data).digest()
    return p.PasskeyProof.from_assertion(
        x=PASSKEY_X,
        y=PASSKEY_Y,
        signature_der=PASSKEY.sign(signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)),
        authenticator_data=authenticator_data,
        client_data_json=client_data,
    )


_PASSKEY_POINT = PASSKEY.public_key().public_numbers()
PASSKEY_X, PASSKEY_Y = (number.to_bytes(32, "big") for number in (_PASSKEY_POINT.x, _PASSKEY_POINT.y))
PASSKEY_ID = p.passkey_key_id(PASSKEY_X, PASSKEY_Y)


@asynccontextmanager
async def _meter(hardfork: str = "osaka") -> AsyncIterator[Meter]:
    """A ledger on a chain of its own, on its first day."""
    options = AnvilOptions(
        port=free_port(), timestamp_s=GENESIS_TIMESTAMP_S, accounts=1,
        block_gas_limit=BLOCK_GAS_LIMIT, has_transaction_gas_cap=False,
    )  # fmt: skip
    command = [str(anvil_binary()), *arguments_of(options), "--hardfork", hardfork]
    scenario = parse_scenario(json.dumps(SCENARIO))
    with TemporaryDirectory(prefix="coalition-gas-") as directory:
        log_path = Path(directory) / "anvil.log"
        async with await start_process(
            "anvil", command, host=options.host, port=options.port, log_path=log_path
        ) as engine:
            rpc = HttpRpc(engine.url)
            try:
                chain = await set_up(rpc, scenario, parties_of(scenario), lambda _: None)
                chain.begin_day(1)
                yield Meter(chain)
            finally:
                await rpc.close()


async def measure() -> dict[str, int]:
    async with _meter() as meter:
        await _purchases(meter)
        await _returns(meter)
        await _burns(meter)
        meter.chain.begin_day(TOUR_OPENS_DAY)
        await _campaign(meter)
    async with _meter(HARDFORK_WITHOUT_P256) as bare:
        await bare.prepare_schemes()
        await bare.settle(bare.purchase)
        name = "redeem, 1 lot, passkey without a P-256 precompile (opens a record slot)"
        await bare.settle(bare.redeem(1, p.Scheme.PASSKEY))
        await bare.settle(bare.redeem(1, p.Scheme.PASSKEY), name)
    return meter.figures | bare.figures


async def _purchases(meter: Meter) -> None:
    # The first purchases of a partner write its words and the totals anew, for whatever member.
    await meter.settle(lambda partner, _: meter.purchase(partner, MEMBERS), count=4 * PER_SUBMISSION)
    # A member that is enrolled has a key word, but no account before its first purchase.
    await meter.settle(meter.purchase, "purchase, new member")
    meter.first = dict(meter.last)
    await meter.settle(meter.purchase, "purchase, known member, every second (writes a pair of lots)")
    await meter.settle(meter.purchase, "purchase, known member, every other (writes the head alone)")
    for size in (1, 10):
        for turn in ("writes a pair", "writes the head"):
            name = f"purchase, known member, batch of {size}, {turn}"
            await meter.settle(meter.purchase, name, count=size, per_submission=size)
    # Four purchases of each member: what a storage slot costs is shared.
    await meter.settle(meter.purchase, "purchase, known member, batch of 400 by 100 members", count=400)
    await meter.settle(meter.purchase, "purchase, known member, submissions of 1", per_submission=1)
    await meter.settle(meter.purchase, "purchase, known member, submissions of 50", per_submission=50)


async def _returns(meter: Meter) -> None:
    # The first returns write the partners' credits anew.
    await meter.settle(meter.purchase)
    await meter.settle(meter.return_of_last)
    await meter.settle(meter.return_of_first, "return, whole purchase, the oldest open lot")
    await meter.settle(meter.purchase)
    for turn in ("in a slot", "in the head"):
        await meter.settle(meter.purchase)
        await meter.settle(meter.return_of_last, f"return, whole purchase, the last lot, {turn}")


async def _burns(meter: Meter) -> None:
    for _ in range(80):
        await meter.settle(meter.purchase)
    await meter.prepare_schemes()
    # Two records share a slot, from an even nonce on. Setting allowances and adding keys leaves none.
    await meter.settle(meter.redeem(10))
    schemes = {
        p.Scheme.KEY: "member's key",
        p.Scheme.ATTESTER: "attester, within the allowance",
        p.Scheme.PASSKEY: "passkey",
    }
    for scheme, name in schemes.items():
        await meter.settle(meter.redeem(10, scheme), f"redeem, 1 lot, {name} (opens a record slot)")
        await meter.settle(meter.redeem(10, scheme), f"redeem, 1 lot, {name} (fills a record slot)")
        await meter.settle(meter.redeem(123 * 19, scheme), f"redeem, 20 lots, {name} (opens a record slot)")
        await meter.settle(meter.redeem(10, scheme))
    await meter.settle(meter.hold, "hold")
    await meter.settle(meter.capture, "capture")


async def _campaign(meter: Meter) -> None:
    await meter.settle(meter.purchase, partners=3)
    for turn in ("one lot turn", "the other"):
        await meter.settle(meter.purchase, f"purchase in a campaign, {turn}", partners=3)
    await meter.settle(meter.return_of_last, "return in a campaign", partners=3)
    await meter.settle(meter.purchase, partners=3, shift=1)
    # Two lots, so that one slot is written in either turn.
    await meter.settle(meter.purchase, "purchase that completes a campaign of 3 funders", partners=3, shift=2)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/gas", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when a figure rose by over 2 %%"
    )
    is_check = parser.parse_args().check
    figures = asyncio.run(measure())
    if not is_check:
        SNAPSHOT.write_text(json.dumps(figures, indent=1) + "\n")
        return 0
    known = json.loads(SNAPSHOT.read_text())
    risen = {name: (known.get(name), gas) for name, gas in figures.items() if gas > 1.02 * known.get(name, 0)}
    for name, (before, after) in risen.items():
        print(f"{name}: {before} before, {after} now; run scripts/gas if it is meant", file=sys.stderr)
    return 1 if risen else 0


if __name__ == "__main__":
    sys.exit(main())
