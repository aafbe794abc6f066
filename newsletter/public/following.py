"""Links of issues that lead over here, and the picture that tells of an opening: they send on.

Whatever stands in an address, it leads only to where the issue leads, and the answer is the same
for everybody. Nothing is set in a browser, and nothing is written by these requests (XJ01-XJ07).
"""

import base64
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, current_app, redirect, request
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.delivery.models import Delivery, Send
from newsletter.errors import DeadLink, NotFound
from newsletter.extensions import db
from newsletter.links import CLICKED, OPENED, Link
from newsletter.marking import marked
from newsletter.subscriptions import agreeing
from newsletter.subscriptions.models import Subscription, Tracking
from newsletter.tracking import counting, links, machines
from newsletter.web import client_ip

PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One pixel that nobody sees."""

# Search engines have no business here (STANDARDS C27).
HEADERS = {"X-Robots-Tag": "noindex", "Cache-Control": "no-store"}

blueprint = Blueprint("following", __name__)


@blueprint.get("/r/<key>")
def follow(key: str) -> Response:
    """Lead to where a link of an issue leads, and count it."""
    return _lead(key, token="")


@blueprint.get("/r/<token>/<key>")
def follow_as(token: str, key: str) -> Response:
    """Do the same for a reader who agreed to be recorded; who did not is not."""
    return _lead(key, token=token)


@blueprint.get("/o/<token>")
def show_picture(token: str) -> Response:
    """Return the same picture to everybody; note the day for a reader who agreed to that."""
    now = clock.now()
    delivery = _delivery(OPENED, token, now=now)
    if delivery is not None:
        issue = db.session.get_one(Send, delivery.send_id).issue
        number = _subscription(delivery, issue.mailing_list_id)
        is_machine = _is_machine(now, delivery.finished_at)
        if number is not None and not is_machine:
            counting.hits_of(current_app).open(number, at=now)
    return Response(PICTURE, mimetype="image/gif", headers=HEADERS)


def _lead(key: str, *, token: str) -> Response:
    found = links.find(key)
    if found is None:
        raise NotFound(marked("There is no such link."))
    if found.tracking is not Tracking.NONE:
        _count(found, token, now=clock.now())
    answer = redirect(found.link.address, HTTPStatus.FOUND)
    answer.headers.update(HEADERS)
    return answer


def _count(found: links.Led, token: str, *, now: datetime) -> None:
    """Keep one request; none with a token of something else, or of who does not agree (C25)."""
    delivery = _delivery(CLICKED, token, now=now) if token else None
    number = _reader(delivery, found) if delivery else None
    if token and number is None:
        return
    counting.hits_of(current_app).follow(
        found.link.key,
        network=client_ip(),
        is_machine=_is_machine(now, delivery.finished_at if delivery else found.begun_at),
        subscription_id=number or 0,
        at=now,
    )


def _is_machine(now: datetime, delivered_at: datetime | None) -> bool:
    return machines.looks_like_one(
        request.method, dict(request.headers), at=now, delivered_at=delivered_at
    )


def _delivery(link: Link, token: str, *, now: datetime) -> Delivery | None:
    try:
        number = link.read(token, now=now)
    except DeadLink:
        return None
    return db.session.get(Delivery, int(number)) if number.isdecimal() else None


def _reader(delivery: Delivery, found: links.Led) -> int | None:
    """Return whose it is, if they agree and this is a link of what they were sent (XJ01)."""
    send = db.session.get_one(Send, delivery.send_id)
    if send.issue_id != found.link.issue_id:
        return None
    return _subscription(delivery, found.mailing_list_id)


def _subscription(delivery: Delivery, mailing_list_id: int) -> int | None:
    """Return whose it is, if they agree now and their list records that; else None (C25)."""
    if delivery.subscriber_id is None:
        return None
    question = agreeing.agreeing().where(Subscription.subscriber_id == delivery.subscriber_id)
    return db.session.scalar(question.where(Subscription.mailing_list_id == mailing_list_id))
