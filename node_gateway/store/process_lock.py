"""One API and one worker process on a SQLite file; a second refuses to start and says why."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from node_gateway.store.database import Database


class DatabaseInUseError(Exception):
    """Another process has this role on this database file."""

    def __init__(self, role: str, path: Path, holder: str) -> None:
        super().__init__(
            f"{path} is already used by a running {role} process ({holder or 'its id is unknown'}). "
            f"SQLite allows one {role} process: stop the other one, or use PostgreSQL (COALITION_DATABASE_URL)."
        )
        self.role = role
        self.path = path
        self.holder = holder


class ProcessLock:
    """An advisory lock beside the database file, held as long as the process lives; the kernel frees it when it dies."""

    def __init__(self, path: Path, role: str) -> None:
        self._path = path
        self._role = role
        self._lock_path = path.with_name(f"{path.name}.{role}.lock")
        self._descriptor: int | None = None

    def __enter__(self) -> "ProcessLock":
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Takes the lock.

        Raises:
            DatabaseInUseError: when another process has it.
            OSError: when the directory cannot be written.
        """
        assert self._descriptor is None
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 64, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise DatabaseInUseError(self._role, self._path, holder) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        # The file stays: removing it would let two processes lock two files of one name.
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def process_lock(database: Database, role: str) -> ProcessLock | None:
    """The lock for `role` (`api`, `worker`), or None where the database needs none (PostgreSQL)."""
    path = database.sqlite_path
    return None if path is None else ProcessLock(path, role)
