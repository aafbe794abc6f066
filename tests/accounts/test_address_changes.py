"""Another address to sign in with."""

from datetime import timedelta

import pytest
from flask import Flask

from newsletter import accounts, links
from newsletter.accounts import Editor, address_changes
from newsletter.errors import DeadLink, InvalidAddress, InvalidInput, Refused
from tests.conftest import NOW
from tests.factories import make_editor

NEW = "edith@new.example.org"


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


def ask(editor: Editor, address: str = NEW) -> str:
    url = address_changes.ask(editor, address, now=NOW)
    assert url is not None
    return url.rpartition("/")[2]


def test_it_counts_once_the_link_is_used_and_only_once(edith: Editor) -> None:
    token = ask(edith, "Edith@New.Example.ORG")
    assert address_changes.read(token, now=NOW) == (edith, NEW)
    assert edith.email == "edith@example.org"
    assert address_changes.confirm(token, now=NOW) == (edith, "edith@example.org")
    assert edith.email == NEW
    with pytest.raises(DeadLink):
        address_changes.confirm(token, now=NOW)


def test_what_is_no_new_address_is_refused(edith: Editor) -> None:
    with pytest.raises(InvalidInput, match="already"):
        address_changes.ask(edith, "EDITH@example.org", now=NOW)
    with pytest.raises(InvalidAddress):
        address_changes.ask(edith, "nobody", now=NOW)


def test_the_link_lives_a_day_and_only_the_newest_one_works(edith: Editor) -> None:
    old, new = ask(edith), ask(edith, "edith@newer.example.org")
    with pytest.raises(DeadLink):
        address_changes.read(old, now=NOW)
    with pytest.raises(DeadLink):
        address_changes.read(new, now=NOW + address_changes.LIFETIME + timedelta(seconds=1))
    assert address_changes.read(new, now=NOW)[1] == "edith@newer.example.org"


@pytest.mark.parametrize("purpose", [links.SIGN_IN, links.CONFIRM, links.UNSUBSCRIBE])
def test_a_token_of_another_purpose_is_none(edith: Editor, purpose: links.Link) -> None:
    ask(edith)
    with pytest.raises(DeadLink):
        address_changes.read(purpose.token("1", now=NOW), now=NOW)


def test_a_new_password_or_being_deactivated_ends_the_wish(edith: Editor) -> None:
    token = ask(edith)
    accounts.set_password(edith, "four words make a password", now=NOW)
    with pytest.raises(DeadLink):
        address_changes.read(token, now=NOW)
    token = ask(edith)
    accounts.deactivate(edith)
    accounts.activate(edith)
    with pytest.raises(DeadLink):
        address_changes.read(token, now=NOW)


def test_links_in_the_old_mailbox_are_dead(edith: Editor) -> None:
    link = accounts.make_sign_in_link(edith, now=NOW)
    address_changes.confirm(ask(edith), now=NOW)
    with pytest.raises(DeadLink):
        accounts.use_sign_in_link(link.rpartition("/")[2], now=NOW)


def test_an_address_of_somebody_else_is_never_taken(edith: Editor) -> None:
    make_editor("taken@example.org")
    assert address_changes.ask(edith, "taken@example.org", now=NOW) is None
    token = ask(edith)
    make_editor(NEW)
    with pytest.raises(Refused, match="Another editor"):
        address_changes.confirm(token, now=NOW)
    assert edith.email == "edith@example.org"
