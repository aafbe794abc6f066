"""Whether what a reader opens and follows is recorded: asked apart, never ticked beforehand."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from newsletter import clock, links
from newsletter.extensions import db
from newsletter.subscriptions import lists
from newsletter.subscriptions.agreeing import ReaderClick
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    ConsentWording,
    Subscriber,
    Subscription,
    SubscriptionState,
    Tracking,
)
from newsletter.tracking.models import TrackedLink
from tests.factories import make_sent_issue, make_subscription
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
    assert "What you open and follow is not recorded any more" in client.get("/manage/consent").text


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


@pytest.mark.parametrize("mode", [Tracking.NONE, Tracking.AGGREGATE])
def test_a_list_that_stops_naming_readers_ends_it_for_all_and_asks_anew_if_it_begins_again(
    client: FlaskClient, reader: Subscriber, subscription: Subscription, mode: Tracking
) -> None:
    news = subscription.mailing_list
    track(subscription)
    client.post(PAGE, data={"recording": "yes"})
    eve = make_subscription(news, "eve@example.org")
    issue = make_sent_issue(news)
    db.session.add(TrackedLink(key="k" * 16, issue_id=issue.id, address="https://example.com/"))
    db.session.flush()
    day = clock.now().date()
    db.session.add(ReaderClick(subscription_id=subscription.id, link_key="k" * 16, day=day))
    subscription.last_open_on = day
    db.session.commit()
    lists.change_list(news, now=clock.now(), by="Edith (editor 3)", tracking=mode)
    db.session.commit()
    assert "Nothing is recorded" in client.get(PAGE).text
    assert "https://example.com/" not in client.get("/manage/data.json").text
    assert "This list records nobody any more" in client.get("/manage/consent").text
    fresh()
    assert (subscription.agreed_to_tracking, subscription.last_open_on) == (False, None)
    last = db.session.scalars(sa.select(ConsentEvent).order_by(ConsentEvent.id.desc())).first()
    assert last is not None
    assert (last.kind, last.actor) == (ConsentKind.TRACKING_WITHDRAWN, "Edith (editor 3)")
    of_eve = ConsentEvent.subscriber_id == eve.subscriber_id
    assert db.session.scalar(sa.select(sa.func.count()).where(of_eve)) == 0
    lists.change_list(news, now=clock.now(), tracking=Tracking.INDIVIDUAL)
    db.session.commit()
    assert 'value="no" checked' in client.get(PAGE).text


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
