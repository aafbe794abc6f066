"""Editors: who they are, what they may, and the links that let them in."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask

from newsletter import accounts
from newsletter.accounts import Action, Editor, RoleName, SignInLink
from newsletter.errors import DeadLink, InvalidInput, NotFound, Refused
from newsletter.extensions import db
from tests.conftest import NOW
from tests.factories import make_editor, make_list

LONG_ENOUGH = "four words make a password"
LATER = NOW + timedelta(minutes=5)


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (RoleName.AUTHOR, {Action.WRITE}),
        (RoleName.EDITOR, {Action.WRITE, Action.SEND, Action.SEE_SUBSCRIBERS}),
        (RoleName.ADMIN, set(Action)),
    ],
)
def test_a_role_allows_exactly_its_actions(
    app: Flask, role: RoleName, allowed: set[Action]
) -> None:
    editor = make_editor(role=role)
    assert {action for action in Action if accounts.may(editor, action)} == allowed


def test_a_deactivated_editor_may_nothing(app: Flask) -> None:
    editor = make_editor(role=RoleName.EDITOR)
    accounts.deactivate(editor)
    assert not any(accounts.may(editor, action) for action in Action)


def test_one_person_has_one_account_however_the_address_is_spelled(app: Flask) -> None:
    editor = make_editor("Edith@Example.ORG")
    with pytest.raises(InvalidInput, match="already") as refused:
        make_editor("edith@example.org")
    assert refused.value.field == "address"
    assert accounts.find_editor("EDITH@example.org") is editor


@pytest.mark.parametrize(
    ("address", "role", "name", "field"),
    [
        ("no address", "author", "", "address"),
        ("edith@example.org", "owner", "", "role"),
        ("edith@example.org", "author", "E" * 121, "name"),
        ("edith@example.org", "author", "Edith\x07", "name"),
    ],
)
def test_what_cannot_be_an_editor_is_refused_at_its_field(
    app: Flask, address: str, role: str, name: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        accounts.add_editor(address, role, name, now=NOW)
    assert refused.value.field == field


def test_an_unknown_editor_is_not_found(app: Flask) -> None:
    assert accounts.find_editor("nobody@example.org") is None
    assert accounts.find_editor("not an address") is None
    with pytest.raises(NotFound, match="nobody@example.org"):
        accounts.get_editor("nobody@example.org")


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
    assert not context.needs_update(accounts.DECOY_HASH)


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
    session_value = editor.fs_uniquifier
    accounts.set_password(editor, LONG_ENOUGH, now=NOW)
    assert editor.fs_uniquifier != session_value
    with pytest.raises(DeadLink):
        accounts.use_sign_in_link(token, now=LATER)


def test_another_role_ends_sessions(app: Flask) -> None:
    editor = make_editor(role=RoleName.EDITOR)
    session_value = editor.fs_uniquifier
    accounts.change_role(editor, RoleName.AUTHOR)
    assert accounts.role_of(editor) is RoleName.AUTHOR
    assert editor.fs_uniquifier != session_value


def test_the_last_admin_stays(app: Flask) -> None:
    admin = make_editor("ada@example.org", role=RoleName.ADMIN)
    for move in (accounts.deactivate, lambda editor: accounts.change_role(editor, "author")):
        with pytest.raises(Refused, match="only admin"):
            move(admin)
    make_editor("bela@example.org", role=RoleName.ADMIN)
    accounts.deactivate(admin)
    assert not admin.active
    accounts.activate(admin)
    assert accounts.may(admin, Action.MANAGE_EDITORS)


def test_the_name_and_zone_of_an_editor_are_checked(app: Flask) -> None:
    editor = make_editor()
    accounts.change_details(editor, name="  Edith   Example ", zone="Africa/Nairobi")
    assert (editor.name, editor.zone) == ("Edith Example", "Africa/Nairobi")
    with pytest.raises(InvalidInput, match="time zone"):
        accounts.change_details(editor, name="Edith", zone="Mars/Olympus")


def test_all_editors_come_in_the_order_of_their_names(app: Flask) -> None:
    make_editor("z@example.org", name="Zoe")
    make_editor("a@example.org", name="Ada")
    assert [editor.name for editor in accounts.all_editors()] == ["Ada", "Zoe"]
    assert db.session.query(SignInLink).count() == 0
    assert db.session.query(Editor).count() == 2


def test_who_is_bound_to_lists_may_use_these_and_who_is_not_all(app: Flask) -> None:
    editor, news, alerts = make_editor(), make_list("news"), make_list("alerts")
    assert accounts.allowed_lists(editor) is None
    accounts.bind_to_lists(editor, [news.id, news.id])
    assert accounts.allowed_lists(editor) == {news.id}
    assert accounts.may_use_list(editor, news.id)
    assert not accounts.may_use_list(editor, alerts.id)
    accounts.bind_to_lists(editor, [])
    assert accounts.may_use_list(editor, alerts.id)


def test_an_admin_is_never_bound(app: Flask) -> None:
    editor, news = make_editor(), make_list("news")
    accounts.bind_to_lists(editor, [news.id])
    accounts.change_role(editor, RoleName.ADMIN)
    assert accounts.allowed_lists(editor) is None
    with pytest.raises(Refused, match="every list"):
        accounts.bind_to_lists(editor, [news.id])
    make_editor("other@example.org", role=RoleName.ADMIN)
    accounts.change_role(editor, RoleName.EDITOR)
    assert accounts.allowed_lists(editor) is None
