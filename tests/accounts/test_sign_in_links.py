"""Links that let editors in, once."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask

from newsletter import accounts
from newsletter.errors import DeadLink, Refused
from newsletter.extensions import db
from tests.conftest import NOW
from tests.factories import make_editor

LATER = NOW + timedelta(minutes=5)


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


def test_a_sign_in_link_works_once(app: Flask) -> None:
    editor = make_editor()
    link = accounts.make_sign_in_link(editor, now=NOW)
    assert link.startswith("https://news.example.org/desk/sign-in/")
    assert accounts.use_sign_in_link(token_of(link), now=LATER) is editor
    with pytest.raises(DeadLink):
        accounts.use_sign_in_link(token_of(link), now=LATER)


def test_reading_a_link_does_not_use_it_up(app: Flask) -> None:
    editor = make_editor()
    token = token_of(accounts.make_sign_in_link(editor, now=NOW))
    assert accounts.read_sign_in_link(token, now=LATER) is editor
    assert accounts.use_sign_in_link(token, now=LATER) is editor


@pytest.mark.parametrize("lifetime", [accounts.PRINTED_LINK, accounts.MAILED_LINK])
def test_a_sign_in_link_lives_as_long_as_it_says(app: Flask, lifetime: timedelta) -> None:
    editor = make_editor()
    token = token_of(accounts.make_sign_in_link(editor, now=NOW, lifetime=lifetime))
    assert accounts.read_sign_in_link(token, now=NOW + lifetime - timedelta(seconds=1)) is editor
    with pytest.raises(DeadLink):
        accounts.use_sign_in_link(token, now=NOW + lifetime + timedelta(seconds=1))


@pytest.mark.parametrize("token", ["", "1", "1.x.y", "é", "a" * 5000])
def test_a_forged_sign_in_link_is_dead(app: Flask, token: str) -> None:
    with pytest.raises(DeadLink):
        accounts.use_sign_in_link(token, now=NOW)


def test_a_link_of_a_deactivated_editor_is_dead(app: Flask) -> None:
    editor = make_editor()
    token = token_of(accounts.make_sign_in_link(editor, now=NOW))
    accounts.deactivate(editor)
    with pytest.raises(DeadLink):
        accounts.use_sign_in_link(token, now=LATER)
    with pytest.raises(Refused, match="deactivated"):
        accounts.make_sign_in_link(editor, now=LATER)


def test_of_two_clicks_at_once_one_gets_in(app: Flask) -> None:
    token = token_of(accounts.make_sign_in_link(make_editor(), now=NOW))
    db.session.commit()
    barrier = Barrier(4)
    outcomes: list[str] = []

    def click() -> None:
        with app.app_context():
            barrier.wait()
            try:
                accounts.use_sign_in_link(token, now=LATER)
                db.session.commit()
                outcomes.append("in")
            except DeadLink:
                outcomes.append("dead")
            finally:
                db.session.remove()

    threads = [Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["dead", "dead", "dead", "in"]
