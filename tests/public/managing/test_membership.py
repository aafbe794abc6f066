"""A member's own page: since when, their e-mails again, the end of it, what is kept."""

import json

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from newsletter import clock
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.membership import deciding
from newsletter.membership.models import Member, MemberState
from newsletter.subscriptions.models import Subscriber, Subscription, SubscriptionState
from tests.factories import make_editor
from tests.membership.applicants import make_waiting
from tests.public.managing.conftest import count, fresh


@pytest.fixture
def member(reader: Subscriber) -> Member:
    """Ada, who was accepted."""
    member = make_waiting(reader.address)
    deciding.accept(member, by=make_editor(), now=clock.now())
    db.session.commit()
    return member


def state_of_list(slug: str) -> SubscriptionState:
    fresh()
    found = db.session.scalars(sa.select(Subscription)).all()
    return next(one.state for one in found if one.mailing_list.slug == slug)


def test_who_is_no_member_is_offered_nothing(client: FlaskClient, reader: Subscriber) -> None:
    assert "Your membership" not in client.get("/manage").text
    for path in ("end", "e-mails"):
        assert client.get(f"/manage/membership/{path}").status_code == 404
        assert client.post(f"/manage/membership/{path}").status_code == 404


def test_leaving_the_list_keeps_the_membership_and_can_be_taken_back(
    client: FlaskClient, member: Member
) -> None:
    assert "You have been a member since" in client.get("/manage").text
    assert "stays a member" in client.get("/manage/lists/members/leave").text
    client.post("/manage/lists/members/leave")
    page = client.get("/manage").text
    assert "You have been a member since" in page and "Get them again" in page
    assert "Yes, send me “Members” by e-mail" in client.get("/manage/membership/e-mails").text
    answer = client.post("/manage/membership/e-mails")
    assert answer.status_code == 303
    assert state_of_list("members") is SubscriptionState.CONFIRMED
    assert "Get them again" not in client.get("/manage").text


def test_nothing_of_it_is_told_twice(client: FlaskClient, member: Member) -> None:
    client.post("/manage/language", data={"language": "fr"})
    page = client.get("/manage/consent?lang=en").text
    main = LexborHTMLParser(page).css_first("main").text(separator=" ")
    assert main.count("We share the objectives") == 1
    assert main.count("The same words as above.") == 2
    assert main.count("Language: French") == 1
    assert "You asked to become a member" not in main
    data = LexborHTMLParser(client.get("/manage/data?lang=en").text).css_first("main")
    assert "Version –" not in " ".join(data.text(separator=" ").split())


def test_ending_it_is_asked_once_more_and_told(client: FlaskClient, member: Member) -> None:
    assert "End your membership?" in client.get("/manage/membership/end").text
    assert state_of_list("members") is SubscriptionState.CONFIRMED
    answer = client.post("/manage/membership/end")
    assert "Your membership has ended" in client.get(answer.headers["Location"]).text
    assert state_of_list("members") is SubscriptionState.UNSUBSCRIBED
    assert state_of_list("news") is SubscriptionState.CONFIRMED
    ended = db.session.scalars(sa.select(Member)).one()
    assert (ended.state, ended.ended_by) == (MemberState.ENDED, "themselves")
    newest = sa.select(OutboxMessage.kind).order_by(OutboxMessage.id.desc()).limit(1)
    assert db.session.scalar(newest) == "member-ended"


def test_all_of_it_is_taken_along_and_deleted(client: FlaskClient, member: Member) -> None:
    [taken] = json.loads(client.get("/manage/data.json").text)["membership"]
    assert taken["state"] == "accepted"
    assert taken["words"].startswith("We share the objectives")
    assert "For an organisation" in client.get("/manage/data").text
    client.post("/manage/delete")
    fresh()
    assert count(Member) == 0
