"""Carrying one batch over one connection, recipient by recipient.

A courier looks at the recipient, sends all but the final dot, commits the mark
(together with the answer to the message before), writes the dot and reads the
reply. What it knows and has not committed yet it keeps, and commits first
thing next time, whatever happened in between.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from newsletter import addresses, clock
from newsletter.delivery import alarms, answers, compiling, leases, ledger, recipients
from newsletter.delivery.compiling import Compiled, Person
from newsletter.delivery.health import RelayHealth
from newsletter.delivery.leases import LEASE, DueBatch, Lease
from newsletter.delivery.ledger import Answer, Mark
from newsletter.delivery.models import CompiledEdition, DeliveryState, Send
from newsletter.delivery.recipients import Recipient
from newsletter.errors import ConnectionLost, RenderFault, SenderFault
from newsletter.extensions import db, reading
from newsletter.issues.models import Issue, IssueState
from newsletter.mail.smtp import Connection, Kind, Outcome, RelaySettings

log = logging.getLogger(__name__)

IDLE = timedelta(seconds=2)
"""How long a connection stays open with nothing to send."""

EDITIONS_KEPT = 16


class _Stop(Exception):
    """This batch cannot go on now; what is left of it waits until `not_before`."""

    def __init__(self, not_before: datetime | None = None) -> None:
        self.not_before = not_before


class Courier:
    """One worker with one connection; each thread has its own."""

    def __init__(
        self,
        settings: RelaySettings,
        health: RelayHealth,
        *,
        stop: threading.Event,
        now: Callable[[], datetime] = clock.now,
        lease_length: timedelta = LEASE,
    ) -> None:
        self.lease: Lease | None = None
        self._connection = Connection(settings)
        self._health = health
        self._stop = stop
        self._now = now
        self._lease_length = lease_length
        self._answers: list[Answer] = []
        self._editions: dict[int, Compiled] = {}
        self._opened_at = self._used_at = now()
        self._has_worked = False

    def work_once(self) -> bool:
        """Work on one due batch; False if there is nothing to do now.

        Commits around every message. Meant to be called again and again.
        """
        self._write_what_is_known()
        now = self._now()
        due = self._look_for_work(now)
        if not due:
            if self._connection.is_open and now - self._used_at > IDLE:
                self._connection.close()
            return False
        if not self._is_connected(due[0].issue_id):
            return False
        for batch in due:
            self.lease = leases.claim(batch.batch_id, now=now, length=self._lease_length)
            db.session.commit()
            if self.lease is not None:
                self._carry(batch, self.lease)
                return True
        return False

    def keep_lease(self) -> None:
        """Prolong the lease at hand, from another thread, while the relay takes its time."""
        lease = self.lease
        if lease is not None:
            leases.renew(lease, now=self._now())
            db.session.commit()

    def drop(self) -> None:
        """After an error nobody foresaw: let go of the connection, not of what is known.

        The lease runs out by itself; a message in flight then becomes uncertain.
        """
        self.lease = None
        self._connection.abandon()
        db.session.rollback()

    def hang_up(self) -> None:
        """Commit what is known and end the connection politely."""
        self._write_what_is_known()
        self._connection.close()

    def _write_what_is_known(self) -> None:
        if self._answers:
            ledger.write(self._answers, [], now=self._now())
            self._answers.clear()

    def _look_for_work(self, now: datetime) -> list[DueBatch]:
        if not self._health.may_call(now=now):
            return []
        with reading():
            return list(leases.due_batches(now=now))

    def _is_connected(self, issue_id: int) -> bool:
        if self._connection.is_open:
            return True
        with self._health.opening():
            started_at = self._now()
            if not self._health.may_call(now=started_at):
                return False
            try:
                self._connection.open()
            except ConnectionLost as exc:
                log.warning("relay: %s", exc)
                self._health.failed(since=started_at, now=self._now())
                return False
            except SenderFault as exc:
                self._health.failed(since=started_at, now=self._now())
                self._pause(issue_id, str(exc))
                return False
        self._opened_at = self._now()
        self._has_worked = False
        return True

    def _carry(self, batch: DueBatch, lease: Lease) -> None:
        """Send what is due in the batch, then give it back."""
        not_before = None
        fault = None
        try:
            with reading():
                due = recipients.due_in(batch.batch_id, now=self._now())
            for delivery_id in due:
                self._deliver(delivery_id, batch, lease)
        except _Stop as stop:
            not_before = stop.not_before
        except SenderFault as exc:
            self._health.failed(since=self._opened_at, now=self._now())
            fault = str(exc)
        self._used_at = self._now()
        ledger.close(lease, self._answers, now=self._used_at, not_before=not_before)
        self._answers.clear()
        self.lease = None
        if fault is not None:
            self._pause(batch.issue_id, fault)

    def _deliver(self, delivery_id: int, batch: DueBatch, lease: Lease) -> None:
        if self._stop.is_set() or not self._connection.is_open:
            raise _Stop
        with reading():
            recipient = recipients.look(delivery_id)
            compiled = self._compiled(recipient.edition_id)
        if recipient.issue_state is not IssueState.SENDING:
            raise _Stop
        if recipient.state is not DeliveryState.WAITING:
            return
        attempt = Answer(lease, delivery_id, DeliveryState.SUPPRESSED)
        reason = recipients.why_not(recipient)
        if reason:
            self._answers.append(replace(attempt, reason=reason))
            return
        try:
            mark, data = self._prepare(recipient, compiled, lease)
        except RenderFault as exc:
            log.warning("delivery %s: %s", delivery_id, exc)
            self._answers.append(answers.not_made(attempt, exc))
            return
        self._hand_over(recipient, compiled, mark, data, batch)

    def _prepare(
        self, recipient: Recipient, compiled: Compiled, lease: Lease
    ) -> tuple[Mark, bytes]:
        assert recipient.address and recipient.subscription_id and recipient.format
        date = recipient.first_attempt_at or self._now()
        values = recipient.merge_values or compiling.merge_values(
            recipient.name or "", recipient.attributes or {}, recipient.format
        )
        person = Person(recipient.delivery_id, recipient.subscription_id, recipient.address)
        data = compiling.message_for(compiled, person, values, date=date)
        mark = Mark(lease, recipient.delivery_id, recipient.attempts + 1, date, values)
        return mark, data

    def _hand_over(
        self,
        recipient: Recipient,
        compiled: Compiled,
        mark: Mark,
        data: bytes,
        batch: DueBatch,
    ) -> None:
        was_marked = False

        def before_dot() -> bool:
            nonlocal was_marked
            was_marked = bool(ledger.write(self._answers, [mark], now=self._now()))
            self._answers.clear()
            return was_marked

        assert recipient.address
        try:
            outcome = self._connection.send(
                compiled.sender.address, recipient.address, data, before_dot=before_dot
            )
        except ConnectionLost as exc:
            self._lost(mark, exc)
            raise _Stop(self._after_trouble()) from exc
        self._note(outcome, recipient, mark, batch, was_marked=was_marked)

    def _note(
        self,
        outcome: Outcome,
        recipient: Recipient,
        mark: Mark,
        batch: DueBatch,
        *,
        was_marked: bool,
    ) -> None:
        """Keep what the relay said, to be committed with the next mark."""
        if outcome.kind is Kind.WITHHELD:
            # Paused, cancelled, left, or no longer our batch: whoever looks next will see.
            raise _Stop
        log.info(
            "delivery %s of issue %s to %s: %s %s",
            mark.delivery_id,
            batch.issue_id,
            addresses.hide(recipient.address or ""),
            outcome.kind.value,
            outcome.code or "",
        )
        answer = answers.answer_to(outcome, mark, is_marked=was_marked, now=self._now())
        self._answers.append(answer)
        if answers.is_our_fault(outcome):
            raise SenderFault(
                f"The relay does not take a message as large as this one: {outcome.text}"
            )
        if not self._connection.is_open and outcome.kind is not Kind.SENT:
            raise _Stop(self._after_trouble())
        self._has_worked = True
        self._health.worked()

    def _lost(self, mark: Mark, exc: ConnectionLost) -> None:
        log.warning("relay: %s", exc)
        if not self._has_worked:
            # It may be this very message that the relay cannot stand: the others go first.
            self._answers.append(answers.after_loss(mark, now=self._now()))

    def _after_trouble(self) -> datetime | None:
        """Return when the batch may go on: at once over a new connection if this one had worked."""
        if self._has_worked:
            return None
        return self._health.failed(since=self._opened_at, now=self._now())

    def _compiled(self, edition_id: int) -> Compiled:
        known = self._editions.get(edition_id)
        if known is None:
            row = db.session.get_one(CompiledEdition, edition_id)
            known = compiling.read(row, db.session.get_one(Send, row.send_id))
            if len(self._editions) >= EDITIONS_KEPT:
                self._editions.clear()
            self._editions[edition_id] = known
        return known

    def _pause(self, issue_id: int, reason: str) -> None:
        """Pause the issue, because every further mail would meet the same fault; tell once."""
        log.error("issue %s pauses: %s", issue_id, reason)
        alarms.pause_and_tell(db.session.get_one(Issue, issue_id), reason, now=self._now())
        db.session.commit()
