"""Webhooks: only what the gateway signed, and not what is old."""

import datetime as dt
import json

import pytest
from standardwebhooks.webhooks import Webhook

from partner_sdk import WebhookVerificationError, verify_webhook

SECRET, OLD_SECRET = "whsec_" + "QUFB" * 8, "whsec_" + "QkJC" * 8
BODY = json.dumps({"id": "7-3", "name": "PurchaseSettled", "block_number": 7, "data": {"points": 5}}).encode()


def headers_of(body: bytes, secret: str, *, age_s: int = 0) -> dict[str, str]:
    sent_at = dt.datetime.now(tz=dt.UTC) - dt.timedelta(seconds=age_s)
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(sent_at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign(msg_id="msg_1", timestamp=sent_at, data=body.decode()),
    }


def test_reads_what_the_gateway_signed() -> None:
    event = verify_webhook(BODY, headers_of(BODY, SECRET), SECRET)
    assert (event.id, event.name, event.data) == ("7-3", "PurchaseSettled", {"points": 5})


def test_takes_either_secret_while_one_is_replaced() -> None:
    assert verify_webhook(BODY, headers_of(BODY, OLD_SECRET), [SECRET, OLD_SECRET]).id == "7-3"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY + b" ", headers_of(BODY, SECRET)),
        (BODY, headers_of(BODY, OLD_SECRET)),
        (BODY, headers_of(BODY, SECRET, age_s=3600)),
        (BODY, {}),
        (b"[]", headers_of(b"[]", SECRET)),
        (b"\xff", headers_of(BODY, SECRET)),
        (b"x" * (1024 * 1024 + 1), headers_of(BODY, SECRET)),
    ],
    ids=["changed", "other secret", "old", "unsigned", "no event", "no text", "huge"],
)
def test_refuses_what_the_gateway_did_not_sign(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(WebhookVerificationError):
        verify_webhook(body, headers, SECRET)


def test_refuses_without_a_secret() -> None:
    with pytest.raises(WebhookVerificationError, match="no secret"):
        verify_webhook(BODY, headers_of(BODY, SECRET), [])
