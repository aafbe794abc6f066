"""The checks of one issue with the facts that they need, gathered from the tables."""

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.issues import checks, composing, rendering
from newsletter.issues.checks import Facts, Finding
from newsletter.issues.content import Content
from newsletter.issues.merge_fields import Part
from newsletter.issues.models import Issue
from newsletter.issues.segments import fill
from newsletter.library.models import Item


def proofread(issue: Issue, *, recipients: int | None = None) -> list[Finding]:
    """Return the findings about an issue as it is now, the stops first.

    `recipients` is how many people would get it; None leaves that unchecked.
    """
    content = composing.content_of(issue)
    return checks.check(content, _facts(issue, content, recipients))


def _facts(issue: Issue, content: Content, recipients: int | None) -> Facts:
    slugs = [row.slug for row in content.rows]
    items = db.session.execute(
        sa.select(Item.id, Item.slug, Item.withdrawn_at).where(Item.slug.in_(slugs))
    ).all()
    sent_in = composing.sent_in(issue.mailing_list, [item.id for item in items], besides=issue)
    return Facts(
        recipients=recipients,
        html_bytes=_html_bytes(issue, content),
        postal_address=issue.mailing_list.postal_address,
        withdrawn=frozenset(item.slug for item in items if item.withdrawn_at is not None),
        sent_in={item.slug: sent_in[item.id][-1] for item in items if item.id in sent_in},
    )


def _html_bytes(issue: Issue, content: Content) -> int:
    edition = rendering.render(content, rendering.masthead_of(issue))
    return len(fill(edition.html_part, {}, part=Part.HTML).encode())
