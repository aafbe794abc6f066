"""Texts that would keep a parser busy for minutes: refused in a sentence, or shown at once."""

import itertools
from collections.abc import Callable
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from newsletter import markdown
from newsletter.extensions import db
from newsletter.issues import composing, composition
from newsletter.issues.models import Issue, Revision
from tests.conftest import NOW
from tests.desk.browser import Browser
from tests.desk.forms import Fields, fields_of
from tests.endless import ENDLESS
from tests.factories import make_item, make_list, make_subscription
from tests.timing import TRIES, timed

LONGEST = 1.0
"""Seconds of the processor's time."""

REFUSED = "that mean something in Markdown"

HARDEST = ["[", "![", "*", "`", "<", ">", "> - ", "- ", "|", "\\", "://", "a\n", "a wide table"]
"""Most of them are tried on the parser alone; these on whole pages."""


SHOWN = ["", "/preview", "/preview.html", "/preview.txt", "/review", "/send", "/versions/1"]


@pytest.fixture
def issue(app: Flask) -> Issue:
    mailing_list = make_list()
    make_subscription(mailing_list)
    return composing.create_issue(mailing_list, subject="S", by=None, now=NOW)


def typed(browser: Browser, issue: Issue, text: str) -> Fields:
    page = browser.get(f"/desk/issues/{issue.id}").text
    return {**fields_of(page), "introduction": text, "do": "save"}


def at_once(
    browser: Browser, path: str, fields: Callable[[], Fields] | None = None
) -> TestResponse:
    """Open a page, or send a form that has its token, and see that it takes no time.

    Each time that it is tried, the form is asked for anew.
    """
    took = []
    for _ in range(TRIES):
        how = {"method": "POST", "data": fields()} if fields else {}
        answer, one = timed(partial(browser.open, path, **how))
        if one < LONGEST:
            return answer
        took.append(one)
    raise AssertionError(f"{path} took {took} seconds")


@pytest.mark.parametrize("what", HARDEST)
def test_it_is_saved_and_shown_at_once_or_refused(
    browser: Browser, issue: Issue, what: str
) -> None:
    page, text = f"/desk/issues/{issue.id}", ENDLESS[what]
    tries = itertools.count()
    is_refused = markdown.count_marks(text.strip()) > markdown.MOST_MARKS

    def form() -> Fields:
        # A form that says what is saved already would not be read to its end.
        return typed(browser, issue, text[next(tries) :])

    saved = at_once(browser, page, form)
    by_itself = at_once(browser, f"{page}/autosave", form)
    if is_refused:
        assert (saved.status_code, by_itself.status_code) == (422, 422)
        assert "Take out what is no text" in saved.text
        assert REFUSED in by_itself.get_json()["sentence"]
        return
    assert saved.status_code == 303
    for path in SHOWN:
        assert at_once(browser, page + path).status_code == 200


def test_as_much_as_is_taken_is_shown_at_once(browser: Browser, issue: Issue) -> None:
    page, text = f"/desk/issues/{issue.id}", "[" * (markdown.MOST_MARKS - 1)
    saved = at_once(browser, page, lambda: typed(browser, issue, text))
    assert saved.status_code == 303
    for path in SHOWN:
        assert at_once(browser, page + path).status_code == 200


def test_many_such_texts_are_refused_together(browser: Browser, issue: Issue) -> None:
    page, text = f"/desk/issues/{issue.id}", "[" * (markdown.MOST_MARKS - 1)
    for _ in range(6):
        fields = typed(browser, issue, "Hello")
        browser.open(page, method="POST", data={**fields, "do": "add:text"})
    fields = typed(browser, issue, text)
    blocks = [name for name in fields if name.startswith("b") and name.endswith("-text")]
    assert len(blocks) == 6
    answer = at_once(browser, page, lambda: {**fields, **dict.fromkeys(blocks, text)})
    assert answer.status_code == 422
    assert "All texts of this issue together" in answer.text


def test_what_is_there_from_before_is_shown_as_it_stands(browser: Browser, issue: Issue) -> None:
    whole = composing.current(issue)
    plain = composition.to_json(whole)
    plain["editions"][0]["introduction"] = "[" * 100_000
    db.session.execute(sa.update(Revision).values(content=plain))
    for path in ("", "/preview", "/preview.html", "/send"):
        assert at_once(browser, f"/desk/issues/{issue.id}{path}").status_code == 200


def test_the_library_refuses_it_too(browser: Browser) -> None:
    make_item()
    page = "/desk/library/item/guidance-on-mms"
    fields = fields_of(browser.get(page).text, "form.narrow")
    answer = at_once(browser, page, lambda: {**fields, "body": "[" * 100_000})
    assert answer.status_code == 422
    assert REFUSED in answer.text


@pytest.mark.parametrize("path", ["", "/autosave", "/preview"])
def test_ten_megabytes_are_refused_in_a_sentence(browser: Browser, issue: Issue, path: str) -> None:
    fields = {**typed(browser, issue, "a" * 10_000_000), "subject": "S"}
    answer = at_once(browser, f"/desk/issues/{issue.id}{path}", lambda: fields)
    assert answer.status_code == 413
    assert "Too large" in answer.text
