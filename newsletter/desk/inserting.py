"""Putting in what needs a page of its own to be chosen: an image, a page from elsewhere."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import clock, languages, limits
from newsletter.accounts import Action
from newsletter.delivery import preflight
from newsletter.desk.forms import Form, show_again, typed
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_saved
from newsletter.desk.uploads import ACCEPTED, LARGEST_BODY, take_upload
from newsletter.errors import FetchFailed, InvalidInput
from newsletter.extensions import db
from newsletter.fetching import pages
from newsletter.issues import composing, editing, pictures
from newsletter.issues.composition import (
    BlockKind,
    Composition,
    PickedItem,
    Words,
)
from newsletter.issues.models import Issue
from newsletter.library import facts
from newsletter.media import images
from newsletter.media.formats import FIELD
from newsletter.media.models import Image
from newsletter.media.texts import LONGEST_ALT, LONGEST_NAME

IN_ISSUE = ("address", "lang", "after")

PAGES_A_MINUTE = 30
"""How many pages elsewhere one editor may have read: each of them is asked in our name."""


@blueprint.get("/issues/<int:number>/link")
@needs(Action.WRITE)
def show_page_address(number: int) -> str:
    """Ask for the address of a page elsewhere."""
    issue = the_issue(number)
    return render_template("desk/issue_link.html", issue=issue, form=_form())


@blueprint.post("/issues/<int:number>/link")
@needs(Action.WRITE)
def insert_page(number: int) -> Response | tuple[str, int]:
    """Add a row for a page elsewhere; one that cannot be read is added all the same, and says so.

    The page is asked for with no transaction open, for it may take ten seconds.
    """
    the_issue(number)
    form = typed(*IN_ISSUE)
    with form.checking():
        form.values = {**form.values, "address": _address(form.values["address"])}
    if form.errors:
        return show_again("desk/issue_link.html", form, issue=the_issue(number))
    _count_page()
    db.session.commit()
    found = _read(form.values["address"])
    issue = the_issue(number)
    whole = editing.with_items(composing.current(issue), [found], after=form.values["after"])
    _save(issue, whole)
    if found.trouble:
        flash(f"{found.trouble} The row is in the issue: write its title and summary yourself.")
    return redirect(_back(issue, whole, form), code=303)


@blueprint.get("/issues/<int:number>/image")
@needs(Action.WRITE)
def show_image_choice(number: int) -> str:
    """Offer the images that are there, and a form for a new one."""
    issue = the_issue(number)
    return render_template("desk/issue_image.html", issue=issue, form=_form(), **_choice())


@blueprint.post("/issues/<int:number>/image")
@needs(Action.WRITE, largest_body=LARGEST_BODY)
def insert_image(number: int) -> Response | tuple[str, int]:
    """Put an image into the issue: one that is there, or one that comes with the form."""
    issue = the_issue(number)
    form = typed(*IN_ISSUE, "chosen", "alt", "name", lists=("is_decorative",))
    with form.checking():
        image = _chosen_image(form.values["chosen"]) or take_upload()
        if image is None:
            raise InvalidInput("Choose an image below, or the file of a new one.", field=FIELD)
        whole = _with_image(composing.current(issue), image, form.values["after"])
        _save(issue, whole)
    if form.errors:
        return show_again("desk/issue_image.html", form, issue=the_issue(number), **_choice())
    return redirect(_back(issue, whole, form), code=303)


def _form() -> Form:
    values = {name: request.args.get(name, "") for name in ("lang", "after")}
    return Form({**values, "address": "", "alt": "", "name": ""})


def _address(text: str) -> str:
    link = text.strip()
    if link and "://" not in link:
        link = f"https://{link}"
    try:
        found = facts.url(link)
    except InvalidInput as exc:
        raise InvalidInput(str(exc), field="address") from exc
    if not found:
        raise InvalidInput("Paste the address of the page.", field="address")
    return found


def _count_page() -> None:
    limits.count(
        "page elsewhere",
        str(the_editor().id),
        window=timedelta(minutes=1),
        most=PAGES_A_MINUTE,
        now=clock.now(),
        sentence=f"You had {PAGES_A_MINUTE} pages read within a minute. Wait for the next minute, "
        "then paste the address again.",
    )


def _read(address: str) -> PickedItem:
    """Return what a page says about itself, or its bare address and why nothing else is known."""
    site = (urlsplit(address).hostname or address).removeprefix("www.")
    try:
        found = pages.read_page(address)
    except FetchFailed as exc:
        return PickedItem(title=site, summary="", url=address, language="en", trouble=str(exc))
    return PickedItem(
        title=found.title or site,
        summary=found.description,
        url=address,
        language=_language(found.language),
        published_on=found.published_on,
    )


def _language(said: str) -> str:
    try:
        return languages.tag(said)
    except InvalidInput:
        return "en"


def _chosen_image(number: str) -> Image | None:
    if not number.isascii() or not number.isdecimal() or len(number) > 9:
        return None
    return images.find_image(int(number))


def _with_image(whole: Composition, image: Image, after: str) -> Composition:
    picked = pictures.picked(image)
    whole = editing.with_block(whole, BlockKind.IMAGE, after=after, image=picked)
    added = _newest(whole, image)
    words = Words(text=image.alt)
    return editing.with_words(whole, added, whole.first_language, words) if image.alt else whole


def _newest(whole: Composition, image: Image) -> str:
    """Return the key of the block that was just added: the one without words."""
    found = [
        block.key
        for block in whole.blocks
        if block.image is not None and block.image.number == image.id and not block.words
    ]
    return found[-1]


def _save(issue: Issue, whole: Composition) -> None:
    now = clock.now()
    saved = composing.save(issue, whole, based_on_version=issue.version, by=the_editor(), now=now)
    preflight.look_ahead(issue, now=now)
    note_saved(issue, saved)
    db.session.commit()


def _back(issue: Issue, whole: Composition, form: Form) -> str:
    language = form.values["lang"]
    is_other = language in whole.editions and language != whole.first_language
    return f"/desk/issues/{issue.id}{f'?lang={language}' if is_other else ''}#blocks"


def _choice() -> dict[str, object]:
    return {
        "page": images.newest_images(request.args.get("page", 1, type=int)),
        "accepted": ACCEPTED,
        "longest_alt": LONGEST_ALT,
        "longest_name": LONGEST_NAME,
    }
