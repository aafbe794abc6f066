"""What is kept: shown, taken along, deleted."""

import json
from itertools import chain

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from newsletter import addresses, clock
from newsletter.delivery import planning
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.membership.models import MemberKind, MemberState
from newsletter.public.managing import kept_words
from newsletter.reports import dossier
from newsletter.subscriptions.models import (
    ConsentKind,
    EndedReason,
    Frequency,
    MailFormat,
    Source,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from tests.conftest import NOW
from tests.factories import make_due_issue, make_subscription
from tests.public.managing.conftest import count, fresh, in_days


def send(subscription: Subscription, subject: str) -> int:
    issue = make_due_issue(subscription.mailing_list, subject=subject)
    planning.plan(issue, now=NOW)
    db.session.execute(sa.update(Delivery).values(state=DeliveryState.SENT))
    db.session.commit()
    return issue.id


def test_the_history_leads_to_the_archive_and_names_nobody_else(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    make_subscription(subscription.mailing_list, "grace@example.org")
    number = send(subscription, "For {{ name | you }}: <new> guidance")
    page = client.get("/manage/history").text
    assert f'href="/archive/{number}"' in page
    assert "For you: &lt;new&gt; guidance" in page
    assert page.count("· Sent") == 1
    for odd in ("0", "-1", "x", "99999999999999999999"):
        assert client.get(f"/manage/history?page={odd}").status_code == 200


def test_an_issue_of_a_list_that_is_not_public_has_no_link(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    subscription.mailing_list.is_public = False
    number = send(subscription, "Members only")
    page = client.get("/manage/history").text
    assert "Members only" in page and f"/archive/{number}" not in page


def test_the_evidence_shows_the_exact_words(client: FlaskClient, reader: Subscriber) -> None:
    client.post("/manage/lists/news/leave")
    client.post("/manage/lists/news/join")
    page = client.get("/manage/consent").text
    assert "Yes, send me “Stay Informed” by e-mail." in page
    for words in ("You stopped the e-mails", "You asked for the e-mails", "You confirmed it"):
        assert words in page


def test_everything_is_on_the_page_and_in_the_file(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    send(subscription, "New guidance")
    client.post("/manage/frequency", data={})
    client.post("/manage/lists/news/frequency", data={"frequency": "weekly"})
    client.post("/manage/address", data={"address": "ada@new.example"})
    answer = client.get("/manage/data.json")
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    data = json.loads(answer.data)
    assert data["you"]["address"] == "ada@example.org"
    assert data["lists"][0]["how_often"] == "weekly"
    assert data["lists"][0]["intervals"][0]["to"] is None
    assert data["changes_of_address"][0]["to"] == "ada@new.example"
    assert data["lists"][0]["summary_of_what_was_missed"] is False
    assert data["consent"][-1]["detail"] == "how often: weekly"
    assert data["e-mails"][0]["subject"] == "New guidance"
    page = client.get("/manage/data").text
    for words in ("ada@example.org", "ada@new.example", "Once a week", "New guidance"):
        assert words in page


def test_a_reader_has_the_same_evidence_as_an_editor(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    client.post("/manage/lists/news/leave")
    client.post("/manage/lists/news/join")
    data = json.loads(client.get("/manage/data.json").data)
    kept = dossier.facts(dossier.dossier_of(addresses.parse(reader.address), now=NOW))
    assert data["consent"] == kept["events"]
    assert [one["kind"] for one in data["consent"]][-3:] == [
        "unsubscribed",
        "requested",
        "confirmed",
    ]


def test_nothing_that_is_kept_is_without_words_of_ours(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    send(subscription, "Nouvelles")
    client.post("/manage/lists/news/pause", data={"until": in_days(9), "summary": "yes"})
    client.post("/manage/lists/news/resume")
    client.post("/manage/lists/news/frequency", data={"frequency": "weekly"})
    client.post("/manage/lists/news/leave")
    client.post("/manage/lists/news/join")
    client.post("/manage/address", data={"address": "ada@new.example"})
    for path in ("/manage/data", "/manage/consent"):
        page = client.get(f"{path}?lang=fr").text
        shown = LexborHTMLParser(page).css_first("main").text(separator=" ")
        for words in ("how often", "weekly", "all topics", "pause ended", "summary", "requested"):
            assert words not in shown.lower()
        assert "Fréquence\N{NO-BREAK SPACE}: Une fois par semaine" in shown
        assert 'lang="en"' not in LexborHTMLParser(page).css_first("main").html


ENUMS = (ConsentKind, DeliveryState, EndedReason, Frequency, MailFormat, MemberKind, MemberState)


@pytest.mark.parametrize("value", sorted({*chain(*ENUMS), *Source, *SubscriptionState}))
def test_every_value_of_ours_has_words(value: str) -> None:
    assert value in kept_words.VALUES


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("form: mms, bep; weekly; fr", "Form: mms, bep; Once a week; French"),
        ("one-click, delivery 9", "Button of a mail program"),
        ("3 s after the e-mail; suspicious: nobody reads so fast", "Sooner than anybody reads"),
        ("took back the change of 2027-03-01 09:00:00Z", "Took back the change of 2027-03-01 09"),
        ("zone: of the list", "Time zone: As the list has it"),
        ("what nobody foresaw: 100 %", "what nobody foresaw: 100 %"),
    ],
)
def test_what_the_evidence_notes_is_said_in_words(app: Flask, detail: str, words: str) -> None:
    with app.test_request_context("/manage/consent"):
        assert words in kept_words.said(detail)


def test_deleting_asks_first_and_leaves_one_mark(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    send(subscription, "New guidance")
    asked = client.get("/manage/delete").text
    assert "One coded mark stays" in asked
    fresh()
    assert count(Subscriber) == 1
    shown = client.get_cookie("manage", path="/manage")
    done = client.post("/manage/delete")
    assert "Everything about you is deleted" in done.text
    assert "manage=;" in done.headers["Set-Cookie"]
    # As a browser sends it whose button was pressed twice.
    assert shown is not None
    client.set_cookie("manage", shown.value, path="/manage")
    again = client.post("/manage/delete")
    assert (again.status_code, "it is done" in again.text) == (200, True)
    fresh()
    assert count(Subscriber) == 0
    [mark] = db.session.scalars(sa.select(Suppression)).all()
    assert (mark.reason, mark.address) == (SuppressionReason.ERASED, None)
    assert client.get("/manage/history").status_code == 303
    assert clock.now() > mark.since or mark.since is not None
