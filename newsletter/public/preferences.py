"""Getting less, by the link in an issue: topics, how often, a pause.

It never gives more and shows nothing about the person. Whoever wants to change anything
else gets a fresh link at the address on file.
"""

from http import HTTPStatus

from flask import Blueprint, render_template, request

from newsletter import clock, links
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.library.models import Topic
from newsletter.page_language import gettext
from newsletter.public import acting
from newsletter.public.acting import Act
from newsletter.subscriptions import agreeing, managing, pausing
from newsletter.subscriptions.models import Tracking
from newsletter.subscriptions.unsubscribing import Leaving

PAGE = "/preferences"

blueprint = Blueprint("preferences", __name__)


@blueprint.get("/preferences/<token>")
def ask_preferences(token: str) -> str:
    """Offer to get less."""
    leaving = acting.read(links.PREFERENCES, token, now=clock.now())
    acting.speak_to(leaving)
    return _question(leaving, {})


@blueprint.post("/preferences/<token>")
def change_preferences(token: str) -> str | tuple[str, int]:
    """Do what was pressed, or mail the link to everything else."""
    now = clock.now()
    leaving = acting.read(links.PREFERENCES, token, now=now)
    # What is wrong is said in the reader's language, too.
    acting.speak_to(leaving)
    if request.form.get("stop") == "nothing":
        managing.ask_for(leaving.subscription, now=now)
        page = render_template("public/manage/mailed.html", address="", is_known=True)
        db.session.commit()
        return page
    if request.form.get("stop") == "recording":
        return _end_recording(leaving)
    try:
        act = _chosen(leaving)
        page = acting.do(act, leaving, page=PAGE, now=now) if act else _question(leaving, {})
    except InvalidInput as exc:
        db.session.rollback()
        errors = {exc.field or acting.TOPICS: exc.said(gettext)}
        return _question(leaving, errors), HTTPStatus.UNPROCESSABLE_ENTITY
    db.session.commit()
    return page


def _end_recording(leaving: Leaving) -> str:
    """Record nothing any more of who it is; the page is the same whatever was recorded."""
    origin = acting.origin_of(leaving.delivery_id, page=PAGE)
    for subscription in leaving.subscriptions:
        agreeing.withdraw(subscription, origin=origin, now=clock.now())
    page = render_template(
        "public/manage/told.html",
        heading=gettext("Nothing is recorded any more"),
        sentences=[
            gettext(
                "Not what you open and not which links you follow, also from e-mails that you "
                "have already. What was recorded is deleted. You get the same e-mails as before."
            )
        ],
        back=False,
    )
    db.session.commit()
    return page


def _question(leaving: Leaving, errors: dict[str, str]) -> str:
    return render_template(
        "public/preferences.html",
        list_name=acting.list_name(leaving),
        topics=_topics(leaving),
        may_record=any(one.tracking is Tracking.INDIVIDUAL for one in leaving.mailing_lists),
        errors=errors,
        until=request.form.get("until", ""),
        ticked=request.form.getlist("topics"),
    )


def _chosen(leaving: Leaving) -> Act | None:
    choice = request.form.get("stop", "")
    if choice == acting.TOPICS:
        ticked = set(request.form.getlist("topics"))
        return Act(choice, topics=[topic for topic in _topics(leaving) if topic.slug in ticked])
    if choice == acting.PAUSE:
        zone = pausing.zone_of(leaving.subscription)
        typed = request.form.get("until", "")
        return Act(choice, until=pausing.until(typed, zone, now=clock.now()))
    return Act(choice) if choice in (acting.LEAVE, *acting.OFTEN) else None


def _topics(leaving: Leaving) -> list[Topic]:
    """Return the topics of the lists, each once."""
    return list(dict.fromkeys(topic for one in leaving.mailing_lists for topic in one.topics))
