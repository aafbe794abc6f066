"""A clock that makes the digests that are due: a process of its own, to be killed.

It says that it is there, and begins when it is told.
"""

import sys
from datetime import datetime
from pathlib import Path

from newsletter import create_app
from newsletter.delivery import turns
from newsletter.delivery.digests import making
from tests.conftest import settings

PORTION = 2
"""People whose rows are written at once, and each time in a turn of its own."""


def work(database: str, folder: str, now: datetime) -> None:
    """Make what is due at `now`, in as many turns as can be."""
    making.PORTION, turns.TURN = PORTION, 0.0
    app = create_app({**settings(Path(folder)), "SQLALCHEMY_DATABASE_URI": database})
    with app.app_context():
        sys.stdout.write("there\n")
        sys.stdout.flush()
        sys.stdin.readline()
        making.make(now=now)


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3]))
