"""Who has an issue, or may have it: by itself, or in a digest. A correction asks that."""

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from newsletter.delivery.models import CompiledEdition, Delivery, DeliveryState, DigestIssue, Send

GOT_IT = (DeliveryState.SENT, DeliveryState.UNCERTAIN)
"""Where the mail of a reader is who has an issue, or may have it."""

GET_IT = (*GOT_IT, DeliveryState.WAITING, DeliveryState.IN_FLIGHT)
"""Where it is of a digest: what waits was written before the correction, and goes out as it is."""


def by_itself(number: int, person: InstrumentedAttribute[int]) -> sa.ColumnElement[bool]:
    """Return the condition for a subscriber to have got the issue with this number by itself."""
    return sa.exists().where(
        Delivery.send_id == _send_of(number),
        Delivery.subscriber_id == person,
        Delivery.state.in_(GOT_IT),
    )


def in_digest(number: int, person: InstrumentedAttribute[int]) -> sa.ColumnElement[bool]:
    """Return the condition for a subscriber to get it, or to have got it, in a digest."""
    texts = sa.select(DigestIssue.edition_id).where(DigestIssue.issue_id == number)
    # By the runs of the digests, too: along an index, and not through all deliveries there are.
    runs = sa.select(CompiledEdition.send_id).where(CompiledEdition.id.in_(texts))
    return person.in_(
        sa.select(Delivery.subscriber_id).where(
            Delivery.send_id.in_(runs),
            Delivery.edition_id.in_(texts),
            Delivery.state.in_(GET_IT),
            Delivery.subscriber_id.is_not(None),
        )
    )


def count_by_itself(number: int) -> sa.Select[int]:
    """Return the question for how many have it by itself, whoever is gone since."""
    return (
        sa.select(sa.func.count())
        .select_from(Delivery)
        .where(Delivery.send_id == _send_of(number), Delivery.state.in_(GOT_IT))
    )


def _send_of(number: int) -> sa.ScalarSelect[int]:
    return sa.select(Send.id).where(Send.issue_id == number).scalar_subquery()
