"""The words of transactional mail and the form they come in (LOOK, STANDARDS C08, H01-H21)."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import jinja2
import pytest
from flask import Flask
from selectolax.lexbor import LexborHTMLParser

from newsletter import languages
from newsletter.mail import texts
from newsletter.mail.message import Mailbox, Message, boundary_for, to_bytes
from newsletter.translating import written
from tests import english
from tests.conftest import NOW

TEMPLATES = Path(__file__).parents[2] / "templates" / "mail"
KINDS = sorted(folder.name for folder in TEMPLATES.iterdir() if folder.is_dir())
MAILS = [
    *((kind, "en") for kind in KINDS),
    *((kind, language) for kind in sorted(texts.FOR_READERS) for language in written()[1:]),
]
TAGS = (
    {"mjml", "mj-head", "mj-title", "mj-attributes", "mj-all", "mj-style", "mj-raw"}
    | {"mj-body", "mj-section", "mj-column", "mj-text", "mj-divider", "mj-button"}
    | {"a", "bdi", "br", "div", "h1", "li", "meta", "ul"}
)
LINK = "https://news.example.org/confirm/" + "t" * 120

LIST_FACTS = {
    "list_name": "Stay Informed",
    "sender_address": "news@news.example.org",
    "postal_address": "1 Example Street, 10115 Sample Town",
    "public_url": "https://news.example.org/",
    "unsubscribe_url": "https://news.example.org/unsubscribe/t",
    "archive_url": "https://news.example.org/archive/",
    "confirm_url": LINK,
    "days": 7,
    "topics": ["Maternal nutrition", "MMS"],
    "list_names": ["Stay Informed", "Country news"],
    "undo_url": LINK,
    "manage_url": LINK,
    "objection_url": LINK,
    "hours": 72,
    "minutes": 60,
}
MEMBER_FACTS = LIST_FACTS | {
    "name": "The midwives of Kisumu",
    "is_member": True,
    "reason": "We work on supplements for now.\nAsk again next year.",
    "join_url": "https://news.example.org/members/join",
    "library_url": "https://news.example.org/library/",
}
DESK_FACTS = {
    "sign_in_url": LINK,
    "minutes": 1440,
    "invited_by": "Ada",
    "name": "Edith",
    "what_for": "to write and send issues, and to look subscribers up",
    "list_names": ["Stay Informed"],
    "change_url": LINK,
    "what": "Your password was set",
    "sentence": "A new password was set for your account.",
    "browser": "Firefox on Windows",
    "advice": "If this was not you, change your password at once and tell an admin of the desk.",
    "account_url": "https://news.example.org/desk/account/",
    "issue_number": "42",
    "subject": "News of March",
    "reason": "The relay does not accept our password. Nothing was lost.",
    "desk_url": "https://news.example.org/desk/issues/42",
    "list_name": "Stay Informed",
    "version": "7",
    "by": "Edith",
    "note": "The second date is wrong: it is the 5th of March.",
}
FACTS: dict[str, dict[str, Any]] = {
    "confirm": LIST_FACTS,
    "already-subscribed": LIST_FACTS,
    "welcome": LIST_FACTS,
    "good-bye": LIST_FACTS,
    "manage": LIST_FACTS,
    "new-address": LIST_FACTS,
    "address-changing": LIST_FACTS,
    "address-taken": LIST_FACTS,
    "membership": MEMBER_FACTS,
    "membership-known": MEMBER_FACTS,
    "member-accepted": MEMBER_FACTS,
    "member-declined": MEMBER_FACTS,
    "member-ended": MEMBER_FACTS,
    "comment": DESK_FACTS
    | {
        "comment": 7,
        "address": "ada@example.org",
        "title": "Guidance on MMS",
        "text": "The table on page 3\nneeds a unit.",
    },
    "sign-in": DESK_FACTS,
    "account-alert": DESK_FACTS,
    "invitation": DESK_FACTS,
    "change-address": DESK_FACTS,
    "pause-alarm": DESK_FACTS,
    "waiting-alarm": DESK_FACTS,
    "relay-alarm": DESK_FACTS,
    "goes-on": DESK_FACTS,
    "nobody-reached": DESK_FACTS,
    "next-day": DESK_FACTS
    | {
        "short": "1,201 of 1,234 sent",
        "began": "Monday 1 March 2027 at 09:00 (Europe/Vienna)",
        "sentences": ["Our relay took it for 1,201 of 1,234 people.", "3 people left the list."],
        "reasons": ["12 people: There is no such mailbox."],
    },
    "approval": DESK_FACTS,
    "approved": DESK_FACTS,
    "sent-back": DESK_FACTS,
    "sign-up-burst": DESK_FACTS | {"most": 600},
    "mass-leaving": DESK_FACTS | {"number": 1200, "sources": 3, "minutes": 10},
}
# Where the one button of each kind leads.
BUTTONS = {
    "confirm": "confirm_url",
    "already-subscribed": "unsubscribe_url",
    "welcome": "archive_url",
    "good-bye": "undo_url",
    "manage": "manage_url",
    "new-address": "confirm_url",
    "address-changing": "objection_url",
    "address-taken": "manage_url",
    "membership": "confirm_url",
    "membership-known": "library_url",
    "member-accepted": "manage_url",
    "member-declined": "join_url",
    "member-ended": "join_url",
    "comment": "desk_url",
    "sign-in": "sign_in_url",
    "account-alert": "account_url",
    "invitation": "sign_in_url",
    "change-address": "change_url",
    "pause-alarm": "desk_url",
    "waiting-alarm": "desk_url",
    "relay-alarm": "desk_url",
    "goes-on": "desk_url",
    "nobody-reached": "desk_url",
    "next-day": "desk_url",
    "approval": "desk_url",
    "approved": "desk_url",
    "sent-back": "desk_url",
    "sign-up-burst": "desk_url",
    "mass-leaving": "desk_url",
}


def compose(
    kind: str, *, language: str = "en", sender_name: str = "Stay Informed", **changes: Any
) -> Message:
    return texts.compose(
        kind,
        FACTS[kind] | changes,
        language=language,
        sender=Mailbox(sender_name, "news@news.example.org"),
        recipient=Mailbox("", "ada@example.org"),
        asked_at=NOW,
        date=NOW,
        message_id="<1@news.example.org>",
        boundary=boundary_for("0123456789abcdef"),
    )


def page(message: Message) -> LexborHTMLParser:
    assert message.html_part is not None
    return LexborHTMLParser(message.html_part)


def test_every_kind_has_its_three_templates_and_its_facts_here() -> None:
    assert sorted(FACTS) == KINDS
    for kind in KINDS:
        names = {path.name for path in (TEMPLATES / kind).iterdir()}
        assert names == {"subject.txt", "body.txt", "body.mjml"}


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.mjml")), ids=lambda path: path.parent.name
)
def test_every_tag_is_one_that_exists(path: Path) -> None:
    """MJML passes over what it does not know, and the reader misses it."""
    source = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert set(re.findall(r"</?([a-zA-Z][\w-]*)", source)) <= TAGS


@pytest.mark.parametrize(("kind", "language"), MAILS)
def test_mail_says_its_language_title_and_preheader(app: Flask, kind: str, language: str) -> None:
    message = compose(kind, language=language)
    html = page(message)
    assert message.html_part is not None and message.html_part.startswith("<!doctype html>")
    for node in (html.css_first("html"), html.css_first("body > div[role=article]")):
        assert node is not None
        assert (node.attributes["lang"], node.attributes["dir"]) == (
            language,
            languages.direction(language),
        )
    title = html.css_first("title")
    assert title is not None and title.text() == message.subject
    assert len(html.css("h1")) == 1
    body = html.css_first("body")
    assert body is not None
    first = next(text for text in body.text(deep=True, separator="\n").split("\n") if text.strip())
    preheader = re.sub("[\u2007\u034f]", "", first).strip()
    assert 40 <= len(preheader) <= 130
    assert preheader != message.subject


@pytest.mark.parametrize(("kind", "language"), MAILS)
def test_mail_is_laid_out_for_every_program(app: Flask, kind: str, language: str) -> None:
    message = compose(kind, language=language)
    html = page(message)
    assert message.html_part is not None
    for table in html.css("table"):
        assert table.attributes.get("role") == "presentation"
    assert html.css("img, script, link, form, iframe, svg, video") == []
    assert "@import" not in message.html_part
    assert "@font-face" not in message.html_part
    assert len(message.html_part.encode()) < 20_000
    for anchor in html.css("a"):
        assert (anchor.attributes["href"] or "").startswith("https://")


@pytest.mark.parametrize(("kind", "language"), MAILS)
def test_mail_has_one_button_and_the_bare_address_under_it(
    app: Flask, kind: str, language: str
) -> None:
    message = compose(kind, language=language)
    html = page(message)
    url = FACTS[kind][BUTTONS[kind]]
    [button] = html.css(".act a")
    assert button.attributes["href"] == url
    assert button.text(strip=True)
    assert url in [anchor.text() for anchor in html.css("a")]
    assert f"\n{url}\n" in message.text_part


@pytest.mark.parametrize(("kind", "language"), MAILS)
def test_both_parts_say_the_same_links(app: Flask, kind: str, language: str) -> None:
    message = compose(kind, language=language)
    in_html = {anchor.attributes["href"] for anchor in page(message).css("a")}
    in_text = {word.rstrip(".,") for word in message.text_part.split() if "://" in word}
    assert in_html == in_text


@pytest.mark.parametrize(("kind", "language"), MAILS)
def test_the_voice_is_plain(app: Flask, kind: str, language: str) -> None:
    message = compose(kind, language=language)
    body = page(message).css_first("body")
    assert body is not None
    for words in (message.subject, message.text_part, body.text()):
        assert "!" not in words
        assert not re.search(r"\b(please|successfully|click here|email)\b", words, re.IGNORECASE)


@pytest.mark.parametrize(("kind", "language"), MAILS)
def test_the_plain_text_is_wrapped_but_for_addresses(app: Flask, kind: str, language: str) -> None:
    for line in compose(kind, language=language).text_part.splitlines():
        assert len(line) <= 78 or "://" in line


@pytest.mark.parametrize(("kind", "language"), MAILS)
def test_transactional_mail_says_that_it_is_automatic_and_is_no_list(
    app: Flask, kind: str, language: str
) -> None:
    data = to_bytes(compose(kind, language=language))
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message["Auto-Submitted"] == "auto-generated"
    assert not [name for name in message if name.lower().startswith("list-")]
    assert message["Subject"] == compose(kind, language=language).subject


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "nasty", ["<script>alert(1)</script>", "{{ 7*7 }} & <mj-raw>", "a]]>b--><"]
)
def test_no_fact_becomes_markup(app: Flask, kind: str, nasty: str) -> None:
    facts = {
        name: nasty
        for name, value in FACTS[kind].items()
        if isinstance(value, str) and not name.endswith("_url")
    }
    message = compose(kind, sender_name=nasty, **facts)
    html = page(message)
    assert html.css("script, mj-raw") == []
    body = html.css_first("body")
    assert body is not None
    assert " ".join(nasty.split()) in " ".join(body.text().split())


def test_a_line_end_in_a_fact_does_not_reach_the_subject(app: Flask) -> None:
    message = compose("pause-alarm", subject="News\r\nBcc: eve@example.org")
    assert message.subject == "Issue 42 needs you: News Bcc: eve@example.org"


def test_the_confirmation_says_who_asked_when_what_for_and_how_long(app: Flask) -> None:
    words = " ".join(compose("confirm").text_part.split())
    assert "Somebody, most likely you, entered this address" in words
    assert "https://news.example.org/ on 1 March 2027 at 09:00 UTC" in words
    assert "Stay Informed by e-mail" in words
    assert "Topics: Maternal nutrition, MMS" in words
    assert "works for 7 days" in words
    assert "If this was not you, do nothing." in words
    assert "1 Example Street" in words


@pytest.mark.parametrize(
    ("minutes", "words"), [(1440, "24 hours"), (60, "1 hour"), (90, "90 minutes"), (1, "1 minute")]
)
def test_a_lifetime_is_said_in_the_unit_that_fits(app: Flask, minutes: int, words: str) -> None:
    assert f"once and for {words}." in compose("sign-in", minutes=minutes).text_part


@pytest.mark.parametrize(
    ("kind", "language"), [("confirm", "sw"), ("confirm", "he"), ("pause-alarm", "fr")]
)
def test_what_is_not_written_in_a_language_is_english_that_says_so(
    app: Flask, kind: str, language: str
) -> None:
    html = page(compose(kind, language=language)).css_first("html")
    assert html is not None
    assert (html.attributes["lang"], html.attributes["dir"]) == ("en", "ltr")


@pytest.mark.parametrize(("kind", "language"), [mail for mail in MAILS if mail[1] != "en"])
def test_no_english_word_is_left_for_readers_of_another_language(
    app: Flask, kind: str, language: str
) -> None:
    message = compose(kind, language=language)
    whole = f"{message.subject}\n{message.text_part}\n{message.html_part}"
    for said in english.messages():
        for form in [said.id] if isinstance(said.id, str) else said.id:
            words = max(re.split(r"%\(\w+\)s", form), key=len).strip(" .:")
            assert len(words) < 12 or words not in whole


@pytest.mark.parametrize("kind", sorted(texts.FOR_READERS))
@pytest.mark.parametrize("name", ["subject.txt", "body.txt", "body.mjml"])
def test_readers_mails_have_no_word_that_nobody_can_translate(kind: str, name: str) -> None:
    source = (TEMPLATES / kind / name).read_text("utf-8")
    bare = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", "", source, flags=re.DOTALL)
    assert re.findall(r"\w+", bare) == []


@pytest.mark.parametrize(
    ("days", "words"),
    [(1, "لمدة يوم واحد."), (2, "لمدة يومين."), (7, "لمدة 7 أيام."), (30, "لمدة 30 يومًا.")],
)
def test_numbers_take_the_forms_of_the_language(app: Flask, days: int, words: str) -> None:
    assert words in compose("confirm", language="ar", days=days).text_part


def test_names_stay_whole_among_words_that_run_the_other_way(app: Flask) -> None:
    message = compose("confirm", language="ar")
    assert "\u2068Stay Informed\u2069" in message.text_part
    html = page(message)
    assert "Stay Informed" in [node.text() for node in html.css("bdi")]
    for anchor in html.css("a"):
        is_bare = anchor.text() == anchor.attributes["href"]
        assert (anchor.attributes.get("dir") == "ltr") is is_bare


def test_a_missing_fact_is_an_error(app: Flask) -> None:
    with pytest.raises(jinja2.UndefinedError):
        texts.compose(
            "confirm",
            {},
            language="en",
            sender=Mailbox("", "a@example.org"),
            recipient=Mailbox("", "b@example.org"),
            asked_at=NOW,
            date=NOW,
            message_id="<1@example.org>",
            boundary="=_0123456789",
        )


def test_the_words_are_as_they_were_agreed(app: Flask) -> None:
    assert compose("confirm").text_part == (
        "Confirm your subscription to Stay Informed\n"
        "\n"
        "Somebody, most likely you, entered this address at https://news.example.org/\n"
        "on 1 March 2027 at 09:00 UTC, to get Stay Informed by e-mail.\n"
        "\n"
        "Topics: Maternal nutrition, MMS\n"
        "\n"
        "Nothing is sent until you confirm. Open this address and press the button\n"
        "there:\n"
        "\n"
        f"{LINK}\n"
        "\n"
        "The link works for 7 days. After that, what was entered is deleted.\n"
        "\n"
        "If this was not you, do nothing. Nothing will be sent, and nobody is\n"
        "subscribed.\n"
        "\n"
        "--\n"
        "Stay Informed\n"
        "1 Example Street, 10115 Sample Town\n"
        "https://news.example.org/\n"
    )
