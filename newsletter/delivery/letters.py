"""From a recipient who was looked at to the letter for a channel, or why there is none."""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from newsletter.delivery import answers, compiling
from newsletter.delivery.compiling import Person
from newsletter.delivery.drivers import DATABASE_ERRORS
from newsletter.delivery.editions import Editions
from newsletter.delivery.ledger import Answer, Mark
from newsletter.delivery.loads import Errand
from newsletter.delivery.models import DeliveryState
from newsletter.delivery.recipients import Recipient, why_not
from newsletter.errors import InvalidAddress, RenderFault
from newsletter.issues.models import IssueState
from newsletter.mail.letters import Letter
from newsletter.mail.message import addr_spec
from newsletter.mail.replies import Kind, Outcome

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Ticket:
    """What a letter on a channel is to the ledger."""

    errand: Errand
    mark: Mark
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class NoLetter:
    """Why nothing is sent to somebody now; with no answer the row stays as it is.

    `stops` tells that nobody else of the batch gets anything now either.
    """

    how: str
    answer: Answer | None = None
    stops: bool = False


class Composer:
    """Makes the letters of one courier."""

    def __init__(self) -> None:
        self._editions = Editions()

    def compose(
        self, errand: Errand, recipient: Recipient | None, *, now: datetime
    ) -> Letter | NoLetter:
        """Return the message for one recipient, as the database described them just now."""
        if recipient is None or recipient.state != DeliveryState.WAITING:
            return NoLetter("left")
        if recipient.issue_state != IssueState.SENDING:
            return NoLetter("left", stops=True)
        lease = errand.load.lease
        reason = why_not(recipient)
        if reason:
            answer = Answer(lease, errand.delivery_id, DeliveryState.SUPPRESSED, reason=reason)
            return NoLetter("suppressed", answer)
        try:
            return self._made(errand, recipient, now)
        except RenderFault as exc:
            log.warning("delivery %s: %s", errand.delivery_id, exc)
            return NoLetter("failed", _not_made(errand, str(exc)))
        except (*DATABASE_ERRORS, SQLAlchemyError):
            raise
        except Exception as exc:
            # Whatever one person's row does to us, the others get their mail (STANDARDS XH10).
            log.exception("delivery %s cannot be made", errand.delivery_id)
            reason = f"The message could not be made ({type(exc).__name__})."
            return NoLetter("failed", _not_made(errand, reason))

    def _made(self, errand: Errand, recipient: Recipient, now: datetime) -> Letter | NoLetter:
        assert recipient.address and recipient.subscription_id and recipient.format
        compiled = self._editions.get(recipient.edition_id)
        date = recipient.first_attempt_at or now
        values = recipient.merge_values or compiling.merge_values(
            recipient.name or "",
            recipient.attributes or {},
            recipient.format,
            is_tracked=bool(recipient.agreed_to_tracking) and compiled.names_deliveries,
        )
        person = Person(recipient.delivery_id, recipient.subscription_id, recipient.address)
        data = compiling.message_for(compiled, person, values, date=date)
        mark = Mark(errand.load.lease, recipient.delivery_id, recipient.attempts + 1, date, values)
        try:
            sender, receiver = addr_spec(compiled.sender.address), addr_spec(recipient.address)
        except InvalidAddress as exc:
            outcome = Outcome(Kind.REFUSED, status="5.1.3", text=str(exc))
            answer = answers.answer_to(outcome, mark, is_marked=False, now=now)
            return NoLetter("failed", answer)
        return Letter(sender, receiver, data, Ticket(errand, mark), str(recipient.delivery_id))


def _not_made(errand: Errand, reason: str) -> Answer:
    return Answer(errand.load.lease, errand.delivery_id, DeliveryState.FAILED, reason=reason)


def ticket_of(letter: Letter | None) -> Ticket:
    """Return the ticket that `Composer` gave a letter."""
    assert letter is not None and isinstance(letter.ticket, Ticket)
    return letter.ticket
