"""The clock's work: whose digest is due gets it, once, whatever happens meanwhile.

Readers are found and texts rendered while others write. Then, in turns, the rows of the
ledger are written together with where each reader's next window begins: a clock that is
killed between two turns, or a second one, neither loses a digest nor sends it twice.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from newsletter.delivery import numbers, turns
from newsletter.delivery.digests import readers, runs, shelf, taken
from newsletter.delivery.digests.content import Composer
from newsletter.delivery.digests.readers import Reader
from newsletter.delivery.digests.runs import Runs
from newsletter.delivery.digests.shelf import Shelf
from newsletter.extensions import db, reading
from newsletter.subscriptions.models import Subscription

T = TypeVar("T")

STRETCH = 20_000
"""People whose texts are rendered before their rows are written."""

PORTION = 100
"""People whose rows are written at once: some milliseconds."""


def make(*, now: datetime) -> list[int]:
    """Write the digests that are due and let them begin; commits. Return their numbers.

    What was due while nothing was running is in one digest, with everything since.
    """
    begun = runs.begin_abandoned(now=now)
    with reading():
        people = db.session.scalars(readers.due_now(now=now)).all()
        if not people:
            return begun
        filled = shelf.fill(readers.oldest_orders(now=now), taken.owed(now=now))
    ours = Runs(now=now)
    for place in range(0, len(people), STRETCH):
        some = people[place : place + STRETCH]
        found = _look(some, filled, ours, now=now)
        turns.take(_write(found, filled, ours, now=now), begin=ours.hold, end=ours.sign)
    return begun + ours.begin()


def _look(people: Sequence[int], filled: Shelf, ours: Runs, *, now: datetime) -> list[Reader]:
    """Find what is for some people, and render it, in a transaction that only reads."""
    found: list[Reader] = []
    with reading():
        composer = Composer()
        for portion in _portions(people, 10 * PORTION):
            found += readers.look(portion, filled, now=now)
        for text in {reader.text: None for reader in found if reader.text is not None}:
            if text not in ours.texts:
                ours.texts[text] = composer.compiled(text)
    return found


def _write(found: Sequence[Reader], filled: Shelf, ours: Runs, *, now: datetime) -> Iterator[int]:
    """Write readers' rows and move their windows, portion by portion; give the rows."""
    for portion in _portions(found, PORTION):
        # Who changed their mind since is next time's.
        same = readers.unchanged(portion)
        written = ours.write(same)
        _move(same, filled, now=now)
        yield written


def _move(found: Sequence[Reader], filled: Shelf, *, now: datetime) -> None:
    for (after, due_at, owed), subscription_ids in readers.moves(found, filled, now=now).items():
        db.session.execute(
            sa.update(Subscription)
            .where(Subscription.id.in_(numbers.each(subscription_ids)))
            .values(digest_after=after, digest_due_at=due_at, digest_owed_since=owed)
            .execution_options(synchronize_session=False)
        )


def _portions(whole: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for place in range(0, len(whole), size):
        yield whole[place : place + size]
