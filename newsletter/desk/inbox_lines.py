"""Subject and preheader, changed where one sees how they look in the inbox."""

from http import HTTPStatus

from flask import Response, flash, redirect
from werkzeug.wrappers import Response as AnyResponse

from newsletter import clock
from newsletter.accounts import Action
from newsletter.desk import looks
from newsletter.desk.composer_form import number as version_number
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_saved
from newsletter.desk.previews import form_of, preview_page
from newsletter.errors import InvalidInput, NotFound, StaleVersion
from newsletter.extensions import db
from newsletter.issues import composing, editing, revisions
from newsletter.issues.composing import Saved
from newsletter.issues.models import Issue
from newsletter.issues.texts import Texts

LINES = ("subject", "preheader")


@blueprint.post("/issues/<int:number>/preview")
@needs(Action.WRITE)
def save_lines(number: int) -> AnyResponse:
    """Save the two lines of one edition as a new version; nobody's other words are touched."""
    issue = the_issue(number)
    form = typed(*LINES, "version", "language")
    try:
        with form.checking():
            saved = _save(issue, form)
    except StaleVersion as exc:
        return _show_both(number, form, exc)
    if form.errors:
        return preview_page(
            the_issue(number),
            looks.asked(number),
            form=form,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    note_saved(issue, saved)
    db.session.commit()
    flash(f"Saved as version {issue.version}.")
    return redirect(looks.asked(number).page(), code=303)


def _save(issue: Issue, form: Form) -> Saved:
    """Put the lines into what is saved now, unless somebody changed one of them meanwhile."""
    began = version_number(form.values["version"])
    whole = composing.current(issue)
    language = form.values["language"]
    if language not in whole.editions:
        raise InvalidInput("This edition was taken out meanwhile. Load the page again.")
    said = whole.editions[language]
    if began != issue.version and _lines_at(issue, began, language) != (
        said.subject,
        said.preheader,
    ):
        raise StaleVersion(yours=began, theirs=issue.version)
    lines = Texts(form.values["subject"], form.values["preheader"], said.introduction)
    return composing.save(
        issue,
        editing.with_texts(whole, language, lines),
        based_on_version=issue.version,
        by=the_editor(),
        now=clock.now(),
    )


def _lines_at(issue: Issue, version: int, language: str) -> tuple[str, str] | None:
    try:
        said = revisions.composition_at(issue, version).editions.get(language)
    except NotFound:
        # Thinned out since: what it said cannot be compared.
        return None
    return (said.subject, said.preheader) if said else None


def _show_both(number: int, form: Form, why: StaleVersion) -> Response:
    """Show the typed lines beside the saved ones; saving once more keeps the typed ones."""
    db.session.rollback()
    issue = the_issue(number)
    whole, language = composing.current(issue), form.values["language"]
    theirs = form_of(issue, whole, language).values if language in whole.editions else None
    form.values = {**form.values, "version": str(issue.version)}
    form.errors[""] = str(why)
    return preview_page(
        issue, looks.asked(number), form=form, theirs=theirs, status=HTTPStatus.CONFLICT
    )
