"""A sample list and library for an empty installation, so that there is something to try.

The facts are those of three public pages of the Healthy Mothers Healthy Babies
Consortium: its launch (10 March 2021), its mission (undated) and the guidance of
the MMS TAG (20 January 2025). The links lead to a reserved name, because the
sample does not speak for the consortium.
"""

from datetime import datetime

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.library.models import Item, Topic
from newsletter.membership import agreement
from newsletter.sample.items import ITEMS
from newsletter.sample.objectives import OBJECTIVES
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailingList

TOPICS = {
    "news": "News of the consortium",
    "maternal-nutrition": "Maternal nutrition",
    "mms": "Multiple micronutrient supplements (MMS)",
    "bep": "BEP dietary supplementation",
}
"""Slugs and names of the topics, in the order in which they are added."""


def load(*, now: datetime) -> bool:
    """Put the sample into an empty database and flush; return False if it is not empty.

    Any list, topic or item of somebody's own means that it is not. The caller commits.
    """
    if any(db.session.scalar(sa.select(table.id).limit(1)) for table in (MailingList, Topic, Item)):
        return False
    topics = {slug: catalogue.add_topic(slug, name) for slug, name in TOPICS.items()}
    lists.add_list(
        "stay-informed",
        name="Stay Informed",
        is_public=True,
        description="News and new guidance on maternal nutrition, MMS and BEP, by e-mail.",
        postal_address="Sample Organisation, 1 Example Street, 00000 Sample Town",
        topics=list(topics.values()),
        now=now,
    )
    for language, words in OBJECTIVES.items():
        agreement.write(language, words, now=now)
    for item in ITEMS:
        catalogue.add_item(
            kind=item.kind,
            title=item.title,
            summary=item.summary,
            url=f"https://example.org/{item.path}" if item.path else "",
            body=item.body,
            published_on=item.published_on,
            topics=[topics[slug] for slug in item.topics],
            region=item.region,
            now=now,
        )
    return True
