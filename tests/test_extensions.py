"""The database keeps aware times, values of enums, and its promises under concurrency."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import extensions
from newsletter.extensions import db
from newsletter.library.models import Topic
from newsletter.limits import Counter
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.factories import make_item, make_topic


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
