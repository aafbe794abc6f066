"""Bytes of a page as text, and text of a page as one line that can be shown anywhere."""

import codecs
import re
import unicodedata

HEAD = 2_048
"""Bytes at the beginning of a page in which it may say how it is encoded."""

_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset=["']?\s{0,3}([a-zA-Z0-9_:.-]{1,40})""", re.I)
_PARAMETER = re.compile(r"""charset\s{0,3}=\s{0,3}["']?([a-zA-Z0-9_:.-]{1,40})""", re.I)

# Python knows other codecs, some of which are slow or no encodings of pages at all.
_KNOWN = frozenset(
    {
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso8859-1", "mac-roman"),
        *(f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
        *(f"cp{number}" for number in (866, 874, *range(1250, 1259), 949, 932)),
        *("koi8-r", "koi8-u", "tis-620", "gb2312", "gbk", "gb18030", "big5", "big5hkscs"),
        *("euc_jp", "shift_jis", "iso2022_jp", "euc_kr"),
    }
)
# What browsers take for Windows' own superset of it.
_WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "shift_jis": "cp932"}

# Zl, Zp: line ends. Cf: nobody sees them, and some turn the direction of what follows; but for
# the two joiners, without which Persian and emoji fall apart.
_UNFIT = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
_JOINERS = "\u200c\u200d"


def decoded(body: bytes, declared: str) -> str:
    """Return the text of a page, by its byte order mark, its header, or its own word."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    inside = _DECLARED.search(body[:HEAD])
    codec = _codec(declared) or _codec(inside[1].decode("ascii") if inside else "")
    if codec:
        return body.decode(codec, "replace")
    try:
        # A page that was cut may end within a letter.
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def charset_of(content_type: str) -> str:
    """Return the charset parameter of a Content-Type, if it has one."""
    found = _PARAMETER.search(content_type)
    return found[1] if found else ""


def _codec(name: str) -> str:
    try:
        known = codecs.lookup(name.lower()).name if name else ""
    except LookupError:
        return ""
    return _WIDER.get(known, known) if known in _KNOWN else ""


def line(text: str, *, most: int) -> str:
    """Return `text` as one line of at most `most` characters, cut between words.

    Whatever cannot be seen, or would turn the text around it, is left out.
    """
    # Composing costs most; nobody's title needs more than a multiple of what is kept.
    start = unicodedata.normalize("NFC", text[: 20 * most])
    seen = "".join(" " if letter.isspace() else letter for letter in start if _is_fit(letter))
    words = " ".join(seen.split())
    if len(words) <= most:
        return words
    cut = words[:most].rpartition(" ")[0]
    # Where there are no blanks, between any two letters.
    return (cut if len(cut) > most // 2 else words[: most - 1]).rstrip(" ,;:–—-") + "…"


def _is_fit(letter: str) -> bool:
    if letter.isspace() or letter in _JOINERS:
        return True
    return unicodedata.category(letter) not in _UNFIT
