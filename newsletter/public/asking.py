"""What somebody asks for, by a form or as JSON: read, checked, counted, taken.

Every way in leads through `take`, so that none has fewer checks and limits than
another (STANDARDS XA05).
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from flask import current_app, request

from newsletter import addresses, inputs, languages, links, page_language
from newsletter.errors import InvalidInput
from newsletter.library.models import Topic
from newsletter.marking import marked
from newsletter.page_language import gettext
from newsletter.subscriptions import bursts, consent, signup
from newsletter.subscriptions.consent import Origin, Wording
from newsletter.subscriptions.models import Frequency, Source
from newsletter.subscriptions.offering import Offer
from newsletter.subscriptions.wishes import Wish
from newsletter.web import client_ip, client_network

LONGEST_NAME = 200

ANSWERED_AFTER = 0.010
"""Seconds after which a sign-up is answered: more than one takes on a machine that is not busy."""

FIELDS = (marked("name"),)
"""What a sentence about a field calls it."""

TRAP = "website"
"""The field that no person sees; who fills it gets the same answer and nothing else."""

SHOWN_WORDS = "words"
"""The field by which a form says which words stood under its button: `consent.sealed`."""

SOURCE = "source"
"""The field by which a pasted form says that it is none of our pages; not every browser does."""

_ORIGIN = re.compile(r"https?://([\w.-]{1,253}|\[[0-9a-f:.]+\])(:\d{1,5})?", re.ASCII)

Value = TypeVar("Value")


@dataclass
class Typed:
    """What stands in the fields, to be shown again beside what is wrong with it."""

    address: str = ""
    name: str = ""
    language: str = ""
    # Empty unless another site's form asked: ours does not.
    frequency: str = ""
    topics: list[str] = field(default_factory=list)
    # Where the answer shall lead, if the list allows that page.
    next: str = ""
    words: str = ""
    # What a form that was pasted into another site says that it is.
    source: str = ""
    trap: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic, init=False)


def take(offer: Offer, typed: Typed, *, page: str, now: datetime) -> Wish | None:
    """Take a sign-up and return what was asked for, or None with the errors in `typed`.

    `page` is where it comes from, unless another site's page names itself. Whoever the address
    belongs to, the same is done and returned. Raises TooOften; commits nothing.
    """
    wish = _read_wish(offer, typed)
    if wish is None:
        return None
    # Before anything is written: meanwhile nobody else could write to SQLite.
    words, (origin, source) = _shown_words(offer, typed), _came_from(typed, page)
    network = client_network()
    if typed.trap:
        bursts.count_network(network, now=now)
        bursts.count(now=now)
        return wish
    _checked(
        typed,
        lambda: signup.request_subscription(
            offer, wish, words, origin=origin, source=source, network=network, now=now
        ),
    )
    return None if typed.errors else wish


def answer_when_all_do(typed: Typed) -> None:
    """Wait until the moment at which every sign-up is answered; call it when all else is done.

    The same work takes a little longer where a row is new. Nobody can average that out of
    answers that leave at one moment (STANDARDS XA07); nothing is locked meanwhile.
    """
    time.sleep(max(0.0, typed.began + ANSWERED_AFTER - time.monotonic()))


def slugs(offer: Offer) -> set[str]:
    """Return the short names of the topics that a list offers."""
    return {topic.slug for topic in offer.topics}


def _came_from(typed: Typed, page: str) -> tuple[Origin, Source]:
    """Return the page that asks, empty if it is elsewhere and does not name itself.

    Browsers say `null` for pages that send no referrer, which ours are, too.
    """
    named = request.headers.get("Origin", "null")
    is_elsewhere = named not in ("null", current_app.config["PUBLIC_URL"])
    if is_elsewhere or typed.source == Source.EMBED:
        shown, source = named if _ORIGIN.fullmatch(named) else "", Source.EMBED
    else:
        shown, source = links.public_url(page), Source.FORM if page == "/" else Source.EMBED
    return Origin(page=shown, ip=client_ip() or None), source


def _shown_words(offer: Offer, typed: Typed) -> Wording | None:
    """Return what the form showed; of one that does not say, what the list says now."""
    if typed.words:
        return consent.shown(typed.words, offer.id)
    return consent.wording(offer.name, page_language.ours(), tracking=offer.tracking)


def _read_wish(offer: Offer, typed: Typed) -> Wish | None:
    """Return the checked wish, or None with the errors noted beside the fields."""
    address = _checked(typed, lambda: addresses.parse(typed.address))
    name = _checked(typed, lambda: inputs.one_line(typed.name, field="name", most=LONGEST_NAME))
    language = _checked(typed, lambda: languages.tag(typed.language or offer.default_language))
    topics = _chosen_topics(offer, typed)
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


def _chosen_topics(offer: Offer, typed: Typed) -> list[Topic]:
    if not typed.topics:
        return []
    if not set(typed.topics) <= slugs(offer):
        typed.errors["topics"] = gettext(
            "One of the topics does not exist here any more. Choose again."
        )
    return [topic for topic in offer.topics if topic.slug in typed.topics]
