"""Sending processes, forked from one that has loaded the product already.

To load it takes seconds of a processor, and a run that kills fifty senders needs as many.
"""

import multiprocessing
import os
import subprocess
from pathlib import Path

from tests.faults import sender
from tests.faults.sender import Orders

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([sender.__name__])


class Fork:
    """A sending process, to be handled as one that `subprocess` started."""

    def __init__(self, orders: Orders, log: Path) -> None:
        # Somebody may look into it before the process has come to it.
        log.touch()
        self._process = _CONTEXT.Process(target=sender.begin, args=(orders, log))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, a signal as a negative number; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return how it ended, or None."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ended and return how; raise TimeoutExpired if it takes too long."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(sender.__name__, timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it with no chance to say anything."""
        self._process.kill()
