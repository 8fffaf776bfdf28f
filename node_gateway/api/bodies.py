"""Reading bodies: how large, how slow, of which type; JSON strictly."""

import asyncio
import binascii
import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from node_gateway.domain.errors import (
    BodyTooLargeError,
    BodyTooSlowError,
    InvalidParameterError,
    MalformedJsonError,
    UnsupportedMediaTypeError,
)

JSON_MEDIA_TYPE = "application/json"
JSON_NUMBER_MAX = 2**53
JSON_DEPTH_MAX = 32

BodyModel = TypeVar("BodyModel", bound=BaseModel)


async def read_body(request: Request, *, bytes_max: int, body_s_max: float) -> bytes:
    """The whole body.

    Raises:
        UnsupportedMediaTypeError: it is compressed.
        BodyTooLargeError: over `bytes_max`, noticed before more of it is read.
        BodyTooSlowError: it did not arrive within `body_s_max`.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaTypeError(expected="no content-encoding")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > bytes_max:
        raise BodyTooLargeError(bytes_max=bytes_max)
    try:
        async with asyncio.timeout(body_s_max):
            return await _read_bounded(request, bytes_max)
    except TimeoutError:
        raise BodyTooSlowError(body_s_max=int(body_s_max)) from None


async def _read_bounded(request: Request, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > bytes_max:
            raise BodyTooLargeError(bytes_max=bytes_max)
        chunks.append(chunk)
    return b"".join(chunks)


def media_type_of(request: Request) -> str:
    """The content type without its parameters, lower case; empty when there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_json_object(body: bytes, *, field: str) -> Any:
    """The value of the only field of a JSON object.

    Raises:
        MalformedJsonError: see `read_json`; or another field.
    """
    value = read_json(body)
    if not isinstance(value, dict) or set(value) != {field}:
        raise MalformedJsonError(f"an object with the field `{field}` and no other is expected")
    return value[field]


def read_json(body: bytes) -> Any:
    """A JSON value, read strictly.

    Raises:
        MalformedJsonError: not JSON (RFC 8259, UTF-8), a key twice, a number that is not whole or beyond 2^53, or too deep.
    """
    # Counted before parsing: a deep text would overflow the stack of Python's parser where a library raised the recursion limit.
    if body.count(b"[") + body.count(b"{") > JSON_DEPTH_MAX:
        raise MalformedJsonError("too many objects and lists")
    try:
        return json.loads(
            body.decode(),
            object_pairs_hook=_without_repeated_keys,
            parse_int=_bounded_int,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except UnicodeDecodeError:
        raise MalformedJsonError("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedJsonError(f"{error.msg} at character {error.pos}") from None


async def read_model(
    request: Request, model: type[BodyModel], *, bytes_max: int, body_s_max: float
) -> tuple[bytes, BodyModel]:
    """A JSON body and what it says.

    Raises:
        UnsupportedMediaTypeError, BodyTooLargeError, BodyTooSlowError: see `read_body`.
        MalformedJsonError: see `read_json`; or it is no object.
        InvalidParameterError: a field is missing, unknown, or not what it has to be.
    """
    if media_type_of(request) != JSON_MEDIA_TYPE:
        raise UnsupportedMediaTypeError(expected=JSON_MEDIA_TYPE)
    body = await read_body(request, bytes_max=bytes_max, body_s_max=body_s_max)
    value = read_json(body)
    if not isinstance(value, dict):
        raise MalformedJsonError("an object is expected")
    try:
        return body, model.model_validate(value, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidParameterError(place, str(first["msg"])) from None


def bytes_of_hex(value: Any) -> bytes:
    """Bytes of `0x…` text.

    Raises:
        MalformedJsonError: not text, no `0x`, an odd number of digits, or something else than digits.
    """
    if not isinstance(value, str) or not value.startswith("0x"):
        raise MalformedJsonError("a submission is text that begins with 0x")
    try:
        return binascii.unhexlify(value[2:])
    except (binascii.Error, ValueError):
        raise MalformedJsonError("a submission is an even number of hexadecimal digits") from None


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJsonError("a key is given twice")
    return found


def _bounded_int(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > JSON_NUMBER_MAX:
        raise MalformedJsonError("a number is beyond 2^53")
    return int(digits)


def _no_float(_text: str) -> None:
    raise MalformedJsonError("only whole numbers are taken")
