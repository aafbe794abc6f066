"""Putting an issue together in the desk."""

import pytest
from flask import Flask

from newsletter.desk.issues import arrange
from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.issues.models import Issue, IssueState
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_item, make_list, make_topic


@pytest.fixture
def browser(app: Flask) -> Browser:
    make_list(topics=(make_topic(),))
    for slug in ("first", "second", "third"):
        make_item(slug, title=f"The {slug} item")
    return signed_in(app, make_editor())


@pytest.fixture
def issue(browser: Browser) -> Issue:
    answer = browser.post("/desk/issues/new", {"mailing_list": "news", "subject": "Hello"})
    assert answer.status_code == 303
    return composing.find_issue(int(answer.headers["Location"].rpartition("/")[2]))


def form_of(issue: Issue, **changes: object) -> dict[str, object]:
    return {
        "version": str(issue.version),
        "mailing_list": "news",
        "subject": "Hello",
        "preheader": "A line",
        "introduction": "Dear {{ name | friend }}",
        "do": "save",
        **changes,
    }


def fresh(issue: Issue) -> Issue:
    db.session.expire_all()
    return issue


@pytest.mark.parametrize(
    ("order", "ticked", "do", "expected"),
    [
        ([], [], "save", []),
        ([], ["b", "a"], "save", ["b", "a"]),
        (["b", "a"], ["a", "b"], "save", ["b", "a"]),
        (["a", "b"], ["b"], "save", ["b"]),
        (["a", "b"], ["c", "a", "b"], "save", ["a", "b", "c"]),
        (["a", "b", "c"], ["a", "b", "c"], "up:c", ["a", "c", "b"]),
        (["a", "b", "c"], ["a", "b", "c"], "down:a", ["b", "a", "c"]),
        (["a", "b"], ["a", "b"], "up:a", ["a", "b"]),
        (["a", "b"], ["a", "b"], "down:b", ["a", "b"]),
        (["a", "b"], ["a", "b"], "up:nothing", ["a", "b"]),
        (["a", "a"], ["a", "a"], "save", ["a", "a"]),
    ],
)
def test_ticked_items_keep_their_order_and_move_by_one(
    order: list[str], ticked: list[str], do: str, expected: list[str]
) -> None:
    assert list(dict.fromkeys(arrange(order, ticked, do))) == list(dict.fromkeys(expected))


def test_a_new_issue_is_a_draft_of_the_chosen_list(issue: Issue) -> None:
    assert issue.state is IssueState.DRAFT
    assert issue.mailing_list.slug == "news"
    assert issue.editions[0].subject == "Hello"


def test_saving_keeps_everything_and_a_version(browser: Browser, issue: Issue) -> None:
    answer = browser.post(
        f"/desk/issues/{issue.id}",
        form_of(issue, items=["third", "first"], topics=["mms"], subject="News"),
    )
    assert answer.headers["Location"] == f"/desk/issues/{issue.id}"
    saved = fresh(issue)
    assert composing.current(saved).slugs == ("third", "first")
    assert [topic.slug for topic in saved.topics] == ["mms"]
    assert (saved.editions[0].subject, saved.version) == ("News", 2)
    page = browser.get(f"/desk/issues/{issue.id}").text
    assert "Saved as version 2." in page
    assert page.index("The third item") < page.index("The first item") < page.index("The second")


def test_items_move_up_and_down_by_buttons(browser: Browser, issue: Issue) -> None:
    answer = browser.post(
        f"/desk/issues/{issue.id}",
        form_of(issue, items=["first", "second"], order=["first", "second"], do="up:second"),
    )
    assert answer.headers["Location"].endswith("#items")
    assert composing.current(fresh(issue)).slugs == ("second", "first")


@pytest.mark.parametrize(("do", "page"), [("preview", "/preview"), ("send", "/send")])
def test_a_button_saves_and_leads_on(browser: Browser, issue: Issue, do: str, page: str) -> None:
    answer = browser.post(f"/desk/issues/{issue.id}", form_of(issue, do=do))
    assert answer.headers["Location"] == f"/desk/issues/{issue.id}{page}"


def test_an_item_that_was_sent_says_in_which_issue(browser: Browser, issue: Issue) -> None:
    sent = composing.create_issue(
        issue.mailing_list, subject="Before", items=["first"], by=None, now=NOW
    )
    sent.state, sent.begun_at, sent.sent_at = IssueState.SENT, NOW, NOW
    assert f"sent in issue {sent.id}" in browser.get(f"/desk/issues/{issue.id}").text


def test_what_cannot_be_saved_is_shown_at_its_field_with_what_was_typed(
    browser: Browser, issue: Issue
) -> None:
    answer = browser.post(
        f"/desk/issues/{issue.id}",
        form_of(issue, subject="x" * 501, introduction="Kept words", items=["second"]),
    )
    assert answer.status_code == 422
    assert 'href="#subject"' in answer.text
    assert 'aria-describedby="subject-error subject-hint"' in answer.text
    assert "Kept words" in answer.text
    assert 'value="second" checked' in answer.text
    assert fresh(issue).version == 1


def test_who_saves_an_old_version_sees_both_and_loses_nothing(
    browser: Browser, issue: Issue, app: Flask
) -> None:
    old = form_of(issue, introduction="Mine", items=["first"])
    colleague = signed_in(app, make_editor("other@example.org"))
    colleague.post(f"/desk/issues/{issue.id}", form_of(issue, introduction="Theirs"))
    answer = browser.post(f"/desk/issues/{issue.id}", old)
    assert answer.status_code == 409
    assert "Somebody else saved this issue" in answer.text
    assert "Mine" in answer.text
    assert "Theirs" in answer.text
    assert 'value="first" checked' in answer.text
    assert composing.content_of(fresh(issue)).introduction == "Theirs"
    # The form of that page starts from the newest version: saving it again is a decision.
    again = browser.post(f"/desk/issues/{issue.id}", {**old, "version": "2"})
    assert again.status_code == 303
    assert composing.content_of(fresh(issue)).introduction == "Mine"


def test_what_was_typed_while_a_colleague_scheduled_is_still_there(
    browser: Browser, issue: Issue
) -> None:
    old = form_of(issue, introduction="Words of an hour")
    issue.state, issue.send_at, issue.zone = IssueState.SCHEDULED, NOW.replace(tzinfo=None), "UTC"
    answer = browser.post(f"/desk/issues/{issue.id}", old)
    assert answer.status_code == 409
    assert "Stop it first" in answer.text
    assert "Words of an hour" in answer.text


@pytest.mark.parametrize(
    "strange",
    [
        {"version": ""},
        {"version": "-1"},
        {"version": "9" * 400},
        {"version": "²"},
        {"items": ["no-such-item"]},
        {"topics": ["no-such-topic"]},
        {"mailing_list": "no-such-list"},
        {"subject": "two\nlines"},
        {"introduction": "\x07"},
        {"do": "up:"},
        {"do": "nonsense"},
    ],
)
def test_no_input_ends_in_a_fault_of_ours(
    browser: Browser, issue: Issue, strange: dict[str, object]
) -> None:
    answer = browser.post(f"/desk/issues/{issue.id}", form_of(issue, **strange))
    assert answer.status_code in (303, 404, 409, 422)


def test_what_is_typed_is_shown_as_text(browser: Browser, issue: Issue) -> None:
    evil = '"><script>alert(1)</script>'
    browser.post(f"/desk/issues/{issue.id}", form_of(issue, subject=evil, introduction=evil))
    for page in ("", "/preview", "/report"):
        assert "<script>" not in browser.get(f"/desk/issues/{issue.id}{page}").text
    assert "<script>" not in browser.get("/desk/").text
    assert "<script>" not in browser.get("/desk/issues/").text


@pytest.mark.parametrize("number", ["0", "999", "2147483648", "99999999999999999999", "x", "-1"])
def test_an_issue_that_does_not_exist_is_not_found(browser: Browser, number: str) -> None:
    assert browser.get(f"/desk/issues/{number}").status_code == 404


def test_without_a_list_a_new_issue_says_what_is_missing(app: Flask) -> None:
    page = signed_in(app, make_editor()).get("/desk/issues/new").text
    assert "An admin adds one under Lists" in page


def test_issues_are_listed_a_page_at_a_time(browser: Browser, issue: Issue) -> None:
    for number in range(31):
        composing.create_issue(issue.mailing_list, subject=f"No {number}", by=None, now=NOW)
    first, second = browser.get("/desk/issues/").text, browser.get("/desk/issues/?page=2").text
    assert "No 30" in first
    assert "Older" in first
    assert "Hello" in second
    for page in ("0", "-3", "99999999999999999999", "x"):
        assert browser.get(f"/desk/issues/?page={page}").status_code == 200
