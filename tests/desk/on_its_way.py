"""An issue on its way, as tests of its pages want it."""

from datetime import timedelta

import sqlalchemy as sa

from newsletter import clock
from newsletter.delivery import closing, planning
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.subscriptions import unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import EndedReason, Subscriber, Subscription
from newsletter.subscriptions.unsubscribing import Leaving
from tests.factories import make_due_issue, make_list, make_subscription


def begun_issue() -> Issue:
    """An issue to four readers that began half a minute ago."""
    began = clock.now() - timedelta(seconds=30)
    news = make_list()
    for name in ("ada", "ben", "cleo", "dan"):
        make_subscription(news, f"{name}@{name}.example", at=began - timedelta(days=1))
    issue = make_due_issue(news, at=began)
    planning.plan(issue, now=began)
    db.session.commit()
    return issue


def put(name: str, state: DeliveryState, **columns: object) -> None:
    """Let one reader's mail be in this state."""
    reader = sa.select(Subscriber.id).where(Subscriber.address == f"{name}@{name}.example")
    values = {"finished_at": clock.now(), "provider": f"{name}.example", **columns}
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.subscriber_id.in_(reader))
        .values(state=state, **values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def end() -> None:
    """Let the issue be over, if nothing of it is open."""
    closing.close_batches(sa.true())
    closing.finish_done(now=clock.now())
    db.session.commit()


def leave(issue: Issue, address: str) -> None:
    """Let a reader leave by the link of an issue."""
    subscription = db.session.scalars(
        sa.select(Subscription).join(Subscriber).where(Subscriber.address == address)
    ).one()
    unsubscribing.unsubscribe(
        Leaving(subscription, None),
        reason=EndedReason.LINK,
        origin=Origin(page="/unsubscribe", issue_id=issue.id),
        now=clock.now(),
    )
    db.session.commit()


def words(text: str) -> str:
    """A page with its white space made even."""
    return " ".join(text.split())
