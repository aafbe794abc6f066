"""Messages stay as they came, and a name cannot lead out of the folder."""

from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.errors import NotFound
from newsletter.mailbox import store
from tests.conftest import NOW

ENVELOPE = store.Envelope(sender="", recipients=("reader@example.org",), received_at=NOW)


def test_a_message_is_kept_byte_by_byte_with_its_envelope(tmp_path: Path) -> None:
    raw = b"Subject: x\r\n\r\n.\r\nbare\nfeed \xff\x00\r\n"

    name = store.add(tmp_path / "mailbox", raw, ENVELOPE)

    assert store.raw(tmp_path / "mailbox", name) == raw
    assert store.raw(tmp_path / "mailbox", name, limit=7) == raw[:7]
    assert store.envelope_of(tmp_path / "mailbox", name) == ENVELOPE


def test_the_newest_message_comes_first_and_the_oldest_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "KEPT", 3)

    added = [
        store.add(tmp_path, b"", store.Envelope("", (), NOW + timedelta(microseconds=tick)))
        for tick in range(5)
    ]

    assert store.names(tmp_path) == [added[4], added[3], added[2]]
    assert len(list(tmp_path.iterdir())) == 6


def test_drafts_and_other_files_are_no_messages(tmp_path: Path) -> None:
    (tmp_path / "20270301T090000000000-0a0a0a0a.draft").touch()
    (tmp_path / "notes.eml").touch()

    assert store.names(tmp_path) == []
    assert store.names(tmp_path / "not made yet") == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "notes",
        "../secret",
        "20270301T090000000000-0a0a0a0a/../x",
        "20270301T090000000000-0a0a0a0a\n",
        "\N{ARABIC-INDIC DIGIT TWO}0270301T090000000000-0a0a0a0a",
        "20270301T090000000000-0a0a0a0a",
    ],
)
def test_a_name_that_is_not_of_a_message_finds_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.eml").touch()
    with pytest.raises(NotFound):
        store.raw(tmp_path, name)
    with pytest.raises(NotFound):
        store.envelope_of(tmp_path, name)
