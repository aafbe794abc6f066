"""Plain functions that make rows; only the fact that matters is passed in."""

import zlib
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

from PIL import Image as Drawing

from newsletter.accounts import Editor, RoleName, add_editor
from newsletter.extensions import db
from newsletter.issues import composing, editing, editions, picking, pictures, workflow
from newsletter.issues.composition import BlockKind, Words
from newsletter.issues.content import Content
from newsletter.issues.models import Issue
from newsletter.issues.texts import Texts
from newsletter.library import catalogue
from newsletter.library.models import Item, ItemKind, Topic
from newsletter.media import images
from newsletter.media.models import Image
from newsletter.subscriptions import digest_windows
from newsletter.subscriptions.models import (
    Frequency,
    MailingList,
    Source,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)
from newsletter.subscriptions.suppression import address_hmac
from tests.conftest import NOW


def make_topic(slug: str = "mms", name: str = "") -> Topic:
    """A topic."""
    return _add(Topic(slug=slug, name=name or slug.upper()))


def make_list(
    slug: str = "news",
    *,
    name: str = "Stay Informed",
    is_public: bool = True,
    topics: tuple[Topic, ...] = (),
    postal_address: str = "1 Example Street, 10115 Sample Town",
) -> MailingList:
    """A public mailing list."""
    return _add(
        MailingList(
            slug=slug,
            name=name,
            is_public=is_public,
            postal_address=postal_address,
            topics=list(topics),
            created_at=NOW,
        )
    )


def make_subscriber(
    address: str = "ada@example.org", *, name: str = "Ada", language: str = "en"
) -> Subscriber:
    """A subscriber with no subscription."""
    return _add(
        Subscriber(
            address=address,
            canonical=address.lower(),
            address_hmac=address_hmac(address.lower()),
            name=name,
            language=language,
            attributes={},
            created_at=NOW,
        )
    )


def make_subscription(
    mailing_list: MailingList,
    address: str = "ada@example.org",
    *,
    name: str = "Ada",
    language: str = "en",
    state: SubscriptionState = SubscriptionState.CONFIRMED,
    topics: tuple[Topic, ...] = (),
    frequency: Frequency = Frequency.EVERY,
    at: datetime = NOW,
) -> Subscription:
    """A subscriber on a list, confirmed unless told otherwise."""
    subscription = _add(
        Subscription(
            subscriber=make_subscriber(address, name=name, language=language),
            mailing_list=mailing_list,
            state=state,
            topics=list(topics),
            frequency=frequency,
            requested_at=at,
        )
    )
    if state is SubscriptionState.CONFIRMED:
        digest_windows.begin(subscription, now=at)
    if state is not SubscriptionState.PENDING:
        interval = SubscriptionInterval(
            subscription_id=subscription.id, source=Source.FORM, started_at=at
        )
        if state is SubscriptionState.UNSUBSCRIBED:
            interval.ended_at = at
        _add(interval)
    return subscription


def make_item(
    slug: str = "guidance-on-mms",
    *,
    title: str = "Guidance on MMS",
    kind: ItemKind = ItemKind.GUIDANCE,
    topics: tuple[Topic, ...] = (),
    published_on: date = date(2025, 1, 20),
    region: str = "",
) -> Item:
    """A library item."""
    item: Item = _add(
        Item(
            slug=slug,
            kind=kind,
            title=title,
            summary=f"What {title} says, in one sentence.",
            body="",
            url=f"https://example.org/{slug}",
            published_on=published_on,
            region=region,
            language="en",
            topics=list(topics),
            created_at=NOW,
            updated_at=NOW,
        )
    )
    catalogue.make_findable(item)
    return item


def make_image(name: str = "A clinic", *, alt: str = "A nurse hands out tablets") -> Image:
    """An image of a few pixels, of a colour of its own."""
    colour = f"#{zlib.crc32(name.encode()) % 0x1000000:06x}"
    file = BytesIO()
    Drawing.new("RGB", (12, 8), colour).save(file, "PNG")
    return images.add_image(
        file.getvalue(), name=name, alt=alt, is_decorative=not alt, by_id=None, now=NOW
    ).image


def make_editor(
    address: str = "edith@example.org",
    *,
    role: RoleName = RoleName.EDITOR,
    name: str = "Edith",
    has_joined: bool = False,
) -> Editor:
    """An editor without a password."""
    editor = add_editor(address, role, name, now=NOW)
    editor.joined_at = NOW if has_joined else None
    return editor


def make_due_issue(
    mailing_list: MailingList,
    *,
    subject: str = "New guidance",
    introduction: str = "Dear {{ name | reader }}, there is news.",
    topics: tuple[Topic, ...] = (),
    at: datetime = NOW,
) -> Issue:
    """An approved issue, scheduled for right now."""
    slugs = [topic.slug for topic in topics]
    issue = composing.create_issue(
        mailing_list, subject=subject, introduction=introduction, topics=slugs, by=None, now=at
    )
    workflow.approve(issue, by=None, now=at)
    workflow.send_soon(issue, timedelta(0), now=at)
    return issue


def make_sent_issue(
    mailing_list: MailingList,
    subject: str = "New guidance",
    *,
    others: dict[str, str] | None = None,
    items: tuple[str, ...] = (),
    image: Image | None = None,
    corrects: Issue | None = None,
    at: datetime = NOW,
) -> Issue:
    """An issue that went out to nobody in particular; `others` are subjects by language."""
    issue = composing.create_issue(
        mailing_list, subject=subject, items=items, corrects=corrects, by=None, now=at
    )
    whole = composing.current(issue)
    if image is not None:
        whole = editing.with_block(whole, BlockKind.IMAGE, image=pictures.picked(image))
        said_of_it = Words(text=image.alt)
        whole = editing.with_words(whole, whole.blocks[-1].key, "en", said_of_it)
    for language, said in (others or {}).items():
        whole = editing.with_edition(whole, language)
        whole = editing.with_texts(whole, language, Texts(said, "", f"*{said}*"))
    composing.save(issue, whole, based_on_version=issue.version, by=None, now=at)
    workflow.approve(issue, by=None, now=at)
    workflow.send_soon(issue, timedelta(0), now=at)
    workflow.begin_sending(issue, now=at)
    workflow.finish(issue, now=at)
    return issue


def rewrite(issue: Issue, *, items: tuple[str, ...] | None = None, **texts: str) -> Issue:
    """Save a new version of the issue with other texts, and other items if they are given."""
    whole = composing.current(issue)
    language = whole.first_language
    typed = replace(whole.editions[language], **texts)  # type: ignore[arg-type]  # they are texts
    whole = editing.with_texts(whole, language, typed)
    if items is not None:
        whole = replace(whole, blocks=())
        found = composing.find_items(items)
        whole = editing.with_items(whole, [picking.picked(item) for item in found])
    composing.save(issue, whole, based_on_version=issue.version, by=None, now=NOW)
    return issue


def _add(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


def content_of(issue: Issue, language: str | None = None) -> Content:
    """One edition of an issue, or its first, as its newest revision has it."""
    whole = composing.current(issue)
    return editions.in_language(whole, language or whole.first_language)
