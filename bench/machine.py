"""What the figures were measured on."""

import os
import platform
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any


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


def memory_available_bytes() -> int:
    """What can be used without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("a kernel without MemAvailable")


def disk_available_bytes(directory: Path) -> int:
    """What can still be written where a directory is."""
    return shutil.disk_usage(directory).free


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
