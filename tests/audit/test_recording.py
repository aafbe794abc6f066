"""What somebody did is written down with it, once, for good, and without readers."""

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import audit
from newsletter.audit import Channel, Deed
from newsletter.audit.deeds import THINGS, sentence
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db
from tests.conftest import NOW
from tests.factories import make_editor, make_list


def test_an_entry_says_who_did_what_to_what(app: Flask) -> None:
    edith = make_editor()
    mailing_list = make_list()
    audit.record(
        Deed.ISSUE_SCHEDULED,
        by=edith,
        now=NOW,
        key=42,
        mailing_list_id=mailing_list.id,
        detail="Thursday 5 March 2026, 09:00 (Europe/Vienna)",
    )
    [entry] = db.session.scalars(sa.select(AuditEntry))
    assert (entry.at, entry.editor_id, entry.actor) == (NOW, edith.id, edith.signature)
    assert (entry.kind, entry.key, entry.channel) == ("issue", "42", "desk")
    assert entry.mailing_list_id == mailing_list.id
    assert str(sentence(entry.deed, entry.key, entry.detail)) == (
        "scheduled issue 42 for Thursday 5 March 2026, 09:00 (Europe/Vienna)."
    )


@pytest.mark.parametrize(
    ("channel", "actor"), [(Channel.COMMAND, "command line"), (Channel.CLOCK, "clock")]
)
def test_where_no_editor_did_it_the_way_in_stands(app: Flask, channel: Channel, actor: str) -> None:
    entry = audit.record(Deed.ISSUE_PAUSED, by=None, now=NOW, key=1, channel=channel)
    assert (entry.editor_id, entry.actor, entry.channel) == (None, actor, channel.value)


def test_what_is_rolled_back_leaves_no_trace(app: Flask) -> None:
    audit.record(Deed.ISSUE_SENT, by=None, now=NOW, key=1)
    db.session.rollback()
    assert db.session.scalars(sa.select(AuditEntry)).all() == []


def test_an_address_in_the_detail_is_hidden(app: Flask) -> None:
    entry = audit.record(
        Deed.LIST_CHANGED, by=None, now=NOW, key="news", detail="asked by ada@example.org"
    )
    assert entry.detail == "asked by a…@e….org"


def test_a_long_detail_is_cut_and_stays_one_line(app: Flask) -> None:
    entry = audit.record(Deed.ISSUE_WARNING_WAIVED, by=None, now=NOW, detail="why\n" * 500)
    assert len(entry.detail) == 500
    assert "\n" not in entry.detail


def test_no_entry_can_be_changed_or_deleted(app: Flask) -> None:
    refuse_every_change()


def refuse_every_change() -> None:
    """Try it; a test with services does the same on PostgreSQL."""
    audit.record(Deed.ISSUE_SENT, by=None, now=NOW, key=1)
    db.session.commit()
    for statement in (
        sa.update(AuditEntry).values(actor="nobody"),
        sa.update(AuditEntry).values(editor_id=None),
        sa.delete(AuditEntry),
    ):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(statement)
        db.session.rollback()


@pytest.mark.parametrize("deed", list(Deed))
def test_every_deed_reads_as_a_sentence(deed: Deed) -> None:
    words = str(sentence(deed.value, "7", ""))
    assert words.endswith(".")
    assert "{" not in words
    assert "  " not in words
    assert words[0].islower()
    assert ("{}" in deed.words) <= (deed.kind in THINGS)
    assert str(sentence(deed.value, "7", "so it is")).endswith("so it is.")


def test_a_deed_of_a_newer_version_is_still_shown() -> None:
    assert str(sentence("issue.sung", "7", "loudly")) == "issue.sung 7: loudly."


def test_a_better_name_takes_the_place_of_a_number() -> None:
    said = sentence(Deed.EDITOR_DEACTIVATED.value, "3", "", name="Paul (editor 3)")
    assert (said.before, said.thing, said.after) == ("deactivated ", "Paul (editor 3)", ".")
