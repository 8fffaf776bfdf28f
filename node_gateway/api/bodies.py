"""Reading bodies: how large, how slow, of which type; JSON strictly."""

import asyncio
import binascii
import json
from typing import Any

from starlette.requests import Request

from node_gateway.domain.errors import (
    BodyTooLargeError,
    BodyTooSlowError,
    MalformedJsonError,
    UnsupportedMediaTypeError,
)

JSON_NUMBER_MAX = 2**53
JSON_DEPTH_MAX = 32


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
        MalformedJsonError: not JSON (RFC 8259, UTF-8), a key twice, another field, a number beyond 2^53, or too deep.
    """
    if body.count(b"[") + body.count(b"{") > JSON_DEPTH_MAX:
        raise MalformedJsonError("too many objects and lists")
    try:
        value = json.loads(
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
    if not isinstance(value, dict) or set(value) != {field}:
        raise MalformedJsonError(f"an object with the field `{field}` and no other is expected")
    return value[field]


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
