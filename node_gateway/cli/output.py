"""How commands speak: answers on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from node_gateway.cli.errors import CommandError, explained
from node_gateway.cli.exit_codes import ExitCode

JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON value, on one line.")]


def answer(value: Any, *, as_json: bool, text: Callable[[], str] | str = "") -> None:
    """Prints a command's answer: the value as JSON, or a text made for people."""
    if as_json:
        print(json.dumps(value, default=str), flush=True)
    else:
        print(text() if callable(text) else text or _plain(value), flush=True)


def say(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """A line that deserves attention."""
    say(f"warning: {text}")


def run_guarded(command: Callable[[], Any], *, as_json: bool) -> int:
    """Runs a command line; returns the exit status, having told what went wrong.

    Args:
        command: parses the command line and acts.
        as_json: whether errors are told as JSON.
    """
    try:
        with explained():
            command()
    except CommandError as error:
        _tell(error, as_json=as_json)
        return int(error.exit_code)
    except KeyboardInterrupt:
        say("stopped")
        return int(ExitCode.INTERRUPTED)
    return int(ExitCode.OK)


def _tell(error: CommandError, *, as_json: bool) -> None:
    if as_json:
        say(json.dumps({"error": error.message, "advice": error.advice, "exit_code": int(error.exit_code)}))
        return
    say(f"error: {error.message}")
    if error.advice:
        say(f"  {error.advice}")


def _plain(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    width = max((len(str(key)) for key in value), default=0)
    return "\n".join(f"{str(key).replace('_', ' '):<{width}}  {_inline(one)}" for key, one in value.items())


def _inline(value: Any) -> str:
    return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)
