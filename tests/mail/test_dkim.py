"""Signatures that verifiers of others accept, and that break when anything is changed."""

import email
import email.policy
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import Flask

from newsletter.delivery import compiling
from newsletter.delivery.compiling import Compiled
from newsletter.errors import ConfigurationError
from newsletter.extensions import db
from newsletter.mail import dkim, facade, outbox
from newsletter.mail.dkim import SigningKey
from newsletter.mail.message import Mailbox, list_headers, to_bytes
from newsletter.subscriptions.models import MailFormat
from tests.conftest import NOW
from tests.delivery.test_compiling import PERSONAL, frozen_edition
from tests.keys import ED25519, RSA, pem_of, public_records, short_key, write_key
from tests.mail.test_message import LONG_URL, make_message
from tests.naughty import NAUGHTY
from tests.relay import Relay

ADA = "ada@example.org"
BOTH = (RSA, ED25519)
LETTER = to_bytes(
    make_message(
        reply_to=Mailbox("Désk", "desk@example.org"),
        subject="Übungen und  Blanks" * 9,
        text_part="Two  blanks, a\ttab, a dot:\n.\nFrom me \n\n\n",
        headers=(
            *list_headers(
                list_id="news.example.org",
                list_name="Nachrichten für alle",
                unsubscribe_url=LONG_URL,
            ),
            ("Feedback-ID", "7:news:example"),
        ),
    )
)


@pytest.mark.parametrize("keys", [(RSA,), (ED25519,), BOTH], ids=lambda keys: str(len(keys)))
def test_every_signature_verifies(keys: tuple[SigningKey, ...]) -> None:
    assert verdicts(dkim.signed(LETTER, keys)) == [True] * len(keys)


def test_the_message_itself_stays_as_it_was() -> None:
    assert dkim.signed(LETTER, BOTH).endswith(b"\r\n" + LETTER)


def test_the_same_message_has_the_same_signatures_each_time() -> None:
    assert dkim.signed(LETTER, BOTH) == dkim.signed(LETTER, BOTH)


def test_what_is_signed_is_what_the_rules_name() -> None:
    for tags in signatures(dkim.signed(LETTER, BOTH)):
        assert tags["h"].split(":") == [
            *("from", "from", "to", "subject", "date", "message-id", "reply-to"),
            *("mime-version", "content-type"),
            *("list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id"),
        ]
        assert tags["c"] == "relaxed/relaxed"
        assert "l" not in tags
    first, second = signatures(dkim.signed(LETTER, BOTH))
    assert (first["a"], first["s"], first["d"]) == ("rsa-sha256", "s2027", "example.org")
    assert (second["a"], second["s"]) == ("ed25519-sha256", "e2027")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"From: Stay", b"From: Go"),
        (b"\nTo: ada", b"\nTo: eve"),
        (b"\nSubject: =?utf-8?q?=C3=9C", b"\nSubject: =?utf-8?q?=C3=9D"),
        (b"09:00:00", b"09:00:01"),
        (b"Message-ID: <1", b"Message-ID: <2"),
        (b"<desk@", b"<eve@"),
        (b"<https://", b"<http://"),
        (b"One-Click", b"Two-Clicks"),
        (b"<news.example.org>", b"<more.example.org>"),
        (b"Feedback-ID: 7", b"Feedback-ID: 8"),
        (b"MIME-Version: 1.0", b"MIME-Version: 1.1"),
        (b"multipart/alternative", b"multipart/mixed"),
        (b"<p>Hello", b"<p>Hallo"),
        (b"\r\n\r\n--=_", b"\r\n\r\nadded\r\n--=_"),
        (b"From: Stay", b"From: Eve <eve@example.org>\r\nFrom: Stay"),
    ],
)
def test_a_change_breaks_every_signature(before: bytes, after: bytes) -> None:
    message = dkim.signed(LETTER, BOTH)
    assert before in message
    assert verdicts(message.replace(before, after, 1)) == [False, False]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\r\nSubject: ", b"\r\nSUBJECT:   "),
        (b"\r\nTo: ada", b"\r\nTo:\r\n\tada"),
        (b"\r\nDate:", b"\r\nReceived: by relay.example.org\r\nDate:"),
    ],
)
def test_what_relays_may_do_breaks_none(before: bytes, after: bytes) -> None:
    message = dkim.signed(LETTER, BOTH)
    assert before in message
    assert verdicts(message.replace(before, after, 1)) == [True, True]


@pytest.mark.parametrize("text", ["", "\n\n\n", "a\n\n\n", " \n\t\n \n", *NAUGHTY])
def test_whatever_the_body_says_it_is_signed_as_verifiers_read_it(text: str) -> None:
    for html in (None, text):
        data = to_bytes(make_message(text_part=text, html_part=html))
        assert verdicts(dkim.signed(data, BOTH)) == [True, True]


@pytest.mark.parametrize("text", NAUGHTY)
def test_whatever_the_head_says_it_is_signed_as_verifiers_read_it(text: str) -> None:
    line = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", " ", text)
    author = Mailbox(line, "news@example.org")
    data = to_bytes(make_message(subject=line, sender=author, recipient=author))
    assert verdicts(dkim.signed(data, BOTH)) == [True, True]


@pytest.mark.parametrize(
    ("author", "count"),
    [
        (Mailbox("", "news@example.org"), 1),
        (Mailbox("a@b <c>", "news@News.Example.ORG"), 1),
        (Mailbox("", "news@notexample.org"), 0),
        (Mailbox("news@example.org", "news@example.net"), 0),
        (Mailbox("", "news@org"), 0),
    ],
)
def test_mail_is_signed_for_the_domain_in_from_and_those_below_it(
    author: Mailbox, count: int
) -> None:
    data = to_bytes(make_message(sender=author))
    message = dkim.signed(data, [RSA])
    assert verdicts(message) == [True] * count
    assert count or message == data


def test_the_signature_is_lines_that_any_program_reads() -> None:
    head = dkim.signed(LETTER, BOTH).removesuffix(LETTER)
    assert all(len(line) <= 76 for line in head.split(b"\r\n"))
    message = email.message_from_bytes(head + LETTER, policy=email.policy.default)
    assert message.defects == []
    assert message["Message-ID"] == "<1.abc@example.org>"


def test_every_naughty_issue_verifies(app: Flask) -> None:
    compiled = compiled_edition()
    compiled = replace(compiled, dkim_keys=(ED25519,))
    for number, name in enumerate(NAUGHTY):
        for mail_format in MailFormat:
            values = compiling.merge_values(name, {"country": name}, mail_format)
            person = compiling.Person(number, 1, "jörg@example.org")
            message = compiling.message_for(compiled, person, values, date=NOW)
            assert verdicts(message) == [True], name


def test_issues_are_signed_by_the_keys_of_their_senders_domain(app: Flask) -> None:
    app.config["DKIM_KEYS"] = (RSA, ED25519, replace(RSA, domain="example.net"))
    compiled = compiled_edition()
    assert compiled.dkim_keys == BOTH


def test_transactional_mail_is_signed_when_it_leaves(app: Flask) -> None:
    app.config["DKIM_KEYS"] = BOTH
    facts = {"sign_in_url": "https://news.example.org/desk/sign-in/t", "minutes": 30}
    sender = Mailbox("Stay Informed", "news@news.example.org")
    with Relay() as relay:
        relay.configure(app)
        outbox.enqueue("sign-in", to=ADA, language="en", sender=sender, facts=facts, now=NOW)
        # A test of an issue is signed where issues are: it must not get two more.
        outbox.enqueue_message(dkim.signed(LETTER, BOTH), to=ADA, sender=sender, now=NOW)
        db.session.commit()
        assert outbox.send_due(now=NOW) == 2
    assert [verdicts(received.data) for received in relay.messages] == [[True, True]] * 2


def test_mail_through_the_facade_is_signed(app: Flask) -> None:
    app.config |= {"DKIM_KEYS": BOTH, "MAIL_SUPPRESS_SEND": False}
    with Relay() as relay:
        relay.configure(app)
        facade.Mail(app).send_message("Hello", [ADA], "Hello.", sender="news@news.example.org")
    assert [verdicts(received.data) for received in relay.messages] == [[True, True]]


@pytest.mark.parametrize("passphrase", ["", "öpen sesame"])
@pytest.mark.parametrize("key", BOTH, ids=lambda key: key.selector)
def test_keys_are_read_from_files(tmp_path: Path, key: SigningKey, passphrase: str) -> None:
    path = write_key(tmp_path / "with:colon.pem", key.private, passphrase)
    [loaded] = dkim.load(f" S2027:Example.ORG:{path} ,", passphrase)
    assert (loaded.selector, loaded.domain) == ("s2027", "example.org")
    assert loaded.algorithm == key.algorithm
    assert loaded.seal(b"x") == key.seal(b"x")


def test_one_passphrase_opens_what_is_encrypted_and_leaves_the_rest(tmp_path: Path) -> None:
    first = write_key(tmp_path / "a.pem", RSA.private, "open sesame")
    second = write_key(tmp_path / "b.pem", ED25519.private)
    keys = dkim.load(f"a:example.org:{first},b:example.org:{second}", "open sesame")
    assert [key.selector for key in keys] == ["a", "b"]


def test_no_setting_is_no_key() -> None:
    assert dkim.load("", "") == ()


@pytest.mark.parametrize(
    "entry", ["s2027", "s2027:example.org", "s2027:example.org:", "s_1:example.org:k", "s:org:k"]
)
def test_a_setting_that_names_no_key_is_refused(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="DKIM_KEYS must be selector:domain:file"):
        dkim.load(entry, "")


def test_a_key_that_cannot_be_used_is_refused_with_what_to_change(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"

    def refused(passphrase: str = "") -> str:
        with pytest.raises(ConfigurationError) as caught:
            dkim.load(f"s:example.org:{path}", passphrase)
        assert "BEGIN" not in str(caught.value)
        return str(caught.value)

    assert "cannot be read: No such file" in refused()
    path.write_text("no key at all")
    assert "is no private key in PEM format" in refused()
    write_key(path, RSA.private, "open sesame")
    assert "is encrypted: set DKIM_PASSPHRASE" in refused()
    assert "does not open with DKIM_PASSPHRASE" in refused("wrong")
    path.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))
    assert "must be an RSA or an Ed25519 key" in refused()
    path.write_bytes(pem_of(short_key()))
    assert "has 648 bits, which no receiver accepts" in refused()


def test_a_short_key_is_used_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_key(tmp_path / "key.pem", rsa.generate_private_key(65537, 1024))
    with caplog.at_level(logging.WARNING):
        assert len(dkim.load(f"s:example.org:{path}", "")) == 1
    assert "has 1024 bits" in caplog.text


def test_a_selector_names_one_key(tmp_path: Path) -> None:
    path = write_key(tmp_path / "key.pem", ED25519.private)
    entry = f"s:example.org:{path}"
    with pytest.raises(ConfigurationError, match="twice"):
        dkim.load(f"{entry},{entry}", "")


def test_a_key_shows_itself_nowhere(app: Flask) -> None:
    assert repr(ED25519) == "SigningKey(selector='e2027', domain='example.org')"
    app.config["DKIM_KEYS"] = BOTH
    assert "PrivateKey" not in repr(app.config)
    assert "PrivateKey" not in repr(compiled_edition())


def compiled_edition() -> Compiled:
    return compiling.thaw(frozen_edition(PERSONAL, "en"), "0123456789abcdef")


def verdicts(message: bytes) -> list[bool]:
    """What dkimpy says of each signature, with our public keys as its DNS."""
    count = len(re.findall(rb"^DKIM-Signature:", message.partition(b"\r\n\r\n")[0], re.MULTILINE))
    return [_verifies(message, number) for number in range(count)]


def _verifies(message: bytes, number: int) -> bool:
    records = public_records(BOTH)
    try:
        return dkimpy.DKIM(message).verify(
            idx=number, dnsfunc=lambda name, timeout=5: records[name.decode()]
        )
    except dkimpy.ValidationError:
        return False


def signatures(message: bytes) -> Iterator[dict[str, str]]:
    """The tags of each signature."""
    for field in email.message_from_bytes(message).get_all("DKIM-Signature", []):
        bare = re.sub(r"\s", "", field)
        yield dict(tag.split("=", 1) for tag in bare.split(";"))
