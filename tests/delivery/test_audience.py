"""Whom an issue goes to, by edition, and who is left out: as planning does it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.addresses import parse
from newsletter.delivery import audience, people, planning
from newsletter.delivery.models import CompiledEdition, Delivery, Send
from newsletter.delivery.people import Group
from newsletter.extensions import db
from newsletter.issues import composing, editing, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.texts import Texts
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions.models import (
    Frequency,
    MailingList,
    Subscriber,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.suppression import suppress
from tests.conftest import NOW
from tests.factories import make_list, make_subscription, make_topic

LANGUAGES = {
    "ada": "en",
    "ben": "en-GB",
    "cleo": "fr",
    "dora": "fr-CA",
    "emil": "pt",
    "fay": "pt-BR",
    "gus": "de",
    "hana": "ar",
    "ines": "frr",
}
EDITION_OF = {
    "ada": "en",
    "ben": "en",
    "cleo": "fr",
    "dora": "fr",
    "emil": "pt-BR",
    "fay": "pt-BR",
    "gus": "en",
    "hana": "en",
    "ines": "en",
}


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list()


def make_issue(news: MailingList, *languages: str, topics: tuple[str, ...] = ()) -> Issue:
    """An approved issue in English and in `languages`."""
    issue = composing.create_issue(
        news, subject="S", introduction="Hello", topics=topics, by=None, now=NOW
    )
    whole = composing.current(issue)
    for language in languages:
        whole = editing.with_edition(whole, language)
        whole = editing.with_texts(whole, language, Texts("S", "", f"Hello in {language}"))
    composing.save(issue, whole, based_on_version=1, by=None, now=NOW)
    workflow.approve(issue, by=None, now=NOW)
    return issue


def plan(issue: Issue) -> Send:
    workflow.send_soon(issue, timedelta(0), now=NOW)
    send = planning.plan(issue, now=NOW)
    assert send is not None
    return send


def test_everybody_gets_the_edition_that_they_can_read_and_it_was_said_so(
    news: MailingList,
) -> None:
    for name, language in LANGUAGES.items():
        make_subscription(news, f"{name}@example.org", language=language)
    issue = make_issue(news, "fr", "pt-BR")
    said = audience.of(issue)
    send = plan(issue)
    rows = db.session.execute(
        sa.select(Subscriber.address, CompiledEdition.language)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .join(CompiledEdition, CompiledEdition.id == Delivery.edition_id)
        .where(Delivery.send_id == send.id)
    )
    got = {address.partition("@")[0]: language for address, language in rows}
    assert got == EDITION_OF
    assert said.recipients == len(LANGUAGES)
    assert said.by_language == {"en": 5, "fr": 2, "pt-BR": 2}
    assert list(said.by_language) == ["en", "fr", "pt-BR"]


def test_an_issue_in_one_language_is_not_counted_by_language(news: MailingList) -> None:
    make_subscription(news, language="fr")
    assert audience.of(make_issue(news)).by_language == {}


def test_who_is_left_out_is_counted_by_reason_and_once(news: MailingList) -> None:
    for name in ("ada", "ben", "cleo", "dora"):
        make_subscription(news, f"{name}@example.org", language="fr")
    make_subscription(news, "emil@example.org", state=SubscriptionState.PAUSED)
    make_subscription(news, "fay@example.org", state=SubscriptionState.PENDING)
    make_subscription(news, "gus@example.org", state=SubscriptionState.UNSUBSCRIBED)
    for name, reason in (
        ("ben", SuppressionReason.BOUNCE),
        ("cleo", SuppressionReason.BOUNCE),
        ("dora", SuppressionReason.COMPLAINT),
        ("emil", SuppressionReason.OPERATOR),
        ("gus", SuppressionReason.BOUNCE),
    ):
        suppress(parse(f"{name}@example.org"), reason=reason, note="", now=NOW)
    issue = make_issue(news, "fr")
    said = audience.of(issue)
    assert said.recipients == 1
    assert said.by_language == {"en": 0, "fr": 1}
    assert said.paused == 1
    assert said.suppressed == {SuppressionReason.BOUNCE: 2, SuppressionReason.COMPLAINT: 1}
    assert audience.count(issue) == audience.AudienceCount(1, 3, 1)
    assert plan(issue).planned == 1


def names(issue: Issue, group: Group) -> list[str]:
    page = people.people(issue, group)
    assert page.next is None
    return [person.address.partition("@")[0] for person in page.people]


def test_everybody_of_the_list_is_in_one_group(news: MailingList) -> None:
    mms, bep = make_topic("mms"), make_topic("bep")
    make_subscription(news, "ada@example.org", topics=(mms,))
    make_subscription(news, "ben@example.org")
    make_subscription(news, "cleo@example.org", topics=(bep,))
    make_subscription(news, "dora@example.org")
    make_subscription(news, "emil@example.org", state=SubscriptionState.PAUSED)
    make_subscription(news, "fay@example.org", state=SubscriptionState.PENDING)
    make_subscription(news, "gus@example.org", state=SubscriptionState.UNSUBSCRIBED)
    make_subscription(make_list("other"), "hana@example.org")
    make_subscription(news, "ines@example.org", frequency=Frequency.WEEKLY)
    make_subscription(news, "jon@example.org", frequency=Frequency.MONTHLY)
    suppress(parse("dora@example.org"), reason=SuppressionReason.COMPLAINT, note="", now=NOW)
    issue = make_issue(news, topics=("mms",))
    assert people.groups(issue) == list(Group)
    assert {group: names(issue, group) for group in Group} == {
        Group.GETS_IT: ["ada", "ben"],
        Group.WEEKLY: ["ines"],
        Group.MONTHLY: ["jon"],
        Group.PAUSED: ["emil"],
        Group.SUPPRESSED: ["dora"],
        Group.OTHER_TOPICS: ["cleo"],
        Group.PENDING: ["fay"],
        Group.LEFT: ["gus"],
    }
    [dora] = people.people(issue, Group.SUPPRESSED).people
    assert dora.why == "they reported our mail as unwanted"
    everybody = make_issue(news)
    assert Group.OTHER_TOPICS not in people.groups(everybody)
    assert names(everybody, Group.GETS_IT) == ["ada", "ben", "cleo"]


def test_they_are_shown_a_page_at_a_time(news: MailingList) -> None:
    for number in range(7):
        make_subscription(news, f"r{number}@example.org")
    issue = make_issue(news)
    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        page = people.people(issue, Group.GETS_IT, after=after, most=3)
        seen += [person.address for person in page.people]
        after = page.next
    assert seen == [f"r{number}@example.org" for number in range(7)]


def test_who_wants_a_digest_gets_no_issue_and_is_counted_by_digest(news: MailingList) -> None:
    mms = make_topic("mms")
    make_subscription(news, "ada@example.org")
    make_subscription(news, "ben@example.org", frequency=Frequency.WEEKLY)
    make_subscription(news, "cleo@example.org", frequency=Frequency.WEEKLY, topics=(mms,))
    make_subscription(news, "dora@example.org", frequency=Frequency.MONTHLY)
    make_subscription(news, "emil@example.org", frequency=Frequency.MONTHLY)
    suppress(parse("emil@example.org"), reason=SuppressionReason.BOUNCE, note="", now=NOW)
    make_topic("iron")
    issue = make_issue(news, topics=("iron",))
    said = audience.of(issue)
    assert (said.recipients, said.weekly, said.monthly, said.everybody) == (1, 1, 1, 3)
    assert said.suppressed == {SuppressionReason.BOUNCE: 1}
    assert audience.count(issue) == audience.AudienceCount(1, 1, 0, weekly=1, monthly=1)
    assert names(issue, Group.GETS_IT) == ["ada"]
    assert names(issue, Group.WEEKLY) == ["ben"]
    assert names(issue, Group.MONTHLY) == ["dora"]
    assert plan(issue).planned == 1


def test_an_issue_that_digests_alone_take_up_is_no_reason_to_be_alarmed(
    news: MailingList,
) -> None:
    make_subscription(news, frequency=Frequency.WEEKLY)
    issue = make_issue(news)
    assert plan(issue).planned == 0
    assert issue.state is IssueState.SENT
    assert not db.session.scalars(sa.select(OutboxMessage)).all()


def test_issues_are_counted_as_they_begin_list_by_list(news: MailingList) -> None:
    other = make_list("other")
    for mailing_list, order in ((news, 1), (other, 1), (news, 2)):
        issue = make_issue(mailing_list)
        assert issue.begun_order is None
        plan(issue)
        assert issue.begun_order == order
        assert mailing_list.issues_begun == order
