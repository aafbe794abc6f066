"""Bodies that come in pieces, nobody knows how many: whole or refused."""

import json
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config import MAX_BODY
from newsletter.extensions import db
from newsletter.limits import Counter
from tests.factories import make_list

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
WAYS = [("/api/v1/subscriptions", JSON), ("/subscribe", FORM)]


@pytest.fixture(autouse=True)
def a_list(app: Flask) -> None:
    make_list("news")
    db.session.commit()


def send(client: FlaskClient, path: str, kind: str, length: int, *, chunked: bool) -> TestResponse:
    """Sign somebody up with a body of so many octets, which nothing of ours looks at."""
    body = b"address=ada@example.org&more=".ljust(length, b"x")
    if kind == JSON:
        body = json.dumps({"address": "ada@example.org"}).encode().ljust(length)
    in_pieces = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return client.post(
        path,
        input_stream=BytesIO(body),
        content_type=kind,
        environ_overrides=in_pieces if chunked else {"CONTENT_LENGTH": str(length)},
    )


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("path", "kind"), WAYS)
def test_a_body_that_is_too_large_is_never_cut_and_read(
    client: FlaskClient, path: str, kind: str, chunked: bool
) -> None:
    for length in (MAX_BODY + 1, 3_000_000, 10_000_000):
        answer = send(client, path, kind, length, chunked=chunked)
        assert answer.status_code == 413
        assert "may have at most 2 MB" in answer.text
    assert db.session.query(Counter).count() == 0


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("path", "kind"), WAYS)
def test_a_body_of_just_the_size_is_taken(
    client: FlaskClient, path: str, kind: str, chunked: bool
) -> None:
    assert send(client, path, kind, MAX_BODY, chunked=chunked).status_code in (200, 202)
