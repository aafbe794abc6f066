"""The checks of an issue know its audience, the library, the list and what was sent before."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, current_app

from newsletter.delivery import preflight
from newsletter.extensions import db
from newsletter.fetching.rules import Rules
from newsletter.issues import composing, editing, pictures, waivers
from newsletter.issues.checks import Moment
from newsletter.issues.composition import BlockKind, Words
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.texts import Texts
from newsletter.reachability.models import LinkCheck, LinkState
from newsletter.subscriptions.models import Subscriber
from tests.conftest import NOW
from tests.factories import (
    make_due_issue,
    make_editor,
    make_image,
    make_item,
    make_list,
    make_subscription,
    rewrite,
)

PREHEADER = "What decision-makers asked about, answered by the experts."


def test_a_finished_issue_has_no_findings(app: Flask) -> None:
    mailing_list = make_list()
    make_subscription(mailing_list)
    make_item("one")
    issue = composing.create_issue(
        mailing_list, subject="S", preheader=PREHEADER, items=["one"], by=None, now=NOW
    )
    assert preflight.examine(issue) == []


def test_the_tables_are_asked(app: Flask) -> None:
    mailing_list = make_list(postal_address="")
    make_item("one")
    gone = make_item("two")
    sent = composing.create_issue(mailing_list, subject="S", items=["one"], by=None, now=NOW)
    sent.begun_at = NOW
    issue = composing.create_issue(
        mailing_list, subject="S", preheader=PREHEADER, items=["one", "two"], by=None, now=NOW
    )
    gone.withdrawn_at = NOW
    db.session.flush()
    findings = preflight.examine(issue)
    one, two = composing.current(issue).blocks
    assert [(finding.code, finding.place) for finding in findings] == [
        ("withdrawn-item", f"block-{two.key}"),
        ("no-recipients", "audience"),
        ("postal-address", "list"),
        ("sent-before", f"block-{one.key}"),
    ]
    assert findings[3].sentence.endswith(f"was already in issue {sent.id} (1 March 2027).")


def test_a_large_issue_is_measured(app: Flask) -> None:
    mailing_list = make_list()
    make_subscription(mailing_list)
    issue = composing.create_issue(
        mailing_list,
        subject="S",
        preheader=PREHEADER,
        introduction="long words " * 8_500,
        by=None,
        now=NOW,
    )
    assert [finding.code for finding in preflight.examine(issue)] == ["large", "heavy"]


def codes(issue: Issue, **facts: Any) -> list[str]:
    return [finding.code for finding in preflight.examine(issue, **facts)]


@pytest.fixture
def issue(app: Flask) -> Issue:
    """An issue without a fault, with one item, to one reader."""
    mailing_list = make_list()
    make_subscription(mailing_list)
    make_item("one")
    return composing.create_issue(
        mailing_list, subject="S", preheader=PREHEADER, items=["one"], by=None, now=NOW
    )


def test_a_change_in_the_library_is_found_until_it_is_decided(issue: Issue) -> None:
    item = composing.find_items(["one"])[0]
    item.summary, item.updated_at = "Other words.", NOW + timedelta(hours=1)
    db.session.flush()
    assert codes(issue) == ["changed-item"]


def test_the_size_is_that_for_the_reader_with_the_longest_values(issue: Issue) -> None:
    rewrite(issue, introduction="{{ attributes.story | x }}" * 200)
    assert codes(issue) == []
    subscriber = db.session.scalars(sa.select(Subscriber)).one()
    subscriber.attributes = {"story": "w" * 499}
    db.session.flush()
    assert codes(issue) == ["large", "heavy"]


def test_letters_beyond_ascii_count_as_they_travel(issue: Issue) -> None:
    rewrite(issue, introduction="مرحبا " * 3_500)
    [large] = [one for one in preflight.examine(issue) if one.code == "large"]
    assert int(re.sub(r"\D", "", large.sentence)) > 100_000


def test_readers_of_other_languages_are_counted(issue: Issue) -> None:
    for number in range(5):
        make_subscription(issue.mailing_list, f"f{number}@example.org", language="fr")
    assert codes(issue) == ["no-edition"]


def test_images_are_weighed(issue: Issue) -> None:
    image = make_image()
    image.octets = 1_500_000
    whole = editing.with_block(
        composing.current(issue), BlockKind.IMAGE, image=pictures.picked(image)
    )
    key = whole.blocks[-1].key
    whole = editing.with_words(whole, key, "en", Words(text="A nurse hands out tablets"))
    whole = editing.with_texts(whole, "en", Texts("S", PREHEADER, "word " * 60))
    composing.save(issue, whole, based_on_version=1, by=None, now=NOW)
    assert codes(issue) == ["large-image"]


def test_a_scheduled_time_is_judged_and_any_other_that_is_given(issue: Issue) -> None:
    night = Moment(datetime(2027, 3, 2, 23), "Europe/Vienna")
    assert codes(issue, at=night) == ["night"]
    issue.state, issue.send_at, issue.zone = IssueState.SCHEDULED, night.wall, night.zone
    db.session.flush()
    assert codes(issue) == ["night"]
    assert codes(issue, at=Moment(datetime(2027, 3, 2, 9), "UTC")) == []


def test_other_issues_to_the_same_list_are_neighbours(issue: Issue) -> None:
    other = make_due_issue(issue.mailing_list, at=NOW)
    elsewhere = make_list("other")
    make_due_issue(elsewhere, at=NOW)
    [near] = preflight.examine(issue, at=Moment(datetime(2027, 3, 1, 12), "UTC"))
    assert (near.code, near.about) == ("near-issue", str(other.id))


def test_a_correction_may_say_again_what_was_said_at_once(issue: Issue) -> None:
    issue.begun_at = NOW
    correction = composing.create_issue(
        issue.mailing_list,
        subject="Correction",
        preheader=PREHEADER,
        items=["one"],
        corrects=issue,
        by=None,
        now=NOW,
    )
    [stop] = preflight.examine(correction, at=Moment(datetime(2027, 3, 1, 12), "UTC"))
    assert stop.code == "no-recipients"
    assert stop.why == f"Nobody who got issue {issue.id} is on the list any more."


def test_what_the_dns_says_of_the_sender_is_known_where_it_is_asked(issue: Issue) -> None:
    assert codes(issue) == []
    current_app.config["FETCH_RULES"] = Rules()
    assert "sender-unknown" in codes(issue)
    current_app.config["USES_MAILBOX"] = True
    assert "sender-unknown" not in codes(issue)


def test_links_are_looked_at_after_they_were_wanted(issue: Issue) -> None:
    current_app.config["FETCH_RULES"] = Rules()
    preflight.look_ahead(issue, now=NOW)
    row = db.session.scalars(sa.select(LinkCheck)).one()
    assert row.url == "https://example.org/one"
    row.state, row.failures, row.failing_since = LinkState.GONE, 2, NOW
    row.status, row.tried_at = 404, NOW
    db.session.flush()
    assert "dead-link" in codes(issue)


def test_a_waived_warning_is_marked(issue: Issue) -> None:
    rewrite(issue, introduction="Read it [here](https://example.org/).")
    [finding] = preflight.examine(issue)
    waivers.waive(issue, finding, "They know where.", by=make_editor(), now=NOW)
    [finding] = preflight.examine(issue)
    assert finding.waived is not None


def test_few_questions_are_asked_however_much_there_is(issue: Issue) -> None:
    current_app.config["FETCH_RULES"] = Rules()
    slugs = [make_item(f"item-{number}").slug for number in range(12)]
    links = " ".join(f"[Page {number}](https://example.org/{number})" for number in range(20))
    rewrite(issue, items=tuple(slugs), introduction=f"{{{{ name }}}} {links}")
    whole = editing.with_edition(composing.current(issue), "fr")
    composing.save(issue, whole, based_on_version=2, by=None, now=NOW)
    db.session.commit()
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        found = preflight.examine(composing.find_issue(issue.id))
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(found) > 10
    # The issue, its list and its topics are three of them.
    assert len(asked) <= 11
