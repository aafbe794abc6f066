"""Who changed their address is erased wholly, and no import brings them back by an earlier one."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock, erasure
from newsletter.accounts import RoleName
from newsletter.addresses import parse
from newsletter.comments import commenting
from newsletter.comments.commenting import Thought
from newsletter.extensions import db
from newsletter.links import NEW_ADDRESS
from newsletter.membership import deciding
from newsletter.subscriptions import address_change, signup, suppression
from newsletter.subscriptions.address_change import ReaderAddressChange
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import Subscriber, SuppressionReason
from tests.desk.browser import signed_in
from tests.factories import make_editor, make_item, make_list, make_subscription
from tests.leftovers import left_in_files
from tests.membership.applicants import make_waiting

OLD = "zenobie.q@example.org"
NEW = "zq@elsewhere.example"
NAME = "Zenobie Quarrington"
WEB = Origin(page="/manage")


@pytest.fixture
def reader(app: Flask) -> Subscriber:
    """Somebody who commented and asked for a membership before they changed their address."""
    subscriber = make_subscription(make_list(), OLD, name=NAME).subscriber
    admin = make_editor("admin@example.net", role=RoleName.ADMIN, has_joined=True)
    deciding.decline(make_waiting(OLD, name=NAME), "Not now", by=admin, now=clock.now())
    item = make_item("with-comments")
    item.comments_until = clock.now().date()
    said = Thought(name=NAME, address=parse(OLD), text="I am Quarrington", language="en")
    commenting.add(item, said, now=clock.now())
    return subscriber


def change_to(new: str, subscriber: Subscriber) -> ReaderAddressChange:
    now = clock.now()
    address_change.ask(subscriber, new, now=now)
    newest = sa.select(ReaderAddressChange).order_by(ReaderAddressChange.id.desc()).limit(1)
    change = db.session.scalars(newest).one()
    return address_change.confirm(NEW_ADDRESS.token(str(change.id), now=now), origin=WEB, now=now)


def reason_of(address: str) -> SuppressionReason | None:
    found = suppression.find(parse(address))
    return found and found.reason


@pytest.mark.parametrize("days", [0, 40])
def test_erasing_finds_what_came_from_the_address_of_before(
    reader: Subscriber, tmp_path: Path, days: int
) -> None:
    change_to(NEW, reader)
    now = clock.now() + timedelta(days=days)
    address_change.forget_old(now=now)
    db.session.commit()
    erased = erasure.erase(parse(NEW), now=now)
    db.session.commit()
    erasure.finish(erased)
    db.session.remove()
    assert left_in_files(tmp_path, ("zenobie.q", NEW, "Quarrington")) == []
    assert (reason_of(OLD), reason_of(NEW)) == (SuppressionReason.ERASED, SuppressionReason.ERASED)


def test_who_opens_the_mailbox_of_before_has_nobody_erased(
    app: Flask, reader: Subscriber, tmp_path: Path
) -> None:
    """Whoever holds it today may be anybody: the desk says so, and asks whom it means."""
    change_to(NEW, reader)
    db.session.commit()
    number = reader.id
    admin = signed_in(app, make_editor("desk@example.net", role=RoleName.ADMIN))
    refused = admin.post("/desk/subscribers/erase", {"address": OLD, "erase_why": "asked"})
    assert refused.status_code == 409
    assert f"Subscriber {number} had this address before" in refused.text
    found = admin.post("/desk/subscribers/", {"address": OLD}).text
    assert f"Subscriber {number} had this address before" in found
    assert f"Erase subscriber {number}" in found and NEW not in found
    run = app.test_cli_runner().invoke
    assert run(args=["subscribers", "erase", OLD]).exit_code != 0
    assert run(args=["subscribers", "erase", OLD, "--subscriber", "999"]).exit_code != 0
    assert f"subscriber {number} had" in run(args=["subscribers", "show", OLD]).output
    assert signup.find_subscriber(parse(NEW)) is not None
    meant = {"address": OLD, "number": str(number), "erase_why": "asked by letter"}
    named = admin.post("/desk/subscribers/erase", meant | {"erase_why": "Quarrington asked"})
    assert named.status_code == 422
    assert admin.post("/desk/subscribers/erase", meant).status_code == 303
    db.session.remove()
    assert left_in_files(tmp_path, ("zenobie.q", NEW, "Quarrington")) == []
    assert (reason_of(OLD), reason_of(NEW)) == (SuppressionReason.ERASED, SuppressionReason.ERASED)


def test_an_address_that_somebody_else_has_now_stays_theirs(reader: Subscriber) -> None:
    change_to(NEW, reader)
    make_subscription(reader.subscriptions[0].mailing_list, OLD)
    erasure.erase(parse(NEW), now=clock.now())
    assert reason_of(OLD) is None


def test_an_address_that_was_objected_to_was_never_theirs(reader: Subscriber) -> None:
    first = change_to(NEW, reader)
    change_to("third@elsewhere.example", reader)
    address_change.object_to(first, origin=WEB, now=clock.now())
    erasure.erase(parse(OLD), now=clock.now())
    assert reason_of(OLD) is SuppressionReason.ERASED
    assert reason_of(NEW) is reason_of("third@elsewhere.example") is None


def test_what_else_is_known_of_an_earlier_address_stays(reader: Subscriber) -> None:
    change_to(NEW, reader)
    suppression.suppress(parse(OLD), reason=SuppressionReason.COMPLAINT, note=NAME, now=clock.now())
    erasure.erase(parse(NEW), now=clock.now())
    known = suppression.find(parse(OLD))
    assert known is not None
    assert (known.reason, known.address, known.note) == (SuppressionReason.COMPLAINT, None, "")
