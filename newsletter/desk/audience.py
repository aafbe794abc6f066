"""Who gets an issue and who is left out, one by one."""

from flask import render_template

from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.delivery import announcing, audience, people
from newsletter.delivery.people import Group
from newsletter.desk import choosing
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import blueprint, needs, the_issue
from newsletter.desk.noting import note_issue
from newsletter.errors import Refused
from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.issues.models import Issue


@blueprint.post("/issues/<int:number>/audience")
@needs(Action.SEE_SUBSCRIBERS)
def show_audience(number: int) -> str:
    """Show some of the people of one group; posted, because that somebody looked is noted."""
    issue = the_issue(number)
    if issue.begun_at is not None:
        raise Refused(f"Issue {number} has its readers already. Its page leads to them.")
    form = typed("group", "after", "when", *choosing.FIELDS)
    group = Group(form.values["group"]) if form.values["group"] in list(Group) else Group.GETS_IT
    after = form.values["after"]
    start = int(after) if after.isascii() and after.isdecimal() and len(after) < 18 else 0
    note_issue(Deed.ISSUE_AUDIENCE_SEEN, issue, _called(group))
    db.session.commit()
    return _page(issue, group, start, form)


def _page(issue: Issue, group: Group, start: int, form: Form) -> str:
    way, chosen = choosing.way_of(form.values), choosing.carried(form.values)
    is_open = issue.state in composing.EDITABLE
    return render_template(
        "desk/issue_audience.html",
        issue=issue,
        said=announcing.announce(issue.id, audience.of(issue), "As things stand now,"),
        groups=people.groups(issue),
        group=group,
        page=people.people(issue, group, after=start),
        is_first=start == 0,
        # What was being chosen is carried from page to page, and back.
        back=choosing.path(issue.id, way, chosen) if is_open else f"/desk/issues/{issue.id}",
        carried={"when": way, **chosen},
    )


def _called(group: Group) -> str:
    return f"those of “{group.replace('-', ' ')}”"
