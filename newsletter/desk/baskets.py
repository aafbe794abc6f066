"""Choosing items of the library: for a new issue, or for one that is being written."""

from collections.abc import Sequence

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import blueprint, my_lists, needs, the_editor, the_issue, the_list
from newsletter.desk.noting import note_issue, note_saved
from newsletter.errors import InvalidInput, NotFound
from newsletter.extensions import db
from newsletter.issues import composing, editing, overview, picking
from newsletter.issues.composition import BlockKind, Composition, Words
from newsletter.issues.models import Issue
from newsletter.library import catalogue
from newsletter.library.models import Item, Topic
from newsletter.library.words import KIND_NAMES
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailingList

MORE = "more"
"""The button that shows more items and keeps what is ticked."""


@blueprint.get("/issues/new")
@needs(Action.WRITE)
def show_new_issue() -> str | tuple[str, int]:
    """Offer what was published since the last issue to a list."""
    known = lists.all_lists(only=my_lists())
    if not known:
        return render_template("desk/issue_new.html", mailing_lists=[], form=Form({}))
    slug = request.args.get("list", "") or overview.latest_list(known)
    form = Form({"mailing_list": slug}, {"topics": request.args.getlist("topics")})
    return _new_page(the_list(slug), form)


@blueprint.post("/issues/new")
@needs(Action.WRITE)
def create_issue() -> Response | str | tuple[str, int]:
    """Begin a draft with the chosen items."""
    form = typed("mailing_list", "do", "shown", lists=("items", "headings", "topics"))
    try:
        mailing_list = the_list(form.values["mailing_list"])
    except NotFound as exc:
        raise InvalidInput(str(exc), field="mailing_list") from exc
    if form.values["do"] == MORE:
        return _new_page(mailing_list, form)
    editor, now = the_editor(), clock.now()
    with form.checking():
        topics = form.lists["topics"]
        issue = composing.create_issue(mailing_list, topics=topics, by=editor, now=now)
        whole = _with_chosen(composing.current(issue), form)
        composing.save(issue, whole, based_on_version=1, by=editor, now=now)
    if form.errors:
        return _new_page(mailing_list, form), 422
    note_issue(Deed.ISSUE_CREATED, issue)
    db.session.commit()
    return redirect(f"/desk/issues/{issue.id}", code=303)


@blueprint.get("/issues/<int:number>/basket")
@needs(Action.WRITE)
def show_basket(number: int) -> str:
    """Offer items for an issue that is being written."""
    return _basket_page(the_issue(number), Form({}))


@blueprint.post("/issues/<int:number>/basket")
@needs(Action.WRITE)
def fill_basket(number: int) -> Response | str | tuple[str, int]:
    """Put the ticked items into the issue, below what is there."""
    issue = the_issue(number)
    form = typed("do", "shown", lists=("items", "headings"))
    if form.values["do"] == MORE:
        return _basket_page(issue, form)
    with form.checking():
        whole = composing.current(issue)
        saved = composing.save(
            issue,
            _with_chosen(whole, form),
            based_on_version=issue.version,
            by=the_editor(),
            now=clock.now(),
        )
    if form.errors:
        return _basket_page(issue, form), 422
    note_saved(issue, saved)
    db.session.commit()
    return redirect(f"/desk/issues/{number}#blocks", code=303)


def _with_chosen(whole: Composition, form: Form) -> Composition:
    """Add the ticked items, topic by topic with a heading above each if that is wished."""
    items = composing.find_items(form.lists["items"])
    if not form.lists["headings"]:
        return editing.with_items(whole, [picking.picked(item) for item in items])
    for topic, group in _by_topic(items).items():
        if topic:
            whole = editing.with_block(whole, BlockKind.HEADING)
            heading = whole.blocks[-1].key
            whole = editing.with_words(whole, heading, whole.first_language, Words(title=topic))
        whole = editing.with_items(whole, [picking.picked(item) for item in group])
    return whole


def _by_topic(items: list[Item]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.topics[0].name if item.topics else "", []).append(item)
    return groups


def _new_page(mailing_list: MailingList, form: Form) -> str:
    wanted = form.lists.get("topics", [])
    topics = [topic for topic in catalogue.topics() if topic.slug in wanted]
    return render_template(
        "desk/issue_new.html",
        form=form,
        mailing_lists=lists.all_lists(only=my_lists()),
        mailing_list=mailing_list,
        topics=catalogue.topics(),
        for_topics=topics,
        **_offer(mailing_list, form, topics=topics),
    )


def _basket_page(issue: Issue, form: Form) -> str:
    whole = composing.current(issue)
    return render_template(
        "desk/issue_basket.html",
        form=form,
        issue=issue,
        in_it=frozenset(whole.slugs),
        **_offer(issue.mailing_list, form, topics=issue.topics, besides=issue),
    )


def _offer(
    mailing_list: MailingList,
    form: Form,
    *,
    topics: Sequence[Topic],
    besides: Issue | None = None,
) -> dict[str, object]:
    shows_all = request.args.get("all", "") == "yes"
    most = _most(form)
    return {
        "basket": picking.basket(
            mailing_list, topics=topics, everything=shows_all, most=most, besides=besides
        ),
        "most": most,
        "has_more_room": most < picking.LARGEST_BASKET,
        "shows_all": shows_all,
        "kind_names": KIND_NAMES,
    }


def _most(form: Form) -> int:
    """Return how many items the page shows: more than before, where more were asked for."""
    shown = form.values.get("shown", "")
    if not shown.isascii() or not shown.isdecimal() or len(shown) > 6:
        return picking.BASKET_SIZE
    more = picking.BASKET_SIZE if form.values["do"] == MORE else 0
    return min(max(int(shown), picking.BASKET_SIZE) + more, picking.LARGEST_BASKET)
