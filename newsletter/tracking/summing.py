"""Sums of the requests for links that all processes kept: judged together, a moment later.

A program that follows everything asks several processes, and what one of them saw looks like a
person. So what they saw lies side by side for a moment, and what was counted stays until nothing
can come any more that is judged by it (STANDARDS C28).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from newsletter.extensions import db, insert, reading
from newsletter.subscriptions import agreeing
from newsletter.subscriptions.agreeing import ReaderClick
from newsletter.subscriptions.models import Subscription
from newsletter.tracking import links
from newsletter.tracking.machines import RUN, Hit, judge, slice_of
from newsletter.tracking.models import ClickDay, RecentClick

Verdict = tuple[Hit, int, bool]
"""Requests, how many, and whether a machine's."""

PATIENCE = 2
"""So many slices after the last that counts, every process has written what it saw of it."""

CHUNK = 500


def add_up(*, now: datetime) -> None:
    """Judge what waited long enough, add it to the sums, and commit."""
    with reading():
        if db.session.scalar(sa.select(RecentClick.slice).limit(1)) is None:
            return
    last = slice_of(now) - RUN - PATIENCE
    verdicts = _judged(last)
    agreed = agreeing.who_agrees({hit.subscription_id for hit, _, _ in verdicts} - {0})
    counted = links.counted({hit.key for hit, _, _ in verdicts})
    verdicts = [one for one in verdicts if _may_be_counted(one[0], counted, agreed)]
    _add(verdicts)
    _name(verdicts)
    # What comes next is judged by what is within one run of it.
    is_over = RecentClick.is_counted & (RecentClick.slice <= last - RUN + 1)
    db.session.execute(
        sa.delete(RecentClick).where(is_over).execution_options(synchronize_session=False)
    )
    db.session.commit()


def _judged(last: int) -> list[Verdict]:
    """Return what no process has counted, until this slice, and mark it as counted."""
    taken = db.session.execute(
        sa.update(RecentClick)
        .where(RecentClick.slice <= last, sa.not_(RecentClick.is_counted))
        .values(is_counted=True)
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    ).all()
    if not taken:
        return []
    first = min(row.slice for row in taken) - RUN + 1
    around = sa.select(*_COLUMNS, RecentClick.requests).where(RecentClick.slice >= first)
    hits = {Hit(*row[:-1]): row.requests for row in db.session.execute(around)}
    machines = judge(hits)
    return [(hit, hits[hit], hit in machines) for hit in (Hit(*row) for row in taken)]


_COLUMNS = (
    RecentClick.slice,
    RecentClick.network,
    RecentClick.link_key,
    RecentClick.is_machine,
    RecentClick.subscription_id,
)


def _may_be_counted(hit: Hit, counted: set[str], agreed: set[int]) -> bool:
    return hit.key in counted and (not hit.subscription_id or hit.subscription_id in agreed)


def _add(verdicts: Sequence[Verdict]) -> None:
    sums: Counter[tuple[str, date, bool]] = Counter()
    for hit, number, is_machine in verdicts:
        # Who agreed is counted by name, so that what is left says nothing of anybody (XJ08).
        if is_machine or not hit.subscription_id:
            sums[hit.key, hit.day, is_machine] += number
    rows = [
        {
            "link_key": key,
            "day": day,
            "people": sums[key, day, False],
            "machines": sums[key, day, True],
        }
        for key, day in sorted({(key, day) for key, day, _ in sums})
    ]
    for begin in range(0, len(rows), CHUNK):
        added = insert(ClickDay).values(rows[begin : begin + CHUNK])
        db.session.execute(
            added.on_conflict_do_update(
                index_elements=["link_key", "day"],
                set_={
                    "people": ClickDay.people + added.excluded.people,
                    "machines": ClickDay.machines + added.excluded.machines,
                },
            )
        )


def _name(verdicts: Sequence[Verdict]) -> None:
    for hit, _, is_machine in verdicts:
        if not is_machine and hit.subscription_id:
            row = {
                "subscription_id": hit.subscription_id,
                "link_key": hit.key,
                "day": hit.day,
            }
            db.session.execute(insert(ReaderClick).values(row).on_conflict_do_nothing())


KEPT = timedelta(days=396)
"""How long it is kept who followed what: 13 months (STANDARDS C14)."""


def forget_old(*, now: datetime) -> None:
    """Delete who followed what, and when somebody last opened a mail, when it is old.

    Nobody waits for the write lock while it looks through all readers; commits.
    """
    oldest = (now - KEPT).date()
    with reading():
        is_old = sa.select(Subscription.id).where(Subscription.last_open_on < oldest)
        numbers = db.session.scalars(is_old).all()
        clicked = sa.select(ReaderClick.subscription_id).where(ReaderClick.day < oldest)
        has_old_clicks = db.session.scalar(clicked.limit(1)) is not None
    for begin in range(0, len(numbers), CHUNK):
        db.session.execute(
            sa.update(Subscription)
            .where(Subscription.id.in_(numbers[begin : begin + CHUNK]))
            .where(Subscription.last_open_on < oldest)
            .values(last_open_on=None)
            .execution_options(synchronize_session=False)
        )
        db.session.commit()
    if has_old_clicks:
        db.session.execute(sa.delete(ReaderClick).where(ReaderClick.day < oldest))
        db.session.commit()
