"""What every message must satisfy, read off its bytes by the standard library's parser."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime

ONCE = ("Date", "From", "Message-ID", "Subject", "To", "MIME-Version")
AT_MOST_ONCE = (
    *("Sender", "Reply-To", "Cc", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"),
    *("Feedback-ID", "Auto-Submitted", "Precedence"),
)
NEVER = ("Bcc", "Return-Path", "Received")
LIST_FIELDS = ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id")
ENCODED_WORD = re.compile(r"=\?[^?]+\?[BbQq]\?[^?]*\?=")


def parse(raw: bytes) -> EmailMessage:
    """Return the message as a mail program reads it."""
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(raw: bytes) -> str:
    """Return the plain-text part."""
    part = parse(raw).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(raw: bytes) -> str:
    """Return the HTML part."""
    part = parse(raw).get_body(("html",))
    assert part is not None
    return str(part.get_content())


def unsubscribe_url(raw: bytes) -> str:
    """Return the one-click address, as a machine reads it from the unfolded header."""
    header = re.sub(r"\r\n[ \t]", " ", raw.decode().partition("\r\n\r\n")[0])
    [line] = [line for line in header.split("\r\n") if line.lower().startswith("list-unsubscribe:")]
    [url] = re.findall(r"<(https://[^>]*)>", line)
    return str(url)


def check_message(raw: bytes, *, own_domain: str, is_issue: bool) -> None:
    """Assert what STANDARDS 1.1 and 1.3 say of one message of ours (M01-M16, L01, L02, L12-L18)."""
    _check_lines(raw)
    message = parse(raw)
    assert message.defects == []
    for name in ONCE:
        assert len(message.get_all(name, [])) == 1, name
    for name in AT_MOST_ONCE:
        assert len(message.get_all(name, [])) <= 1, name
    for name in NEVER:
        assert name not in message
    _check_date_and_identity(message, own_domain)
    _check_encoded_words(raw)
    _check_parts(message)
    if is_issue:
        _check_list_fields(raw, message, own_domain)
    else:
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
        assert not any(name.lower().startswith("list-") for name, _ in message.items())


def _check_lines(raw: bytes) -> None:
    assert b"\x00" not in raw
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert raw.endswith(b"\r\n")
    raw.decode("ascii")
    header, _, body = raw.partition(b"\r\n\r\n")
    assert len(header) < 100_000
    for line in body.split(b"\r\n"):
        assert len(line) <= 76
    for line in header.split(b"\r\n"):
        assert len(line) <= 998
        assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line)
        # Only what has no blank to fold at may be longer.
        assert len(line) <= 78 or b" " not in line.strip().partition(b" ")[2], line


def _check_date_and_identity(message: EmailMessage, own_domain: str) -> None:
    date = parsedate_to_datetime(message["Date"])
    assert date.tzinfo is not None
    assert abs(datetime.now(UTC) - date) < timedelta(minutes=5)
    assert re.fullmatch(rf"<[\x21-\x7e]+@{re.escape(own_domain)}>", message["Message-ID"])
    for field in ("From", "To"):
        [(_, address)] = getaddresses([str(message[field])])
        assert re.fullmatch(r"[^\s<>@]+@[^\s<>@]+", address)


def _check_encoded_words(raw: bytes) -> None:
    header = raw.partition(b"\r\n\r\n")[0].decode()
    for word in ENCODED_WORD.findall(header):
        assert len(word) <= 75
    for bracketed in re.findall(r"<[^>]*>", header):
        assert "=?" not in bracketed


def _check_parts(message: EmailMessage) -> None:
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds in (
        ["text/plain"],
        ["multipart/alternative", "text/plain", "text/html"],
    )
    for part in message.walk():
        if part.get_content_maintype() == "text":
            assert part.get_content_charset() == "utf-8"
            assert part["Content-Transfer-Encoding"] in ("7bit", "quoted-printable", "base64")
            assert str(part.get_content()).strip()
        else:
            boundary = part.get_boundary()
            assert boundary is not None
            assert len(boundary) <= 70
            assert part.as_bytes().count(f"--{boundary}".encode()) == 3


def _check_list_fields(raw: bytes, message: EmailMessage, own_domain: str) -> None:
    for name in LIST_FIELDS:
        assert name in message
    assert "Auto-Submitted" not in message
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = unsubscribe_url(raw)
    assert url.startswith(f"https://{own_domain}/unsubscribe/")
    assert re.fullmatch(r"[\x21-\x7e]+", url)
    list_id = str(message["List-Id"])
    assert len(list_id) <= 255
    assert re.search(rf"<[a-z0-9-]+\.{re.escape(own_domain)}>$", list_id)


def check_untouchable(octets: bytes) -> None:
    """Assert that no relay, signer or mailbox has a reason to change a byte of a body (M09)."""
    assert octets.isascii()
    assert octets.count(b"\r") == octets.count(b"\n") == octets.count(b"\r\n")
    assert octets.endswith(b"\r\n")
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", octets)
    for line in octets.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith(b" ")
        assert b"  " not in line
        assert b"=_" not in line
