"""Carrying batches to the relay: one loop over many connections, one writer of the ledger.

Each turn commits in one transaction the outcomes of what was answered and the
marks of what goes next; then it writes the dots, and the envelopes of the
messages after those. What it knows and could not commit it keeps, and commits
first thing when it can.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from newsletter import addresses, clock
from newsletter.delivery import answers, beats, compiling, halting, reserve
from newsletter.delivery.backoff import after_database_fault
from newsletter.delivery.compiling import Person
from newsletter.delivery.crew import Crew
from newsletter.delivery.editions import Editions
from newsletter.delivery.health import RelayHealth
from newsletter.delivery.leases import LEASE
from newsletter.delivery.ledger import Answer, Ledger, Mark, Turn
from newsletter.delivery.loads import Errand
from newsletter.delivery.models import DeliveryState
from newsletter.delivery.pacing import Pacer
from newsletter.delivery.portfolio import Portfolio
from newsletter.delivery.recipients import Recipient, why_not
from newsletter.delivery.sources import Source
from newsletter.delivery.statements import DATABASE_ERRORS
from newsletter.errors import ConnectionLost, InvalidAddress, RenderFault, SenderFault
from newsletter.extensions import db
from newsletter.issues.models import IssueState
from newsletter.mail.connecting import RelaySettings
from newsletter.mail.message import addr_spec
from newsletter.mail.pipelining import Channel, Ended, Letter, Lost
from newsletter.mail.replies import Kind, Outcome
from newsletter.subscriptions.models import MailFormat

log = logging.getLogger(__name__)

PATIENCE = 0.002
"""Seconds that a message waits for others, so that one commit holds the marks of many."""

LIVELY = 0.01
"""Seconds without a word after which a connection is not waited for."""

TRICKLE = 0.05
"""Seconds that an answer waits for others to be written with, when nothing goes next."""

IDLE = 2.0
"""Seconds that a connection stays open with nothing to send."""

NAP = 0.25
"""Seconds of the longest wait: how soon new work, a pause or a stop is seen."""

GRACE = 5.0
"""Seconds that the messages in flight get when the process is asked to stop."""

HOUSEKEEPING = 1.0
"""Seconds between two looks at the disk and the paces; a sign of life is given less often."""


@dataclass(slots=True, eq=False)
class Ticket:
    """What a letter on a channel is to the ledger."""

    errand: Errand
    mark: Mark
    is_marked: bool = False


class Courier:
    """Sends what its source gives it, over up to `connections` connections, in one thread."""

    def __init__(
        self,
        settings: RelaySettings,
        source: Source,
        *,
        connections: int,
        stop: threading.Event,
        name: str = "",
        now: Callable[[], datetime] = clock.now,
        lease_length: timedelta = LEASE,
    ) -> None:
        self._connections = connections
        self._stop = stop
        self._now = now
        self._name = name
        self._ledger = Ledger()
        self._crew = Crew(settings)
        self._health = RelayHealth()
        self._pacer = Pacer(worker=name, now=now)
        self._portfolio = Portfolio(source, now=now, lease_length=lease_length)
        self._editions = Editions()
        self._answers: list[Answer] = []
        # When each connection had its last message and whether it ever carried one.
        self._proven: set[Channel] = set()
        self._asked_at = now()
        self._waits_since: float | None = None
        self._database_faults = 0
        self._rests_until = 0.0
        self._kept_house_at = 0.0
        # What has to pause, and why: all that is being sent, or single issues.
        self._pause_for = ""
        self._pauses: dict[int, str] = {}

    def run(self) -> None:
        """Send whatever is due until told to stop; then end what is in flight and let go."""
        try:
            while not self._stop.is_set():
                self._work()
                self._watch(NAP)
        finally:
            self._wind_up()

    def drain(self) -> None:
        """Send what is due now and return; also when the relay or the database is away."""
        self._work()
        while not self._is_at_rest():
            self._watch(NAP)
            self._work()
        self._let_go(not_before=self._health.not_before)

    def hang_up(self) -> None:
        """Commit what is known, give everything back and end the connections."""
        self._wind_up()

    def _is_at_rest(self) -> bool:
        if self._crew.coming or any(not channel.is_idle for channel in self._crew.channels):
            return False
        if self._rests_until > time.monotonic():
            return True
        if self._answers:
            return False
        if self._stop.is_set():
            return True
        if not self._health.may_call(now=self._now()) and not self._crew.channels:
            return True
        return self._portfolio.is_empty and not self._portfolio.has_work

    def _work(self) -> None:
        """Do what can be done now."""
        self._keep_house()
        self._welcome()
        if time.monotonic() >= self._rests_until:
            try:
                self._pause()
                self._take_on()
                self._take_turn()
            except (*DATABASE_ERRORS, SQLAlchemyError) as exc:
                self._database_failed(exc)

    def _watch(self, nap: float) -> None:
        """Wait for the relay, at most `nap` seconds, and take in what it says."""
        for channel, events in self._crew.watch(self._wait(nap)):
            self._heed(channel, events)
        for channel, events in self._crew.late(time.monotonic()):
            self._heed(channel, events)

    # -- connections

    def _welcome(self) -> None:
        """Take over the connections that were opened, and learn from those that were not."""
        for arrived in self._crew.arrivals():
            if isinstance(arrived, Channel):
                continue
            log.warning("relay: %s", arrived)
            if isinstance(arrived, ConnectionLost) and self._crew.channels:
                # It takes no more than it has: so many are enough (STANDARDS XG25).
                self._pacer.turned_away()
                continue
            self._health.failed(since=self._asked_at, now=self._now())
            if isinstance(arrived, SenderFault):
                self._ask_a_person(str(arrived))

    def _take_on(self) -> None:
        """Claim batches while there is a connection for them, and open as many as they need."""
        if self._stop.is_set() or self._pause_for:
            return
        crew, portfolio = self._crew, self._portfolio
        portfolio.leave_sleepers()
        if not crew.channels and not self._health.may_call(now=self._now()):
            portfolio.stop_all(not_before=self._health.not_before)
            return
        if crew.channels:
            portfolio.claim(enough=2 * self._connections)
        if not portfolio.has_work:
            self._dismiss_idle()
            return
        most = self._pacer.connections(self._connections)
        wanted = min(most, max(1, portfolio.lanes.awake))
        missing = wanted - len(crew.channels) - crew.coming
        if missing > 0 and self._health.may_call(now=self._now()):
            if not crew.coming:
                self._asked_at = self._now()
            # The first one shows whether the relay is there at all.
            crew.ask(missing if self._proven else min(missing, 1 - crew.coming))
        surplus = max(0, len(crew.channels) - most)
        for channel in [one for one in crew.channels if one.is_idle][:surplus]:
            crew.dismiss(channel)

    def _dismiss_idle(self) -> None:
        now = time.monotonic()
        for channel in list(self._crew.channels):
            if channel.is_idle and now - channel.used_at > IDLE:
                self._proven.discard(channel)
                self._crew.dismiss(channel)

    # -- turns

    def _take_turn(self) -> None:
        """Commit what is known and what goes next, if it is time; then write the dots."""
        held = [channel for channel in self._crew.channels if channel.is_held]
        free = [channel for channel in self._crew.channels if channel.may_begin]
        if not self._is_time(held, free):
            return
        self._waits_since = None
        errands = self._next_errands(len(held) + len(free))
        leases = self._portfolio.renewals()
        marks = [self._ticket(channel).mark for channel in held]
        known = list(self._answers)
        if not (known or marks or errands or leases):
            self._portfolio.close_finished()
            return
        try:
            turn = self._ledger.turn(
                known,
                marks,
                [errand.delivery_id for errand in errands],
                held=leases,
                now=self._now(),
            )
        except (*DATABASE_ERRORS, SQLAlchemyError):
            self._undo(held, errands)
            raise
        del self._answers[: len(known)]
        self._database_faults = 0
        self._finish(held, turn)
        self._begin(errands, turn)
        self._portfolio.lose(turn.lost)
        if not self._answers:
            self._portfolio.close_finished()

    def _is_time(self, held: list[Channel], free: list[Channel]) -> bool:
        now = time.monotonic()
        may_start = bool(free) and self._may_begin and self._portfolio.lanes.awake > 0
        if not (held or self._answers or may_start):
            # Leases and finished batches are looked after also when nothing moves.
            return True
        if self._waits_since is None:
            self._waits_since = now
        if self._ledger.rest() > 0:
            return False
        waited = now - self._waits_since
        moving = sum(
            1
            for channel in self._crew.channels
            if not channel.is_held and not channel.is_idle and now - channel.used_at < LIVELY
        )
        if not moving:
            return True
        return waited >= (PATIENCE if held or may_start else TRICKLE)

    @property
    def _may_begin(self) -> bool:
        return not (self._stop.is_set() or self._pause_for)

    def _next_errands(self, count: int) -> list[Errand]:
        errands: list[Errand] = []
        lanes, now = self._portfolio.lanes, time.monotonic()
        while len(errands) < count and self._may_begin:
            errand = lanes.take(self._pacer.admit, now=now)
            if errand is None:
                break
            errands.append(errand)
        return errands

    def _finish(self, held: list[Channel], turn: Turn) -> None:
        """Write the dots of what was granted; what was not is not sent."""
        for channel in held:
            ticket = self._ticket(channel)
            if ticket.mark.delivery_id in turn.granted:
                ticket.is_marked = True
                # It may have hung up while we committed: then nothing was sent.
                self._heed(channel, self._crew.look(channel))
                if channel.is_held:
                    channel.finish()
                continue
            # Paused, cancelled, left, or no longer our batch: whoever looks next will see.
            self._crew.abandon(channel)
            self._proven.discard(channel)
            self._settle(ticket.errand, "withheld")
            self._portfolio.stop(ticket.errand.load)

    def _begin(self, errands: list[Errand], turn: Turn) -> None:
        """Begin the letters of those who were looked at; a dot and an envelope go in one write."""
        looked = {recipient.delivery_id: recipient for recipient in turn.recipients}
        waiting = deque(errands)
        try:
            for channel in list(self._crew.channels):
                while waiting and channel.may_begin:
                    errand = waiting[0]
                    letter = self._letter_for(errand, looked.get(errand.delivery_id))
                    waiting.popleft()
                    refusal = letter and channel.begin(letter)
                    if letter and refusal:
                        self._note(letter, refusal)
                self._crew.flush(channel)
        finally:
            self._put_back(list(waiting))

    def _letter_for(self, errand: Errand, recipient: Recipient | None) -> Letter | None:
        """Return the message for one recipient, or None if there is none to be sent now."""
        load = errand.load
        if load.is_stopped or recipient is None or recipient.state != DeliveryState.WAITING:
            self._settle(errand, "left")
            return None
        if recipient.issue_state != IssueState.SENDING:
            self._settle(errand, "left")
            self._portfolio.stop(load)
            return None
        answer = Answer(load.lease, errand.delivery_id, DeliveryState.SUPPRESSED)
        reason = why_not(recipient)
        if reason:
            self._answers.append(replace(answer, reason=reason))
            self._settle(errand, "suppressed")
            return None
        try:
            return self._compose(errand, recipient)
        except RenderFault as exc:
            log.warning("delivery %s: %s", errand.delivery_id, exc)
            self._answers.append(answers.not_made(answer, exc))
            self._settle(errand, "failed")
            return None

    def _compose(self, errand: Errand, recipient: Recipient) -> Letter | None:
        assert recipient.address and recipient.subscription_id and recipient.format
        compiled = self._editions.get(recipient.edition_id)
        date = recipient.first_attempt_at or self._now()
        values = recipient.merge_values or compiling.merge_values(
            recipient.name or "", recipient.attributes or {}, MailFormat(recipient.format)
        )
        person = Person(recipient.delivery_id, recipient.subscription_id, recipient.address)
        data = compiling.message_for(compiled, person, values, date=date)
        mark = Mark(errand.load.lease, recipient.delivery_id, recipient.attempts + 1, date, values)
        ticket = Ticket(errand, mark)
        try:
            sender, receiver = addr_spec(compiled.sender.address), addr_spec(recipient.address)
        except InvalidAddress as exc:
            outcome = Outcome(Kind.REFUSED, status="5.1.3", text=str(exc))
            self._note(Letter("", recipient.address, b"", ticket), outcome)
            return None
        return Letter(sender, receiver, data, ticket)

    # -- what the relay said

    def _heed(self, channel: Channel, events: list[Ended | Lost]) -> None:
        for event in events:
            if isinstance(event, Ended):
                if event.outcome.phase:
                    self._proven.add(channel)
                    self._health.worked()
                self._note(event.letter, event.outcome)
            else:
                self._lost(channel, event)

    def _note(self, letter: Letter, outcome: Outcome) -> None:
        """Keep how a letter ended, to be committed with the next marks."""
        ticket = letter.ticket
        assert isinstance(ticket, Ticket)
        errand, mark = ticket.errand, ticket.mark
        log.log(
            logging.DEBUG if outcome.kind is Kind.SENT else logging.INFO,
            "delivery %s of issue %s to %s: %s %s",
            mark.delivery_id,
            errand.load.batch.issue_id,
            addresses.hide(letter.recipient),
            outcome.kind.value,
            outcome.code or "",
        )
        self._answers.append(
            answers.answer_to(outcome, mark, is_marked=ticket.is_marked, now=self._now())
        )
        self._settle(errand, outcome.kind.value)
        reason = answers.why_it_is_us(outcome) or self._pacer.note(errand.provider, outcome)
        if reason:
            self._pauses.setdefault(errand.load.batch.issue_id, reason)

    def _lost(self, channel: Channel, event: Lost) -> None:
        log.warning("relay: %s", event.error)
        has_worked = channel in self._proven
        self._proven.discard(channel)
        if event.unsent is not None:
            ticket = event.unsent.ticket
            assert isinstance(ticket, Ticket)
            self._pacer.leave(ticket.errand.provider)
            if ticket.is_marked:
                self._answers.append(answers.taken_back(ticket.mark))
                ticket.errand.load.open -= 1
            elif has_worked:
                self._portfolio.put_back(ticket.errand)
            else:
                # It may be this very message that the relay cannot stand: the others go first.
                self._answers.append(answers.after_loss(ticket.mark, now=self._now()))
                ticket.errand.load.open -= 1
        if isinstance(event.error, SenderFault):
            self._health.failed(since=self._asked_at, now=self._now())
            self._ask_a_person(str(event.error))
        elif not has_worked:
            self._health.failed(since=self._asked_at, now=self._now())

    # -- trouble

    def _undo(self, held: list[Channel], errands: list[Errand]) -> None:
        """Take back what a failed transaction asked for, which may have been committed or not."""
        for channel in held:
            ticket = self._ticket(channel)
            # No dot is written, so whatever the mark became, nothing was sent.
            self._answers.append(answers.taken_back(ticket.mark))
            self._crew.abandon(channel)
            self._settle(ticket.errand, "taken back")
        self._put_back(errands)

    def _put_back(self, errands: list[Errand]) -> None:
        for errand in errands:
            self._pacer.leave(errand.provider)
            self._portfolio.put_back(errand)

    def _database_failed(self, exc: Exception) -> None:
        db.session.rollback()
        self._database_faults += 1
        wait = after_database_fault(self._database_faults)
        self._rests_until = time.monotonic() + wait
        log.error("the database failed; what is known is kept and written in %.1f s: %s", wait, exc)
        if reserve.is_full(exc):
            self._ask_a_person(reserve.FULL)

    def _ask_a_person(self, reason: str) -> None:
        """Pause every issue that is being sent: each mail of it would meet the same fault."""
        self._pause_for = reason
        self._portfolio.stop_all()

    def _pause(self) -> None:
        if self._pause_for:
            halting.pause_all(self._pause_for, now=self._now())
            self._pause_for = ""
        while self._pauses:
            issue_id, reason = next(iter(self._pauses.items()))
            halting.pause(issue_id, reason, now=self._now())
            del self._pauses[issue_id]

    def _keep_house(self) -> None:
        now = time.monotonic()
        if now - self._kept_house_at < HOUSEKEEPING or now < self._rests_until:
            return
        self._kept_house_at = now
        try:
            self._pacer.refresh()
            shortage = reserve.shortage()
            if shortage:
                self._ask_a_person(shortage)
            if self._name:
                beats.beat(self._name, connections=len(self._crew.channels), now=self._now())
        except (*DATABASE_ERRORS, SQLAlchemyError) as exc:
            self._database_failed(exc)

    # -- the end

    def _wind_up(self) -> None:
        """End what is in flight, commit what is known, give back the rest."""
        end = time.monotonic() + GRACE
        while time.monotonic() < end and (
            self._answers or any(not channel.is_idle for channel in self._crew.channels)
        ):
            self._work()
            self._watch(TRICKLE)
        self._let_go(not_before=None)
        self._crew.go_home()
        self._pacer.close()
        self._ledger.hang_up()

    def _let_go(self, *, not_before: datetime | None) -> None:
        self._portfolio.stop_all(not_before=not_before)
        try:
            if not self._answers:
                self._portfolio.close_finished()
        except (*DATABASE_ERRORS, SQLAlchemyError) as exc:
            self._database_failed(exc)

    def _settle(self, errand: Errand, how: str) -> None:
        self._pacer.leave(errand.provider)
        self._portfolio.settle(errand, how)

    def _wait(self, nap: float) -> float:
        """Return the seconds to wait for the relay before the next turn."""
        if self._ledger.rest() > 0 and self._waits_since is not None:
            return 0.0
        if self._waits_since is not None:
            return PATIENCE
        wakes_at = self._portfolio.lanes.wakes_at
        return nap if wakes_at is None else max(0.0, min(nap, wakes_at - time.monotonic()))

    @staticmethod
    def _ticket(channel: Channel) -> Ticket:
        assert channel.letter is not None and isinstance(channel.letter.ticket, Ticket)
        return channel.letter.ticket
