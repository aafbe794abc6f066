"""When a link that fails is accused, and when it is asked again: pure decisions.

Checkers that accuse at once are wrong so often that nobody reads them. Here a page
that is not there is asked a second time, ten minutes later at least; a site in
trouble fails on two days; and sites that refuse programs are never accused.
"""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

from newsletter.fetching.troubles import Trouble
from newsletter.reachability.models import LinkCheck, LinkState

APART = timedelta(minutes=10)
"""The least time between two failures that count as two."""

A_NIGHT = timedelta(hours=6)
"""The least time from the first failure to one on another day: midnight is not two days."""

RETRIES = {
    LinkState.GONE: (APART, timedelta(hours=1), timedelta(days=1)),
    LinkState.DOWN: (timedelta(minutes=15), timedelta(hours=6)),
}
"""How long after the first, second, ... failure a link is asked again; then after the last."""

OFFLINE_PAUSE = timedelta(hours=1)
"""How long after it seemed that nothing can be reached from here."""

GONE_STATUSES = frozenset({404, 410})
"""What a site says of a page that is not there."""

LASTING = frozenset({Trouble.NO_PUBLIC_HOST})
PASSING = frozenset({Trouble.SILENT, Trouble.UNREACHABLE, Trouble.NOT_TRUSTED, Trouble.UNREADABLE})
"""Failures without an answer that are the site's, for good or perhaps for now."""


@dataclass(frozen=True)
class Outcome:
    """What came of asking once: a status, or a kind of failure."""

    status: int | None = None
    trouble: str = ""


@dataclass(frozen=True)
class History:
    """What is remembered of a link from one time to the next."""

    state: LinkState = LinkState.NEW
    next_at: datetime | None = None
    answered_at: datetime | None = None
    fine_at: datetime | None = None
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    failures: int = 0
    failed_days: int = 0


def history_of(row: LinkCheck) -> History:
    """Return what is remembered of a link, as plain values."""
    return History(**{field.name: getattr(row, field.name) for field in fields(History)})


def state_of(outcome: Outcome, *, is_online: bool) -> LinkState:
    """Return what an outcome means; where nothing answers any more, the fault may be ours."""
    if outcome.status is not None:
        if 200 <= outcome.status < 300:
            return LinkState.FINE
        if outcome.status in GONE_STATUSES:
            return LinkState.GONE
        # 401, 403, 405, 429, 451, 999 and the like: said to programs, not to readers.
        return LinkState.DOWN if 500 <= outcome.status < 600 else LinkState.UNSEEN
    if is_online and outcome.trouble in LASTING:
        return LinkState.GONE
    if is_online and outcome.trouble in PASSING:
        return LinkState.DOWN
    return LinkState.UNSEEN


def after(history: History, outcome: Outcome, *, is_online: bool, now: datetime) -> History:
    """Return what is remembered after one more try."""
    state = state_of(outcome, is_online=is_online)
    answered_at = history.answered_at if outcome.status is None else now
    fine_at = now if state is LinkState.FINE else history.fine_at
    known = History(state, answered_at=answered_at, fine_at=fine_at)
    if state is LinkState.UNSEEN and outcome.status is None and not is_online:
        return replace(known, next_at=now + OFFLINE_PAUSE)
    if state not in RETRIES:
        return known
    if history.state is not state or history.failing_since is None:
        # Failures of another kind, or before it was fine, do not add to this one.
        history = History()
    return _failed(history, known, now=now)


def _failed(history: History, known: History, *, now: datetime) -> History:
    """Return `known` with one more failure in a row, if it is long enough after the last."""
    since = history.failing_since or now
    failures, days, failed_at = history.failures, history.failed_days, history.failed_at
    if failed_at is None or now - failed_at >= APART:
        is_new_day = failed_at is None or (_day(now) != _day(failed_at) and now - since >= A_NIGHT)
        failures, days, failed_at = failures + 1, days + is_new_day, now
    pauses = RETRIES[known.state]
    return replace(
        known,
        next_at=now + pauses[min(failures, len(pauses)) - 1],
        failing_since=since,
        failed_at=failed_at,
        failures=failures,
        failed_days=days,
    )


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def is_accused(history: History) -> bool:
    """Tell whether a link failed often enough to be called broken."""
    if history.state is LinkState.GONE:
        return history.failures >= 2
    return history.state is LinkState.DOWN and history.failed_days >= 2
