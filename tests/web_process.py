"""The web process as the Procfile starts it, on a port of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import config
from benchmarks.ports import reserve
from tests.conftest import settings

PATIENCE = 60


@dataclass(frozen=True)
class WebProcess:
    """One that answers; what it writes is whole when it has ended."""

    port: int
    log: Path


@contextmanager
def web_process(
    folder: Path, database: str, *options: str, port: int = 0, **environ: str
) -> Iterator[WebProcess]:
    """Serve the installation in `folder`, and end with the `with`."""
    port = port or reserve()
    log = folder / "gunicorn.log"
    facts = {
        **{name: str(value) for name, value in settings(folder).items() if "KEY" in name},
        "PATH": os.environ["PATH"],
        "SECRET_KEY_FALLBACKS": "",
        "INSTANCE_PATH": str(folder),
        "DATABASE_URL": database,
        "PUBLIC_URL": "https://news.example.org",
        "MAIL_SERVER": "127.0.0.1",
        "FETCH": "off",
        **environ,
    }
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--no-control-socket", *options, "wsgi:app"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=config.ROOT, env=facts, stdout=output, stderr=output) as one,
    ):
        try:
            _wait(port, log)
            yield WebProcess(port, log)
        finally:
            one.terminate()
            one.wait(timeout=20)


def _wait(port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
