"""Addresses that a reader proved and then changed: only their marks, for as long as the reader.

Erasing a person takes away what came from such an address, too, and no import
brings them back by it.
"""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.extensions import Base, BigId, db, insert
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import Subscriber


class EarlierAddress(Base):
    """The keyed hash of an address that a reader had before; it cannot be read back."""

    __tablename__ = "earlier_address"
    __table_args__ = ()

    subscriber_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True
    )
    address_hmac: Mapped[str] = mapped_column(sa.String(64), primary_key=True, index=True)


def remember(subscriber: Subscriber, address_hash: str) -> None:
    """Keep the mark of the address that a reader has just left."""
    row = {"subscriber_id": subscriber.id, "address_hmac": address_hash}
    db.session.execute(insert(EarlierAddress).values(row).on_conflict_do_nothing())


def disown(subscriber: Subscriber, canonicals: Collection[str]) -> None:
    """Forget marks: somebody objected, so that these are current again or never were theirs."""
    db.session.execute(
        sa.delete(EarlierAddress)
        .where(
            EarlierAddress.subscriber_id == subscriber.id,
            EarlierAddress.address_hmac.in_(map(suppression.address_hmac, canonicals)),
        )
        .execution_options(synchronize_session=False)
    )


def marks_of(subscriber: Subscriber | None) -> frozenset[str]:
    """Return the marks of a reader's earlier addresses, but for those that others have now."""
    if subscriber is None:
        return frozenset()
    is_others = (
        sa.select(sa.literal(1))
        .where(
            Subscriber.address_hmac == EarlierAddress.address_hmac,
            Subscriber.id != subscriber.id,
        )
        .exists()
    )
    question = sa.select(EarlierAddress.address_hmac).where(
        EarlierAddress.subscriber_id == subscriber.id, ~is_others
    )
    return frozenset(db.session.scalars(question))


def readers_of(canonical: str) -> Sequence[Subscriber]:
    """Return who had an address before, and has another one now."""
    is_theirs = EarlierAddress.address_hmac == suppression.address_hmac(canonical)
    return db.session.scalars(
        sa.select(Subscriber)
        .join(EarlierAddress, EarlierAddress.subscriber_id == Subscriber.id)
        .where(is_theirs, Subscriber.canonical != canonical)
        .order_by(Subscriber.id)
    ).all()


def recognised(marks: Collection[str], canonicals: Collection[str]) -> set[str]:
    """Return which of these addresses have one of the marks."""
    if not marks:
        return set()
    return {one for one in canonicals if suppression.address_hmac(one) in marks}
