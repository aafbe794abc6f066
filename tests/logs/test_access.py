"""gunicorn's own log, as a real server writes it."""

import os
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask

import config
from newsletter import links
from tests.conftest import NOW, settings


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_request_is_written_without_what_opens_its_link(
    app: Flask, tmp_path: Path, style: str
) -> None:
    token = links.UNSUBSCRIBE.token("17-4", now=NOW)
    port = _free_port()
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"),
            *("--access-logfile", "-", "--no-control-socket", "--worker-class", "gthread"),
            "wsgi:app",
        ],
        cwd=config.ROOT,
        env=_environment(app, tmp_path, style),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            status = _ask(port, f"/unsubscribe/{token}")
        finally:
            server.terminate()
            written = server.communicate(timeout=20)[0]
    assert status == 200, written
    assert "GET /unsubscribe/…" in written
    assert token[-20:] not in written
    assert ('"logger": "gunicorn.access"' in written) == (style == "json")


def _ask(port: int, path: str) -> int:
    end = time.monotonic() + 30
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except ConnectionError:
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.05)
        finally:
            connection.close()


def _environment(app: Flask, folder: Path, style: str) -> dict[str, str]:
    return {
        **{name: str(value) for name, value in settings(folder).items() if "KEY" in name},
        "PATH": os.environ["PATH"],
        "SECRET_KEY_FALLBACKS": "",
        "INSTANCE_PATH": str(folder),
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "PUBLIC_URL": "https://news.example.org",
        "MAIL_SERVER": "127.0.0.1",
        "LOG_FORMAT": style,
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
