"""flask editors: add somebody, print a link, show who there is."""

import json

import pytest
from flask import Flask

from newsletter import accounts, clock
from newsletter.cli.editors import group
from newsletter.extensions import db
from tests.accounts.authenticators import phone_of
from tests.factories import make_list


def run(app: Flask, *args: str) -> tuple[int, str, str]:
    result = app.test_cli_runner().invoke(group, args)
    db.session.rollback()
    return result.exit_code, result.stdout, result.stderr


def test_adding_an_editor_prints_a_link_that_signs_in_once(app: Flask) -> None:
    code, out, _ = run(app, "add", "edith@example.org", "--role", "admin", "--name", "Edith")
    assert code == 0
    link = out.split()[-1]
    assert link.startswith("https://news.example.org/desk/sign-in/")
    editor = accounts.use_sign_in_link(link.rpartition("/")[2], now=clock.now())
    assert (editor.email, editor.name) == ("edith@example.org", "Edith")
    assert accounts.role_of(editor) is accounts.RoleName.ADMIN


def test_a_new_link_is_printed_for_a_known_editor(app: Flask) -> None:
    run(app, "add", "edith@example.org", "--role", "author")
    code, out, _ = run(app, "link", "Edith@Example.org")
    assert code == 0
    assert accounts.use_sign_in_link(out.split()[-1].rpartition("/")[2], now=clock.now())


def test_editors_are_shown_as_json(app: Flask) -> None:
    run(app, "add", "edith@example.org", "--role", "author", "--name", "Edith")
    code, out, _ = run(app, "show", "--json")
    assert code == 0
    assert json.loads(out) == [
        {
            "address": "edith@example.org",
            "name": "Edith",
            "role": "author",
            "active": True,
            "has_password": False,
            "has_second_factor": False,
            "passkeys": 0,
            "has_signed_in": False,
            "lists": [],
        }
    ]


def test_adding_as_json_carries_the_link(app: Flask) -> None:
    _, out, _ = run(app, "add", "edith@example.org", "--role", "editor", "--json")
    facts = json.loads(out)
    assert facts["role"] == "editor"
    assert "/desk/sign-in/" in facts["sign_in_link"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("add", "nobody", "--role", "author"), "not a mail address"),
        (("add", "edith@example.org", "--role", "owner"), "owner"),
        (("add", "edith@example.org"), "--role"),
        (("link", "nobody@example.org"), "no editor"),
    ],
)
def test_a_wrong_command_is_one_line_and_exit_code_2(
    app: Flask, args: tuple[str, ...], words: str
) -> None:
    code, _, err = run(app, *args)
    assert code == 2
    assert words in err
    assert err.count("\n") == 1
    assert accounts.all_editors() == []


def test_an_editor_of_some_lists_is_added(app: Flask) -> None:
    make_list("news")
    make_list("alerts")
    code, _, _ = run(app, "add", "edith@example.org", "--role", "editor", "--list", "news")
    assert code == 0
    shown = json.loads(run(app, "show", "--json")[1])
    assert shown[0]["lists"] == ["news"]
    code, _, err = run(app, "add", "ada@example.org", "--role", "editor", "--list", "no")
    assert code == 2
    assert "There is no list “no”" in err
    assert accounts.find_editor("ada@example.org") is None


def test_a_lost_phone_is_taken_out(app: Flask) -> None:
    run(app, "add", "edith@example.org", "--role", "editor")
    editor = accounts.get_editor("edith@example.org")
    phone_of(editor, now=clock.now())
    assert json.loads(run(app, "show", "--json")[1])[0]["has_second_factor"]
    code, out, _ = run(app, "reset", "edith@example.org")
    assert code == 0
    assert out.split()[-1].startswith("https://news.example.org/desk/sign-in/")
    assert not json.loads(run(app, "show", "--json")[1])[0]["has_second_factor"]
