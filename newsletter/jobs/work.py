"""What each job does, in one transaction that whoever runs it commits, or in several of its own."""

import logging
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from newsletter import limits, reports
from newsletter.accounts import challenges, sessions
from newsletter.comments import reading as comments
from newsletter.delivery import (
    alarms,
    breakers,
    leases,
    pacing,
    planning,
    preflight,
    sweeping,
    wakeups,
)
from newsletter.delivery.digests import making
from newsletter.delivery.engines import local
from newsletter.errors import NewsletterError
from newsletter.extensions import db, overwrite_deleted, reading
from newsletter.fetching import rules
from newsletter.issues import composing, presence, workflow
from newsletter.issues.models import IssueState
from newsletter.mail import outbox
from newsletter.media import images
from newsletter.membership import applying
from newsletter.reachability import domains, links, looking
from newsletter.reachability.records import Nameserver
from newsletter.reports import next_day
from newsletter.subscriptions import (
    address_change,
    goodbyes,
    growth,
    lists,
    managing,
    mass_leaving,
    mornings,
    pausing,
    signup,
    undoing,
)
from newsletter.tracking import summing

log = logging.getLogger(__name__)


def send_outbox(now: datetime) -> None:
    """Send the transactional mail that is due."""
    sent = outbox.send_due(now=now)
    if sent:
        # They never wait for a limit, but issues yield to them.
        pacing.spend_singles(sent, at=now.timestamp())


def start_due_issues(now: datetime) -> None:
    """Start the issues whose time has come; one that is hours late is paused and asks.

    Each is a transaction of its own, so that one that cannot start holds up no other.
    """
    with reading():
        numbers = [issue.id for issue in workflow.due_issues(now=now)]
    for number in numbers:
        try:
            _start(number, now=now)
            db.session.commit()
            wakeups.wake()
        except NewsletterError as exc:
            db.session.rollback()
            log.error("issue %s cannot start: %s", number, exc)
            _ask(number, f"It could not be started. {exc}", now=now)
        except SQLAlchemyError:
            # The database, not the issue: the next second tries again.
            raise
        except Exception:
            db.session.rollback()
            log.exception("issue %s cannot start", number)
            _ask(number, "It could not be started; the log of the clock says why.", now=now)


def _start(number: int, *, now: datetime) -> None:
    issue = composing.find_issue(number)
    if issue.state is not IssueState.SCHEDULED or workflow.due_at(issue) > now:
        # Somebody took it back, or put it off, while others were planned.
        return
    if not workflow.is_late(issue, now=now):
        planning.plan(issue, now=now)
        return
    hours = int((now - workflow.due_at(issue)) / timedelta(hours=1))
    reason = (
        f"It was due {hours} hours ago, while nothing was running, and was not sent. "
        "Resume it to send it now, or cancel it."
    )
    alarms.pause_and_tell(issue, reason, now=now)


def _ask(number: int, reason: str, *, now: datetime) -> None:
    alarms.pause_and_tell(composing.find_issue(number), reason, now=now)
    db.session.commit()


def make_digests(now: datetime) -> None:
    """Write the digests that are due, and send them."""
    if making.make(now=now):
        wakeups.wake()


def sweep(now: datetime) -> None:
    """Settle what stopped senders left behind, and pause what met too much."""
    sweeping.sweep(now=leases.shared_now(now))
    # What it looks through takes a moment; nobody waits for the write lock meanwhile.
    db.session.commit()
    planning.clear_abandoned(now=now)
    breakers.examine(now=now)


def watch(now: datetime) -> None:
    """Tell the editors when mail waits too long."""
    alarms.watch(now=now)


def watch_leaving(now: datetime) -> None:
    """Tell the editors when very many leave a list at once."""
    with reading():
        found = mass_leaving.found(now=now)
    for leaving in found:
        mass_leaving.tell(leaving, now=now)


def tell_next_day(now: datetime) -> None:
    """Mail the numbers of issues that began a day ago."""
    next_day.tell(now=now)


def beat(now: datetime) -> None:
    """Write the clock's sign of life."""
    reports.beat(now=now)


def expire_signups(now: datetime) -> None:
    """Delete the sign-ups and applications that nobody confirmed, and what is over for long."""
    signup.expire(now=now)
    applying.forget_old(now=now)
    comments.forget_old(now=now)


def say_goodbyes(now: datetime) -> None:
    """Mail those who left that they did, so that nobody else can have done it unseen."""
    while goodbyes.say(now=now):
        db.session.commit()


def end_pauses(now: datetime) -> None:
    """Let it go on for readers whose pause is over."""
    while pausing.resume_due(now=now):
        db.session.commit()


def settle_mornings(now: datetime) -> None:
    """Bring back digests and pauses that a clock which was ahead put off."""
    while mornings.settle(now=now):
        db.session.commit()
    pausing.settle(now=now)


def count_days(now: datetime) -> None:
    """Write down how the lists grew, for the days that are over."""
    growth.count_days(now=now)


def forget_counters(now: datetime) -> None:
    """Delete the counters that no limit looks at any more."""
    limits.forget_old(now=now)
    undoing.forget_old(now=now)
    managing.forget_old(now=now)
    address_change.forget_old(now=now)
    presence.forget_old(now=now)
    pacing.forget_old(now=now)


def add_up_clicks(now: datetime) -> None:
    """Add up how often the links of issues were followed."""
    summing.add_up(now=now)


def forget_clicks(now: datetime) -> None:
    """Delete what was recorded of readers longer ago than it may be kept."""
    summing.forget_old(now=now)


def overwrite(now: datetime) -> None:
    """Take what was deleted out of the database's log, where that had to wait."""
    overwrite_deleted()


def forget_sessions(now: datetime) -> None:
    """Delete the sessions of editors that ended by themselves, and unanswered challenges."""
    sessions.forget_old(now=now)
    challenges.forget_old(now=now)


def look_at_links(now: datetime) -> None:
    """Ask whether links answer, and what the DNS says of the domains that lists write from."""
    if not rules.is_on():
        return
    with reading():
        senders = {domains.domain_of(lists.sender_address(row)) for row in lists.all_lists()}
    domains.wanted(senders, now=now)
    looking.look(rules=rules.of_installation(), texts=Nameserver, now=now)


def want_links(now: datetime) -> None:
    """Have the links of issues looked at that may still go out, however they were saved."""
    with reading():
        of_issues = preflight.addresses_ahead(now=now)
    for addresses in of_issues:
        links.wanted(addresses, now=now)
        db.session.commit()


def forget_links(now: datetime) -> None:
    """Delete what is known of links and domains that nobody has wanted for months."""
    links.forget_old(now=now)
    domains.forget_old(now=now)


def sweep_images(now: datetime) -> None:
    """Delete the files of images that were deleted, or whose upload was never finished."""
    images.sweep(now=now)


def deliver(_now: datetime) -> None:
    """Send what is due of every issue, over one connection."""
    local.drain()
