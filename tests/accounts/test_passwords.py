"""Passwords: what one has to be, and what a new one ends."""

from datetime import timedelta

import pytest
from flask import Flask

from newsletter import accounts
from newsletter.accounts import SignInWay, passwords, sessions
from newsletter.errors import DeadLink, InvalidInput
from tests.conftest import NOW
from tests.factories import make_editor

LONG_ENOUGH = "four words make a password"
LATER = NOW + timedelta(minutes=5)


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


def test_a_password_is_kept_as_argon2_and_recognised_in_every_spelling(app: Flask) -> None:
    editor = make_editor()
    accounts.set_password(editor, "cafe\u0301 au lait, s'il vous plaît", now=NOW)
    assert editor.password is not None
    assert editor.password.startswith("$argon2id$")
    assert accounts.password_matches(editor.password, "café au lait, s'il vous plaît")
    assert not accounts.password_matches(editor.password, "cafe au lait, s'il vous plait")


def test_no_password_matches_an_editor_who_has_none(app: Flask) -> None:
    assert not accounts.password_matches(None, "")
    assert not accounts.password_matches(None, LONG_ENOUGH)


def test_the_decoy_costs_as_much_as_a_password_of_today(app: Flask) -> None:
    context = app.extensions["security"].pwd_context
    assert not context.needs_update(passwords.DECOY_HASH)


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 201, "ababababababab", "edith@example.org", "Edith the First"]
)
def test_a_password_that_is_easy_to_guess_is_refused(app: Flask, password: str) -> None:
    editor = make_editor(name="Edith the First")
    with pytest.raises(InvalidInput) as refused:
        accounts.set_password(editor, password, now=NOW)
    assert refused.value.field == "password"
    assert editor.password is None


def test_a_new_password_ends_sessions_and_kills_open_links(app: Flask) -> None:
    editor = make_editor()
    token = token_of(accounts.make_sign_in_link(editor, now=NOW))
    key = sessions.begin(editor, SignInWay.LINK, browser="", now=NOW)
    accounts.set_password(editor, LONG_ENOUGH, now=NOW)
    assert sessions.find(key, now=LATER) is None
    with pytest.raises(DeadLink):
        accounts.use_sign_in_link(token, now=LATER)
