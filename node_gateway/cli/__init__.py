"""The command line `coalition`."""

import sys


def main() -> None:
    """Runs the command line and exits with one of `exit_codes.ExitCode`."""
    from node_gateway.cli.application import application
    from node_gateway.cli.output import run_guarded

    as_json = "--json" in sys.argv[1:]
    sys.exit(run_guarded(lambda: application()(prog_name="coalition"), as_json=as_json))
