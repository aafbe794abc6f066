"""Errors below /desk/: on a page of the desk for editors, on the readers' page for others."""

import pytest
from flask import Flask

from newsletter.desk import guard
from newsletter.extensions import db
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor

LOST = [("GET", "/desk/nowhere", 404), ("GET", "/desk/sign-out", 405)]


@pytest.mark.parametrize(("method", "path", "status"), LOST)
def test_an_editor_who_gets_lost_keeps_the_places_of_the_desk(
    app: Flask, method: str, path: str, status: int
) -> None:
    answer = signed_in(app, make_editor()).open(path, method=method)
    assert answer.status_code == status
    assert '<nav aria-label="Places">' in answer.text
    assert "To the desk" in answer.text


@pytest.mark.parametrize(("method", "path", "status"), LOST)
def test_others_see_the_page_that_readers_see(
    app: Flask, method: str, path: str, status: int
) -> None:
    answer = Browser(app).open(path, method=method)
    assert answer.status_code == status
    assert "Places" not in answer.text
    assert "To the start page" in answer.text


def test_a_readers_error_is_no_matter_of_the_desk(app: Flask) -> None:
    assert "Places" not in signed_in(app, make_editor()).get("/nowhere").text


def test_what_breaks_in_the_desk_is_said_there(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = signed_in(app, make_editor())
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def break_down() -> None:
        raise RuntimeError("broken")

    monkeypatch.setitem(app.view_functions, "desk.show_home", break_down)
    monkeypatch.setitem(guard._needs, break_down, guard.SIGNED_IN)
    answer = browser.get("/desk/")
    assert answer.status_code == 500
    assert "<h1>Our fault</h1>" in answer.text
    assert '<nav aria-label="Places">' in answer.text


def test_without_the_database_the_page_is_the_readers_one(app: Flask) -> None:
    browser = signed_in(app, make_editor())
    app.config["PROPAGATE_EXCEPTIONS"] = False
    db.session.remove()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE editor_session RENAME TO gone")
    answer = browser.client.get("/desk/")
    assert answer.status_code == 500
    assert "<h1>Our fault</h1>" in answer.text
    assert "Places" not in answer.text
