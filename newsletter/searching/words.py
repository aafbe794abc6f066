"""A text as the words that it is found by, and a search as the words that it asks for.

Case, accents and the vowel signs of Arabic and Hebrew make no difference. Both databases get
words that are cut and folded here, so that they find the same.
"""

import re
import unicodedata
from dataclasses import dataclass

LONGEST_SEARCH = 200
"""Characters of a search that are looked at; beyond them nobody types, machines do."""

LONGEST_WORD = 40
"""Characters of a word that are kept; what differs only after them is found together."""

MOST_WORDS = 16_000
MOST_LETTERS = 200_000
"""Words and letters of one text that are kept: PostgreSQL counts the places of no more."""

_QUOTES = re.compile("[\"“”„«»]")  # fmt: skip

_SAME = {
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe",
    # Letters of Arabic that are written one for the other, and what only fills a line.
    "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ـ": "", "\u200c": "", "\u200d": "", "\u00ad": "",
}  # fmt: skip

_WITHOUT_BLANKS = (*("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"),)
"""Scripts that set no blank between two words: each letter of them is found by itself."""

_SILENT = ("COMBINING", "ARABIC", "HEBREW")
"""How the marks are called that may be left out in writing; those of other scripts are letters."""

_ARTICLE = re.compile("^(?:[وفبك]?ال|لل)(?=.{3})")
"""“The”, in Arabic a part of the word, with the “and”, “by” or “for” before it."""


@dataclass(frozen=True)
class Term:
    """What a text has to have: a word or several in a row, the last one perhaps only begun."""

    words: tuple[str, ...]
    is_begun: bool


class _Letters(dict[int, str]):
    """What becomes of each letter of a text that is taken apart and in small letters."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _folded(chr(code))
        return found


_LETTERS = _Letters()


def words(text: str) -> list[str]:
    """Return the words of a text in their order, folded."""
    plain = unicodedata.normalize("NFKD", text[:MOST_LETTERS]).casefold().translate(_LETTERS)
    return [_bare(word) for word in plain.split()[:MOST_WORDS]]


def asked(search: str) -> list[Term]:
    """Return what somebody's search asks for: every word, as far as it is typed.

    A single letter is a word of its own. What stands in quotes is asked for as it is.
    Nothing is a mistake: other signs only part the words, and so does a lonely quote.
    """
    pieces = _QUOTES.split(search[:LONGEST_SEARCH])
    terms: list[Term] = []
    for number, piece in enumerate(pieces):
        is_quoted = number % 2 == 1 and number < len(pieces) - 1
        for part in [piece] if is_quoted else piece.split():
            if found := words(part):
                is_begun = not is_quoted and len(found[-1]) > 1
                terms.append(Term(tuple(found), is_begun=is_begun))
    return list(dict.fromkeys(terms))


def fits(text: str, search: str) -> bool:
    """Tell whether a text has all that a search asks for: for the few things without an index."""
    said = f" {' '.join(words(text))} "
    terms = asked(search)
    return bool(terms) and all(
        f" {' '.join(term.words)}{'' if term.is_begun else ' '}" in said for term in terms
    )


def _bare(word: str) -> str:
    return _ARTICLE.sub("", word)[:LONGEST_WORD]


def _folded(letter: str) -> str:
    """Return a letter, what is the same, nothing for a silent mark, or a blank for a sign."""
    if letter in _SAME:
        return _SAME[letter]
    sort, name = unicodedata.category(letter)[0], unicodedata.name(letter, "")
    if sort == "M" and name.startswith(_SILENT):
        return ""
    if sort not in "LMN":
        return " "
    return f" {letter} " if name.startswith(_WITHOUT_BLANKS) else letter
