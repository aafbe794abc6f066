"""One reader's copy before it is sent: the same edition and values that a send would choose."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import addresses
from newsletter.delivery import planning, previewing
from newsletter.delivery.models import CompiledEdition, Delivery
from newsletter.extensions import db
from newsletter.issues import composing, editing, workflow
from newsletter.issues.models import Issue
from newsletter.issues.texts import Texts
from newsletter.subscriptions import signup
from tests.conftest import NOW
from tests.factories import make_item, make_list, make_subscription, rewrite

TONGUES = ["en", "pt-BR", "fr", "pt", "pt-PT", "fr-CA", "en-GB", "de", "ar"]


@pytest.fixture
def issue(app: Flask) -> Issue:
    make_item()
    issue = composing.create_issue(
        make_list(), subject="en", items=["guidance-on-mms"], by=None, now=NOW
    )
    whole = composing.current(issue)
    for language in ("pt-BR", "fr"):
        whole = editing.with_edition(whole, language)
        whole = editing.with_texts(whole, language, Texts(language, "", "Text"))
    composing.save(issue, whole, based_on_version=issue.version, by=None, now=NOW)
    return issue


def subject_for(issue: Issue, address: str, **asked: str) -> str:
    message = previewing.preview_message(issue, addresses.parse(address), now=NOW, **asked)
    return str(message_from_bytes(message, policy=policy.default)["Subject"])


def test_everybody_is_shown_the_edition_that_they_are_sent(issue: Issue) -> None:
    for language in TONGUES:
        make_subscription(issue.mailing_list, f"{language}@example.org", language=language)
    workflow.approve(issue, by=None, now=NOW)
    workflow.send_soon(issue, timedelta(0), now=NOW)
    planning.plan(issue, now=NOW)
    sent = db.session.execute(
        sa.select(Delivery.subscriber_id, CompiledEdition.language).join(
            CompiledEdition, CompiledEdition.id == Delivery.edition_id
        )
    )
    planned = {number: language for number, language in sent}
    assert len(planned) == len(TONGUES)
    for subscription_language in TONGUES:
        address = f"{subscription_language}@example.org"
        reader = signup.find_subscriber(addresses.parse(address))
        assert reader is not None
        assert subject_for(issue, address) == planned[reader.id]


def test_a_stranger_gets_the_first_edition_unless_one_is_named(issue: Issue) -> None:
    assert subject_for(issue, "nobody@example.org") == "en"
    assert subject_for(issue, "nobody@example.org", language="fr", subject_mark="[Test] ") == (
        "[Test] fr"
    )


def test_what_is_shown_is_what_was_approved_once_writing_is_over(issue: Issue) -> None:
    rewrite(issue, subject="Newest")
    assert subject_for(issue, "nobody@example.org") == "Newest"
    workflow.approve(issue, by=None, now=NOW)
    workflow.send_soon(issue, timedelta(0), now=NOW)
    assert previewing.whole_of(issue) == composing.approved(issue)
