"""Nodes' words for what they refuse."""

import pytest

from node_gateway.chain.rpc_errors import RpcError, RpcReason, reason_of, rpc_error


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("already known", RpcReason.ALREADY_KNOWN),
        ("Known transaction", RpcReason.ALREADY_KNOWN),
        ("transaction already imported", RpcReason.ALREADY_KNOWN),
        ("AlreadyKnown", RpcReason.ALREADY_KNOWN),
        ("nonce too low: next nonce 5, tx nonce 4", RpcReason.NONCE_TOO_LOW),
        ("Nonce too low", RpcReason.NONCE_TOO_LOW),
        ("OldNonce", RpcReason.NONCE_TOO_LOW),
        ("nonce too high", RpcReason.NONCE_TOO_HIGH),
        (
            "Transaction nonce is too distant from current sender nonce: nonce too distant",
            RpcReason.NONCE_TOO_HIGH,
        ),
        ("replacement transaction underpriced", RpcReason.REPLACEMENT_UNDERPRICED),
        ("transaction underpriced: gas tip cap 0, minimum needed 1", RpcReason.UNDERPRICED),
        ("max fee per gas less than block base fee: address 0x…", RpcReason.UNDERPRICED),
        ("Gas price below configured minimum gas price", RpcReason.UNDERPRICED),
        ("txpool is full", RpcReason.POOL_FULL),
        ("mempool is full", RpcReason.POOL_FULL),
        ("insufficient funds for gas * price + value", RpcReason.INSUFFICIENT_FUNDS),
        ("Upfront cost exceeds account balance", RpcReason.INSUFFICIENT_FUNDS),
        ("exceeds block gas limit", RpcReason.GAS_LIMIT_EXCEEDED),
        ("intrinsic gas too high -- tx.gas_limit > env.cfg.tx_gas_limit_cap", RpcReason.GAS_LIMIT_EXCEEDED),
        ("intrinsic gas too low", RpcReason.GAS_TOO_LOW),
        ("oversized data: transaction size 140000, limit 131072", RpcReason.TRANSACTION_TOO_LARGE),
        ("execution reverted", RpcReason.REVERTED),
        ("header not found", RpcReason.BLOCK_NOT_FOUND),
        ("missing trie node 1234", RpcReason.BLOCK_NOT_FOUND),
        ("exceed maximum block range: 5000", RpcReason.RANGE_TOO_LARGE),
        ("the method eth_foo does not exist/is not available", RpcReason.METHOD_UNSUPPORTED),
        ("transaction indexing is in progress", RpcReason.OVERLOADED),
        ("request timed out", RpcReason.TIMED_OUT),
        ("something nobody has seen", RpcReason.OTHER),
    ],
)
def test_gives_one_reason_for_every_spelling(message: str, reason: RpcReason) -> None:
    assert reason_of(message) is reason


def test_the_code_decides_only_where_the_words_say_nothing() -> None:
    assert reason_of("", -32601) is RpcReason.METHOD_UNSUPPORTED
    assert reason_of("nonce too low", -32601) is RpcReason.NONCE_TOO_LOW


def test_reads_errors_of_every_shape() -> None:
    full = rpc_error("m", {"code": 3, "message": "execution reverted", "data": "0x08"})
    assert (full.reason, full.code, full.data) == (RpcReason.REVERTED, 3, "0x08")
    assert rpc_error("m", "already known").reason is RpcReason.ALREADY_KNOWN
    assert rpc_error("m", {}).reason is RpcReason.OTHER


def test_knows_when_the_outcome_is_unknown() -> None:
    assert RpcError(RpcReason.TIMED_OUT, "", "m").is_outcome_unknown
    assert not RpcError(RpcReason.UNDERPRICED, "", "m").is_outcome_unknown
    assert RpcError(RpcReason.POOL_FULL, "", "m").is_transient
    assert not RpcError(RpcReason.NOT_PERMITTED, "", "m").is_transient
