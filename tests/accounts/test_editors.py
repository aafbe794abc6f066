"""Editors: who they are, what they are called, who is let in."""

import pytest
from flask import Flask

from newsletter import accounts
from newsletter.accounts import Action, Editor, RoleName, SignInLink, SignInWay, sessions
from newsletter.errors import InvalidInput, NotFound, Refused
from newsletter.extensions import db
from tests.conftest import NOW
from tests.factories import make_editor


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


def test_another_role_and_being_deactivated_end_sessions(app: Flask) -> None:
    editor = make_editor(role=RoleName.EDITOR)
    for end in (
        lambda: accounts.change_role(editor, RoleName.AUTHOR),
        lambda: accounts.deactivate(editor),
    ):
        key = sessions.begin(editor, SignInWay.LINK, browser="", now=NOW)
        end()
        assert sessions.find(key, now=NOW) is None
        assert sessions.sessions_of(editor, now=NOW) == []
    assert accounts.role_of(editor) is RoleName.AUTHOR


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
