"""Encoding and decoding against eth_abi, on the ledger's own interface."""

import eth_abi
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from node_gateway.chain.abi import (
    Event,
    EventTable,
    SettleItem,
    encode_call,
    encode_settle,
    error_text,
    reason_text,
    signature_of,
)
from node_gateway.chain.artifacts import ledger_abi, ledger_events
from node_gateway.chain.node import Log

MEMBER = bytes(range(20))


@settings(deadline=None)
@given(st.lists(st.tuples(st.binary(min_size=75, max_size=300), st.integers(0, 2**32 - 1)), max_size=6))
def test_encodes_settle_as_eth_abi_does(items: list[tuple[bytes, int]]) -> None:
    structs = [
        (int.from_bytes(wire[:4]), int.from_bytes(wire[4:10]), gas, wire[74:], wire[10:74])
        for wire, gas in items
    ]
    expected = encode_call(ledger_abi(), "settle", [structs])
    assert encode_settle(SettleItem(wire, gas) for wire, gas in items) == expected


def _log(name: str, indexed: list[bytes], data: bytes) -> Log:
    entry = next(entry for entry in ledger_abi() if entry["type"] == "event" and entry["name"] == name)
    topics = [
        "0x" + keccak(signature_of(entry).encode()).hex(),
        *("0x" + word.rjust(32, b"\0").hex() for word in indexed),
    ]
    return Log(topics, "0x" + data.hex(), 4, "0xab", 0)


def test_decodes_a_purchase() -> None:
    log = _log(
        "PurchaseSettled", [b"\x07", MEMBER], eth_abi.encode(["uint256"] * 5, [1000, 10, 3, 20_000, 5])
    )
    assert ledger_events().decode(log) == Event(
        "PurchaseSettled",
        {
            "operation": 7,
            "member": MEMBER,
            "spend": 1000,
            "points": 10,
            "lot": 3,
            "expiresDay": 20_000,
            "terms": 5,
        },
        4,
        "0xab",
    )


def test_decodes_signed_words_text_and_structs() -> None:
    position = _log("PositionChanged", [b"\x02"], eth_abi.encode(["int256"] * 4, [5, -6, 2**200, -(2**255)]))
    decoded = ledger_events().decode(position)
    assert decoded is not None
    assert decoded.args == {"partner": 2, "base": 5, "bonus": -6, "credit": 2**200, "reimbursed": -(2**255)}
    limits = _log("LimitsSet", [b"\x02"], eth_abi.encode(["(uint96,uint32,uint48,uint48)"], [(1, 2, 3, 4)]))
    decoded = ledger_events().decode(limits)
    assert decoded is not None
    assert decoded.args["limits"]["partnerDayPointsMax"] == 4


def test_an_event_of_a_later_version_is_left_out() -> None:
    assert EventTable(ledger_abi()).decode(Log(["0x" + "11" * 32], "0x", 0, "0x", 0)) is None
    assert EventTable(ledger_abi()).decode(Log([], "0x", 0, "0x", 0)) is None


def test_explains_revert_data_in_the_contracts_words() -> None:
    data = keccak(b"InvalidTerms(bytes32)")[:4] + b"currencyDecimals".ljust(32, b"\0")
    assert error_text(ledger_abi(), data) == "InvalidTerms(field=currencyDecimals)"
    assert error_text(ledger_abi(), b"\x01\x02\x03\x04") == "0x01020304"


def test_reads_reasons() -> None:
    assert reason_text(b"insufficient_points".ljust(32, b"\0")) == "insufficient_points"
