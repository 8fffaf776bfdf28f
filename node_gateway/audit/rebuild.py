"""Rebuilds the ledger block by block: every event is either applied by the rules or explained by what was applied."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from node_gateway.audit import operations, registry_events
from node_gateway.audit.accounts import HoldNotPendingError, ShortfallError
from node_gateway.audit.differences import Witness, difference
from node_gateway.audit.ledger import Moment, OperationOutcome, RebuiltLedger
from node_gateway.audit.side_effects import TOUCH_EVENTS, SideEffects
from node_gateway.chain.abi import Event, reason_text

SECONDS_PER_DAY = 86_400
SETTLED, REJECTED = "settled", "rejected"
# Repeats for ERC-20 tools what another event says.
REPEATED = "Transfer"
KINDS = {
    "PurchaseSettled": 0x01,
    "ReturnSettled": 0x02,
    "RedemptionSettled": 0x03,
    "RefundSettled": 0x04,
    "HoldPlaced": 0x05,
    "HoldCaptured": 0x06,
    "HoldVoided": 0x07,
    "TransferSettled": 0x08,
    "GrantSettled": 0x09,
    "MemberEnrolled": 0x10,
    "KeyAdded": 0x11,
    "KeyRemoved": 0x12,
    "MemberLocked": 0x13,
    "MemberUnlocked": 0x14,
    "AllowanceSet": 0x15,
    "RecoveryStarted": 0x16,
    "RecoveryRefused": 0x17,
    "RecoveryFinished": 0x18,
    "PaymentRecorded": 0x20,
    "PaymentConfirmed": 0x21,
}
UNKNOWN_KIND = 0


def rebuild_block(ledger: RebuiltLedger, number: int, timestamp_s: int, events: Sequence[Event]) -> None:
    """Applies one block's events of the ledger, in order. What does not agree goes to `ledger.differences`."""
    day = max(timestamp_s + ledger.rules.day_offset_s, 0) // SECONDS_PER_DAY
    ledger.moment = Moment(number, day)
    for tx_hash, of_transaction in groupby(events, key=lambda event: event.tx_hash):
        _rebuild_transaction(ledger, tx_hash, list(of_transaction))
    ledger.next_block = number + 1


def _rebuild_transaction(ledger: RebuiltLedger, tx_hash: str, events: list[Event]) -> None:
    ledger.effects = SideEffects(tx_hash)
    _touch_alone(ledger, events)
    for event in events:
        if event.name != REPEATED:
            ledger.event_names[ledger.moment.block_number, event.log_index] = (event.name, tx_hash)
        ledger.effects.see(event)
        _note_operation(ledger, event)
        handler = operations.HANDLERS.get(event.name) or registry_events.HANDLERS.get(event.name)
        if handler is None:
            continue
        try:
            handler(ledger, event.args)
        except (ShortfallError, HoldNotPendingError, KeyError, IndexError, AssertionError) as error:
            # The event names what the chain's own history does not have: everything after it is in doubt, and is told anyhow.
            key = (ledger.moment.block_number, event.log_index)
            ledger.differences.append(
                difference(
                    Witness.EVENTS, event.name, key, "row", chain=f"impossible: {error!r}", found="emitted"
                )
            )
    lines = {partner: position.lines_micro for partner, position in ledger.positions.items()}
    ledger.differences.extend(ledger.effects.differences(lines))


def _touch_alone(ledger: RebuiltLedger, events: list[Event]) -> None:
    """Touches that no operation of this transaction explains: anyone may touch, up to any day that has come.

    The events tell how far: through the last day on which something happened. No later day would make a difference.
    """
    operated = {
        member
        for event in events
        if event.name in operations.HANDLERS
        for member in (event.args["member"], event.args.get("to"))
    }
    days: dict[bytes, int] = {}
    for event in events:
        if event.name not in TOUCH_EVENTS or event.args["member"] in operated:
            continue
        member: bytes = event.args["member"]
        day = 0
        if event.name == "PointsExpired":
            day = event.args["throughDay"]
        elif event.name == "HoldExpired" and (hold := ledger.account(member).holds.get(event.args["nonce"])):
            day = hold.expires_day + 1
        days[member] = max(days.get(member, 0), day)
    for member, day in days.items():
        ledger.touch(member, day)


def _note_operation(ledger: RebuiltLedger, event: Event) -> None:
    # 0 stands for the operator's own transaction, which is no operation.
    operation = event.args.get("operation")
    if not operation:
        return
    is_rejected = event.name == "OperationRejected"
    ledger.check(False, operation in ledger.operations, "operations", (operation,), "settled twice")
    ledger.operations[operation] = OperationOutcome(
        kind=KINDS.get(event.name, UNKNOWN_KIND),
        member=event.args.get("member"),
        counterparty=event.args.get("to"),
        status=REJECTED if is_rejected else SETTLED,
        reason=reason_text(event.args["reason"]) if is_rejected else None,
        block_number=ledger.moment.block_number,
        log_index=event.log_index,
    )
