"""The evidence of consent, as an editor may read it: networks masked to their larger part."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from newsletter import clock
from newsletter.extensions import db
from newsletter.subscriptions.models import ConsentEvent, ConsentKind, ConsentWording, MailingList


@dataclass(frozen=True)
class Evidence:
    """One thing that happened to a consent; `words` are those that were agreed to."""

    at: datetime
    kind: ConsentKind
    list_name: str
    words: str
    version: str
    language: str
    page: str
    network: str
    actor: str
    detail: str


def evidence_of(subscriber_id: int, *, lists: frozenset[int] | None = None) -> list[Evidence]:
    """Return all evidence about one subscriber, the oldest first; with `lists`, not of others."""
    question = (
        sa.select(
            ConsentEvent,
            MailingList.name,
            ConsentWording.text,
            ConsentWording.version,
            ConsentWording.language,
        )
        .outerjoin(MailingList, MailingList.id == ConsentEvent.mailing_list_id)
        .outerjoin(ConsentWording, ConsentWording.id == ConsentEvent.wording_id)
        .where(ConsentEvent.subscriber_id == subscriber_id)
        .order_by(ConsentEvent.at, ConsentEvent.id)
    )
    if lists is not None:
        of_no_list = ConsentEvent.mailing_list_id.is_(None)
        question = question.where(of_no_list | ConsentEvent.mailing_list_id.in_(lists))
    found = db.session.execute(question)
    return [
        Evidence(
            at=event.at,
            kind=event.kind,
            list_name=list_name or "",
            words=words or "",
            version=version or "",
            language=language or "",
            page=event.page,
            network=mask(event.ip),
            actor=event.actor,
            detail=event.detail,
        )
        for event, list_name, words, version, language in found
    ]


def facts(event: Evidence) -> dict[str, str | None]:
    """Return an event for programs: the same to who is asked for it and to whom it is about."""
    return {
        "at": clock.written(event.at),
        "kind": event.kind.value,
        "list": event.list_name,
        "words": event.words,
        "version": event.version,
        "language": event.language,
        "page": event.page,
        "network": event.network,
        "by": event.actor,
        "detail": event.detail,
    }


def together(events: Sequence[Evidence]) -> list[Evidence]:
    """Return them for people: what was done once, to several lists, is one event of them all."""
    found: list[Evidence] = []
    for event in events:
        before = found[-1] if found else None
        if before is not None and replace(before, list_name=event.list_name) == event:
            names = f"{before.list_name}, {event.list_name}"
            found[-1] = replace(before, list_name=names)
        else:
            found.append(event)
    return found


def mask(ip: str | None) -> str:
    """Return the /24 or /48 network that an address is in: enough to judge a complaint by."""
    if not ip:
        return ""
    prefix = 24 if ipaddress.ip_address(ip).version == 4 else 48
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))
