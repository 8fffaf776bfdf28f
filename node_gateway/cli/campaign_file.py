"""The JSON file of `coalition campaign open`: terms by the names of the protocol, and signatures made elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from partner_sdk.protocol import CampaignId, CampaignTerms, Funder, PartnerId, Stage


def read_campaign_file(path: Path) -> tuple[CampaignTerms, dict[PartnerId, bytes]]:
    """Reads the terms and the signatures, by funder, that the file carries.

    Raises:
        CommandError: where a field is missing, unknown, or of another kind.
    """
    try:
        raw = orjson.loads(path.read_bytes())
        if not isinstance(raw, dict):
            raise TypeError("it is not a JSON object")
        signatures = {
            PartnerId(int(partner)): bytes.fromhex(text.removeprefix("0x"))
            for partner, text in raw.pop("signatures", {}).items()
        }
        return _terms(raw), signatures
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise CommandError(
            f"{path} is no campaign: {_explained(error)}", "docs/cli.md shows the format", ExitCode.USAGE
        ) from error


def _terms(raw: Mapping[str, Any]) -> CampaignTerms:
    fields = dict(raw)
    return CampaignTerms(
        campaign=CampaignId(fields.pop("campaign")),
        partners=tuple(PartnerId(partner) for partner in fields.pop("partners")),
        stages=tuple(Stage(**stage) for stage in fields.pop("stages")),
        funders=tuple(Funder(**funder) for funder in fields.pop("funders")),
        **fields,
    )


def _explained(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
