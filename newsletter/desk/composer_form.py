"""What stands in the composer's form: read from a request, put into a composition and back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from newsletter import languages
from newsletter.desk.forms import Form
from newsletter.errors import InvalidInput
from newsletter.issues import editing
from newsletter.issues.composition import Block, BlockKind, Composition, Words
from newsletter.issues.models import Issue
from newsletter.issues.texts import Texts

TEXTS = ("subject", "preheader", "introduction")
WORDS = ("title", "text", "url")
"""The fields of an edition, and those of a block after its key."""

_WINDOW = re.compile(r"[a-z0-9]{1,32}")

LONGEST_ORDER = 2 * editing.MAX_BLOCKS
"""How many blocks are looked for in a form; more than an issue can have come from no page."""


@dataclass(frozen=True)
class Written:
    """What was posted: one edition, the words of the blocks in it, and their order."""

    version: int
    # The version that the page was first loaded with: a page that shows both goes on from a newer.
    began: int
    language: str
    texts: Texts
    order: tuple[str, ...]
    words: dict[str, Words]
    mailing_list: str
    topics: tuple[str, ...]
    # Which window it came from, as its script calls itself: what it keeps goes by this name.
    window: str
    do: str

    @property
    def verb(self) -> str:
        """What the pressed button does, without what it does it to."""
        return self.do.partition(":")[0]

    @property
    def about(self) -> str:
        """What the pressed button is about, such as the key of a block."""
        return self.do.partition(":")[2]


def read() -> Written:
    """Return what was posted; raise InvalidInput for a form that no page of ours made."""
    version = number(request.form.get("version", ""))
    order = tuple(dict.fromkeys(request.form.getlist("order")))[:LONGEST_ORDER]
    return Written(
        version=version,
        began=number(request.form.get("began", str(version))),
        language=request.form.get("language", "")[:20],
        texts=Texts(*(request.form.get(name, "") for name in TEXTS)),
        order=order,
        words={key: _words(key) for key in order},
        mailing_list=request.form.get("mailing_list", ""),
        topics=tuple(request.form.getlist("topics")),
        window=_window(),
        do=request.form.get("do", "save"),
    )


def number(text: str) -> int:
    """Return the number of a version that a form carries; raise InvalidInput for anything else."""
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise InvalidInput("This form has lost its version. Load the page again.")
    return int(text)


def put_into(whole: Composition, written: Written, *, began_from: Composition) -> Composition:
    """Return `whole` with everything that was written in it; raise InvalidInput at a field."""
    whole = with_places(whole, written, began_from=began_from)
    language = languages.tag(written.language)
    whole = editing.with_texts(whole, language, written.texts)
    for key in written.order:
        if whole.block(key) is not None:
            whole = editing.with_words(whole, key, language, written.words[key])
    return whole


def with_places(whole: Composition, written: Written, *, began_from: Composition) -> Composition:
    """Return `whole` with a place for everything that was written, in the order of the page.

    An edition or a block that a colleague took out meanwhile comes back: its words may be
    new, and they belong nowhere else. A block is as this page had it (`began_from`);
    words of one that nobody knows any more become a text.
    """
    language = languages.tag(written.language)
    if language not in whole.editions:
        whole = editing.with_edition(whole, language)
    for key in written.order:
        whole = _with_block_again(whole, key, began_from.block(key), written.words[key])
    return editing.in_order(whole, written.order)


def form_of(issue: Issue, whole: Composition, language: str) -> Form:
    """Return the form as it is before anybody types."""
    said = whole.editions.get(language, Texts("", "", ""))
    values = {
        "version": str(issue.version),
        "began": str(issue.version),
        "window": "",
        "language": language,
        "mailing_list": issue.mailing_list.slug,
        "link": "",
        "new_language": "",
        **{name: getattr(said, name) for name in TEXTS},
    }
    for block in whole.blocks:
        values |= _values_of(block, language)
    return Form(values, {"topics": [topic.slug for topic in issue.topics]})


def typed_form(issue: Issue, whole: Composition, language: str) -> Form:
    """Return the form with what was posted in its fields, as far as it has them."""
    form = form_of(issue, whole, language)
    # Browsers post line ends as CRLF; kept is LF, and they are compared.
    posted = {
        name: request.form[name].replace("\r\n", "\n")
        for name in form.values
        if name in request.form
    }
    form.values = {**form.values, **posted}
    form.lists = {"topics": request.form.getlist("topics")}
    return form


def fields_of(block: Block) -> Sequence[str]:
    """Return which of WORDS a block of this kind has fields for."""
    return _FIELDS[block.kind]


_FIELDS = {
    BlockKind.TEXT: ("text",),
    BlockKind.HEADING: ("title",),
    BlockKind.ITEM: ("title", "text"),
    BlockKind.BUTTON: ("title", "url"),
    BlockKind.IMAGE: ("text", "url"),
    BlockKind.DIVIDER: (),
}


def _window() -> str:
    name = request.form.get("window", "")
    return name if _WINDOW.fullmatch(name) else ""


def _words(key: str) -> Words:
    title, text, url = (request.form.get(f"{key}-{name}", "") for name in WORDS)
    return Words(title, text, url)


def _values_of(block: Block, language: str) -> dict[str, str]:
    said = block.says(language)
    shown = {name: getattr(said, name) for name in fields_of(block)}
    if block.item is not None and block.item.language == language:
        # The original stands in the field, to be changed or left.
        shown = {
            "title": said.title or block.item.title,
            "text": "" if said.is_silent else said.text or block.item.summary,
        }
    return {f"{block.key}-{name}": text for name, text in shown.items()}


def _with_block_again(
    whole: Composition, key: str, block: Block | None, words: Words
) -> Composition:
    if whole.block(key) is not None or (block is None and not words.text):
        return whole
    if block is None and not editing.is_key(key):
        return whole
    return Composition(whole.editions, (*whole.blocks, block or Block(key, BlockKind.TEXT)))
