"""The evidence of consent: which words were agreed to, when, where, by whom."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import sqlalchemy as sa
from itsdangerous import BadData, URLSafeSerializer

from newsletter import links
from newsletter.extensions import db, insert
from newsletter.marking import marked
from newsletter.statements import Statement, run
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    ConsentWording,
    Subscription,
    Tracking,
)
from newsletter.translating import Translator

VERSION = "3"
"""The version of the words below and of the privacy notice; a change of words raises it."""

VERSION_OF = date(2026, 11, 22)
"""The day since which they are what they are."""

NOT_KNOWN = "words not known to us"
"""What an event notes whose words are not known."""

SUBSCRIBER = "subscriber"
"""The actor of what a reader did; editors and commands name themselves."""


@dataclass(frozen=True)
class Wording:
    """Words that are shown to be agreed to, as they are stored."""

    text: str
    version: str
    language: str

    @property
    def digest(self) -> str:
        """What these words are known by, letter by letter."""
        parts = (self.language, self.version, self.text)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Origin:
    """Where an act came from: the page, the network address, who acted, the issue's number.

    `issue_id` is there for what was done by a link in an issue.
    """

    page: str = ""
    ip: str | None = None
    actor: str = SUBSCRIBER
    issue_id: int | None = None


def wording(list_name: str, ours: Translator, *, tracking: Tracking = Tracking.NONE) -> Wording:
    """Return the words that the form shows under its button, in the language of `ours`.

    They say what the list records of those who read it.
    """
    return Wording(
        text=ours.gettext(_WORDS[tracking], list=list_name),
        version=VERSION,
        language=ours.language,
    )


def sealed(words: Wording, mailing_list_id: int) -> str:
    """Return these words for a form of the list to carry along, signed by us.

    A page that was opened or pasted long ago shows what we said then: the evidence must not
    claim that it showed what we say now.
    """
    return str(_seal().dumps([mailing_list_id, words.text, words.version, words.language]))


def shown(carried: str, mailing_list_id: int) -> Wording | None:
    """Return the words that a form carried; None if we never gave them out for this list."""
    try:
        number, *words = _seal().loads(carried)
    except BadData:
        return None
    return Wording(*words) if number == mailing_list_id else None


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(
        links.signing_keys(),
        salt="words shown",
        serializer_kwargs={"ensure_ascii": False},
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def tracking_wording(list_name: str, ours: Translator) -> Wording:
    """Return the words that somebody agrees to apart from that, to be recorded."""
    return Wording(
        text=ours.gettext(_TRACKING_WORDS, list=list_name),
        version=VERSION,
        language=ours.language,
    )


_WORDS = {
    Tracking.NONE: marked(
        "Yes, send me “%(list)s” by e-mail. My address is used only for that. Nobody "
        "records what I open or click. I can stop with one link in every e-mail."
    ),
    Tracking.AGGREGATE: marked(
        "Yes, send me “%(list)s” by e-mail. My address is used only for that. How often each "
        "link is followed is counted, without who it was; nobody records what I open or click. "
        "I can stop with one link in every e-mail."
    ),
    Tracking.INDIVIDUAL: marked(
        "Yes, send me “%(list)s” by e-mail. My address is used only for that. How often each "
        "link is followed is counted, without who it was; what I open or click is recorded only "
        "if I agree to that separately. I can stop with one link in every e-mail."
    ),
}

_TRACKING_WORDS = marked(
    "Yes, record which links I follow in the e-mails of “%(list)s”, and the day on which I last "
    "opened one. I can end that at any time on my own page. Then nothing more is recorded, also "
    "from e-mails that I have already, and what was recorded is deleted."
)


class Concerned(Protocol):
    """Whom and which list a piece of evidence is about."""

    @property
    def subscriber_id(self) -> int: ...

    @property
    def mailing_list_id(self) -> int: ...


def record(
    kind: ConsentKind,
    subscription: Concerned,
    *,
    origin: Origin,
    now: datetime,
    wording_id: int | None = None,
    detail: str = "",
) -> None:
    """Append one event; it can never be changed, only its person blanked (STANDARDS C01, C03)."""
    event = _event(kind, subscription, origin=origin, now=now, detail=detail)
    run(_RECORD, wording=wording_id, **event)


def record_words(
    kind: ConsentKind,
    subscription: Concerned,
    words: Wording | None,
    *,
    origin: Origin,
    now: datetime,
    detail: str = "",
) -> None:
    """Append one event with exactly these words, which somebody most often agreed to before.

    Where nobody knows the words, it says that.
    """
    if words is None:
        detail = f"{detail}; {NOT_KNOWN}"
        record(kind, subscription, origin=origin, now=now, detail=detail)
        return
    event = _event(kind, subscription, origin=origin, now=now, detail=detail)
    if not run(_RECORD_KNOWN, digest=words.digest, **event).count:
        run(_RECORD, wording=wording_id(words), **event)


def _event(
    kind: ConsentKind, subscription: Concerned, *, origin: Origin, now: datetime, detail: str
) -> dict[str, Any]:
    return {
        "at": now,
        "kind": kind.value,
        "subscriber": subscription.subscriber_id,
        "list": subscription.mailing_list_id,
        "page": origin.page[:300],
        "ip": origin.ip,
        "actor": origin.actor[:60],
        "detail": detail[:300],
        "issue": origin.issue_id,
    }


_INTO = """INSERT INTO consent_event
    (at, kind, subscriber_id, mailing_list_id, wording_id, page, ip, actor, detail, issue_id)"""
_RECORD = Statement(
    f"""{_INTO}
    VALUES (:at, :kind, :subscriber, :list, :wording, :page, :ip, :actor, :detail, :issue)""",
    times=("at",),
)
_RECORD_KNOWN = Statement(
    f"""{_INTO}
    SELECT :at, :kind, :subscriber, :list, id, :page, :ip, :actor, :detail, :issue
    FROM consent_wording WHERE digest = :digest""",
    times=("at",),
)


def words_asked_with(subscription: Subscription) -> int | None:
    """Return the words that stood beside the latest request: what a confirmation confirms."""
    return db.session.scalar(
        sa.select(ConsentEvent.wording_id)
        .where(
            ConsentEvent.subscriber_id == subscription.subscriber_id,
            ConsentEvent.mailing_list_id == subscription.mailing_list_id,
            ConsentEvent.kind == ConsentKind.REQUESTED,
        )
        .order_by(ConsentEvent.id.desc())
        .limit(1)
    )


_KNOWN = Statement("SELECT id FROM consent_wording WHERE digest = :digest")


def wording_id(words: Wording) -> int:
    """Return the id of the row that holds exactly these words, made if it is missing."""
    digest = words.digest
    if found := run(_KNOWN, digest=digest).first():
        return int(found[0])
    row = {
        "digest": digest,
        "text": words.text,
        "version": words.version,
        "language": words.language,
    }
    db.session.execute(insert(ConsentWording).values(row).on_conflict_do_nothing())
    return int(run(_KNOWN, digest=digest).one()[0])


def forget_person(subscriber_id: int) -> None:
    """Blank who and from where in all evidence about one person: the one change allowed."""
    db.session.execute(
        sa.update(ConsentEvent)
        .where(ConsentEvent.subscriber_id == subscriber_id)
        .values(subscriber_id=None, ip=None)
        .execution_options(synchronize_session=False)
    )
