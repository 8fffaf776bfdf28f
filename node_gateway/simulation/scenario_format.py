"""Reads a scenario file, and refuses one that does not fit before anything runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from node_gateway.simulation.consistency import problems_of
from node_gateway.simulation.ledger_bounds import problems_of_size
from node_gateway.simulation.problems import Problem, ScenarioFormatError
from node_gateway.simulation.scenario import EventType, Scenario

# A scenario stands six deep.
NESTING_MAX = 32
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
MESSAGES = {
    "missing": "missing",
    "extra_forbidden": "unknown field",
    "int_type": "must be a whole number",
    "string_type": "must be a string",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "union_tag_invalid": f"must be one of {', '.join(EventType)}",
    "union_tag_not_found": "missing",
}


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file.

    Raises:
        ScenarioFormatError: the file cannot be read, is not JSON, or does not fit the format.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ScenarioFormatError(
            [Problem(str(path), (error.strerror or "cannot be read").lower())]
        ) from error
    except UnicodeDecodeError as error:
        raise ScenarioFormatError([Problem(str(path), f"not UTF-8 at byte {error.start}")]) from error
    return parse_scenario(text, name=str(path))


def parse_scenario(text: str, *, name: str = "scenario") -> Scenario:
    """The scenario in a JSON text; `name` stands for the whole in messages.

    Raises:
        ScenarioFormatError: the text is not JSON or does not fit the format.
    """
    document = _parse_json(text, name)
    repeated = list(_repeated_keys(document, ""))
    if repeated:
        raise ScenarioFormatError(repeated)
    try:
        scenario = Scenario.model_validate(document)
    except ValidationError as error:
        raise ScenarioFormatError([_problem(entry, name) for entry in error.errors()]) from error
    problems = list(problems_of(scenario)) or list(problems_of_size(scenario))
    if problems:
        raise ScenarioFormatError(problems)
    return scenario


class _Object(dict[str, Any]):
    """A JSON object that remembers the keys it was given twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.repeated = (
            [key for index, key in enumerate(keys) if key in keys[:index]] if len(self) < len(keys) else []
        )


def _parse_json(text: str, name: str) -> Any:
    # The parser itself may run out of stack, and then takes the process with it.
    if _nesting_of(text) > NESTING_MAX:
        raise ScenarioFormatError([Problem(name, "not JSON that can be read: nested too deeply")])
    try:
        return json.loads(text, object_pairs_hook=_Object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}:{error.colno}"
        raise ScenarioFormatError([Problem(place, f"not JSON: {error.msg}")]) from error
    except ValueError as error:
        raise ScenarioFormatError([Problem(name, f"not JSON that can be read: {error}")]) from error


def _nesting_of(text: str) -> int:
    """How deep objects and lists stand in each other."""
    depth = deepest = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in "]}":
            depth -= 1
    return deepest


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def _repeated_keys(value: Any, place: str) -> Iterator[Problem]:
    if isinstance(value, _Object):
        for key in value.repeated:
            yield Problem(_join(place, key), "given twice")
    children: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for part, child in children:
        if isinstance(child, dict | list):
            yield from _repeated_keys(child, _join(place, part))


def _join(place: str, part: str | int) -> str:
    if isinstance(part, int):
        return f"{place}[{part}]"
    return f"{place}.{part}" if place else part


def _problem(entry: ErrorDetails, name: str) -> Problem:
    place = ""
    parts = list(entry["loc"])
    if len(parts) >= 3 and parts[0] == "events" and parts[2] in set(EventType):
        del parts[2]  # the kind of event, which is no place in the file
    for part in parts:
        if part != "[key]":
            place = _join(place, part)
    if entry["type"] in ("union_tag_invalid", "union_tag_not_found"):
        place = _join(place, "type")
    return Problem(place or name, MESSAGES.get(entry["type"], entry["msg"]))
