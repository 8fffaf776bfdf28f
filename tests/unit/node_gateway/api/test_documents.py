"""The documents say what the code does."""

import re
from pathlib import Path

import orjson

from node_gateway.api.problems import STATUS_OF, code_of
from node_gateway.app import create_app
from node_gateway.config import Settings

ROOT = Path(__file__).parents[4]
SNAPSHOT = Path(__file__).parent / "openapi.json"
_PROBLEM_ROW = re.compile(r"^\| `(\w+)` \| (\d{3}) \|", re.MULTILINE)


def test_every_problem_is_documented_with_its_status() -> None:
    documented = _PROBLEM_ROW.findall((ROOT / "docs" / "api.md").read_text())

    assert len(documented) == len(set(documented))
    assert set(documented) == {(code_of(error), str(status.value)) for error, status in STATUS_OF.items()}


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()

    for name, field in Settings.model_fields.items():
        default = "" if field.default == "" else f"`{field.default}`"
        assert f"| `COALITION_{name.upper()}` | {default} | {field.description} |" in text
    assert set(re.findall(r"COALITION_\w+", text)) == {
        f"COALITION_{name.upper()}" for name in Settings.model_fields
    }


def test_the_openapi_document_is_the_one_that_was_agreed() -> None:
    """Meant to change? Look at the difference, then write the new document to the snapshot."""
    document = create_app(Settings()).openapi()

    assert document == orjson.loads(SNAPSHOT.read_bytes())


def test_every_route_is_in_the_openapi_document_with_a_problem_answer() -> None:
    document = create_app(Settings()).openapi()

    for path, methods in document["paths"].items():
        if path.startswith("/v1"):
            for operation in methods.values():
                assert "application/problem+json" in operation["responses"]["default"]["content"]
                assert operation["security"] == [{"apiKey": []}]
