"""The command: `scripts/bench`."""

import json
import sys
import time

from bench.machine import machine
from bench.options import read_options
from bench.report import as_text
from bench.runs import measure
from node_gateway.chain.engines.geth import EngineBuildError
from node_gateway.chain.engines.process import BinaryMissingError, EngineDidNotStartError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.interruption import run_until_stopped


def main() -> int:
    """Measures what the command line asks for; 130 after Ctrl-C, 3 where the engine cannot be started."""
    options = read_options()
    about = machine()
    started_s = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - started_s:6.1f} s] {text}\n")
        sys.stderr.flush()

    try:
        figures = run_until_stopped(measure(options, say=say))
    except KeyboardInterrupt:
        say("stopped; everything that was started is stopped too")
        return ExitCode.INTERRUPTED
    except (BinaryMissingError, EngineBuildError, EngineDidNotStartError) as error:
        say(str(error))
        return ExitCode.ENVIRONMENT
    say("done")
    figures["machine"] = about
    sys.stdout.write((json.dumps(figures) if options.as_json else as_text(figures)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
