"""A gateway in memory, so that a shop can test its till without a chain.

    fake = FakeGateway()
    partner = fake.partner()
    receipt = partner.purchase(fake.new_member().member, 1999)

It checks signatures, deadlines, Idempotency-Keys and sequence numbers as a gateway does, and answers in its form. **Its ledger is a
fake**: balances by a few simple rules, see `partner_sdk._fake_ledger`. Do not take a figure from it for one of the real ledger.
"""

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any, Final

import httpx2

from partner_sdk._async.partner import AsyncPartner
from partner_sdk._async.wallet import AsyncWallet
from partner_sdk._fake_intake import FakeIntake, Refused
from partner_sdk._fake_ledger import LOT_VALIDITY_DAYS, FakeLedger
from partner_sdk._sync.partner import Partner
from partner_sdk._sync.wallet import Wallet
from partner_sdk.member_keys import MemberKey
from partner_sdk.protocol.eip712 import DOMAIN_NAME, DOMAIN_VERSION, Domain
from partner_sdk.protocol.errors import ProtocolError
from partner_sdk.protocol.identities import LedgerAddress, MemberId, OperationId, Submitter
from partner_sdk.protocol.signatures import SigningKey
from partner_sdk.protocol.submissions import BULK_MEDIA_TYPE, split_bulk

ADDRESS: Final = "http://gateway.test"


class FakeGateway:
    """One partner, one attester (0.1), and as many members as are asked for.

    Attributes:
        partner_key: signs for the partner.
        attester_key: signs for submitter 0.1.
        settles_at_once: False: nothing settles before `settle()`.
        requests: what was asked, `GET /v1/program` …
        ledger: the fake ledger, to look into.
    """

    def __init__(self, *, partner: int = 1, clock_s: Callable[[], float] = time.time) -> None:
        self.partner_id = partner
        self.partner_key = SigningKey.generate()
        self.attester_key = SigningKey.generate()
        self.domain = Domain(31337, LedgerAddress(bytes(19) + b"\x01"))
        self.ledger = FakeLedger(self.domain, today=int(clock_s()) // 86_400)
        self.settles_at_once = True
        self.requests: list[str] = []
        self._clock_s = clock_s
        keys = {Submitter.of(partner): self.partner_key, Submitter.of(0, 1): self.attester_key}
        self._intake = FakeIntake(self.ledger, keys, clock_s)
        self._answers: dict[str, tuple[bytes, httpx2.Response]] = {}
        self._faults: list[tuple[Exception | int, bool]] = []

    @property
    def transport(self) -> httpx2.MockTransport:
        """A transport for a client of your own making, synchronous or asynchronous."""
        return httpx2.MockTransport(self._handle)

    def partner(self, **arguments: Any) -> Partner:
        """Returns a client of the partner; `arguments` as of `Partner`."""
        return Partner(**self._arguments(self.partner_key, "partner", arguments))

    def async_partner(self, **arguments: Any) -> AsyncPartner:
        """Returns an asynchronous client of the partner."""
        return AsyncPartner(**self._arguments(self.partner_key, "partner", arguments))

    def wallet(self, **arguments: Any) -> Wallet:
        """Returns a client of the wallet."""
        return Wallet(**self._arguments(self.attester_key, "wallet", arguments))

    def async_wallet(self, **arguments: Any) -> AsyncWallet:
        """Returns an asynchronous client of the wallet."""
        return AsyncWallet(**self._arguments(self.attester_key, "wallet", arguments))

    def _arguments(self, key: SigningKey, api_key: str, given: dict[str, Any]) -> dict[str, Any]:
        defaults = {"key": key, "gateway": ADDRESS, "api_key": api_key, "transport": self.transport}
        return defaults | {"wall_clock_s": self._clock_s} | given

    def new_member(self, points: int = 0) -> MemberKey:
        """Returns the key of a new, enrolled member who has `points`."""
        member = MemberKey(MemberId.random(), SigningKey.generate(), self.domain)
        account = self.ledger.account(member.member)
        account.keys.add(member.key.address)
        account.balance = points
        return member

    def deadline_s(self, minutes: int = 10) -> int:
        """Returns a Unix time some minutes ahead, for a member's authorisation."""
        return int(self._clock_s()) + 60 * minutes

    def fail_next(self, failure: Exception | int, *, after_work: bool = False) -> None:
        """Makes the next POST fail, with a transport error or an HTTP status; `after_work`: it was done all the same."""
        self._faults.append((failure, after_work))

    def repair(self) -> None:
        """Takes back the failures that `fail_next` planned."""
        self._faults.clear()

    def settled_purchases(self) -> dict[OperationId, int]:
        """Returns the spend, in minor units, of each purchase that settled, by its operation."""
        settled = [event for event in self._intake.events if event["name"] == "PurchaseSettled"]
        return {OperationId.parse(event["operation"]): event["data"]["spend"] for event in settled}

    def settle(self) -> None:
        """Makes a block of what was accepted."""
        self._intake.settle()

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(f"{request.method} {request.url.path}")
        failure, after_work = (None, False)
        if request.method == "POST" and self._faults:
            failure, after_work = self._faults.pop(0)
        if failure is not None and not after_work:
            return _failed(failure)
        try:
            response = self._answer(request)
        except Refused as refused:
            response = _problem(refused)
        except ProtocolError as error:
            response = _problem(Refused(422, "invalid_parameter", detail=str(error)))
        return response if failure is None else _failed(failure)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        party = request.headers.get("authorization", "").removeprefix("Bearer ")
        if party not in ("partner", "wallet"):
            raise Refused(401, "unknown_api_key")
        if request.method == "POST":
            return self._answer_once(request, party)
        parts = request.url.path.removeprefix("/v1/").split("/")
        match parts:
            case ["program"]:
                return httpx2.Response(200, json=self._program())
            case ["me"]:
                return httpx2.Response(200, json=self._me(party))
            case ["partners"]:
                partner = {"partner": self.partner_id, "name": "Test shop", "is_suspended": False}
                return httpx2.Response(
                    200, json={"partners": [partner], "as_of_block": self._intake.block_number}
                )
            case ["submissions", submission_id]:
                return httpx2.Response(200, json=self._intake.submission_view(submission_id))
            case ["operations", text]:
                line = self._intake.lines.get(OperationId.parse(text))
                if line is None:
                    raise Refused(404, "operation_not_found", operation=text)
                return httpx2.Response(200, json=self._intake.operation_view(line))
            case ["members", text, *rest]:
                return httpx2.Response(200, json=self._member(MemberId.parse(text), rest))
            case ["partners", "me", "operations"]:
                lines = reversed(self._intake.lines.values())
                return httpx2.Response(
                    200, json={"entries": [self._intake.operation_view(line) for line in lines]}
                )
            case ["campaigns"]:
                return httpx2.Response(200, json={"campaigns": []})
            case ["events"]:
                return self._stream(request)
            case _:
                raise Refused(404, "not_found")

    def _answer_once(self, request: httpx2.Request, party: str) -> httpx2.Response:
        key = request.headers.get("idempotency-key", "")
        body_hash = hashlib.sha256(request.content).digest()
        if key in self._answers:
            known_hash, answer = self._answers[key]
            if known_hash != body_hash:
                raise Refused(422, "idempotency_conflict")
            return answer
        answer = self._accept(request, party)
        if key:
            self._answers[key] = (body_hash, answer)
        return answer

    def _accept(self, request: httpx2.Request, party: str) -> httpx2.Response:
        if request.url.path == "/v1/submissions/bulk":
            if request.headers.get("content-type") == BULK_MEDIA_TYPE:
                wires = split_bulk(request.content)
            else:
                wires = [bytes.fromhex(text[2:]) for text in json.loads(request.content)["submissions"]]
            results = [self._accept_one(wire, party) for wire in wires]
            return httpx2.Response(202, json={"results": results})
        if request.headers.get("content-type") == "application/octet-stream":
            wire = request.content
        else:
            wire = bytes.fromhex(json.loads(request.content)["submission"][2:])
        submission_id = self._intake.accept(wire, party=party)
        if self.settles_at_once:
            self.settle()
        view = self._intake.submission_view(submission_id)
        if view["status"] == "settled":
            named = {line["member"] for line in view["operations"] if line["member"]}
            view["members"] = [self._member(MemberId.parse(text), []) for text in sorted(named)]
        return httpx2.Response(200 if view["status"] == "settled" else 202, json=view)

    def _accept_one(self, wire: bytes, party: str) -> dict[str, Any]:
        try:
            submission_id = self._intake.accept(wire, party=party)
        except Refused as refused:
            return {"problem": _problem_fields(refused)}
        view = self._intake.submission_view(submission_id)
        if self.settles_at_once:
            self.settle()
        return view

    def _program(self) -> dict[str, Any]:
        return {
            "name": "Fake points",
            "chain_id": self.domain.chain_id,
            "ledger": self.domain.ledger.text,
            "domain": {"name": DOMAIN_NAME, "version": DOMAIN_VERSION},
            "currency": "EUR",
            "currency_decimals": 2,
            "lot_validity_days": LOT_VALIDITY_DAYS,
            "day_offset_s": 0,
            "today": self.ledger.today,
            "as_of_block": self._intake.block_number,
            "block_timestamp_s": int(self._clock_s()),
        }

    def _me(self, party: str) -> dict[str, Any]:
        own = 0 if party == "wallet" else self.partner_id
        return {
            "party": party,
            "partner": None if party == "wallet" else own,
            "submitters": [
                {
                    "submitter": submitter.text,
                    "key": key.address.text,
                    "next_sequence": self._intake.next_sequence(submitter),
                }
                for submitter, key in self._intake.submitters.items()
                if submitter.partner == own
            ],
        }

    def _member(self, member: MemberId, rest: list[str]) -> dict[str, Any]:
        account = self.ledger.accounts.get(member)
        if account is None:
            raise Refused(404, "member_not_found", member=member.text)
        if rest == ["history"]:
            events = [event for event in reversed(self._intake.events) if event["member"] == member.text]
            return {"entries": events, "next_after": None, "as_of_block": self._intake.block_number}
        if rest == ["campaigns"]:
            return {"campaigns": [], "as_of_block": self._intake.block_number}
        return {
            "member": member.text,
            "balance": account.balance,
            "available": account.available,
            "held": account.held,
            "debt": 0,
            "lots": [],
            "holds": [],
            "enrolled": bool(account.keys),
            "locked": account.is_locked,
            "frozen": False,
            "next_nonce": account.next_nonce,
            "as_of_block": self._intake.block_number,
        }

    def _stream(self, request: httpx2.Request) -> httpx2.Response:
        last = request.headers.get("last-event-id", "")
        seen = int(last.partition("-")[2] or -1)
        member = request.url.params.get("member")
        chosen = [event for event in self._intake.events[seen + 1 :] if member in (None, event["member"])]
        text = "".join(
            f"id: {event['id']}\nevent: {event['name']}\ndata: {json.dumps(event)}\n\n" for event in chosen
        )
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=": open\n\n" + text)


def _failed(failure: Exception | int) -> httpx2.Response:
    if isinstance(failure, int):
        return httpx2.Response(failure, text="planned failure")
    raise failure


def _problem_fields(refused: Refused) -> dict[str, Any]:
    title = refused.code.replace("_", " ")
    return {"title": title, "status": refused.status, "code": refused.code, "detail": title, **refused.data}


def _problem(refused: Refused) -> httpx2.Response:
    return httpx2.Response(
        refused.status, json=_problem_fields(refused), headers={"content-type": "application/problem+json"}
    )
