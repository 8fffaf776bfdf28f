"""Commands that ask a gateway, as its callers do: with an API key, over HTTP."""

import json
import os
from collections.abc import Mapping
from typing import Any

from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode

GATEWAY_VARIABLE = "COALITION_GATEWAY_URL"
API_KEY_VARIABLE = "COALITION_API_KEY"
ANSWER_S_MAX = 30.0


def gateway_url(given: str | None) -> str:
    """The gateway that an option or the environment names; this machine's by default."""
    if named := given or os.environ.get(GATEWAY_VARIABLE):
        return named.rstrip("/")
    from node_gateway.config import Settings

    settings = Settings()
    return f"http://{settings.api_host}:{settings.api_port}"


def api_key(whose: str | None) -> str:
    """An API key from the state directory, or from the environment.

    Args:
        whose: a partner's number, `wallet` or `operator`: the file that `coalition up` made; None: COALITION_API_KEY.

    Raises:
        CommandError: where there is none.
    """
    if whose is None:
        if key := os.environ.get(API_KEY_VARIABLE):
            return key
        raise CommandError(
            "no API key",
            f"set {API_KEY_VARIABLE}, or say whose with --as (`coalition keys create`)",
            ExitCode.USAGE,
        )
    from node_gateway.cli.api_key_files import api_key_path, read_api_key
    from node_gateway.cli.commands.keys import party_named
    from node_gateway.cli.state_directory import state_directory

    party_named(whose)
    state = state_directory()
    try:
        return read_api_key(state, whose)
    except FileNotFoundError:
        raise CommandError(
            f"no API key in {api_key_path(state, whose)}",
            f"make one with `coalition keys create {whose}`, and set {API_KEY_VARIABLE}",
        ) from None


def ask(
    url: str,
    key: str,
    method: str,
    path: str,
    *,
    value: Any = None,
    params: Mapping[str, str | int] | None = None,
) -> Any:
    """The gateway's answer as a JSON value, None where it has no body.

    Raises:
        CommandError: it is not there, or refused, and why.
    """
    import httpx2

    headers = {"authorization": f"Bearer {key}"}
    content = None
    if value is not None:
        headers["content-type"] = "application/json"
        content = json.dumps(value).encode()
    try:
        with httpx2.Client(timeout=ANSWER_S_MAX) as client:
            answer = client.request(method, f"{url}{path}", content=content, headers=headers, params=params)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise CommandError(
            f"the gateway at {url} does not answer: {error}",
            f"is it running? {GATEWAY_VARIABLE} names it",
            ExitCode.GATEWAY,
        ) from error
    try:
        told = answer.json() if answer.content else None
    except ValueError:
        told = None
    if answer.is_success:
        return told
    problem = told if isinstance(told, dict) else {}
    detail = problem.get("detail") or f"it answered {answer.status_code}"
    raise CommandError(f"the gateway refused: {detail}", str(problem.get("code", "")), ExitCode.GATEWAY)
