"""Leaving and getting less: GET asks, POST acts, one-click included.

The links never expire, need no sign-in and show nothing about the person: an
issue may have been forwarded.
"""

from flask import Blueprint, render_template, request

from newsletter import clock, links, reports
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.subscriptions import unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import EndedReason
from newsletter.subscriptions.unsubscribing import Leaving
from newsletter.web import client_ip

ONE_CLICK_FIELD = "List-Unsubscribe"
ONE_CLICK_VALUE = "One-Click"

blueprint = Blueprint("leaving", __name__)


@blueprint.get("/unsubscribe/<token>")
def ask_unsubscribe(token: str) -> str:
    """Ask; the first button stops this list (STANDARDS L05)."""
    leaving = unsubscribing.read(links.UNSUBSCRIBE, token, now=clock.now())
    return render_template("public/unsubscribe.html", leaving=leaving)


@blueprint.post("/unsubscribe/<token>")
def unsubscribe(token: str) -> str:
    """Stop at once, by the page's button or by a mail program's one click (RFC 8058).

    No redirect, no cookie, no sign-in; a second time is the same (STANDARDS
    L04, L06). A POST that says neither changes nothing and asks again.
    """
    now = clock.now()
    leaving = unsubscribing.read(links.UNSUBSCRIBE, token, now=now)
    # Some senders of the one click end their body with a line end.
    is_one_click = request.form.get(ONE_CLICK_FIELD, "").strip() == ONE_CLICK_VALUE
    choice = "list" if is_one_click else request.form.get("stop", "")
    if choice not in ("list", "everything"):
        return render_template("public/unsubscribe.html", leaving=leaving)
    unsubscribing.unsubscribe(
        leaving,
        reason=EndedReason.ONE_CLICK if is_one_click else EndedReason.LINK,
        origin=_origin("/unsubscribe", leaving),
        now=now,
        from_everything=choice == "everything",
    )
    page = render_template(
        "public/unsubscribed.html", leaving=leaving, from_everything=choice == "everything"
    )
    db.session.commit()
    return page


@blueprint.get("/preferences/<token>")
def ask_preferences(token: str) -> str:
    """Offer to get less."""
    leaving = unsubscribing.read(links.PREFERENCES, token, now=clock.now())
    return _preferences_page(leaving, token)


@blueprint.post("/preferences/<token>")
def change_preferences(token: str) -> str | tuple[str, int]:
    """Stop the topics that were ticked, or everything."""
    now = clock.now()
    leaving = unsubscribing.read(links.PREFERENCES, token, now=now)
    if request.form.get("stop") == "list":
        unsubscribing.unsubscribe(
            leaving, reason=EndedReason.LINK, origin=_origin("/preferences", leaving), now=now
        )
        page = render_template("public/unsubscribed.html", leaving=leaving, from_everything=False)
        db.session.commit()
        return page
    chosen = set(request.form.getlist("topics"))
    mailing_list = leaving.mailing_list
    unwanted = [
        topic for topic in (mailing_list.topics if mailing_list else []) if topic.slug in chosen
    ]
    try:
        unsubscribing.stop_topics(
            leaving, unwanted, origin=_origin("/preferences", leaving), now=now
        )
    except InvalidInput as exc:
        db.session.rollback()
        return _preferences_page(leaving, token, error=str(exc)), 422
    page = render_template("public/preferences_changed.html", stopped=unwanted)
    db.session.commit()
    return page


def _preferences_page(leaving: Leaving, token: str, *, error: str = "") -> str:
    return render_template("public/preferences.html", leaving=leaving, error=error)


def _origin(page: str, leaving: Leaving) -> Origin:
    issue_id = reports.issue_of(leaving.delivery_id) if leaving.delivery_id else None
    return Origin(page=page, ip=client_ip() or None, issue_id=issue_id)
