"""Putting an issue together: list, topics, items and their order, texts, versions."""

from dataclasses import dataclass
from http import HTTPStatus

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.delivery import preflight
from newsletter.desk.forms import Form, show_again, typed
from newsletter.desk.guard import blueprint, my_lists, needs, the_editor, the_issue, the_list
from newsletter.desk.noting import note_issue
from newsletter.desk.progress import show_progress
from newsletter.errors import InvalidInput, NotFound, Refused
from newsletter.extensions import db
from newsletter.issues import composing, editing, picking
from newsletter.issues.content import Content
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.picking import Choice
from newsletter.issues.texts import Texts
from newsletter.library import catalogue
from newsletter.library.words import KIND_NAMES
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailingList


@dataclass(frozen=True)
class Basket:
    """The items of the form: those in the issue, in their order, and those to choose from."""

    chosen: list[Choice]
    others: list[Choice]


@blueprint.get("/issues/new")
@needs(Action.WRITE)
def show_new_issue() -> str:
    """Ask which list a new issue is for."""
    form = Form({"mailing_list": "", "subject": ""})
    return render_template(
        "desk/issue_new.html", form=form, mailing_lists=lists.all_lists(only=my_lists())
    )


@blueprint.post("/issues/new")
@needs(Action.WRITE)
def create_issue() -> Response | tuple[str, int]:
    """Begin a draft."""
    form = typed("mailing_list", "subject")
    with form.checking():
        issue = composing.create_issue(
            _chosen_list(form),
            subject=form.values["subject"],
            by=the_editor(),
            now=clock.now(),
        )
    if form.errors:
        return show_again(
            "desk/issue_new.html", form, mailing_lists=lists.all_lists(only=my_lists())
        )
    note_issue(Deed.ISSUE_CREATED, issue)
    db.session.commit()
    return redirect(f"/desk/issues/{issue.id}", code=303)


@blueprint.get("/issues/<int:number>")
@needs(Action.WRITE)
def show_issue(number: int) -> str:
    """Show an issue: to be written while it can be, else how it is getting on."""
    issue = the_issue(number)
    if issue.state not in composing.EDITABLE:
        return show_progress(issue)
    return _writing_page(issue, _form_of(issue))


@blueprint.post("/issues/<int:number>")
@needs(Action.WRITE)
def save_issue(number: int) -> Response | tuple[str, int]:
    """Save all of the form as a new version, and go where the pressed button leads."""
    issue = the_issue(number)
    form = typed(
        *("version", "mailing_list", "subject", "preheader", "introduction", "do"),
        lists=("topics", "items", "order"),
    )
    items = arrange(form.lists["order"], form.lists["items"], form.values["do"])
    was_approved = issue.state is IssueState.APPROVED
    try:
        with form.checking():
            _save(issue, form, items)
    except Refused as exc:
        return _show_both(number, form, items, exc)
    if form.errors:
        return _writing_page(issue, form, items=items), HTTPStatus.UNPROCESSABLE_ENTITY
    note_issue(Deed.ISSUE_SAVED, issue, f"version {issue.version}")
    if was_approved:
        note_issue(Deed.ISSUE_APPROVAL_WITHDRAWN, issue, "it was saved again")
    db.session.commit()
    flash(f"Saved as version {issue.version}.")
    return redirect(_where_next(number, form.values["do"]), code=303)


def arrange(order: list[str], ticked: list[str], do: str) -> list[str]:
    """Return the ticked slugs: first those that have a place, in order, then the new ones.

    `do` is the pressed button; `up:slug` and `down:slug` move one of them by one place.
    """
    slugs = [slug for slug in order if slug in ticked]
    slugs += [slug for slug in dict.fromkeys(ticked) if slug not in slugs]
    way, _, moved = do.partition(":")
    if way in ("up", "down") and moved in slugs:
        place = slugs.index(moved)
        slugs.insert(max(0, place + (-1 if way == "up" else 1)), slugs.pop(place))
    return slugs


def _save(issue: Issue, form: Form, items: list[str]) -> None:
    if not form.values["version"].isdecimal() or len(form.values["version"]) > 9:
        raise InvalidInput("This form has lost its version. Load the page again.")
    whole = composing.current(issue)
    words = [form.values[name] for name in ("subject", "preheader", "introduction")]
    whole = editing.with_texts(whole, whole.first_language, Texts(*words))
    for block in whole.blocks:
        if block.item and block.item.slug not in items:
            whole = editing.without(whole, block.key)
    chosen = composing.find_items(items)
    whole = editing.with_items(whole, [picking.picked(item) for item in chosen])
    keys = {block.item.slug: block.key for block in whole.blocks if block.item}
    whole = editing.in_order(whole, [keys[item.slug] for item in chosen])
    composing.save(
        issue,
        whole,
        based_on_version=int(form.values["version"]),
        topics=catalogue.find_topics(form.lists["topics"]),
        mailing_list=_chosen_list(form),
        by=the_editor(),
        now=clock.now(),
    )


def _show_both(number: int, form: Form, items: list[str], why: Refused) -> tuple[str, int]:
    """Show the typed text beside what is saved; saving once more keeps the typed one."""
    db.session.rollback()
    issue = the_issue(number)
    form.values = {**form.values, "version": str(issue.version)}
    form.errors[""] = str(why)
    theirs = composing.content_of(issue)
    return _writing_page(issue, form, items=items, theirs=theirs), HTTPStatus.CONFLICT


def _form_of(issue: Issue) -> Form:
    edition = composing.content_of(issue)
    return Form(
        {
            "version": str(issue.version),
            "mailing_list": issue.mailing_list.slug,
            "subject": edition.subject,
            "preheader": edition.preheader,
            "introduction": edition.introduction,
        },
        {"topics": [topic.slug for topic in issue.topics]},
    )


def _writing_page(
    issue: Issue, form: Form, *, items: list[str] | None = None, theirs: Content | None = None
) -> str:
    slugs = list(composing.current(issue).slugs) if items is None else items
    return render_template(
        "desk/issue_write.html",
        issue=issue,
        form=form,
        theirs=theirs,
        basket=_basket(issue, slugs),
        findings=preflight.examine(issue),
        mailing_lists=lists.all_lists(only=my_lists()),
        topics=catalogue.topics(),
        kind_names=KIND_NAMES,
    )


def _basket(issue: Issue, slugs: list[str]) -> Basket:
    choices = {
        choice.item.slug: choice
        for choice in picking.basket(issue.mailing_list, everything=True, besides=issue).choices
    }
    return Basket(
        chosen=[choices[slug] for slug in slugs if slug in choices],
        others=[choice for slug, choice in choices.items() if slug not in slugs],
    )


def _where_next(number: int, do: str) -> str:
    page = f"/desk/issues/{number}"
    way = do.partition(":")[0]
    if way in ("up", "down"):
        return f"{page}#items"
    return {"preview": f"{page}/preview", "send": f"{page}/send"}.get(way, page)


def _chosen_list(form: Form) -> MailingList:
    try:
        return the_list(form.values["mailing_list"])
    except NotFound as exc:
        # It may have gone since the page was opened: nothing that was typed is lost for it.
        raise InvalidInput(str(exc), field="mailing_list") from exc
