"""The story of one issue and one reader, told from what is kept with its time."""

from datetime import timedelta

import pytest
from flask import Flask

from newsletter.addresses import parse
from newsletter.delivery import planning
from newsletter.delivery.models import DeliveryState
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.reports.stories import story
from newsletter.reports.tracing import find_case
from newsletter.subscriptions.models import (
    EndedReason,
    SubscriptionInterval,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.suppression import suppress
from tests.conftest import NOW
from tests.factories import make_due_issue, make_list, make_subscriber, make_subscription
from tests.reports.situations import put

DAY = timedelta(days=1)


@pytest.fixture
def issue(app: Flask) -> Issue:
    """An issue planned for one reader, who joined the day before."""
    news = make_list()
    make_subscription(news, "ada@example.org", language="fr", at=NOW - DAY)
    issue = make_due_issue(news)
    planning.plan(issue, now=NOW)
    db.session.commit()
    return issue


def told(issue: Issue, address: str) -> list[tuple[float, str]]:
    """The story, with the days since the issue was planned."""
    return [((step.at - NOW) / DAY, step.words) for step in story(find_case(issue, address))]


def test_mail_that_waits_is_told_up_to_its_next_try(issue: Issue) -> None:
    put(
        0,
        1,
        attempts=2,
        first_attempt_at=NOW,
        due_at=NOW + DAY,
        reply_code=451,
        reply_status="4.7.1",
        reason="Greylisted",
    )
    assert told(issue, "ADA@example.org") == [
        (-1, "Confirmed the subscription to “Stay Informed”."),
        (0, "Planned, to be written to in English."),
        (0, "Tried for the first time."),
        (
            1,
            "To be tried again after 2 tries. "
            "The relay said to try again later: 451 4.7.1 Greylisted",
        ),
    ]


def test_mail_that_failed_is_told_to_its_end(issue: Issue) -> None:
    put(
        0,
        1,
        state=DeliveryState.FAILED,
        attempts=1,
        first_attempt_at=NOW,
        finished_at=NOW,
        reply_code=550,
        reply_status="5.1.1",
        reason="No such user",
    )
    *_, last = told(issue, "ada@example.org")
    assert last == (0, "Failed. The relay did not take it: 550 5.1.1 No such user")


def test_who_left_before_is_told_when(issue: Issue) -> None:
    ben = make_subscription(
        issue.mailing_list,
        "ben@example.org",
        state=SubscriptionState.UNSUBSCRIBED,
        at=NOW - 3 * DAY,
    )
    interval = db.session.query(SubscriptionInterval).filter_by(subscription_id=ben.id).one()
    interval.ended_at, interval.ended_reason = NOW - 2 * DAY, EndedReason.ONE_CLICK
    db.session.commit()
    assert told(issue, "ben@example.org") == [
        (-3, "Confirmed the subscription to “Stay Informed”."),
        (-2, "Left “Stay Informed”. By the button of a mail program."),
        (0, f"Issue {issue.id} was planned without this reader."),
    ]


def test_who_came_later_or_is_never_mailed_is_told_so(issue: Issue) -> None:
    make_subscription(issue.mailing_list, "cleo@example.org", at=NOW + DAY)
    suppress(
        parse("cleo@example.org"), reason=SuppressionReason.OPERATOR, note="", now=NOW + 2 * DAY
    )
    db.session.commit()
    assert told(issue, "cleo@example.org") == [
        (0, f"Issue {issue.id} was planned without this reader."),
        (1, "Confirmed the subscription to “Stay Informed”."),
        (2, "From here on, this address is never mailed."),
    ]


def test_other_lists_are_not_part_of_it(issue: Issue) -> None:
    make_subscription(make_list("other", name="Other"), "dan@example.org")
    make_subscriber("eve@example.org")
    db.session.commit()
    alone = [(0, f"Issue {issue.id} was planned without this reader.")]
    for address in ("dan@example.org", "eve@example.org"):
        assert told(issue, address) == alone
    with pytest.raises(NotFound):
        find_case(issue, "nobody@example.org")
