"""A reader with a page of their own, and a browser in which it is open."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from newsletter import clock, links
from newsletter.extensions import db
from newsletter.subscriptions.managing import ManageLink
from newsletter.subscriptions.models import Subscriber, Subscription
from tests.factories import make_list, make_subscription, make_topic


@pytest.fixture
def subscription(app: Flask) -> Subscription:
    """Ada, confirmed on a list with two topics."""
    topics = (make_topic("mms", "MMS"), make_topic("bep", "BEP"))
    subscription = make_subscription(make_list(topics=topics), "ada@example.org", name="Ada")
    db.session.commit()
    return subscription


@pytest.fixture
def reader(client: FlaskClient, subscription: Subscription) -> Subscriber:
    """Ada, whose page is open in the browser."""
    open_page(client, subscription.subscriber)
    return subscription.subscriber


def mailed_link(subscriber: Subscriber) -> str:
    """Return the path of a link as it is mailed."""
    link = ManageLink(subscriber_id=subscriber.id, made_at=clock.now())
    db.session.add(link)
    db.session.flush()
    token = links.MANAGE.token(str(link.id), now=clock.now())
    db.session.commit()
    return links.MANAGE.path.format(token=token)


def open_page(client: FlaskClient, subscriber: Subscriber) -> None:
    """Open somebody's page in a browser."""
    assert client.post(mailed_link(subscriber)).status_code == 303


def fresh() -> None:
    """Look at the database as it is now."""
    db.session.rollback()
    db.session.expire_all()


def in_days(days: int) -> str:
    """Return a day from now on, as a browser sends it."""
    return str((clock.now() + timedelta(days=days)).date())


def count(model: type) -> int:
    """Return how many rows there are."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0
