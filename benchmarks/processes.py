"""The processes of a measurement: started, asked, ended."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.ports import reserve

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 10.0
"""Seconds that a process may take to start or to end."""

LOG_LINES = 20


class MeasurementFailed(Exception):
    """Something that had to be measured did not work; the sentence says what."""


class Child:
    """A Python process that hears lines and answers with lines of JSON; it ends with its input.

    It is in a session of its own: Ctrl-C reaches only who started it, who ends it in order.
    """

    def __init__(
        self, module: str, *arguments: object, environ: Mapping[str, str], log: Path
    ) -> None:
        self._name = module
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments)],
                cwd=ROOT,
                env={**bare_environ(), **environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def tell(self, line: str) -> None:
        """Write one line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def answer(self, *, within: float) -> dict[str, Any]:
        """Return what its next line says; raise MeasurementFailed after `within` seconds."""
        assert self._process.stdout is not None
        watchdog = threading.Timer(within, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise MeasurementFailed(f"{self._name} ended or took too long.\n{tail(self._log)}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def last_answer(self, *, within: float) -> dict[str, Any]:
        """Close its input and return what it says to that."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.answer(within=within)

    def end(self) -> None:
        """Close its input, and be firm if that is not enough."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        end(self._process)
        self._process.stdout.close()


@contextmanager
def child(
    module: str, *arguments: object, environ: Mapping[str, str], log: Path
) -> Iterator[Child]:
    """A Child for as long as it is needed."""
    one = Child(module, *arguments, environ=environ, log=log)
    try:
        yield one
    finally:
        one.end()


@contextmanager
def program(
    command: Sequence[str],
    *,
    log: Path,
    environ: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Any other program that runs until it is ended, perhaps as another user."""
    as_user = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    with log.open("ab") as output:
        process = subprocess.Popen(
            # It must not outlive us: a worker that was left behind would take others' batches.
            ["setpriv", *as_user, "--pdeathsig=TERM", *command],
            cwd=ROOT,
            env={**bare_environ(), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        end(process)


@contextmanager
def relay() -> Iterator[int]:
    """Postfix's smtp-sink on loopback, which takes all mail and keeps none; yields its port."""
    port = reserve()
    command = [postfix_program("smtp-sink"), "-c", f"127.0.0.1:{port}", "256"]
    # It refuses to run as root.
    user = "postfix" if os.geteuid() == 0 else None
    with program(command, log=Path(os.devnull), user=user):
        await_port(port)
        yield port


def end(process: subprocess.Popen[Any]) -> None:
    """Wait for a process that was asked to end; kill one that does not."""
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def postfix_program(name: str) -> str:
    """Return the path of a program that comes with Postfix; Debian keeps it where root looks."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise MeasurementFailed(f"{name} is missing: run scripts/services install.")
    return found


def await_port(port: int) -> None:
    """Return when somebody answers at a loopback port."""
    end_at = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end_at:
                raise MeasurementFailed(f"Nobody answers at port {port}.") from None
            time.sleep(0.02)


def bare_environ() -> dict[str, str]:
    """Return the environment without anybody's settings of an installation."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ}


def tail(log: Path) -> str:
    """Return the last lines of a log."""
    if not log.is_file():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])
