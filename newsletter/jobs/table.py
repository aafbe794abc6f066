"""Every job: its name, what it is for, and how often the clock runs it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.jobs import work


@dataclass(frozen=True)
class Job:
    """One thing that the clock does; with no `every` it runs by hand only."""

    name: str
    what: str
    every: timedelta | None
    work: Callable[[datetime], object]


JOBS: Sequence[Job] = (
    Job(
        "outbox",
        "send waiting confirmations and other single mails",
        timedelta(seconds=1),
        work.send_outbox,
    ),
    Job(
        "start-due-issues",
        "start issues whose time has come",
        timedelta(seconds=1),
        work.start_due_issues,
    ),
    Job(
        "sweep", "settle what stopped senders left, judge issues", timedelta(seconds=5), work.sweep
    ),
    Job("watch", "tell the editors when mail waits too long", timedelta(seconds=30), work.watch),
    Job(
        "watch-leaving",
        "tell the editors when very many leave a list at once",
        timedelta(minutes=1),
        work.watch_leaving,
    ),
    Job("heartbeat", "write the clock's sign of life", timedelta(seconds=5), work.beat),
    Job(
        "digests",
        "send what weekly and monthly readers get",
        timedelta(seconds=20),
        work.make_digests,
    ),
    Job(
        "expire-signups",
        "delete sign-ups and applications that nobody confirmed, and old comments",
        timedelta(hours=1),
        work.expire_signups,
    ),
    Job("good-byes", "mail those who left that they did", timedelta(seconds=20), work.say_goodbyes),
    Job(
        "end-pauses", "go on for readers whose pause is over", timedelta(minutes=5), work.end_pauses
    ),
    Job(
        "mornings",
        "bring back digests and pauses that a wrong clock put off",
        timedelta(hours=1),
        work.settle_mornings,
    ),
    Job("count-days", "write down how the lists grew", timedelta(hours=1), work.count_days),
    Job(
        "next-day",
        "mail the numbers of an issue a day after it began",
        timedelta(minutes=5),
        work.tell_next_day,
    ),
    Job(
        "forget-counters",
        "delete old counters, and links and changes that are over",
        timedelta(hours=1),
        work.forget_counters,
    ),
    Job(
        "add-up-clicks",
        "add up how often the links of issues were followed",
        timedelta(seconds=10),
        work.add_up_clicks,
    ),
    Job(
        "forget-clicks",
        "delete what was recorded of readers 13 months ago",
        timedelta(days=1),
        work.forget_clicks,
    ),
    Job(
        "overwrite-deleted",
        "take what was deleted out of the database's log",
        timedelta(hours=1),
        work.overwrite,
    ),
    Job(
        "forget-sessions",
        "delete the sessions of editors that ended by themselves",
        timedelta(hours=1),
        work.forget_sessions,
    ),
    Job(
        "look-at-links",
        "ask whether links answer, and about senders' domains",
        timedelta(seconds=10),
        work.look_at_links,
    ),
    Job(
        "want-links",
        "have the links of issues looked at that may still go out",
        timedelta(minutes=10),
        work.want_links,
    ),
    Job("forget-links", "delete what nobody asks about", timedelta(days=1), work.forget_links),
    Job("images", "delete files of images that nobody has", timedelta(hours=1), work.sweep_images),
    Job("deliver", "send what is due, once, in this process", None, work.deliver),
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
