"""Whether what a reader opens and follows is recorded: asked apart, never ticked beforehand."""

from flask import Blueprint, request

from newsletter import clock
from newsletter.extensions import db
from newsletter.page_language import gettext, ours
from newsletter.public.managing import questions
from newsletter.public.managing.arriving import Answer, readers_own
from newsletter.public.managing.questions import Question
from newsletter.subscriptions import agreeing, consent, preferences
from newsletter.subscriptions.consent import Origin, Wording
from newsletter.subscriptions.models import Subscriber, Subscription
from newsletter.web import client_ip

blueprint = Blueprint("manage_recording", __name__)


@blueprint.get("/manage/lists/<slug>/recording")
@readers_own
def ask(reader: Subscriber, slug: str) -> Answer:
    """Ask; of a list that records nothing of anybody, say so."""
    subscription = preferences.subscription_of(reader, slug)
    if not agreeing.may_be_asked(subscription) and not subscription.agreed_to_tracking:
        return questions.tell(
            gettext("Nothing is recorded"),
            gettext("Nothing records whether you open an e-mail or follow a link in it."),
        )
    return questions.show(_question(subscription))


@blueprint.post("/manage/lists/<slug>/recording")
@readers_own
def choose(reader: Subscriber, slug: str) -> Answer:
    """Take the answer; “no” also deletes what was recorded."""
    subscription = preferences.subscription_to_change(reader, slug)
    origin, now = Origin(page="/manage", ip=client_ip() or None), clock.now()
    match request.form.get("recording"):
        case "no":
            agreeing.withdraw(subscription, origin=origin, now=now)
        case "yes" if agreeing.may_be_asked(subscription):
            agreeing.agree(subscription, _words(subscription), origin=origin, now=now)
        case _:
            return questions.refuse(_question(subscription), gettext("Choose yes or no."))
    db.session.commit()
    return questions.home("saved")


def _words(subscription: Subscription) -> Wording:
    return consent.tracking_wording(subscription.mailing_list.name, ours())


def _question(subscription: Subscription) -> Question:
    name = ours().isolated(subscription.mailing_list.name)
    return Question(
        heading=gettext("May we record what you open and follow?"),
        label=gettext("E-mails from “%(list)s”", list=name),
        field="recording",
        kind="radio",
        button=gettext("Save the answer"),
        chosen=["yes" if subscription.agreed_to_tracking else "no"],
        choices=[
            ("no", gettext("No, record nothing")),
            ("yes", _words(subscription).text),
        ],
        hint=gettext("You get the same e-mails either way."),
    )
