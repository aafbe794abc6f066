"""The migrations make what the models say, and the database guards the evidence."""

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db
from newsletter.subscriptions.models import ConsentEvent, ConsentKind
from tests.conftest import NOW


def test_migrations_equal_the_models(app: Flask) -> None:
    flask_migrate.check()


def test_evidence_cannot_be_changed_or_deleted(app: Flask) -> None:
    event = ConsentEvent(at=NOW, kind=ConsentKind.CONFIRMED, subscriber_id=1, actor="subscriber")
    db.session.add(event)
    db.session.commit()
    for statement in (
        sa.update(ConsentEvent).values(page="/elsewhere"),
        sa.update(ConsentEvent).values(subscriber_id=2),
        sa.delete(ConsentEvent),
    ):
        with pytest.raises(sa.exc.IntegrityError, match="append-only"):
            db.session.execute(statement)
        db.session.rollback()


def test_erasure_may_blank_the_person_in_evidence(app: Flask) -> None:
    event = ConsentEvent(
        at=NOW, kind=ConsentKind.CONFIRMED, subscriber_id=1, ip="192.0.2.1", actor="subscriber"
    )
    db.session.add(event)
    db.session.commit()
    db.session.execute(sa.update(ConsentEvent).values(subscriber_id=None, ip=None))
    db.session.commit()
    assert (event.subscriber_id, event.ip, event.at) == (None, None, NOW)
