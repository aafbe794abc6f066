"""How `make run` serves the pages: gunicorn for one person at one machine."""

import os
import signal
from typing import Any

bind = f"127.0.0.1:{os.environ['PORT']}"
worker_class = "gthread"
workers = 1
threads = 8

# Its greetings would stand between a newcomer and the sign-in link.
loglevel = "warning"

# No line of it opens anybody's link.
logger_class = "newsletter.logs.access.Logger"

# Seconds. Browsers keep connections open; nobody who pressed Ctrl-C waits for them.
graceful_timeout = 3

# That socket has one place for all the installations of a person.
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Leave Ctrl-C to the supervisor, whose SIGTERM follows: a worker may hang on both."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def post_worker_init(worker: Any) -> None:
    """The same for the worker, after it set its own handlers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
