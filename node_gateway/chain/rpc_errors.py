"""What a node refused, as one machine-readable reason, whatever the node's own words for it.

Nodes agree on almost no error code, so the message decides. The table is ordered: the first pattern that is contained in the message gives the
reason, hence the narrower spelling stands before the wider one. Spellings were taken from geth, anvil, Besu, Nethermind, Erigon, Reth,
subnet-evm and py-evm.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class RpcReason(StrEnum):
    """Why a call has no result."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    OVERLOADED = "overloaded"
    MALFORMED_ANSWER = "malformed_answer"
    ALREADY_KNOWN = "already_known"
    NONCE_TOO_LOW = "nonce_too_low"
    NONCE_TOO_HIGH = "nonce_too_high"
    REPLACEMENT_UNDERPRICED = "replacement_underpriced"
    UNDERPRICED = "underpriced"
    POOL_FULL = "pool_full"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    GAS_LIMIT_EXCEEDED = "gas_limit_exceeded"
    GAS_TOO_LOW = "gas_too_low"
    TRANSACTION_TOO_LARGE = "transaction_too_large"
    NOT_PERMITTED = "not_permitted"
    REVERTED = "reverted"
    OUT_OF_GAS = "out_of_gas"
    BLOCK_NOT_FOUND = "block_not_found"
    RANGE_TOO_LARGE = "range_too_large"
    METHOD_UNSUPPORTED = "method_unsupported"
    INVALID_PARAMS = "invalid_params"
    OTHER = "other"


@dataclass(eq=False)
class RpcError(Exception):
    """A call that the node did not answer with a result.

    Attributes:
        reason: what happened, the same for every engine.
        message: the node's own words, or the transport's.
        method: the JSON-RPC method.
        code: the node's code, where it gave one.
        data: the node's data (revert data as `0x…`), where it gave any.
    """

    reason: RpcReason
    message: str
    method: str
    code: int | None = None
    data: Any = None

    def __str__(self) -> str:
        return f"{self.method}: {self.reason.value}: {self.message}"

    @property
    def is_outcome_unknown(self) -> bool:
        """True where the node may have done what was asked although no answer came."""
        return self.reason in _OUTCOME_UNKNOWN

    @property
    def is_transient(self) -> bool:
        """True where the same call may well succeed a moment later."""
        return self.reason in _TRANSIENT


_OUTCOME_UNKNOWN = frozenset({RpcReason.TIMED_OUT, RpcReason.MALFORMED_ANSWER, RpcReason.UNREACHABLE})
_TRANSIENT = _OUTCOME_UNKNOWN | {RpcReason.OVERLOADED, RpcReason.POOL_FULL, RpcReason.BLOCK_NOT_FOUND}

_SPELLINGS: tuple[tuple[str, RpcReason], ...] = (
    ("already known", RpcReason.ALREADY_KNOWN),
    ("known transaction", RpcReason.ALREADY_KNOWN),
    ("alreadyknown", RpcReason.ALREADY_KNOWN),
    ("already imported", RpcReason.ALREADY_KNOWN),
    ("already in pool", RpcReason.ALREADY_KNOWN),
    ("already exists", RpcReason.ALREADY_KNOWN),
    ("replacement", RpcReason.REPLACEMENT_UNDERPRICED),
    ("could not replace existing", RpcReason.REPLACEMENT_UNDERPRICED),
    ("nonce too low", RpcReason.NONCE_TOO_LOW),
    ("nonce is too low", RpcReason.NONCE_TOO_LOW),
    ("oldnonce", RpcReason.NONCE_TOO_LOW),
    ("nonce below", RpcReason.NONCE_TOO_LOW),
    ("invalid transaction nonce", RpcReason.NONCE_TOO_LOW),
    ("nonce too high", RpcReason.NONCE_TOO_HIGH),
    ("nonce is too high", RpcReason.NONCE_TOO_HIGH),
    ("nonce gap", RpcReason.NONCE_TOO_HIGH),
    ("nonce too distant", RpcReason.NONCE_TOO_HIGH),
    ("nonce too far", RpcReason.NONCE_TOO_HIGH),
    ("distance to current nonce", RpcReason.NONCE_TOO_HIGH),
    ("underpriced", RpcReason.UNDERPRICED),
    ("fee cap less than block base fee", RpcReason.UNDERPRICED),
    ("max fee per gas less than block base fee", RpcReason.UNDERPRICED),
    ("feetoolow", RpcReason.UNDERPRICED),
    ("fee too low", RpcReason.UNDERPRICED),
    ("gas price below", RpcReason.UNDERPRICED),
    ("gas price too low", RpcReason.UNDERPRICED),
    ("tip cap", RpcReason.UNDERPRICED),
    ("pool is full", RpcReason.POOL_FULL),
    ("mempool full", RpcReason.POOL_FULL),
    ("mempool is full", RpcReason.POOL_FULL),
    ("txpool full", RpcReason.POOL_FULL),
    ("pool overflow", RpcReason.POOL_FULL),
    ("pool limit", RpcReason.POOL_FULL),
    ("too many transactions", RpcReason.POOL_FULL),
    ("account slots", RpcReason.POOL_FULL),
    ("insufficient funds", RpcReason.INSUFFICIENT_FUNDS),
    ("insufficientfunds", RpcReason.INSUFFICIENT_FUNDS),
    ("insufficient balance", RpcReason.INSUFFICIENT_FUNDS),
    ("upfront cost", RpcReason.INSUFFICIENT_FUNDS),
    ("does not have enough funds", RpcReason.INSUFFICIENT_FUNDS),
    ("exceeds block gas limit", RpcReason.GAS_LIMIT_EXCEEDED),
    ("exceeds the block gas limit", RpcReason.GAS_LIMIT_EXCEEDED),
    ("exceeds block limit", RpcReason.GAS_LIMIT_EXCEEDED),
    ("exceeds transaction gas limit", RpcReason.GAS_LIMIT_EXCEEDED),
    ("transaction gas limit", RpcReason.GAS_LIMIT_EXCEEDED),
    ("gas limit too high", RpcReason.GAS_LIMIT_EXCEEDED),
    ("gas limit exceeded", RpcReason.GAS_LIMIT_EXCEEDED),
    ("exceeds the tx gas limit", RpcReason.GAS_LIMIT_EXCEEDED),
    ("intrinsic gas too high", RpcReason.GAS_LIMIT_EXCEEDED),
    ("gas_limit_cap", RpcReason.GAS_LIMIT_EXCEEDED),
    ("intrinsic gas", RpcReason.GAS_TOO_LOW),
    ("floor data gas", RpcReason.GAS_TOO_LOW),
    ("gas required exceeds allowance", RpcReason.OUT_OF_GAS),
    ("out of gas", RpcReason.OUT_OF_GAS),
    ("outofgas", RpcReason.OUT_OF_GAS),
    ("oversized data", RpcReason.TRANSACTION_TOO_LARGE),
    ("transaction too large", RpcReason.TRANSACTION_TOO_LARGE),
    ("request too large", RpcReason.TRANSACTION_TOO_LARGE),
    ("content length too large", RpcReason.TRANSACTION_TOO_LARGE),
    ("length limit exceeded", RpcReason.TRANSACTION_TOO_LARGE),
    ("not authorized", RpcReason.NOT_PERMITTED),
    ("non-allow-listed", RpcReason.NOT_PERMITTED),
    ("not permitted", RpcReason.NOT_PERMITTED),
    ("cannot issue transaction", RpcReason.NOT_PERMITTED),
    ("revert", RpcReason.REVERTED),
    ("header not found", RpcReason.BLOCK_NOT_FOUND),
    ("unknown block", RpcReason.BLOCK_NOT_FOUND),
    ("block not found", RpcReason.BLOCK_NOT_FOUND),
    ("blocknotfound", RpcReason.BLOCK_NOT_FOUND),
    ("blockoutofrange", RpcReason.BLOCK_NOT_FOUND),
    ("cannot query unfinalized data", RpcReason.BLOCK_NOT_FOUND),
    ("missing trie node", RpcReason.BLOCK_NOT_FOUND),
    ("state not available", RpcReason.BLOCK_NOT_FOUND),
    ("historical state", RpcReason.BLOCK_NOT_FOUND),
    ("block range", RpcReason.RANGE_TOO_LARGE),
    ("query returned more than", RpcReason.RANGE_TOO_LARGE),
    ("too many results", RpcReason.RANGE_TOO_LARGE),
    ("response size", RpcReason.RANGE_TOO_LARGE),
    ("response too large", RpcReason.RANGE_TOO_LARGE),
    ("response is too big", RpcReason.RANGE_TOO_LARGE),
    ("batch too large", RpcReason.RANGE_TOO_LARGE),
    ("batch limit", RpcReason.RANGE_TOO_LARGE),
    ("batch size", RpcReason.RANGE_TOO_LARGE),
    ("rate limit", RpcReason.OVERLOADED),
    ("too many requests", RpcReason.OVERLOADED),
    ("request limit", RpcReason.OVERLOADED),
    ("server busy", RpcReason.OVERLOADED),
    ("indexing is in progress", RpcReason.OVERLOADED),
    ("method not found", RpcReason.METHOD_UNSUPPORTED),
    ("does not exist/is not available", RpcReason.METHOD_UNSUPPORTED),
    ("not supported", RpcReason.METHOD_UNSUPPORTED),
    ("unsupported method", RpcReason.METHOD_UNSUPPORTED),
    ("not implemented", RpcReason.METHOD_UNSUPPORTED),
    ("method disabled", RpcReason.METHOD_UNSUPPORTED),
    ("timeout", RpcReason.TIMED_OUT),
    ("timed out", RpcReason.TIMED_OUT),
    ("deadline exceeded", RpcReason.TIMED_OUT),
)

_CODES: dict[int, RpcReason] = {
    3: RpcReason.REVERTED,
    -32601: RpcReason.METHOD_UNSUPPORTED,
    -32004: RpcReason.METHOD_UNSUPPORTED,
    -32602: RpcReason.INVALID_PARAMS,
    -32005: RpcReason.OVERLOADED,
}


def reason_of(message: str, code: int | None = None) -> RpcReason:
    """The reason behind a node's message; its code decides only where the words say nothing."""
    lowered = message.lower()
    for spelling, reason in _SPELLINGS:
        if spelling in lowered:
            return reason
    return _CODES.get(code, RpcReason.OTHER) if code is not None else RpcReason.OTHER


def rpc_error(method: str, error: Any) -> RpcError:
    """Build the error for the `error` member of a JSON-RPC answer, whatever shape the node gave it."""
    if not isinstance(error, dict):
        return RpcError(reason_of(str(error)), str(error), method)
    message = str(error.get("message", error))
    code = error.get("code")
    known_code = code if isinstance(code, int) else None
    return RpcError(reason_of(message, known_code), message, method, known_code, error.get("data"))
