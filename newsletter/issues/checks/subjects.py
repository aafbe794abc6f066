"""The lines that an inbox shows: subject and preheader."""

import re
from collections.abc import Iterator

from newsletter.issues import merge_fields
from newsletter.issues.checks.facts import Facts
from newsletter.issues.checks.findings import Finding, Level, shown
from newsletter.issues.texts import Texts

LONG_SUBJECT = 78
"""Characters after which most inboxes cut a subject."""

PREHEADER_LENGTHS = range(40, 131)
"""Characters of a preheader that inboxes show whole and that leave no room for other text (H03)."""

SHOUTED = 8
"""Letters from which on a subject in capitals is shouting, and no abbreviation."""

# As mail programs mark answers and forwarded mail, in the languages that do it.
_ANSWER = re.compile(r"\s*(re|fwd?|aw|wg|tr|rv|sv|vs|enc)\s*(\[\d+\])?\s*:", re.I)


def check(facts: Facts) -> Iterator[Finding]:
    """Judge the lines of each edition; those that another edition lacks are no matter of this."""
    first = facts.whole.first_language
    for language, said in facts.whole.editions.items():
        if said.subject.strip():
            yield from _subject(merge_fields.neutral(said.subject), language)
        elif language == first:
            yield Finding(
                Level.STOP,
                "empty-subject",
                "The subject is empty.",
                "Readers decide by the subject whether to open a mail.",
                "subject",
                language,
            )
        if said.preheader or language == first:
            yield from _preheader(said, language)


def _subject(line: str, language: str) -> Iterator[Finding]:
    for code, sentence, why in _about_subject(line):
        yield Finding(Level.WARN, code, sentence, why, "subject", language, about=line)


def _about_subject(line: str) -> Iterator[tuple[str, str, str]]:
    if len(line) > LONG_SUBJECT:
        yield (
            "long-subject",
            f"The subject has {len(line)} characters; many inboxes show less than {LONG_SUBJECT}.",
            "What comes later is cut off. Put the most important words first.",
        )
    letters = [letter for letter in line if letter.isupper() or letter.islower()]
    if len(letters) >= SHOUTED and all(letter.isupper() for letter in letters):
        yield (
            "shouting",
            "The subject is all in capitals.",
            "It reads as shouting, and filters take it for advertising.",
        )
    if sum(line.count(mark) for mark in "!！") > 1:
        yield (
            "exclamations",
            "The subject has more than one exclamation mark.",
            "Filters take that for advertising, and so do readers.",
        )
    if match := _ANSWER.match(line):
        yield (
            "looks-like-answer",
            f"The subject begins with “{shown(match[0])}”.",
            "Readers take it for an answer to a mail of their own and feel tricked.",
        )
    if not any(letter.isalnum() for letter in line):
        yield (
            "wordless-subject",
            "The subject has no words.",
            "Who hears it read out cannot tell what it is about.",
        )


def _preheader(said: Texts, language: str) -> Iterator[Finding]:
    line = merge_fields.neutral(said.preheader)
    if not line:
        yield Finding(
            Level.WARN,
            "no-preheader",
            "There is no preheader.",
            "Inboxes then show the first words of the mail after the subject.",
            "preheader",
            language,
        )
    elif said.preheader.casefold() == said.subject.casefold():
        yield Finding(
            Level.WARN,
            "same-preheader",
            "The preheader repeats the subject.",
            "The line after the subject is room for one more reason to read.",
            "preheader",
            language,
            about=line,
        )
    elif len(line) not in PREHEADER_LENGTHS:
        yield Finding(
            Level.NOTE,
            "preheader-length",
            f"The preheader has {len(line)} characters; from {PREHEADER_LENGTHS.start} "
            f"to {PREHEADER_LENGTHS.stop - 1} fit most inboxes.",
            "A shorter one leaves room empty, a longer one is cut off.",
            "preheader",
            language,
            about=line,
        )
