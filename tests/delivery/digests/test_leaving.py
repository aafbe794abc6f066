"""A digest of several lists: its links are about all of them, and it comes while one is wanted."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from newsletter import clock, links
from newsletter.delivery.digests import leaving as digests_leaving
from newsletter.delivery.models import Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions import undoing, unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import Frequency, Subscription, SubscriptionState
from newsletter.subscriptions.undoing import Undo
from newsletter.subscriptions.unsubscribing import Leaving
from tests.delivery.digests.digesting import add, make, send_issue
from tests.delivery.situations import Hands, Post
from tests.factories import make_list, make_subscription, make_topic
from tests.relay import Relay

MONDAY = datetime(2027, 3, 8, 7, 0, tzinfo=UTC)
CONFIRMED, LEFT = SubscriptionState.CONFIRMED, SubscriptionState.UNSUBSCRIBED


@dataclass(frozen=True)
class Came:
    """A digest that Ada got, of two of her three lists."""

    news: Subscription
    other: Subscription
    third: Subscription
    delivery_id: int

    def path(self, link: links.Link = links.UNSUBSCRIBE) -> str:
        payload = unsubscribing.payload(self.news.id, self.delivery_id)
        return link.path.format(token=link.token(payload, now=clock.now()))

    @property
    def states(self) -> list[SubscriptionState]:
        db.session.rollback()
        db.session.expire_all()
        return [one.state for one in (self.news, self.other, self.third)]


@pytest.fixture
def came(app: Flask) -> Came:
    mms, bep = make_topic("mms", "MMS"), make_topic("bep", "BEP")
    lists = [
        make_list(topics=(mms, bep)),
        make_list("other", name="Other news", topics=(mms,)),
        make_list("third", name="Third news"),
    ]
    news = make_subscription(lists[0], "ada@example.org", frequency=Frequency.WEEKLY)
    other, third = (add(news, one, Frequency.WEEKLY) for one in lists[1:])
    for one in lists[:2]:
        send_issue(one)
    make(MONDAY)
    return Came(news, other, third, db.session.scalars(_of_digests()).one())


@pytest.mark.parametrize("data", ["List-Unsubscribe=One-Click", "stop=list"])
def test_who_unsubscribes_in_a_digest_leaves_each_list_in_it(
    client: FlaskClient, came: Came, data: str
) -> None:
    post(client, came.path(), data)
    assert came.states == [LEFT, LEFT, CONFIRMED]
    assert make(MONDAY + timedelta(days=7)) == []
    # One good-bye, by the list of the link, gives back both.
    [row] = db.session.scalars(sa.select(Undo))
    assert (row.mailing_list_id, row.says_goodbye) == (came.news.mailing_list_id, True)
    undoing.undo(row, origin=Origin(page="/undo"), now=clock.now())
    db.session.commit()
    assert came.states == [CONFIRMED] * 3


def test_a_mail_that_unsubscribes_does_the_same(came: Came) -> None:
    found = digests_leaving.whole(Leaving(came.news, came.delivery_id))
    assert found.subscriptions == [came.news, came.other]


def test_the_question_and_the_answer_name_all_of_them_and_undo_gives_them_back(
    client: FlaskClient, came: Came
) -> None:
    assert "Stop e-mails from “Stay Informed, Other news”?" in plain(client.get(came.path()).text)
    page = post(client, came.path(), "stop=list")
    assert "no more e-mails from “Stay Informed, Other news”" in plain(page)
    again = re.search(r'action="(/undo/[^"]+)"', page)
    assert again
    client.post(again[1])
    assert came.states == [CONFIRMED] * 3


@pytest.mark.parametrize("link", [links.UNSUBSCRIBE, links.PREFERENCES])
def test_less_often_is_less_of_all_of_them(
    client: FlaskClient, came: Came, link: links.Link
) -> None:
    post(client, came.path(link), "stop=monthly")
    db.session.expire_all()
    assert [one.frequency for one in (came.news, came.other, came.third)] == [
        Frequency.MONTHLY,
        Frequency.MONTHLY,
        Frequency.WEEKLY,
    ]


def test_a_pause_is_one_of_all_of_them(client: FlaskClient, came: Came) -> None:
    post(client, came.path(), "stop=pause-1")
    assert came.states == [SubscriptionState.PAUSED, SubscriptionState.PAUSED, CONFIRMED]


def test_a_topic_stops_in_each_list_that_has_it(client: FlaskClient, came: Came) -> None:
    """The other list has no other topic, so it is left."""
    page = client.get(came.path(links.PREFERENCES)).text
    assert page.count('value="mms"') == page.count('value="bep"') == 1
    post(client, came.path(links.PREFERENCES), "stop=topics&topics=mms")
    assert came.states == [CONFIRMED, LEFT, CONFIRMED]
    assert [topic.slug for topic in came.news.topics] == ["bep"]


@pytest.mark.parametrize("left", [["news"], ["other"], ["news", "other"]])
def test_a_digest_on_its_way_comes_while_one_of_its_lists_is_wanted(
    came: Came, left: list[str]
) -> None:
    for name in left:
        getattr(came, name).state = LEFT
    # Nobody else is to get mail here.
    db.session.execute(sa.update(Issue).where(Issue.id > 0).values(state=IssueState.PAUSED))
    db.session.commit()
    with Relay() as relay:
        post = Post(relay, clock=Hands(now=MONDAY))
        post.deliver()
        post.close()
    row = db.session.get_one(Delivery, came.delivery_id)
    assert row.state is (DeliveryState.SUPPRESSED if len(left) == 2 else DeliveryState.SENT)


def test_an_issue_of_one_list_is_about_that_alone(came: Came) -> None:
    issue = send_issue(came.news.mailing_list, at=MONDAY)
    number = db.session.scalar(sa.select(Delivery.id).join(Send).where(Send.issue_id == issue.id))
    assert digests_leaving.whole(Leaving(came.news, number)).others == ()


def post(client: FlaskClient, path: str, data: str) -> str:
    answer = client.post(path, data=data, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    return answer.text


def plain(page: str) -> str:
    """Return a page without the marks that isolate names."""
    return re.sub("[\u2066-\u2069]", "", page)


def _of_digests() -> sa.Select[int]:
    return sa.select(Delivery.id).join(Send).where(Send.issue_id < 0)
