"""What is known of a reader: name, language, look and time zone, each on a page of its own."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from flask import Blueprint, request

from newsletter import clock, languages
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.page_language import gettext, ours
from newsletter.public.managing import questions
from newsletter.public.managing.arriving import Answer, readers_own
from newsletter.public.managing.overview import FORMATS
from newsletter.public.managing.questions import Question
from newsletter.subscriptions import preferences
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import Subscriber
from newsletter.web import client_ip


class Choose(Protocol):
    """What takes an answer."""

    def __call__(
        self, subscriber: Subscriber, text: str, /, *, origin: Origin, now: datetime
    ) -> None: ...


blueprint = Blueprint("manage_person", __name__)


@blueprint.get("/manage/<any(name, language, format, zone):what>")
@readers_own
def ask(reader: Subscriber, what: str) -> Answer:
    """Ask for one thing."""
    question, _ = FACTS[what]
    return questions.show(question(reader))


@blueprint.post("/manage/<any(name, language, format, zone):what>")
@readers_own
def choose(reader: Subscriber, what: str) -> Answer:
    """Take it."""
    question, take = FACTS[what]
    origin = Origin(page="/manage", ip=client_ip() or None)
    try:
        take(reader, request.form.get(what, ""), origin=origin, now=clock.now())
    except InvalidInput as exc:
        return questions.refuse(question(reader), exc.said(gettext))
    db.session.commit()
    return questions.home("saved")


def _name(reader: Subscriber) -> Question:
    return Question(
        heading=gettext("What is your name?"),
        label=gettext("Your name (you may leave it out)"),
        field="name",
        kind="text",
        button=gettext("Save the name"),
        chosen=[reader.name],
    )


def _language(reader: Subscriber) -> Question:
    offered = dict(languages.OFFERED)
    offered.setdefault(reader.language, ours().name_of(reader.language))
    return Question(
        heading=gettext("In which language should we write to you?"),
        label=gettext("Language of the e-mails"),
        field="language",
        kind="radio",
        button=gettext("Save the language"),
        chosen=[reader.language],
        choices=list(offered.items()),
    )


def _format(reader: Subscriber) -> Question:
    return Question(
        heading=gettext("How should the e-mails look?"),
        label=gettext("Look of the e-mails"),
        field="format",
        kind="radio",
        button=gettext("Save the look"),
        chosen=[reader.format.value],
        choices=[(value.value, gettext(words)) for value, words in FORMATS.items()],
    )


def _zone(reader: Subscriber) -> Question:
    return Question(
        heading=gettext("Where is it morning for you?"),
        label=gettext("Your time zone"),
        field="zone",
        kind="select",
        button=gettext("Save the time zone"),
        chosen=[reader.zone],
        choices=[
            ("", gettext("As the list has it")),
            *((name, name.replace("_", " ")) for name in preferences.zones()),
        ],
        hint=gettext("What comes once a week or once a month comes in your morning."),
    )


FACTS: dict[str, tuple[Callable[[Subscriber], Question], Choose]] = {
    "name": (_name, preferences.choose_name),
    "language": (_language, preferences.choose_language),
    "format": (_format, preferences.choose_format),
    "zone": (_zone, preferences.choose_zone),
}
"""The pages: what each asks, and what takes the answer."""
