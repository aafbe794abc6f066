"""Sanitised HTML as plain text that says the same: headings, lists, tables, every address."""

import re
import unicodedata
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

WIDTH = 78
"""Columns of the longest line; only an address or one endless word is longer (STANDARDS H17)."""

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_BLOCKS = _HEADINGS | {"blockquote", "div", "hr", "li", "ol", "p", "pre", "table", "ul"}
_STAYING = frozenset(("Pe", "Pf", "Po", "Mn", "Mc", "Me", "Cf", "Sk"))
_JOINER = "\u200d"


def from_html(markup: str, *, width: int = WIDTH) -> str:
    """Return the text of a sanitised fragment, its blocks parted by one empty line."""
    body = LexborHTMLParser(f"<body>{markup}</body>").body
    return "\n\n".join(_blocks(body, width)) if body is not None else ""


def wrap(text: str, *, width: int = WIDTH) -> str:
    """Return `text` with lines of at most `width` columns; words are never cut.

    Line ends that are there already stay. Scripts without spaces may break
    between any two of their wide characters.
    """
    return "\n".join(line for part in text.split("\n") for line in _lines(part, width))


def _blocks(parent: LexborNode, width: int) -> Iterator[str]:
    """Yield the blocks inside `parent`, each as finished lines."""
    for run in _runs(parent):
        if isinstance(run, str):
            if run.strip():
                yield wrap(run.strip(), width=width)
        else:
            text = _block(run, width)
            if text:
                yield text


def _runs(parent: LexborNode) -> Iterator[str | LexborNode]:
    """Yield the children of `parent`: blocks as they are, inline ones joined to text."""
    inline = ""
    for child in parent.iter(include_text=True):
        if child.tag in _BLOCKS:
            yield inline
            inline = ""
            yield child
        else:
            inline += _inline(child)
    yield inline


def _block(node: LexborNode, width: int) -> str:
    tag = node.tag or ""
    if tag == "hr":
        return "-" * min(width, 20)
    if tag == "pre":
        return "\n".join(f"    {line}" for line in node.text().rstrip("\n").split("\n"))
    if tag in ("ul", "ol"):
        return _list(node, width)
    if tag == "blockquote":
        return _indented("\n\n".join(_blocks(node, width - 2)), "> ", "> ")
    if tag == "table":
        return "\n".join(_table_row(row, width) for row in node.css("tr"))
    text = "\n\n".join(_blocks(node, width))
    if text and tag in _HEADINGS:
        return f"{text}\n{'-' * max(_columns(line) for line in text.split(chr(10)))}"
    return text


def _list(node: LexborNode, width: int) -> str:
    start = node.attributes.get("start") or "1"
    # What was written without empty lines between stays close together.
    gap = "\n\n" if node.css_first("li > p") else "\n"
    entries = []
    items = [child for child in node.iter() if child.tag == "li"]
    for number, item in enumerate(items, start=int(start) if start.isdecimal() else 1):
        mark = f"{number}. " if node.tag == "ol" else "- "
        blocks = _blocks(item, width - len(mark))
        entries.append(_indented(gap.join(blocks), mark, " " * len(mark)))
    return gap.join(entries)


def _table_row(row: LexborNode, width: int) -> str:
    cells = [_inline(cell) for cell in row.iter() if cell.tag in ("td", "th")]
    return wrap(" | ".join(" ".join(cell.split()) for cell in cells), width=width)


def _inline(node: LexborNode) -> str:
    """Return an inline node as one run of text; only `<br>` makes a line end."""
    if node.tag == "-text":
        return re.sub(r"[ \t\r\n]+", " ", node.text_content or "")
    if node.tag == "br":
        return "\n"
    words = "".join(_inline(child) for child in node.iter(include_text=True))
    return _link(words, node.attributes.get("href") or "") if node.tag == "a" else words


def _link(words: str, address: str) -> str:
    bare = address.removeprefix("mailto:").removeprefix("tel:")
    if not address or words.strip() in (address, bare):
        return bare or words
    if address.removeprefix("http://").removeprefix("https://").rstrip("/") == words.strip():
        return address
    return f"{words} ({address})"


def _indented(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join(
        f"{first if index == 0 else rest}{line}".rstrip() for index, line in enumerate(lines)
    )


def _lines(text: str, width: int) -> Iterator[str]:
    """Yield one paragraph's lines, filled greedily."""
    line, columns = "", 0
    for word in text.split():
        for index, unit in enumerate(_units(word)):
            gap = " " if line and index == 0 else ""
            if line and columns + len(gap) + _columns(unit) > width:
                yield line
                line, columns, gap = "", 0, ""
            line += gap + unit
            columns += len(gap) + _columns(unit)
    yield line


def _units(word: str) -> list[str]:
    """Return what a line may break between: the wide characters of a word one by one."""
    if word.isascii():
        return [word]
    units: list[str] = []
    for letter in word:
        is_wide = unicodedata.east_asian_width(letter) in "WF"
        # No line begins with a mark that closes a phrase, nor inside a composed sign.
        stays = unicodedata.category(letter) in _STAYING or (units and units[-1].endswith(_JOINER))
        if units and (stays or not (is_wide or _is_wide(units[-1]))):
            units[-1] += letter
        else:
            units.append(letter)
    return units


def _is_wide(unit: str) -> bool:
    return unicodedata.east_asian_width(unit[-1]) in "WF"


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )
