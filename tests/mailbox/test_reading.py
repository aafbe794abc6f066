"""Any message can be shown, whatever is in it."""

import random
from email.message import EmailMessage

import pytest

from newsletter.mailbox import reading
from newsletter.mailbox.reading import Link


def make_raw(*, html: str = "<p>Hello</p>", text: str = "Hello") -> bytes:
    message = EmailMessage()
    message["Subject"] = "Zürich: neue Leitlinie"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message.add_attachment("<p>attached</p>", subtype="html", filename="a.html")
    return message.as_bytes()


def test_both_parts_and_the_decoded_subject_are_found() -> None:
    found = reading.read(make_raw(html="<p>Grüße</p>", text="Grüße"))

    assert found.subject == "Zürich: neue Leitlinie"
    assert (found.html_part, found.text_part) == ("<p>Grüße</p>\n", "Grüße\n")


def test_web_links_are_listed_in_order_and_once_with_their_words() -> None:
    html = """
        <a href="https://example.org/a"><img src=x></a>
        <a href=" HTTPS://example.org/b"> B <b>c</b></a>
        <a href="https://example.org/a">A</a> <a href="javascript:alert(1)">no</a> <a>no</a>
        <a href="mailto:a@example.org">no</a> <a href="https://example.org/d"></a> <a href>no</a>
    """

    assert reading.read(make_raw(html=html)).links == [
        Link("https://example.org/a", "A"),
        Link("HTTPS://example.org/b", "B c"),
        Link("https://example.org/d", "https://example.org/d"),
    ]


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"Subject: =?utf-8?q?Z=C3=BCrich?=\r\n =?utf-8?q?_news?=\r\n\r\n", "Zürich news"),
        ("Subject: Zürich\r\n\r\n".encode(), "Zürich"),
        (b"Subject: Z\xfcrich\r\n\r\n", "Z�rich"),
        (b"Subject: =?utf-8?b?a?=\r\n\r\n", "=?utf-8?b?a?="),
        (b"Subject: =?no-such?q?x?=\r\n\r\n", "=?no-such?q?x?="),
        (b"subject: small letters\r\nSubject: second\r\n\r\n", "small letters"),
        (b"X: y\r\n\r\n", ""),
        (b"", ""),
        (b"no header at all", ""),
    ],
)
def test_a_subject_is_read_however_it_is_written(raw: bytes, subject: str) -> None:
    assert reading.read(raw).subject == subject
    assert reading.subject(raw) == subject


@pytest.mark.parametrize("charset", ["no-such", "zlib", "undefined", "utf-16", "\0", '"'])
def test_a_charset_that_nobody_knows_still_shows_the_text(charset: str) -> None:
    raw = f"Content-Type: text/plain; charset={charset}\r\n\r\nHello you\r\n".encode()

    assert reading.read(raw).text_part


def test_parts_nested_beyond_reason_leave_the_headers() -> None:
    opening = "".join(
        f'Content-Type: multipart/mixed; boundary="b{depth}"\r\n\r\n--b{depth}\r\n'
        for depth in range(3000)
    )

    found = reading.read(f"Subject: deep\r\n{opening}".encode())

    assert found.subject == "deep"


def test_no_bytes_make_it_fail() -> None:
    chance = random.Random(20270301)
    kind = b"Subject: =?utf-8?q?a?=\r\nContent-Type: text/html; charset="
    for _ in range(300):
        tail = chance.randbytes(chance.randrange(200))
        for raw in (tail, kind + tail, kind + b"utf-8\r\n\r\n<a href=" + tail):
            assert str(reading.read(raw)).encode()
            assert reading.subject(raw).encode() is not None
