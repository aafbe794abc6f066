"""Links: words that say where they lead, and addresses that lead there."""

import pytest

from newsletter.issues.checks import typed
from newsletter.issues.composition import Block, BlockKind, Words
from tests.issues.checks.situations import IN_FRENCH, block, facts, findings, found, issue, item

HERE = "https://news.example.org"


def in_text(words: str, address: str) -> list[tuple[str, str, str]]:
    return found(issue(introduction=f"[{words}]({address})"))


@pytest.mark.parametrize(
    "words",
    ["Click here", "**here**", "here.", "Read more…", "Cliquez ici", "aquí", "Saiba mais", "هنا"],
)
def test_words_that_say_nothing_are_found(words: str) -> None:
    assert in_text(words, "https://example.org/") == [("warn", "link-words", "introduction")]


def test_a_link_without_words_is_found() -> None:
    assert in_text("", "https://example.org/") == [("warn", "link-words", "introduction")]


def test_a_bare_address_is_a_note() -> None:
    text = "See https://example.org/a/b?c=d for more."
    assert found(issue(introduction=text)) == [("note", "bare-link", "introduction")]


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("www.who.int", "https://example.org/"),
        ("The page at who.int", "https://example.org/"),
        ("https://example.org/", "https://example.org.evil.int/"),
        ("(who.int)", "https://who.int.example.org/"),
        ("paypal.com/login", "https://example.org/paypal.com"),
    ],
)
def test_words_that_show_another_site_are_found(words: str, address: str) -> None:
    assert ("warn", "other-site", "introduction") in in_text(words, address)


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("who.int", "https://www.who.int/page"),
        ("iris.who.int", "https://who.int/"),
        ("Read Node.js", "https://example.org/"),
        ("The report.pdf", "https://example.org/"),
        ("Version 2.0", "https://example.org/"),
        ("a@who.int", "mailto:a@who.int"),
        ("e.g. this", "https://example.org/"),
    ],
)
def test_words_that_show_no_other_site(words: str, address: str) -> None:
    assert in_text(words, address) == []


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("/about", "link-address"),
        ("about.html", "link-address"),
        ("https://", "link-address"),
        ("http://[::1/", "link-address"),
        ("http://localhost:8000/", "link-address"),
        ("http://127.0.0.1/", "link-address"),
        ("http://[::1]/", "link-address"),
        ("http://10.0.0.8/", "link-address"),
        ("https://intranet/", "link-address"),
        ("https://files.corp/", "link-address"),
        ("https://93.184.216.34/", "ip-link"),
        ("https://example.com/", "example-link"),
        ("https://www.example.com/x", "example-link"),
        ("https://xn--pypal-4ve.org/", "lookalike-link"),
        ("https://pаypal.org/", "lookalike-link"),
        ("https://аррӏе.org/", "lookalike-link"),
        ("https://example.org/?mc_eid=0123456789", "personal-link"),
        ("https://example.org/?for=ada%40example.org", "personal-link"),
        ("https://example.org/?n={{ name | x }}", "personal-link"),
        (f"{HERE}/desk/issues/3", "private-link"),
        (f"{HERE}/unsubscribe/7.abc", "private-link"),
        (f"{HERE}/preferences/7.abc", "private-link"),
    ],
)
def test_addresses_that_are_wrong(address: str, code: str) -> None:
    assert in_text("The page", address) == [("warn", code, "introduction")]


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/",
        "http://example.org:8080/a?utm_source=news",
        "https://faß.de/",
        "https://пример.рф/",
        "https://παράδειγμα.gr/",
        "https://xn--fiqs8s.cn/",
        "mailto:a@example.org",
        "tel:+4312345",
        f"{HERE}/archive/41",
        f"{HERE}/library/guidance",
        "https://example.org/@name",
        "https://example.org/?email=",
    ],
)
def test_addresses_that_are_right(address: str) -> None:
    assert in_text("The page", address) == []


@pytest.mark.parametrize(
    "one",
    [
        block(BlockKind.BUTTON, title="Read the guidance", url="https://example.com/"),
        block(BlockKind.IMAGE, text="A nurse", url="https://example.com/"),
        item(url="https://example.com/"),
        block(BlockKind.TEXT, text="[The guidance](https://example.com/)"),
    ],
)
def test_every_kind_of_link_is_looked_at(one: Block) -> None:
    assert found(issue(one, introduction="word " * 60)) == [("warn", "example-link", "block-b1")]


def test_an_address_that_editions_share_is_judged_once() -> None:
    button = block(
        BlockKind.BUTTON,
        title="Read the guidance",
        url="https://example.com/",
        french=Words("Lire les recommandations"),
    )
    [finding] = findings(issue(button, french=IN_FRENCH))
    assert (finding.code, finding.language) == ("example-link", "en")


def test_a_button_says_where_it_leads_in_each_language() -> None:
    button = block(
        BlockKind.BUTTON,
        title="Read the guidance",
        url="https://example.org/",
        french=Words("Cliquez ici"),
    )
    [finding] = findings(issue(button, french=IN_FRENCH))
    assert (finding.code, finding.language) == ("link-words", "fr")


def test_the_pages_to_look_at_are_those_elsewhere_each_once() -> None:
    text = f"[a](https://a.example.org/) [b]({HERE}/archive/1) [c](https://a.example.org/)"
    whole = issue(item(url="https://b.example.org/"), introduction=text)
    assert typed.addresses(whole, public_url=facts().public_url) == [
        "https://a.example.org/",
        "https://b.example.org/",
    ]
