"""Fills the installation that the environment describes.

python -m benchmarks.stocking READERS [past]
"""

import json
import sys
from datetime import datetime

import flask_migrate

from benchmarks import issue, past, readers
from newsletter import clock, create_app
from newsletter.extensions import db
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailingList


def main(count: int, *, has_past: bool) -> None:
    """Make the tables, so many readers and an issue for them that is due; say how that went.

    With a past there are years of work, too, of which nothing is on its way.
    """
    app = create_app()
    with app.app_context():
        flask_migrate.upgrade()
        now = clock.now()
        if has_past:
            news = past.fill(count, now=now, is_at_rest=True)
        else:
            news = _list(now=now)
            readers.fill(news, count, now=now)
        issue.write(news, now=now)
        db.session.commit()
        db.session.remove()
        if db.engine.dialect.name == "postgresql":
            _learn_the_tables()
        # The last connection to leave brings SQLite's log into its file, which can then be copied.
        db.engine.dispose()
    print(json.dumps({"readers": count}), flush=True)


def _list(*, now: datetime) -> MailingList:
    return lists.add_list(
        "news",
        name="Country news",
        is_public=True,
        postal_address="1 Example Street, 10115 Sample Town",
        now=now,
    )


def _learn_the_tables() -> None:
    """Do at once what a server does by itself in time."""
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.autocommit = True
        driver.execute("VACUUM ANALYZE")
        # The rows came with numbers of their own; whoever signs up gets the next one.
        for table in ("subscriber", "subscription", "subscription_interval"):
            driver.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]), has_past="past" in sys.argv[2:])
