"""From an edition and a person to bytes."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import links
from newsletter.delivery import compiling
from newsletter.delivery.compiling import Compiled, Person
from newsletter.delivery.models import CompiledEdition, Delivery, Send
from newsletter.errors import RenderFault
from newsletter.extensions import db
from newsletter.issues import rendering
from newsletter.issues.content import Content
from newsletter.issues.merge_fields import Part
from newsletter.issues.rendering import RenderedEdition
from newsletter.issues.segments import fill
from newsletter.mail import message
from newsletter.mail.message import Mailbox, Message
from newsletter.subscriptions import leaving_by_mail
from newsletter.subscriptions.models import MailFormat, MailingList
from tests.conftest import NOW
from tests.delivery.situations import begin
from tests.issues.samples import MASTHEAD, content
from tests.message_standards import check_untouchable
from tests.naughty import NAUGHTY

VALUES = {"format": "html", "values": {"name": "Ada"}}


@pytest.fixture
def compiled(app: Flask) -> Compiled:
    begin("ada", subject="{{ name | Reader }}, new guidance")
    return _compiled()


def test_the_headers_are_those_of_a_list(compiled: Compiled) -> None:
    sent = _parse(_bytes(compiled))

    assert sent["From"] == "Stay Informed <news@news.example.org>"
    assert sent["To"] == "ada@example.org"
    assert sent["Subject"] == "Ada, new guidance"
    assert sent["Date"] == "Mon, 01 Mar 2027 09:00:00 +0000"
    assert sent["List-Id"] == "Stay Informed <news.news.example.org>"
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<7\.[0-9a-f]{32}@news\.example\.org>", str(sent["Message-ID"]))
    assert sent["Auto-Submitted"] is None
    assert sent.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in sent.iter_parts()] == ["text/plain", "text/html"]


def test_the_one_click_link_is_whole_and_names_subscription_and_delivery(
    compiled: Compiled,
) -> None:
    raw = _bytes(compiled)

    field = re.search(rb"\r\nList-Unsubscribe: ?(?:\r\n )?<([^>\s]+)>\r\n", raw)
    assert field is not None
    token = field[1].decode().removeprefix("https://news.example.org/unsubscribe/")

    assert links.UNSUBSCRIBE.read(token, now=NOW) == "3-7"


def test_who_takes_mail_for_it_offers_to_unsubscribe_by_mail_too(app: Flask) -> None:
    app.config["UNSUBSCRIBE_DOMAIN"] = "news.example.org"
    begin("ada", subject="New guidance")
    raw = _bytes(_compiled())

    field = re.search(rb"\r\nList-Unsubscribe: <([^>\s]+)>,\r\n <mailto:([^>\s]+)>\r\n", raw)
    assert field is not None
    token = field[1].decode().removeprefix("https://news.example.org/unsubscribe/")
    assert links.UNSUBSCRIBE.read(token, now=NOW) == "3-7"
    address, _, query = field[2].decode().partition("?")
    assert query == "subject=unsubscribe"
    assert leaving_by_mail.find(b"", address).delivery_id == 7
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"=?" not in field[0]
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_what_was_planned_before_there_was_such_a_domain_stays_as_it_is(app: Flask) -> None:
    begin("ada", subject="New guidance")
    compiled = _compiled()
    app.config["UNSUBSCRIBE_DOMAIN"] = "news.example.org"
    assert b"mailto:unsubscribe" not in _bytes(compiled)
    assert b"mailto:unsubscribe" not in _bytes(_compiled())


def test_the_parts_carry_the_links_of_this_person(compiled: Compiled) -> None:
    text, html = _parts(_bytes(compiled))

    unsubscribe = links.UNSUBSCRIBE.url("3-7", now=NOW)
    preferences = links.PREFERENCES.url("3-7", now=NOW)
    for part in (text, html):
        assert unsubscribe in part
        assert preferences in part
        assert "https://news.example.org/archive/1" in part
        assert "Dear Ada, there is news." in part


def test_the_same_person_gets_the_same_bytes_each_time(compiled: Compiled) -> None:
    assert _bytes(compiled) == _bytes(_compiled())


def test_values_are_escaped_where_they_land(compiled: Compiled) -> None:
    name = '<b>"Ada"</b> {{ name }}'
    text, html = _parts(_bytes(compiled, {"format": "html", "values": {"name": name}}))

    assert name in text
    assert "&lt;b&gt;&#34;Ada&#34;&lt;/b&gt;" in html or "&lt;b&gt;&quot;Ada&quot;" in html
    assert "<b>" not in html.partition("Dear")[2].partition("news.")[0]


def test_a_line_end_in_a_name_begins_no_header(compiled: Compiled) -> None:
    name = "Ada\r\nBcc: eve@example.org"
    sent = _parse(_bytes(compiled, {"format": "html", "values": {"name": name}}))

    assert sent["Bcc"] is None
    assert sent["Subject"] == "Ada  Bcc: eve@example.org, new guidance"


def test_who_wants_text_gets_one_part(compiled: Compiled) -> None:
    sent = _parse(_bytes(compiled, {"format": "text", "values": {"name": "Ada"}}))

    assert sent.get_content_type() == "text/plain"
    assert "Dear Ada" in sent.get_content()


def test_the_lists_own_sender_and_reply_to_are_used(app: Flask) -> None:
    begin("ada")
    row = db.session.scalars(sa.select(CompiledEdition)).one()
    row.content = row.content | {
        "from_name": "The Secretariat",
        "from_address": "hello@org.example",
        "reply_to": "answers@org.example",
    }
    db.session.commit()

    sent = _parse(_bytes(_compiled()))

    assert sent["From"] == "The Secretariat <hello@org.example>"
    assert sent["Reply-To"] == "answers@org.example"
    assert str(sent["Message-ID"]).endswith("@org.example>")


def test_what_is_a_persons_own_is_frozen_in_plain_values(app: Flask) -> None:
    frozen = compiling.merge_values("Ada", {"country": "AT", "list": [1]}, MailFormat.TEXT)

    assert frozen == {"format": "text", "values": {"name": "Ada", "attributes.country": "AT"}}


def test_a_person_whose_values_are_broken_is_a_fault_of_this_row_only(
    compiled: Compiled,
) -> None:
    with pytest.raises(RenderFault, match="could not be made") as caught:
        _bytes(compiled, {"format": "html", "values": None})

    assert "ada@example.org" not in str(caught.value)


def test_a_list_renamed_meanwhile_changes_nothing(compiled: Compiled) -> None:
    db.session.scalars(sa.select(MailingList)).one().name = "Another name"
    db.session.commit()

    assert "Stay Informed" in str(_parse(_bytes(_compiled()))["From"])


def test_every_delivery_has_a_message_id_of_its_own(app: Flask) -> None:
    begin("ada", "ben")
    ids = {
        _parse(_bytes(_compiled(), person=Person(number, 3, "ada@example.org")))["Message-ID"]
        for number in db.session.scalars(sa.select(Delivery.id))
    }
    assert len(ids) == 2


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("mail_format", list(MailFormat))
def test_every_message_says_what_plain_rendering_says(
    app: Flask, language: str, mail_format: MailFormat
) -> None:
    frozen = frozen_edition(PERSONAL, language)
    compiled = compiling.thaw(frozen, NONCE)
    for number, name in enumerate(NAUGHTY):
        other = NAUGHTY[-number]
        values = compiling.merge_values(name, {"country": other}, mail_format)
        person = Person(number + 1, 2**40 + number, f"reader{number}@example.org")

        raw = compiling.message_for(compiled, person, values, date=NOW)

        plain = _plainly(frozen, person, values)
        assert raw.partition(b"\r\n\r\n")[0] == plain.partition(b"\r\n\r\n")[0]
        assert _payloads(raw) == _payloads(plain)
        assert _parse(raw).defects == []
        check_untouchable(raw.partition(b"\r\n\r\n")[2].replace(b"=_" + NONCE.encode(), b""))


def test_values_in_a_right_to_left_edition_stay_isolated(app: Flask) -> None:
    compiled = compiling.thaw(frozen_edition(PERSONAL, "ar"), NONCE)
    for part in _parts(_bytes(compiled)):
        assert "\u2068Ada\u2069" in part


@pytest.mark.parametrize(
    "address", ["Ada.B+c@example.org", "ada@faß.de", "jörg@example.org", "a" * 64 + "@example.org"]
)
def test_any_address_is_written_as_plain_rendering_writes_it(app: Flask, address: str) -> None:
    frozen = frozen_edition(PERSONAL, "en")
    person = Person(7, 3, address)
    raw = _bytes(compiling.thaw(frozen, NONCE), person=person)
    assert (
        raw.partition(b"\r\n\r\n")[0] == _plainly(frozen, person, VALUES).partition(b"\r\n\r\n")[0]
    )


@pytest.mark.parametrize("address", ["ada@example.org\r\nBcc: eve@example.org", "ada", ""])
def test_an_address_that_is_none_is_a_fault_of_this_row_only(
    compiled: Compiled, address: str
) -> None:
    with pytest.raises(RenderFault):
        _bytes(compiled, person=Person(7, 3, address))


def test_the_date_has_the_offset_that_it_was_given(compiled: Compiled) -> None:
    # Equal times: what was written for one must not serve for the other.
    for hours, written in ((0, "09:00:00 +0000"), (2, "11:00:00 +0200"), (0, "09:00:00 +0000")):
        date = NOW.astimezone(timezone(timedelta(hours=hours)))
        assert f"\r\nDate: Mon, 01 Mar 2027 {written}\r\n".encode() in _bytes(compiled, date=date)


def test_a_run_keeps_its_key_out_of_sight(compiled: Compiled, app: Flask) -> None:
    key = links.UNSUBSCRIBE._plain_signer().derive_key()
    assert app.config["SECRET_KEY"] not in repr(compiled)
    assert repr(key) not in repr(compiled)


NONCE = "0123456789abcdef" * 2
PERSONAL = content(
    subject="{{ name | Reader }}, new guidance for {{ attributes.country | you }}",
    introduction="Dear {{ name | friend }} of {{ attributes.country }},\n\n"
    "[your page](https://example.org/?c={{ attributes.country }}&n={{ name | nobody }}).",
)


def frozen_edition(written: Content, language: str) -> dict[str, Any]:
    """What a send keeps of an edition."""
    edition = rendering.render(replace(written, language=language), MASTHEAD)
    return {
        "from_name": "Stay Informed",
        "from_address": "news@news.example.org",
        "reply_to": "desk@example.org",
        "list_id": "news.news.example.org",
        "list_name": "Stay Informed, für alle",
        "edition": edition.to_json(),
    }


def _plainly(frozen: dict[str, Any], person: Person, personal: dict[str, Any]) -> bytes:
    """The same message, every word of it written and encoded for this one person."""
    payload = f"{person.subscription_id}-{person.delivery_id}"
    values = {
        **personal["values"],
        "unsubscribe_url": links.UNSUBSCRIBE.url(payload, now=NOW),
        "preferences_url": links.PREFERENCES.url(payload, now=NOW),
    }
    edition = RenderedEdition.from_json(frozen["edition"])
    has_html = personal["format"] == "html"
    return message.to_bytes(
        Message(
            sender=Mailbox(frozen["from_name"], frozen["from_address"]),
            recipient=Mailbox("", person.address),
            reply_to=Mailbox("", frozen["reply_to"]),
            subject=fill(edition.subject, values, part=Part.HEADER),
            text_part=fill(edition.text_part, values, part=Part.TEXT),
            html_part=fill(edition.html_part, values, part=Part.HTML) if has_html else None,
            date=NOW,
            message_id=f"<{person.delivery_id}.{NONCE}@news.example.org>",
            boundary=message.boundary_for(NONCE),
            headers=message.list_headers(
                list_id=frozen["list_id"],
                list_name=frozen["list_name"],
                unsubscribe_url=values["unsubscribe_url"],
            ),
        )
    )


def _compiled() -> Compiled:
    row = db.session.scalars(sa.select(CompiledEdition)).one()
    return compiling.read(row, db.session.get_one(Send, row.send_id))


def _bytes(
    compiled: Compiled,
    values: object = VALUES,
    person: Person = Person(7, 3, "ada@example.org"),  # noqa: B008  # frozen
    date: datetime = NOW,
) -> bytes:
    return compiling.message_for(compiled, person, cast("dict[str, object]", values), date=date)


def _parse(raw: bytes) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(raw, policy=email.policy.default))


def _parts(raw: bytes) -> tuple[str, str]:
    text, html = (part.get_content() for part in _parse(raw).iter_parts())
    return text, html


def _payloads(raw: bytes) -> list[tuple[str, bytes]]:
    """Each part's headers and its content, decoded."""
    parts = [part for part in _parse(raw).walk() if not part.is_multipart()]
    return [
        (str(part.items()), cast(bytes, part.get_payload(decode=True)).replace(b"\r\n", b"\n"))
        for part in parts
    ]
