"""The message as it leaves: what our own templates make has no fault, and faults are found."""

from dataclasses import replace

import pytest
from flask import Flask

from newsletter.issues import editions, rendering
from newsletter.issues.checks import Message, message
from newsletter.issues.composition import BlockKind, Composition, Words
from newsletter.issues.texts import Texts
from tests.issues.checks.situations import FINE, block, facts, item
from tests.issues.samples import MASTHEAD

ADDRESS = "1 Example Street\n10115 Sample Town"
WHOLE = Composition(
    {
        "en": FINE,
        "ar": Texts("إرشادات جديدة", "ما سأل عنه صناع القرار، وما أجاب به الخبراء.", "مرحبا"),
    },
    (
        block(BlockKind.HEADING, "a", Words("أخبار"), title="News"),
        block(
            BlockKind.TEXT,
            "b",
            Words(text="نص"),
            text="| a | b |\n|---|---|\n| 1 | 2 |\n\n[x](https://example.org/x?a=1&b=2)",
        ),
        item("c"),
        block(
            BlockKind.IMAGE, "d", Words(text="ممرضة"), text="A nurse", url="https://example.org/d"
        ),
        block(BlockKind.BUTTON, "e", Words("اقرأ"), title="Read", url="https://example.org/e"),
        block(BlockKind.DIVIDER, "f"),
    ),
)


@pytest.fixture
def sound(app: Flask) -> Message:
    """The English edition as it leaves."""
    return rendered("en")


def rendered(language: str) -> Message:
    seen = rendering.preview(editions.in_language(WHOLE, language), MASTHEAD)
    return Message(language, seen.subject, seen.html, seen.text)


def codes(one: Message) -> list[str]:
    known = facts(WHOLE, messages=(one,), postal_address=ADDRESS)
    return [finding.code for finding in message.check(known)]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_what_our_templates_make_has_no_fault(app: Flask, language: str) -> None:
    assert codes(rendered(language)) == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('lang="en"', 'lang="fr"', "mail-language"),
        ("<title>New", "<title>Old", "mail-title"),
        ("</h1>", "</h1><h1>Again</h1>", "mail-title mail-headings"),
        ("<h2", "<h4>Deep</h4><h2", "mail-levels"),
        ("</h1>", "</h1><table><tr><td>1</td></tr></table>", "mail-tables"),
        ("</h1>", '</h1><img src="https://example.org/x.png">', "mail-image"),
        ("</h1>", '</h1><img src="data:x" alt="" width="1" height="1">', "image-source active"),
        ("</h1>", "</h1><script>x</script>", "active"),
        ("</h1>", '</h1><p onclick="x">x</p>', "active"),
        ("</h1>", '</h1><link rel="stylesheet" href="https://example.org/x.css">', "active"),
        ("</h1>", "</h1><style>@import 'x'</style>", "active"),
        ("</h1>", "</h1>t0123456789abcdefn7e", "unresolved"),
        ("</h1>", '</h1><a href="/x">x</a>', "mail-link text-incomplete"),
        ("</h1>", '</h1><a href="https://example.org/new">x</a>', "text-incomplete"),
        ("/unsubscribe/", "/elsewhere/", "no-way-out"),
        ("Sample Town", "", "no-postal-address"),
    ],
)
def test_each_fault_of_the_html_is_found(sound: Message, old: str, new: str, code: str) -> None:
    assert old in sound.html
    broken = replace(sound, html=sound.html.replace(old, new))
    assert set(codes(broken)) & set(code.split())


@pytest.mark.parametrize(
    ("old", "code"),
    [
        ("/unsubscribe/", "no-way-out"),
        ("Sample Town", "no-postal-address"),
        ("https://example.org/e", "text-incomplete"),
    ],
)
def test_each_fault_of_the_text_is_found(sound: Message, old: str, code: str) -> None:
    assert old in sound.text
    assert code in codes(replace(sound, text=sound.text.replace(old, "")))


def test_what_would_harm_readers_stops_it(sound: Message) -> None:
    bare = Message("en", sound.subject, "<p>Hello</p>", "Hello")
    known = facts(WHOLE, messages=(bare,), postal_address=ADDRESS)
    stops = [one.sentence for one in message.check(known) if one.level == "stop"]
    assert stops == [
        "The HTML part has no link to unsubscribe.",
        "The plain-text part has no link to unsubscribe.",
        "The HTML part has no postal address.",
        "The plain-text part has no postal address.",
    ]


def test_a_list_without_an_address_is_said_elsewhere(sound: Message) -> None:
    known = facts(WHOLE, messages=(sound,), postal_address="")
    assert list(message.check(known)) == []


def test_a_huge_mail_is_not_looked_through(sound: Message) -> None:
    assert codes(replace(sound, html="<div>" * 250_000)) == []
