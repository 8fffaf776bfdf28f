"""What the figures were measured on."""

import os
import platform
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

# A machine without these would fail in other ways than the load that is measured.
MEMORY_LEFT_MIN_BYTES: Final = 3 * 2**30
DISK_LEFT_MIN_BYTES: Final = 5 * 2**30


def machine() -> dict[str, Any]:
    """Processors, memory, kernel and Python of this machine, and how busy it was before."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_1m_before": round(os.getloadavg()[0], 2),
    }


def lacking(directory: Path, *, memory_bytes: int = 0, disk_bytes: int = 0) -> str | None:
    """What there is too little of for so much more: `memory`, or `disk` where the directory is; None where there is enough of both."""
    if _memory_available_bytes() - memory_bytes < MEMORY_LEFT_MIN_BYTES:
        return "memory"
    if shutil.disk_usage(directory).free - disk_bytes < DISK_LEFT_MIN_BYTES:
        return "disk"
    return None


def _memory_available_bytes() -> int:
    """What can be used without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("a kernel without MemAvailable")


def directory_bytes(directory: Path) -> int:
    """What the files in a directory hold; those that go meanwhile do not count."""
    found = 0
    for path in directory.rglob("*"):
        with suppress(FileNotFoundError):
            found += path.lstat().st_size
    return found


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
