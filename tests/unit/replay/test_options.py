"""The command line of scripts/run."""

import pytest

from replay.options import DAYS_DEFAULT, SMOKE_DAYS, read_options


def test_has_pleasant_defaults() -> None:
    options = read_options([])

    assert (options.days, options.members_max, options.chain, options.database) == (
        DAYS_DEFAULT,
        None,
        None,
        "",
    )
    assert (options.is_fresh, options.is_smoke, options.as_json) == (False, False, False)


def test_a_smoke_run_starts_anew_and_ends_with_json() -> None:
    options = read_options(["--smoke"])

    assert (options.days, options.is_fresh, options.as_json) == (SMOKE_DAYS, True, True)


@pytest.mark.parametrize(
    "arguments", [["--days", "0"], ["--days", "366"], ["--days", "x"], ["--members", "-1"], ["--no"]]
)
def test_refuses_what_makes_no_sense(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        read_options(arguments)

    assert stop.value.code == 2
    assert "scripts/run: error" in capsys.readouterr().err
