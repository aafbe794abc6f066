"""Languages: what an edition lacks, and whose language there is no edition in."""

from collections.abc import Iterator, Mapping

from newsletter import languages
from newsletter.issues.checks.facts import Facts
from newsletter.issues.checks.findings import Finding, Level, shown
from newsletter.issues.composition import Composition
from newsletter.issues.editions import Missing, missing

FEW = 5
"""Readers of a language of whom nothing is said."""

SHARE = 0.02
"""The part of all readers from which on a language is worth an edition, or a thought."""


def check(facts: Facts) -> Iterator[Finding]:
    """Judge each edition by the first one, and all of them by the readers."""
    for language in facts.whole.languages:
        for lack in missing(facts.whole, language):
            yield _missing(facts.whole, language, lack)
    if facts.readers is not None:
        yield from _unread(facts.whole, facts.readers.by_language)
        yield from _unserved(facts.whole, facts.readers.by_language)


def _missing(whole: Composition, language: str, lack: Missing) -> Finding:
    name, what = languages.english_name(language), " ".join(lack.what.split())
    block = whole.block(lack.place.removeprefix("block-"))
    if block is not None and block.item is not None:
        shown_in = languages.english_name(block.item.language)
        return Finding(
            Level.WARN,
            "item-language",
            f"“{shown(block.item.title)}” is in {shown_in} in the {name} edition.",
            f"Its title or its summary has no {name} words; readers see it marked as {shown_in}.",
            lack.place,
            language,
            about=lack.what,
        )
    is_needed = lack.place != "preheader"
    stands_in = languages.english_name(whole.first_language)
    return Finding(
        Level.STOP if is_needed else Level.WARN,
        "missing-words",
        f"The {name} edition lacks {what if block else f'the {what}'}.",
        f"Its readers would read {stands_in} there. Write it, or take the {name} edition out."
        if is_needed
        else "Inboxes then show the first words of the mail after the subject.",
        lack.place,
        language,
        about=lack.what,
    )


def _unread(whole: Composition, readers: Mapping[str, int]) -> Iterator[Finding]:
    """Find editions that nobody gets, once there is somebody to get any."""
    tongues = {languages.tongue(language) for language, count in readers.items() if count}
    for language in whole.languages[1:]:
        if tongues and languages.tongue(language) not in tongues:
            yield Finding(
                Level.NOTE,
                "nobody-reads",
                f"Nobody on the list chose {languages.english_name(language)}.",
                "That edition goes to nobody until somebody does.",
                "audience",
                language,
            )


def _unserved(whole: Composition, readers: Mapping[str, int]) -> Iterator[Finding]:
    served = {languages.tongue(language) for language in whole.languages}
    total = sum(readers.values())
    for language, count in sorted(readers.items(), key=lambda pair: (-pair[1], pair[0])):
        if languages.tongue(language) in served or count < FEW or count < total * SHARE:
            continue
        name = languages.english_name(language)
        yield Finding(
            Level.NOTE,
            "no-edition",
            f"{count:,} readers chose {name}; there is no {name} edition.",
            f"They get the one in {languages.english_name(whole.first_language)}.",
            "audience",
            about=language,
        )
