"""Questions about the ledger and their answers in words."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import reports
from newsletter.addresses import parse
from newsletter.delivery import planning
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.errors import InvalidInput, NotFound
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.subscriptions.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.suppression import suppress
from tests.conftest import NOW
from tests.factories import (
    make_due_issue,
    make_list,
    make_subscriber,
    make_subscription,
    make_topic,
)

NAMES = ("ada", "ben", "cleo", "dan", "eve", "fay", "gus")


@pytest.fixture
def issue(app: Flask) -> Issue:
    """An issue planned for seven readers."""
    news = make_list()
    for name in NAMES:
        make_subscription(news, f"{name}@example.org")
    issue = make_due_issue(news)
    planning.plan(issue, now=NOW)
    return issue


def test_the_numbers_always_add_up(issue: Issue) -> None:
    for name, state in zip(NAMES, DeliveryState, strict=True):
        _set(name, state=state)

    report = reports.report(issue.id)

    numbers = report.as_dict()
    assert list(numbers) == [
        *("planned", "sent", "failed", "suppressed"),
        *("cancelled", "uncertain", "waiting", "in_flight"),
    ]
    assert numbers.pop("planned") == sum(numbers.values()) == 7
    assert set(numbers.values()) == {1}
    assert reports.reports_of([issue.id, 99]) == {issue.id: report, 99: reports.Report()}
    assert reports.uncertain() == {issue.id: 1}
    assert reports.uncertain(lists=[issue.mailing_list_id]) == {issue.id: 1}
    assert reports.uncertain(lists=[99]) == {}
    assert not report.is_final


def test_before_planning_every_number_is_zero(app: Flask) -> None:
    assert reports.report(make_due_issue(make_list()).id) == reports.Report()


@pytest.mark.parametrize("ask", [reports.report, reports.failures])
def test_an_issue_that_does_not_exist_is_said_so(app: Flask, ask: object) -> None:
    assert callable(ask)
    with pytest.raises(NotFound, match="There is no issue 99"):
        ask(99)


def test_failures_are_counted_by_reason_in_plain_words(issue: Issue) -> None:
    refused = {"state": DeliveryState.FAILED, "reply_code": 550}
    _set("ada", **refused, reply_status="5.1.1", reason="No such user")
    _set("ben", **refused, reply_status="5.1.1", reason="User unknown")
    _set("cleo", **refused, reply_status="5.7.26", reason="Unauthenticated")
    _set("dan", **refused, reason="Go away")
    _set("eve", state=DeliveryState.SUPPRESSED, reason="Unsubscribed after the issue was planned.")
    _set("fay", state=DeliveryState.SENT, reply_code=250)

    assert reports.failures(issue.id) == [
        reports.Failure("failed", "There is no such mailbox.", 2),
        reports.Failure("failed", "The receiving server refused it (code 550).", 1),
        reports.Failure("failed", "The receiving server refuses our mail by its rules.", 1),
        reports.Failure("suppressed", "Unsubscribed after the issue was planned.", 1),
    ]


def test_a_reader_who_got_it_is_traced_to_the_relays_answer(issue: Issue) -> None:
    _set(
        "ada",
        state=DeliveryState.SENT,
        reply_code=250,
        reply_status="2.0.0",
        reason="Ok: queued as 4Xq2",
        attempts=2,
        first_attempt_at=NOW,
        finished_at=NOW + timedelta(minutes=1),
    )

    trace = reports.trace(issue.id, " ADA@Example.ORG ")

    assert trace == reports.Trace(
        state="sent",
        planned=True,
        reason="The relay took it: 250 2.0.0 Ok: queued as 4Xq2",
        attempts=2,
        planned_at=NOW,
        first_attempt_at=NOW,
        finished_at=NOW + timedelta(minutes=1),
        reply_code=250,
        reply_status="2.0.0",
    )


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"state": DeliveryState.WAITING}, "It waits for its turn."),
        (
            {"state": DeliveryState.WAITING, "reply_code": 451, "reason": "Later"},
            "The relay said to try again later: 451 Later",
        ),
        (
            {"state": DeliveryState.FAILED, "reply_code": 550, "reason": "No"},
            "The relay did not take it: 550 No",
        ),
        (
            {"state": DeliveryState.SUPPRESSED, "reason": "Unsubscribed."},
            "Unsubscribed.",
        ),
        ({"state": DeliveryState.IN_FLIGHT}, "It is being handed to the relay now."),
        ({"state": DeliveryState.UNCERTAIN}, "The relay may have it or not."),
    ],
)
def test_every_state_has_its_reason_in_one_sentence(
    issue: Issue, facts: dict[str, object], reason: str
) -> None:
    _set("ada", **facts)

    assert reports.trace(issue.id, "ada@example.org").reason == reason


def test_who_came_later_was_not_planned(issue: Issue) -> None:
    make_subscription(issue.mailing_list, "new@example.org", at=NOW + timedelta(minutes=1))

    trace = reports.trace(issue.id, "new@example.org")

    assert (trace.state, trace.planned) == ("confirmed", False)
    assert trace.reason == f"Subscribed after issue {issue.id} was planned."


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (SubscriptionState.PENDING, "Never confirmed the subscription."),
        (SubscriptionState.PAUSED, "Paused the subscription."),
        (SubscriptionState.UNSUBSCRIBED, "Unsubscribed."),
    ],
)
def test_who_was_not_confirmed_was_not_planned(
    issue: Issue, state: SubscriptionState, reason: str
) -> None:
    make_subscription(issue.mailing_list, "gil@example.org", state=state)

    trace = reports.trace(issue.id, "gil@example.org")

    assert (trace.state, trace.planned, trace.reason) == (state.value, False, reason)


def test_who_unsubscribed_after_getting_it_still_got_it(issue: Issue) -> None:
    _set("ada", state=DeliveryState.SENT, reply_code=250)
    db.session.execute(sa.update(Subscription).values(state=SubscriptionState.UNSUBSCRIBED))

    assert reports.trace(issue.id, "ada@example.org").state == "sent"


def test_other_topics_and_other_lists_are_named(app: Flask) -> None:
    mms, bep = make_topic("mms"), make_topic("bep")
    news = make_list(topics=(mms, bep))
    make_subscription(news, "ada@example.org", topics=(bep,))
    make_subscription(make_list("other"), "ben@example.org")
    issue = make_due_issue(news, topics=(mms,))

    assert "not about" in reports.trace(issue.id, "ada@example.org").reason
    ben = reports.trace(issue.id, "ben@example.org")
    assert ben.state == "unsubscribed"
    assert "Not on the list" in ben.reason


def test_before_planning_a_reader_is_in_the_audience(app: Flask) -> None:
    news = make_list()
    make_subscription(news)
    issue = make_due_issue(news)

    trace = reports.trace(issue.id, "ada@example.org")

    assert (trace.state, trace.planned) == ("confirmed", False)
    assert "not planned yet" in trace.reason


@pytest.mark.parametrize("is_known", [True, False])
def test_a_suppressed_address_is_said_so_even_when_its_person_is_gone(
    issue: Issue, is_known: bool
) -> None:
    if is_known:
        make_subscriber("gone@example.org")
    suppress(parse("gone@example.org"), reason=SuppressionReason.BOUNCE, note="", now=NOW)

    trace = reports.trace(issue.id, "gone@example.org")

    assert (trace.state, trace.planned) == ("suppressed", False)
    assert trace.reason == "This address is never mailed: mail to it came back."


def test_an_address_nobody_knows_is_not_found(issue: Issue) -> None:
    with pytest.raises(NotFound, match="Nobody here"):
        reports.trace(issue.id, "nobody@example.org")
    with pytest.raises(InvalidInput):
        reports.trace(issue.id, "no address")
    with pytest.raises(NotFound, match="no issue 99"):
        reports.trace(99, "ada@example.org")


def test_the_clock_is_alive_for_fifteen_seconds_after_its_heartbeat(app: Flask) -> None:
    assert not reports.clock_is_alive(now=NOW)
    reports.beat(now=NOW)
    reports.beat(now=NOW)

    assert reports.clock_is_alive(now=NOW + timedelta(seconds=15))
    assert not reports.clock_is_alive(now=NOW + timedelta(seconds=16))


def test_readiness_tells_how_long_the_oldest_mail_has_waited(app: Flask) -> None:
    assert reports.readiness(now=NOW) == reports.Readiness(False, None)
    outbox.enqueue(
        "confirm",
        to="ada@example.org",
        language="en",
        sender=Mailbox("News", "news@example.org"),
        facts={},
        now=NOW,
    )
    reports.beat(now=NOW)

    ready = reports.readiness(now=NOW + timedelta(seconds=9))

    assert ready == reports.Readiness(True, timedelta(seconds=9))


def _set(name: str, **columns: object) -> None:
    reader = sa.select(Subscriber.id).where(Subscriber.address == f"{name}@example.org")
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.subscriber_id.in_(reader))
        .values(**columns)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
