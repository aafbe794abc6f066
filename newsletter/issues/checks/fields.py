"""Merge fields: those that are none, and those that leave a gap for some readers."""

from collections.abc import Iterator

from newsletter.issues import merge_fields
from newsletter.issues.checks import typed
from newsletter.issues.checks.facts import Facts, Readers
from newsletter.issues.checks.findings import Finding, Level, shown
from newsletter.issues.checks.typed import Sort, Typed
from newsletter.issues.composition import Composition


def check(facts: Facts) -> Iterator[Finding]:
    """Judge every text in which merge fields work."""
    for one in typed.texts(facts.whole):
        if one.sort is not Sort.PLAIN:
            yield from _unknown(one)
            yield from _without_fallback(one, facts.readers)


def paths(whole: Composition) -> list[str]:
    """Return the names of the merge fields that the issue uses, each once."""
    found = (
        field.path
        for one in typed.texts(whole)
        if one.sort is not Sort.PLAIN
        for field in merge_fields.fields(one.text)
    )
    return list(dict.fromkeys(found))


def _unknown(one: Typed) -> Iterator[Finding]:
    for snippet in dict.fromkeys(merge_fields.unknown(one.text)):
        yield Finding(
            Level.STOP,
            "unknown-merge-field",
            f"“{shown(snippet)}” in the {one.name} is not a merge field.",
            "Readers would see it as it stands. Merge fields are {{ name }}, "
            "{{ name | friend }} and {{ attributes.country }}.",
            one.place,
            one.language,
            about=snippet,
        )


def _without_fallback(one: Typed, readers: Readers | None) -> Iterator[Finding]:
    bare = [field for field in merge_fields.fields(one.text) if not field.fallback]
    for field in {field.source: field for field in bare}.values():
        who = _who_lacks(field.path, readers)
        if not who:
            continue
        yield Finding(
            Level.NOTE,
            "no-fallback",
            f"“{field.source}” in the {one.name} has no fallback.",
            f"{who} see nothing there. A fallback is written {{{{ name | friend }}}}.",
            one.place,
            one.language,
            about=field.source,
        )


def _who_lacks(path: str, readers: Readers | None) -> str:
    """Return who sees a gap, to begin a sentence; nothing if everybody has a value."""
    if readers is None or not readers.total or path not in readers.lacking:
        return "Readers of whom this is not known"
    count = readers.lacking[path]
    return f"{count:,} of {readers.total:,} readers, of whom this is not known," if count else ""
