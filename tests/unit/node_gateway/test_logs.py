"""Every line on standard error is one JSON object, whoever writes it."""

import json
import subprocess
import sys

CODE = """
import logging
import structlog
from node_gateway.logs import configure_logs

configure_logs("info")
configure_logs("info")
log = structlog.get_logger(job="relay")
with structlog.contextvars.bound_contextvars(request_id="till-7"):
    log.info("sent", operation="3.0.1")
    logging.getLogger("uvicorn.error").warning("a %s one", "foreign")
log.debug("left out")
logging.getLogger("urllib3").info("left out")
try:
    raise ValueError("boom")
except ValueError:
    logging.getLogger("asyncio").exception("failed")
"""


def test_our_lines_and_those_of_libraries_are_json_with_the_requests_id() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]

    assert [line["event"] for line in lines] == ["sent", "a foreign one", "failed"]
    assert [line["level"] for line in lines] == ["info", "warning", "error"]
    assert [line.get("request_id") for line in lines] == ["till-7", "till-7", None]
    assert (lines[0]["job"], lines[0]["operation"], lines[1]["logger"]) == ("relay", "3.0.1", "uvicorn.error")
    assert lines[2]["exception"].endswith("ValueError: boom")
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert done.stdout == ""
