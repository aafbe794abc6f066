"""Reading subscribers from a CSV file, without ever bringing back who left.

Rows that cannot be taken are reported with their reason and do not stop the
others. The import commits every half second of rows, so that readers and
editors can write meanwhile; repeating it is harmless.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from newsletter.audiences.reading import BadRow, Row, read_rows
from newsletter.errors import InvalidInput
from newsletter.extensions import db, insert
from newsletter.subscriptions import consent, digest_windows, senders
from newsletter.subscriptions.consent import Wording
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    Frequency,
    MailFormat,
    MailingList,
    Source,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
    Suppression,
)

CHUNK = 1_000
"""Rows that are looked up and inserted together."""

COMMIT_EVERY = 0.5
"""Seconds of work after which the rows so far are committed."""

WISH = (
    *("subscriber_id", "mailing_list_id", "state", "frequency"),
    *("source", "requested_at", "wish"),
)
INTERVAL = ("subscription_id", "source", "started_at")
EVIDENCE = (
    *("at", "kind", "subscriber_id", "mailing_list_id"),
    *("wording_id", "page", "actor", "detail"),
)
"""The columns that one statement fills for a whole chunk, in its order."""

NO_WISH = "imported"
"""What stands where a confirmation link's part would: nobody is sent one."""


@dataclass
class ImportReport:
    """What came of an import; `refused` has one (line, reason) for every row not taken."""

    rows: int = 0
    imported: int = 0
    already: int = 0
    refused: list[BadRow] = field(default_factory=list)

    def refuse(self, row: Row, reason: str) -> None:
        """Note that a usable row was not taken."""
        self.refused.append(BadRow(row.line, reason))

    def reasons(self) -> Counter[str]:
        """Return how many rows were refused for each reason."""
        return Counter(row.reason for row in self.refused)


def import_file(
    path: Path,
    mailing_list: MailingList,
    *,
    basis: str,
    actor: str,
    now: datetime,
    is_dry_run: bool = False,
) -> ImportReport:
    """Confirm every row of a CSV file on a list; `basis` is the stated consent of each.

    Raises InvalidInput when the file as a whole cannot be read. With
    `is_dry_run` everything is done and rolled back.
    """
    if not basis.strip():
        raise InvalidInput("Say on which basis these people agreed to be written to.")
    report = ImportReport()
    words = Wording(text=basis.strip(), version="import", language=mailing_list.default_language)
    taker = _Taker(mailing_list.id, consent.wording_id(words), actor, now, report)
    rows = read_rows(
        path,
        default_language=mailing_list.default_language,
        own_addresses=senders.own_addresses(),
    )
    began = time.monotonic()
    for chunk in _chunks(rows):
        taker.take(chunk)
        if not is_dry_run and time.monotonic() - began > COMMIT_EVERY:
            db.session.commit()
            began = time.monotonic()
    if is_dry_run:
        db.session.rollback()
    else:
        db.session.commit()
    report.refused.sort(key=lambda row: row.line)
    return report


def _chunks(rows: Iterator[Row | BadRow]) -> Iterator[list[Row | BadRow]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


class _Taker:
    """Puts chunks of rows into the database, with the facts that are the same for all."""

    def __init__(
        self, list_id: int, wording_id: int, actor: str, now: datetime, report: ImportReport
    ) -> None:
        self.list_id = list_id
        self.wording_id = wording_id
        self.actor = actor
        self.now = now
        self.report = report

    def take(self, mixed: list[Row | BadRow]) -> None:
        """Confirm the rows of one chunk, leaving out who left, is suppressed or is there."""
        self.report.rows += len(mixed)
        self.report.refused += [row for row in mixed if isinstance(row, BadRow)]
        chunk = [row for row in mixed if isinstance(row, Row)]
        suppressed = self._suppressed(chunk)
        standing = self._standing(chunk)
        fresh: list[Row] = []
        asked: list[int] = []
        for row in chunk:
            subscription_id, state, has_history = standing.get(
                row.address.canonical, (None, None, False)
            )
            if row.hmac in suppressed:
                self.report.refuse(row, "the address is suppressed")
            elif state in (SubscriptionState.CONFIRMED, SubscriptionState.PAUSED):
                self.report.already += 1
            elif has_history or state is SubscriptionState.UNSUBSCRIBED:
                self.report.refuse(row, "this person left the list")
            elif subscription_id is not None:
                asked.append(subscription_id)
            else:
                fresh.append(row)
        self._confirm(asked + self._subscribe(fresh))

    def _suppressed(self, chunk: list[Row]) -> set[str]:
        hmacs = [row.hmac for row in chunk]
        return set(
            db.session.scalars(
                sa.select(Suppression.address_hmac).where(Suppression.address_hmac.in_(hmacs))
            )
        )

    def _standing(self, chunk: list[Row]) -> dict[str, tuple[int, SubscriptionState, bool]]:
        has_history = sa.exists().where(SubscriptionInterval.subscription_id == Subscription.id)
        found = db.session.execute(
            sa.select(Subscriber.canonical, Subscription.id, Subscription.state, has_history)
            .join(Subscription, Subscription.subscriber_id == Subscriber.id)
            .where(
                Subscription.mailing_list_id == self.list_id,
                Subscriber.canonical.in_([row.address.canonical for row in chunk]),
            )
        )
        return {canonical: (number, state, past) for canonical, number, state, past in found}

    def _subscribe(self, fresh: list[Row]) -> list[int]:
        """Add what is missing of subscribers and pending subscriptions; return the latter.

        Somebody who signs up at the same moment is no conflict: the row that is there is taken.
        """
        if not fresh:
            return []
        people = insert(Subscriber).on_conflict_do_nothing()
        db.session.connection().execute(people, [self._subscriber(row) for row in fresh])
        they = Subscriber.canonical.in_([row.address.canonical for row in fresh])
        wishes = sa.select(
            Subscriber.id,
            sa.literal(self.list_id),
            sa.literal(SubscriptionState.PENDING, Subscription.state.type),
            sa.literal(Frequency.EVERY, Subscription.frequency.type),
            sa.literal(Source.IMPORT, Subscription.source.type),
            sa.literal(self.now, Subscription.requested_at.type),
            sa.literal(NO_WISH),
        ).where(they)
        db.session.execute(insert(Subscription).from_select(WISH, wishes).on_conflict_do_nothing())
        theirs = sa.select(Subscription.id).join(Subscriber).where(they)
        return list(
            db.session.scalars(
                theirs.where(
                    Subscription.mailing_list_id == self.list_id,
                    Subscription.state == SubscriptionState.PENDING,
                ).with_for_update(of=Subscription)
            )
        )

    def _subscriber(self, row: Row) -> dict[str, object]:
        return {
            "address": row.address.spelling,
            "canonical": row.address.canonical,
            "address_hmac": row.hmac,
            "name": row.name,
            "language": row.language,
            "format": MailFormat.HTML,
            "attributes": {},
            "created_at": self.now,
        }

    def _confirm(self, subscription_ids: list[int]) -> None:
        """Confirm subscriptions, each with its interval and its evidence."""
        if not subscription_ids:
            return
        chosen = Subscription.id.in_(subscription_ids)
        db.session.execute(
            sa.update(Subscription)
            .where(chosen)
            .values(state=SubscriptionState.CONFIRMED)
            .execution_options(synchronize_session=False)
        )
        digest_windows.begin_all(subscription_ids, now=self.now)
        intervals = sa.select(
            Subscription.id,
            sa.literal(Source.IMPORT, SubscriptionInterval.source.type),
            sa.literal(self.now, SubscriptionInterval.started_at.type),
        ).where(chosen)
        evidence = sa.select(
            sa.literal(self.now, ConsentEvent.at.type),
            sa.literal(ConsentKind.IMPORTED, ConsentEvent.kind.type),
            Subscription.subscriber_id,
            Subscription.mailing_list_id,
            sa.literal(self.wording_id),
            sa.literal(""),
            sa.literal(self.actor),
            sa.literal(""),
        ).where(chosen)
        db.session.execute(sa.insert(SubscriptionInterval).from_select(INTERVAL, intervals))
        db.session.execute(sa.insert(ConsentEvent).from_select(EVIDENCE, evidence))
        self.report.imported += len(subscription_ids)
