"""The states of an issue and the only moves between them.

Every move is one conditional UPDATE on (id, state): of two clicks, two
processes or two machines, one wins and the other is told (STANDARDS XH01).
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter import clock
from newsletter.accounts import Editor
from newsletter.errors import InvalidInput, Refused, StaleVersion
from newsletter.extensions import db, rows_changed
from newsletter.issues import approval, naming, revisions, times
from newsletter.issues.checks import Finding, Level
from newsletter.issues.models import Issue, IssueKind, IssueState
from newsletter.subscriptions.models import MailingList

LATE = timedelta(hours=3)
"""How late an issue may still go out by itself; later, it asks."""

LONGEST_HOLD = timedelta(hours=24)
"""The longest hold; who wants to wait longer schedules."""

BY_ITSELF = "Everything waits, and goes on by itself when the relay answers."
"""How the reason ends of an issue that waits for the relay and needs nobody to resume it."""

_WHAT_NOW = {
    IssueState.DRAFT: "is a draft. Approve it first",
    IssueState.REVIEW: "waits for approval. Approve it first",
    IssueState.APPROVED: "is approved and not scheduled. Schedule or send it",
    IssueState.SCHEDULED: "is scheduled. Stop it to change anything",
    IssueState.SENDING: "is being sent. Pause or cancel it",
    IssueState.PAUSED: "is paused. Resume or cancel it",
    IssueState.SENT: "was sent. Begin a new issue for anything else",
    IssueState.CANCELLED: "was cancelled. Begin a new issue instead",
}
"""How things stand and what can be done, to finish a sentence that begins with the issue."""


def ask_for_review(
    issue: Issue, *, by: Editor | None = None, of: Editor | None = None, now: datetime
) -> None:
    """Hand an issue to a colleague, or to anybody who may approve; again, to another one.

    An approval by somebody who needed a second person, and is none, is taken back.
    """
    allowed = {IssueState.DRAFT, IssueState.REVIEW}
    if not approval.is_by_second_person(issue):
        allowed.add(IssueState.APPROVED)
    _move(
        issue,
        IssueState.REVIEW,
        allowed=allowed,
        review_asked_by_id=by.id if by else None,
        review_asked_of_id=of.id if of else None,
        review_asked_at=now,
        approved_version=None,
        approved_by_id=None,
        approved_at=None,
    )
    revisions.keep(issue, issue.version)


def approve(
    issue: Issue, *, by: Editor | None, now: datetime, seen_version: int | None = None
) -> None:
    """Approve what the issue says now; every later save withdraws it.

    Approving twice is harmless. Raises StaleVersion when `seen_version`, which
    the person has read, is no longer the newest; Refused where the list asks
    for a second person and `by` is none.
    """
    if seen_version is not None and seen_version != issue.version:
        raise StaleVersion(yours=seen_version, theirs=issue.version)
    is_approved = issue.state is IssueState.APPROVED and issue.approved_version == issue.version
    if is_approved and not approval.missing(issue):
        # Who sends it does not take the place of who approved it.
        return
    approval.refuse_first_person(issue, by)
    _move(
        issue,
        IssueState.APPROVED,
        Issue.version == issue.version,
        allowed={IssueState.DRAFT, IssueState.REVIEW, IssueState.APPROVED},
        approved_version=issue.version,
        approved_by_id=by.id if by else None,
        approved_at=now,
    )
    revisions.keep(issue, issue.version)


def send_back(issue: Issue) -> None:
    """Give an issue that waits for approval back to who writes it."""
    _move(issue, IssueState.DRAFT, allowed={IssueState.REVIEW})


def schedule(
    issue: Issue,
    wall: datetime,
    zone: str,
    *,
    by: Editor | None = None,
    now: datetime,
    findings: Sequence[Finding] = (),
) -> None:
    """Schedule an approved issue for the wall time `wall` (naive) in `zone`.

    Raises InvalidInput for an unknown zone or a time that is over or years
    away, Refused if one of `findings` is a stop or a second person is missing.
    """
    _refuse_stops(issue, findings)
    times.refuse_impossible(wall, zone, now=now)
    approval.refuse_unapproved(issue)
    _set_time(issue, wall, zone, by=by, allowed={IssueState.APPROVED})


def send_soon(
    issue: Issue,
    hold: timedelta,
    *,
    zone: str = "UTC",
    by: Editor | None = None,
    now: datetime,
    findings: Sequence[Finding] = (),
) -> None:
    """Schedule an approved issue for `hold` from now; until then Stop takes it back.

    A hold of zero means now. It is kept as a wall time in `zone`, where whoever sends it
    is: by that one it is night or not. Raises Refused if one of `findings` is a stop or
    a second person is missing.
    """
    _refuse_stops(issue, findings)
    if not timedelta(0) <= hold <= LONGEST_HOLD:
        hours = LONGEST_HOLD // timedelta(hours=1)
        raise InvalidInput(f"A hold lasts from 0 seconds to {hours} hours.", field="hold")
    approval.refuse_unapproved(issue)
    wall, kept_in = clock.wall_time(now + hold, zone)
    _set_time(issue, wall, kept_in, by=by, allowed={IssueState.APPROVED})


def reschedule(
    issue: Issue,
    wall: datetime,
    zone: str,
    *,
    by: Editor | None = None,
    now: datetime,
    findings: Sequence[Finding] = (),
) -> None:
    """Give a scheduled issue another time, without a moment in which it has none.

    A planner that is gathering its readers gives up; one that is done has won, and
    then it is Refused, as by `schedule`.
    """
    _refuse_stops(issue, findings)
    times.refuse_impossible(wall, zone, now=now)
    _set_time(issue, wall, zone, by=by, allowed={IssueState.SCHEDULED})


def stop(issue: Issue) -> None:
    """Take a scheduled issue back before its first mail; it stays approved."""
    _move(
        issue,
        IssueState.APPROVED,
        allowed={IssueState.SCHEDULED},
        send_at=None,
        zone=None,
    )


def begin_sending(issue: Issue, *, now: datetime) -> None:
    """Start a scheduled issue whose audience is frozen: its rows count from this commit on.

    It gets its number among those of its list, by which digests take it up: whatever the
    clocks say, of two that begin one is the later, and who reads the last number has seen it.
    """
    order = None
    if issue.kind is IssueKind.ISSUE:
        order = db.session.scalars(
            sa.update(MailingList)
            .where(MailingList.id == issue.mailing_list_id)
            .values(issues_begun=MailingList.issues_begun + 1)
            .returning(MailingList.issues_begun)
            .execution_options(synchronize_session=False)
        ).one()
    _move(
        issue,
        IssueState.SENDING,
        allowed={IssueState.SCHEDULED},
        begun_at=now,
        begun_order=order,
    )


def pause(issue: Issue, reason: str = "", *, now: datetime) -> None:
    """Hold an issue that is being sent, or one that is due and has not started.

    `reason` is a sentence for the editor; empty when a person paused it. One that
    waits for the relay does not go on by itself any more. Before its time an issue
    is not paused: it is stopped, or given another time.
    """
    allowed = {IssueState.SENDING, IssueState.PAUSED}
    if issue.state is IssueState.SCHEDULED and due_at(issue) <= now:
        allowed.add(IssueState.SCHEDULED)
    _move(
        issue,
        IssueState.PAUSED,
        (Issue.state != IssueState.PAUSED) | waits_for_relay(),
        # Who gave it another time meanwhile has won.
        (Issue.state != IssueState.SCHEDULED)
        | (Issue.send_at == issue.send_at) & (Issue.zone == issue.zone),
        allowed=allowed,
        pause_reason=reason[:500],
    )


def wait_for_relay(issue: Issue, reason: str) -> None:
    """Pause an issue that is being sent until the relay answers; `reason` ends in BY_ITSELF."""
    _move(issue, IssueState.PAUSED, allowed={IssueState.SENDING}, pause_reason=reason)


def go_on(issue: Issue) -> None:
    """Resume an issue that waits for the relay; Refused if a person paused it meanwhile."""
    _move(
        issue, IssueState.SENDING, waits_for_relay(), allowed={IssueState.PAUSED}, pause_reason=""
    )


def is_waiting_for_relay(issue: Issue) -> bool:
    """Tell whether an issue is paused, and goes on by itself when the relay answers."""
    return issue.state is IssueState.PAUSED and issue.pause_reason.endswith(BY_ITSELF)


def waits_for_relay() -> sa.ColumnElement[bool]:
    """Tell of which issues it is said that they wait for the relay: paused, or not yet."""
    return Issue.pause_reason.endswith(BY_ITSELF)


def resume(issue: Issue, *, now: datetime) -> None:
    """Go on with a paused issue; one that never began is due at once, but not before its time."""
    db.session.refresh(issue)
    if issue.begun_at is not None:
        _move(issue, IssueState.SENDING, allowed={IssueState.PAUSED}, pause_reason="")
        return
    is_ahead = issue.state is IssueState.PAUSED and due_at(issue) > now
    wall, zone = clock.wall_time(now, issue.zone or "UTC")
    _move(
        issue,
        IssueState.SCHEDULED,
        Issue.begun_at.is_(None),
        allowed={IssueState.PAUSED},
        pause_reason="",
        **({} if is_ahead else {"send_at": wall, "zone": zone}),
    )


def cancel(issue: Issue) -> None:
    """End an issue for good, or give one up; what was handed over stays sent."""
    _move(
        issue,
        IssueState.CANCELLED,
        allowed=set(IssueState) - {IssueState.SENT, IssueState.CANCELLED},
    )


def finish(issue: Issue, *, now: datetime) -> None:
    """Close an issue whose last delivery is final."""
    _move(issue, IssueState.SENT, allowed={IssueState.SENDING}, sent_at=now, pause_reason="")


def reopen(issue: Issue) -> None:
    """Let an issue that was sent be sent on: a person wants some of its mails sent again."""
    _move(issue, IssueState.SENDING, allowed={IssueState.SENT})


def how_it_stands(issue: Issue) -> str:
    """Return how an issue stands and what can be done with it."""
    return f"{naming.titled(issue.id)} {_WHAT_NOW[issue.state]}."


def due_issues(*, now: datetime) -> list[Issue]:
    """Return the scheduled issues whose time has come, oldest number first."""
    scheduled = db.session.scalars(
        sa.select(Issue)
        .where(Issue.state == IssueState.SCHEDULED, Issue.kind == IssueKind.ISSUE)
        .order_by(Issue.id)
    )
    return [issue for issue in scheduled if due_at(issue) <= now]


def due_at(issue: Issue) -> datetime:
    """Return the instant an issue is scheduled for, by today's zone rules (STANDARDS XH20)."""
    if issue.send_at is None or issue.zone is None:
        raise Refused(f"Issue {issue.id} has no time to be sent at. Schedule it first.")
    return clock.instant(issue.send_at, issue.zone)


def is_late(issue: Issue, *, now: datetime) -> bool:
    """Tell whether a scheduled issue missed its time by so much that a person must decide."""
    return now - due_at(issue) > LATE


def _refuse_stops(issue: Issue, findings: Sequence[Finding]) -> None:
    stops = [finding.sentence for finding in findings if finding.level is Level.STOP]
    if stops:
        raise Refused(f"Issue {issue.id} cannot be sent yet. {' '.join(stops)}")


def _set_time(
    issue: Issue,
    wall: datetime,
    zone: str,
    *,
    by: Editor | None,
    allowed: Collection[IssueState],
) -> None:
    _move(
        issue,
        IssueState.SCHEDULED,
        allowed=allowed,
        send_at=wall,
        zone=zone,
        scheduled_by_id=by.id if by else None,
    )


def _move(
    issue: Issue,
    to: IssueState,
    *conditions: sa.ColumnElement[bool],
    allowed: Collection[IssueState],
    **changes: Any,
) -> None:
    moved = db.session.execute(
        sa.update(Issue)
        .where(Issue.id == issue.id, Issue.state.in_(allowed), *conditions)
        .values(state=to, **changes)
        .execution_options(synchronize_session=False)
    )
    seen = issue.version
    db.session.refresh(issue)
    if rows_changed(moved) != 1:
        if issue.version != seen:
            raise StaleVersion(yours=seen, theirs=issue.version)
        raise Refused(how_it_stands(issue))
