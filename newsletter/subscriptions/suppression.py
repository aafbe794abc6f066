"""Addresses that are never mailed, known by a keyed HMAC that outlives erasure."""

import hmac
from datetime import datetime

import sqlalchemy as sa
from flask import current_app

from newsletter.addresses import Address
from newsletter.errors import NotFound, Refused
from newsletter.extensions import db, insert
from newsletter.mail import outbox
from newsletter.subscriptions.models import Suppression, SuppressionReason


def address_hmac(canonical: str) -> str:
    """Return the keyed hash by which an address is recognised after erasure (STANDARDS C22)."""
    key = str(current_app.config["SUPPRESSION_KEY"]).encode()
    return hmac.digest(key, canonical.encode(), "sha256").hex()


def find(address: Address) -> Suppression | None:
    """Return the suppression of `address`, if there is one."""
    return db.session.scalar(
        sa.select(Suppression).where(Suppression.address_hmac == address_hmac(address.canonical))
    )


def suppress(
    address: Address, *, reason: SuppressionReason, note: str, now: datetime
) -> Suppression:
    """Never mail `address` again; an existing suppression keeps its reason.

    One left by an erasure is raised to the new reason: it then also stops
    the confirmation mail, which erasure alone does not. Erasure takes the
    address and the note out of whatever was there.
    """
    row = {"address_hmac": address_hmac(address.canonical), "reason": reason, "since": now}
    db.session.execute(insert(Suppression).values(row).on_conflict_do_nothing())
    known = find(address)
    assert known is not None
    if known.reason is SuppressionReason.ERASED:
        known.reason = reason
    if reason is SuppressionReason.ERASED:
        known.address, known.note = None, ""
    elif known.address is None:
        known.address, known.note = address.canonical, note
        # What is queued for the address goes nowhere either.
        outbox.withdraw({address.spelling, address.canonical})
    db.session.flush()
    return known


def mark_erased(address_hash: str, *, now: datetime) -> None:
    """Let no import bring back who had an address before; what else is known of it stays."""
    row = {"address_hmac": address_hash, "reason": SuppressionReason.ERASED, "since": now}
    db.session.execute(insert(Suppression).values(row).on_conflict_do_nothing())
    db.session.execute(
        sa.update(Suppression)
        .where(Suppression.address_hmac == address_hash)
        .values(address=None, note="")
        .execution_options(synchronize_session="fetch")
    )


def lift(address: Address) -> None:
    """Let `address` be mailed again, as a person decided; raise NotFound, or Refused with why not.

    Who is still subscribed gets issues again. What a reader decided themselves nobody lifts.
    """
    known = find(address)
    if known is None:
        raise NotFound(f"{address.spelling} is not suppressed.")
    if sentence := why_not_lifted(known):
        raise Refused(sentence)
    db.session.delete(known)
    db.session.flush()


def why_not_lifted(suppression: Suppression) -> str:
    """Return why nobody here may lift a suppression; nothing if an admin may."""
    return _NEVER_LIFTED.get(suppression.reason, "")


_NEVER_LIFTED = {
    SuppressionReason.COMPLAINT: (
        "Its reader reported our mail as unwanted, and more of it would harm the mail to everybody "
        "else. Nobody here lifts that: who wants our mail after all signs up with another address."
    ),
    SuppressionReason.ERASED: (
        "Its reader asked to be erased. They lift that themselves, by signing up again on the form."
    ),
}


def stops_sign_up(address_hash: str) -> bool:
    """Tell whether a suppression forbids even the mails of a double opt-in; erasure does not."""
    return bool(
        db.session.scalar(
            sa.select(sa.literal(1)).where(
                Suppression.address_hmac == address_hash,
                Suppression.reason != SuppressionReason.ERASED,
            )
        )
    )


def lift_erasure(address_hash: str) -> None:
    """Forget that a person was erased: they just came back by double opt-in.

    No other suppression is ever lifted by a reader's act.
    """
    db.session.execute(
        sa.delete(Suppression)
        .where(
            Suppression.address_hmac == address_hash,
            Suppression.reason == SuppressionReason.ERASED,
        )
        .execution_options(synchronize_session="fetch")
    )
