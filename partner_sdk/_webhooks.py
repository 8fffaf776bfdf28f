"""Webhooks by the Standard Webhooks specification."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import ValidationError

from partner_sdk._errors import WebhookVerificationError
from partner_sdk.models import Event

BODY_BYTES_MAX: Final = 1024 * 1024


def verify_webhook(body: bytes, headers: Mapping[str, str], secret: str | Sequence[str]) -> Event:
    """Checks that a message is from the gateway and not older than five minutes, and reads it.

    The same message may come more than once: remember `webhook-id`.

    Args:
        body: the raw bytes of the request, before any parsing.
        headers: of the request; names in any case.
        secret: `whsec_…`, or several while one is being replaced.

    Raises:
        WebhookVerificationError: it is not, or is no event.
    """
    from standardwebhooks.webhooks import Webhook
    from standardwebhooks.webhooks import WebhookVerificationError as NotVerifiedError

    if len(body) > BODY_BYTES_MAX:
        raise WebhookVerificationError("the message is larger than any event")
    why = "no secret was given"
    for one in [secret] if isinstance(secret, str) else secret:
        try:
            Webhook(one).verify(body, dict(headers), json_parse=False)
            break
        except (NotVerifiedError, ValueError) as error:
            why = str(error)
    else:
        raise WebhookVerificationError(why)
    try:
        return Event.model_validate_json(body)
    except ValidationError as error:
        raise WebhookVerificationError(f"signed, but no event: {error.errors()[0]['msg']}") from None
