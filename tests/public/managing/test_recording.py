"""Whether what a reader opens and follows is recorded: asked apart, never ticked beforehand."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from newsletter import clock, links
from newsletter.extensions import db
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    ConsentWording,
    Subscriber,
    Subscription,
    SubscriptionState,
    Tracking,
)
from tests.public.managing.conftest import fresh

PAGE = "/manage/lists/news/recording"


def track(subscription: Subscription, mode: Tracking = Tracking.INDIVIDUAL) -> None:
    subscription.mailing_list.tracking = mode
    db.session.commit()


def agreed(subscription: Subscription) -> bool:
    fresh()
    return subscription.agreed_to_tracking


def words_of(kind: ConsentKind) -> str | None:
    return db.session.scalar(
        sa.select(ConsentWording.text)
        .join(ConsentEvent, ConsentEvent.wording_id == ConsentWording.id)
        .where(ConsentEvent.kind == kind)
    )


def test_yes_counts_with_the_words_that_stood_there_and_no_ends_it(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    track(subscription)
    page = client.get(PAGE).text
    assert "May we record what you open and follow?" in page
    assert 'value="no" checked' in page
    for _ in range(2):
        assert client.post(PAGE, data={"recording": "yes"}).status_code == 303
        assert agreed(subscription)
    assert "Yes, record which links I follow" in str(words_of(ConsentKind.TRACKING_AGREED))
    assert "It is recorded, as you agreed." in client.get("/manage").text
    for _ in range(2):
        assert client.post(PAGE, data={"recording": "no"}).status_code == 303
        assert not agreed(subscription)
    kinds = db.session.scalars(sa.select(ConsentEvent.kind).order_by(ConsentEvent.id)).all()
    assert kinds == [ConsentKind.TRACKING_AGREED, ConsentKind.TRACKING_WITHDRAWN]
    assert "You ended that what you open" in client.get("/manage/consent").text


@pytest.mark.parametrize("answer", [None, "", "maybe", "YES"])
def test_anything_else_is_no_yes(
    client: FlaskClient, reader: Subscriber, subscription: Subscription, answer: str | None
) -> None:
    track(subscription)
    data = {} if answer is None else {"recording": answer}
    assert "Choose yes or no." in client.post(PAGE, data=data).text
    assert not agreed(subscription)


@pytest.mark.parametrize("mode", [Tracking.NONE, Tracking.AGGREGATE])
def test_a_list_that_names_nobody_does_not_ask(
    client: FlaskClient, reader: Subscriber, subscription: Subscription, mode: Tracking
) -> None:
    track(subscription, mode)
    assert "Nothing is recorded" in client.get(PAGE).text
    assert "What you open and follow" not in client.get("/manage").text
    assert client.post(PAGE, data={"recording": "yes"}).status_code == 422
    assert not agreed(subscription)


@pytest.mark.parametrize(
    ("mode", "posted", "counts"),
    [
        (Tracking.INDIVIDUAL, {"recording": "yes"}, True),
        (Tracking.INDIVIDUAL, {}, False),
        (Tracking.NONE, {"recording": "yes"}, False),
    ],
)
def test_the_page_that_confirms_asks_apart_and_unticked(
    client: FlaskClient,
    subscription: Subscription,
    mode: Tracking,
    posted: dict[str, str],
    counts: bool,
) -> None:
    subscription.state = SubscriptionState.PENDING
    track(subscription, mode)
    now = clock.now()
    path = links.CONFIRM.path.format(
        token=links.CONFIRM.token(f"{subscription.id}-{subscription.wish}", now=now)
    )
    page = client.get(path).text
    assert ('name="recording" value="yes">' in page) == (mode is Tracking.INDIVIDUAL)
    assert client.post(path, data=posted).status_code == 200
    assert agreed(subscription) is counts
    assert subscription.state is SubscriptionState.CONFIRMED


@pytest.mark.parametrize(
    ("mode", "on_form", "in_notice"),
    [
        (Tracking.NONE, "Nobody records what I open", "Nothing records whether you open"),
        (Tracking.AGGREGATE, "How often each link is followed", "counts by the day"),
        (Tracking.INDIVIDUAL, "only if I agree to that separately", "for 13 months"),
    ],
)
def test_form_and_privacy_notice_say_what_the_list_does(
    client: FlaskClient, subscription: Subscription, mode: Tracking, on_form: str, in_notice: str
) -> None:
    track(subscription, mode)
    assert on_form in client.get("/").text
    assert in_notice in client.get("/privacy").text
