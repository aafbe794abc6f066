"""After an erasure, a search of every byte that is kept finds neither the address nor the name."""

import base64
import logging
import quopri
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock, erasure, links
from newsletter.accounts import RoleName
from newsletter.addresses import parse
from newsletter.audiences import importing
from newsletter.comments import commenting
from newsletter.comments.commenting import Thought
from newsletter.delivery import compiling, planning
from newsletter.delivery.models import Delivery, DeliveryState, Send
from newsletter.extensions import db, overwrite_deleted
from newsletter.issues.models import Issue
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.mail.models import OutboxMessage
from newsletter.mailbox import store
from newsletter.membership import deciding
from newsletter.subscriptions import (
    address_change,
    consent,
    managing,
    signup,
    suppression,
    unsubscribing,
)
from newsletter.subscriptions.agreeing import ReaderClick
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    MailingList,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionReason,
)
from newsletter.tracking.models import TrackedLink
from newsletter.translating import translator
from tests.desk.browser import Browser, signed_in
from tests.factories import (
    make_due_issue,
    make_editor,
    make_item,
    make_list,
    make_subscription,
)
from tests.leftovers import left_in_files, left_in_text
from tests.membership.applicants import make_waiting
from tests.public.managing.conftest import mailed_link

ADDRESS = "Zenobie.Q@Example.org"
NEW = "zen.quarrington@elsewhere.example"
NAME = "Zénobie Quarrington"
WORDS = (ADDRESS, "zenobie.q", NEW, NAME, "Quarrington")
"""What must not be found; the domain alone says nothing of a person."""

Erase = Callable[[Flask], None]


def by_command(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["subscribers", "erase", ADDRESS])
    assert result.exit_code == 0, result.output


def by_desk(app: Flask) -> None:
    browser = signed_in(app, make_editor("admin@example.net", role=RoleName.ADMIN))
    answer = browser.post(
        "/desk/subscribers/erase",
        {"address": ADDRESS.upper(), "erase_why": "asked for it by letter"},
    )
    assert answer.status_code == 303, answer.text


def by_reader(app: Flask) -> None:
    subscriber = signup.find_subscriber(parse(ADDRESS))
    assert subscriber is not None
    browser = Browser(app)
    assert browser.open(mailed_link(subscriber), method="POST").status_code == 303
    answer = browser.open("/manage/delete", method="POST")
    assert "Everything about you is deleted" in answer.text


WAYS = [by_command, by_desk, by_reader]


@pytest.mark.parametrize("erase", WAYS, ids=["command", "desk", "reader"])
def test_a_search_of_every_byte_finds_nothing(
    app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture, erase: Erase
) -> None:
    caplog.set_level(logging.DEBUG)
    seed(app)
    assert len({one.split(" has ")[1] for one in left_in_files(tmp_path, WORDS)}) > len(WORDS)
    erase(app)
    db.session.remove()
    assert left_in_files(tmp_path, WORDS) == []
    assert left_in_text(everything(), WORDS) == []
    assert left_in_text(caplog.text, (*WORDS, ADDRESS.lower())) == []
    [mark] = db.session.scalars(sa.select(Suppression))
    # What an editor decided about the address still counts; who it was and why is gone.
    assert (mark.address, mark.note, mark.reason) == (None, "", SuppressionReason.OPERATOR)
    assert mark.address_hmac == suppression.address_hmac(parse(ADDRESS).canonical)
    # Others have what they had, and the books of the issues are right.
    assert signup.find_subscriber(parse("bob@example.org")) is not None
    assert db.session.scalars(sa.select(OutboxMessage.recipient)).all() == ["bob@example.org"]
    assert [one.recipients for one in kept_mails(tmp_path)] == [("bob@example.org",)]
    assert db.session.scalars(sa.select(ReaderClick)).all() == []
    assert states() == ["cancelled", "sent", "uncertain", "waiting", "waiting", "waiting"]


def test_what_sends_meanwhile_may_hold_the_log_and_the_clock_overwrites_it_later(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.extensions.OVERWRITING_TIMEOUT", 10)
    make_subscription(make_list(), ADDRESS, name=NAME)
    db.session.commit()
    with db.engine.connect() as somebody:
        driver = somebody.connection.driver_connection
        assert driver is not None
        driver.execute("BEGIN")
        driver.execute("SELECT * FROM subscriber").fetchall()
        erased = erasure.erase(parse(ADDRESS), now=clock.now())
        db.session.commit()
        erasure.finish(erased)
        driver.execute("ROLLBACK")
    assert left_in_files(tmp_path, WORDS) != []
    app.test_cli_runner().invoke(args=["jobs", "once", "overwrite-deleted"])
    assert overwrite_deleted()
    assert left_in_files(tmp_path, WORDS) == []


def test_an_import_does_not_bring_them_back_and_the_mark_travels(
    app: Flask, tmp_path: Path
) -> None:
    mailing_list = make_list()
    make_subscription(mailing_list, ADDRESS, name=NAME)
    erasure.erase(parse(ADDRESS), now=clock.now())
    file = tmp_path / "people.csv"
    file.write_text(f"address,name\n{ADDRESS.lower()},{NAME}\n", encoding="utf-8")
    report = importing.import_file(
        file, mailing_list, basis="A sheet", actor="test", now=clock.now(), is_dry_run=False
    )
    assert report.imported == 0
    assert signup.find_subscriber(parse(ADDRESS)) is None


def test_they_come_back_by_double_opt_in_which_lifts_the_mark(app: Flask) -> None:
    mailing_list = make_list()
    make_subscription(mailing_list, ADDRESS, name=NAME)
    erasure.erase(parse(ADDRESS), now=clock.now())
    db.session.commit()
    browser = Browser(app)
    wish = {"address": ADDRESS, "frequency": "every", "language": "en"}
    assert browser.open("/subscribe", method="POST", data=wish).status_code == 200
    db.session.rollback()
    mail = db.session.scalars(sa.select(OutboxMessage)).one()
    # Asking lifts nothing: anybody can ask.
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Suppression)) == 1
    path = str(mail.facts["confirm_url"]).removeprefix("https://news.example.org")
    assert browser.open(path, method="POST").status_code in (200, 303)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Suppression)) == 0
    back = signup.find_subscriber(parse(ADDRESS))
    assert back is not None and back.subscriptions[0].state == "confirmed"
    about_them = sa.select(ConsentEvent.kind).where(ConsentEvent.subscriber_id == back.id)
    assert db.session.scalars(about_them).all() == ["requested", "confirmed"]


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ("", "Write why"),
        ("Quarrington asked", "Leave out the name"),
        ("zenobie.q@example.org asked", "Leave out the name"),
    ],
)
def test_the_reason_is_asked_for_and_does_not_say_who_it_was(
    app: Flask, why: str, sentence: str
) -> None:
    make_subscription(make_list(), ADDRESS, name=NAME)
    browser = signed_in(app, make_editor("admin@example.net", role=RoleName.ADMIN))
    answer = browser.post("/desk/subscribers/erase", {"address": ADDRESS, "erase_why": why})
    assert answer.status_code == 422
    assert sentence in answer.text
    db.session.rollback()
    assert signup.find_subscriber(parse(ADDRESS)) is not None


def test_only_admins_erase(app: Flask) -> None:
    make_subscription(make_list(), ADDRESS, name=NAME)
    browser = signed_in(app, make_editor())
    assert "Erase this person" not in browser.post("/desk/subscribers/", {"address": ADDRESS}).text
    refused = browser.post("/desk/subscribers/erase", {"address": ADDRESS, "erase_why": "asked"})
    assert refused.status_code == 403


def seed(app: Flask) -> None:
    """Leave traces of one person wherever there is room for one, and some of another."""
    mailing_list = make_list()
    subscription = make_subscription(mailing_list, ADDRESS, name=NAME)
    make_subscription(mailing_list, "bob@example.org", name="Bob")
    subscriber = subscription.subscriber
    subscriber.attributes = {"called": NAME, "private": ADDRESS.lower()}
    give_evidence(subscription.subscriber, mailing_list)
    ask_for_membership()
    say_something()
    for state in (DeliveryState.SENT, DeliveryState.UNCERTAIN, DeliveryState.WAITING):
        deliver(mailing_list, subscriber, state)
    queue_mails(subscriber, mailing_list)
    follow_a_link(subscription)
    address_change.ask(subscriber, NEW, now=clock.now())
    link = unsubscribing.payload(subscription.id, 1)
    note = f"{NAME} wrote to us"
    suppression.suppress(
        parse(ADDRESS), reason=SuppressionReason.OPERATOR, note=note, now=clock.now()
    )
    db.session.commit()
    browser = signed_in(app, make_editor())
    assert browser.post("/desk/subscribers/", {"address": ADDRESS}).status_code == 200
    # Every table was rewritten at least once: what is in free pages and in the log is old.
    subscriber.name = f"{NAME} the second"
    db.session.commit()
    reader = Browser(app)
    token = links.UNSUBSCRIBE.token(link, now=clock.now())
    assert reader.get(f"/unsubscribe/{token}").status_code == 200
    keep_mails(Path(app.config["INSTANCE_PATH"]))


def ask_for_membership() -> None:
    """Leave an application that was declined, and one that waits."""
    declined = make_waiting(ADDRESS, name=NAME)
    reason = f"{NAME} is elsewhere"
    deciding.decline(declined, reason, by=make_editor("decides@example.net"), now=clock.now())
    make_waiting(ADDRESS.lower(), name=NAME)


def say_something() -> None:
    item = make_item("with-comments")
    item.comments_until = clock.now().date()
    words = f"Write to {ADDRESS}, says {NAME}"
    thought = Thought(name=NAME, address=parse(ADDRESS), text=words, language="en")
    make_editor("reads@example.net", role=RoleName.ADMIN, has_joined=True)
    commenting.add(item, thought, now=clock.now())


def follow_a_link(subscription: Subscription) -> None:
    """Leave what is recorded of a reader who agreed to that."""
    subscription.last_open_on = clock.now().date()
    link = TrackedLink(key="k" * 16, issue_id=1, address="https://example.com/")
    db.session.add(link)
    db.session.flush()
    db.session.add(
        ReaderClick(
            subscription_id=subscription.id, link_key=link.key, day=subscription.last_open_on
        )
    )


def give_evidence(subscriber: Subscriber, mailing_list: MailingList) -> None:
    words = consent.wording_id(consent.wording(mailing_list.name, translator("en")))
    for kind in (ConsentKind.REQUESTED, ConsentKind.CONFIRMED, ConsentKind.CHANGED):
        consent.record(
            kind,
            subscriber.subscriptions[0],
            origin=Origin(page="/confirm", ip="198.51.100.77"),
            now=clock.now(),
            wording_id=words,
            detail="form: all topics; every",
        )


def deliver(mailing_list: MailingList, subscriber: Subscriber, state: DeliveryState) -> Issue:
    """Plan an issue for both; for the one it stands at `state`, with what was merged in."""
    issue = make_due_issue(mailing_list, subject="Hello {{ name }}")
    planning.plan(issue, now=clock.now())
    run = db.session.scalars(sa.select(Send).where(Send.issue_id == issue.id)).one()
    delivery = db.session.scalars(
        sa.select(Delivery).where(
            Delivery.send_id == run.id, Delivery.subscriber_id == subscriber.id
        )
    ).one()
    delivery.state = state
    delivery.merge_values = compiling.merge_values(
        subscriber.name, subscriber.attributes, subscriber.format
    )
    db.session.flush()
    return issue


def queue_mails(subscriber: Subscriber, mailing_list: MailingList) -> None:
    sender = Mailbox("News", "news@example.org")
    for to in (ADDRESS, ADDRESS.lower(), ADDRESS.upper(), "bob@example.org"):
        outbox.enqueue(
            "welcome", to=to, language="en", sender=sender, facts={"name": to}, now=clock.now()
        )
    raw = quopri.encodestring(f"Dear {NAME}".encode())
    outbox.enqueue_message(raw, to=ADDRESS, sender=sender, now=clock.now())
    managing.ask(parse(ADDRESS), is_kept=False, language="en", now=clock.now())


def keep_mails(instance: Path) -> None:
    about = b"Subject: Comment\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(
        f"{NAME} <{ADDRESS}> wrote".encode()
    )
    office = store.Envelope("", ("office@example.net",), clock.now())
    store.add(store.folder_of(instance), about, office)
    for to in (ADDRESS, NEW, "bob@example.org"):
        raw = b"To: " + to.encode() + b"\r\n\r\n" + quopri.encodestring(f"Dear {to}".encode())
        store.add(store.folder_of(instance), raw, store.Envelope("", (to,), clock.now()))


def kept_mails(instance: Path) -> list[store.Envelope]:
    folder = store.folder_of(instance)
    return [store.envelope_of(folder, name) for name in store.names(folder)]


def states() -> list[str]:
    return sorted(str(one) for one in db.session.scalars(sa.select(Delivery.state)))


def everything() -> str:
    """Return all rows of all tables, as text."""
    return "\n".join(
        str(row)
        for table in sorted(sa.inspect(db.engine).get_table_names())
        for row in db.session.execute(sa.text(f'SELECT * FROM "{table}"'))
    )
