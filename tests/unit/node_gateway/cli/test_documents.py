"""README and docs/cli.md say what the code does."""

import re
from pathlib import Path

import typer.main

from node_gateway.cli.application import application
from node_gateway.cli.exit_codes import ExitCode

ROOT = Path(__file__).resolve().parents[4]


def commands_of_the_code() -> set[str]:
    group = typer.main.get_command(application())
    return set(group.commands)  # type: ignore[attr-defined]  # a group, and typer does not say so


def commands_of_the_page() -> set[str]:
    table = (ROOT / "docs" / "cli.md").read_text().split("## Exit statuses")[0]
    return set(re.findall(r"`coalition ([a-z-]+)", table))


def test_the_page_names_every_command_and_no_other() -> None:
    assert commands_of_the_page() == commands_of_the_code()


def test_the_page_names_every_exit_status() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", (ROOT / "docs" / "cli.md").read_text(), re.MULTILINE)

    assert [(int(number), name) for number, name in rows] == [(code.value, code.name) for code in ExitCode]


def test_the_readme_shows_the_start_that_the_sdk_page_shows_and_tests() -> None:
    first = re.compile(r"```python\n(.*?)```", re.DOTALL)
    readme, page = (first.search((ROOT / name).read_text()) for name in ("README.md", "docs/sdk.md"))

    assert readme is not None
    assert page is not None
    assert readme[1] == page[1]


def test_the_readme_links_only_to_what_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
