"""Challenges that passkeys sign: random, short-lived, answered once."""

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.accounts.models import PasskeyChallenge
from newsletter.extensions import db, rows_changed

LIFETIME = timedelta(minutes=5)
"""How long somebody may look for their phone."""


def new_challenge(*, now: datetime) -> bytes:
    """Return a new challenge; its answer is awaited for some minutes."""
    challenge = secrets.token_bytes(32)
    db.session.add(PasskeyChallenge(challenge_hash=_hash(challenge), made_at=now))
    db.session.flush()
    return challenge


def use_up(challenge: bytes, *, now: datetime) -> bool:
    """Tell whether an answer to this challenge is awaited; then it is not any more."""
    used = db.session.execute(
        sa.delete(PasskeyChallenge).where(
            PasskeyChallenge.challenge_hash == _hash(challenge),
            PasskeyChallenge.made_at > now - LIFETIME,
        )
    )
    return rows_changed(used) == 1


def forget_old(*, now: datetime) -> None:
    """Delete the challenges that nobody answered in time."""
    db.session.execute(
        sa.delete(PasskeyChallenge).where(PasskeyChallenge.made_at <= now - LIFETIME)
    )


def _hash(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()
