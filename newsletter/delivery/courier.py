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
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from newsletter import clock
from newsletter.delivery import wakeups
from newsletter.delivery.crew import Crew
from newsletter.delivery.drivers import DATABASE_ERRORS
from newsletter.delivery.findings import Findings
from newsletter.delivery.leases import LEASE
from newsletter.delivery.ledger import Ledger, Turn
from newsletter.delivery.letters import Composer, NoLetter, ticket_of
from newsletter.delivery.loads import Errand
from newsletter.delivery.pacing import Pacer
from newsletter.delivery.portfolio import Portfolio
from newsletter.delivery.sources import Source
from newsletter.delivery.staffing import Staffing
from newsletter.delivery.worries import Worries
from newsletter.mail.connecting import RelaySettings
from newsletter.mail.pipelining import Channel

log = logging.getLogger(__name__)

PATIENCE = 0.002
"""Seconds that a message waits for others, so that one commit holds the marks of many."""

LIVELY = 0.01
"""Seconds without a word after which a connection is not waited for."""

TRICKLE = 0.05
"""Seconds that an answer waits for others to be written with, when nothing goes next."""

NAP = 0.25
"""Seconds of the longest wait: how soon new work, a pause or a stop is seen."""

GRACE = 5.0
"""Seconds that the messages in flight get when the process is asked to stop."""

HOUSEKEEPING = 1.0
"""Seconds between two looks at the disk and the paces."""

LEFT_ALONE = 10.0
"""Seconds until those are tried again that failed."""


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
        monotonic: Callable[[], float] = time.monotonic,
        lease_length: timedelta = LEASE,
    ) -> None:
        self._source = source
        self._connections = connections
        self._stop = stop
        self._now = now
        self._ledger = Ledger()
        self._crew = Crew(settings)
        self._pacer = Pacer(worker=name, now=now)
        self._portfolio = Portfolio(
            source,
            self._ledger,
            closed_for=self._pacer.closed_for,
            now=now,
            lease_length=lease_length,
        )
        self._composer = Composer()
        self._worries = Worries(now=now)
        self._staffing = Staffing(
            self._crew,
            self._pacer,
            self._worries,
            most=connections,
            now=now,
            monotonic=monotonic,
            name=name,
        )
        self._findings = Findings(
            self._pacer, self._portfolio, self._staffing, self._worries, now=now
        )
        self._is_ending = False
        self._waits_since: float | None = None
        self._kept_house_at = 0.0

    def run(self) -> None:
        """Send whatever is due until told to stop; then end what is in flight and let go."""
        try:
            with wakeups.listening(self._wake):
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
        self._let_go(not_before=self._staffing.not_before)

    def hang_up(self) -> None:
        """Commit what is known, give everything back and end the connections."""
        self._wind_up()

    def _wake(self) -> None:
        self._source.hurry()
        self._crew.ring()

    def _is_at_rest(self) -> bool:
        if self._crew.coming or any(not channel.is_idle for channel in self._crew.channels):
            return False
        if self._worries.is_resting:
            return True
        if self._findings:
            return False
        if self._stop.is_set():
            return True
        if self._staffing.is_out_of_reach:
            return True
        return self._portfolio.is_empty and not self._portfolio.has_work

    def _work(self) -> None:
        """Do what can be done now."""
        self._keep_house()
        self._staffing.welcome()
        if not self._worries.is_resting:
            try:
                self._worries.act()
                self._findings.hear_late()
                self._take_on()
                self._take_turn()
            except (*DATABASE_ERRORS, SQLAlchemyError) as exc:
                self._worries.database_failed(exc)

    def _watch(self, nap: float) -> None:
        """Wait for the relay, at most `nap` seconds, and take in what it says."""
        for channel, events in self._crew.watch(nap and self._wait(nap)):
            self._findings.heed(channel, events)
        for channel, events in self._crew.late(time.monotonic()):
            self._findings.heed(channel, events)

    def _take_on(self) -> None:
        """Claim batches while there is a connection for them, and see to enough connections."""
        portfolio = self._portfolio
        if self._worries.stops_everything:
            portfolio.stop_all()
        if not self._may_begin:
            return
        portfolio.leave_sleepers()
        if self._staffing.is_out_of_reach:
            portfolio.stop_all(not_before=self._staffing.not_before)
            return
        if self._crew.channels:
            portfolio.claim(enough=2 * self._connections)
        if portfolio.has_work:
            self._staffing.provide(portfolio.lanes.awake)
        else:
            self._staffing.dismiss_idle()

    # -- turns

    def _take_turn(self) -> None:
        """Commit what is known and what goes next, if it is time; then write the dots."""
        held = [channel for channel in self._crew.channels if channel.is_held]
        free = [channel for channel in self._crew.channels if channel.may_begin]
        if not self._is_time(held, free):
            return
        self._waits_since = None
        errands = self._next_errands(sum(one.pipelines for one in held) + len(free))
        leases = self._portfolio.renewals()
        marks = [ticket_of(channel.letter).mark for channel in held]
        known = list(self._findings.answers)
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
            self._findings.undo(held, errands)
            raise
        self._findings.written(len(known), turn)
        self._worries.database_worked()
        self._finish(held, turn)
        self._begin(errands, turn)
        self._portfolio.lose(turn.lost)
        if not self._findings.answers:
            self._portfolio.close_finished()

    def _is_time(self, held: list[Channel], free: list[Channel]) -> bool:
        now = time.monotonic()
        may_start = bool(free) and self._may_begin and self._portfolio.lanes.awake > 0
        if not (held or self._findings.answers or may_start):
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
        return not (self._is_ending or self._stop.is_set() or self._worries.stops_everything)

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
        tickets = [ticket_of(channel.letter) for channel in held]
        for ticket in tickets:
            ticket.is_marked = ticket.mark.delivery_id in turn.granted
        # A relay may have hung up while we committed: then nothing was sent.
        self._watch(0.0)
        for channel, ticket in zip(held, tickets, strict=True):
            if ticket.is_marked:
                if channel.is_held:
                    channel.finish()
                continue
            if not channel.is_held:
                continue
            self._findings.withhold(channel, ticket)

    def _begin(self, errands: list[Errand], turn: Turn) -> None:
        """Begin the letters of those who were looked at; a dot and an envelope go in one write."""
        looked = {recipient.delivery_id: recipient for recipient in turn.recipients}
        waiting = deque(errands)
        # One for all: a turn's messages have the same Date to the last digit.
        now = self._now()
        try:
            for channel in list(self._crew.channels):
                while waiting and channel.may_begin:
                    recipient = looked.get(waiting[0].delivery_id)
                    letter = self._composer.compose(waiting[0], recipient, now=now)
                    errand = waiting.popleft()
                    if isinstance(letter, NoLetter):
                        self._findings.leave_out(errand, letter)
                    elif refusal := channel.begin(letter):
                        self._findings.note(letter, refusal)
                self._crew.flush(channel)
        finally:
            # Also when an edition cannot be read: the dots are promised.
            for channel in list(self._crew.channels):
                if channel.has_more_to_write:
                    self._crew.flush(channel)
            self._findings.put_back(list(waiting))

    def _keep_house(self) -> None:
        now = time.monotonic()
        if now - self._kept_house_at < HOUSEKEEPING or self._worries.is_resting:
            return
        self._kept_house_at = now
        try:
            self._pacer.refresh(len(self._crew.channels))
            self._worries.look_at_the_disk()
            self._staffing.report()
        except (*DATABASE_ERRORS, SQLAlchemyError) as exc:
            self._worries.database_failed(exc)
            # Turns come first: what fails here alone keeps no mail from going.
            self._kept_house_at = now + LEFT_ALONE

    # -- the end

    def _wind_up(self) -> None:
        """End what is in flight, commit what is known, give back the rest."""
        self._is_ending = True
        try:
            self._end_what_is_begun()
            self._let_go(not_before=None)
        finally:
            # Also after what nobody foresaw: whoever comes next begins with nothing held back.
            self._crew.go_home()
            self._portfolio.forget()
            self._pacer.close()
            self._ledger.hang_up()

    def _end_what_is_begun(self) -> None:
        end = time.monotonic() + GRACE
        while time.monotonic() < end and (
            self._findings or any(not channel.is_idle for channel in self._crew.channels)
        ):
            self._work()
            self._watch(TRICKLE)

    def _let_go(self, *, not_before: datetime | None) -> None:
        self._portfolio.stop_all(not_before=not_before)
        try:
            if not self._findings.answers:
                self._portfolio.close_finished()
        except (*DATABASE_ERRORS, SQLAlchemyError) as exc:
            self._worries.database_failed(exc)

    def _wait(self, nap: float) -> float:
        """Return the seconds to wait for the relay before the next turn."""
        if self._worries.is_resting:
            return nap
        if self._ledger.rest() > 0 and self._waits_since is not None:
            return 0.0
        if self._waits_since is not None:
            return PATIENCE
        wakes_at = self._portfolio.lanes.wakes_at
        return nap if wakes_at is None else max(0.0, min(nap, wakes_at - time.monotonic()))
