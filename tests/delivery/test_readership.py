"""Who reads a list: counted over confirmed readers, and not with every save of a large one."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import readership
from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.issues.merge_fields import LONGEST_VALUE
from newsletter.issues.models import Issue
from newsletter.subscriptions.models import MailingList, SubscriptionState
from tests.conftest import NOW
from tests.factories import make_list, make_subscription


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list()


@pytest.fixture
def issue(news: MailingList) -> Issue:
    return composing.create_issue(news, subject="S", by=None, now=NOW)


def reader(news: MailingList, name: str, language: str = "en", **attributes: Any) -> None:
    number = db.session.scalar(sa.text("SELECT count(*) FROM subscriber")) or 0
    subscription = make_subscription(news, f"r{number}@example.org", name=name, language=language)
    subscription.subscriber.attributes = attributes
    db.session.flush()


def test_languages_are_counted_of_who_gets_mail(news: MailingList, issue: Issue) -> None:
    reader(news, "Ada")
    reader(news, "Aya", "fr")
    reader(news, "Zoé", "fr")
    make_subscription(news, "gone@example.org", state=SubscriptionState.UNSUBSCRIBED)
    make_subscription(make_list("other"), "other@example.org", language="es")
    assert readership.of(issue, []).by_language == {"en": 1, "fr": 2}


def test_gaps_and_longest_values_are_those_of_the_fields_in_use(
    news: MailingList, issue: Issue
) -> None:
    reader(news, "Ada", country="Kenya")
    reader(news, "Zoé", country="")
    reader(news, " ", age=41)
    found = readership.of(issue, ["name", "attributes.country", "attributes.age"])
    assert found.lacking == {"name": 1, "attributes.country": 2, "attributes.age": 2}
    # In bytes: é has two of them.
    assert found.longest == {"name": 4, "attributes.country": 5, "attributes.age": 2}
    assert found.longest_values["attributes.country"] == "wwwww"


def test_a_value_is_never_taken_to_be_longer_than_it_is_sent(
    news: MailingList, issue: Issue
) -> None:
    reader(news, "Ada", story="w" * 5_000)
    found = readership.of(issue, ["attributes.story"])
    assert len(found.longest_values["attributes.story"]) == LONGEST_VALUE


def test_nobody_lacks_nothing(issue: Issue) -> None:
    assert readership.of(issue, ["name"]) == readership.Readership({}, {"name": 0}, {"name": 0})


def test_a_list_that_is_counted_in_a_moment_is_counted_anew(
    news: MailingList, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readership, "LONG", 60.0)
    for count in (1, 2):
        reader(news, "Ada")
        assert readership.of(issue, []).by_language == {"en": count}


def test_what_took_long_is_remembered_for_a_while(
    news: MailingList, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readership, "LONG", 0.0)
    reader(news, "Ada")
    assert readership.of(issue, []).by_language == {"en": 1}
    reader(news, "Ben")
    assert readership.of(issue, []).by_language == {"en": 1}
    assert readership.of(issue, ["name"]).by_language == {"en": 2}
    monkeypatch.setattr(readership, "REMEMBERED", -1.0)
    assert readership.of(make_issue(news), ["attributes.x"]).by_language == {"en": 2}
    reader(news, "Cleo")
    assert readership.of(make_issue(news), ["attributes.x"]).by_language == {"en": 3}


def make_issue(news: MailingList) -> Issue:
    return composing.create_issue(news, subject="S", by=None, now=NOW)
