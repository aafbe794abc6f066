"""The Stay Informed form: sign up, then confirm by the mailed link.

No cookie, no script, no field that has to be there but the address: any page of the
organisation may post to `/subscribe`. One that is written down in the desk gets its readers back.
"""

from http import HTTPStatus

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from newsletter import addresses, clock, languages, page_language
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.issues import archiving
from newsletter.library import catalogue
from newsletter.library.words import KIND_NAMES
from newsletter.marking import marked
from newsletter.page_language import gettext, ours
from newsletter.public import asking, cards, prepared
from newsletter.public.asking import TRAP, Typed
from newsletter.serving import freshness
from newsletter.subscriptions import agreeing, consent, embedding, lists, offering, signup
from newsletter.subscriptions.consent import Origin, Wording
from newsletter.subscriptions.models import MailingList, Subscription
from newsletter.subscriptions.offering import Offer
from newsletter.subscriptions.words import FREQUENCIES
from newsletter.web import client_ip, policy

SHOWN_ITEMS = 3
"""Library items below the form: what a reader may expect to get."""

blueprint = Blueprint("form", __name__)


@blueprint.get("/")
def show_form() -> Response:
    """Show the form of the list in `?list=`, or of the first public list."""
    mailing_list = _offered(request.args.get("list", "")).mailing_list
    page = _form_page(mailing_list, Typed(language=_offered_language(mailing_list)))
    return freshness.public(page, keep=freshness.NOT_AT_ALL)


@blueprint.post("/subscribe")
def subscribe() -> AnyResponse | tuple[str, int]:
    """Take a sign-up; the answer is the same whoever the address belongs to."""
    typed = Typed(
        address=request.form.get("address", ""),
        name=request.form.get("name", ""),
        language=request.form.get("language", ""),
        frequency=request.form.get("frequency", ""),
        topics=request.form.getlist("topics"),
        next=request.form.get("next", ""),
        words=request.form.get(asking.SHOWN_WORDS, ""),
        source=request.form.get(asking.SOURCE, ""),
        trap=request.form.get(TRAP, ""),
    )
    page_language.speak(typed.language)
    offer = _posted_offer(typed)
    if typed.next:
        typed.next = embedding.way_back(offer.mailing_list, typed.next)
    wish = asking.take(offer, typed, page="/", now=clock.now())
    if wish is None:
        db.session.rollback()
        return _typed_again(offer.mailing_list, typed)
    db.session.commit()
    answer: AnyResponse | tuple[str, int]
    if typed.next:
        answer = redirect(typed.next, code=HTTPStatus.SEE_OTHER)
    else:
        shown = prepared.page(
            "public/asked.html",
            list_slug=offer.slug,
            address=wish.address.spelling,
            sender_address=lists.sender_address(offer),
        )
        answer = shown, HTTPStatus.OK
    asking.answer_when_all_do(typed)
    return answer


@blueprint.get("/confirm/<token>")
def ask_confirmation(token: str) -> str:
    """Show what would be confirmed, and one button; mail scanners change nothing here."""
    subscription = signup.read_confirmation(token, now=clock.now())
    page_language.speak(subscription.subscriber.language)
    return render_template(
        "public/confirm.html",
        subscription=subscription,
        address=addresses.hide(subscription.subscriber.address),
        recording=_recording(subscription).text if agreeing.may_be_asked(subscription) else "",
    )


@blueprint.post("/confirm/<token>")
def confirm(token: str) -> str:
    """Confirm; pressing again shows the same page."""
    origin, now = Origin(page="/confirm", ip=client_ip() or None), clock.now()
    subscription = signup.confirm(token, origin=origin, now=now)
    page_language.speak(subscription.subscriber.language)
    if request.form.get("recording") == "yes" and agreeing.may_be_asked(subscription):
        agreeing.agree(subscription, _recording(subscription), origin=origin, now=now)
    page = render_template(
        "public/confirmed.html",
        subscription=subscription,
        sender_address=lists.sender_address(subscription.mailing_list),
    )
    db.session.commit()
    return page


def _recording(subscription: Subscription) -> Wording:
    """Return the words that are asked beside the confirmation, and never ticked beforehand."""
    return consent.tracking_wording(subscription.mailing_list.name, page_language.ours())


@blueprint.get("/privacy")
def show_privacy_notice() -> Response:
    """Show what is done with a reader's data."""
    shown = render_template(
        "public/privacy.html",
        mailing_list=lists.public_list(),
        tracking=lists.most_tracking(),
        version=consent.VERSION,
        version_of=consent.VERSION_OF,
        card=cards.of_page(
            gettext("Privacy notice"),
            gettext("We use it to send you what you asked for, and for nothing else."),
            "/privacy",
        ),
    )
    return freshness.public(shown, keep=freshness.NOT_AT_ALL)


def _offered(slug: str) -> Offer:
    offer = offering.of(slug)
    if offer is None:
        raise NotFound(marked("There is no such list to sign up for."))
    return offer


def _posted_offer(typed: Typed) -> Offer:
    """Return what was asked for; for a wrong list, the first one with a note beside it."""
    try:
        return _offered(request.form.get("list", ""))
    except NotFound as exc:
        offer = _offered("")
        typed.errors["list"] = " ".join(
            (
                exc.said(gettext),
                gettext("This form is for “%(list)s”.", list=ours().isolated(offer.name)),
            )
        )
        typed.topics = [slug for slug in typed.topics if slug in asking.slugs(offer)]
        return offer


def _typed_again(mailing_list: MailingList, typed: Typed) -> Response:
    """Return the form with what is wrong in it; corrected here, it leads to where it would have."""
    response = make_response(_form_page(mailing_list, typed), HTTPStatus.UNPROCESSABLE_ENTITY)
    if typed.next:
        # Browsers ask this about the page that a form's answer leads to, too.
        way = f"'self' {embedding.origin_of(typed.next)}"
        response.headers["Content-Security-Policy"] = policy(form_action=way)
    return response


def _form_page(mailing_list: MailingList, typed: Typed) -> str:
    words = consent.wording(mailing_list.name, ours(), tracking=mailing_list.tracking)
    return render_template(
        "public/form.html",
        latest_issues=archiving.latest(1, language=page_language.spoken()),
        latest_items=catalogue.latest_items(SHOWN_ITEMS),
        kind_names=KIND_NAMES,
        mailing_list=mailing_list,
        typed=typed,
        languages=languages.OFFERED,
        words=words,
        sealed_words=consent.sealed(words, mailing_list.id),
        version_of=consent.VERSION_OF,
        trap=TRAP,
        frequencies=FREQUENCIES,
        begin={"list": mailing_list.slug},
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
