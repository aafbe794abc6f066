"""One list of a reader: topics, how often, a pause, leaving, joining."""

from flask import Blueprint, request

from newsletter import clock
from newsletter.errors import InvalidInput, NotFound
from newsletter.extensions import db
from newsletter.marking import marked
from newsletter.membership import audience
from newsletter.page_language import gettext, ours
from newsletter.public.managing import questions
from newsletter.public.managing.arriving import Answer, readers_own
from newsletter.public.managing.questions import Question, Sure
from newsletter.subscriptions import consent, lists, pausing, preferences, unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import EndedReason, MailingList, Subscriber, Subscription
from newsletter.subscriptions.words import FREQUENCIES
from newsletter.web import client_ip

blueprint = Blueprint("manage_lists", __name__, url_prefix="/manage/lists/<slug>")


@blueprint.get("/topics")
@readers_own
def ask_topics(reader: Subscriber, slug: str) -> Answer:
    """Ask which topics."""
    return questions.show(_topics(preferences.subscription_of(reader, slug)))


@blueprint.post("/topics")
@readers_own
def choose_topics(reader: Subscriber, slug: str) -> Answer:
    """Take the topics that were ticked; none at all is an oversight."""
    subscription = preferences.subscription_to_change(reader, slug)
    ticked = request.form.getlist("topics")
    if not ticked:
        return questions.refuse(
            _topics(subscription, ticked),
            gettext("Choose at least one topic, or go back and stop these e-mails."),
        )
    try:
        preferences.choose_topics(subscription, ticked, origin=_origin(), now=clock.now())
    except InvalidInput as exc:
        return questions.refuse(_topics(subscription, ticked), exc.said(gettext))
    db.session.commit()
    return questions.home("saved")


@blueprint.get("/frequency")
@readers_own
def ask_frequency(reader: Subscriber, slug: str) -> Answer:
    """Ask how often."""
    return questions.show(_frequency(preferences.subscription_of(reader, slug)))


@blueprint.post("/frequency")
@readers_own
def choose_frequency(reader: Subscriber, slug: str) -> Answer:
    """Take how often."""
    subscription = preferences.subscription_to_change(reader, slug)
    chosen = request.form.get("frequency", "")
    try:
        preferences.choose_frequency(subscription, chosen, origin=_origin(), now=clock.now())
    except InvalidInput as exc:
        return questions.refuse(_frequency(subscription), exc.said(gettext))
    db.session.commit()
    return questions.home("saved")


@blueprint.get("/pause")
@readers_own
def ask_pause(reader: Subscriber, slug: str) -> Answer:
    """Ask until when."""
    return questions.show(_pause(preferences.subscription_of(reader, slug)))


@blueprint.post("/pause")
@readers_own
def pause(reader: Subscriber, slug: str) -> Answer:
    """Pause until a day."""
    now = clock.now()
    subscription = preferences.subscription_to_change(reader, slug)
    typed = request.form.get("until", "")
    wants_summary = bool(request.form.get("summary"))
    try:
        until = pausing.until(typed, pausing.zone_of(subscription), now=now)
    except InvalidInput as exc:
        question = _pause(subscription, typed=typed, wants_summary=wants_summary)
        return questions.refuse(question, exc.said(gettext))
    preferences.pause(subscription, until, wants_summary=wants_summary, origin=_origin(), now=now)
    db.session.commit()
    return questions.home("paused")


@blueprint.post("/resume")
@readers_own
def resume(reader: Subscriber, slug: str) -> Answer:
    """End a pause now."""
    subscription = preferences.subscription_to_change(reader, slug)
    pausing.resume(subscription, origin=_origin(), now=clock.now())
    db.session.commit()
    return questions.home("resumed")


@blueprint.get("/leave")
@readers_own
def ask_leave(reader: Subscriber, slug: str) -> Answer:
    """Ask whether this list should stop."""
    mailing_list = preferences.subscription_of(reader, slug).mailing_list
    name, sentences = mailing_list.name, [gettext("It works at once. You can come back any time.")]
    if mailing_list.id == audience.members_list_id():
        sentences.append(gettext("Whoever stops them stays a member."))
    return questions.make_sure(
        Sure(
            heading=gettext("Stop e-mails from “%(list)s”?", list=ours().isolated(name)),
            sentences=sentences,
            button=gettext("Stop these e-mails"),
            action=request.path,
        )
    )


@blueprint.post("/leave")
@readers_own
def leave(reader: Subscriber, slug: str) -> Answer:
    """Leave this list; a second press is the same."""
    subscription = preferences.subscription_to_change(reader, slug, states=preferences.EVER)
    unsubscribing.end(subscription, reason=EndedReason.LINK, origin=_origin(), now=clock.now())
    db.session.commit()
    return questions.home("left")


@blueprint.get("/join")
@readers_own
def ask_join(reader: Subscriber, slug: str) -> Answer:
    """Ask whether to get a further list, with the words that are agreed to."""
    mailing_list = _public(slug)
    words = consent.wording(mailing_list.name, ours(), tracking=mailing_list.tracking)
    return questions.make_sure(
        Sure(
            heading=gettext("Get “%(list)s”, too?", list=ours().isolated(mailing_list.name)),
            sentences=[
                mailing_list.description or gettext("News and new guidance, by e-mail."),
                words.text,
            ],
            button=gettext("Yes, send me these e-mails"),
            action=request.path,
        )
    )


@blueprint.post("/join")
@readers_own
def join(reader: Subscriber, slug: str) -> Answer:
    """Get a further list; the address was proved by the link."""
    mailing_list = _public(slug)
    words = consent.wording(mailing_list.name, ours(), tracking=mailing_list.tracking)
    preferences.join(reader, mailing_list, words, origin=_origin(), now=clock.now())
    db.session.commit()
    return questions.home("joined")


def _topics(subscription: Subscription, ticked: list[str] | None = None) -> Question:
    mailing_list = subscription.mailing_list
    if not mailing_list.topics:
        raise NotFound(marked("This list has no topics to choose from."))
    had = subscription.topics or mailing_list.topics
    return Question(
        heading=gettext("What are you interested in?"),
        label=gettext("Topics of “%(list)s”", list=ours().isolated(mailing_list.name)),
        field="topics",
        kind="checkbox",
        button=gettext("Save the topics"),
        chosen=[topic.slug for topic in had] if ticked is None else ticked,
        choices=[(topic.slug, topic.name) for topic in mailing_list.topics],
    )


def _frequency(subscription: Subscription) -> Question:
    return Question(
        heading=gettext("How often?"),
        label=gettext(
            "E-mails from “%(list)s”", list=ours().isolated(subscription.mailing_list.name)
        ),
        field="frequency",
        kind="radio",
        button=gettext("Save how often"),
        chosen=[subscription.frequency.value],
        choices=[(value.value, gettext(words)) for value, words in FREQUENCIES],
        hint=gettext("Once a week or once a month, what is new comes in one e-mail."),
    )


def _pause(
    subscription: Subscription, *, typed: str | None = None, wants_summary: bool | None = None
) -> Question:
    if typed is None:
        zone = pausing.zone_of(subscription)
        until = subscription.paused_until
        typed = f"{pausing.day_of(until, zone)}" if until else ""
    if wants_summary is None:
        wants_summary = subscription.wants_summary
    return Question(
        heading=gettext("Until when should we pause?"),
        label=gettext("Nothing before this day"),
        field="until",
        kind="date",
        button=gettext("Pause until that day"),
        chosen=[typed],
        hint=gettext("Within a year. After that it goes on by itself."),
        option=("summary", gettext("Send me what I missed as one summary"), wants_summary),
    )


def _public(slug: str) -> MailingList:
    found = lists.public_list(slug)
    if found is None:
        raise NotFound(marked("There is no such list to sign up for."))
    return found


def _origin() -> Origin:
    return Origin(page="/manage", ip=client_ip() or None)
