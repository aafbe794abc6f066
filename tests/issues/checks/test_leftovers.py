"""Stand-ins that somebody forgot, and words that only look like some."""

import pytest

from newsletter.issues.composition import BlockKind, Words
from tests.issues.checks.situations import block, findings, found, issue, item


@pytest.mark.parametrize(
    ("text", "stand_in"),
    [
        ("TK", "TK"),
        ("Correction: TKTK said", "TKTK"),
        ("Lorem Ipsum dolor", "Lorem Ipsum"),
        ("see xxx", "xxx"),
        ("On DATE we meet", "DATE"),
        ("TBC", "TBC"),
        ("[link]", "[link]"),
        ("see [insert the name here]", "[insert the name here]"),
        ("until [ date ]", "[ date ]"),
        ("as in []", "[]"),
        ("as said ( )", "( )"),
        ("<insert name>", "<insert name>"),
        ("in ??? countries", "???"),
        ("Dear *|FNAME|*", "*|FNAME|*"),
        ("Dear %%name%%", "%%name%%"),
        ("{% if x %}", "{%"),
        ("Dear ${name}", "${name}"),
    ],
)
def test_a_stand_in_is_found_wherever_it_is(text: str, stand_in: str) -> None:
    [finding] = findings(issue(introduction=text))
    assert finding.to_json().items() >= {"code": "placeholder", "about": stand_in}.items()
    assert f"“{stand_in}”" in finding.sentence
    for place in (
        issue(block(BlockKind.TEXT, text=text)),
        issue(block(BlockKind.HEADING, title=text)),
        issue(block(BlockKind.BUTTON, title=text, url="https://example.org/")),
        issue(block(BlockKind.IMAGE, text=text), introduction="word " * 60),
        issue(item(summary=text)),
        issue(item(words={"en": Words(title=text)})),
    ):
        assert found(place) == [("warn", "placeholder", "block-b1")]


@pytest.mark.parametrize(
    "text",
    [
        "Dear {{ name | friend }}",
        "The MTK kit, taken and stacked",
        "Size xx",
        "100 %% of it",
        "[a page](mailto:a@example.org)",
        "Read more",
        "The date and the name",
        "What is new??",
        "See [the list][1]\n\n[1]: https://example.org/list",
        "f() is a function",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert found(issue(introduction=text)) == []


def test_each_is_named() -> None:
    abouts = [one.about for one in findings(issue(introduction="TK and xxx, and TK again"))]
    assert abouts == ["TK", "xxx"]


def test_merge_fields_do_not_work_in_items() -> None:
    [finding] = findings(issue(item(title="For {{ name }}")))
    assert (finding.code, finding.place) == ("placeholder", "block-b1")
    assert "do not work in items" in finding.why


def test_what_no_edition_shows_is_not_judged() -> None:
    assert found(issue(item(words={"en": Words(title="Fine")}, title="TK"))) == []
