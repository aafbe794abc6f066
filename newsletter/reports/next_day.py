"""The mail of the next day: the numbers of an issue, to the people who made it.

It goes out a day after the issue began: at the hour at which it was sent, whether or not
some mail still waits for another try, which may take two days and says little new. Once
is once, however many clocks there are.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from newsletter import accounts, links
from newsletter.accounts import Action, Editor
from newsletter.delivery.models import DeliveryState, Send
from newsletter.extensions import db, rows_changed
from newsletter.issues.models import Issue, IssueKind, IssueState
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.reports.leaving import left
from newsletter.reports.numbers import Failure, Report, failures, tally
from newsletter.subscriptions import lists

log = logging.getLogger(__name__)

AFTER = timedelta(hours=24)
"""How long after an issue began."""

LATEST = timedelta(hours=72)
"""How long after it began at the latest: what is older is no news, as after an upgrade."""

MOST_REASONS = 5
"""Reasons in the mail; the report has all."""


def tell(*, now: datetime) -> None:
    """Mail the numbers of each issue that began a day ago; part of the caller's transaction."""
    due = db.session.scalars(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(
            Send.told_at.is_(None),
            Issue.kind == IssueKind.ISSUE,
            # Of one that reached nobody, the editors were told at once.
            Send.planned > 0,
            Issue.begun_at <= now - AFTER,
            Issue.begun_at > now - LATEST,
        )
        .order_by(Send.id)
    ).all()
    for send in due:
        if _claim(send, now=now):
            _tell(send, now=now)


def _claim(send: Send, *, now: datetime) -> bool:
    """Write that it is told; False if another clock just did."""
    claimed = db.session.execute(
        sa.update(Send)
        .where(Send.id == send.id, Send.told_at.is_(None))
        .values(told_at=now)
        .execution_options(synchronize_session=False)
    )
    return rows_changed(claimed) == 1


def _tell(send: Send, *, now: datetime) -> None:
    issue, numbers = send.issue, tally(send.id)
    mailing_list = issue.mailing_list
    why = failures(issue.id)
    facts = {
        "issue_number": str(issue.id),
        "subject": issue.editions[0].subject,
        "short": f"{numbers.sent:,} of {numbers.planned:,} sent",
        "sentences": sentences(issue.state, numbers, left(issue.id)),
        "reasons": _reasons(why),
        "desk_url": links.public_url(f"/desk/issues/{issue.id}/report"),
        "postal_address": mailing_list.postal_address,
        "public_url": links.public_url("/"),
    }
    told = _makers(issue)
    for editor in told:
        outbox.enqueue(
            "next-day",
            to=editor.email,
            language=mailing_list.default_language,
            sender=Mailbox(lists.sender_name(mailing_list), lists.sender_address(mailing_list)),
            facts={**facts, "began": _moment(issue.begun_at or now, editor.zone)},
            now=now,
        )
    log.info("issue %s: its numbers go to %s editors", issue.id, len(told))


def _makers(issue: Issue) -> Sequence[Editor]:
    """Return who wrote, approved or sent the issue, may still see it, and wants such mail."""
    made_by = {issue.created_by_id, issue.approved_by_id, issue.scheduled_by_id}
    return [
        editor
        for editor in accounts.all_editors()
        if editor.id in made_by
        and editor.wants_next_day
        and accounts.may(editor, Action.WRITE)
        and accounts.may_use_list(editor, issue.mailing_list_id)
    ]


def sentences(state: IssueState, numbers: Report, gone: int) -> list[str]:
    """Return the numbers of an issue in words, those that are not 0, and who left in any case."""
    said = [f"Our relay took it for {numbers.sent:,} of {_people(numbers.planned)}."]
    if numbers.failed:
        said.append(f"It failed for {_people(numbers.failed)}.")
    if numbers.uncertain:
        said.append(f"Of {numbers.uncertain:,} it is uncertain: they wait for a decision of yours.")
    if numbers.suppressed:
        left_out = _people(numbers.suppressed)
        said.append(f"{left_out} left out, who left or were blocked after it was planned.")
    if numbers.cancelled:
        said.append(f"{_people(numbers.cancelled)} did not get it, because it was cancelled.")
    if open_still := numbers.waiting + numbers.in_flight:
        why = "it is paused" if state is IssueState.PAUSED else "the mail is tried again"
        said.append(f"{_people(open_still)} still to be written to: {why}.")
    who = _people(gone) if gone else "Nobody"
    return [*said, f"{who} left the list by a link of this issue."]


def _reasons(found: Sequence[Failure]) -> list[str]:
    failed = [failure for failure in found if failure.state == DeliveryState.FAILED]
    said = [f"{_people(failure.count)}: {failure.reason}" for failure in failed[:MOST_REASONS]]
    others = sum(failure.count for failure in failed[MOST_REASONS:])
    return [*said, f"{_people(others)}: other reasons."] if others else said


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _moment(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B %Y} at {local:%H:%M} ({zone.replace('_', ' ')})"
