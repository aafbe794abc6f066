"""What a search of the desk finds: of each kind what this editor may see, and where it is."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup

from newsletter import accounts, searching
from newsletter.accounts import Action, Editor, may
from newsletter.audit import asking
from newsletter.desk.guard import my_lists
from newsletter.desk.showing import day_of, when
from newsletter.issues import overview
from newsletter.issues.overview import Line
from newsletter.library import catalogue
from newsletter.library.words import KIND_NAMES
from newsletter.media import images
from newsletter.subscriptions import lists

MOST = 10
"""What is shown of each kind; the places themselves have the rest."""

_NUMBER = re.compile(r"(?:issue |#)?([0-9]{1,9})", re.IGNORECASE)


@dataclass(frozen=True)
class Find:
    """One thing that was found: where it is, what it is called, a word about it, how it stands."""

    path: str
    title: str
    note: str = ""
    state: str = ""


@dataclass(frozen=True)
class Group:
    """What was found of one kind, and the page where all of them are."""

    name: str
    place: str
    finds: Sequence[Find]


def numbered_issue(search: str) -> Line | None:
    """Return the issue whose number is all that is searched for, if this editor may see it."""
    number = _NUMBER.fullmatch(search)
    return overview.find_by_number(int(number[1]), lists=my_lists()) if number else None


def groups(search: str, *, by: Editor) -> list[Group]:
    """Return what is found for `by`, in the order of the desk's places; empty groups, too."""
    return [look(search, by) for needed, look in _LOOKS if may(by, needed)]


def _issues(search: str, _by: Editor) -> Group:
    known = numbered_issue(search)
    lines = overview.find_by_words(search, lists=my_lists(), most=MOST)
    if known:
        lines = [known, *(line for line in lines if line.number != known.number)]
    finds = [
        Find(
            f"/desk/issues/{line.number}",
            f"Issue {line.number}: {line.title or '(no subject yet)'}",
            line.list_name,
            line.state,
        )
        for line in lines
    ]
    return Group("Issues", "/desk/issues/", finds)


def _items(search: str, _by: Editor) -> Group:
    finds = [
        Find(
            f"/desk/library/item/{item.slug}",
            item.title,
            Markup("{}, {}{}").format(
                KIND_NAMES[item.kind],
                day_of(item.published_on),
                ", withdrawn" if item.withdrawn_at else "",
            ),
        )
        for item in catalogue.find_by_words(search, most=MOST)
    ]
    return Group("Library", f"/desk/library/?{urlencode({'q': search})}", finds)


def _images(search: str, _by: Editor) -> Group:
    found = images.find_by_words(search, most=MOST)
    finds = [Find(f"/desk/images/{image.id}", image.name, image.alt) for image in found]
    return Group("Images", "/desk/images/", finds)


def _lists(search: str, _by: Editor) -> Group:
    finds = [
        Find(f"/desk/lists/{one.slug}", one.name, one.description)
        for one in lists.all_lists()
        if searching.fits(f"{one.name} {one.slug} {one.description}", search)
    ]
    return Group("Lists", "/desk/lists/", finds)


def _editors(search: str, _by: Editor) -> Group:
    finds = [
        Find("/desk/editors/", editor.name or editor.email, accounts.role_of(editor).value)
        for editor in accounts.all_editors()
        if searching.fits(f"{editor.name} {editor.email}", search)
    ]
    return Group("Editors", "/desk/editors/", finds)


def _entries(search: str, by: Editor) -> Group:
    finds = [
        Find(
            f"/desk/log/?{urlencode({'before': entry.id + 1})}",
            f"{entry.actor} {entry.says()}",
            when(entry.at),
        )
        for entry in asking.find_by_words(search, seen_by=by, most=MOST)
    ]
    return Group("Who did what", "/desk/log/", finds)


_LOOKS: Sequence[tuple[Action, Callable[[str, Editor], Group]]] = (
    (Action.WRITE, _issues),
    (Action.WRITE, _items),
    (Action.WRITE, _images),
    (Action.MANAGE_LISTS, _lists),
    (Action.MANAGE_EDITORS, _editors),
    (Action.WRITE, _entries),
)
"""What is looked through, in this order, and the right that its page needs."""
