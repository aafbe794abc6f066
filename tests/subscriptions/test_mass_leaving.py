"""Very many who leave at once by one click: it counts, and editors are told (STANDARDS XB19)."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock, jobs, links
from newsletter.accounts import RoleName
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import mass_leaving
from newsletter.subscriptions.models import MailingList, Subscription, SubscriptionState
from tests.desk.browser import signed_in
from tests.factories import make_editor, make_list, make_subscription

FEWEST = 4


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that a test reaches soon: four people, and a tenth of the list."""
    monkeypatch.setattr(mass_leaving, "FEWEST", FEWEST)
    monkeypatch.setattr(mass_leaving, "TOO_MANY", 0.1)


@pytest.fixture
def mailing_list(app: Flask) -> MailingList:
    make_editor("edith@example.org", has_joined=True)
    make_editor("ann@example.org", role=RoleName.AUTHOR, has_joined=True)
    bound = make_editor("ben@example.org", has_joined=True)
    accounts.bind_to_lists(bound, [make_list("other").id])
    mailing_list = make_list("news")
    for number in range(39):
        make_subscription(mailing_list, f"reader{number}@example.org")
    db.session.commit()
    return mailing_list


def leave(app: Flask, number: int, body: str = "List-Unsubscribe=One-Click") -> None:
    """So many leave as their mail programs do."""
    question = sa.select(Subscription.id).where(Subscription.state == SubscriptionState.CONFIRMED)
    for one in db.session.scalars(question.limit(number)).all():
        db.session.rollback()
        path = links.UNSUBSCRIBE.path.format(
            token=links.UNSUBSCRIBE.token(str(one), now=clock.now())
        )
        form = "application/x-www-form-urlencoded"
        assert app.test_client().post(path, data=body, content_type=form).status_code == 200
    db.session.rollback()


def look(at: datetime | None = None) -> list[str]:
    """Let the clock look; return who was told, in all."""
    jobs.once("watch-leaving", now=at or clock.now())
    question = sa.select(OutboxMessage.recipient).where(OutboxMessage.kind == "mass-leaving")
    return sorted(db.session.scalars(question))


def test_who_may_send_to_the_list_is_told_once_and_all_of_it_counts(
    app: Flask, mailing_list: MailingList
) -> None:
    leave(app, 5)
    assert look() == look() == ["edith@example.org"]
    mail = db.session.scalars(
        sa.select(OutboxMessage).where(OutboxMessage.kind == "mass-leaving")
    ).one()
    assert (mail.facts["number"], mail.facts["sources"]) == (5, 1)
    question = sa.select(sa.func.count()).where(Subscription.state == "unsubscribed")
    assert db.session.scalar(question) == 5
    editor = make_editor("home@example.org")
    home = signed_in(app, editor).get("/desk/").text
    assert "5 readers left “Stay Informed” within ten minutes" in home
    assert mass_leaving.of_late(lists=frozenset({0}), now=clock.now()) == []
    assert mass_leaving.of_late(lists=None, now=clock.now() + timedelta(days=2)) == []


@pytest.mark.parametrize(
    ("number", "body", "minutes"),
    [
        (FEWEST, "List-Unsubscribe=One-Click", 11),
        (FEWEST - 1, "List-Unsubscribe=One-Click", 0),
        (5, "stop=list", 0),
    ],
)
def test_nobody_is_told_of_few_or_of_what_people_do(
    app: Flask, mailing_list: MailingList, number: int, body: str, minutes: int
) -> None:
    mass_leaving_at = clock.now() + timedelta(minutes=minutes)
    leave(app, number, body)
    assert look(mass_leaving_at) == []


def test_what_is_little_of_a_long_list_needs_nobody(app: Flask, mailing_list: MailingList) -> None:
    for number in range(30):
        make_subscription(mailing_list, f"more{number}@example.org")
    db.session.commit()
    leave(app, FEWEST)
    assert look() == []
