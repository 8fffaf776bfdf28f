"""The file of `coalition campaign open`."""

import json
from pathlib import Path
from typing import Any

import pytest

from node_gateway.cli.campaign_file import read_campaign_file
from node_gateway.cli.errors import CommandError
from partner_sdk.protocol import OPERATOR, Funder, PartnerId, Stage

CAMPAIGN: dict[str, Any] = {
    "campaign": 1,
    "name": "Three of five",
    "partners": [1, 2, 3, 4, 5],
    "opens_day": 17_200,
    "closes_day": 17_206,
    "budget_points": 100_000,
    "price_micro": 10_000,
    "stages": [{"bonus_points": 200, "partners_required": 3, "min_spend_each_minor": 500}],
    "funders": [{"partner": 0, "share_bps": 5_000}, {"partner": 1, "share_bps": 5_000}],
}


def written(path: Path, value: object) -> Path:
    file = path / "campaign.json"
    file.write_text(json.dumps(value))
    return file


def test_reads_terms_and_signatures(tmp_path: Path) -> None:
    terms, signatures = read_campaign_file(
        written(tmp_path, CAMPAIGN | {"signatures": {"1": "0x" + "ab" * 64}})
    )

    assert (terms.campaign, terms.partners) == (1, (1, 2, 3, 4, 5))
    assert terms.stages == (Stage(bonus_points=200, partners_required=3, min_spend_each_minor=500),)
    assert terms.funders == (
        Funder(partner=OPERATOR, share_bps=5_000),
        Funder(partner=PartnerId(1), share_bps=5_000),
    )
    assert signatures == {1: bytes.fromhex("ab" * 64)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stages": None}, "not iterable"),
        ({"colour": "red"}, "colour"),
        ({"stages": [{"bonus": 1}]}, "bonus"),
        ({"signatures": {"one": "0x"}}, "invalid literal"),
    ],
)
def test_refuses_what_does_not_fit_and_says_why(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(CommandError, match=words) as error:
        read_campaign_file(written(tmp_path, CAMPAIGN | change))

    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "input is empty|zero-length"),
        (b"[" * 100_000, "depth limit"),
        (b'{"name": "\xff"}', "UTF-8"),
        (b"[1]", "not a JSON object"),
    ],
)
def test_refuses_what_is_no_json_object(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "campaign.json"
    file.write_bytes(content)

    with pytest.raises(CommandError, match=words) as error:
        read_campaign_file(file)

    assert error.value.exit_code == 2


def test_names_a_missing_field(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="funders is missing"):
        read_campaign_file(
            written(tmp_path, {name: value for name, value in CAMPAIGN.items() if name != "funders"})
        )
