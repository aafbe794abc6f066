"""Texts and searches as words: case, accents and signs make no difference, in any script."""

import pytest

from newsletter.searching.words import LONGEST_SEARCH, MOST_WORDS, Term, asked, fits, words
from tests.naughty import NAUGHTY


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("Éducation des mères, l’œuvre", ["education", "des", "meres", "l", "oeuvre"]),
        ("e\u0301ducation ÉDUCATION", ["education", "education"]),
        ("Straße in ŁÓDŹ, İstanbul, Ærø", ["strasse", "in", "lodz", "istanbul", "aero"]),
        ("a_b 100% COVID-19 (e-mail)", ["a", "b", "100", "covid", "19", "e", "mail"]),
        ("ﬁne ２０２７", ["fine", "2027"]),
        ("Εύρηκα Ёлка", ["ευρηκα", "елка"]),
        # With and without the signs of vowels, with and without the article.
        ("التَّعْلِيم والتعليم تعليم", ["تعليم", "تعليم", "تعليم"]),
        ("إلى الأمّهات للأطفال", ["الي", "امهات", "اطفال"]),
        ("مکمل‌های", ["مكملهاي"]),
        ("שָׁלוֹם", ["שלום"]),
        # Marks that are letters stay; scripts without blanks are found letter by letter.
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("健康 news", ["健", "康", "news"]),
        ("ไทย", ["ไ", "ท", "ย"]),
        ("👨\u200d👩\u200d👧 & <b>", ["b"]),
    ],
)
def test_a_text_is_its_words(text: str, found: list[str]) -> None:
    assert words(text) == found


@pytest.mark.parametrize(
    ("search", "terms"),
    [
        ("", []),
        (' " % \' ', []),
        ("guid", [Term(("guid",), True)]),
        ("Guid guid GUID", [Term(("guid",), True)]),
        ('"after delivery" x', [Term(("after", "delivery"), False), Term(("x",), False)]),
        ("„nach der Geburt“", [Term(("nach", "der", "geburt"), False)]),
        ('"not closed', [Term(("not",), True), Term(("closed",), True)]),
        ("e-mail", [Term(("e", "mail"), True)]),
        ("AND OR NOT NEAR(a b)", [Term((one,), True) for one in ("and", "or", "not")]
         + [Term(("near", "a"), False), Term(("b",), False)]),
        ("title:x* ^yy", [Term(("title", "x"), False), Term(("yy",), True)]),
    ],
)  # fmt: skip
def test_a_search_asks_for_words(search: str, terms: list[Term]) -> None:
    assert asked(search) == terms


def test_long_texts_and_searches_are_cut() -> None:
    assert len(words("word " * 100_000)) == MOST_WORDS
    assert words("w" * 100_000) == ["w" * 40]
    assert len(asked("ab " * 1_000)) == 1
    assert len(asked(" ".join(str(number) for number in range(1_000)))) <= LONGEST_SEARCH


@pytest.mark.parametrize("text", NAUGHTY)
def test_nothing_is_left_that_a_database_could_read_as_a_sign(text: str) -> None:
    for word in [*words(text), *(word for term in asked(text) for word in term.words)]:
        assert not set(word) & set("\"'\\:*^()&|!<>{}- \0\t\n")


@pytest.mark.parametrize(
    ("search", "is_there"),
    [
        ("zinc", True),
        ("ZIMM paul", True),
        ('"zinc friends"', True),
        ('"zinc fr"', False),
        ("inc", False),
        ("zinc iron", False),
        ("", False),
        ("%", False),
    ],
)
def test_a_text_fits_as_the_index_would_have_it(search: str, is_there: bool) -> None:
    assert fits("Zinc Friends of Paul Zimmer", search) is is_there
