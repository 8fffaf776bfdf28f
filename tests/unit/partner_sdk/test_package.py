"""The package as a whole: light, current, and its error tree is what it says."""

import inspect
import re
import subprocess
import sys

import pytest

import partner_sdk
from partner_sdk import _errors, _generate, _rejections
from partner_sdk.protocol import OPERATION_REASONS

HEAVY = ["httpx2", "pydantic", "stamina", "cryptography", "coincurve"]


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import partner_sdk, sys; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"


def test_importing_the_protocol_loads_no_client() -> None:
    code = "import partner_sdk.protocol, sys; print([n for n in ('httpx2', 'pydantic') if n in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", partner_sdk.__all__)
def test_every_public_name_is_there_and_has_a_docstring(name: str) -> None:
    assert inspect.getdoc(getattr(partner_sdk, name))


def test_the_synchronous_client_is_made_from_the_asynchronous_one() -> None:
    assert _generate.main(["--check"]) == 0


def test_the_error_tree_in_the_docstring_is_the_one_in_the_code() -> None:
    assert _errors.__doc__ is not None
    told: dict[str, str] = {}
    parents = {0: "PointsError"}
    for line in _errors.__doc__.splitlines():
        match = re.match(r"([│ ]*)[├└]── (\w+Error)\b", line)
        if match:
            depth = len(match[1]) // 4 + 1
            parents[depth] = match[2]
            told[match[2]] = parents[depth - 1]
    assert told.pop("InsufficientPointsError") == "OperationRejectedError"
    defined = {
        name: error.__bases__[0].__name__
        for name, error in vars(_errors).items()
        if inspect.isclass(error)
        and issubclass(error, _errors.PointsError)
        and error is not _errors.PointsError
    }
    assert told == defined


def test_every_reason_to_reject_has_an_error_of_its_name() -> None:
    assert list(_rejections.REJECTION_ERRORS) == list(OPERATION_REASONS)
    for reason, error in _rejections.REJECTION_ERRORS.items():
        assert error.__name__ == "".join(word.capitalize() for word in reason.split("_")) + "Error"


def test_a_reason_of_a_newer_ledger_is_still_a_rejection() -> None:
    error = _rejections.rejection_error("moon_too_full", partner_sdk.OperationId.parse("1.0.0"))
    assert type(error) is partner_sdk.OperationRejectedError
    assert error.reason == "moon_too_full"
