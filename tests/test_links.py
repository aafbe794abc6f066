"""Tokens: nothing altered, borrowed or late is taken."""

import hashlib
import string
from datetime import timedelta
from itertools import permutations

import pytest
from flask import Flask
from itsdangerous import Signer

from newsletter import links
from newsletter.errors import DeadLink
from newsletter.links import (
    CHANGE_ADDRESS,
    CLICKED,
    CONFIRM,
    MANAGE,
    MANAGED,
    MEMBERSHIP,
    NEW_ADDRESS,
    OBJECTION,
    OPENED,
    PREFERENCES,
    SIGN_IN,
    UNDO,
    UNDO_BY_MAIL,
    UNSUBSCRIBE,
    Link,
)
from tests.conftest import NOW

ALL = (
    *(CONFIRM, UNSUBSCRIBE, PREFERENCES, SIGN_IN, CHANGE_ADDRESS),
    *(UNDO, UNDO_BY_MAIL, MANAGE, MANAGED, NEW_ADDRESS, OBJECTION, MEMBERSHIP),
    *(CLICKED, OPENED),
)
DATED = [link for link in ALL if link.lifetime is not None]


def test_every_link_that_there_is_is_tried() -> None:
    assert {link for link in vars(links).values() if isinstance(link, Link)} == set(ALL)
    assert len({link.purpose for link in ALL}) == len(ALL)


@pytest.mark.parametrize("link", DATED, ids=lambda link: link.purpose)
def test_a_link_that_ends_lives_as_long_as_it_says(app: Flask, link: Link) -> None:
    assert link.lifetime is not None
    token = link.token("42", now=NOW)
    assert link.read(token, now=NOW + link.lifetime) == "42"
    with pytest.raises(DeadLink):
        link.read(token, now=NOW + link.lifetime + timedelta(seconds=1))


@pytest.mark.parametrize("link", ALL, ids=lambda link: link.purpose)
def test_a_token_brings_its_payload_back(app: Flask, link: Link) -> None:
    assert link.read(link.token("42-7", now=NOW), now=NOW) == "42-7"


@pytest.mark.parametrize("link", ALL, ids=lambda link: link.purpose)
def test_no_single_changed_letter_is_forgiven(app: Flask, link: Link) -> None:
    token = link.token("42-7", now=NOW)
    for place, letter in enumerate(token):
        for other in string.ascii_letters + string.digits + "-_.!=":
            if other != letter:
                with pytest.raises(DeadLink):
                    link.read(token[:place] + other + token[place + 1 :], now=NOW)


@pytest.mark.parametrize("link", ALL, ids=lambda link: link.purpose)
def test_shortened_lengthened_and_recased_tokens_are_dead(app: Flask, link: Link) -> None:
    token = link.token("42-7", now=NOW)
    for damaged in ("", token[:-1], token + "A", token + "=", " " + token, token.swapcase(), "é"):
        with pytest.raises(DeadLink):
            link.read(damaged, now=NOW)


@pytest.mark.parametrize(("made_for", "used_for"), list(permutations(ALL, 2)))
def test_a_token_of_one_purpose_opens_no_other(app: Flask, made_for: Link, used_for: Link) -> None:
    with pytest.raises(DeadLink):
        used_for.read(made_for.token("42-7", now=NOW), now=NOW)


def test_a_confirmation_link_lives_seven_days(app: Flask) -> None:
    token = CONFIRM.token("42-7", now=NOW)
    assert CONFIRM.read(token, now=NOW + timedelta(days=7)) == "42-7"
    with pytest.raises(DeadLink):
        CONFIRM.read(token, now=NOW + timedelta(days=7, seconds=1))


def test_an_unsubscribe_link_never_expires(app: Flask) -> None:
    token = UNSUBSCRIBE.token("42", now=NOW)
    assert UNSUBSCRIBE.read(token, now=NOW + timedelta(days=36500)) == "42"


def test_links_outlive_a_change_of_keys(app: Flask) -> None:
    token = UNSUBSCRIBE.token("42", now=NOW)
    app.config["SECRET_KEY_FALLBACKS"] = [app.config["SECRET_KEY"]]
    app.config["SECRET_KEY"] = "the key that came after it, also long enough"
    assert UNSUBSCRIBE.read(token, now=NOW) == "42"
    assert UNSUBSCRIBE.token("42", now=NOW) != token
    app.config["SECRET_KEY_FALLBACKS"] = []
    with pytest.raises(DeadLink):
        UNSUBSCRIBE.read(token, now=NOW)


def test_a_lasting_link_has_the_format_of_the_plain_signer(app: Flask) -> None:
    token = UNSUBSCRIBE.token("42-7", now=NOW)
    assert token.count(".") == 1
    assert isinstance(UNSUBSCRIBE._signer(NOW), Signer)


@pytest.mark.parametrize("link", [UNSUBSCRIBE, PREFERENCES], ids=lambda link: link.purpose)
@pytest.mark.parametrize("payload", ["0", "42", "42-7", f"{2**63}-{2**63}"])
def test_a_stamp_makes_the_tokens_that_the_signer_makes(
    app: Flask, link: Link, payload: str
) -> None:
    app.config["SECRET_KEY_FALLBACKS"] = ["an older key that signs nothing any more"]
    token = link.stamp()(payload).decode()

    assert link.opening + token == link.url(payload, now=NOW)
    signer = Signer(
        app.config["SECRET_KEY"],
        salt=link.purpose,
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )
    assert signer.unsign(token) == payload.encode()


def test_stamps_of_two_purposes_or_two_keys_differ(app: Flask) -> None:
    tokens = {UNSUBSCRIBE.stamp()("42"), PREFERENCES.stamp()("42")}
    app.config["SECRET_KEY"] = "the key that came after it, also long enough"
    tokens.add(UNSUBSCRIBE.stamp()("42"))
    assert len(tokens) == 3


def test_a_link_that_ends_is_not_stamped(app: Flask) -> None:
    with pytest.raises(ValueError, match="confirm has a date"):
        CONFIRM.stamp()


def test_links_use_the_public_address_whatever_host_asks(app: Flask) -> None:
    with app.test_request_context(headers={"Host": "evil.example"}):
        assert links.public_url("/x") == "https://news.example.org/x"
