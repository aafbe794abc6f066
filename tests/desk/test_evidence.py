"""The evidence of consent for one person, on one page."""

import json

import pytest
from flask import Flask

from newsletter import accounts
from newsletter.addresses import parse
from newsletter.extensions import db
from newsletter.subscriptions import consent, suppression
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentKind,
    EndedReason,
    Subscription,
    SuppressionReason,
)
from newsletter.translating import translator
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.desk.test_noting import said
from tests.factories import make_editor, make_list, make_subscription


@pytest.fixture
def ada(app: Flask) -> Subscription:
    """Ada, who agreed in French, and changed her mind later."""
    subscription = make_subscription(make_list(), "ada@example.org")
    other = make_subscription(subscription.mailing_list, "bob@example.org", name="Bob")
    words = consent.wording_id(consent.wording("Stay Informed", translator("fr")))
    for kind, words_of in ((ConsentKind.REQUESTED, words), (ConsentKind.CHANGED, None)):
        for whose in (subscription, other):
            consent.record(
                kind,
                whose,
                origin=Origin(page="/subscribe", ip="198.51.100.77"),
                now=NOW,
                wording_id=words_of,
                detail=f"form: all topics {whose.id}",
            )
    suppression.suppress(
        parse("ada@example.org"), reason=SuppressionReason.BOUNCE, note="secret", now=NOW
    )
    db.session.commit()
    return subscription


def path_of(subscription: Subscription) -> str:
    return f"/desk/subscribers/{subscription.subscriber_id}/evidence"


def test_every_event_stands_there_word_for_word_in_two_zones(app: Flask, ada: Subscription) -> None:
    editor = make_editor()
    editor.zone = "Europe/Vienna"
    page = signed_in(app, editor).post(path_of(ada)).text
    for words in (
        "ada@example.org",
        "Stay Informed",
        f"Version {consent.VERSION}, in French",
        "Monday 1 March 2027, 10:00",
        "2027-03-01 09:00:00 UTC",
        "198.51.100.0/24",
        "/subscribe",
        "subscriber",
        "By the form",
        "(bounce)",
        "It does not show who sat at the keyboard",
    ):
        assert words in page, words
    for words in ("198.51.100.77", "bob@", "Bob", "all topics 2", "secret"):
        assert words not in page, words


def test_how_somebody_left_is_said_in_words(browser: Browser, ada: Subscription) -> None:
    ada.intervals[0].ended_at, ada.intervals[0].ended_reason = NOW, EndedReason.ONE_CLICK
    db.session.commit()
    assert "by the button of a mail program" in browser.post(path_of(ada)).text


def test_it_is_handed_over_as_json_and_each_look_is_written_down(
    browser: Browser, ada: Subscription
) -> None:
    answer = browser.post(path_of(ada), {"as": "json"})
    assert "attachment" in answer.headers["Content-Disposition"]
    facts = json.loads(answer.text)
    assert [one["kind"] for one in facts["events"]] == ["requested", "changed"]
    assert facts["events"][0]["language"] == "fr"
    assert facts["events"][0]["at"] == "2027-03-01T09:00:00Z"
    assert facts["suppressed"] == {"since": "2027-03-01T09:00:00Z", "reason": "bounce"}
    assert facts["intervals"][0]["to"] is None
    browser.post(path_of(ada))
    assert said()[1:] == [f"looked at the evidence of subscriber {ada.subscriber_id}."] * 2


def test_opening_the_page_asks_and_shows_nothing(browser: Browser, ada: Subscription) -> None:
    page = browser.get(path_of(ada)).text
    assert "Show the evidence" in page
    assert "ada@" not in page


@pytest.mark.parametrize("number", [0, 99, 2**31 - 1])
def test_there_is_no_such_subscriber(browser: Browser, number: int) -> None:
    for method in ("GET", "POST"):
        data = {"csrf_token": browser.token()}
        path = f"/desk/subscribers/{number}/evidence"
        assert browser.open(path, method=method, data=data).status_code == 404


def test_an_editor_of_other_lists_learns_nothing(app: Flask, ada: Subscription) -> None:
    editor = make_editor()
    accounts.bind_to_lists(editor, [make_list("other").id])
    assert signed_in(app, editor).post(path_of(ada)).status_code == 404


def test_the_command_says_the_same(app: Flask, ada: Subscription) -> None:
    run = app.test_cli_runner().invoke
    facts = json.loads(run(args=["subscribers", "evidence", "ada@example.org", "--json"]).stdout)
    assert [one["version"] for one in facts["events"]] == [consent.VERSION, ""]
    assert (
        f"version {consent.VERSION}, fr:"
        in run(args=["subscribers", "evidence", "ada@example.org"]).stdout
    )
    refused = run(args=["subscribers", "evidence", "nobody@example.org"])
    assert refused.exit_code != 0
