"""Which changes of the storage layout an upgrade can take over."""

import copy
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def storage_layout() -> Any:
    sys.path.insert(0, str(ROOT / "scripts" / "lib"))
    try:
        storage_layout = importlib.import_module("storage_layout")
    finally:
        sys.path.pop(0)
    return storage_layout


@pytest.fixture
def committed() -> dict[str, Any]:
    committed: dict[str, Any] = json.loads((ROOT / "contracts" / "storage-layout.json").read_text())
    return committed


def fields(layout: dict[str, Any], struct: str) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = layout["types"][f"struct {struct}"]["members"]
    return members


def test_the_same_layout_has_no_obstacle(storage_layout: Any, committed: dict[str, Any]) -> None:
    assert storage_layout.obstacles(committed, copy.deepcopy(committed)) == []


def test_accepts_a_field_behind_all_others(storage_layout: Any, committed: dict[str, Any]) -> None:
    changed = copy.deepcopy(committed)
    fields(changed, "Payment").append({"slot": 0, "offset": 12, "label": "day", "type": "uint24"})
    fields(changed, "Ledger").append({"slot": 90, "offset": 0, "label": "sweeps", "type": "uint256"})
    assert storage_layout.obstacles(committed, changed) == []
    assert storage_layout.obstacles(changed, committed) == [
        "Ledger.sweeps is gone (uint256 at slot 90, byte 0)",
        "Payment.day is gone (uint24 at slot 0, byte 12)",
    ]


def test_names_a_field_that_moved_and_what_moved_with_it(
    storage_layout: Any, committed: dict[str, Any]
) -> None:
    changed = copy.deepcopy(committed)
    members = fields(changed, "TotalsSlot")
    members[0]["offset"], members[1]["offset"] = members[1]["offset"], members[0]["offset"]
    members[0], members[1] = members[1], members[0]
    assert storage_layout.obstacles(committed, changed) == [
        "TotalsSlot.issued was uint64 at slot 0, byte 0, is uint64 at slot 0, byte 8",
        "TotalsSlot.burned was uint64 at slot 0, byte 8, is uint64 at slot 0, byte 0",
    ]


def test_names_a_renamed_field(storage_layout: Any, committed: dict[str, Any]) -> None:
    changed = copy.deepcopy(committed)
    fields(changed, "TotalsSlot")[3]["label"] = "lapsed"
    assert storage_layout.obstacles(committed, changed) == [
        "TotalsSlot.expired is called lapsed now, at the same place (uint64 at slot 0, byte 24)"
    ]


def test_names_a_field_of_another_type(storage_layout: Any, committed: dict[str, Any]) -> None:
    changed = copy.deepcopy(committed)
    fields(changed, "TotalsSlot")[3]["type"] = "int64"
    assert storage_layout.obstacles(committed, changed) == [
        "TotalsSlot.expired was uint64 at slot 0, byte 24, is int64 at slot 0, byte 24"
    ]


def test_names_a_namespace_that_moved(storage_layout: Any, committed: dict[str, Any]) -> None:
    changed = copy.deepcopy(committed)
    changed["namespaces"]["openzeppelin.storage.AccessManaged"]["members"].reverse()
    assert len(storage_layout.obstacles(committed, changed)) == 2
    del changed["namespaces"]["openzeppelin.storage.AccessManaged"]
    assert storage_layout.obstacles(committed, changed) == [
        "the namespace openzeppelin.storage.AccessManaged is gone"
    ]


def test_places_the_fields_of_a_namespace(storage_layout: Any) -> None:
    source = """
    /// @custom:storage-location erc7201:openzeppelin.storage.AccessManaged
    struct AccessManagedStorage {
        address _authority; // 20 bytes;
        bool _consumingSchedule;
        uint96 next;
    }
    """
    ((name, found),) = storage_layout.namespaces_in(source)
    assert name == "openzeppelin.storage.AccessManaged"
    # As in OpenZeppelin's own source.
    assert found["slot"] == "0xf3177357ab46d8af007ab3fdb9af81da189e1068fefdc0073dca88a2cab40a00"
    places = [(one["label"], one["slot"], one["offset"]) for one in found["members"]]
    assert places == [("_authority", 0, 0), ("_consumingSchedule", 0, 20), ("next", 1, 0)]


def test_refuses_a_namespace_that_it_cannot_place(storage_layout: Any) -> None:
    source = "@custom:storage-location erc7201:a.b\nstruct S { mapping(address => uint256) balances; }"
    with pytest.raises(ValueError, match=r"cannot place the fields of the namespace a\.b"):
        list(storage_layout.namespaces_in(source))
