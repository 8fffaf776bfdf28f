"""One table from errors to answers, and nothing missing from it."""

from collections.abc import Iterator

import orjson
import pytest

from node_gateway.api.problems import STATUS_OF, code_of, problem_response
from node_gateway.domain import errors
from node_gateway.domain.errors import GatewayError
from partner_sdk.protocol import errors as protocol_errors
from partner_sdk.protocol.identities import Submitter

# Errors of the protocol that only what signs can meet.
NOT_MET_HERE = {
    protocol_errors.MalformedPasskeyProofError,
    protocol_errors.MalformedTillCodeError,
    protocol_errors.InvalidSignatureError,  # told as BadSignatureError
}


def leaves(error_type: type[Exception]) -> Iterator[type[Exception]]:
    children = error_type.__subclasses__()
    if not children:
        yield error_type
    for child in children:
        yield from leaves(child)


def test_every_error_of_the_gateway_has_an_answer() -> None:
    assert {error for error in leaves(GatewayError) if error not in STATUS_OF} == set()


def test_every_error_of_the_protocol_has_an_answer() -> None:
    found = {error for error in leaves(protocol_errors.ProtocolError) if error not in STATUS_OF}

    assert found == NOT_MET_HERE


def test_every_code_has_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for error, status in STATUS_OF.items():
        statuses.setdefault(code_of(error), set()).add(status.value)

    assert {code for code, found in statuses.items() if len(found) > 1} == set()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            errors.BadSignatureError(Submitter.of(3, 1)),
            {
                "type": "urn:coalition:problem:bad_signature",
                "title": "Bad signature",
                "status": 422,
                "code": "bad_signature",
                "detail": "The signature is not one by the submitter's key over this submission, chain and ledger.",
                "submitter": "3.1",
                "request_id": "r1",
            },
        ),
        (
            errors.RateLimitedError(limit="5 per 1 second", retry_after_s=1),
            {
                "type": "urn:coalition:problem:rate_limited",
                "title": "Rate limited",
                "status": 429,
                "code": "rate_limited",
                "detail": "Too many requests.",
                "limit": "5 per 1 second",
                "retry_after_s": 1,
                "request_id": "r1",
            },
        ),
    ],
)
def test_problem_bodies_are_as_agreed(error: GatewayError, expected: dict[str, object]) -> None:
    response = problem_response(error, "r1")

    assert orjson.loads(response.body) == expected
    assert response.media_type == "application/problem+json"
    assert response.headers.get("retry-after") == ("1" if "retry_after_s" in expected else None)
