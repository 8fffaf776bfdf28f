"""The eight partners at their tills, and the wallet service that enrols: everything that the replay sends goes through the SDK."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date

from partner_sdk import AsyncPartner, AsyncWallet, MemberKey, OperationRecord, drafts
from partner_sdk.drafts import Draft
from partner_sdk.models import BulkResult
from partner_sdk.protocol import Domain, KeyKind, OperationId, Reason, SigningKey, Submitter
from replay.departments import REPLAY_PARTNERS
from replay.members import Members, ReplayMember
from replay.plan import PlannedOperation, PlannedPurchase
from replay.program import DEADLINE_DAYS, ENROLMENT_ATTESTER_SLOT, deadline_s, opening_time_s
from replay.sequences import PlannedSequences

SUBMISSIONS_IN_ONE_REQUEST = 200
ENROLMENT_SUBMITTER = Submitter.of(0, ENROLMENT_ATTESTER_SLOT)
REQUEST_WAIT_MAX_S = 60.0
# Until closing time the shops' clock stands: what is signed again after a stop gets the deadline that it had.
CLOSING_AFTER_S = 12 * 3600
VALIDITY_S = DEADLINE_DAYS * 86_400 - CLOSING_AFTER_S


Accepted = Callable[[Sequence[PlannedOperation]], None]
Refused = Callable[[PlannedOperation, str], None]


class RefusedSubmissionError(Exception):
    """The gateway did not take what the plan sends; the plan and the program do not fit together."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the desk signs and calls with.

    Attributes:
        partner_keys: signing keys by partner.
        api_keys: API keys by partner.
        attester_key: signs enrolments.
        wallet_api_key: for enrolments.
    """

    partner_keys: dict[int, SigningKey]
    api_keys: dict[int, str]
    attester_key: SigningKey
    wallet_api_key: str


class Desk:
    """Clients of all parties on one gateway. `open_day` first."""

    def __init__(
        self,
        partners: dict[int, AsyncPartner],
        wallet: AsyncWallet,
        sequences: PlannedSequences,
        members: Members,
        domain: Domain,
    ) -> None:
        self.partners = partners
        self.wallet = wallet
        self.members = members
        self._sequences = sequences
        self._domain = domain
        self._deadline_s = 0

    def open_day(self, day: date) -> None:
        """All that is signed from now on is signed on this day."""
        self._deadline_s = deadline_s(day)

    async def enrol(self, members: Sequence[ReplayMember]) -> list[OperationRecord]:
        """Enrols the members of one submission with their own keys; durable at the gateway when it returns."""
        self._sequences.expect(ENROLMENT_SUBMITTER, [members[0].enrolment])
        return await self.wallet.submit(
            [drafts.enrol(one.member, one.key.address, KeyKind.SECP256K1) for one in members]
        )

    async def send(self, wave: Sequence[PlannedOperation], accepted: Accepted, refused: Refused) -> None:
        """Sends a wave, each operation in a submission of its own, all partners at once; durable when it returns.

        Args:
            wave: in the order in which each partner's are to be accepted.
            accepted: told what the gateway has answered for, request by request.
            refused: told, with the reason, of a coupon whose nonce its member has used in the wallet meanwhile.

        Raises:
            RefusedSubmissionError: where the gateway refuses one for anything else.
        """
        by_partner: dict[int, list[PlannedOperation]] = defaultdict(list)
        for operation in wave:
            by_partner[operation.partner].append(operation)
        async with asyncio.TaskGroup() as tasks:
            for partner, operations in by_partner.items():
                tasks.create_task(self._send_as(partner, operations, accepted, refused))

    async def _send_as(
        self,
        partner: int,
        operations: Sequence[PlannedOperation],
        accepted: Accepted,
        refused: Refused,
    ) -> None:
        for start in range(0, len(operations), SUBMISSIONS_IN_ONE_REQUEST):
            part = operations[start : start + SUBMISSIONS_IN_ONE_REQUEST]
            self._sequences.expect(Submitter.of(partner), [one.sequence for one in part])
            results = await self.partners[partner].submit_bulk([[self._draft(one)] for one in part])
            taken = []
            for operation, result in zip(part, results, strict=True):
                if result.problem is not None and result.problem.code == Reason.NONCE_USED:
                    refused(operation, result.problem.code)
                else:
                    _require_taken(operation, result)
                    taken.append(operation)
            accepted(taken)

    def _draft(self, operation: PlannedOperation) -> Draft:
        member = self.members[operation.household]
        if isinstance(operation, PlannedPurchase):
            return drafts.purchase(member.member, operation.spend_minor)
        code = MemberKey(member.member, member.key, self._domain).redeem(
            partner=operation.partner,
            max_points=operation.points,
            # 0 is never a nonce.
            nonce=operation.authorisation + 1,
            deadline_s=self._deadline_s,
        )
        return drafts.redeem(code, operation.points)


def operation_id(operation: PlannedOperation) -> OperationId:
    """The id that an operation of the plan has on the ledger."""
    return OperationId.of(Submitter.of(operation.partner), operation.sequence)


@asynccontextmanager
async def open_desk(
    gateway: str, keys: Keys, sequences: PlannedSequences, members: Members, today: Callable[[], date]
) -> AsyncIterator[Desk]:
    """Opens the clients of all parties.

    Args:
        gateway: its address.
        keys: of all parties.
        sequences: the plan's numbers.
        members: the registry.
        today: the day of the data: the clock on the shops' walls.
    """

    def closing_time_s() -> float:
        return opening_time_s(today()) + CLOSING_AFTER_S

    async with AsyncExitStack() as stack:
        partners = {
            entry.partner: await stack.enter_async_context(
                AsyncPartner(
                    key=keys.partner_keys[entry.partner],
                    gateway=gateway,
                    api_key=keys.api_keys[entry.partner],
                    sequences=sequences,
                    validity_s=VALIDITY_S,
                    timeout_s=REQUEST_WAIT_MAX_S,
                    wall_clock_s=closing_time_s,
                )
            )
            for entry in REPLAY_PARTNERS
        }
        wallet = await stack.enter_async_context(
            AsyncWallet(
                key=keys.attester_key,
                gateway=gateway,
                api_key=keys.wallet_api_key,
                sequences=sequences,
                submitter=ENROLMENT_SUBMITTER.text,
                validity_s=VALIDITY_S,
                timeout_s=REQUEST_WAIT_MAX_S,
                wall_clock_s=closing_time_s,
            )
        )
        domain = (await wallet.program()).domain
        yield Desk(partners, wallet, sequences, members, domain)


def _require_taken(operation: PlannedOperation, result: BulkResult) -> None:
    if result.problem is not None:
        raise RefusedSubmissionError(
            f"operation {operation_id(operation).text} was not taken: {result.problem.code}: {result.problem.detail}"
        )
