"""Images as mail programs ask for them."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from newsletter.extensions import db
from newsletter.media import images, store
from newsletter.media.models import Image
from tests.conftest import NOW
from tests.factories import make_image
from tests.media import samples


@pytest.fixture
def image(app: Flask) -> Image:
    image = make_image()
    db.session.commit()
    return image


def ask(client: FlaskClient, path: str, **request: Any) -> TestResponse:
    """Ask for an image, and read it to its end."""
    with client.open(path, buffered=True, **request) as answer:
        return answer


def test_an_image_is_sent_as_what_it_is_and_kept_for_a_year(
    client: FlaskClient, image: Image
) -> None:
    answer = ask(client, image.path)
    assert answer.status_code == 200
    assert answer.data == store.path_of(image.digest, image.format).read_bytes()
    headers = answer.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Length"] == str(image.octets)
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["ETag"] == f'"{image.digest}"'
    assert headers["Content-Disposition"].startswith("inline")
    for directive in ("sandbox", "default-src 'none'", "frame-ancestors 'none'"):
        assert directive in headers["Content-Security-Policy"]
    for unwanted in ("Set-Cookie", "Vary", "Access-Control-Allow-Origin"):
        assert unwanted not in headers


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "PNG"])
def test_its_kind_is_told_by_our_own_record(client: FlaskClient, kind: str) -> None:
    data = samples.moving_gif() if kind == "GIF" else samples.saved(samples.picture(), kind)
    made = images.add_image(data, name="", alt="A", is_decorative=False, by_id=None, now=NOW)
    db.session.commit()
    answer = ask(client, made.image.path)
    assert answer.headers["Content-Type"] == f"image/{kind.lower()}"


def test_who_has_it_is_told_so(client: FlaskClient, image: Image) -> None:
    for header in (
        {"If-None-Match": f'"{image.digest}"'},
        {"If-Modified-Since": "Mon, 01 Mar 2027 09:00:00 GMT"},
    ):
        answer = ask(client, image.path, headers=header)
        assert answer.status_code == 304
        assert answer.data == b""
        assert "immutable" in answer.headers["Cache-Control"]


def test_head_says_as_much_as_get(client: FlaskClient, image: Image) -> None:
    answer = ask(client, image.path, method="HEAD")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(image.octets)


def test_only_reading_is_possible(client: FlaskClient, image: Image) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.open(image.path, method=method).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/x.png",
        "/media/{digest}",
        "/media/{digest}.gif",
        "/media/{digest}.svg",
        "/media/{digest}.html",
        "/media/{digest}.png.html",
        "/media/{digest}.PNG",
        "/media/{digest}.png/",
        "/media/{upper}.png",
        "/media/{zeros}.png",
        "/media/.{digest}.png",
        "/media/../test.sqlite3",
        "/media/..%2ftest.sqlite3",
        "/media/%2e%2e/test.sqlite3",
        "/media/..%5c..%5ctest.sqlite3",
        "/media//etc/passwd.png",
        "/media/%2fetc%2fpasswd.png",
        "/media/CON.png",
        "/media/" + "x" * 4000 + ".png",
    ],
)
def test_all_else_is_not_found(client: FlaskClient, image: Image, path: str) -> None:
    answer = client.get(
        path.format(digest=image.digest, upper=image.digest.upper(), zeros="0" * 64)
    )
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"SQLite" not in answer.data


def test_an_image_that_was_deleted_is_gone_at_once(client: FlaskClient, image: Image) -> None:
    path = image.path
    images.delete_image(image)
    db.session.commit()
    assert client.get(path).status_code == 404


def test_a_file_that_is_missing_is_noted_in_the_log(
    client: FlaskClient, image: Image, caplog: pytest.LogCaptureFixture
) -> None:
    store.path_of(image.digest, image.format).unlink()
    assert client.get(image.path).status_code == 404
    assert "has no file" in caplog.text
