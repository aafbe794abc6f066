"""Many sign-ups at once: their e-mails are spread over the minutes that follow, and editors told.

Everybody gets the same answer as ever. What would harm is thousands of confirmation mails in a
minute: they would hold up the issues, and a relay that sends them is soon on a blocklist
(STANDARDS XA04).
"""

from datetime import datetime, timedelta

from newsletter import accounts, limits, links
from newsletter.accounts import Action
from newsletter.limits import Limit
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.subscriptions import senders

PER_NETWORK = 60
"""Sign-ups from one /24 or /48 network in an hour: many readers share one address."""

PER_MINUTE = 600
"""Mails that sign-ups from everywhere may cause in a minute; the rest waits."""

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

AT_ONCE = timedelta(0)


def count_network(network: str, *, now: datetime) -> None:
    """Count one sign-up from a network; raise TooOften beyond its most."""
    limits.count("sign-up", network, window=HOUR, most=PER_NETWORK, now=now)


def count(*, now: datetime) -> timedelta:
    """Count one sign-up, and return how long its mail has to wait.

    All sign-ups count in the same two rows, so on PostgreSQL each waits here until the one before
    it has ended: count last.
    """
    in_minute, in_hour = (Limit("sign-up", "everybody", window) for window in (MINUTE, HOUR))
    reached = limits.count_all((in_minute, in_hour), now=now)
    if reached[in_minute] == PER_MINUTE + 1:
        _tell_once(now=now)
    since_the_hour = int(now.timestamp()) % 3600 // 60
    waits = (
        (reached[in_minute] - 1) // PER_MINUTE,
        (reached[in_hour] - 1) // PER_MINUTE - since_the_hour,
    )
    return max(AT_ONCE, *(timedelta(minutes=minutes) for minutes in waits))


def _tell_once(*, now: datetime) -> None:
    """Mail those who may send issues that a burst began; once a day."""
    if limits.counted("sign-up burst", "told", window=DAY, now=now) > 1:
        return
    for editor in accounts.all_editors():
        if accounts.may(editor, Action.SEND):
            outbox.enqueue(
                "sign-up-burst",
                to=editor.email,
                language="en",
                sender=Mailbox("Stay Informed", senders.desk_address()),
                facts={"most": PER_MINUTE, "desk_url": links.public_url("/desk/lists/")},
                now=now,
            )
