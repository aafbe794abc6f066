"""Subject and preheader, as an inbox shows them."""

import pytest

from newsletter.issues.texts import Texts
from tests.issues.checks.situations import FINE, IN_FRENCH, found, issue


@pytest.mark.parametrize(
    ("subject", "finding"),
    [
        (" ", ("stop", "empty-subject", "subject")),
        ("w" * 79, ("warn", "long-subject", "subject")),
        ("NEW GUIDANCE NOW", ("warn", "shouting", "subject")),
        ("НОВЫЕ РЕКОМЕНДАЦИИ", ("warn", "shouting", "subject")),
        ("News! At last!", ("warn", "exclamations", "subject")),
        ("Re: our talk", ("warn", "looks-like-answer", "subject")),
        ("FWD : our talk", ("warn", "looks-like-answer", "subject")),
        ("AW: unser Gespräch", ("warn", "looks-like-answer", "subject")),
        ("🎉🎉", ("warn", "wordless-subject", "subject")),
    ],
)
def test_a_subject_that_readers_pass_over(subject: str, finding: tuple[str, str, str]) -> None:
    assert found(issue(subject=subject)) == [finding]


@pytest.mark.parametrize(
    "subject",
    [
        "w" * 78,
        "WHO and MMS",
        "MMS TAG 2027",
        "Read this!",
        "Reading: what to know",
        "Regional: news",
        "新しいガイダンス",
        "توجيهات جديدة",
        "{{ name | %s }}, read" % ("w" * 70),
    ],
)
def test_an_ordinary_subject(subject: str) -> None:
    assert found(issue(subject=subject)) == []


@pytest.mark.parametrize(
    ("preheader", "finding"),
    [
        ("", ("warn", "no-preheader", "preheader")),
        (FINE.subject.lower(), ("warn", "same-preheader", "preheader")),
        ("Short", ("note", "preheader-length", "preheader")),
        ("w" * 131, ("note", "preheader-length", "preheader")),
    ],
)
def test_a_preheader_that_wastes_its_room(preheader: str, finding: tuple[str, str, str]) -> None:
    assert found(issue(preheader=preheader)) == [finding]


def test_every_edition_is_judged_by_itself() -> None:
    french = Texts("À LIRE MAINTENANT", "", IN_FRENCH.introduction)
    assert found(issue(french=french)) == [
        ("warn", "shouting", "subject"),
        ("warn", "missing-words", "preheader"),
    ]
