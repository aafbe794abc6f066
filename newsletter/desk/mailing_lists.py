"""Mailing lists and topics, for admins."""

import logging
from datetime import timedelta

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import clock, languages
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.desk.forms import Form, show_again, typed, zone_options
from newsletter.desk.growth import year_of_growth
from newsletter.desk.guard import blueprint, needs, the_editor, the_list
from newsletter.desk.noting import changes, note, values_of
from newsletter.errors import InvalidInput, Refused
from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.membership import audience
from newsletter.subscriptions import growth, lists
from newsletter.subscriptions.lists import ListFacts
from newsletter.subscriptions.models import MailingList, Tracking

log = logging.getLogger(__name__)

TEXTS = (
    "name",
    "description",
    "from_name",
    "from_address",
    "reply_to",
    "postal_address",
    "default_language",
    "zone",
    "tracking",
)

TICKED = ("topics", "is_public", "needs_approval")

LATELY = timedelta(days=30)
"""What “lately” means where it is said who came and who left."""


@blueprint.get("/lists/")
@needs(Action.MANAGE_LISTS)
def show_lists() -> str:
    """List the mailing lists and the topics."""
    return _lists_page(Form({"slug": "", "name": ""}))


@blueprint.get("/lists/new")
@needs(Action.MANAGE_LISTS)
def show_new_list() -> str:
    """Ask for the facts of a new list."""
    start = {"zone": "UTC", "tracking": Tracking.NONE.value}
    form = Form({**dict.fromkeys(("slug", *TEXTS), ""), **start})
    return render_template("desk/list.html", form=form, **_facts(None))


@blueprint.post("/lists/new")
@needs(Action.MANAGE_LISTS)
def add_list() -> Response | tuple[str, int]:
    """Add a list."""
    form = typed("slug", *TEXTS, lists=TICKED)
    with form.checking():
        try:
            mailing_list = lists.add_list(
                form.values["slug"], now=clock.now(), **_typed_facts(form)
            )
        except Refused as exc:
            raise InvalidInput(str(exc), field="slug") from exc
    if form.errors:
        return show_again("desk/list.html", form, **_facts(None))
    note(Deed.LIST_ADDED, mailing_list.slug, mailing_list_id=mailing_list.id)
    return _saved(mailing_list, "added")


@blueprint.get("/lists/<slug>")
@needs(Action.MANAGE_LISTS)
def show_list(slug: str) -> str:
    """Show the facts of a list, to be changed."""
    mailing_list = the_list(slug)
    form = Form(
        {name: getattr(mailing_list, name) for name in TEXTS},
        {
            "topics": [topic.slug for topic in mailing_list.topics],
            "is_public": ["yes"] if mailing_list.is_public else [],
            "needs_approval": ["yes"] if mailing_list.needs_approval else [],
        },
    )
    return render_template("desk/list.html", form=form, **_facts(mailing_list))


@blueprint.post("/lists/<slug>")
@needs(Action.MANAGE_LISTS)
def change_list(slug: str) -> Response | tuple[str, int]:
    """Change a list; its short name stays, because filters and links know it."""
    mailing_list = the_list(slug)
    before = values_of(mailing_list, (*TEXTS, "is_public", "needs_approval", "topics"))
    form = typed(*TEXTS, lists=TICKED)
    with form.checking():
        if form.lists["is_public"] and mailing_list.id == audience.members_list_id():
            raise InvalidInput(
                "This is the members’ list: nobody signs up for it by themselves. "
                "Choose another for the members first, under “Words and list”.",
                field="is_public",
            )
        lists.change_list(
            mailing_list, now=clock.now(), by=the_editor().signature, **_typed_facts(form)
        )
    if form.errors:
        return show_again("desk/list.html", form, **_facts(mailing_list))
    what = changes(mailing_list, before)
    note(Deed.LIST_CHANGED, mailing_list.slug, what, mailing_list_id=mailing_list.id)
    return _saved(mailing_list, "changed")


@blueprint.post("/topics/new")
@needs(Action.MANAGE_LISTS)
def add_topic() -> Response | tuple[str, int]:
    """Add a topic, for items and lists to choose from."""
    form = typed("slug", "name")
    with form.checking():
        topic = catalogue.add_topic(form.values["slug"], form.values["name"])
    if form.errors:
        return _lists_page(form), 422
    note(Deed.TOPIC_ADDED, topic.slug)
    db.session.commit()
    flash(f"The topic {form.values['name']} is there. Tick it at the lists that offer it.")
    return redirect("/desk/lists/", code=303)


def _lists_page(form: Form) -> str:
    return render_template(
        "desk/lists.html",
        mailing_lists=lists.lists_with_topics(),
        subscribers=growth.subscribers_now(),
        changes=growth.changes(since=(clock.now() - LATELY).date()),
        topics=catalogue.topics(),
        form=form,
    )


def _typed_facts(form: Form) -> ListFacts:
    return {
        "name": form.values["name"],
        "description": form.values["description"],
        "from_name": form.values["from_name"],
        "from_address": form.values["from_address"],
        "reply_to": form.values["reply_to"],
        "postal_address": form.values["postal_address"],
        "default_language": form.values["default_language"],
        "zone": form.values["zone"],
        # Who posts a form without the choice leaves it at recording nothing.
        "tracking": form.values["tracking"] or Tracking.NONE,
        "is_public": bool(form.lists["is_public"]),
        "needs_approval": bool(form.lists["needs_approval"]),
        "topics": catalogue.find_topics(form.lists["topics"]),
    }


def _facts(mailing_list: MailingList | None) -> dict[str, object]:
    facts: dict[str, object] = {
        "mailing_list": mailing_list,
        "sender": lists.sender_address(mailing_list) if mailing_list else "",
        "topics": catalogue.topics(),
        "languages": languages.OFFERED,
        "zones": zone_options(),
    }
    return facts | _growth(mailing_list) if mailing_list else facts


def _growth(mailing_list: MailingList) -> dict[str, object]:
    now, only = clock.now(), frozenset({mailing_list.id})
    joined, left = growth.changes(since=(now - LATELY).date()).get(mailing_list.id, (0, 0))
    return {
        "subscribers": growth.subscribers_now(only)[mailing_list.id],
        "joined": joined,
        "left": left,
        "chart": year_of_growth(now=now, lists=only),
    }


def _saved(mailing_list: MailingList, what: str) -> Response:
    slug, name, editor_id = mailing_list.slug, mailing_list.name, the_editor().id
    db.session.commit()
    log.info("list %s %s by editor %s", slug, what, editor_id)
    flash(f"{name} is {what}.")
    return redirect(f"/desk/lists/{slug}", code=303)
