"""Stand-ins for words that were to come, wherever somebody may have left one."""

import re
from collections.abc import Iterator

from newsletter.issues.checks import typed
from newsletter.issues.checks.facts import Facts
from newsletter.issues.checks.findings import Finding, Level, shown
from newsletter.issues.checks.typed import Sort, Typed

MOST = 5
"""Stand-ins of one text that are named."""

_LEFTOVER = re.compile(
    r"""
      \bTK(?:TK)*\b                           # what journalists write for “to come”
    | \b(?i:lorem\s+ipsum)\b
    | \b(?i:xxx+)\b
    | \b(?:DATE|TODO|TBD|TBC|TBA|FIXME)\b     # in capitals only: “the date” is a word
    | \b(?:YYYY|JJJJ|AAAA)\b
    | \[\s*(?i:link|url|date|day|time|place|name|title|text|number|number\ of\ [\w\ ]{1,20}
        |insert[^\][]{0,40}|your[^\][]{0,40}|add[^\][]{0,40}|todo|tbd|tbc|tba|tk)\s*\](?![(\[])
    | (?<!\])\[\s*\](?![(\[])                 # empty brackets, of any kind
    | (?<![\])\w])\(\s*\)
    | <(?i:insert|link|name|date)[^<>]{0,40}>
    | \?\?\?+
    | %%\w{1,40}%% | \*\|\w{1,40}\|\* | \{% | <%= | \$\{\w{1,40}\}   # merge fields of other systems
    """,
    re.X,
)


def check(facts: Facts) -> Iterator[Finding]:
    """Judge every text of every edition."""
    for one in typed.texts(facts.whole):
        for match in _found(one.text):
            yield _finding(
                one,
                f"The {one.name} still has “{shown(match)}” in it.",
                "It looks like a stand-in for words that were to come.",
                about=match,
            )
        if one.sort is Sort.PLAIN and "{{" in one.text:
            yield _finding(
                one,
                f"The {one.name} has “{{{{” in it.",
                "Merge fields do not work in items and alternative texts: "
                "readers see it as it stands.",
                about="{{",
            )


def _found(text: str) -> list[str]:
    found = dict.fromkeys(" ".join(match[0].split()) for match in _LEFTOVER.finditer(text))
    return list(found)[:MOST]


def _finding(one: Typed, sentence: str, why: str, *, about: str) -> Finding:
    return Finding(Level.WARN, "placeholder", sentence, why, one.place, one.language, about)
