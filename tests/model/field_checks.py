"""The smallest pieces of a scenario file's format: a field, a number, an id, a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .terms import ID_LENGTH_MAX, NUMBER_MAX, PARTNER_TERMS, PRICE_MAX_MICRO, RATE_MAX

TERM_MAX = {"issue_price": PRICE_MAX_MICRO, "redeem_price": PRICE_MAX_MICRO, PARTNER_TERMS[2]: RATE_MAX}


class Problem(NamedTuple):
    path: str
    message: str


Problems = Iterator[Problem]


def check_fields(
    value: Any, path: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Problems:
    if not isinstance(value, dict):
        yield Problem(path, "must be an object")
        return
    for name in required:
        if name not in value:
            yield Problem(f"{path}.{name}", "is missing")
    for name in value:
        if name not in (*required, *optional):
            yield Problem(f"{path}.{name}", "is not a field of this")


def check_number(value: Any, path: str, low: int = 0, high: int = NUMBER_MAX) -> Problems:
    if not isinstance(value, int) or isinstance(value, bool):
        yield Problem(path, "must be a whole number")
    elif not low <= value <= high:
        yield Problem(path, f"must be from {low} to {high}")


def check_id(value: Any, path: str) -> Problems:
    if not isinstance(value, str) or not 1 <= len(value) <= ID_LENGTH_MAX:
        yield Problem(path, f"must be a string of 1 to {ID_LENGTH_MAX} characters")


def check_text(value: Any, path: str) -> Problems:
    if not isinstance(value, str):
        yield Problem(path, "must be a string")


def check_list(value: Any, path: str) -> Problems:
    if not isinstance(value, list):
        yield Problem(path, "must be a list")


def check_ids(value: Any, path: str) -> Problems:
    yield from check_list(value, path)
    for number, member in enumerate(value if isinstance(value, list) else []):
        yield from check_id(member, f"{path}[{number}]")
        if member in value[:number]:
            yield Problem(f"{path}[{number}]", "is given twice")


def check_listed(value: Any, path: str, listed: list[str]) -> Problems:
    if value not in listed:
        yield Problem(path, "is not listed")
