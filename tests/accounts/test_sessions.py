"""Sessions: how long they live, and that nothing opens an ended one."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts
from newsletter.accounts import Editor, EditorSession, SignInWay, sessions
from newsletter.extensions import db
from tests.conftest import NOW
from tests.factories import make_editor

SECOND = timedelta(seconds=1)


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


def begin(editor: Editor, *, at: datetime = NOW, is_half: bool = False) -> str:
    return sessions.begin(
        editor, SignInWay.PASSWORD, browser="Firefox on Windows", now=at, is_half=is_half
    )


def test_the_key_opens_the_session_and_the_table_does_not_have_it(edith: Editor) -> None:
    key = begin(edith)
    found = sessions.find(key, now=NOW)
    assert found is not None
    assert found.editor is edith
    assert len(key) >= 43
    row = db.session.execute(sa.select(sa.text("*")).select_from(EditorSession)).one()
    assert key not in [str(value) for value in row]


@pytest.mark.parametrize("key", ["", "x", "é", "0" * 64])
def test_another_key_opens_nothing(edith: Editor, key: str) -> None:
    begin(edith)
    assert sessions.find(key, now=NOW) is None


def test_a_session_ends_after_twelve_hours_without_use(edith: Editor) -> None:
    key = begin(edith)
    used_at = NOW + timedelta(hours=11)
    found = sessions.find(key, now=used_at)
    assert found is not None
    sessions.note_use(found, now=used_at)
    db.session.flush()
    end = used_at + timedelta(hours=12)
    assert sessions.find(key, now=end - SECOND) is not None
    assert sessions.find(key, now=end) is None


def test_a_session_ends_after_thirty_days_however_much_it_is_used(edith: Editor) -> None:
    key = begin(edith)
    found = sessions.find(key, now=NOW)
    assert found is not None
    found.seen_at = NOW + timedelta(days=30)
    db.session.flush()
    assert sessions.find(key, now=NOW + timedelta(days=30) - SECOND) is not None
    assert sessions.find(key, now=NOW + timedelta(days=30)) is None


def test_use_is_noted_every_few_minutes_only(edith: Editor) -> None:
    found = sessions.find(begin(edith), now=NOW)
    assert found is not None
    for minutes, noted in ((4, 0), (5, 5), (9, 5), (10, 10)):
        sessions.note_use(found, now=NOW + timedelta(minutes=minutes))
        assert found.seen_at == NOW + timedelta(minutes=noted)


def test_who_is_deactivated_has_no_session(edith: Editor) -> None:
    key = begin(edith)
    accounts.deactivate(edith)
    accounts.activate(edith)
    assert sessions.find(key, now=NOW) is None


def test_half_a_session_is_none_and_is_not_waited_for_long(edith: Editor) -> None:
    key = begin(edith, is_half=True)
    assert sessions.find(key, now=NOW) is None
    assert sessions.sessions_of(edith, now=NOW) == []
    assert sessions.find(key, now=NOW + sessions.HALF_LIFE - SECOND, is_half=True) is not None
    assert sessions.find(key, now=NOW + sessions.HALF_LIFE, is_half=True) is None
    assert sessions.find(begin(edith), now=NOW, is_half=True) is None


def test_a_proof_is_fresh_for_ten_minutes(edith: Editor) -> None:
    found = sessions.find(begin(edith), now=NOW)
    assert found is not None
    assert sessions.is_fresh(found, now=NOW + timedelta(minutes=10) - SECOND)
    assert not sessions.is_fresh(found, now=NOW + timedelta(minutes=10))


def test_all_sessions_but_one_are_ended(edith: Editor) -> None:
    stranger = begin(make_editor("other@example.org"))
    keys = [begin(edith), begin(edith), begin(edith, is_half=True)]
    here = sessions.find(keys[0], now=NOW)
    sessions.end_sessions(edith, besides=here)
    assert sessions.sessions_of(edith, now=NOW) == [here]
    assert sessions.find(keys[2], now=NOW, is_half=True) is None
    assert sessions.find(stranger, now=NOW) is not None


def test_only_what_ended_by_itself_is_forgotten(edith: Editor) -> None:
    begin(edith, at=NOW - timedelta(hours=13))
    begin(edith, at=NOW - timedelta(minutes=11), is_half=True)
    kept = begin(edith, at=NOW - timedelta(hours=11))
    sessions.forget_old(now=NOW)
    assert db.session.scalar(sa.select(sa.func.count(EditorSession.id))) == 1
    assert sessions.find(kept, now=NOW) is not None
