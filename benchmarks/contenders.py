"""Whom our engine is compared with: each sends so many messages and returns the seconds."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import MeasurementFailed, child, postfix_program
from benchmarks.rivals import BYTES

PATIENCE = 600.0


@dataclass(frozen=True)
class SmtpSource:
    """Postfix's smtp-source, in C, which writes the same bytes again and again and keeps no books.

    It opens a new connection for each message, unless it `keeps` one for many.
    """

    port: int
    connections: int
    keeps: bool = False

    def __call__(self, count: int) -> float:
        """Send so many messages and return the seconds."""
        # fmt: off
        command = [
            postfix_program("smtp-source"), *(["-d"] if self.keeps else []),
            "-s", str(self.connections), "-m", str(count), "-l", str(BYTES),
            "-f", "news@news.example.org", "-t", "reader@example.org", f"127.0.0.1:{self.port}",
        ]
        # fmt: on
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MeasurementFailed(f"smtp-source failed: {done.stderr.strip()}")
        return time.monotonic() - began


@dataclass(frozen=True)
class Rival:
    """One of benchmarks/rivals.py."""

    name: str
    port: int
    threads: int
    logs: Path

    def __call__(self, count: int) -> float:
        """Send so many messages and return the seconds."""
        log = self.logs / f"{self.name}.log"
        arguments = (self.name, self.port, self.threads, count)
        with child("benchmarks.rivals", *arguments, environ={}, log=log) as one:
            return float(one.answer(within=PATIENCE)["seconds"])
