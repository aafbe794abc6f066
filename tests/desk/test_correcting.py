"""A correction from the button to the last mail, and what the pages of both issues say."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock
from newsletter.audit.models import AuditEntry
from newsletter.delivery import planning
from newsletter.extensions import db
from newsletter.issues import composing, correcting, editing, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.texts import Texts
from newsletter.subscriptions.models import SubscriptionState
from tests.desk.browser import Browser, signed_in
from tests.factories import make_due_issue, make_editor, make_list, make_subscription
from tests.message_standards import check_message, parse, text_of
from tests.relay import Relay
from tests.story import HOST, tick


@pytest.fixture
def relay(app: Flask) -> Iterator[Relay]:
    with Relay() as relay:
        relay.configure(app)
        yield relay


@pytest.fixture
def desk(app: Flask) -> Browser:
    return signed_in(app, make_editor())


@pytest.fixture
def wrong(app: Flask) -> Issue:
    """An issue in English and French, due now, to a reader of each."""
    news = make_list()
    make_subscription(news, "ada@example.org", language="en")
    make_subscription(news, "bo@example.org", language="fr", name="Bo")
    make_subscription(news, "cy@example.org", language="fr", name="Cy")
    issue = make_due_issue(news, subject="Dates", introduction="On the 4th.", at=clock.now())
    workflow.stop(issue)
    whole = editing.with_edition(composing.current(issue), "fr")
    whole = editing.with_texts(whole, "fr", Texts("Les dates", "", "Le 4."))
    composing.save(issue, whole, based_on_version=1, by=None, now=clock.now())
    workflow.approve(issue, by=None, now=clock.now())
    return issue


def words(page: str) -> str:
    return " ".join(page.split())


def send(desk: Browser, number: int, version: int) -> None:
    fields = {"version": str(version), "hold": "0"}
    assert desk.post(f"/desk/issues/{number}/send", fields).status_code == 303
    tick()
    db.session.expire_all()


def test_a_correction_goes_from_the_button_to_each_reader_in_their_language(
    app: Flask, desk: Browser, wrong: Issue, relay: Relay
) -> None:
    relay.answer("RCPT", "550 5.1.1 No such user", to="cy@example.org", times=1)
    send(desk, wrong.id, 2)
    assert wrong.state is IssueState.SENT
    assert "Send a correction" in desk.get(f"/desk/issues/{wrong.id}").text
    late = make_subscription(wrong.mailing_list, "late@example.org", name="Late")
    begun = desk.post(f"/desk/issues/{wrong.id}/correct")
    assert begun.status_code == 303
    page = desk.get(begun.headers["Location"]).text
    assert f'It corrects <a href="/desk/issues/{wrong.id}">issue {wrong.id}</a>' in page
    assert 'name="topics"' not in page
    number = int(begun.headers["Location"].rsplit("/", 1)[1])
    correction = db.session.get_one(Issue, number)
    assert "TK" in desk.get(f"/desk/issues/{number}/checks").text
    whole = composing.current(correction)
    for language, text in (("en", "It is the 5th."), ("fr", "C’est le 5.")):
        whole = editing.with_texts(
            whole, language, Texts(whole.editions[language].subject, "", text)
        )
    composing.save(correction, whole, based_on_version=1, by=None, now=clock.now())
    page = words(desk.get(f"/desk/issues/{number}/send").text)
    assert f"issue {number}, which corrects issue {wrong.id}, goes to the 2 people who got" in page
    assert "1 in English, 1 in French." in page
    send(desk, number, 2)
    mails = {mail.recipient: mail.data for mail in relay.messages if mail.data}
    got = {
        mail.recipient: mail.data
        for mail in relay.messages
        if "orrection" in str(parse(mail.data)["Subject"])
    }
    assert set(mails) == {"ada@example.org", "bo@example.org"}
    assert str(parse(got["ada@example.org"])["Subject"]) == "Correction: Dates"
    assert str(parse(got["bo@example.org"])["Subject"]) == "Correction\N{NO-BREAK SPACE}: Les dates"
    assert "C’est le 5." in text_of(got["bo@example.org"])
    for data in got.values():
        check_message(data, own_domain=HOST, is_issue=True)
    assert late.state is SubscriptionState.CONFIRMED
    _both_pages_say_so(app, desk, wrong.id, number)


def _both_pages_say_so(app: Flask, desk: Browser, wrong: int, correction: int) -> None:
    for page in ("", "/report"):
        shown = words(desk.get(f"/desk/issues/{wrong}{page}").text)
        assert f'<a href="/desk/issues/{correction}">Issue {correction}</a> corrects this' in shown
    shown = desk.get(f"/desk/issues/{correction}").text
    assert f'It corrects <a href="/desk/issues/{wrong}">' in shown
    reader = Browser(app)
    archived = words(reader.get(f"/archive/{wrong}").text)
    assert "This issue was corrected on" in archived
    assert f'<a href="/archive/{correction}">Read the correction</a>' in archived
    archived = words(reader.get(f"/archive/{correction}").text)
    assert f'<a href="/archive/{wrong}">Read issue {wrong} as it was</a>' in archived
    deeds = db.session.execute(sa.select(AuditEntry.deed, AuditEntry.key, AuditEntry.detail)).all()
    assert ("issue.corrected", str(wrong), f"issue {correction}") in deeds


def test_while_it_is_written_readers_see_nothing_of_it(
    app: Flask, desk: Browser, wrong: Issue
) -> None:
    workflow.send_soon(wrong, timedelta(0), now=clock.now())
    planning.plan(wrong, now=clock.now())
    correction, _ = correcting.begin(wrong, by=None, now=clock.now())
    assert "corrected" not in Browser(app).get(f"/archive/{wrong.id}").text
    page = words(desk.get(f"/desk/issues/{wrong.id}").text)
    assert f"Issue {correction.id}</a> is going to correct this one." in page
    page = desk.get(f"/desk/issues/{correction.id}/send").text
    assert f"Issue {wrong.id} is still being sent." in page


def test_a_second_click_leads_to_the_correction_that_is_there(desk: Browser, wrong: Issue) -> None:
    workflow.send_soon(wrong, timedelta(0), now=clock.now())
    planning.plan(wrong, now=clock.now())
    first = desk.post(f"/desk/issues/{wrong.id}/correct")
    second = desk.post(f"/desk/issues/{wrong.id}/correct")
    assert first.headers["Location"] == second.headers["Location"]
    page = desk.get(second.headers["Location"]).text
    assert "is being written as the correction already" in page


def test_what_nobody_got_has_no_button_and_is_refused(desk: Browser, wrong: Issue) -> None:
    assert "Send a correction" not in desk.get(f"/desk/issues/{wrong.id}").text
    answer = desk.post(f"/desk/issues/{wrong.id}/correct")
    assert answer.status_code == 409
    assert f"Nobody got issue {wrong.id} yet." in answer.text


def test_a_form_that_moves_a_correction_to_another_list_is_refused(
    desk: Browser, wrong: Issue
) -> None:
    workflow.send_soon(wrong, timedelta(0), now=clock.now())
    planning.plan(wrong, now=clock.now())
    correction, _ = correcting.begin(wrong, by=None, now=clock.now())
    make_list("other")
    fields = {"version": "1", "language": "en", "mailing_list": "other", "do": "save"}
    answer = desk.post(f"/desk/issues/{correction.id}", fields)
    assert answer.status_code == 422
    assert f"A correction goes to exactly those who got issue {wrong.id}" in answer.text
    db.session.expire_all()
    assert correction.mailing_list_id == wrong.mailing_list_id
