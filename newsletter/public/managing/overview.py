"""A reader's own page: what they get, what is known of them, and where each is changed."""

from collections.abc import Collection, Sequence

from flask import Blueprint, render_template, request

from newsletter.marking import marked
from newsletter.membership import asking, audience
from newsletter.page_language import gettext, ours
from newsletter.public.managing import arriving
from newsletter.public.managing.arriving import readers_own
from newsletter.subscriptions import pausing, preferences
from newsletter.subscriptions.models import MailFormat, Subscriber

DONE = {
    "saved": marked("Saved. It counts from now on."),
    "paused": marked("Paused. Nothing comes until that day."),
    "resumed": marked("It goes on from now on."),
    "left": marked("Stopped. Nothing more comes from that list."),
    "not-a-member": marked("Your membership has ended. The e-mails for members stop, too."),
    "joined": marked("You are on the list. The next e-mail comes to you, too."),
}
"""What the page says has been done."""

FORMATS = {
    MailFormat.HTML: marked("Formatted, with links and pictures"),
    MailFormat.TEXT: marked("Text only"),
}

blueprint = Blueprint("manage_overview", __name__)


@blueprint.get("/manage")
def show() -> arriving.Answer:
    """Show the page that is open in this browser, or ask for the address."""
    if arriving.current_reader() is None:
        return arriving.show_question()
    return _overview()


@readers_own
def _overview(reader: Subscriber) -> str:
    subscriptions = preferences.subscriptions_of(reader)
    return render_template(
        "public/manage/home.html",
        reader=reader,
        subscriptions=subscriptions,
        ends={
            one.id: pausing.day_of(one.paused_until, pausing.zone_of(one))
            for one in subscriptions
            if one.paused_until
        },
        others=preferences.others(reader),
        about=_about(reader),
        **_membership(reader, {one.mailing_list_id for one in subscriptions}),
        done=DONE.get(request.args.get("done", ""), ""),
    )


def _membership(reader: Subscriber, on: Collection[int]) -> dict[str, object]:
    """Return whether the reader is a member, and if so their list, if they do not get it."""
    member = asking.membership_of(reader)
    theirs = audience.members_list() if member else None
    return {"member": member, "members_list": theirs if theirs and theirs.id not in on else None}


def _about(reader: Subscriber) -> Sequence[tuple[str, str, str, str]]:
    """Return path, name, value and the words of the link for each fact."""
    zone = reader.zone.replace("_", " ") or gettext("As the list has it")
    return (
        ("address", gettext("Address"), reader.address, gettext("Change the address")),
        ("name", gettext("Name"), reader.name or "–", gettext("Change the name")),
        (
            "language",
            gettext("Language"),
            ours().name_of(reader.language),
            gettext("Change the language"),
        ),
        ("format", gettext("Look"), gettext(FORMATS[reader.format]), gettext("Change the look")),
        ("zone", gettext("Time zone"), zone, gettext("Change the time zone")),
    )
