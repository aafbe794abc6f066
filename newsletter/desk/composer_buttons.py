"""What the buttons of the composer do to an issue, and where each leads."""

from collections.abc import Callable

from flask import request

from newsletter.desk.composer_form import Written
from newsletter.errors import InvalidInput
from newsletter.issues import editing, picking
from newsletter.issues.composition import BlockKind, Composition

Change = Callable[[Composition], Composition]

PAGES = {"preview": "preview", "send": "send", "basket": "basket", "image": "image", "link": "link"}
"""Buttons that save and lead to a page of their own."""


def find(written: Written) -> Change:
    """Return what the pressed button does, apart from saving; raise InvalidInput for no button.

    Buttons are `save`, `up:KEY`, `down:KEY`, `remove:KEY`, `reset:KEY`, `take:KEY`, `leave:KEY`,
    `add:KIND` or `add:KIND:KEY` to put it below a block, `language` and `unlanguage:TAG`,
    and those that lead to another page.
    """
    make = _DEEDS.get(written.verb)
    if make is None:
        if written.verb in ("save", *PAGES):
            return lambda whole: whole
        raise InvalidInput("This button is not known any more. Load the page again.")
    return make(written)


def where_next(number: int, written: Written, whole: Composition) -> str:
    """Return the address that comes after saving."""
    page = f"/desk/issues/{number}"
    language = written.language if written.language in whole.editions else whole.first_language
    if written.verb == "language":
        language = whole.languages[-1]
    tab = "" if language == whole.first_language else f"?lang={language}"
    if written.verb in PAGES:
        ending = f"&after={written.about}" if written.about else ""
        query = f"?lang={language}{ending}"
        return f"{page}/{PAGES[written.verb]}{query if written.verb in ('image', 'link') else tab}"
    return f"{page}{tab}{_place(written, whole)}"


def _place(written: Written, whole: Composition) -> str:
    if written.verb == "add":
        after = written.about.partition(":")[2]
        keys = [block.key for block in whole.blocks]
        place = keys.index(after) + 1 if after in keys else len(keys) - 1
        return f"#block-{keys[place]}" if keys else ""
    if written.verb in ("up", "down", "reset", "take", "leave"):
        return f"#block-{written.about}"
    return "#blocks" if written.verb == "remove" else ""


def _up(written: Written) -> Change:
    return lambda whole: editing.moved(whole, written.about, -1)


def _down(written: Written) -> Change:
    return lambda whole: editing.moved(whole, written.about, 1)


def _remove(written: Written) -> Change:
    return lambda whole: editing.without(whole, written.about)


def _reset(written: Written) -> Change:
    """Go back to an item's own title and summary, in the edition that is being written."""
    return lambda whole: editing.without_words(whole, written.about, written.language)


def _add(written: Written) -> Change:
    name, _, after = written.about.partition(":")
    if name not in _ADDED:
        raise InvalidInput("This button is not known any more. Load the page again.")
    return lambda whole: editing.with_block(whole, BlockKind(name), after=after)


_ADDED = {BlockKind.TEXT, BlockKind.HEADING, BlockKind.BUTTON, BlockKind.DIVIDER}


def _take(written: Written) -> Change:
    """Take over what the library says of an item by now."""

    def take(whole: Composition) -> Composition:
        drift = _drift(whole, written.about)
        if drift is None or drift.now is None or drift.is_withdrawn:
            return whole
        return editing.with_item_again(whole, written.about, picking.picked(drift.now))

    return take


def _leave(written: Written) -> Change:
    """Leave an item as it was picked, whatever the library says by now."""

    def leave(whole: Composition) -> Composition:
        drift = _drift(whole, written.about)
        if drift is None or drift.now is None or drift.block.item is None:
            return whole
        kept = picking.left_as_it_was(drift.block.item, drift.now)
        return editing.with_item_again(whole, written.about, kept)

    return leave


def _drift(whole: Composition, key: str) -> picking.Drift | None:
    found = picking.drifted(whole, picking.items_of(whole))
    return next((drift for drift in found if drift.block.key == key), None)


def _language(_written: Written) -> Change:
    wanted = request.form.get("new_language", "") or request.form.get("other_language", "")
    return lambda whole: editing.with_edition(whole, wanted)


def _unlanguage(written: Written) -> Change:
    return lambda whole: editing.without_edition(whole, written.about)


_DEEDS: dict[str, Callable[[Written], Change]] = {
    "up": _up,
    "down": _down,
    "remove": _remove,
    "reset": _reset,
    "add": _add,
    "take": _take,
    "leave": _leave,
    "language": _language,
    "unlanguage": _unlanguage,
}
