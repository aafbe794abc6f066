"""What we keep about a reader: shown, taken along, deleted."""

import json

from flask import Blueprint, Response, render_template, request

from newsletter import addresses, clock, erasure
from newsletter.delivery.models import DeliveryState
from newsletter.extensions import db
from newsletter.marking import marked
from newsletter.page_language import gettext
from newsletter.public.managing import arriving, kept_words, questions
from newsletter.public.managing.arriving import Answer, readers_own
from newsletter.public.managing.questions import Sure
from newsletter.reports import own_data
from newsletter.subscriptions import consent, evidence
from newsletter.subscriptions.models import ConsentKind, Subscriber

STATES = {
    DeliveryState.WAITING: marked("On its way"),
    DeliveryState.IN_FLIGHT: marked("On its way"),
    DeliveryState.SENT: marked("Sent"),
    DeliveryState.FAILED: marked("Could not be delivered"),
    DeliveryState.SUPPRESSED: marked("Not sent"),
    DeliveryState.CANCELLED: marked("Not sent"),
    DeliveryState.UNCERTAIN: marked("It may have arrived"),
}
"""What became of an e-mail, in plain words."""

KINDS = {
    ConsentKind.REQUESTED: marked("You asked for the e-mails"),
    ConsentKind.CONFIRMED: marked("You confirmed it"),
    ConsentKind.CHANGED: marked("Something was changed"),
    ConsentKind.UNSUBSCRIBED: marked("You stopped the e-mails"),
    ConsentKind.IMPORTED: marked("You were added from another list"),
    ConsentKind.ERASED: marked("Your data was deleted"),
    ConsentKind.TRACKING_AGREED: marked("You agreed that what you open and follow is recorded"),
    ConsentKind.TRACKING_WITHDRAWN: marked("What you open and follow is not recorded any more"),
    ConsentKind.ADMITTED: marked("You were put on the list, as you had asked"),
}
"""What happened to a consent, in plain words."""

LAST_PAGE = 10_000

blueprint = Blueprint("manage_own_data", __name__)


@blueprint.get("/manage/history")
@readers_own
def show_history(reader: Subscriber) -> Answer:
    """Show what was sent to the reader."""
    page = min(max(request.args.get("page", default=1, type=int), 1), LAST_PAGE)
    mails, has_more = own_data.history(reader, page=page)
    return render_template(
        "public/manage/history.html", mails=mails, states=STATES, page=page, has_more=has_more
    )


@blueprint.get("/manage/consent")
@readers_own
def show_consent(reader: Subscriber) -> Answer:
    """Show the evidence of their consent."""
    events = evidence.together(evidence.evidence_of(reader.id))
    # Who was accepted asked and confirmed for the members' list: that is evidence already.
    known = {(event.at, event.words) for event in events}
    return render_template(
        "public/manage/consent.html",
        evidence=events,
        applications=[
            (member, words)
            for member, words in own_data.applications(reader)
            if (member.asked_at, words.text) not in known
        ],
        kinds=KINDS,
        said=kept_words.said,
    )


@blueprint.get("/manage/data")
@readers_own
def show_data(reader: Subscriber) -> Answer:
    """Show everything that is kept about them."""
    return render_template(
        "public/manage/data.html", data=kept_words.in_words(own_data.everything(reader))
    )


@blueprint.get("/manage/data.json")
@readers_own
def download(reader: Subscriber) -> Answer:
    """Return the same for programs (STANDARDS C17)."""
    text = json.dumps(own_data.everything(reader), ensure_ascii=False, indent=2)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@blueprint.get("/manage/delete")
@readers_own
def ask_delete(reader: Subscriber) -> Answer:
    """Say what deleting does, and ask once more."""
    return questions.make_sure(
        Sure(
            heading=gettext("Delete everything about you?"),
            sentences=[
                gettext(
                    "All e-mails to you stop, and your address, your name and what you chose "
                    "are deleted at once. Nobody can bring them back."
                ),
                gettext(
                    "One coded mark stays. It cannot be turned back into your address, and it "
                    "keeps others from putting you on a list again. You yourself can always "
                    "sign up anew."
                ),
                gettext(
                    "To prove that we had your consent we keep what happened and when, without "
                    "you in it."
                ),
            ],
            button=gettext("Delete everything about me"),
            action=request.path,
        )
    )


@blueprint.post("/manage/delete")
def delete() -> Answer:
    """Erase the reader and close their page; after that nothing knows who pressed twice."""
    if arriving.current_reader() is not None or not arriving.was_open():
        return _delete()
    return questions.tell(
        gettext("No page is open here"),
        gettext("If you have just pressed the button that deletes everything, it is done."),
        gettext("If not, nothing was deleted: ask for a link to your page first."),
    )


@readers_own
def _delete(reader: Subscriber) -> Answer:
    address = addresses.parse(reader.address)
    erased = erasure.erase(address, now=clock.now(), actor=consent.SUBSCRIBER)
    page = render_template(
        "public/manage/told.html",
        heading=gettext("Everything about you is deleted"),
        sentences=[
            gettext(
                "No more e-mails come from us. If one is on its way already, it may "
                "still arrive today."
            )
        ],
        back=False,
    )
    db.session.commit()
    erasure.finish(erased)
    return arriving.forgetting(page)
