"""Errors that end a command: one line that says what is wrong, one that says what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from node_gateway.cli.exit_codes import ExitCode

_DISK_ADVICE = {
    errno.ENOSPC: "free some room, or set COALITION_STATE_DIR to a disk that has some",
    errno.EDQUOT: "free some room, or set COALITION_STATE_DIR to a disk that has some",
    errno.EROFS: "the disk is read-only; set COALITION_STATE_DIR to a directory that can be written",
    errno.EACCES: "give this user the right to it, or set COALITION_STATE_DIR to a directory that can be written",
    errno.ENOENT: "set COALITION_STATE_DIR to a directory that can be made",
    errno.ENOTDIR: "set COALITION_STATE_DIR to a directory that can be made",
    errno.EPERM: "give this user the right to it, or set COALITION_STATE_DIR to a directory that can be written",
}


class CommandError(Exception):
    """Ends a command.

    Attributes:
        message: what is wrong.
        advice: what the reader can do about it; may be empty.
        exit_code: the command's exit status.
    """

    def __init__(self, message: str, advice: str = "", exit_code: ExitCode = ExitCode.ENVIRONMENT) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.exit_code = exit_code


@contextmanager
def explained() -> Iterator[None]:
    """Turns what the parts below raise into a `CommandError`."""
    try:
        yield
    except CommandError:
        raise
    except OSError as error:
        raise disk_error(error) from error
    except Exception as error:
        known = _known(error)
        if known is None:
            raise
        raise known from error


def disk_error(error: OSError) -> CommandError:
    """What an error of the operating system means for the one who started the command."""
    where = f": {error.filename}" if error.filename else ""
    advice = _DISK_ADVICE.get(error.errno or 0, "")
    return CommandError(f"{(error.strerror or str(error)).lower()}{where}", advice)


def _known(error: Exception) -> CommandError | None:
    # By name, so that `--help` does not import the chain client and the database.
    names = {kind.__name__ for kind in type(error).__mro__}
    for name, (exit_code, advice) in _ADVICE.items():
        if name in names:
            return CommandError(str(error).partition("\n")[0], advice, exit_code)
    return None


_ADVICE = {
    "DeploymentMissingError": (ExitCode.ENVIRONMENT, ""),
    "ContractMissingError": (ExitCode.ENVIRONMENT, ""),
    "BinaryMissingError": (ExitCode.ENVIRONMENT, ""),
    "ClockFixedError": (
        ExitCode.CHAIN,
        "the replay of past days needs a development chain; use --chain anvil",
    ),
    "SchemaBehindError": (ExitCode.ENVIRONMENT, ""),
    "UnsupportedDatabaseError": (ExitCode.USAGE, ""),
    "NoFileDatabaseError": (ExitCode.USAGE, "see docs/operate.md"),
    "BackupUnusableError": (ExitCode.USAGE, ""),
    "DatabaseInUseError": (ExitCode.ENVIRONMENT, ""),
    "TracingUnavailableError": (ExitCode.ENVIRONMENT, ""),
    "TransactionFailedError": (ExitCode.CHAIN, ""),
    "NotMinedError": (ExitCode.CHAIN, ""),
    "ActsLostError": (ExitCode.CHAIN, ""),
    "ChainRebuildError": (ExitCode.CHAIN, ""),
    "RpcError": (ExitCode.CHAIN, "is the chain running? COALITION_RPC_URL names it"),
    "ValidationError": (ExitCode.USAGE, "see docs/configuration.md for the COALITION_… variables"),
    "OperationalError": (
        ExitCode.ENVIRONMENT,
        "is the database there (COALITION_DATABASE_URL), and can it be written? `coalition migrate` makes its tables",
    ),
}
