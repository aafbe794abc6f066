"""Leaving: GET asks and offers less, POST acts, one-click included.

The links never expire, need no sign-in and show nothing about the person: an
issue may have been forwarded.
"""

from datetime import datetime

from flask import Blueprint, Response, render_template, request

from newsletter import clock, links
from newsletter.delivery.digests import leaving as digests_leaving
from newsletter.extensions import db
from newsletter.page_language import gettext
from newsletter.public import acting
from newsletter.public.acting import Act
from newsletter.subscriptions import answers, pausing, unsubscribing
from newsletter.subscriptions.answers import Answer
from newsletter.subscriptions.models import EndedReason
from newsletter.subscriptions.unsubscribing import Leaving

ONE_CLICK_FIELD = "List-Unsubscribe"
ONE_CLICK_VALUE = "One-Click"
ONE_CLICK_BODY = f"{ONE_CLICK_FIELD}={ONE_CLICK_VALUE}".encode()
PAGE = "/unsubscribe"

blueprint = Blueprint("leaving", __name__)


@blueprint.get("/unsubscribe/<token>")
def ask_unsubscribe(token: str) -> str:
    """Ask; the first button stops this list (STANDARDS L05)."""
    return _question(acting.read(links.UNSUBSCRIBE, token, now=clock.now()))


@blueprint.post("/unsubscribe/<token>")
def unsubscribe(token: str) -> str | Response:
    """Act at once, by a button of the page or by a mail program's one click (RFC 8058).

    No redirect, no cookie, no sign-in; a second time is the same (STANDARDS
    L04, L06). A POST that says nothing that we know changes nothing and asks again.
    """
    now = clock.now()
    if _is_one_click():
        return _one_click(token, now=now)
    leaving = acting.read(links.UNSUBSCRIBE, token, now=now)
    act = _chosen(leaving)
    if act is None:
        return _question(leaving)
    page = acting.do(act, leaving, page=PAGE, now=now)
    db.session.commit()
    return page


@blueprint.post("/unsubscribe/<token>/why")
def say_why(token: str) -> str:
    """Count why somebody left, if they want to say it; who they are is not kept with it."""
    now = clock.now()
    leaving = acting.read(links.UNSUBSCRIBE, token, now=now)
    answer = request.form.get("why", "")
    if leaving.subscription is not None and answer in list(Answer):
        answers.count(
            Answer(answer),
            mailing_list_id=leaving.subscription.mailing_list_id,
            issue_id=acting.origin_of(leaving.delivery_id, page=PAGE).issue_id,
            token=token,
            now=now,
        )
    page = render_template("public/said_why.html")
    db.session.commit()
    return page


def _is_one_click() -> bool:
    """Tell whether a mail program asks (RFC 8058); some do without naming a type (XB17)."""
    if not request.mimetype:
        return request.get_data().strip() == ONE_CLICK_BODY
    # Some end their body with a line end.
    return request.form.get(ONE_CLICK_FIELD, "").strip() == ONE_CLICK_VALUE


def _one_click(token: str, *, now: datetime) -> Response:
    number, delivery_id = unsubscribing.numbers(links.UNSUBSCRIBE, token, now=now)
    unsubscribing.one_click(
        [number, *digests_leaving.others_of(number, delivery_id)],
        delivery_id=delivery_id,
        reason=EndedReason.ONE_CLICK,
        origin=acting.origin_of(delivery_id, page=PAGE),
        now=now,
    )
    db.session.commit()
    # A program asks and shows nobody the answer, so it is one sentence: a page would cost
    # as much as all the rest.
    return Response(f"{gettext('These e-mails have stopped')}\n", mimetype="text/plain")


def _question(leaving: Leaving) -> str:
    acting.speak_to(leaving)
    return render_template(
        "public/unsubscribe.html",
        list_name=acting.list_name(leaving),
        is_members=acting.is_members(leaving),
        months=pausing.MONTHS,
    )


def _chosen(leaving: Leaving) -> Act | None:
    choice = request.form.get("stop", "")
    if choice in (acting.LEAVE, acting.LEAVE_ALL, *acting.OFTEN):
        return Act(choice)
    months = {f"{acting.PAUSE}-{number}": number for number in pausing.MONTHS}
    if choice not in months:
        return None
    zone = pausing.zone_of(leaving.subscription)
    return Act(acting.PAUSE, until=pausing.after_months(months[choice], zone, now=clock.now()))
