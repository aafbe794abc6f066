"""The numbers of one issue, which always add up, and why some did not get it."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.delivery import reasons
from newsletter.delivery.models import Delivery, DeliveryState, Send
from newsletter.errors import NotFound
from newsletter.extensions import db, once
from newsletter.issues import naming
from newsletter.issues.models import Issue

NOBODY_MET = "Nobody has this reason any more. Go back and load the report again."


@dataclass(frozen=True)
class Report:
    """The numbers of one issue: planned is the sum of all others, at every instant."""

    planned: int = 0
    sent: int = 0
    failed: int = 0
    suppressed: int = 0
    cancelled: int = 0
    uncertain: int = 0
    waiting: int = 0
    in_flight: int = 0

    @property
    def is_final(self) -> bool:
        """Nothing waits and nothing is in flight."""
        return not self.waiting and not self.in_flight

    @property
    def final(self) -> int:
        """How many neither wait nor are in flight."""
        return self.planned - self.waiting - self.in_flight

    def as_dict(self) -> dict[str, int]:
        """Return the eight numbers by their names."""
        return asdict(self)


WITHOUT_IT = (DeliveryState.FAILED, DeliveryState.SUPPRESSED, DeliveryState.UNCERTAIN)
"""The ends of those who did not get an issue, or may not have, each for a reason."""


@dataclass(frozen=True)
class Failure:
    """One reason why readers did not get an issue, in plain words, and how many it met."""

    state: str
    reason: str
    count: int

    @property
    def key(self) -> str:
        """What it is called in an address."""
        return hashlib.sha256(f"{self.state} {self.reason}".encode()).hexdigest()[:16]


def report(issue_id: int) -> Report:
    """Return the numbers of an issue, all 0 before it is planned; raise NotFound."""
    get_issue(issue_id)
    send = find_send(issue_id)
    return Report() if send is None else tally(send.id)


def tally(send_id: int) -> Report:
    """Return the numbers of a run, in one query.

    Each state is counted for itself, along an index that holds nothing else: of a
    million rows that is twice as fast as grouping them.
    """
    row = db.session.execute(
        sa.select(
            Send.planned.label("planned"),
            *(
                sa.select(sa.func.count())
                .select_from(Delivery)
                .where(Delivery.send_id == send_id, Delivery.state == state)
                .scalar_subquery()
                .label(state.value)
                for state in DeliveryState
            ),
        ).where(Send.id == send_id)
    ).one()
    return Report(**row._mapping)


def reports_of(issue_ids: Collection[int]) -> dict[int, Report]:
    """Return the numbers of several issues, in one query; all 0 for those not planned.

    Who got it is who is left of all that were planned: the others are few, once an
    issue is sent, and counting them takes no longer for a million readers than for ten.
    """
    others = [state for state in DeliveryState if state is not DeliveryState.SENT]
    rows = db.session.execute(
        sa.select(Send.issue_id, Send.planned, *(_rows_in(state) for state in others))
        .join(Issue, Issue.id == Send.issue_id)
        .where(Send.issue_id.in_(issue_ids), Issue.begun_at.is_not(None))
    )
    found = dict.fromkeys(issue_ids, Report())
    for issue_id, planned, *counts in rows:
        numbers = {state.value: count for state, count in zip(others, counts, strict=True)}
        found[issue_id] = Report(planned=planned, sent=planned - sum(counts), **numbers)
    return found


def uncertain(*, lists: Collection[int] | None = None) -> dict[int, int]:
    """Return how many messages are uncertain, by issue, of all of them or of some lists'."""
    count = _rows_in(DeliveryState.UNCERTAIN)
    question = sa.select(Send.issue_id, count).join(Issue, Issue.id == Send.issue_id)
    if lists is not None:
        question = question.where(Issue.mailing_list_id.in_(lists))
    # A condition on the count would have it counted twice.
    rows = db.session.execute(question.order_by(Send.issue_id.desc()))
    return {issue_id: count for issue_id, count in rows if count}


def failures(issue_id: int) -> Sequence[Failure]:
    """Return why readers did not get an issue, the most frequent reason first."""
    get_issue(issue_id)
    counts: dict[Failure, int] = {}
    for kind, count in _kinds(issue_id):
        known = kind.failure
        counts[known] = counts.get(known, 0) + count
    found = [replace(failure, count=count) for failure, count in counts.items()]
    return sorted(found, key=lambda failure: (-failure.count, failure.reason))


def find_failure(issue_id: int, key: str) -> Failure:
    """Return the reason that has this key, counted; raise NotFound where nobody met it."""
    for failure in failures(issue_id):
        if failure.key == key:
            return failure
    raise NotFound(NOBODY_MET)


def has_reason(issue_id: int, key: str) -> sa.ColumnElement[bool]:
    """Tell of which deliveries of an issue it is true that they met the `Failure` with this key.

    Raises NotFound where none did.
    """
    kinds = [kind.condition() for kind, _ in _kinds(issue_id) if kind.failure.key == key]
    if not kinds:
        raise NotFound(NOBODY_MET)
    return sa.or_(*kinds)


class _Kind(NamedTuple):
    """What deliveries that share a reason have in common in the ledger."""

    state: DeliveryState
    code: int | None
    status: str
    reason: str

    @property
    def failure(self) -> Failure:
        """The same in plain words, not counted yet."""
        words = self.reason or reasons.in_general(self.state, self.code, self.status)
        return Failure(self.state.value, words, 0)

    def condition(self) -> sa.ColumnElement[bool]:
        """Tell which rows these are."""
        found = (
            (Delivery.state == self.state)
            & Delivery.reply_code.is_not_distinct_from(self.code)
            & (Delivery.reply_status == self.status)
        )
        return found if self.code is not None else found & (Delivery.reason == self.reason)


def _kinds(issue_id: int) -> list[tuple[_Kind, int]]:
    # A relay's words differ from reader to reader; our own reasons do not.
    own_reason = sa.case((Delivery.reply_code.is_(None), Delivery.reason), else_="")
    rows = db.session.execute(
        sa.select(
            Delivery.state,
            Delivery.reply_code,
            Delivery.reply_status,
            own_reason,
            sa.func.count(),
        )
        .join(Send, Send.id == Delivery.send_id)
        .where(Send.issue_id == issue_id, Delivery.state.in_(WITHOUT_IT))
        .group_by(sa.literal_column("1"), *map(sa.literal_column, ("2", "3", "4")))
    )
    return [(_Kind(*kind), count) for *kind, count in rows]


def _rows_in(state: DeliveryState) -> sa.ColumnElement[int]:
    return (
        sa.select(sa.func.count())
        .select_from(Delivery)
        .where(Delivery.send_id == Send.id, Delivery.state == state)
        .correlate(Send)
        .scalar_subquery()
        .label(state.value)
    )


def get_issue(issue_id: int) -> Issue:
    """Return an issue by its number; raise NotFound."""
    issue = db.session.get(Issue, issue_id)
    if issue is None:
        raise NotFound(f"There is no {naming.called(issue_id)}.")
    return issue


def find_send(issue_id: int) -> Send | None:
    """Return the run of an issue, or None while it is not planned."""
    return once(("send", issue_id), lambda: _read_send(issue_id))


def _read_send(issue_id: int) -> Send | None:
    return db.session.scalar(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(Send.issue_id == issue_id, Issue.begun_at.is_not(None))
    )


def run_of(issue_id: int) -> sa.ScalarSelect[int]:
    """Return the number of the run of an issue that has begun, to be part of a question."""
    return sa.select(Send.id).where(Send.issue_id == issue_id).scalar_subquery()
