"""One edition out of a composition: its own words, and the first language's where it has none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.issues import content
from newsletter.issues.composition import (
    NOTHING,
    Block,
    BlockKind,
    Composition,
    PickedImage,
    PickedItem,
    Words,
)
from newsletter.issues.content import Content
from newsletter.issues.texts import Texts


@dataclass(frozen=True)
class Missing:
    """What an edition does not say yet: where (as in a finding), and what it is called."""

    place: str
    what: str


def in_language(whole: Composition, language: str) -> Content:
    """Return the edition in `language`, which must be one of the composition's.

    What it does not say itself is said in the first language, marked as such,
    so that a preview shows the whole issue. Blocks that say nothing at all are left out.
    """
    first = whole.first_language
    own, fallback = whole.editions[language], whole.editions[first]
    blocks = (_PARTS[block.kind](block, language, first) for block in whole.blocks)
    return Content(
        subject=own.subject or fallback.subject,
        preheader=own.preheader,
        introduction=own.introduction or fallback.introduction,
        blocks=tuple(block for block in blocks if block is not None),
        language=language,
    )


def nearest(languages: Sequence[str], wanted: str) -> str:
    """Return the edition for a reader of the language `wanted`, as `planning` chooses it.

    Their own, else one they can read (`pt` for `pt-BR`, and the other way round), else the first.
    """
    if wanted in languages:
        return wanted
    for language in languages:
        tongue = language.partition("-")[0]
        if wanted.partition("-")[0] == tongue:
            return language
    return languages[0]


def missing(whole: Composition, language: str) -> list[Missing]:
    """Return what the edition in `language` lacks that the first one says."""
    first = whole.first_language
    if language == first:
        return []
    found = _missing_texts(whole.editions[language], whole.editions[first])
    for block in whole.blocks:
        what = _UNTRANSLATED[block.kind](block, language, first)
        if what:
            found.append(Missing(f"block-{block.key}", what))
    return found


def plain_words(whole: Composition, language: str) -> str:
    """Return all the words of one edition as one text, for searching."""
    edition = in_language(whole, language)
    said = [edition.introduction]
    for block in edition.blocks:
        for name in ("words", "markdown", "title", "summary", "alt"):
            said.append(getattr(block, name, ""))
    return "\n".join(text for text in said if text)


def with_first(whole: Composition, language: str) -> Composition:
    """Return the composition with this edition first; the only one is renamed to be it."""
    if language in whole.editions:
        rest = {name: texts for name, texts in whole.editions.items() if name != language}
        return replace(whole, editions={language: whole.editions[language], **rest})
    if len(whole.editions) > 1:
        return whole
    old = whole.first_language
    return Composition(
        editions={language: whole.editions[old]},
        blocks=tuple(
            replace(
                block,
                words={language if name == old else name: w for name, w in block.words.items()},
            )
            for block in whole.blocks
        ),
    )


def _missing_texts(own: Texts, first: Texts) -> list[Missing]:
    return [
        Missing(name, name)
        for name in ("subject", "preheader", "introduction")
        if getattr(first, name).strip() and not getattr(own, name).strip()
    ]


def _said(block: Block, language: str, first: str, name: str) -> tuple[Words, str]:
    """Return the words in `language` if it says `name`, else the first language's."""
    own = block.says(language)
    return (own, language) if getattr(own, name).strip() else (block.says(first), first)


def _prose(block: Block, language: str, first: str) -> content.Block | None:
    words, spoken = _said(block, language, first, "text")
    return content.Prose(block.key, words.text, spoken) if words.text.strip() else None


def _heading(block: Block, language: str, first: str) -> content.Block | None:
    words, spoken = _said(block, language, first, "title")
    return content.Heading(block.key, words.title, spoken) if words.title.strip() else None


def _button(block: Block, language: str, first: str) -> content.Block | None:
    words, spoken = _said(block, language, first, "title")
    url = block.says(language).url or block.says(first).url
    if not words.title.strip() and not url:
        return None
    return content.Button(block.key, words.title, url, spoken)


def _image(block: Block, language: str, first: str) -> content.Block | None:
    image = block.image or PickedImage(0, "", 0, 0)
    words, spoken = _said(block, language, first, "text")
    return content.Image(
        key=block.key,
        path=image.path,
        width=image.width,
        height=image.height,
        alt="" if image.is_decorative else words.text,
        url=block.says(language).url or block.says(first).url,
        language=spoken,
        is_decorative=image.is_decorative,
    )


def _divider(block: Block, language: str, first: str) -> content.Block | None:
    return content.Divider(block.key)


def _item(block: Block, language: str, first: str) -> content.Block | None:
    picked = block.item or PickedItem("", "", "", first)
    own = block.says(language)
    spoken = language if own.title or own.text else picked.language
    if own == NOTHING and picked.language != language:
        own = block.says(first)
        spoken = first if own.title or own.text else spoken
    is_silent = own.is_silent or (not own.text and block.says(first).is_silent)
    return content.ItemRow(
        slug=picked.slug,
        kind=picked.kind,
        title=own.title or picked.title,
        summary="" if is_silent else own.text or picked.summary,
        url=picked.url,
        published_on=picked.published_on,
        language=spoken,
        key=block.key,
    )


_PARTS: Mapping[BlockKind, Callable[[Block, str, str], content.Block | None]] = {
    BlockKind.TEXT: _prose,
    BlockKind.HEADING: _heading,
    BlockKind.ITEM: _item,
    BlockKind.BUTTON: _button,
    BlockKind.IMAGE: _image,
    BlockKind.DIVIDER: _divider,
}


def _lacks(name: str, what: str) -> Callable[[Block, str, str], str]:
    def untranslated(block: Block, language: str, first: str) -> str:
        is_said = getattr(block.says(first), name).strip()
        return what if is_said and not getattr(block.says(language), name).strip() else ""

    return untranslated


def _lacks_alt(block: Block, language: str, first: str) -> str:
    if block.image is not None and block.image.is_decorative:
        return ""
    return _lacks("text", "alternative text of an image")(block, language, first)


def _lacks_item(block: Block, language: str, first: str) -> str:
    own = block.says(language)
    picked = block.item
    is_silent = own.is_silent or block.says(first).is_silent
    if picked is None or picked.language == language or (own.title and (own.text or is_silent)):
        return ""
    return f"“{picked.title[:80]}” in this language"


_UNTRANSLATED: Mapping[BlockKind, Callable[[Block, str, str], str]] = {
    BlockKind.TEXT: _lacks("text", "a text"),
    BlockKind.HEADING: _lacks("title", "a heading"),
    BlockKind.ITEM: _lacks_item,
    BlockKind.BUTTON: _lacks("title", "the words of a button"),
    BlockKind.IMAGE: _lacks_alt,
    BlockKind.DIVIDER: lambda block, language, first: "",
}
