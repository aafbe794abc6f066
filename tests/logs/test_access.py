"""gunicorn's own log, as a real server writes it."""

from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask

from newsletter import links
from tests.conftest import NOW
from tests.web_process import web_process


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_request_is_written_without_what_opens_its_link(
    app: Flask, tmp_path: Path, style: str
) -> None:
    token = links.UNSUBSCRIBE.token("17-4", now=NOW)
    database = app.config["SQLALCHEMY_DATABASE_URI"]
    with web_process(tmp_path, database, "--access-logfile", "-", LOG_FORMAT=style) as served:
        status = _ask(served.port, f"/unsubscribe/{token}")
    written = served.log.read_text()
    assert status == 200, written
    assert "GET /unsubscribe/…" in written
    assert token[-20:] not in written
    assert ('"logger": "gunicorn.access"' in written) == (style == "json")


def _ask(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
