"""The processes of `make run`, as the supervisor forks them from its own.

Importing this imports the whole product, once for all of them: that is what makes the start fast.
Each makes its application, and with it its database connections, for itself.
"""

import sys
from multiprocessing.connection import Connection

import flask.cli
import gunicorn.app.wsgiapp  # type: ignore[import-untyped]  # It ships no types.

# Gunicorn finds its worker by name; here it is loaded before the fork.
import gunicorn.workers.gthread  # type: ignore[import-untyped]  # noqa: F401

from scripts import prepare


def preparation(answer: Connection) -> None:
    """Make the database ready and send what there is to tell."""
    answer.send(prepare.prepare())


def web() -> None:
    """Serve the pages: `gunicorn wsgi:app` with the settings for one person."""
    sys.argv = ["gunicorn", "--config", "python:scripts.gunicorn_settings", "wsgi:app"]
    gunicorn.app.wsgiapp.run()


def clock() -> None:
    """Be `flask jobs run`."""
    _flask("jobs", "run")


def mailbox() -> None:
    """Be `flask mailbox`."""
    _flask("mailbox")


def _flask(*arguments: str) -> None:
    sys.argv = ["flask", "--app", "wsgi.py", *arguments]
    flask.cli.main()
