"""The server before which the browser sits."""

from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wsgi import FileWrapper

from tests.browser.furnishing import whole


def test_an_answer_is_closed_before_anybody_can_hang_up(tmp_path: Path) -> None:
    path = tmp_path / "icon.svg"
    path.write_bytes(b"<svg/>" * 10_000)
    file = path.open("rb")

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> FileWrapper:
        start_response("200 OK", [])
        return FileWrapper(file)

    answer, status, _headers = run_wsgi_app(whole(app), create_environ())
    assert file.closed
    assert status == "200 OK"
    assert b"".join(answer) == path.read_bytes()
