"""The facts of this machine that the numbers depend on."""

import os
import platform
import sqlite3
import statistics
import time
from pathlib import Path

BLOCK = b"\0" * 4096
SYNCS = 200


def facts(folder: Path) -> list[str]:
    """Return a sentence for each fact; `folder` is where the databases of the measurement lie."""
    return [
        f"{os.cpu_count()} cores ({_processor()}), {_memory()}, Linux {platform.release()}.",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}.",
        f"One fdatasync of 4 kB takes {sync_time(folder) * 1000:.2f} ms (median of {SYNCS}).",
    ]


def sync_time(folder: Path) -> float:
    """Return the seconds until the disk under `folder` has taken 4 kB for good."""
    path = folder / "sync"
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(BLOCK)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(times)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> str:
    kilobytes = int(Path("/proc/meminfo").read_text(encoding="ascii").split()[1])
    return f"{kilobytes / 1024**2:.0f} GB of memory"
