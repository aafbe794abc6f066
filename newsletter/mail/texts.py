"""A transactional mail made from its kind's templates and its facts.

The words live in templates/mail/<kind>/: subject.txt, body.txt and body.mjml,
which extends templates/mail/layout.mjml.
"""

import textwrap
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import current_app
from jinja2 import Environment, StrictUndefined
from mjml import mjml2html

from newsletter.mail.message import AUTOMATIC, Mailbox, Message
from newsletter.translating import ORIGINAL, translator

FOR_READERS = frozenset(
    {
        *("confirm", "welcome", "already-subscribed", "good-bye", "manage"),
        *("new-address", "address-changing", "address-taken"),
        *("membership", "membership-known", "member-accepted", "member-declined", "member-ended"),
    }
)
"""The kinds that come in the reader's language; editors get theirs in English, like the desk."""

WIDTH = 76
"""Letters of a line of the plain text; an address that is longer stays whole."""


def compose(
    kind: str,
    facts: Mapping[str, Any],
    *,
    language: str,
    sender: Mailbox,
    recipient: Mailbox,
    asked_at: datetime,
    date: datetime,
    message_id: str,
    boundary: str,
) -> Message:
    """Return the mail of this kind; the same arguments give the same mail.

    `asked_at` is when its cause happened, if no fact `happened_at` names that. Raises
    jinja2.TemplateError for a fact that is missing, ValueError for a template that is not MJML.
    """
    ours = translator(language if kind in FOR_READERS else ORIGINAL)
    context = {
        "public_url": current_app.config["PUBLIC_URL"],
        "postal_address": "",
        **facts,
        "sender_name": sender.name,
        "asked_at": _happened_at(facts) or asked_at,
        "language": ours.language,
        "direction": ours.direction,
        "start": "right" if ours.direction == "rtl" else "left",
        "ours": ours,
        "_": ours.gettext,
        "ngettext": ours.ngettext,
    }
    templates = _templates()
    subject = " ".join(templates.get_template(f"mail/{kind}/subject.txt").render(context).split())
    text = templates.get_template(f"mail/{kind}/body.txt").render(context)
    context["mail_subject"] = subject
    html = mjml2html(templates.get_template(f"mail/{kind}/body.mjml").render(context))
    return Message(
        sender=sender,
        recipient=recipient,
        subject=subject,
        text_part=_wrapped(text),
        html_part=html,
        date=date,
        message_id=message_id,
        boundary=boundary,
        headers=AUTOMATIC,
    )


def _happened_at(facts: Mapping[str, Any]) -> datetime | None:
    return datetime.fromisoformat(facts["happened_at"]) if "happened_at" in facts else None


def _templates() -> Environment:
    """Return the application's templates, strict: a missing fact is an error, not a gap."""
    known = current_app.extensions.get("mail.templates")
    if isinstance(known, Environment):
        return known
    strict = current_app.jinja_env.overlay(undefined=StrictUndefined)
    current_app.extensions["mail.templates"] = strict
    return strict


def _wrapped(text: str) -> str:
    """Return the text with each line wrapped, no word broken, and no gaps of several lines."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        lines += textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join(line for i, line in enumerate(lines) if line or lines[i - 1]) + "\n"
