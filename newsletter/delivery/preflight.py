"""The checks before sending, with the facts that they need gathered from everywhere."""

from newsletter.delivery import planning
from newsletter.issues import checks, composing, picking, rendering
from newsletter.issues.checks import Facts, Finding
from newsletter.issues.models import Issue

POSTAL_ADDRESS = "postal-address"
"""The code of the one stop that a command lets pass with a warning."""


def examine(issue: Issue) -> list[Finding]:
    """Return what is to be said about the issue as it stands now, the stops first."""
    content = composing.content_of(issue)
    preview = rendering.preview(content, rendering.masthead_of(issue))
    items = picking.items_of(composing.current(issue)).values()
    sent = picking.sent_in(issue.mailing_list, [item.id for item in items], besides=issue)
    facts = Facts(
        recipients=planning.audience_count(issue).recipients,
        html_bytes=len(preview.html.encode()),
        postal_address=issue.mailing_list.postal_address,
        withdrawn=frozenset(item.slug for item in items if item.withdrawn_at is not None),
        sent_in={item.slug: sent[item.id][-1].number for item in items if sent.get(item.id)},
    )
    return checks.check(content, facts)
