"""What must be as true on PostgreSQL as on SQLite."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, addresses, extensions, limits
from newsletter.audiences import importing
from newsletter.errors import InvalidInput, NewsletterError, Refused, TooOften
from newsletter.extensions import db
from newsletter.library.models import Topic
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import consent, lists, offering, signup, suppression
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    Frequency,
    Source,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    Suppression,
    SuppressionReason,
)
from newsletter.translating import translator
from tests import story, test_migrations
from tests.audit import test_recording
from tests.conftest import NOW
from tests.factories import make_list
from tests.relay import Relay


def test_the_whole_story(app: Flask) -> None:
    with Relay() as relay:
        story.tell(app, relay)


def test_migrations_equal_the_models_and_go_back(app: Flask) -> None:
    flask_migrate.check()
    test_migrations.go_back_and_forth()


def test_evidence_cannot_be_changed_or_deleted(app: Flask) -> None:
    db.session.add(
        ConsentEvent(at=NOW, kind=ConsentKind.CONFIRMED, subscriber_id=1, actor="x", ip="192.0.2.1")
    )
    db.session.commit()
    for statement in (
        sa.update(ConsentEvent).values(page="/elsewhere"),
        sa.update(ConsentEvent).values(subscriber_id=2),
        sa.delete(ConsentEvent),
    ):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(statement)
        db.session.rollback()
    db.session.execute(sa.update(ConsentEvent).values(subscriber_id=None, ip=None))


def test_no_audit_entry_can_be_changed_or_deleted(app: Flask) -> None:
    test_recording.refuse_every_change()
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        db.session.execute(sa.text("TRUNCATE audit_entry"))


def test_a_reading_transaction_cannot_write(app: Flask) -> None:
    with extensions.reading():
        db.session.add(Topic(slug="mms", name="MMS"))
        with pytest.raises(sa.exc.InternalError, match="read-only"):
            db.session.flush()


def test_twenty_sign_ups_of_one_address_at_once_are_one_wish_and_one_mail(app: Flask) -> None:
    make_list("news")
    db.session.commit()

    def ask() -> None:
        offer = offering.of()
        assert offer is not None
        address = addresses.parse("ada@example.org")
        wish = signup.Wish(address, "", "en", Frequency.EVERY, topics=[])
        words = consent.wording(offer.name, translator("en"))
        signup.request_subscription(
            offer, wish, words, origin=Origin(), source=Source.FORM, network="", now=NOW
        )

    at_once(app, ask, times=20)
    assert len(db.session.scalars(sa.select(Subscriber)).all()) == 1
    assert len(db.session.scalars(sa.select(Subscription)).all()) == 1
    [mail] = db.session.scalars(sa.select(OutboxMessage)).all()
    token = str(mail.facts["confirm_url"]).rpartition("/")[2]
    db.session.rollback()

    at_once(app, lambda: signup.confirm(token, origin=Origin(), now=NOW), times=20)
    assert len(db.session.scalars(sa.select(SubscriptionInterval)).all()) == 1
    kinds = db.session.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)).all()
    assert kinds == ["confirm", "welcome"]


def test_adding_the_same_thing_at_once_adds_it_once_and_refuses_calmly(app: Flask) -> None:
    refusals: list[NewsletterError] = []

    def add(verb: Callable[[], object]) -> Callable[[], None]:
        def work() -> None:
            try:
                verb()
            except NewsletterError as exc:
                refusals.append(exc)

        return work

    ada = addresses.parse("ada@example.org")
    operator = SuppressionReason.OPERATOR
    for verb in (
        lambda: accounts.add_editor("ada@example.org", "editor", now=NOW),
        lambda: lists.add_list("news", name="News", now=NOW),
        lambda: suppression.suppress(ada, reason=operator, note="x", now=NOW),
    ):
        at_once(app, add(verb), times=8)
    assert len(refusals) == 14
    assert all(isinstance(refusal, InvalidInput | Refused) for refusal in refusals)
    assert len(db.session.scalars(sa.select(Suppression)).all()) == 1


def test_two_admins_who_deactivate_each_other_leave_one(app: Flask) -> None:
    victims = ["one@example.org", "two@example.org"]
    for victim in victims:
        accounts.add_editor(victim, "admin", now=NOW)
    db.session.commit()
    refusals: list[Refused] = []

    def deactivate() -> None:
        try:
            accounts.deactivate(accounts.get_editor(victims.pop()))
        except Refused as exc:
            refusals.append(exc)

    at_once(app, deactivate, times=2)
    assert len(refusals) == 1


def test_a_limit_holds_for_processes_that_count_at_once(app: Flask) -> None:
    refusals: list[TooOften] = []

    def count() -> None:
        try:
            limits.count("sign-up", "192.0.2.0/24", window=timedelta(hours=1), most=10, now=NOW)
        except TooOften as exc:
            refusals.append(exc)

    at_once(app, count, times=25)
    assert len(refusals) == 15


def test_an_import_works_the_same(app: Flask, tmp_path: Path) -> None:
    mailing_list = make_list("news")
    db.session.commit()
    path = tmp_path / "people.csv"
    path.write_text("address,name\nada@example.org,Ada\nbob@example.org,Bob\nno,\n")
    for imported, already in ((2, 0), (0, 2)):
        report = importing.import_file(path, mailing_list, basis="x", actor="test", now=NOW)
        assert (report.imported, report.already, len(report.refused)) == (imported, already, 1)


def at_once(app: Flask, work: Callable[[], object], *, times: int) -> None:
    """Run `work` in so many threads, each with a transaction of its own; nobody may fail."""
    failures: list[Exception] = []

    def one() -> None:
        with app.app_context():
            try:
                work()
                db.session.commit()
            except Exception as exc:
                failures.append(exc)

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
