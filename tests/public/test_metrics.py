"""What Prometheus is told, and who else is not."""

import ipaddress
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from newsletter import clock, reports
from newsletter.delivery import control, planning
from newsletter.delivery.models import Delivery, DeliveryState, Heartbeat, Provider, Send
from newsletter.extensions import db, insert
from newsletter.issues.models import Issue
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.reports import measures
from tests.factories import make_due_issue, make_list, make_subscription

TOKEN = "a token that nobody guesses"


def samples(client: FlaskClient) -> dict[str, float]:
    """Every sample by its name, with its labels by the order of their names."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation.endswith("."), family.name
        for sample in family.samples:
            labels = ",".join(sample.labels.values())
            found[f"{sample.name.removeprefix('stay_informed_')}{{{labels}}}"] = sample.value
    return found


@pytest.fixture
def issue(app: Flask) -> Issue:
    """An issue to ten readers that began a minute ago."""
    began = clock.now() - timedelta(minutes=1)
    news = make_list()
    for number in range(10):
        make_subscription(news, f"reader{number}@example.org")
    issue = make_due_issue(news, at=began)
    planning.plan(issue, now=began)
    db.session.commit()
    return issue


def put(first: int, last: int, **columns: object) -> None:
    """Change the rows of some readers, counted from 0."""
    ids = db.session.scalars(sa.select(Delivery.id).order_by(Delivery.id)).all()[first:last]
    db.session.execute(sa.update(Delivery).where(Delivery.id.in_(ids)).values(**columns))
    db.session.commit()


def test_an_idle_installation_has_every_number_at_nothing(client: FlaskClient) -> None:
    found = samples(client)
    for name in ("rate_messages_per_second", "oldest_waiting_seconds", "waiting", "in_flight"):
        assert found[f"{name}{{}}"] == 0
    for name in ("deferred", "uncertain", "connections", "senders", "outbox_waiting"):
        assert found[f"{name}{{}}"] == 0
    assert found["clock_heartbeat_age_seconds{}"] == float("inf")
    assert found["last_success_timestamp_seconds{}"] == 0
    assert found["issues{draft}"] == 0


def test_the_rows_of_an_issue_that_is_sent_are_counted(client: FlaskClient, issue: Issue) -> None:
    now = clock.now()
    put(0, 4, state=DeliveryState.SENT, finished_at=now - timedelta(seconds=5))
    put(4, 5, state=DeliveryState.SENT, finished_at=now - timedelta(minutes=2))
    put(5, 6, state=DeliveryState.UNCERTAIN, finished_at=now)
    put(6, 7, due_at=now + timedelta(hours=1), attempts=1)
    found = samples(client)
    counted = {
        state: found[f"deliveries{{{issue.id},news,{state}}}"]
        for state in ("sent", "waiting", "uncertain", "failed", "in_flight")
    }
    assert counted == {"sent": 5, "waiting": 4, "uncertain": 1, "failed": 0, "in_flight": 0}
    assert (found["waiting{}"], found["deferred{}"], found["uncertain{}"]) == (4, 1, 1)
    assert 4 / 70 < found["rate_messages_per_second{}"] < 4 / 50
    assert 5 <= found["oldest_waiting_seconds{}"] < 15
    assert abs(found["last_success_timestamp_seconds{}"] - now.timestamp() + 5) < 1
    assert found["issues{sending}"] == 1


def test_messages_wait_too_long_when_nothing_moves(client: FlaskClient, issue: Issue) -> None:
    assert 60 <= samples(client)["oldest_waiting_seconds{}"] < 120
    put(0, 1, state=DeliveryState.SENT, finished_at=clock.now())
    assert samples(client)["oldest_waiting_seconds{}"] < 10


def test_a_paused_issue_has_no_oldest_message_but_keeps_its_numbers(
    client: FlaskClient, issue: Issue
) -> None:
    control.pause(issue, now=clock.now())
    db.session.commit()
    found = samples(client)
    assert found["oldest_waiting_seconds{}"] == 0
    assert found["waiting{}"] == 10


def test_what_is_uncertain_is_shown_until_somebody_decides(
    client: FlaskClient, issue: Issue
) -> None:
    put(0, 10, state=DeliveryState.UNCERTAIN, finished_at=clock.now())
    db.session.execute(sa.update(Send).values(finished_at=clock.now()))
    db.session.commit()
    found = samples(client)
    assert found["uncertain{}"] == 10
    assert f"deliveries{{{issue.id},news,uncertain}}" not in found


def test_processes_show_by_their_signs_of_life(client: FlaskClient) -> None:
    now = clock.now()
    reports.beat(now=now - timedelta(seconds=3))
    beats = [("sender:a:1", now, 8), ("sender:b:2", now, 4), ("sender:c:3", _old(now), 99)]
    for name, at, connections in beats:
        db.session.execute(insert(Heartbeat).values(name=name, beat_at=at, connections=connections))
    outbox.enqueue_message(
        b"x",
        to="ada@example.org",
        sender=Mailbox("News", "news@news.example.org"),
        now=now - timedelta(seconds=30),
    )
    db.session.commit()
    found = samples(client)
    assert (found["senders{}"], found["connections{}"]) == (2, 12)
    assert 3 <= found["clock_heartbeat_age_seconds{}"] < 15
    assert found["outbox_waiting{}"] == 1
    assert 30 <= found["outbox_oldest_seconds{}"] < 60


def test_many_providers_are_shown_as_one_sum_but_those_that_are_held(
    client: FlaskClient,
) -> None:
    now = clock.now()
    for number in range(measures.MOST_PROVIDERS + 5):
        db.session.add(
            Provider(name=f"mail{number}.example", sent=number, deferred=1, failed=0, uncertain=0)
        )
    db.session.add(Provider(name="held.example", held_until=now + timedelta(hours=1), window=2))
    db.session.commit()
    found = samples(client)
    shown = [name for name in found if name.startswith("provider_outcomes_total{sent,mail")]
    assert len(shown) == measures.MOST_PROVIDERS - 1
    assert found["provider_outcomes_total{sent,other}"] == sum(range(6))
    assert found["provider_outcomes_total{deferred,other}"] == 6
    assert found["provider_held{held.example}"] == 1
    assert found["provider_window{held.example}"] == 2
    assert found["provider_held{mail24.example}"] == 0


def test_no_address_is_told(client: FlaskClient, issue: Issue) -> None:
    answer = client.get("/metrics").text
    assert "reader" not in answer
    assert "@" not in answer


@pytest.mark.parametrize(
    ("peer", "headers", "trusted", "status"),
    [
        ("127.0.0.1", {}, "", 200),
        ("::1", {}, "", 200),
        ("192.0.2.7", {}, "", 404),
        ("", {}, "", 404),
        # A proxy of this machine that is not trusted: who asked is not known.
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, "", 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, "", 404),
        ("127.0.0.1", {"X-Real-IP": "192.0.2.7"}, "", 404),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, "", 404),
        # A trusted one says who asked.
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, "127.0.0.1/32", 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}, "127.0.0.1/32", 404),
        ("10.0.0.2", {"X-Forwarded-For": "127.0.0.1"}, "10.0.0.0/8", 200),
        # From anywhere, with the token and no other.
        ("192.0.2.7", {"Authorization": f"Bearer {TOKEN}"}, "", 200),
        ("192.0.2.7", {"Authorization": f"bearer {TOKEN}"}, "", 200),
        ("192.0.2.7", {"Authorization": f"Basic {TOKEN}"}, "", 404),
        ("192.0.2.7", {"Authorization": f"Bearer {TOKEN}x"}, "", 404),
        ("192.0.2.7", {"Authorization": "Bearer "}, "", 404),
        ("192.0.2.7", {"Authorization": "Bearer tökén"}, "", 404),
    ],
)
def test_it_is_for_this_machine_or_for_who_has_the_token(
    app: Flask, peer: str, headers: dict[str, str], trusted: str, status: int
) -> None:
    app.config["METRICS_TOKEN"] = TOKEN
    app.config["TRUSTED_PROXIES"] = _networks(trusted)
    answer = app.test_client().get(
        "/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": peer}
    )
    assert answer.status_code == status
    if status == 404:
        assert "stay_informed_" not in answer.text
        assert "There is no such page." in answer.text


def test_without_a_token_in_the_settings_no_token_opens_it(app: Flask) -> None:
    for shown in ("", "x", "None"):
        answer = app.test_client().get(
            "/metrics",
            headers={"Authorization": f"Bearer {shown}"},
            environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
        )
        assert answer.status_code == 404


def test_asking_writes_nothing(app: Flask, issue: Issue) -> None:
    db.session.commit()
    before = db.session.scalar(sa.text("PRAGMA data_version"))
    db.session.rollback()
    app.test_client().get("/metrics")
    assert db.session.scalar(sa.text("PRAGMA data_version")) == before


def _old(now: datetime) -> datetime:
    return now - timedelta(seconds=16)


def _networks(text: str) -> list[object]:
    return [ipaddress.ip_network(text)] if text else []
