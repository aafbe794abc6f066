"""The clock: every job as often as it should, in a process of its own.

Two clocks at once are harmless: every job claims, or compares and sets.
"""

import logging
import signal
import threading

from apscheduler.schedulers.background import (  # type: ignore[import-untyped]  # it has no types
    BackgroundScheduler,
)
from flask import Flask

from newsletter import clock
from newsletter.delivery.engines import dramatiq, local
from newsletter.extensions import db
from newsletter.jobs.table import JOBS, Job

log = logging.getLogger(__name__)

ENGINES = {"local": local.run, "dramatiq": dramatiq.run}
"""What the clock does about issues, all the time: send them, or tell the workers of them."""


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
