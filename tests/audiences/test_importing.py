"""Importing: everybody in the file, but nobody who left; again is harmless."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import addresses
from newsletter.audiences import importing
from newsletter.audiences.importing import ImportReport
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    ConsentWording,
    MailingList,
    Source,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from tests.conftest import NOW
from tests.factories import make_list, make_subscription

BASIS = "Signed the sheet at the 2026 meeting"


@pytest.fixture
def mailing_list(app: Flask) -> MailingList:
    """A list to import into."""
    mailing_list = make_list("news")
    db.session.commit()
    return mailing_list


def bring_in(
    mailing_list: MailingList, tmp_path: Path, content: str | bytes, *, is_dry_run: bool = False
) -> ImportReport:
    path = tmp_path / "people.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return importing.import_file(
        path, mailing_list, basis=BASIS, actor="test", now=NOW, is_dry_run=is_dry_run
    )


def states() -> dict[str, str]:
    rows = db.session.execute(
        sa.select(Subscriber.address, Subscription.state).join(Subscription)
    ).all()
    return {address: state.value for address, state in rows}


def test_rows_are_confirmed_with_their_evidence_and_no_mail(
    mailing_list: MailingList, tmp_path: Path
) -> None:
    report = bring_in(
        mailing_list, tmp_path, "address,name,language\nada@example.org,Ada,fr\nbob@example.org,,\n"
    )
    assert (report.rows, report.imported, report.already, report.refused) == (2, 2, 0, [])
    assert states() == {"ada@example.org": "confirmed", "bob@example.org": "confirmed"}
    ada = db.session.scalars(sa.select(Subscriber).order_by(Subscriber.id)).first()
    assert ada is not None
    assert (ada.name, ada.language) == ("Ada", "fr")
    assert ada.subscriptions[0].intervals[0].source is Source.IMPORT
    event = db.session.scalars(
        sa.select(ConsentEvent).where(ConsentEvent.subscriber_id == ada.id)
    ).one()
    assert (event.kind, event.actor, event.at) == (ConsentKind.IMPORTED, "test", NOW)
    assert db.session.get_one(ConsentWording, event.wording_id).text == BASIS
    assert db.session.scalars(sa.select(OutboxMessage)).all() == []


@pytest.mark.parametrize(
    "content",
    [
        "Email Address,First name\nada@example.org,Ada\n",
        "\ufeffE-Mail;Name\nada@example.org;Ada\n",
        "Correo electrónico\tNombre\nada@example.org\tAda\n",
        "name,ADDRESS\r\nAda,ada@example.org\r\n",
        '"address"\n"ada@example.org"\n\n\n',
        "address\nada@example.org",
        "address,name\nada@example.org,Ada\n".encode("utf-16"),
    ],
)
def test_common_files_are_understood(
    mailing_list: MailingList, tmp_path: Path, content: str | bytes
) -> None:
    assert bring_in(mailing_list, tmp_path, content).imported == 1
    assert states() == {"ada@example.org": "confirmed"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "must name the columns"),
        ("name,language\nAda,en\n", "It says: name, language"),
        ("ada@example.org\nbob@example.org\n", "must name the columns"),
        (b"address\n\xff\xe9\n", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    mailing_list: MailingList, tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        bring_in(mailing_list, tmp_path, content)
    assert states() == {}


def test_a_file_that_is_not_there_is_one_sentence(
    mailing_list: MailingList, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        importing.import_file(tmp_path / "no", mailing_list, basis=BASIS, actor="t", now=NOW)


def test_bad_rows_are_listed_with_their_line_and_stop_nobody(
    mailing_list: MailingList, tmp_path: Path
) -> None:
    content = (
        "address,name,language\n"
        "ada@example.org,Ada,en\n"
        "nonsense,,\n"
        "ADA@Example.org,again,\n"
        f"bob@example.org,{'x' * 201},\n"
        "cat@example.org,,klingon!\n"
        "news@news.example.org,,\n"
        "dora@example.org\n"
    )
    report = bring_in(mailing_list, tmp_path, content)
    assert report.imported == 2
    assert report.rows == 7
    assert [row.line for row in report.refused] == [3, 4, 5, 6, 7]
    assert set(states()) == {"ada@example.org", "dora@example.org"}


def test_nobody_who_left_or_is_suppressed_comes_back(
    mailing_list: MailingList, tmp_path: Path
) -> None:
    make_subscription(mailing_list, "left@example.org", state=SubscriptionState.UNSUBSCRIBED)
    again = make_subscription(
        mailing_list, "again@example.org", state=SubscriptionState.UNSUBSCRIBED
    )
    again.state = SubscriptionState.PENDING
    make_subscription(mailing_list, "asked@example.org", state=SubscriptionState.PENDING)
    make_subscription(mailing_list, "here@example.org")
    for reason in SuppressionReason:
        address = addresses.parse(f"{reason.value}@example.org")
        suppression.suppress(address, reason=reason, note="", now=NOW)
    db.session.commit()
    names = ["left", "again", "asked", "here", "new", *SuppressionReason]
    report = bring_in(
        mailing_list, tmp_path, "address\n" + "\n".join(f"{name}@example.org" for name in names)
    )
    assert (report.imported, report.already) == (2, 1)
    assert report.reasons() == {
        "this person left the list": 2,
        "the address is suppressed": len(SuppressionReason),
    }
    assert states() == {
        "left@example.org": "unsubscribed",
        "again@example.org": "pending",
        "asked@example.org": "confirmed",
        "here@example.org": "confirmed",
        "new@example.org": "confirmed",
    }


def test_importing_again_changes_nothing(mailing_list: MailingList, tmp_path: Path) -> None:
    content = "address,name\nada@example.org,Ada\n"
    bring_in(mailing_list, tmp_path, content)
    report = bring_in(mailing_list, tmp_path, content.replace("Ada", "Eve"))
    assert (report.imported, report.already) == (0, 1)
    assert db.session.scalars(sa.select(Subscriber.name)).one() == "Ada"
    assert db.session.scalar(sa.select(sa.func.count(ConsentEvent.id))) == 1


def test_a_dry_run_counts_and_changes_nothing(mailing_list: MailingList, tmp_path: Path) -> None:
    report = bring_in(mailing_list, tmp_path, "address\nada@example.org\n", is_dry_run=True)
    assert report.imported == 1
    assert states() == {}
    assert db.session.scalars(sa.select(ConsentWording)).all() == []


def test_somebody_on_another_list_joins_this_one_too(
    mailing_list: MailingList, tmp_path: Path
) -> None:
    make_subscription(make_list("other"), "ada@example.org", name="Ada")
    report = bring_in(mailing_list, tmp_path, "address,name\nada@example.org,Eve\n")
    assert report.imported == 1
    [ada] = db.session.scalars(sa.select(Subscriber)).all()
    assert (ada.name, len(ada.subscriptions)) == ("Ada", 2)


def test_more_rows_than_a_chunk_are_all_taken(
    mailing_list: MailingList, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 7)
    content = "address\n" + "".join(f"reader{n}@example.org\n" for n in range(50))
    assert bring_in(mailing_list, tmp_path, content).imported == 50
    assert len(states()) == 50


def test_no_basis_no_import(mailing_list: MailingList, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="on which basis"):
        importing.import_file(tmp_path, mailing_list, basis="  ", actor="t", now=NOW)


def test_a_quotation_mark_that_is_never_closed_is_told_and_swallows_nobody_silently(
    mailing_list: MailingList, tmp_path: Path
) -> None:
    content = 'address,name\nada@example.org,"Ada\nbob@example.org,b\ncat@example.org,c'
    report = bring_in(mailing_list, tmp_path, content)
    assert report.imported == 0
    assert [(row.line, row.reason) for row in report.refused] == [
        (2, "a quotation mark is missing: it reaches to line 4")
    ]


def test_lines_are_counted_as_an_editor_counts_them(
    mailing_list: MailingList, tmp_path: Path
) -> None:
    content = 'address,name\nada@example.org,"A\nda"\n\nno,\nbob@example.org,Bob\n'
    report = bring_in(mailing_list, tmp_path, content)
    assert (report.imported, [row.line for row in report.refused]) == (1, [2, 5])
