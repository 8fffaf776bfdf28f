"""What the commands' exit statuses mean; documented in docs/cli.md."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit status of every `coalition` command."""

    OK = 0
    DIFFERS = 1
    """It ran, and what it checked does not agree."""
    USAGE = 2
    """The command line or an input file is not right; nothing was done."""
    ENVIRONMENT = 3
    """The machine lacks something: a port, a package, a file, room on the disk."""
    CHAIN = 4
    """The chain is not there, is another one, or refused."""
    GATEWAY = 5
    """The gateway is not there or refused."""
    CHILD_DIED = 6
    """A process that this command had started ended by itself."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C before the work was done."""
