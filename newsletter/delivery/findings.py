"""What is known about errands and not committed yet, and what follows from it for the rest."""

import logging
from collections.abc import Callable
from datetime import datetime

from newsletter import addresses
from newsletter.delivery import answers, latecomers
from newsletter.delivery.ledger import Answer, Turn
from newsletter.delivery.letters import NoLetter, Ticket, ticket_of
from newsletter.delivery.loads import Errand
from newsletter.delivery.pacing import Pacer
from newsletter.delivery.portfolio import Portfolio
from newsletter.delivery.staffing import Staffing
from newsletter.delivery.worries import Worries
from newsletter.mail.letters import Ended, Letter, Lost
from newsletter.mail.pipelining import Channel
from newsletter.mail.replies import Kind, Outcome

log = logging.getLogger(__name__)


class Findings:
    """The answers of one courier until they are written; nothing is forgotten before."""

    def __init__(
        self,
        pacer: Pacer,
        portfolio: Portfolio,
        staffing: Staffing,
        worries: Worries,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self.answers: list[Answer] = []
        # Those that met no row in flight, and say that nothing was sent.
        self._late: list[Answer] = []
        self._pacer = pacer
        self._portfolio = portfolio
        self._staffing = staffing
        self._worries = worries
        self._now = now

    def __bool__(self) -> bool:
        return bool(self.answers or self._late)

    def written(self, count: int, turn: Turn) -> None:
        """Forget the first `count` answers: they are committed."""
        del self.answers[:count]
        self._late += turn.late

    def hear_late(self) -> None:
        """Let rows wait again of which a sweep knew less than we do; commits."""
        while self._late:
            latecomers.hear(self._late[0], now=self._now())
            del self._late[0]

    def heed(self, channel: Channel, events: list[Ended | Lost]) -> None:
        for event in events:
            if isinstance(event, Ended):
                if event.outcome.phase:
                    self._staffing.worked(channel)
                self.note(event.letter, event.outcome)
            else:
                self._lost(channel, event)

    def note(self, letter: Letter, outcome: Outcome) -> None:
        """Keep how a letter ended, to be committed with the next marks."""
        ticket = ticket_of(letter)
        errand, mark = ticket.errand, ticket.mark
        level = logging.DEBUG if outcome.kind is Kind.SENT else logging.INFO
        if log.isEnabledFor(level):
            log.log(
                level,
                "delivery %s of issue %s to %s: %s %s",
                mark.delivery_id,
                errand.load.batch.issue_id,
                addresses.hide(letter.recipient),
                outcome.kind.value,
                outcome.code or "",
            )
        self.answers.append(
            answers.answer_to(outcome, mark, is_marked=ticket.is_marked, now=self._now())
        )
        self._settle(errand, outcome.kind.value)
        reason = answers.why_it_is_us(outcome) or self._pacer.note(errand.provider, outcome)
        if reason:
            self._worries.pause_issue(errand.load.batch.issue_id, reason)

    def _lost(self, channel: Channel, event: Lost) -> None:
        has_worked = self._staffing.lost(channel, event.error)
        if event.unsent is None:
            return
        ticket = ticket_of(event.unsent)
        if not ticket.is_marked and has_worked:
            self.put_back([ticket.errand])
            return
        # It may be this very message that the relay cannot stand: the others go first.
        self.answers.append(
            answers.after_loss(ticket.mark, is_marked=ticket.is_marked, now=self._now())
        )
        self._settle(ticket.errand, "put off")

    def undo(self, held: list[Channel], errands: list[Errand]) -> None:
        """Take back what a failed transaction asked for, which may have been committed or not."""
        for channel in held:
            ticket = ticket_of(channel.letter)
            # No dot is written, so whatever the mark became, nothing was sent.
            self.answers.append(answers.taken_back(ticket.mark, now=self._now()))
            self._staffing.abandon(channel)
            self._settle(ticket.errand, "taken back", was_begun=False)
        self.put_back(errands)

    def put_back(self, errands: list[Errand]) -> None:
        for errand in errands:
            self._pacer.refund(errand.provider, errand.load.mailing_list_id)
            self._portfolio.put_back(errand)

    def leave_out(self, errand: Errand, why: NoLetter) -> None:
        if why.answer is not None:
            self.answers.append(why.answer)
        self._settle(errand, why.how, was_begun=False)
        if why.stops:
            self._portfolio.stop(errand.load)

    def withhold(self, channel: Channel, ticket: Ticket) -> None:
        """Send nothing of what was begun: paused, cancelled, left, or no longer our batch.

        Whoever looks next will see which.
        """
        self._staffing.abandon(channel)
        self._settle(ticket.errand, "withheld", was_begun=False)
        self._portfolio.stop(ticket.errand.load)

    def _settle(self, errand: Errand, how: str, *, was_begun: bool = True) -> None:
        # Who got nothing does not count against a limit.
        over = self._pacer.leave if was_begun else self._pacer.refund
        over(errand.provider, errand.load.mailing_list_id)
        self._portfolio.settle(errand, how)
