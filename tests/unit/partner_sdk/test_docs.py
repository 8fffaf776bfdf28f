"""docs/sdk.md says what the code does: every call, every error, and its examples run."""

import inspect
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import partner_sdk
import partner_sdk.protocol
from partner_sdk import _errors, _rejections
from partner_sdk._async.webhooks import AsyncWebhooks
from partner_sdk._sync.reading import Reading
from partner_sdk._sync.webhooks import Webhooks
from partner_sdk.protocol.operation_bodies import FIELDS_OF_KIND
from partner_sdk.testing import FakeGateway
from tests.vectors import protocol_vectors

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "sdk.md").read_text(encoding="utf-8")
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def documented_calls(title: str) -> dict[str, list[str]]:
    """Names of calls with the names of their parameters, from a table."""
    calls = re.findall(r"^\| `(\w+)\((.*?)\)`", section(title), re.MULTILINE)
    return {
        name: [
            parameter.split("=")[0].strip() for parameter in parameters.split(",") if parameter.strip(" *")
        ]
        for name, parameters in calls
    }


def public_calls(client: type) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(function).parameters)[1:]
        for name, function in vars(client).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }


@pytest.mark.parametrize(
    ("title", "client"),
    [
        ("Partner", partner_sdk.Partner),
        ("Wallet", partner_sdk.Wallet),
        ("Both", Reading),
        ("Webhooks", Webhooks),
    ],
)
def test_every_call_is_documented_with_its_parameters(title: str, client: type) -> None:
    assert documented_calls(title) == public_calls(client)


@pytest.mark.parametrize(
    ("synchronous", "asynchronous"),
    [
        (partner_sdk.Partner, partner_sdk.AsyncPartner),
        (partner_sdk.Wallet, partner_sdk.AsyncWallet),
        (Webhooks, AsyncWebhooks),
    ],
)
def test_the_asynchronous_twin_has_the_same_calls(synchronous: type, asynchronous: type) -> None:
    assert public_calls(synchronous) == public_calls(asynchronous)


def test_the_error_tree_is_that_of_the_code() -> None:
    tree = re.findall(r"[├└]── (\w+)", section("Errors"))
    defined = [
        name
        for name, error in vars(_errors).items()
        if inspect.isclass(error)
        and issubclass(error, _errors.PointsError)
        and error is not _errors.PointsError
    ]
    assert sorted(tree) == sorted(defined)


def test_every_reason_is_listed_in_order() -> None:
    listed = section("Errors").split("in the order of the ledger's checks:\n")[1]
    assert re.findall(r"`(\w+)`", listed) == [
        error.__name__ for error in _rejections.REJECTION_ERRORS.values()
    ]


def test_the_protocol_page_lists_the_reasons_in_order() -> None:
    reasons = PROTOCOL.split("## Reasons\n")[1].split("\nAny member id")[0]
    of_submission, of_operation = reasons.split("\nSubmission: ")[1].split("\nOperation: ")
    assert re.findall(r"`(\w+)`", of_submission) == list(partner_sdk.protocol.SUBMISSION_REASONS)
    assert re.findall(r"`(\w+)`", of_operation) == list(partner_sdk.protocol.OPERATION_REASONS)


def test_the_protocol_page_gives_every_body_as_it_is_packed() -> None:
    rows = re.findall(r"^\| (0x[0-9a-f]{2}) \| (\w+) \| (.*?) \|", PROTOCOL, re.MULTILINE)
    told = {int(number, 16): (name, re.sub(r"\([^)]*\)", "", body)) for number, name, body in rows}
    assert list(told) == list(partner_sdk.protocol.OPERATION_TYPES)
    for kind, operation_type in partner_sdk.protocol.OPERATION_TYPES.items():
        name, body = told[kind]
        assert name == kind.text
        fields = [part.split() for part in body.split(", ")]
        python_names = ["key_kind" if field[0] == "kind" else field[0] for field in fields]
        assert tuple(python_names) == FIELDS_OF_KIND[kind]
        if "authorisation" not in python_names:
            sizes = sum(int(field[1]) for field in fields)
            assert len(example_of(operation_type).encode()) == 7 + sizes


def example_of(operation_type: type[partner_sdk.protocol.Operation]) -> partner_sdk.protocol.Operation:
    (found,) = [operation for operation in protocol_vectors.operations() if type(operation) is operation_type]
    return found


def run_first_receipt(block: str, fake: FakeGateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Runs an example against the fake; only where it connects to is another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POINTS_KEY", fake.partner_key.secret.hex())
    monkeypatch.setenv("POINTS_GATEWAY", "http://gateway.test")
    monkeypatch.setenv("POINTS_API_KEY", "partner")
    monkeypatch.setenv("POINTS_MEMBER", fake.new_member().member.text)
    connected: Any = partial(partner_sdk.Partner, transport=fake.transport)
    monkeypatch.setattr(partner_sdk, "Partner", connected)
    exec(compile(block, "docs/sdk.md", "exec"), {})


def test_the_first_receipt_takes_ten_lines_at_most_and_works(
    fake: FakeGateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    block = BLOCKS[0]
    assert len([line for line in block.splitlines() if line.strip()]) <= 10
    run_first_receipt(block, fake, monkeypatch, tmp_path)
    assert capsys.readouterr().out == "1999 points, operation 1.0.0, block 2\n"


def test_the_readme_shows_an_example_that_works(
    fake: FakeGateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    shown = [block for block in blocks if "partner_sdk" in block]
    assert shown, "the README has no example of the SDK"
    run_first_receipt(shown[0], fake, monkeypatch, tmp_path)


def test_the_tills_example_works(fake: FakeGateway) -> None:
    member = fake.new_member(points=2_000)
    today, deadline_s = fake.ledger.today, fake.deadline_s()
    with fake.partner() as partner:
        names: dict[str, Any] = {
            "partner": partner,
            "member": member.member,
            "scanned_text": member.redeem(partner=1, max_points=300, nonce=1, deadline_s=deadline_s).text,
            "scanned_hold_text": member.hold(
                partner=1, max_points=500, expires_day=today, nonce=2, deadline_s=deadline_s
            ).text,
        }
        exec(compile(BLOCKS[1], "docs/sdk.md", "exec"), names)
        assert names["same"] == names["bought"].model_copy(update={"balance": None})
        assert partner.member(member.member).available == 2_000 - 200 - 450 + 1_499


def test_the_testing_example_works() -> None:
    exec(compile(BLOCKS[-1], "docs/sdk.md", "exec"), {})
