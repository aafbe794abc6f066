"""What a large library holds: 500 items, two a week, and 300 images."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from benchmarks.texts import PARAGRAPH
from newsletter import searching
from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.library.models import ItemKind, Topic
from newsletter.media.formats import ImageFormat
from newsletter.searching import Index

ITEMS = 500
IMAGES = 300
TOPICS = ("news", "guidance", "supplements", "antenatal-care", "policy", "costs", "programmes")


def add_topics() -> list[Topic]:
    """Add the topics that items, lists and readers have."""
    return [catalogue.add_topic(slug, slug.replace("-", " ").capitalize()) for slug in TOPICS]


def fill_library(*, now: datetime) -> Sequence[str]:
    """Add the items, each with a topic; return their slugs, the newest first."""
    kinds = list(ItemKind)
    topics = [catalogue.find_topics([slug]) for slug in TOPICS]
    items = [
        catalogue.add_item(
            slug=f"guidance-{number}",
            kind=kinds[number % len(kinds)],
            title=f"Guidance {number}: from pilot to programme",
            summary=f"Chapter {number} tells what worked in four countries, and what it took.",
            body=PARAGRAPH * 3,
            url=f"https://example.org/guidance/{number}",
            published_on=(now - timedelta(days=(ITEMS - number) * 3)).date(),
            region="Global",
            topics=topics[number % len(topics)],
            now=now,
        )
        for number in range(1, ITEMS + 1)
    ]
    return [item.slug for item in reversed(items)]


def fill_images(issues: int, *, now: datetime) -> None:
    """Add the images, without their files; each is in two of the first `issues` issues."""
    tables = db.metadata.tables
    rows = [
        {
            "id": number,
            "digest": f"{number:064x}",
            "format": ImageFormat.JPEG,
            "width": 1200,
            "height": 800,
            "octets": 150_000,
            "name": f"Photo {number}",
            "alt": f"What is to be seen on photo {number}",
            "is_decorative": False,
            "uploaded_at": now,
        }
        for number in range(1, IMAGES + 1)
    ]
    db.session.execute(sa.insert(tables["image"]), rows)
    for number in range(1, IMAGES + 1):
        searching.put(Index.IMAGES, number, title=f"Photo {number}", text="What is to be seen")
    uses = {
        (number, number * step % issues + 1) for number in range(1, IMAGES + 1) for step in (1, 3)
    }
    db.session.execute(
        sa.insert(tables["issue_image"]),
        [{"image_id": image_id, "issue_id": issue_id} for image_id, issue_id in sorted(uses)],
    )
