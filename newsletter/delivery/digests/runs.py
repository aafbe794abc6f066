"""The runs that one clock is writing: rows that are right by themselves after every turn.

A digest that is being written has not begun, as an issue that is being planned. But where
a planner's rows are cleared away when it dies, because the issue is planned anew, here the
windows of the readers have moved with the rows: whoever comes next lets it begin as it is.
"""

import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import drafting
from newsletter.delivery.digests.content import name_of
from newsletter.delivery.digests.readers import Reader, Run, Text
from newsletter.delivery.models import (
    Batch,
    CompiledEdition,
    Delivery,
    DeliveryState,
    Digest,
    DigestIssue,
    Send,
)
from newsletter.errors import Refused
from newsletter.extensions import Base, add_if_free, db, reading
from newsletter.issues import workflow
from newsletter.issues.models import Edition, Issue, IssueKind, IssueState
from newsletter.translating import translator

log = logging.getLogger(__name__)

BATCH_SIZE = 500
"""Deliveries in a batch, as of an issue."""


class _Open:
    """One run that is being written."""

    def __init__(self, issue_id: int, send_id: int) -> None:
        self.issue_id = issue_id
        self.send_id = send_id
        self.editions: dict[Text, int] = {}
        self.batch_id = 0
        self.room = 0
        self.fresh = 0


class Runs:
    """All that one clock has open; `texts` are what was rendered, and nothing else is sent."""

    def __init__(self, *, now: datetime) -> None:
        self.texts: dict[Text, dict[str, Any] | None] = {}
        self._open: dict[Run, _Open] = {}
        self._now = now
        self._began_at = time.monotonic()

    def hold(self) -> None:
        """Begin a turn: nobody moves our runs until it ends, and one that began is not ours."""
        numbers = [run.issue_id for run in self._open.values()]
        if not numbers:
            return
        ours = set(
            db.session.scalars(
                sa.select(Issue.id)
                .where(Issue.id.in_(numbers), Issue.state == IssueState.SCHEDULED)
                .with_for_update()
            )
        )
        self._open = {key: run for key, run in self._open.items() if run.issue_id in ours}

    def write(self, readers: Iterable[Reader]) -> int:
        """Write a row for each reader who gets something; return how many."""
        rows: dict[_Open, list[dict[str, Any]]] = defaultdict(list)
        by_text: dict[Text, list[Reader]] = defaultdict(list)
        for reader in readers:
            # Never an empty digest: all that is in it may have been withdrawn.
            if reader.text is not None and self.texts[reader.text] is not None:
                by_text[reader.text].append(reader)
        # Those who read the same stand side by side: a sender keeps few texts at hand.
        for text, same in by_text.items():
            run = self._run(text.run)
            edition_id = self._edition(run, text)
            rows[run] += [
                {
                    "send_id": run.send_id,
                    "edition_id": edition_id,
                    "subscriber_id": reader.subscriber_id,
                    "provider": reader.provider,
                    "state": DeliveryState.WAITING,
                }
                for reader in same
            ]
        for run, of_run in rows.items():
            self._put(run, of_run)
        return sum(map(len, rows.values()))

    def sign(self, _rows: int) -> None:
        """End a turn: give a sign of life, and say how many rows there are."""
        passed = timedelta(seconds=time.monotonic() - self._began_at)
        for run in self._open.values():
            db.session.execute(
                sa.update(Send)
                .where(Send.id == run.send_id)
                .values(
                    planned=Send.planned + run.fresh,
                    planned_at=drafting.shared(self._now + passed),
                )
                .execution_options(synchronize_session=False)
            )
            run.fresh = 0

    def begin(self) -> list[int]:
        """Let all of them begin, and commit; return their numbers."""
        numbers = [run.issue_id for run in self._open.values()]
        self._open = {}
        return [number for number in numbers if begin(number, now=self._now)]

    def _run(self, key: Run) -> _Open:
        if key not in self._open:
            self._open[key] = _add(key, now=self._now)
        return self._open[key]

    def _edition(self, run: _Open, text: Text) -> int:
        if text not in run.editions:
            edition = CompiledEdition(
                send_id=run.send_id,
                language=text.language,
                variant=_variant(text),
                content=self.texts[text],
            )
            db.session.add(edition)
            db.session.flush()
            db.session.execute(
                sa.insert(DigestIssue),
                [{"edition_id": edition.id, "issue_id": number} for number in text.issues],
            )
            run.editions[text] = edition.id
            # Its text may be large, and is not looked at again.
            db.session.expunge(edition)
        return run.editions[text]

    def _put(self, run: _Open, rows: list[dict[str, Any]]) -> None:
        table = Base.metadata.tables[Delivery.__tablename__]
        run.fresh += len(rows)
        while rows:
            if not run.room:
                run.batch_id = db.session.scalars(
                    sa.insert(Batch)
                    .values(send_id=run.send_id, due_at=self._now)
                    .returning(Batch.id)
                ).one()
                run.room = BATCH_SIZE
            some, rows = rows[: run.room], rows[run.room :]
            run.room -= len(some)
            db.session.execute(
                sa.insert(table), [{**row, "batch_id": run.batch_id} for row in some]
            )


def begin(number: int, *, now: datetime) -> bool:
    """Let a digest begin whose rows are written; commits. False if a person holds it."""
    issue = db.session.get_one(Issue, number, populate_existing=True)
    send = drafting.find(number)
    assert send is not None
    with suppress(Refused):
        workflow.begin_sending(issue, now=now)
        send.planned_at = now
        log.info("digest %s: written for %s readers", -number, send.planned)
        db.session.commit()
        return True
    db.session.rollback()
    return False


def begin_abandoned(*, now: datetime) -> list[int]:
    """Let those begin that a clock left which died while it wrote; return their numbers."""
    with reading():
        left = db.session.scalars(
            sa.select(Send)
            .join(Issue, Issue.id == Send.issue_id)
            .where(
                Issue.kind == IssueKind.DIGEST,
                Issue.state == IssueState.SCHEDULED,
                Issue.begun_at.is_(None),
            )
        ).all()
        numbers = [send.issue_id for send in left if drafting.is_abandoned(send, now=now)]
    return [number for number in numbers if begin(number, now=now)]


def _add(key: Run, *, now: datetime) -> _Open:
    """Add a digest, below the lowest number that there is."""
    issue = Issue(
        kind=IssueKind.DIGEST,
        mailing_list_id=key.list_id,
        state=IssueState.SCHEDULED,
        send_at=now.astimezone(UTC).replace(tzinfo=None),
        zone="UTC",
        created_at=now,
        updated_at=now,
    )
    issue.id = _lowest() - 1
    while not add_if_free(issue):
        # Two clocks at once: the other one took it.
        issue.id = _lowest() - 1
    db.session.add(
        Edition(
            issue_id=issue.id,
            language="en",
            subject=name_of(key.period, key.day, translator("en")),
        )
    )
    db.session.add(Digest(issue_id=issue.id, period=key.period, day=key.day))
    send = Send(issue_id=issue.id, planned=0, planned_at=drafting.shared(now))
    db.session.add(send)
    db.session.flush()
    return _Open(issue.id, send.id)


def _lowest() -> int:
    return min(db.session.scalar(sa.select(sa.func.min(Issue.id))) or 0, 0)


def _variant(text: Text) -> str:
    """Return by which issues a text differs from others of its run and language."""
    return hashlib.sha256(",".join(map(str, text.issues)).encode()).hexdigest()[:32]
