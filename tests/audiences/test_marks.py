"""The suppression list as a file and back."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import erasure
from newsletter.addresses import parse
from newsletter.audiences import marks
from newsletter.extensions import db
from newsletter.subscriptions import signup, suppression
from newsletter.subscriptions.models import Suppression, SuppressionReason
from tests.conftest import NOW
from tests.factories import make_list, make_subscription

ADA, BOB = parse("ada@example.org"), parse("bob@example.org")


@pytest.fixture
def file(app: Flask, tmp_path: Path) -> Path:
    """An export with somebody who was erased and somebody who is known by address."""
    suppression.suppress(BOB, reason=SuppressionReason.COMPLAINT, note="=1+1, he said", now=NOW)
    erasure.erase(ADA, now=NOW)
    out = StringIO()
    assert marks.export_marks(out) == 2
    assert "ada" not in out.getvalue()
    path = tmp_path / "never.csv"
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def kept() -> list[tuple[object, ...]]:
    columns = (
        Suppression.address_hmac,
        Suppression.address,
        Suppression.reason,
        Suppression.note,
        Suppression.since,
    )
    return [tuple(row) for row in db.session.execute(sa.select(*columns).order_by(columns[0]))]


def test_it_comes_back_as_it_was_and_again_is_harmless(app: Flask, file: Path) -> None:
    before = kept()
    db.session.execute(sa.delete(Suppression))
    assert marks.is_export(file)
    for suppressed, already in ((2, 0), (0, 2)):
        report = marks.take_marks(file)
        assert (report.suppressed, report.already, report.refused) == (suppressed, already, [])
    assert kept() == before


def test_who_is_in_a_restored_backup_is_erased_once_more(app: Flask, file: Path) -> None:
    db.session.execute(sa.delete(Suppression))
    make_subscription(make_list(), ADA.spelling, at=NOW - timedelta(days=1))
    db.session.commit()
    told = app.test_cli_runner().invoke(args=["suppressions", "import", str(file), "--dry-run"])
    assert "1 who had been erased would be erased once more" in told.output
    assert signup.find_subscriber(ADA) is not None
    told = app.test_cli_runner().invoke(args=["suppressions", "import", str(file)])
    assert "1 who had been erased erased once more" in told.output
    assert signup.find_subscriber(ADA) is None


def test_who_came_back_since_is_left_alone(app: Flask, file: Path) -> None:
    db.session.execute(sa.delete(Suppression))
    back = make_subscription(make_list(), ADA.spelling)
    back.subscriber.created_at = NOW + timedelta(days=1)
    db.session.flush()
    report = marks.take_marks(file)
    assert (report.suppressed, report.already, report.erased) == (1, 1, [])
    assert suppression.find(ADA) is None


@pytest.mark.parametrize(
    "line",
    ["x", f"{'0' * 63},,erased,,2027-01-01", f"{'0' * 64},,nonsense,,2027-01-01",
     f"{'0' * 64},eve@example.org,operator,,2027-01-01", f"{'0' * 64},,erased,,yesterday"],
)  # fmt: skip
def test_a_line_that_is_none_of_ours_is_refused_and_the_others_count(
    app: Flask, file: Path, line: str
) -> None:
    with file.open("a", encoding="utf-8") as more:
        more.write(line + "\n")
    report = marks.take_marks(file)
    assert (report.rows, report.already, [row.line for row in report.refused]) == (3, 2, [4])
