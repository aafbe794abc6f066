"""What a page says about itself as JSON-LD, by the words of schema.org."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_SCRIPT = 200_000
MOST_SCRIPTS = 10
MOST_NODES = 200
"""Characters of the longest script, and how many scripts and things in them are looked at."""

# What somebody reads, the most telling first. What else is on a page (its breadcrumbs, its
# publisher, its search box) has a name, too, and is not what the page is.
_KINDS = (
    *("newsarticle", "reportagenewsarticle", "blogposting", "article", "scholarlyarticle"),
    *("medicalscholarlyarticle", "techarticle", "report", "socialmediaposting", "book", "event"),
    *("dataset", "videoobject", "learningresource", "webpage", "medicalwebpage", "itempage"),
)


@dataclass(frozen=True)
class Statement:
    """What was said about the page; empty where nothing was."""

    headline: str = ""
    description: str = ""
    language: str = ""
    published: str = ""


def statement(scripts: Iterable[str]) -> Statement:
    """Return what the most telling thing in the scripts of one page says."""
    best: dict[str, object] = {}
    best_rank = len(_KINDS)
    for node in _nodes(scripts):
        rank = _rank(node.get("@type"))
        if rank < best_rank:
            best, best_rank = node, rank
    return Statement(
        headline=_text(best, "headline", "name"),
        description=_text(best, "description"),
        language=_text(best, "inLanguage"),
        published=_text(best, "datePublished", "startDate"),
    )


def _nodes(scripts: Iterable[str]) -> Iterator[dict[str, object]]:
    """Yield the things that scripts are about: whole ones, lists of them, graphs of them."""
    seen = 0
    for number, script in enumerate(scripts):
        if number >= MOST_SCRIPTS:
            return
        waiting = [_parsed(script)]
        while waiting and seen < MOST_NODES:
            node = waiting.pop(0)
            seen += 1
            if isinstance(node, list):
                waiting.extend(node[:MOST_NODES])
            elif isinstance(node, dict):
                yield node
                waiting.extend(node[key] for key in ("@graph", "mainEntity") if key in node)


def _parsed(script: str) -> object:
    if len(script) > LONGEST_SCRIPT:
        return None
    try:
        # Not strict: many writers leave line ends inside their texts.
        return json.loads(script, strict=False)
    except (ValueError, RecursionError):
        return None


def _rank(kind: object) -> int:
    """Return how telling a kind of thing is; a thing may be of several."""
    kinds = kind if isinstance(kind, list) else [kind]
    names = [text.rpartition("/")[2].lower() for text in kinds[:10] if isinstance(text, str)]
    return min((_KINDS.index(name) for name in names if name in _KINDS), default=len(_KINDS))


def _text(node: dict[str, object], *names: str) -> str:
    """Return the first of the named values that is a text."""
    return next((text for name in names if isinstance(text := node.get(name), str)), "")
