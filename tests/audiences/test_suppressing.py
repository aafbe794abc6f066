"""Files of addresses that are never to be mailed."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import addresses
from newsletter.audiences import suppressing
from newsletter.audiences.reading import BadRow
from newsletter.audiences.suppressing import SuppressionReport
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import Suppression, SuppressionReason
from tests.conftest import NOW


def take(folder: Path, text: str, *, encoding: str = "utf-8", dry: bool = False) -> tuple[int, ...]:
    """Import a file of this text; return how many were suppressed, were already, were refused."""
    report = report_of(folder, text, encoding=encoding, dry=dry)
    return report.suppressed, report.already, len(report.refused)


def report_of(
    folder: Path, text: str, *, encoding: str = "utf-8", dry: bool = False
) -> SuppressionReport:
    path = folder / "never.csv"
    path.write_bytes(text.encode(encoding))
    return suppressing.suppress_file(path, note="the old system", now=NOW, is_dry_run=dry)


def notes() -> dict[str | None, str]:
    db.session.expire_all()
    return {row.address: row.note for row in db.session.scalars(sa.select(Suppression))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada@example.org\nBEN@example.org\n", {"ada": "the old system", "ben": "the old system"}),
        ("ada@example.org", {"ada": "the old system"}),
        ("\nada@example.org\n", None),
        (
            "ada@example.org,asked by phone\nben@example.org,\n",
            {"ada": "asked by phone", "ben": ""},
        ),
        ("address,reason\nada@example.org,bounced\n", {"ada": "bounced"}),
        ("Grund;E-Mail-Adresse\nangerufen;ada@example.org\n", {"ada": "angerufen"}),
        ("email\nada@example.org\n", {"ada": "the old system"}),
    ],
)
def test_a_file_is_read_with_or_without_a_header(
    app: Flask, tmp_path: Path, text: str, expected: dict[str, str] | None
) -> None:
    if expected is None:
        with pytest.raises(InvalidInput, match="one address a line"):
            take(tmp_path, text)
        return
    take(tmp_path, text)
    assert notes() == {
        f"{name}@example.org": note or "the old system" for name, note in expected.items()
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_usual_encodings_are_read(app: Flask, tmp_path: Path, encoding: str) -> None:
    assert take(tmp_path, "ada@example.org,désinscrite\n", encoding=encoding) == (1, 0, 0)
    assert notes() == {"ada@example.org": "désinscrite"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "It says: nothing"),
        ("name,reason\nAda,gone\n", "It says: name, reason"),
    ],
)
def test_a_file_without_addresses_is_refused_whole(
    app: Flask, tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        take(tmp_path, text)
    with pytest.raises(InvalidInput, match="not UTF-8"):
        take(tmp_path, "ad\xe9@example.org", encoding="latin-1")
    with pytest.raises(InvalidInput, match="cannot be read"):
        suppressing.suppress_file(tmp_path / "none.csv", note="x", now=NOW)


def test_bad_lines_are_named_and_do_not_stop_the_others(app: Flask, tmp_path: Path) -> None:
    report = report_of(
        tmp_path,
        f'ada@example.org,\nno address,\nben@example.org,"bell \x07"\n'
        f"cleo@example.org,{'x' * 301}\ndan@example.org,gone\n",
    )
    too_long = "the reason is too long or has characters that cannot be shown"
    assert report.refused == [
        BadRow(2, "the address is not one that mail can reach"),
        BadRow(3, too_long),
        BadRow(4, too_long),
    ]
    assert set(notes()) == {"ada@example.org", "dan@example.org"}


def test_doing_it_twice_changes_nothing(app: Flask, tmp_path: Path) -> None:
    text = "ada@example.org,first\nADA@example.org,second\n"
    assert take(tmp_path, text) == (1, 1, 0)
    assert take(tmp_path, text) == (0, 2, 0)
    assert notes() == {"ada@example.org": "first"}


def test_what_was_suppressed_for_another_reason_keeps_it(app: Flask, tmp_path: Path) -> None:
    ada = addresses.parse("ada@example.org")
    suppression.suppress(ada, reason=SuppressionReason.COMPLAINT, note="spam button", now=NOW)
    assert take(tmp_path, "ada@example.org") == (0, 1, 0)
    assert notes() == {"ada@example.org": "spam button"}


def test_an_erased_person_is_suppressed_for_good(app: Flask, tmp_path: Path) -> None:
    ada = addresses.parse("ada@example.org")
    suppression.suppress(ada, reason=SuppressionReason.ERASED, note="", now=NOW)
    assert take(tmp_path, "ada@example.org") == (1, 0, 0)
    row = suppression.find(ada)
    assert row is not None and row.reason is SuppressionReason.OPERATOR


def test_a_dry_run_counts_and_changes_nothing(app: Flask, tmp_path: Path) -> None:
    assert take(tmp_path, "ada@example.org\nno\n", dry=True) == (1, 0, 1)
    assert notes() == {}


def test_what_is_queued_for_them_goes_nowhere(app: Flask, tmp_path: Path) -> None:
    sender = Mailbox("News", "news@news.example.org")
    for name in ("Ada", "ben"):
        outbox.enqueue_message(b"x", to=f"{name}@example.org", sender=sender, now=NOW)
    take(tmp_path, "Ada@example.org\n")
    assert list(db.session.scalars(sa.select(OutboxMessage.recipient))) == ["ben@example.org"]
