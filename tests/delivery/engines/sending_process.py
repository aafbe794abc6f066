"""A process that sends, to be killed by a test: python -m ... FOLDER DATABASE PORT LEASE."""

import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from newsletter import create_app
from newsletter.delivery.engines import local
from tests.conftest import settings


def main(folder: str, database: str, port: str, lease: str) -> None:
    """Send until SIGTERM; the lease is in seconds."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    app = create_app(
        {
            **settings(Path(folder)),
            "SQLALCHEMY_DATABASE_URI": database,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": int(port),
            "MAIL_CONNECTIONS": 3,
        }
    )
    local.run(app, stop, lease_length=timedelta(seconds=float(lease)))


if __name__ == "__main__":
    main(*sys.argv[1:])
