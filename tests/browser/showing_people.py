"""The people of the installation that the pictures show: colleagues and readers."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from benchmarks import readers
from benchmarks.copying import copy_rows, moment, only_if
from newsletter import accounts
from newsletter.accounts import Editor, RoleName, recovery_codes, sealing, sessions
from newsletter.accounts.models import Authenticator, SignInWay
from newsletter.extensions import db
from newsletter.subscriptions import consent, suppression
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import ConsentKind, MailingList, Subscription
from newsletter.translating import translator

READERS = 1_234
ADA = 12
"""The number of the reader whose story is told."""


def add_editors(*, now: datetime) -> tuple[Editor, Editor]:
    """Add three colleagues, one of whom has not come yet, and return the other two."""
    edith, amina, chidi = (
        accounts.add_editor(
            f"{name.lower()}@example.org", role, name, now=now - timedelta(days=400)
        )
        for name, role in (
            ("Edith", RoleName.ADMIN),
            ("Amina", RoleName.EDITOR),
            ("Chidi", RoleName.AUTHOR),
        )
    )
    for editor in (edith, amina):
        editor.joined_at = now - timedelta(days=399)
        accounts.change_details(editor, name=editor.name, zone="Europe/Vienna")
    accounts.change_details(chidi, name=chidi.name)
    return edith, amina


def gather_readers(news: MailingList, *, now: datetime) -> None:
    """Let readers have come in the course of two years, some have left, and one have a story."""
    readers.fill(news, READERS, now=now)
    tables = db.metadata.tables
    subscription, subscriber = tables["subscription"], tables["subscriber"]
    left = sa.text("id % 40 = 3")
    db.session.execute(sa.update(subscription).where(left).values(state="unsubscribed"))
    waiting = sa.text("id % 50 = 7")
    db.session.execute(sa.update(subscription).where(waiting).values(state="pending"))
    for language, which in (("fr", "id % 5 = 0"), ("es", "id % 9 = 0")):
        of_it = sa.update(subscriber).where(sa.text(which))
        db.session.execute(of_it.values(language=language))
    columns = {
        "subscription_id": "id",
        "source": "source",
        "started_at": moment(now, "-700 + id * id * 694 / 1234 / 1234", "days"),
        "ended_at": only_if("state = 'unsubscribed'", moment(now, "-id % 100", "days")),
        "ended_reason": only_if("state = 'unsubscribed'", "'link'"),
    }
    copy_rows("subscription", "subscription_interval", columns, which="state <> 'pending'")
    marks = {
        "address_hmac": "address_hmac",
        "address": "address",
        "reason": "'operator'",
        "note": "''",
        "since": moment(now, "-30", "days"),
    }
    copy_rows("subscriber", "suppression", marks, which="id % 100 = 99")
    _tell_of_ada(news, now=now)
    db.session.commit()


def _tell_of_ada(news: MailingList, *, now: datetime) -> None:
    subscription = db.session.get_one(Subscription, ADA)
    ada, at = subscription.subscriber, now - timedelta(days=400)
    ada.address = ada.canonical = "ada@example.org"
    ada.address_hmac = suppression.address_hmac(ada.canonical)
    ada.name, ada.created_at = "Ada Lovelace", at
    subscription.requested_at = at
    subscription.intervals[0].started_at = at + timedelta(minutes=4)
    wording = consent.wording_id(consent.wording(news.name, translator("en")))
    for kind, page, later in (
        (ConsentKind.REQUESTED, "/", timedelta(0)),
        (ConsentKind.CONFIRMED, "/confirm", timedelta(minutes=4)),
    ):
        consent.record(
            kind, subscription, origin=Origin(page=page), wording_id=wording, now=at + later
        )


def furnish_account(editor: Editor, *, now: datetime) -> None:
    """Give an editor who is signed in a second factor, and one more session; commit."""
    secret = sealing.seal("JBSWY3DPEHPK3PXP", owner=editor.id)
    db.session.add(
        Authenticator(editor_id=editor.id, secret=secret, added_at=now - timedelta(days=90))
    )
    recovery_codes.renew(editor)
    yesterday = now - timedelta(hours=11)
    sessions.begin(editor, SignInWay.PASSWORD, browser="Safari on iPhone", now=yesterday)
    db.session.commit()
