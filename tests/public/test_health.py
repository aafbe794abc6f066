"""What a monitor is told."""

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from newsletter import clock, reports
from newsletter.extensions import db
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox


def test_an_idle_installation_is_ready_and_tells_whether_the_clock_runs(
    client: FlaskClient,
) -> None:
    assert client.get("/healthz").get_json() == {"status": "alive"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["clock"]) == (200, False)
    reports.beat(now=clock.now())
    db.session.commit()
    assert client.get("/readyz").get_json() == {
        "status": "ready",
        "database": True,
        "clock": True,
        "queue_age_seconds": 0.0,
    }


def test_mail_that_waits_a_quarter_of_an_hour_means_not_ready(app: Flask) -> None:
    queued_at = clock.now() - timedelta(minutes=16)
    sender = Mailbox("News", "news@news.example.org")
    outbox.enqueue_message(b"x", to="ada@example.org", sender=sender, now=queued_at)
    db.session.commit()
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["queue_age_seconds"] >= 16 * 60


def test_a_database_without_tables_means_not_ready_but_alive(client: FlaskClient) -> None:
    db.session.execute(sa.text("DROP TABLE outbox_message"))
    db.session.commit()
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
