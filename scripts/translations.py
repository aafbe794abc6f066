"""The catalogues of our fixed words: finds what code and templates say, and brings them up to date.

`make words` runs it.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from newsletter.translating import CATALOGUES, ORIGINAL, written

ROOT = Path(__file__).parent.parent

KEYWORDS = {"_": None, "gettext": None, "marked": None, "ngettext": (1, 2)}
"""What words are called by: in templates, in code, where only named, with a number."""


def extracted() -> Catalog:
    """Return every message that code and templates hand to a translator."""
    catalogue = Catalog(project="Stay Informed", charset="utf-8")
    for path in _sources():
        for _, message, _, context in _messages(path):
            place = path.relative_to(ROOT).as_posix()
            catalogue.add(message, locations=[(place, 0)], context=context)
    return catalogue


def catalogue_of(language: str) -> Catalog:
    """Return the catalogue of one language as it is kept."""
    with _path(language).open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def update() -> None:
    """Write what is said now into each catalogue; what is new is empty, what is gone is out."""
    template = extracted()
    for language in written():
        if language == ORIGINAL:
            continue
        catalogue = catalogue_of(language)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        with _path(language).open("wb") as target:
            write_po(target, catalogue, width=100, ignore_obsolete=True, include_lineno=False)
        empty = [message.id for message in catalogue if message.id and not message.string]
        print(f"{language}: {len(catalogue)} messages, {len(empty)} to be translated")


def _sources() -> Iterator[Path]:
    yield from sorted((ROOT / "newsletter").rglob("*.py"))
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.is_file():
            yield path


def _messages(path: Path) -> list[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
    with path.open("rb") as source:
        return list(extract(method, source, keywords=KEYWORDS))


def _path(language: str) -> Path:
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


if __name__ == "__main__":
    update()
