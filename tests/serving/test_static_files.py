"""Static files: packed, kept for good by their version, never an old one."""

import gzip
import os
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from newsletter.extensions import db
from tests.factories import make_list


def address(app: Flask, name: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=name)


def test_an_address_names_what_is_in_the_file_and_is_kept_for_good(
    app: Flask, client: FlaskClient
) -> None:
    path = address(app, "site.css")
    assert path.startswith("/static/site.css?v=")
    answer = client.get(path)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.mimetype == "text/css"
    assert "--paper" in answer.text


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000", "?v=%00"])
def test_without_the_version_of_now_a_browser_asks_again(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/static/site.css{query}")
    if query == "?v=%00":
        assert answer.status_code == 400
        return
    assert answer.headers["Cache-Control"] == "public, no-cache"
    tag = answer.headers["ETag"]
    again = client.get("/static/site.css", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag


def test_texts_are_packed_for_who_can_unpack(client: FlaskClient) -> None:
    plain = client.get("/static/site.css")
    packed = client.get("/static/site.css", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_a_changed_file_has_another_address(app: Flask, tmp_path: Path) -> None:
    app.static_folder = str(tmp_path)
    file = tmp_path / "a.css"
    file.write_text("a {}", encoding="utf-8")
    before = address(app, "a.css")
    file.write_text("b {}", encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert address(app, "a.css") != before
    assert app.test_client().get(before).headers["Cache-Control"] == "public, no-cache"
    assert app.test_client().get(before).text == "b {}"


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static/none.css", "/static/../config.py", "/static/%2e%2e/web.py",
     "/static/composer", "/static/" + "a" * 5_000],
)  # fmt: skip
def test_only_files_of_the_folder_are_sent(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_pages_name_the_version_of_their_style_sheet(app: Flask, client: FlaskClient) -> None:
    make_list()
    db.session.commit()
    page = LexborHTMLParser(client.get("/").text)
    sheet = page.css_first("link[rel=stylesheet]")
    assert sheet is not None and sheet.attributes["href"] == address(app, "site.css")
