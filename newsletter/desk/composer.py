"""Writing an issue: the page, saving it by hand or by itself, and who else is writing."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus

from flask import Response as JsonResponse
from flask import flash, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import clock, languages
from newsletter.accounts import Action, Editor
from newsletter.delivery import preflight, readership
from newsletter.desk import composer_buttons, composer_form, showing, windows
from newsletter.desk.composer_buttons import Change
from newsletter.desk.composer_form import Written
from newsletter.desk.forms import Form
from newsletter.desk.guard import blueprint, my_lists, needs, the_editor, the_issue, the_list
from newsletter.desk.noting import note_saved
from newsletter.desk.progress import show_progress
from newsletter.errors import InvalidInput, NewsletterError, NotFound, Refused, StaleVersion
from newsletter.extensions import commit_to_show, db
from newsletter.issues import composing, editions, merge_fields, picking, presence, revisions
from newsletter.issues.composing import Saved
from newsletter.issues.composition import BlockKind, Composition
from newsletter.issues.models import Issue
from newsletter.library import catalogue
from newsletter.library.models import Topic
from newsletter.library.words import KIND_NAMES
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailingList


@blueprint.get("/issues/<int:number>")
@needs(Action.WRITE)
def show_issue(number: int) -> str:
    """Show an issue: to be written while it can be, else how it is getting on."""
    issue = the_issue(number)
    if issue.state not in composing.EDITABLE:
        return show_progress(issue)
    whole = composing.current(issue)
    language = _language(whole, request.args.get("lang", ""))
    return writing_page(issue, whole, composer_form.form_of(issue, whole, language))


@blueprint.post("/issues/<int:number>")
@needs(Action.WRITE)
def save_issue(number: int) -> Response | tuple[str, int]:
    """Save all of the form as a new version, do what the pressed button says, and go on."""
    issue = the_issue(number)
    editor, now = the_editor(), clock.now()
    try:
        written = composer_form.read()
        saved = _save(issue, written, composer_buttons.find(written), by=editor, now=now)
    except InvalidInput as exc:
        db.session.rollback()
        return _show_wrong(number, exc), HTTPStatus.UNPROCESSABLE_ENTITY
    except Refused as exc:
        return _show_both(number, exc), HTTPStatus.CONFLICT
    note_saved(issue, saved)
    where = composer_buttons.where_next(number, written, composing.current(issue))
    db.session.commit()
    windows.note_taken(written.window)
    if written.verb == "save":
        flash(f"Saved as version {issue.version}.")
    return redirect(where, code=303)


@blueprint.post("/issues/<int:number>/autosave")
@needs(Action.WRITE)
def save_by_itself(number: int) -> tuple[JsonResponse, int]:
    """Save what a script sends while somebody writes; nothing else is done."""
    issue = the_issue(number)
    now = clock.now()
    try:
        written = composer_form.read()
        saved = _save(issue, written, None, by=the_editor(), now=now)
    except NewsletterError as exc:
        db.session.rollback()
        is_stale = isinstance(exc, Refused)
        field = exc.field if isinstance(exc, InvalidInput) else ""
        facts = {"sentence": str(exc), "field": field, "stale": is_stale}
        return jsonify(facts), HTTPStatus.CONFLICT if is_stale else HTTPStatus.UNPROCESSABLE_ENTITY
    note_saved(issue, saved, by_hand=False)
    commit_to_show()
    return jsonify(_state_of(number, now=now)), HTTPStatus.OK


@blueprint.post("/issues/<int:number>/present")
@needs(Action.WRITE)
def note_presence(number: int) -> JsonResponse:
    """Note that the editor has the issue open, and say who else has."""
    issue, editor, now = the_issue(number), the_editor(), clock.now()
    presence.note(issue, editor, now=now)
    others = presence.others(issue, editor, now=now)
    version = issue.version
    db.session.commit()
    return jsonify(
        version=version,
        others=[{"name": one.name, "ago": showing.ago(one.seen_at, now)} for one in others],
    )


def writing_page(
    issue: Issue, whole: Composition, form: Form, *, theirs: Composition | None = None
) -> str:
    """Return the composer; with `theirs`, each field shows what is saved now beside it."""
    language = form.values["language"]
    now = clock.now()
    shelf = picking.shelf(issue, whole, composing.current(issue))
    return render_template(
        "desk/issue_write.html",
        issue=issue,
        whole=whole,
        form=form,
        language=language,
        direction=languages.direction(language),
        names=languages.OFFERED,
        taken=windows.tell(),
        theirs=composer_form.form_of(issue, theirs, language).values if theirs else None,
        missing={one: editions.missing(whole, one) for one in whole.languages},
        drifts={drift.block.key: drift for drift in picking.drifted(whole, shelf.items)},
        sent=shelf.sent,
        others=presence.others(issue, the_editor(), now=now),
        last_saver=revisions.last_saver(issue),
        now=now,
        kinds=BlockKind,
        kind_names=KIND_NAMES,
        fields_known=_merge_fields(issue),
        mailing_lists=lists.all_lists(only=my_lists()),
        topics=catalogue.topics(),
        findings=preflight.examine(issue, shelf=shelf),
    )


def _save(
    issue: Issue, written: Written, change: Change | None, *, by: Editor, now: datetime
) -> Saved:
    """Save what was written and what the pressed button does to it, which is None by itself."""
    current = composing.current(issue)
    began_from = _began_from(issue, written, current)
    whole = composer_form.put_into(current, written, began_from=began_from)
    if change is not None:
        whole = change(whole)
    saved = composing.save(
        issue,
        whole,
        based_on_version=written.version,
        topics=_chosen_topics(issue, written),
        mailing_list=_chosen_list(issue, written),
        is_automatic=change is None,
        window=written.window,
        by=by,
        now=now,
    )
    if change is not None:
        # By itself, a save may have half an address in it; the clock comes by for the others.
        preflight.look_ahead(issue, now=now)
    return saved


def _began_from(issue: Issue, written: Written, current: Composition) -> Composition:
    """Return the version that a page was loaded with, or what is there now if it is gone."""
    if written.began == issue.version:
        return current
    try:
        return revisions.composition_at(issue, written.began)
    except NotFound:
        return current


def _show_wrong(number: int, why: InvalidInput) -> str:
    """Show the typed text with the sentence at its field; nothing is stored."""
    issue = the_issue(number)
    whole = composing.current(issue)
    language = whole.first_language
    # What is wrong may be that the form has lost its version or its language.
    with suppress(InvalidInput):
        written = composer_form.read()
        began_from = _began_from(issue, written, whole)
        whole = composer_form.with_places(whole, written, began_from=began_from)
        language = _language(whole, written.language)
    form = composer_form.typed_form(issue, whole, language)
    form.errors[why.field or ""] = str(why)
    return writing_page(issue, whole, form)


def _show_both(number: int, why: Refused) -> str:
    """Show the typed text beside what is saved; saving once more keeps the typed one."""
    db.session.rollback()
    issue = the_issue(number)
    theirs = composing.current(issue)
    written = composer_form.read()
    mine = composer_form.put_into(theirs, written, began_from=_began_from(issue, written, theirs))
    form = composer_form.typed_form(issue, mine, _language(mine, written.language))
    form.values = {**form.values, "version": str(issue.version)}
    form.errors[""] = str(why)
    if isinstance(why, StaleVersion):
        return writing_page(issue, mine, form, theirs=theirs)
    return writing_page(issue, mine, form)


def _state_of(number: int, *, now: datetime) -> dict[str, object]:
    """Return what a page shows that was just saved: the version, the time and the checks."""
    issue = the_issue(number)
    whole = composing.current(issue)
    return {
        "version": issue.version,
        "saved_at": showing.clock_time(now),
        "checks": render_template(
            "desk/checks_panel.html", issue=issue, findings=preflight.examine(issue)
        ),
        "missing": {one: len(editions.missing(whole, one)) for one in whole.languages},
    }


def _merge_fields(issue: Issue) -> list[str]:
    """Return the merge fields to choose from, as they are written."""
    attributes = readership.attributes_of(issue.mailing_list_id)
    return [
        merge_fields.NAME_FIELD,
        *(f"{{{{ attributes.{one} | your {one} }}}}" for one in attributes),
    ]


def _language(whole: Composition, asked: str) -> str:
    return asked if asked in whole.editions else whole.first_language


def _chosen_topics(issue: Issue, written: Written) -> Sequence[Topic]:
    if {*written.topics} == {topic.slug for topic in issue.topics}:
        return issue.topics
    return catalogue.find_topics(written.topics)


def _chosen_list(issue: Issue, written: Written) -> MailingList:
    if written.mailing_list == issue.mailing_list.slug:
        return issue.mailing_list
    try:
        return the_list(written.mailing_list)
    except NotFound as exc:
        # It may have gone since the page was opened: nothing that was typed is lost for it.
        raise InvalidInput(str(exc), field="mailing_list") from exc
