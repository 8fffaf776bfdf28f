# Made from partner_sdk/_async by `python -m partner_sdk._generate`; change it there.
"""The client of a partner: a shop's till, back office or batch job."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx2

from partner_sdk import drafts
from partner_sdk._errors import SubmissionRefusedError, WrongTillCodeError
from partner_sdk._outcomes import Resumed
from partner_sdk._rejections import rejection_error
from partner_sdk._sync.http import ATTEMPTS_MAX, TIMEOUT_S, Http
from partner_sdk._sync.reading import Reading
from partner_sdk._sync.submitting import VALIDITY_S, Submitting
from partner_sdk.drafts import BurnRef, Draft, PurchaseRef
from partner_sdk.models import BulkResult, OperationRecord, Page, Position, Statement
from partner_sdk.protocol.identities import MemberId, OperationId, Submitter
from partner_sdk.protocol.operation_bodies import OperationKind
from partner_sdk.protocol.signatures import SigningKey
from partner_sdk.protocol.till_codes import TillCode
from partner_sdk.receipts import (
    CaptureReceipt,
    GrantReceipt,
    HoldReceipt,
    PaymentReceipt,
    PurchaseReceipt,
    Receipt,
    ReceiptT,
    RedeemReceipt,
    RefundReceipt,
    ReturnReceipt,
    VoidReceipt,
    receipt_of,
    receipt_type_of,
)
from partner_sdk.sequences import SequenceStore, SqliteSequenceStore, open_store

WAIT_S: Final = 30.0
"""How long a call waits for settlement unless it is told otherwise."""
OPERATIONS_IN_ONE_SUBMISSION: Final = 50
SUBMISSIONS_IN_ONE_REQUEST: Final = 100


class Partner(Reading):
    """A partner's client. Every amount is an integer: points, or minor units of spend.

    The calls that change something sign an operation with the partner's key, wait until it is in a block, and return its receipt. All
    of them raise the errors of `partner_sdk`: OperationRejectedError (one class for each reason), SubmissionRefusedError,
    SettlementPendingError, OutcomeUnknownError, SequenceStoreError, GatewayError.
    """

    def __init__(
        self,
        *,
        key: SigningKey | str,
        gateway: str,
        api_key: str,
        sequences: SequenceStore | Path | str | None = None,
        submitter: Submitter | str | None = None,
        validity_s: int = VALIDITY_S,
        timeout_s: float = TIMEOUT_S,
        attempts_max: int = ATTEMPTS_MAX,
        transport: httpx2.BaseTransport | None = None,
        wall_clock_s: Callable[[], float] = time.time,
    ) -> None:
        """Does not connect yet.

        Args:
            key: the partner's or a delegate's signing key, or its 64 hexadecimal digits.
            gateway: address of any gateway of the program, `https://…`.
            api_key: the partner's.
            sequences: where sequence numbers are stored: a path for a file that outlives the process. None keeps them in memory, and
                what was sent when the process dies is then not found again.
            submitter: `partner.slot`, where one key serves several.
            validity_s: how long after signing a submission may settle.
            timeout_s: for one answer.
            attempts_max: tries of one request.
            transport: for tests, see `partner_sdk.testing`.
            wall_clock_s: Unix time.
        """
        http = Http(gateway, api_key, timeout_s=timeout_s, attempts_max=attempts_max, transport=transport)
        store = open_store(sequences)
        own_store = store if isinstance(store, SqliteSequenceStore) and store is not sequences else None
        super().__init__(http, own_store=own_store)
        self._submitting = Submitting(
            http,
            SigningKey.parse(key) if isinstance(key, str) else key,
            store,
            submitter=Submitter.parse(submitter) if isinstance(submitter, str) else submitter,
            validity_s=validity_s,
            wall_clock_s=wall_clock_s,
        )

    def purchase(
        self,
        member: MemberId | str,
        spend_minor: int,
        *,
        occurred_day: int | None = None,
        wait_s: float = WAIT_S,
    ) -> PurchaseReceipt:
        """The member bought for `spend_minor` and earns. `occurred_day` (program day) is for purchases posted late."""
        return self._settle(
            drafts.purchase(member, spend_minor, occurred_day=occurred_day), PurchaseReceipt, wait_s
        )

    def return_(self, of: PurchaseRef, spend_minor: int, *, wait_s: float = WAIT_S) -> ReturnReceipt:
        """`spend_minor` of a purchase came back; `of` is its receipt."""
        return self._settle(drafts.return_(of, spend_minor), ReturnReceipt, wait_s)

    def redeem(self, code: TillCode | str, points: int, *, wait_s: float = WAIT_S) -> RedeemReceipt:
        """The member pays with `points`; `code` is what the till scanned.

        Raises:
            MalformedTillCodeError: it is no till code.
            WrongTillCodeError: it is for another partner, or for a hold.
        """
        till_code = self._own_code(code, OperationKind.REDEEM)
        return self._settle(drafts.redeem(till_code, points), RedeemReceipt, wait_s)

    def refund(self, of: BurnRef, points: int, *, wait_s: float = WAIT_S) -> RefundReceipt:
        """`points` of a redemption or of a capture go back; `of` is its receipt."""
        return self._settle(drafts.refund(of, points), RefundReceipt, wait_s)

    def hold(self, code: TillCode | str, points: int, *, wait_s: float = WAIT_S) -> HoldReceipt:
        """`points` are reserved through the day that the member's code says.

        Raises:
            MalformedTillCodeError: it is no till code.
            WrongTillCodeError: it is for another partner, or for a redemption.
        """
        till_code = self._own_code(code, OperationKind.HOLD)
        return self._settle(drafts.hold(till_code, points), HoldReceipt, wait_s)

    def capture(self, hold: BurnRef, points: int, *, wait_s: float = WAIT_S) -> CaptureReceipt:
        """`points` of the hold are taken; final, the rest is free again."""
        return self._settle(drafts.capture(hold, points), CaptureReceipt, wait_s)

    def void(self, hold: BurnRef, *, wait_s: float = WAIT_S) -> VoidReceipt:
        """The hold is let go; final."""
        return self._settle(drafts.void(hold), VoidReceipt, wait_s)

    def grant(self, member: MemberId | str, points: int, *, wait_s: float = WAIT_S) -> GrantReceipt:
        """Goodwill; billed as issued points."""
        return self._settle(drafts.grant(member, points), GrantReceipt, wait_s)

    def record_payment(self, amount_minor: int, reference: str, *, wait_s: float = WAIT_S) -> PaymentReceipt:
        """Records what was paid to the operator; `reference` has at most 32 bytes."""
        return self._settle(drafts.record_payment(amount_minor, reference), PaymentReceipt, wait_s)

    def confirm_payment(self, payment: int, *, wait_s: float = WAIT_S) -> PaymentReceipt:
        """Confirms what the operator paid."""
        return self._settle(drafts.confirm_payment(payment), PaymentReceipt, wait_s)

    def submit(self, operations: Sequence[Draft], *, wait_s: float = 0.0) -> list[OperationRecord]:
        """Sends 1 … 256 operations in one signed submission; rejected ones are told by their status, not raised.

        Args:
            operations: drafts, see `partner_sdk.drafts`.
            wait_s: 0 returns when they are durable at the gateway.
        """
        return self._submitting.submit(operations, wait_s=wait_s)

    def bulk(
        self, operations: Sequence[Draft], *, operations_in_one_submission: int = OPERATIONS_IN_ONE_SUBMISSION
    ) -> list[BulkResult]:
        """Sends any number of operations, in submissions and requests of a good size; does not wait for settlement.

        Call `resume()` afterwards, now and then: it looks after what expires, and forgets what is settled.
        """
        size = operations_in_one_submission
        submissions = [operations[start : start + size] for start in range(0, len(operations), size)]
        results: list[BulkResult] = []
        for start in range(0, len(submissions), SUBMISSIONS_IN_ONE_REQUEST):
            part = submissions[start : start + SUBMISSIONS_IN_ONE_REQUEST]
            results += self._submitting.submit_bulk(part)
        return results

    def submit_bulk(self, submissions: Sequence[Sequence[Draft]]) -> list[BulkResult]:
        """Sends 1 … 500 submissions, each of 1 … 256 operations, in one request; does not wait for settlement."""
        return self._submitting.submit_bulk(submissions)

    def resume(self) -> Resumed:
        """Looks after every submission without a final answer: asks, sends again, signs again what expired.

        Call it when the process starts, and now and then where you do not wait for settlement.
        """
        return self._submitting.resume()

    def receipt(self, operation: OperationId | str) -> Receipt | None:
        """Returns the receipt of an earlier operation, of the class of its kind; None while it has none.

        Raises:
            OperationRejectedError: it was rejected.
            NotFoundError: unknown, or another partner's.
        """
        record = self.operation(operation)
        if record.status == "rejected":
            raise rejection_error(record.reason or "unknown", record.id)
        return receipt_of(record, receipt_type_of(record.type)) if record.status == "settled" else None

    def position(self) -> Position:
        """Returns the partner's clearing position."""
        return self._http.get("/v1/partners/me/position", Position)

    def statements(self, *, after: str | None = None, limit: int | None = None) -> Page[Statement]:
        """Returns a page of the partner's statements, newest first."""
        return self._http.get("/v1/partners/me/statements", Page[Statement], after=after, limit=limit)

    def operations(self, *, after: str | None = None, limit: int | None = None) -> Page[OperationRecord]:
        """Returns a page of the partner's operations, newest first."""
        return self._http.get("/v1/partners/me/operations", Page[OperationRecord], after=after, limit=limit)

    def _settle(self, draft: Draft, receipt_type: type[ReceiptT], wait_s: float) -> ReceiptT:
        return settle_one(self._submitting, draft, receipt_type, wait_s)

    def _own_code(self, code: TillCode | str, kind: OperationKind) -> TillCode:
        till_code = drafts.as_till_code(code, kind)
        own = (self._submitting.submitter()).partner
        if till_code.partner not in (0, own):
            raise WrongTillCodeError(
                f"the code is for partner {till_code.partner}, not for {own}", till_code.partner
            )
        return till_code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def settle_one(submitting: Submitting, draft: Draft, receipt_type: type[ReceiptT], wait_s: float) -> ReceiptT:
    """Sends one operation and returns its receipt."""
    assert wait_s > 0, "a receipt is there when it is settled: use submit() not to wait"
    (record,) = submitting.submit([draft], wait_s=wait_s)
    if record.status == "rejected":
        raise rejection_error(record.reason or "unknown", record.id)
    if record.status == "expired":
        raise SubmissionRefusedError(record.reason or "expired", [record.id])
    return receipt_of(record, receipt_type)
