"""Events as rows of `events`, and what they say about operations."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import orjson

from node_gateway.chain.abi import Event, reason_text
from node_gateway.domain.states import OperationStatus
from node_gateway.domain.unsigned64 import signed64, unsigned64
from node_gateway.jobs.rows import Row, Values

EVENT_COLUMNS: Final = (
    "block_number", "log_index", "tx_hash", "name", "member", "counterparty", "partner", "operation", "data",
)  # fmt: skip
OPERATION_COLUMNS: Final = (
    "id", "submission_id", "position", "kind", "partner", "member", "counterparty", "status", "reason",
    "block_number", "log_index", "accepted_at_ms",
)  # fmt: skip
# `Transfer` repeats for ERC-20 tools what another event says: half of all logs, and no row.
TRANSFER_TOPIC: Final = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
KIND_BY_EVENT: Final[dict[str, int]] = {
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
UNKNOWN_KIND: Final = 0
_MICRO: Final = frozenset({"base", "bonus", "credit", "reimbursed", "carriedIn", "carriedOut"})
_DECIMAL_TEXT: Final = frozenset({"payableMinor", "unpaidMinor", "creditLimitMicro"})
_HASHES: Final = frozenset({"termsHash", "reference_"})
_INTEGER_MAX: Final = 1 << 53
_WRITTEN_OUT: Final = _MICRO | _DECIMAL_TEXT | {"operation"}


def event_values(events: Iterable[Event], block_number: int) -> list[Values]:
    """The rows of `events` for the events of a block, in order, as they are stored: in the order of `EVENT_COLUMNS`.

    What arrived by a transfer names its sender.
    """
    rows: list[Values] = []
    transfer: Event | None = None
    tx_hash, tx_text = b"", ""
    for event in events:
        name, args, log_index, event_tx = event
        if event_tx != tx_text:
            tx_hash, tx_text = bytes.fromhex(event_tx[2:]), event_tx
        counterparty, operation = args.get("to"), args.get("operation")
        if name == "LotReceived" and transfer is not None:
            # The ledger emits the lots of a transfer right after it, to its receiver.
            assert (transfer.tx_hash, transfer.args["to"]) == (event_tx, args["member"])
            counterparty, operation = transfer.args["member"], transfer.args["operation"]
            data = _json_text(args, sender="0x" + counterparty.hex())
        else:
            data = _json_text(args)
        if name == "TransferSettled":
            transfer = event
        # 0 stands for the operator's own transaction, which is no operation.
        stored = signed64(operation) if operation else None
        rows.append((
            block_number, log_index, tx_hash, name, args.get("member"), counterparty, _partner_of(args), stored, data,
        ))  # fmt: skip
    return rows


def event_rows(events: Iterable[Event], block_number: int) -> list[Row]:
    """The same rows as the tables give them back."""
    rows = [dict(zip(EVENT_COLUMNS, values, strict=True)) for values in event_values(events, block_number)]
    for row in rows:
        row["data"] = orjson.loads(row["data"])
        if row["operation"] is not None:
            row["operation"] = unsigned64(row["operation"])
    return rows


def _json_of(args: dict[str, Any]) -> dict[str, Any]:
    """The arguments as JSON has them, in the order of their names there."""
    data = {}
    for name, json_name, is_plain in _fields(tuple(args)):
        value = args[name]
        if is_plain and type(value) is int and value < _INTEGER_MAX:
            data[json_name] = value
        else:
            data[json_name] = _json_value(name, value)
    return data


@cache
def _fields(names: tuple[str, ...]) -> list[tuple[str, str, bool]]:
    """Arguments sorted by their names in JSON; whether a small number stays one."""
    return sorted(
        ((name, _json_name(name), name not in _WRITTEN_OUT) for name in names), key=lambda field: field[1]
    )


def operation_values(events: Iterable[Event], block_number: int, accepted_at_ms: int) -> list[Values]:
    """Rows of `operations` that these events make or settle, as they are stored, in the order of `OPERATION_COLUMNS`."""
    rows = []
    settled, rejected = OperationStatus.SETTLED.value, OperationStatus.REJECTED.value
    for event in events:
        args = event.args
        operation = args.get("operation")
        if not operation:
            continue
        is_rejected = event.name == "OperationRejected"
        rows.append((
            signed64(operation), None, None, KIND_BY_EVENT.get(event.name, UNKNOWN_KIND), operation >> 48,
            args.get("member"), args.get("to"), rejected if is_rejected else settled,
            reason_text(args["reason"]) if is_rejected else None, block_number, event.log_index, accepted_at_ms,
        ))  # fmt: skip
    return rows


def _json_text(args: dict[str, Any], **more: str) -> str:
    data = _json_of(args)
    return orjson.dumps(dict(sorted((data | more).items())) if more else data).decode()


def _partner_of(args: dict[str, Any]) -> int | None:
    if operation := args.get("operation"):
        return int(operation) >> 48
    if (submitter := args.get("submitter")) is not None:
        return int(submitter) >> 16
    return args.get("partner")


@cache
def _json_name(name: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower().rstrip("_")
    return f"{snake}_micro" if name in _MICRO else snake


def _json_value(name: str, value: Any) -> Any:
    if type(value) is int and value < _INTEGER_MAX and name not in _WRITTEN_OUT:
        return value
    if name == "operation":
        return f"{value >> 48}.{(value >> 32) & 0xFFFF}.{value & 0xFFFFFFFF}"
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return str(value) if name in _MICRO or name in _DECIMAL_TEXT or abs(value) >= _INTEGER_MAX else value
    if isinstance(value, bytes):
        return "0x" + value.hex() if len(value) == 20 or name in _HASHES else reason_text(value)
    if isinstance(value, dict):
        return dict(sorted((_json_name(key), _json_value(key, inner)) for key, inner in value.items()))
    return [_json_value("", inner) for inner in value]
