"""Why readers left, as the desk shows it: by month, and never so few that one is known."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from newsletter import clock
from newsletter.accounts import RoleName
from newsletter.extensions import db
from newsletter.subscriptions import answers
from newsletter.subscriptions.answers import Answer
from newsletter.subscriptions.models import MailingList
from tests.desk.browser import signed_in
from tests.factories import make_editor, make_list


@pytest.fixture
def news(app: Flask) -> MailingList:
    """A list with answers of two months and one that is long ago."""
    news = make_list()
    for answer, times, at in (
        (Answer.TOO_MANY, 5, datetime(2027, 2, 3, tzinfo=UTC)),
        (Answer.TOO_MANY, 1234, datetime(2027, 2, 28, tzinfo=UTC)),
        (Answer.OTHER, 4, datetime(2027, 2, 28, tzinfo=UTC)),
        (Answer.ELSEWHERE, 1, datetime(2027, 1, 1, tzinfo=UTC)),
        (Answer.ELSEWHERE, 77, datetime(2024, 12, 31, tzinfo=UTC)),
    ):
        answers.count(answer, mailing_list_id=news.id, issue_id=None, token=str(times), now=at)
        db.session.flush()
        row = db.session.get_one(answers.LeavingAnswer, (news.id, at.date(), 0, answer))
        row.count = times
    db.session.commit()
    return news


def test_answers_are_shown_by_month_and_few_of_them_without_a_number(
    app: Flask, news: MailingList, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2027, 3, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    browser = signed_in(app, make_editor(role=RoleName.EDITOR))
    shown = browser.get("/desk/lists/news/answers").text
    rows = [row.split("</tr>")[0] for row in shown.split("<tr>")[2:]]
    assert ["February 2027" in rows[0], "January 2027" in rows[1], len(rows)] == [True, True, 2]
    assert ">1,239<" in rows[0]
    assert rows[0].count("fewer than 5") == rows[1].count("fewer than 5") == 1
    assert rows[0].count(">none<") == 3
    assert "77" not in shown


def test_a_list_whose_readers_never_said_why_says_so(app: Flask) -> None:
    make_list()
    db.session.commit()
    browser = signed_in(app, make_editor(role=RoleName.EDITOR))
    assert "Nobody has said why" in browser.get("/desk/lists/news/answers").text
