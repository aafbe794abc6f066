"""A message's bytes hold to the standards whatever is written into it (STANDARDS 1.1, 1.3)."""

import email
import email.header
import email.policy
import email.utils
import re
from datetime import datetime
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.errors import InvalidAddress, InvalidHeader
from newsletter.mail.encoding import encoded_words, quoted_printable
from newsletter.mail.message import (
    AUTOMATIC,
    Mailbox,
    Message,
    boundary_for,
    extra_fields,
    list_headers,
    mailbox_field,
    message_id,
    new_message_id,
    text_field,
    to_bytes,
)
from tests.conftest import NOW

LONG_URL = "https://news.example.org/unsubscribe/" + "t" * 300
FAMILY = "👨‍👩‍👧‍👦"
ARABIC = "كن على اطلاع"
COMBINED = "e\u0301a\u0308" * 30

# Everything that a person may type into a name or a subject.
visible = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
names = st.text(visible, max_size=120)
# Also what no person types: controls, line ends of all scripts, half characters.
anything = st.text(st.characters(exclude_categories=()), max_size=200)


# The same examples each time, however busy the machine is.
steady = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def make_message(**changes: object) -> Message:
    values: dict[str, object] = {
        "sender": Mailbox("Stay Informed", "news@example.org"),
        "recipient": Mailbox("", "ada@example.org"),
        "subject": "News of March",
        "text_part": "Hello.\n",
        "html_part": "<p>Hello.</p>\n",
        "date": NOW,
        "message_id": "<1.abc@example.org>",
        "boundary": boundary_for("0123456789abcdef"),
    }
    return Message(**(values | changes))  # type: ignore[arg-type]


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def mailbox_of(data: bytes, field: str) -> tuple[str, str]:
    """The name and the address in a field, read by the older parser: the newer one puts
    spaces between the encoded-words of a name."""
    raw = email.message_from_bytes(data, policy=email.policy.compat32)[field]
    name, address = email.utils.parseaddr(re.sub(r"\r\n(?=[ \t])", "", raw))
    return str(email.header.make_header(email.header.decode_header(name))), address


def assert_sound(data: bytes) -> None:
    """What every message's bytes are: CRLF only, 7-bit, short lines, no controls in the head."""
    assert data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n")
    assert data.isascii()
    assert b"\0" not in data
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        assert len(line) <= 998
        # Longer than 78 is only what has no place to fold at.
        assert len(line) <= 78 or b" " not in line.strip().partition(b": ")[2], line
        assert line.strip(), "a line of spaces only"
        assert not re.search(rb"[\x00-\x1f\x7f]", line)
        assert b"=?" not in line or len(line) <= 76
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    for word in re.findall(rb"=\?[^ ]*\?=", head):
        assert len(word) <= 75


@steady
@given(subject=names, name=names, text=anything, html=anything)
@example(subject="Ü" * 500, name='Ada "Countess" <L.>, Esq.; (x@y): \\', text="x" * 3000, html="")
@example(subject=FAMILY * 40, name=FAMILY * 12, text=FAMILY, html=ARABIC)
@example(subject=ARABIC * 20, name=ARABIC, text="\0\x0b\x1b", html="<p>" + "y" * 3000)
@example(subject=COMBINED, name=COMBINED, text="\r\n.\r\n\r.\n", html="=")
@example(subject="x" * 500, name="x" * 500, text=" \n\t\n", html=" ")
@example(subject=" two  spaces ", name=" two  spaces ", text=".", html="From me")
@example(subject="=?utf-8?q?=41?=", name="=?utf-8?q?=41?=", text="=41", html="&amp;")
@example(subject="a " * 250, name="a " * 250, text="a " * 250, html=LONG_URL)
def test_whatever_is_written_comes_back_and_the_bytes_are_sound(
    subject: str, name: str, text: str, html: str
) -> None:
    data = to_bytes(
        make_message(
            subject=subject,
            sender=Mailbox(name, "news@example.org"),
            recipient=Mailbox(name, "ada@example.org"),
            reply_to=Mailbox(name, "desk@example.org"),
            text_part=text,
            html_part=html,
        )
    )
    assert_sound(data)
    message = parsed(data)
    assert message["Subject"] == subject
    for field, address in (
        ("From", "news@example.org"),
        ("To", "ada@example.org"),
        ("Reply-To", "desk@example.org"),
    ):
        assert mailbox_of(data, field) == (name, address)
    for kind, written in (("plain", text), ("html", html)):
        part = message.get_body((kind,))
        assert part is not None
        octets = part.get_payload(decode=True)
        assert isinstance(octets, bytes)
        lines = written.replace("\r\n", "\n").replace("\r", "\n")
        lines += "" if lines.endswith("\n") else "\n"
        assert octets.replace(b"\r\n", b"\n") == lines.encode("utf-8", "replace")


def test_each_header_is_there_once_and_the_parts_are_text_then_html() -> None:
    message = parsed(to_bytes(make_message(reply_to=Mailbox("", "desk@example.org"))))
    for name in ("From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version"):
        assert len(message.get_all(name, [])) == 1
    for name in ("Bcc", "Return-Path", "Received", "Sender"):
        assert message[name] is None
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    for part in parts:
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "quoted-printable"


def test_a_message_without_html_is_one_plain_part() -> None:
    message = parsed(to_bytes(make_message(html_part=None)))
    assert message.get_content_type() == "text/plain"
    assert message.get_payload(decode=True) == b"Hello.\r\n"


def test_the_same_message_is_the_same_bytes_each_time() -> None:
    assert to_bytes(make_message()) == to_bytes(make_message())


def test_the_date_says_its_offset() -> None:
    assert b"\r\nDate: Mon, 01 Mar 2027 09:00:00 +0000\r\n" in to_bytes(make_message())
    with pytest.raises(InvalidHeader):
        to_bytes(make_message(date=datetime(2027, 3, 1)))  # noqa: DTZ001  # this is the point


@pytest.mark.parametrize("letter", ["\r", "\n", "\r\n", "\r\n\t", "\0", "\x0b", "\x85", "\u2028"])
@pytest.mark.parametrize("place", ["subject", "name", "reply_to", "header", "list", "url", "id"])
def test_nothing_that_ends_a_line_gets_into_a_header(place: str, letter: str) -> None:
    bad = f"b{letter}Bcc: eve@example.org"
    with pytest.raises(InvalidHeader):
        if place == "subject":
            to_bytes(make_message(subject=bad))
        elif place == "name":
            to_bytes(make_message(sender=Mailbox(bad, "news@example.org")))
        elif place == "reply_to":
            to_bytes(make_message(reply_to=Mailbox(bad, "news@example.org")))
        elif place == "header":
            to_bytes(make_message(headers=(("X-Thing", bad),)))
        elif place == "list":
            list_headers(list_id="news.example.org", list_name=bad, unsubscribe_url=LONG_URL)
        elif place == "url":
            list_headers(
                list_id="news.example.org", list_name="News", unsubscribe_url=LONG_URL + bad
            )
        else:
            to_bytes(make_message(message_id=f"<{bad}@example.org>"))


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org>, <eve@example.org",
        "ada@example.org,eve@example.org",
        "alice@example.org)bob@example.org",
        "ada @example.org",
        "ada",
        "",
        "jörg@exa\nmple.org",
        "ada@\x00example.org",
    ],
)
def test_nothing_but_one_address_gets_into_an_address(address: str) -> None:
    for field in ("sender", "recipient", "reply_to"):
        with pytest.raises(InvalidAddress):
            to_bytes(make_message(**{field: Mailbox("", address)}))


@pytest.mark.parametrize(
    "name", ["Subject", "from", "TO", "Message-ID", "Date", "Bcc", "Content-Type", "Received"]
)
def test_no_further_header_can_take_the_place_of_a_header_of_ours(name: str) -> None:
    with pytest.raises(InvalidHeader):
        extra_fields([(name, "x")])


@pytest.mark.parametrize("name", ["X Thing", "X-Thing:", "", "X-Thing\r\nBcc", "Ü"])
def test_the_name_of_a_header_is_a_name(name: str) -> None:
    with pytest.raises(InvalidHeader):
        extra_fields([(name, "x")])


def test_a_header_cannot_be_there_twice_or_be_endless() -> None:
    with pytest.raises(InvalidHeader):
        extra_fields([("X-Thing", "1"), ("x-thing", "2")])
    with pytest.raises(InvalidHeader):
        extra_fields([("X-Thing", "x" * 1000)])


def test_a_long_address_to_unsubscribe_at_stays_whole() -> None:
    headers = list_headers(
        list_id="news.news.example.org", list_name="Äpfel, Birnen & Co.", unsubscribe_url=LONG_URL
    )
    data = to_bytes(make_message(headers=headers))
    assert_sound(data)
    assert f"\r\nList-Unsubscribe: <{LONG_URL}>\r\n".encode() in data
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in data
    message = parsed(data)
    assert message["List-Id"] == "Äpfel, Birnen & Co. <news.news.example.org>"
    assert message["Auto-Submitted"] is None


def test_a_second_way_to_unsubscribe_is_folded_between_the_two() -> None:
    headers = list_headers(
        list_id="news.example.org",
        list_name="News",
        unsubscribe_url=LONG_URL,
        unsubscribe_mailto="mailto:leave@example.org?subject=x",
    )
    data = extra_fields(headers)
    ways = f"List-Unsubscribe: <{LONG_URL}>,\r\n <mailto:leave@example.org?subject=x>\r\n"
    assert ways.encode() in data


@pytest.mark.parametrize(
    ("origin", "is_offered"),
    [
        ("https://news.example.org", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://news.example.org", False),
        ("http://127.0.0.1.evil.example", False),
    ],
)
def test_one_click_goes_with_https_or_with_this_very_machine(origin: str, is_offered: bool) -> None:
    headers = dict(
        list_headers(
            list_id="news.example.org",
            list_name="News",
            unsubscribe_url=f"{origin}/unsubscribe/t",
        )
    )
    assert headers["List-Unsubscribe"] == f"<{origin}/unsubscribe/t>"
    assert ("List-Unsubscribe-Post" in headers) is is_offered


@pytest.mark.parametrize(
    "url", ["/unsubscribe/t", "https://x.org/a b", "https://x.org/ü", "ftp://x"]
)
def test_an_address_to_unsubscribe_at_is_absolute_and_has_no_gaps(url: str) -> None:
    with pytest.raises(InvalidHeader):
        list_headers(list_id="news.example.org", list_name="News", unsubscribe_url=url)


@steady
@given(name=names)
@example(name="Ä" * 120)
@example(name="\U00100000" * 120)
@example(name='"' * 120)
def test_a_list_id_is_at_most_255_octets(name: str) -> None:
    headers = list_headers(
        list_id="a-long-list-name.newsletters.organisation.example",
        list_name=name,
        unsubscribe_url=LONG_URL,
    )
    assert len(dict(headers)["List-Id"]) <= 255


def test_automatic_mail_says_so() -> None:
    message = parsed(to_bytes(make_message(headers=AUTOMATIC)))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"


def test_a_domain_beyond_ascii_is_written_by_the_newer_rules() -> None:
    assert mailbox_field("To", Mailbox("", "user@faß.de")) == b"To: user@xn--fa-hia.de\r\n"
    assert Mailbox("", "user@faß.de").domain == "xn--fa-hia.de"


def test_a_local_part_beyond_ascii_is_written_as_it_is_never_encoded() -> None:
    field = mailbox_field("To", Mailbox("Jörg", "jörg@example.org"))
    assert field == "To: =?utf-8?q?J=C3=B6rg?= <jörg@example.org>\r\n".encode()


def test_an_encoded_word_never_splits_a_character() -> None:
    for word in encoded_words(FAMILY * 30 + COMBINED):
        assert email.header.decode_header(word)[0][0].decode()  # type: ignore[union-attr]


def test_an_empty_subject_is_still_a_subject() -> None:
    assert text_field("Subject", "") == b"Subject:\r\n"


def test_a_message_id_is_ours_and_new_each_time() -> None:
    first, second = new_message_id("example.org"), new_message_id("example.org")
    assert first != second
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", first)
    with pytest.raises(InvalidHeader):
        message_id("a b", "example.org")


@steady
@given(text=anything)
def test_a_boundary_cannot_occur_in_a_part(text: str) -> None:
    assert b"=_" not in quoted_printable(text)
    assert b"=_" not in quoted_printable("=_0123456789abcdef")


@pytest.mark.parametrize("boundary", ["abc", "=_", '=_"quoted"12345', "=_" + "a" * 69])
def test_a_boundary_that_could_occur_is_refused(boundary: str) -> None:
    with pytest.raises(InvalidHeader):
        to_bytes(make_message(boundary=boundary))
