"""An editor of some lists, and the lists of others: for them, these do not exist (XD10, XD13).

The addresses are read from the application, so that a new one cannot be forgotten.
"""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts
from newsletter.accounts import Action, Editor, RoleName
from newsletter.addresses import parse
from newsletter.extensions import db
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import (
    MailingList,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from tests.conftest import NOW
from tests.desk.browser import TOKEN, Browser, signed_in
from tests.factories import make_editor, make_item, make_list, make_subscription, rewrite

NO_SUCH = 999_999
"""A number that no issue has."""

OF_NO_LIST = (
    "/desk/sign-in/",
    "/desk/account/",
    "/desk/library/",
    "/desk/images/",
    "/desk/editors/",
    "/desk/lists/",
    "/desk/members/",
)
"""Pages with a number or name in their address that is not an issue's.

What is of nobody's list, or for admins alone, who are never bound.
"""

NUMBERED = (
    "/desk/issues/<int:number>",
    # Theirs are tried in test_digests and test_evidence; here they answer like issues.
    "/desk/digests/<digest:number>",
    "/desk/subscribers/<int:number>",
)

NAMES_OF_OTHERS = ("Hidden Letters", "hidden-list", "Hidden subject", "hana@example.org")


def issue_routes(app: Flask) -> list[tuple[str, str]]:
    return [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/desk/") and rule.arguments
        if not rule.rule.startswith(OF_NO_LIST)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def address_of(rule: str, number: int) -> str:
    path = re.sub("<(int|digest):number>", str(number), rule)
    return re.sub(r"<(?:int:)?\w+>", "1", path)


@pytest.fixture
def hidden(app: Flask) -> Issue:
    """An issue of a list that the editors of these tests are not bound to."""
    make_item()
    mailing_list = make_list("hidden-list", name="Hidden Letters")
    make_subscription(mailing_list, "hana@example.org", name="Hana")
    issue = composing.create_issue(
        mailing_list, subject="Hidden subject", items=["guidance-on-mms"], by=None, now=NOW
    )
    db.session.commit()
    return issue


@pytest.fixture
def own(app: Flask, hidden: Issue) -> Issue:
    """An issue of the list that they are bound to."""
    issue = composing.create_issue(make_list(), subject="Own subject", by=None, now=NOW)
    db.session.commit()
    return issue


def bound(role: RoleName, own: Issue) -> Editor:
    editor = make_editor(f"{role}@example.org", role=role)
    accounts.bind_to_lists(editor, [own.mailing_list_id])
    return editor


def test_every_address_with_an_issue_is_known_by_its_number(app: Flask) -> None:
    strange = [rule for _, rule in issue_routes(app) if not rule.startswith(NUMBERED)]
    assert strange == [], "say in OF_NO_LIST why a bound editor may open these, or test them"


@pytest.mark.parametrize("state", ["draft", "scheduled", "sent"])
@pytest.mark.parametrize("role", [RoleName.AUTHOR, RoleName.EDITOR])
def test_an_issue_of_another_list_answers_like_none(
    app: Flask, own: Issue, hidden: Issue, role: RoleName, state: str
) -> None:
    if state == "scheduled":
        workflow.approve(hidden, by=None, now=NOW)
        workflow.send_soon(hidden, timedelta(hours=1), now=NOW)
    elif state == "sent":
        hidden.state, hidden.begun_at, hidden.sent_at = IssueState.SENT, NOW, NOW
    db.session.commit()
    editor = bound(role, own)
    browser = signed_in(app, editor)
    before = (hidden.state, hidden.version, hidden.updated_at)
    for method, rule in issue_routes(app):
        answers = [
            ask(browser, method, address_of(rule, number)) for number in (hidden.id, NO_SUCH)
        ]
        assert answers[0] == answers[1], (method, rule)
        assert answers[0][0] in (403, 404), (method, rule)
        if accounts.may(editor, Action.SEND):
            assert answers[0][0] == 404, (method, rule)
    db.session.expire_all()
    assert (hidden.state, hidden.version, hidden.updated_at) == before


def ask(browser: Browser, method: str, path: str) -> tuple[int, str]:
    answer = (browser.get if method == "GET" else browser.post)(path)
    text = TOKEN.sub("", answer.text).replace(path, "PATH")
    return answer.status_code, re.sub(r"(issue|digest|subscriber) \d+", "one N", text)


@pytest.mark.parametrize("role", [RoleName.AUTHOR, RoleName.EDITOR])
def test_no_page_names_another_list_or_its_issues(
    app: Flask, own: Issue, hidden: Issue, role: RoleName
) -> None:
    hidden.state, hidden.begun_at, hidden.sent_at = IssueState.SENT, NOW, NOW
    rewrite(own, items=composing.current(hidden).slugs)
    browser = signed_in(app, bound(role, own))
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/desk/") and "GET" in (rule.methods or ()):
            path = address_of(rule.rule.replace("<slug>", "guidance-on-mms"), own.id)
            page = browser.get(path).text
            assert [name for name in NAMES_OF_OTHERS if name in page] == [], path
    assert "Own subject" in browser.get("/desk/issues/").text


def test_no_issue_is_begun_for_or_moved_to_another_list(
    app: Flask, own: Issue, hidden: Issue
) -> None:
    browser = signed_in(app, bound(RoleName.EDITOR, own))
    answers = []
    for slug in ("hidden-list", "no-such-list"):
        begun = browser.post("/desk/issues/new", {"mailing_list": slug, "subject": "Mine"})
        moved = browser.post(
            f"/desk/issues/{own.id}",
            {"version": str(own.version), "mailing_list": slug, "subject": "Mine"},
        )
        assert (begun.status_code, moved.status_code) == (422, 422)
        answers.append([TOKEN.sub("", page.text).replace(slug, "S") for page in (begun, moved)])
    assert answers[0] == answers[1]
    db.session.expire_all()
    assert own.mailing_list.slug == "news"


@pytest.mark.parametrize("reason", [None, *SuppressionReason])
def test_readers_of_other_lists_are_unknown(
    app: Flask, own: Issue, hidden: Issue, reason: SuppressionReason | None
) -> None:
    if reason is not None:
        # Among them one of whom nothing is left but that they are never mailed.
        for address in ("hana@example.org", "gone@example.org"):
            suppression.suppress(parse(address), reason=reason, note="Hidden Letters", now=NOW)
    browser = signed_in(app, bound(RoleName.EDITOR, own))
    before = suppressions()
    answers = [
        everywhere(browser, own, address)
        for address in ("hana@example.org", "gone@example.org", "nobody@example.org")
    ]
    assert answers[0] == answers[1] == answers[2]
    assert [status for status, _ in answers[0]] == [422, 422, 422, 422, 200]
    assert suppressions() == before


def everywhere(browser: Browser, own: Issue, address: str) -> list[tuple[int, str]]:
    """Ask for a reader in every field there is; what differs for every address is left out."""
    answers = [
        browser.post(path, {"address": address, "q": address, "note": "asked by letter"})
        for path in (
            "/desk/subscribers/",
            f"/desk/issues/{own.id}/trace",
            "/desk/subscribers/suppress",
            f"/desk/issues/{own.id}/preview/reader",
            "/desk/search",
        )
    ]
    return [(one.status_code, TOKEN.sub("", one.text).replace(address, "A")) for one in answers]


def suppressions() -> list[tuple[str, str]]:
    db.session.expire_all()
    return [(one.reason, one.note) for one in db.session.scalars(sa.select(Suppression))]


def test_readers_of_the_own_list_are_suppressed_also_those_who_left(app: Flask, own: Issue) -> None:
    left = make_subscription(
        own.mailing_list, "left@example.org", state=SubscriptionState.UNSUBSCRIBED
    )
    number = left.subscriber_id
    browser = signed_in(app, bound(RoleName.EDITOR, own))
    answer = browser.post("/desk/subscribers/suppress", {"address": "left@example.org"})
    assert answer.status_code == 303
    assert suppressions() == [("operator", "")]
    assert f"suppressed subscriber {number}" in browser.get("/desk/log/").text


def test_of_a_reader_of_both_lists_only_the_own_is_shown(
    app: Flask, own: Issue, hidden: Issue
) -> None:
    reader = make_subscription(own.mailing_list, "both@example.org").subscriber
    subscribe(reader.id, hidden.mailing_list)
    page = signed_in(app, bound(RoleName.EDITOR, own)).post(
        "/desk/subscribers/", {"address": "both@example.org"}
    )
    assert page.status_code == 200
    assert "Stay Informed: confirmed" in page.text
    assert "Hidden Letters" not in page.text
    db.session.expire_all()


def subscribe(subscriber_id: int, mailing_list: MailingList) -> None:
    db.session.add(
        Subscription(
            subscriber_id=subscriber_id,
            mailing_list=mailing_list,
            state=SubscriptionState.CONFIRMED,
            requested_at=NOW,
        )
    )


def test_unbound_editors_and_admins_use_every_list(app: Flask, own: Issue, hidden: Issue) -> None:
    for role in RoleName:
        browser = signed_in(app, make_editor(f"{role}@example.org", role=role))
        assert browser.get(f"/desk/issues/{hidden.id}").status_code == 200
        assert "Hidden subject" in browser.get("/desk/issues/").text
