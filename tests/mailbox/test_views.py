"""The mailbox shows untrusted messages: escaped on its own pages, sandboxed in the frame."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from newsletter import create_app
from newsletter.mailbox import store, views
from tests.conftest import NOW, settings

HTML = '<html><head></head><body><a href="http://127.0.0.1:8000/confirm/t0ken">Confirm</a></body></html>'
RAW = (
    "From: <news@example.org>\r\nSubject: Confirm <b>now</b>\r\nX-Trap: <script>1</script>\r\n"
    'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    "Grüße <script>2</script> http://127.0.0.1:8000/confirm/t0ken\r\n"
    f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{HTML}\r\n--b--\r\n"
).encode()


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """A browser on an installation of which only the mailbox is looked at."""
    return create_app(settings(tmp_path) | {"USES_MAILBOX": True}).test_client()


def receive(tmp_path: Path, raw: bytes = RAW, *, minutes: int = 0) -> str:
    envelope = store.Envelope(
        sender="",
        recipients=("reader@example.org", "<i>@example.org"),
        received_at=NOW + timedelta(minutes=minutes),
    )
    return store.add(store.folder_of(tmp_path), raw, envelope)


@pytest.mark.parametrize("path", ["/mailbox", "/mailbox/"])
def test_an_empty_mailbox_says_how_to_get_a_mail(client: FlaskClient, path: str) -> None:
    page = client.get(path)

    assert page.status_code == 200
    assert "No mail yet" in page.text


def test_the_list_names_subject_recipients_and_time_escaped(
    client: FlaskClient, tmp_path: Path
) -> None:
    name = receive(tmp_path)

    page = client.get("/mailbox").text

    assert f'<a href="/mailbox/{name}">Confirm &lt;b&gt;now&lt;/b&gt;</a>' in page
    assert "reader@example.org, &lt;i&gt;@example.org" in page
    assert "2027-03-01 09:00:00" in page


def test_the_list_is_read_page_by_page_newest_first(client: FlaskClient, tmp_path: Path) -> None:
    added = [receive(tmp_path, minutes=minute) for minute in range(views.PAGE + 2)]

    first = client.get("/mailbox").text
    older = re.search(r'href="(/mailbox\?before=[^"]+)"', first)
    assert older
    second = client.get(older[1]).text

    assert listed(first) == added[:1:-1]
    assert listed(second) == added[1::-1]
    assert "no older message" in client.get(f"/mailbox?before={added[0]}").text


def listed(page: str) -> list[str]:
    return re.findall(r'href="/mailbox/([^"?]+)"', page)


def test_a_message_shows_its_parts_links_and_headers_escaped(
    client: FlaskClient, tmp_path: Path
) -> None:
    name = receive(tmp_path)

    answer = client.get(f"/mailbox/{name}")

    page = answer.text
    confirm = 'href="http://127.0.0.1:8000/confirm/t0ken"'
    assert page.count(confirm) == 2, "once beside the frame, once in the plain-text part"
    assert f'src="/mailbox/{name}/html"' in page
    assert "Grüße &lt;script&gt;2" in page
    assert "X-Trap: &lt;script&gt;1" in page
    assert "<script" not in page
    assert "frame-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_html_part_has_the_policy_of_framed_messages(
    client: FlaskClient, tmp_path: Path
) -> None:
    answer = client.get(f"/mailbox/{receive(tmp_path)}/html")

    assert answer.text.strip() == HTML
    assert answer.mimetype == "text/html"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox")
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert answer.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"


def test_the_raw_message_is_plain_text_byte_by_byte(client: FlaskClient, tmp_path: Path) -> None:
    answer = client.get(f"/mailbox/{receive(tmp_path)}/raw")

    assert answer.data == RAW
    assert answer.mimetype == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_message_of_text_alone_has_no_frame(client: FlaskClient, tmp_path: Path) -> None:
    name = receive(tmp_path, b"Subject: x\r\n\r\nonly text\r\n")

    assert "<iframe" not in client.get(f"/mailbox/{name}").text
    assert client.get(f"/mailbox/{name}/html").status_code == 404


@pytest.mark.parametrize("tail", ["", "/html", "/raw"])
@pytest.mark.parametrize("name", ["nothing", "..", "20270301T090000000000-0a0a0a0a"])
def test_a_message_that_is_not_there_is_a_404(client: FlaskClient, name: str, tail: str) -> None:
    assert client.get(f"/mailbox/{name}{tail}").status_code == 404


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\x00\xfe",
        b"Content-Type: text/html; charset=no-such\r\n\r\n<a href='\xff'>",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Subject: =?x?b?a?=\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
        b"Content-Type: text/plain\r\n\r\n" + b"http://" * 5000,
    ],
)
def test_no_message_makes_a_page_fail(client: FlaskClient, tmp_path: Path, raw: bytes) -> None:
    name = receive(tmp_path, raw)

    assert client.get("/mailbox").status_code == 200
    assert client.get(f"/mailbox/{name}").status_code == 200
    assert client.get(f"/mailbox/{name}/raw").data == raw
    assert client.get(f"/mailbox/{name}/html").status_code in (200, 404)
