"""How long a transactional mail, or the whole outbox, waits before the next attempt."""

import random
from datetime import timedelta

from newsletter.errors import NewsletterError, SenderFault

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)

DEFERRED = tuple(minutes * _MINUTE for minutes in (1, 2, 5, 10, 20, 40, 60))
"""After the relay's first, second, ... 4xx; the last one repeats (STANDARDS 5.4)."""

LOST = tuple(seconds * _SECOND for seconds in (1, 2, 5, 10, 20, 30, 60))
"""After the first, second, ... lost connection: a relay that is restarted is back in seconds."""

UNACKNOWLEDGED = _MINUTE
"""Before a mail whose acknowledgement was missed is sent once more: a relay that is
restarted must not be met twice while it goes down."""

MISCONFIGURED = tuple(minutes * _MINUTE for minutes in (1, 2, 5, 10))
"""After the relay refused us: asking it often would only lock the account (STANDARDS XG23)."""

JITTER = 0.2
"""How far a wait may be from its table, either way, so that mails do not come in waves."""


def after_deferral(mail_id: int, *, attempts: int) -> timedelta:
    """Return the wait after the 4xx that ended attempt number `attempts`, from 1 on."""
    # Seeded by the mail, so that its waits are the same whoever computes them.
    spread = random.Random(f"{mail_id}:{attempts}").uniform(1 - JITTER, 1 + JITTER)
    return _nth(DEFERRED, attempts) * spread


def after_loss(*, attempts: int) -> timedelta:
    """Return the wait after the lost connection that ended attempt number `attempts`, from 1 on.

    It begins with seconds, for a relay that is restarted, and grows to hours: the attempts
    that one mail has must reach to the end of its lifetime.
    """
    return _nth(LOST + DEFERRED[1:], attempts)


def after_fault(fault: NewsletterError, *, faults: int) -> timedelta:
    """Return for how long the relay is left alone after so many faults in a row."""
    return _nth(MISCONFIGURED if isinstance(fault, SenderFault) else LOST, faults)


def _nth(waits: tuple[timedelta, ...], number: int) -> timedelta:
    return waits[min(number, len(waits)) - 1]
