"""The clock: which job runs how often, in a process of its own.

Two clocks at once are harmless: every job claims, or compares and sets.
"""

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.schedulers.background import (  # type: ignore[import-untyped]  # it has no types
    BackgroundScheduler,
)
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from newsletter import clock, limits, reports
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
from newsletter.delivery.engines import dramatiq, local
from newsletter.errors import NewsletterError, NotFound
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
    mornings,
    pausing,
    signup,
    undoing,
)
from newsletter.tracking import counting

log = logging.getLogger(__name__)

ENGINES = {"local": local.run, "dramatiq": dramatiq.run}
"""What the clock does about issues, all the time: send them, or tell the workers of them."""


@dataclass(frozen=True)
class Job:
    """One thing that the clock does; with no `every` it runs by hand only."""

    name: str
    what: str
    every: timedelta | None
    work: Callable[[datetime], object]


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
    """Bring back digests that a clock which was ahead put off."""
    while mornings.settle(now=now):
        db.session.commit()


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


def forget_clicks(now: datetime) -> None:
    """Delete what was recorded of readers longer ago than it may be kept."""
    counting.forget_old(now=now)


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


JOBS: Sequence[Job] = (
    Job(
        "outbox",
        "send waiting confirmations and other single mails",
        timedelta(seconds=1),
        send_outbox,
    ),
    Job(
        "start-due-issues",
        "start issues whose time has come",
        timedelta(seconds=1),
        start_due_issues,
    ),
    Job("sweep", "settle what stopped senders left, judge issues", timedelta(seconds=5), sweep),
    Job("watch", "tell the editors when mail waits too long", timedelta(seconds=30), watch),
    Job("heartbeat", "write the clock's sign of life", timedelta(seconds=5), beat),
    Job(
        "digests",
        "send what weekly and monthly readers get",
        timedelta(seconds=20),
        make_digests,
    ),
    Job(
        "expire-signups",
        "delete sign-ups and applications that nobody confirmed, and old comments",
        timedelta(hours=1),
        expire_signups,
    ),
    Job("good-byes", "mail those who left that they did", timedelta(seconds=20), say_goodbyes),
    Job("end-pauses", "go on for readers whose pause is over", timedelta(minutes=5), end_pauses),
    Job(
        "mornings",
        "bring back digests that a wrong clock put off",
        timedelta(hours=1),
        settle_mornings,
    ),
    Job("count-days", "write down how the lists grew", timedelta(hours=1), count_days),
    Job(
        "next-day",
        "mail the numbers of an issue a day after it began",
        timedelta(minutes=5),
        tell_next_day,
    ),
    Job(
        "forget-counters",
        "delete old counters, and links and changes that are over",
        timedelta(hours=1),
        forget_counters,
    ),
    Job(
        "forget-clicks",
        "delete what was recorded of readers 13 months ago",
        timedelta(days=1),
        forget_clicks,
    ),
    Job(
        "overwrite-deleted",
        "take what was deleted out of the database's log",
        timedelta(hours=1),
        overwrite,
    ),
    Job(
        "forget-sessions",
        "delete the sessions of editors that ended by themselves",
        timedelta(hours=1),
        forget_sessions,
    ),
    Job(
        "look-at-links",
        "ask whether links answer, and about senders' domains",
        timedelta(seconds=10),
        look_at_links,
    ),
    Job(
        "want-links",
        "have the links of issues looked at that may still go out",
        timedelta(minutes=10),
        want_links,
    ),
    Job("forget-links", "delete what nobody asks about", timedelta(days=1), forget_links),
    Job("images", "delete files of images that nobody has", timedelta(hours=1), sweep_images),
    Job("deliver", "send what is due, once, in this process", None, deliver),
)


def find(name: str) -> Job:
    """Return the job called `name`; raise NotFound with the names that exist."""
    for job in JOBS:
        if job.name == name:
            return job
    known = ", ".join(job.name for job in JOBS)
    raise NotFound(f"There is no job “{name}”. Jobs: {known}.")


def once(name: str, *, now: datetime) -> None:
    """Run one job now and commit; what goes wrong is raised."""
    find(name).work(now)
    db.session.commit()


def run(app: Flask) -> None:
    """Be the clock until SIGTERM or SIGINT; then finish what is in flight and return."""
    stop = threading.Event()
    _listen(stop)
    scheduler = _scheduler(app)
    scheduler.start()
    log.debug("the clock runs")
    try:
        ENGINES[app.config["DELIVERY_ENGINE"]](app, stop)
    finally:
        # A job that waits for the network is left behind: its lease runs out.
        scheduler.shutdown(wait=False)
    log.info("the clock stopped")


def _listen(stop: threading.Event) -> None:
    """Set `stop` when SIGTERM or SIGINT comes, by a thread that waits for nothing else.

    A handler would run in the middle of what the main thread does, and Event.set would wait
    for ever for a lock that this same thread holds.
    """
    numbers = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)

    def wait_and_set() -> None:
        signal.sigwait(numbers)
        stop.set()

    threading.Thread(target=wait_and_set, daemon=True, name="signals").start()


def _scheduler(app: Flask) -> BackgroundScheduler:
    # It would log a line for every run and every delay of a second.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job in JOBS:
        if job.every is not None:
            scheduler.add_job(
                _perform,
                "interval",
                seconds=job.every.total_seconds(),
                args=(app, job),
                id=job.name,
                next_run_time=clock.now(),
            )
    return scheduler


def _perform(app: Flask, job: Job) -> None:
    """Run one job in a context of its own; the one place that catches whatever goes wrong."""
    with app.app_context():
        try:
            job.work(clock.now())
            db.session.commit()
        except Exception:
            db.session.rollback()
            log.exception("job %s failed", job.name)
