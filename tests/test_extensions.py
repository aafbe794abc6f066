"""The database keeps aware times, values of enums, and its promises under concurrency."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import connections, extensions
from newsletter.extensions import MOST_REMEMBERED, commit_to_show, db, once
from newsletter.library.models import Topic
from newsletter.limits import Counter
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.factories import make_item, make_list, make_topic


def test_times_come_back_aware_and_in_utc(app: Flask) -> None:
    nairobi = timezone(timedelta(hours=3))
    db.session.add(Counter(key="x", window_start=datetime(2027, 3, 1, 12, tzinfo=nairobi), count=1))
    db.session.commit()
    found = db.session.scalars(sa.select(Counter.window_start)).one()
    assert found == datetime(2027, 3, 1, 9, tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(app: Flask) -> None:
    db.session.add(Counter(key="x", window_start=datetime(2027, 3, 1), count=1))  # noqa: DTZ001
    with pytest.raises(sa.exc.StatementError, match="naive time"):
        db.session.flush()


def test_enums_are_kept_by_value_and_guarded(app: Flask) -> None:
    make_item()
    assert db.session.execute(sa.text("SELECT kind FROM item")).scalar_one() == "guidance"
    with pytest.raises(sa.exc.IntegrityError, match="CHECK"):
        db.session.execute(sa.text("UPDATE item SET kind = 'rumour'"))


def test_a_reading_transaction_cannot_write(app: Flask) -> None:
    with extensions.reading():
        db.session.add(Topic(slug="mms", name="MMS"))
        with pytest.raises(sa.exc.OperationalError, match="readonly"):
            db.session.flush()
        db.session.rollback()
    make_topic()
    db.session.commit()


def test_reading_and_writing_by_turns_is_told_to_a_connection_each_time(app: Flask) -> None:
    for number in range(3):
        # As the ledger does, which begins its transactions without SQLAlchemy.
        with db.engine.connect() as connection, extensions.reading():
            connections.let_write(connection.connection)
            with pytest.raises(sa.exc.OperationalError, match="readonly"):
                connection.execute(sa.text("DELETE FROM topic"))
        make_topic(f"topic-{number}", f"Topic {number}")
        db.session.commit()


def test_many_writers_that_read_first_never_trip_over_each_other(app: Flask) -> None:
    db.session.add(MailingList(slug="news", name="0", created_at=NOW))
    db.session.commit()
    failures: list[Exception] = []

    def add_one() -> None:
        try:
            for _ in range(25):
                with app.app_context():
                    row = db.session.scalars(sa.select(MailingList)).one()
                    row.name = str(int(row.name) + 1)
                    db.session.commit()
        except sa.exc.SQLAlchemyError as exc:
            failures.append(exc)

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.expire_all()
    assert failures == []
    assert db.session.scalars(sa.select(MailingList.name)).one() == "100"


def test_the_number_of_a_deleted_row_is_never_given_again(app: Flask) -> None:
    first = make_topic("one").id
    db.session.execute(sa.delete(Topic))
    db.session.expunge_all()
    assert make_topic("two").id > first


def test_what_was_found_once_is_not_asked_again(app: Flask) -> None:
    asked: list[str] = []

    def ask() -> str | None:
        asked.append("asked")
        return None if len(asked) == 1 else "found"

    # Nothing is not remembered: it may be there a moment later.
    assert [once("key", ask) for _ in range(4)] == [None, "found", "found", "found"]
    assert len(asked) == 2
    db.session.commit()
    assert once("key", ask) == "found"
    assert once("another key", lambda: "another") == "another"


def test_what_is_rolled_back_is_forgotten(app: Flask) -> None:
    make_list()
    db.session.flush()
    assert once("key", lambda: "as it was written") == "as it was written"
    db.session.rollback()
    assert once("key", lambda: "as it is") == "as it is"


def test_only_so_much_is_remembered(app: Flask) -> None:
    for number in range(3 * MOST_REMEMBERED):
        once(number, lambda: "found")
        assert len(db.session().info["once"]) <= MOST_REMEMBERED


def test_a_page_that_follows_a_commit_asks_for_nothing_again(app: Flask) -> None:
    mailing_list = make_list()
    asked: list[str] = []
    db.session.flush()
    commit_to_show()
    sa.event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert mailing_list.name == "Stay Informed"
    assert asked == []
    # It is committed for all that, and any other commit forgets what was read.
    db.session.commit()
    assert mailing_list.name == "Stay Informed"
    assert any("mailing_list" in statement for statement in asked)
