"""Parameters of requests: their form, and what they mean."""

from node_gateway.domain.errors import InvalidParameterError
from node_gateway.store.events import LOG_INDEX_MAX, EventPosition
from node_gateway.store.operations import OperationKey
from partner_sdk.protocol.errors import ProtocolError
from partner_sdk.protocol.identities import MemberId, OperationId

PAGE_MAX = 200
PAGE_DEFAULT = 50
MEMBER = r"^0x[0-9a-fA-F]{40}$"
OPERATION = r"^\d{1,5}\.\d{1,5}\.\d{1,10}$"
EVENT_POSITION = r"^\d{1,18}-\d{1,10}$"
_STORED_NUMBER_MAX = 2**63 - 1


def event_position_of(name: str, text: str) -> EventPosition:
    """Reads `block-logindex`. Raises InvalidParameterError."""
    block_number, _, log_index = text.partition("-")
    if not (_is_number(block_number) and _is_number(log_index) and int(log_index) <= LOG_INDEX_MAX):
        raise InvalidParameterError(name, "`block-logindex` is expected")
    return EventPosition(int(block_number), int(log_index))


def stream_id_of(name: str, text: str) -> tuple[EventPosition, str | None]:
    """Reads `block-logindex-mark`, also without its mark. Raises InvalidParameterError."""
    place, _, mark = text.rpartition("-") if text.count("-") > 1 else (text, "", "")
    return event_position_of(name, place), mark or None


def operation_key_of(name: str, text: str) -> OperationKey:
    """Reads `accepted_at_ms-partner.slot.sequence`. Raises InvalidParameterError."""
    accepted_at_ms, _, operation = text.partition("-")
    if not _is_number(accepted_at_ms):
        raise InvalidParameterError(name, "`next_after` of a page is expected")
    try:
        return OperationKey(int(accepted_at_ms), OperationId.parse(operation))
    except ProtocolError:
        raise InvalidParameterError(name, "`next_after` of a page is expected") from None


def member_of(name: str, text: str) -> MemberId:
    """Reads `0x` and 40 digits. Raises InvalidParameterError."""
    try:
        return MemberId.parse(text)
    except ProtocolError:
        raise InvalidParameterError(name, "`0x` and 40 hexadecimal digits are expected") from None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= _STORED_NUMBER_MAX
