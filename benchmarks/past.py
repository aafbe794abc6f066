"""Years of work of a large installation on SQLite: 200 issues, 500 items, who got what.

What the product checks and renders is made by its own verbs; what there is much of is copied by
the database itself, so that it takes seconds.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from benchmarks import digests, people, readers, shelves
from benchmarks.copying import copy_rows, moment, only_if
from benchmarks.texts import INTRODUCTION, PARAGRAPH
from newsletter import accounts, audit
from newsletter.accounts import RoleName
from newsletter.audit.models import AuditEntry
from newsletter.delivery import compiling, providers
from newsletter.delivery.models import Provider, Send
from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.issues.models import Issue, IssueState
from newsletter.reports import signs
from newsletter.subscriptions import growth, lists
from newsletter.subscriptions.models import MailingList, Subscriber

ISSUES = 200
ITEMS_IN_ISSUE = 6
ITEMS_IN_DRAFT = 40
"""In the last issue: nothing may cost once for each item."""

REVISIONS = 10
DEEDS = 20_000
"""Entries of the log."""

FEW = 1_000
"""Recipients of most issues; the others go to everybody."""

CANCELLED, PAUSED, SENDING, SCHEDULED, APPROVED, REVIEW, DRAFT = range(194, 201)
"""The numbers of the issues that were not sent; all before them were."""

STATES = {
    CANCELLED: IssueState.CANCELLED,
    PAUSED: IssueState.PAUSED,
    SENDING: IssueState.SENDING,
    SCHEDULED: IssueState.SCHEDULED,
    APPROVED: IssueState.APPROVED,
    REVIEW: IssueState.REVIEW,
    DRAFT: IssueState.DRAFT,
}

SENT_TO_FEW = 193
SENT_TO_ALL = 180
TO_ALL = {60, 120, SENT_TO_ALL, PAUSED, SENDING}

LISTS = {"news": "Country news", "events": "Events", "jobs": "Jobs"}
BATCH = 500

EDITORS = {
    "admin@example.org": RoleName.ADMIN,
    "editor@example.org": RoleName.EDITOR,
    "author@example.org": RoleName.AUTHOR,
}

DELIVERY_STATES = {
    IssueState.SENDING: "CASE WHEN id % 2 THEN 'waiting' ELSE 'sent' END",
    IssueState.PAUSED: "CASE WHEN id % 2 THEN 'waiting' WHEN id < 50 THEN 'uncertain'"
    " ELSE 'sent' END",
    IssueState.CANCELLED: "CASE WHEN id % 2 THEN 'cancelled' ELSE 'sent' END",
    IssueState.SENT: "CASE WHEN id % 70 = 1 THEN 'failed' WHEN id % 100 = 99 THEN 'suppressed'"
    " ELSE 'sent' END",
}
"""Where the mail of a reader is, by the state of the issue."""


def fill(count: int, *, now: datetime, is_at_rest: bool = False) -> MailingList:
    """Make an empty installation one with `count` readers and a past; return the list of all.

    Where it is at rest, what would be on its way was sent. Commits.
    """
    # It is a copy that is measured: this one may be lost with the power.
    db.session.connection().exec_driver_sql("PRAGMA cache_size = -400000")
    for address, role in EDITORS.items():
        accounts.add_editor(address, role, role.value.title(), now=now).joined_at = now
    news = _lists(now=now)
    readers.fill(news, count, now=now)
    _vary_subscriptions(now=now)
    growth.count_days(now=now)
    slugs = shelves.fill_library(now=now)
    for number in range(1, ISSUES + 1):
        state = STATES.get(number, IssueState.SENT)
        if is_at_rest and state in (IssueState.SENDING, IssueState.PAUSED):
            state = IssueState.SENT
        issue = _issue(number, state, news, slugs, now=now)
        if state in DELIVERY_STATES:
            run(issue, count if number in TO_ALL else min(FEW, count))
        db.session.commit()
    readers.say_why(news, now=now)
    if not is_at_rest:
        _digests(news, count, now=now)
    shelves.fill_images(ISSUES, now=now)
    _copy_revisions()
    people.fill_members(now=now)
    people.fill_comments(now=now)
    _log(news, now=now)
    db.session.add_all(
        Provider(name=name, sent=count, last_success_at=now) for name in readers.DOMAINS
    )
    signs.beat(now=now)
    db.session.commit()
    return news


def _lists(*, now: datetime) -> MailingList:
    """Add the lists and their topics; return the one that everybody is on."""
    topics = shelves.add_topics()
    made = [
        lists.add_list(
            slug,
            name=name,
            is_public=True,
            postal_address="1 Example Street, 10115 Sample Town",
            topics=topics,
            now=now,
        )
        for slug, name in LISTS.items()
    ]
    db.session.commit()
    return made[0]


def _vary_subscriptions(*, now: datetime) -> None:
    """Let some have left, some wait, some be on a second list or have topics, some be suppressed.

    Those who did what are told apart by their numbers.
    """
    subscription = _table("subscription")
    for state, which in (("unsubscribed", "id % 12 = 0"), ("pending", "id % 50 = 7")):
        some = sa.update(subscription).where(sa.text(which))
        db.session.execute(some.values(state=state))
    own = ("subscriber_id", "state", "frequency", "requested_at", "source", "wish")
    copy_rows(
        "subscription",
        "subscription",
        {"mailing_list_id": "2", **{name: name for name in own}},
        which="id % 5 = 0",
    )
    copy_rows(
        "subscription",
        "subscription_interval",
        {
            "subscription_id": "id",
            "source": "source",
            "started_at": moment(now, "-id % 700 - 300", "days"),
            "ended_at": only_if("state = 'unsubscribed'", moment(now, "-id % 300", "days")),
            "ended_reason": only_if("state = 'unsubscribed'", "'link'"),
        },
        which="state <> 'pending'",
    )
    copy_rows(
        "subscription",
        "subscription_topic",
        {"subscription_id": "id", "topic_id": f"id % {len(shelves.TOPICS)} + 1"},
        which="id % 4 = 0",
    )
    copy_rows(
        "subscriber",
        "suppression",
        {
            "address_hmac": "address_hmac",
            "address": "address",
            "reason": "'operator'",
            "note": "''",
            "since": moment(now, "0", "days"),
        },
        which="id % 100 = 99",
    )
    db.session.commit()


def _issue(
    number: int, state: IssueState, news: MailingList, slugs: Sequence[str], *, now: datetime
) -> Issue:
    """Write one issue, half a week after the one before, and bring it where it is."""
    place = (ISSUES - number) * 2
    at = now - timedelta(days=(ISSUES - number) * 3, hours=3)
    issue = composing.create_issue(
        news,
        subject=f"Country news {number}: new guidance for {{{{ name | you }}}}",
        preheader="What changed, and what it means where you work.",
        introduction=INTRODUCTION + PARAGRAPH * 2,
        items=slugs[place : place + (ITEMS_IN_DRAFT if number == DRAFT else ITEMS_IN_ISSUE)],
        by=None,
        now=at,
    )
    issue.state = state
    if state not in (IssueState.DRAFT, IssueState.REVIEW):
        issue.approved_version = issue.version
    if state is IssueState.SCHEDULED:
        issue.send_at, issue.zone = (now + timedelta(days=2)).replace(tzinfo=None), "UTC"
    if state in DELIVERY_STATES:
        issue.begun_at = at
    if state is IssueState.SENT:
        issue.sent_at = at + timedelta(hours=2)
    db.session.flush()
    return issue


def _digests(news: MailingList, count: int, *, now: datetime) -> None:
    """Let some readers get digests of the last issues instead."""
    digests.want_them(now=now)
    for number, issues in ((digests.SENT, (SENT_TO_ALL,)), (digests.SENDING, (192, SENT_TO_FEW))):
        digest = digests.add(number, news, now=now)
        _write_run(digest, "en", digests.content(digest, issues), count, which=digests.WEEKLY)
        digests.note_issues(digest, issues)
    db.session.commit()


def run(issue: Issue, count: int) -> None:
    """Give an issue that began its run: what it said, its batches, a row for each recipient."""
    [(language, content)] = compiling.compile_issue(issue)
    _write_run(issue, language, content, count)


def _write_run(
    issue: Issue, language: str, content: dict[str, Any], count: int, *, which: str = "1"
) -> None:
    """Write the run of an issue or a digest to those of the first `count` readers."""
    at = issue.begun_at
    assert at is not None
    is_over = issue.state in (IssueState.SENT, IssueState.CANCELLED)
    who = sa.and_(Subscriber.id <= count, sa.text(which))
    planned = db.session.scalar(sa.select(sa.func.count(Subscriber.id)).where(who)) or 0
    send = Send(issue=issue, planned=planned, planned_at=at, finished_at=issue.sent_at)
    db.session.add(send)
    db.session.flush()
    edition_id = _insert("compiled_edition", send_id=send.id, language=language, content=content)
    first_batch = _insert("batch", send_id=send.id, is_done=is_over, due_at=at)
    for _ in range(count // BATCH):
        _insert("batch", send_id=send.id, is_done=is_over, due_at=at)
    state = DELIVERY_STATES[issue.state]
    ended = only_if(f"{state} <> 'waiting'", moment(at, "id % 7200", "seconds"))
    copy_rows(
        "subscriber",
        "delivery",
        {
            "send_id": str(send.id),
            "batch_id": f"{first_batch} + id / {BATCH}",
            "edition_id": str(edition_id),
            "subscriber_id": "id",
            "provider": providers.expression(Subscriber.canonical),
            "state": state,
            "attempts": f"{state} <> 'waiting'",
            "due_at": only_if(f"{state} = 'waiting'", moment(at, "0", "seconds")),
            "first_attempt_at": ended,
            "finished_at": ended,
            "reply_code": f"CASE {state} WHEN 'sent' THEN 250 WHEN 'failed' THEN 550 END",
            "reply_status": f"CASE {state} WHEN 'sent' THEN '2.0.0' WHEN 'failed' THEN '5.1.1'"
            " ELSE '' END",
        },
        which=f"id <= {count} AND {which}",
    )


def _copy_revisions() -> None:
    """Let every issue have been saved before, again and again."""
    own = ("issue_id", "content", "saved_at", "saved_by_id")
    for version in range(2, REVISIONS + 1):
        columns = {"version": str(version), **{name: name for name in own}}
        copy_rows("revision", "revision", columns, which="version = 1")
    db.session.execute(sa.update(Issue).values(version=REVISIONS))
    approved = sa.update(Issue).where(Issue.approved_version.is_not(None))
    db.session.execute(approved.values(approved_version=REVISIONS))


def _log(news: MailingList, *, now: datetime) -> None:
    """Write down what was done to the issues, and who came in."""
    admin = accounts.get_editor("admin@example.org")
    deeds = (audit.Deed.ISSUE_SAVED, audit.Deed.EDITOR_SIGNED_IN)
    rows = [
        {
            "at": now - timedelta(minutes=DEEDS - number),
            "editor_id": admin.id,
            "actor": admin.signature,
            "deed": deeds[number % 2].value,
            "channel": "desk",
            "kind": deeds[number % 2].kind,
            "key": str(1 + number // 2 % ISSUES),
            "mailing_list_id": None if number % 2 else news.id,
            "detail": "link" if number % 2 else "version 3",
        }
        for number in range(DEEDS)
    ]
    db.session.execute(sa.insert(AuditEntry), rows)


def _insert(table: str, **values: object) -> int:
    one = sa.insert(_table(table)).values(values).returning(_table(table).c.id)
    return int(db.session.scalars(one).one())


def _table(name: str) -> sa.Table:
    return db.metadata.tables[name]
