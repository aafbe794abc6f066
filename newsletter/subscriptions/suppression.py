"""Addresses that are never mailed, known by a keyed HMAC that outlives erasure."""

import hashlib
import hmac
from datetime import datetime

import sqlalchemy as sa
from flask import current_app

from newsletter.addresses import Address
from newsletter.extensions import db
from newsletter.subscriptions.models import Suppression, SuppressionReason


def address_hmac(canonical: str) -> str:
    """Return the keyed hash by which an address is recognised after erasure (STANDARDS C22)."""
    key = str(current_app.config["SUPPRESSION_KEY"]).encode()
    return hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()


def find(address: Address) -> Suppression | None:
    """Return the suppression of `address`, if there is one."""
    return db.session.scalar(
        sa.select(Suppression).where(Suppression.address_hmac == address_hmac(address.canonical))
    )


def suppress(
    address: Address, *, reason: SuppressionReason, note: str, now: datetime
) -> Suppression:
    """Never mail `address` again; an existing suppression is kept as it is.

    One left by an erasure is raised to the new reason: it then also stops
    the confirmation mail, which erasure alone does not.
    """
    known = find(address)
    if known is None:
        known = Suppression(address_hmac=address_hmac(address.canonical), since=now)
        db.session.add(known)
    elif known.reason is not SuppressionReason.ERASED:
        return known
    known.address = None if reason is SuppressionReason.ERASED else address.canonical
    known.reason = reason
    known.note = note
    db.session.flush()
    return known
