"""Answers are packed for who can unpack them, unless a secret stands in them."""

import gzip

import pytest
from flask.testing import FlaskClient

from newsletter import clock, links
from newsletter.extensions import db
from tests.factories import make_item, make_list, make_subscription

PACKED = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture(autouse=True)
def _furnished(client: FlaskClient) -> None:
    make_list()
    make_item()
    db.session.commit()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/library/",
        "/library/guidance-on-mms",
        "/archive/",
        "/feed.xml",
        "/nowhere",
        "/privacy",
    ],
)
def test_public_pages_are_packed_and_say_that_it_depends(client: FlaskClient, path: str) -> None:
    plain, packed = client.get(path), client.get(path, headers=PACKED)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br", "nonsense;;q=x"])
def test_who_cannot_unpack_gets_plain_text(client: FlaskClient, accepted: str) -> None:
    answer = client.get("/library/", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert "Library" in answer.text


def test_head_says_what_get_would(client: FlaskClient) -> None:
    head, got = client.head("/library/", headers=PACKED), client.get("/library/", headers=PACKED)
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.data == b""


def test_the_same_page_has_the_same_octets(client: FlaskClient) -> None:
    assert client.get("/", headers=PACKED).data == client.get("/", headers=PACKED).data


def test_nothing_is_packed_that_stands_beside_a_secret(client: FlaskClient) -> None:
    subscription = make_subscription(make_list("other"))
    db.session.commit()
    token = links.CONFIRM.token(f"{subscription.id}-{subscription.wish}", now=clock.now())
    for path in (f"/confirm/{token}", "/confirm/no-such-token", "/desk/sign-in?next=/desk/"):
        answer = client.get(path, headers=PACKED)
        assert "Content-Encoding" not in answer.headers, path


def test_who_brings_a_cookie_gets_plain_text(client: FlaskClient) -> None:
    client.set_cookie("any", "thing", domain="localhost")
    assert "Content-Encoding" not in client.get("/library/", headers=PACKED).headers


def test_what_a_form_answers_is_not_packed(client: FlaskClient) -> None:
    answer = client.post("/subscribe", data={"address": "ada@example.org"}, headers=PACKED)
    assert "Content-Encoding" not in answer.headers
