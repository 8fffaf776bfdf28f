"""What the OpenAPI document says of the accept path, which reads its parameters and bodies by itself."""

from typing import Any

from node_gateway.api.bodies import JSON_MEDIA_TYPE
from node_gateway.api.idempotency import IDEMPOTENCY_KEY_PARAMETER
from partner_sdk.protocol.bounds import SUBMISSIONS_BULK_MAX
from partner_sdk.protocol.submissions import BULK_MEDIA_TYPE

WIRE_MEDIA_TYPE = "application/octet-stream"

_WIRE_AS_HEX = {"type": "string", "pattern": "^0x([0-9a-fA-F]{2})+$"}
_WAIT = [
    {
        "name": "wait",
        "in": "query",
        "required": False,
        "description": "Hold the answer until the block.",
        "schema": {"type": "string", "enum": ["settled"]},
    },
    {
        "name": "wait_s",
        "in": "query",
        "required": False,
        "description": "How long at most, in seconds; the gateway has a limit too.",
        "schema": {"type": "number", "exclusiveMinimum": 0, "maximum": 30},
    },
]


def _described(
    field: str, value: dict[str, Any], *, binary_type: str, parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    as_json = {
        "type": "object",
        "properties": {field: value},
        "required": [field],
        "additionalProperties": False,
    }
    content = {
        JSON_MEDIA_TYPE: {"schema": as_json},
        binary_type: {"schema": {"type": "string", "format": "binary"}},
    }
    return {"parameters": parameters, "requestBody": {"required": True, "content": content}}


SINGLE = _described(
    "submission", _WIRE_AS_HEX, binary_type=WIRE_MEDIA_TYPE, parameters=[IDEMPOTENCY_KEY_PARAMETER, *_WAIT]
)
BULK = _described(
    "submissions",
    {"type": "array", "items": _WIRE_AS_HEX, "minItems": 1, "maxItems": SUBMISSIONS_BULK_MAX},
    binary_type=BULK_MEDIA_TYPE,
    parameters=[IDEMPOTENCY_KEY_PARAMETER],
)
