"""Corrections: drafts in the languages of what was wrong, to exactly those who got it."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import erasure
from newsletter.addresses import parse
from newsletter.delivery import announcing, audience, people, planning
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.delivery.people import Group
from newsletter.errors import InvalidInput, Refused
from newsletter.extensions import db
from newsletter.issues import composing, correcting, editing, picking, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.texts import Texts
from newsletter.reports import trace
from newsletter.subscriptions.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.suppression import suppress
from tests.conftest import NOW
from tests.factories import make_list, make_subscription, make_topic

READERS = {
    "ada": DeliveryState.SENT,
    "ben": DeliveryState.SENT,
    "cleo": DeliveryState.SENT,
    "dora": DeliveryState.SENT,
    "emil": DeliveryState.SENT,
    "fay": DeliveryState.UNCERTAIN,
    "gus": DeliveryState.FAILED,
    "hana": DeliveryState.SUPPRESSED,
    "ines": DeliveryState.CANCELLED,
}
LATER = NOW + timedelta(days=1)


@pytest.fixture
def wrong(app: Flask) -> Issue:
    """An issue in two languages that some got and others did not; one reader came later."""
    news = make_list(topics=(make_topic("mms"),))
    for place, name in enumerate(READERS):
        language = "fr" if place % 2 else "en"
        make_subscription(news, f"{name}@example.org", name=name, language=language)
    issue = composing.create_issue(
        news, subject="Dates for {{ name }}", introduction="On the 4th.", by=None, now=NOW
    )
    whole = editing.with_edition(composing.current(issue), "fr")
    whole = editing.with_texts(whole, "fr", Texts("Les dates", "", "Le 4."))
    composing.save(issue, whole, based_on_version=1, by=None, now=NOW)
    workflow.approve(issue, by=None, now=NOW)
    workflow.send_soon(issue, timedelta(0), now=NOW)
    assert planning.plan(issue, now=NOW) is not None
    for delivery in db.session.scalars(sa.select(Delivery)):
        subscriber = db.session.get_one(Subscriber, delivery.subscriber_id)
        delivery.state = READERS[subscriber.name]
        delivery.finished_at = NOW
    workflow.finish(issue, now=NOW)
    make_subscription(news, "late@example.org", name="late")
    return issue


def correct(issue: Issue) -> Issue:
    correction, is_new = correcting.begin(issue, by=None, now=LATER)
    assert is_new
    return correction


def plan(issue: Issue) -> list[str]:
    workflow.approve(issue, by=None, now=LATER)
    workflow.send_soon(issue, timedelta(0), now=LATER)
    send = planning.plan(issue, now=LATER)
    assert send is not None
    names = db.session.scalars(
        sa.select(Subscriber.name)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.send_id == send.id)
        .order_by(Subscriber.name)
    )
    return list(names)


def subscription_of(name: str) -> Subscription:
    return db.session.scalars(
        sa.select(Subscription).join(Subscriber).where(Subscriber.name == name)
    ).one()


def test_a_correction_says_so_in_every_language_and_has_a_sentence_to_complete(
    wrong: Issue,
) -> None:
    correction = correct(wrong)
    whole = composing.current(correction)
    assert {language: texts.subject for language, texts in whole.editions.items()} == {
        "en": "Correction: Dates for {{ name }}",
        "fr": "Correction\N{NO-BREAK SPACE}: Les dates",
    }
    assert whole.editions["en"].introduction == (
        "In issue 1 of 1 March 2027 we wrote that TK. That was wrong. Correct is: TK."
    )
    assert "Dans le numéro 1 du 1er mars 2027" in whole.editions["fr"].introduction
    assert (correction.corrects_id, correction.version) == (wrong.id, 1)
    assert correction.mailing_list is wrong.mailing_list


def test_it_goes_to_exactly_those_who_got_it_or_may_have(wrong: Issue) -> None:
    correction = correct(wrong)
    said = audience.of(correction)
    assert (said.recipients, said.reached, said.left) == (6, 6, 0)
    assert said.by_language == {"en": 3, "fr": 3}
    assert audience.count(correction).recipients == 6
    assert plan(correction) == ["ada", "ben", "cleo", "dora", "emil", "fay"]


def test_who_left_paused_or_is_suppressed_since_gets_none_and_is_counted(wrong: Issue) -> None:
    subscription_of("ada").state = SubscriptionState.UNSUBSCRIBED
    subscription_of("ben").state = SubscriptionState.PAUSED
    subscription_of("gus").state = SubscriptionState.PAUSED
    suppress(parse("cleo@example.org"), reason=SuppressionReason.COMPLAINT, note="", now=NOW)
    suppress(parse("late@example.org"), reason=SuppressionReason.BOUNCE, note="", now=NOW)
    erasure.erase(parse("dora@example.org"), now=NOW)
    correction = correct(wrong)
    said = audience.of(correction)
    assert (said.recipients, said.reached, said.left, said.paused) == (2, 6, 2, 1)
    assert said.suppressed == {SuppressionReason.COMPLAINT: 1}
    assert sum(said.by_language.values()) == 2
    assert str(announcing.announce(correction.id, said, "Now")) == (
        "Now issue 2, which corrects issue 1, goes to 2 of the 6 people who got issue 1: "
        "1 in English, 1 in French. 2 people are left out because they left since, "
        "1 because they paused (it comes to them after the pause), "
        "1 because they reported our mail as unwanted."
    )
    groups = {
        group: [person.name for person in people.people(correction, group).people]
        for group in people.groups(correction)
    }
    assert groups == {
        Group.GETS_IT: ["emil", "fay"],
        Group.PAUSED: ["ben"],
        Group.SUPPRESSED: ["cleo"],
        Group.PENDING: [],
        Group.LEFT: ["ada"],
    }
    assert plan(correction) == ["emil", "fay"]


def test_topics_leave_nobody_out_who_got_it(wrong: Issue) -> None:
    topic = make_topic("other")
    subscription_of("ada").topics = [topic]
    correction = correct(wrong)
    correction.topics = list(wrong.mailing_list.topics)
    assert "ada" in plan(correction)


def test_its_list_and_topics_stay_as_they_are(wrong: Issue) -> None:
    correction = correct(wrong)
    whole = composing.current(correction)
    for change in (
        {"mailing_list": make_list("other")},
        {"topics": list(wrong.mailing_list.topics)},
    ):
        with pytest.raises(InvalidInput, match="exactly those who got issue 1") as caught:
            composing.save(correction, whole, based_on_version=1, by=None, now=LATER, **change)  # type: ignore[arg-type]
        assert caught.value.field == "mailing_list"


def test_a_second_click_makes_no_second_correction(wrong: Issue) -> None:
    correction = correct(wrong)
    assert correcting.begin(wrong, by=None, now=LATER) == (correction, False)
    correction.state = IssueState.CANCELLED
    db.session.flush()
    again, is_new = correcting.begin(wrong, by=None, now=LATER)
    assert is_new
    assert again.id != correction.id


def test_of_many_clicks_at_once_one_makes_a_correction(app: Flask, wrong: Issue) -> None:
    number = wrong.id
    db.session.commit()
    begun: list[int] = []
    start = threading.Barrier(4)

    def click() -> None:
        with app.app_context():
            start.wait()
            issue = db.session.get_one(Issue, number)
            correction, _ = correcting.begin(issue, by=None, now=LATER)
            begun.append(correction.id)
            db.session.commit()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 4
    assert len(set(begun)) == 1


@pytest.mark.parametrize("state", ["draft", "scheduled", "cancelled"])
def test_what_nobody_got_is_changed_and_not_corrected(app: Flask, state: str) -> None:
    issue = composing.create_issue(make_list(), subject="S", by=None, now=NOW)
    if state == "scheduled":
        workflow.approve(issue, by=None, now=NOW)
        workflow.send_soon(issue, timedelta(hours=1), now=NOW)
    elif state == "cancelled":
        issue.state = IssueState.CANCELLED
    with pytest.raises(Refused, match="Nobody got issue 1"):
        correcting.begin(issue, by=None, now=NOW)


def test_a_correction_can_be_corrected_and_goes_to_its_own_readers(wrong: Issue) -> None:
    first = correct(wrong)
    plan(first)
    kept = db.session.scalars(
        sa.select(Delivery).join(Subscriber).where(Subscriber.name == "fay")
    ).all()
    for delivery in db.session.scalars(sa.select(Delivery).where(Delivery.state == "waiting")):
        delivery.state = DeliveryState.SENT
    kept[-1].state = DeliveryState.FAILED
    workflow.finish(first, now=LATER)
    second = correct(first)
    assert second.corrects_id == first.id
    assert composing.current(second).editions["en"].subject == "Correction: Dates for {{ name }}"
    assert plan(second) == ["ada", "ben", "cleo", "dora", "emil"]
    assert [one.number for one in correcting.of(wrong)] == [first.id]
    assert picking.last_issue_at(wrong.mailing_list) == wrong.begun_at


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (IssueState.SENT, ""),
        (IssueState.CANCELLED, ""),
        (
            IssueState.SENDING,
            "Issue 1 is still being sent. Who gets it after this correction begins gets no "
            "correction: cancel issue 1 first.",
        ),
        (
            IssueState.PAUSED,
            "Issue 1 is paused. Who gets it after this correction begins gets no correction: "
            "cancel issue 1 first.",
        ),
    ],
)
def test_what_is_still_on_its_way_is_cancelled_first(
    wrong: Issue, state: IssueState, said: str
) -> None:
    correction = correct(wrong)
    wrong.state = state
    db.session.flush()
    assert correcting.caution(correction) == said
    assert correcting.caution(wrong) == ""


def test_who_did_not_get_it_is_told_apart(wrong: Issue) -> None:
    correction = correct(wrong)
    asked = trace(correction.id, "gus@example.org")
    assert asked.reason == "Did not get issue 1, which issue 2 corrects."
    assert trace(correction.id, "ada@example.org").reason == (
        "Issue 2 is not planned yet; this reader is in its audience."
    )
