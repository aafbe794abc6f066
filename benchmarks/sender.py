"""The process that sends, as the clock of an installation does: python -m benchmarks.sender.

It starts the engine of the installation that its environment describes, plans the issue that is
due when it is told to, and stops with its input. With PROFILE it writes there a profile of the
engine's thread.
"""

import cProfile
import json
import logging
import os
import sys
import threading
import time
from pathlib import Path

from flask import Flask

from benchmarks import issue
from newsletter import clock, create_app, jobs
from newsletter.delivery import planning, wakeups
from newsletter.extensions import db, reading
from newsletter.issues import composing, workflow

PROFILE = os.environ.get("PROFILE", "")


def main() -> None:
    """Be ready, plan at the first line, send until the input ends."""
    # As the command of the clock does: a line in the log for each message costs time, too.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    app = create_app()
    stop = threading.Event()
    engine = threading.Thread(target=_run_engine, args=(app, stop))
    engine.start()
    try:
        _say(ready=True)
        sys.stdin.readline()
        used = time.process_time()
        _plan(app)
        sys.stdin.read()
        _say(memory=_memory(), processor=time.process_time() - used)
    finally:
        stop.set()
        engine.join()


def _run_engine(app: Flask, stop: threading.Event) -> None:
    run = jobs.ENGINES[app.config["DELIVERY_ENGINE"]]
    if not PROFILE:
        run(app, stop)
        return
    profile = cProfile.Profile()
    profile.runcall(run, app, stop)
    profile.dump_stats(PROFILE)


def _plan(app: Flask) -> None:
    began = time.monotonic()
    with app.app_context():
        with reading():
            [due] = [one.id for one in workflow.due_issues(now=clock.now())]
        send = planning.plan(composing.find_issue(due), now=clock.now())
        assert send is not None
        issue.add_links(send)
        db.session.commit()
        wakeups.wake()
        planned = send.planned
        # An open transaction would hold the database's write lock.
        db.session.remove()
    _say(began=began, seconds=time.monotonic() - began, planned=planned)


def _memory() -> int:
    """Return the most bytes of memory that this process ever had."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
