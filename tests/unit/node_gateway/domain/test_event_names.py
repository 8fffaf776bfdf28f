"""The list of event names is the contracts'."""

from node_gateway.chain.artifacts import ledger_abi
from node_gateway.domain.event_names import EVENT_NAMES


def test_every_event_that_is_indexed_can_be_asked_for_and_no_other() -> None:
    events = {entry["name"] for entry in ledger_abi() if entry["type"] == "event"}

    assert events - {"Transfer"} == EVENT_NAMES
