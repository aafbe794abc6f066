"""The Stay Informed form: sign up, then confirm by the mailed link.

No cookie, no script, no hidden field: any page of the organisation may post
to `/subscribe`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from flask import Blueprint, Response, current_app, render_template, request
from werkzeug.datastructures import MultiDict

from newsletter import addresses, clock, inputs, languages, links, page_language
from newsletter.errors import InvalidInput, NotFound
from newsletter.extensions import db
from newsletter.issues import archiving
from newsletter.library import catalogue
from newsletter.library.models import Topic
from newsletter.library.words import KIND_NAMES
from newsletter.marking import marked
from newsletter.page_language import gettext, ours
from newsletter.public import cards
from newsletter.serving import freshness
from newsletter.subscriptions import consent, lists, signup
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import Frequency, MailingList, Source
from newsletter.subscriptions.signup import Wish
from newsletter.web import client_ip, client_network

LONGEST_NAME = 200
SHOWN_ITEMS = 3
"""Library items below the form: what a reader may expect to get."""

FREQUENCIES = (
    (Frequency.EVERY, marked("Every issue")),
    (Frequency.WEEKLY, marked("Once a week")),
    (Frequency.MONTHLY, marked("Once a month")),
)
"""How often, as readers choose it."""

FIELDS = (marked("name"),)
"""What a sentence about a field calls it."""

TRAP = "website"
"""The field that no person sees; who fills it gets the same page and nothing else."""

Value = TypeVar("Value")

blueprint = Blueprint("form", __name__)


@dataclass
class Typed:
    """What stands in the form's fields, to be shown again beside what is wrong with it."""

    address: str = ""
    name: str = ""
    language: str = ""
    # Empty unless another site's form asked: ours does not.
    frequency: str = ""
    topics: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


@blueprint.get("/")
def show_form() -> Response:
    """Show the form of the list in `?list=`, or of the first public list."""
    mailing_list = _chosen_list(request.args)
    page = _form_page(mailing_list, Typed(language=_offered_language(mailing_list)))
    return freshness.public(page, keep=freshness.NOT_AT_ALL)


@blueprint.post("/subscribe")
def subscribe() -> tuple[str, int]:
    """Take a sign-up; the answer is the same whoever the address belongs to."""
    now = clock.now()
    typed = Typed(
        address=request.form.get("address", ""),
        name=request.form.get("name", ""),
        language=request.form.get("language", ""),
        frequency=request.form.get("frequency", ""),
        topics=request.form.getlist("topics"),
    )
    page_language.speak(typed.language)
    mailing_list = _posted_list(typed)
    wish = _read_wish(mailing_list, typed)
    if wish is not None:
        signup.count_request(client_network(), now=now)
        if not request.form.get(TRAP):
            wish = _ask(mailing_list, wish, typed)
    if wish is None:
        db.session.rollback()
        return _form_page(mailing_list, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    db.session.commit()
    page = render_template(
        "public/asked.html",
        address=wish.address.spelling,
        sender_address=lists.sender_address(mailing_list),
    )
    return page, HTTPStatus.OK


@blueprint.get("/confirm/<token>")
def ask_confirmation(token: str) -> str:
    """Show what would be confirmed, and one button; mail scanners change nothing here."""
    subscription = signup.read_confirmation(token, now=clock.now())
    page_language.speak(subscription.subscriber.language)
    return render_template(
        "public/confirm.html",
        subscription=subscription,
        address=addresses.hide(subscription.subscriber.address),
    )


@blueprint.post("/confirm/<token>")
def confirm(token: str) -> str:
    """Confirm; pressing again shows the same page."""
    subscription = signup.confirm(
        token, origin=Origin(page="/confirm", ip=client_ip() or None), now=clock.now()
    )
    page_language.speak(subscription.subscriber.language)
    page = render_template(
        "public/confirmed.html",
        subscription=subscription,
        sender_address=lists.sender_address(subscription.mailing_list),
    )
    db.session.commit()
    return page


@blueprint.get("/privacy")
def show_privacy_notice() -> Response:
    """Show what is done with a reader's data."""
    shown = render_template(
        "public/privacy.html",
        mailing_list=lists.public_list(),
        version=consent.VERSION,
        version_of=consent.VERSION_OF,
        card=cards.of_page(
            gettext("Privacy notice"),
            gettext("We use it to send you what you asked for, and for nothing else."),
            "/privacy",
        ),
    )
    return freshness.public(shown, keep=freshness.NOT_AT_ALL)


def _chosen_list(values: MultiDict[str, str]) -> MailingList:
    mailing_list = lists.public_list(values.get("list", ""))
    if mailing_list is None:
        raise NotFound(marked("There is no such list to sign up for."))
    return mailing_list


def _posted_list(typed: Typed) -> MailingList:
    """Return the list that was asked for; for a wrong one, the first with a note beside it."""
    try:
        return _chosen_list(request.form)
    except NotFound as exc:
        mailing_list = _chosen_list(MultiDict())
        typed.errors["list"] = " ".join(
            (
                exc.said(gettext),
                gettext("This form is for “%(list)s”.", list=ours().isolated(mailing_list.name)),
            )
        )
        typed.topics = [slug for slug in typed.topics if slug in _slugs(mailing_list)]
        return mailing_list


def _form_page(mailing_list: MailingList, typed: Typed) -> str:
    return render_template(
        "public/form.html",
        latest_issues=archiving.latest(1, language=page_language.spoken()),
        latest_items=catalogue.latest_items(SHOWN_ITEMS),
        kind_names=KIND_NAMES,
        mailing_list=mailing_list,
        typed=typed,
        languages=languages.OFFERED,
        words=consent.wording(mailing_list.name, page_language.ours()),
        version_of=consent.VERSION_OF,
        trap=TRAP,
        frequencies=FREQUENCIES,
        card=cards.of_page(
            mailing_list.name,
            mailing_list.description or gettext("News and new guidance, by e-mail."),
            "/",
            feeds=(
                cards.feed(gettext("Archive"), "/feed.xml"),
                cards.feed(gettext("Library"), "/library/feed.xml"),
            ),
            list=request.args.get("list", "") and mailing_list.slug,
        ),
    )


def _offered_language(mailing_list: MailingList) -> str:
    if page_language.is_asked_for():
        return page_language.spoken()
    return mailing_list.default_language


def _read_wish(mailing_list: MailingList, typed: Typed) -> Wish | None:
    """Return the checked wish, or None with the errors noted beside the fields."""
    address = _checked(typed, lambda: addresses.parse(typed.address))
    name = _checked(typed, lambda: inputs.one_line(typed.name, field="name", most=LONGEST_NAME))
    language = _checked(
        typed, lambda: languages.tag(typed.language or mailing_list.default_language)
    )
    topics = _chosen_topics(mailing_list, typed)
    if typed.frequency not in {"", *Frequency}:
        typed.errors["frequency"] = gettext(
            "Choose how often: every issue, once a week or once a month."
        )
    if address is None or name is None or language is None or typed.errors:
        return None
    return Wish(
        address=address,
        name=name,
        language=language,
        frequency=Frequency(typed.frequency or Frequency.EVERY),
        topics=topics,
    )


def _checked(typed: Typed, check: Callable[[], Value]) -> Value | None:
    """Return what `check` returns, or None with its refusal noted beside the field."""
    try:
        return check()
    except InvalidInput as exc:
        typed.errors[exc.field or "address"] = exc.said(gettext)
        return None


def _chosen_topics(mailing_list: MailingList, typed: Typed) -> list[Topic]:
    if not set(typed.topics) <= _slugs(mailing_list):
        typed.errors["topics"] = gettext(
            "One of the topics does not exist here any more. Choose again."
        )
    return [topic for topic in mailing_list.topics if topic.slug in typed.topics]


def _slugs(mailing_list: MailingList) -> set[str]:
    return {topic.slug for topic in mailing_list.topics}


def _ask(mailing_list: MailingList, wish: Wish, typed: Typed) -> Wish | None:
    origin = request.headers.get("Origin", "null")
    is_embedded = origin not in ("null", current_app.config["PUBLIC_URL"])
    page = origin if is_embedded else links.public_url("/")
    _checked(
        typed,
        lambda: signup.request_subscription(
            mailing_list,
            wish,
            consent.wording(mailing_list.name, page_language.ours()),
            origin=Origin(page=page, ip=client_ip() or None),
            source=Source.EMBED if is_embedded else Source.FORM,
            now=clock.now(),
        ),
    )
    return None if typed.errors else wish
