"""What an edition lacks, and who reads none."""

import pytest

from newsletter.issues.checks import Readers
from newsletter.issues.composition import Block, BlockKind, Words
from newsletter.issues.texts import Texts
from tests.issues.checks.situations import IN_FRENCH, block, findings, found, issue, item


@pytest.mark.parametrize(
    ("one", "finding"),
    [
        (block(BlockKind.TEXT, text="A text"), ("stop", "missing-words", "block-b1")),
        (block(BlockKind.HEADING, title="News"), ("stop", "missing-words", "block-b1")),
        (
            block(BlockKind.BUTTON, title="Read it", url="https://example.org/"),
            ("stop", "missing-words", "block-b1"),
        ),
        (block(BlockKind.IMAGE, text="A nurse"), ("stop", "missing-words", "block-b1")),
        (item(), ("warn", "item-language", "block-b1")),
    ],
)
def test_a_block_without_words_in_one_language(one: Block, finding: tuple[str, str, str]) -> None:
    long = Texts(IN_FRENCH.subject, IN_FRENCH.preheader, "phrase " * 60)
    assert found(issue(one, french=long, introduction="word " * 60)) == [finding]


def test_texts_that_are_missing_are_named_with_their_language() -> None:
    said = findings(issue(french=Texts("", "", "")))
    assert [(one.level.value, one.sentence) for one in said] == [
        ("stop", "The French edition lacks the subject."),
        ("stop", "The French edition lacks the introduction."),
        ("warn", "The French edition lacks the preheader."),
    ]


def test_an_item_in_its_own_language_lacks_nothing() -> None:
    words = {"fr": Words("Recommandations", "Ce qu'elles disent.")}
    assert found(issue(item(words=words), french=IN_FRENCH)) == []


def test_many_readers_without_an_edition_are_counted() -> None:
    readers = Readers({"en": 1_000, "fr": 212, "pt-BR": 4, "de": 15, "en-GB": 100})
    [finding] = findings(readers=readers)
    assert (finding.level, finding.code, finding.about) == ("note", "no-edition", "fr")
    assert finding.sentence == "212 readers chose French; there is no French edition."
    assert finding.why == "They get the one in English."


def test_an_edition_that_nobody_reads_is_a_note() -> None:
    readers = Readers({"en": 1_000})
    assert found(issue(french=IN_FRENCH), readers=readers) == [("note", "nobody-reads", "audience")]


@pytest.mark.parametrize("language", ["fr", "fr-CA"])
def test_who_can_read_an_edition_is_served(language: str) -> None:
    readers = Readers({"en": 1_000, language: 100})
    assert found(issue(french=IN_FRENCH), readers=readers) == []
