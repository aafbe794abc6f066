"""When something is tried again: pure decisions, after STANDARDS 5.4."""

import random
from datetime import UTC, datetime, timedelta

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 40, 60))
"""The wait after the first, second, ... deferral of one recipient; the last one repeats."""

JITTER = 0.2
"""Waits are up to a fifth longer or shorter, so that deferred mail does not come in waves."""

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when what waits for nothing is due: by no clock is that in the future (STANDARDS XH22)."""

LONGEST_WAIT = DELAYS[-1] * (1 + JITTER)
"""No wait is longer. What is due later than that was written by a clock that was set back since."""

LIFETIME = timedelta(hours=48)
"""How long a deferred recipient is tried, counted from the first attempt.

Who was never tried has no such end: a relay that was down, or an issue that
was paused, for three days costs nobody their mail.
"""

MOST_ATTEMPTS = 60

CONNECTION_DELAYS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""The seconds after the first, second, ... connection in a row that led nowhere.

It begins at a second, so that a relay that restarts costs little, and ends at
five minutes, so that one that is gone is not hammered.
"""


SHORTEST_LOSS = timedelta(seconds=5)
LONGEST_LOSS = timedelta(hours=1)
"""The waits of a recipient whose message ended a fresh connection: between these two."""


def next_attempt(
    attempts: int, *, first_attempt_at: datetime, delivery_id: int, now: datetime
) -> datetime | None:
    """Return when a recipient deferred for the `attempts`-th time is due; None to give up.

    The jitter follows from the delivery and the attempt, so that the same
    deferral written twice says the same.
    """
    if attempts >= MOST_ATTEMPTS or now - first_attempt_at >= LIFETIME:
        return None
    delay = DELAYS[min(attempts, len(DELAYS)) - 1]
    dice = random.Random(f"{delivery_id}-{attempts}")
    return now + delay * dice.uniform(1 - JITTER, 1 + JITTER)


def next_connection(failures: int) -> float:
    """Return the seconds until the relay is called again after `failures` fruitless calls."""
    return CONNECTION_DELAYS[min(failures, len(CONNECTION_DELAYS)) - 1]


def after_database_fault(faults: int) -> float:
    """Return the seconds until a database that failed `faults` times in a row is asked again."""
    return float(min(0.2 * 2 ** (faults - 1), 5.0))


def after_lost_connection(*, first_attempt_at: datetime, now: datetime) -> datetime | None:
    """Return when a recipient is due again over whom a fresh connection broke; None to give up.

    No attempt is charged, so the wait grows with the time since the first
    one: a message that breaks every connection neither holds up the others
    nor is tried for ever.
    """
    age = now - first_attempt_at
    if age >= LIFETIME:
        return None
    return now + min(max(age / 2, SHORTEST_LOSS), LONGEST_LOSS)
