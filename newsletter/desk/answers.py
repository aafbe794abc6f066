"""Why readers left a list, month by month, in numbers that point at nobody."""

from datetime import date, timedelta

from flask import render_template

from newsletter import clock
from newsletter.accounts import Action
from newsletter.desk.guard import blueprint, needs, the_list
from newsletter.subscriptions import answers
from newsletter.subscriptions.answers import Answer

FEW = 5
"""Below it no number is said: among few, a colleague may guess who it was."""

YEARS = timedelta(days=2 * 365)

WORDS = {
    Answer.TOO_MANY: "Too much mail",
    Answer.NOT_FOR_ME: "Not about what they do",
    Answer.NEVER_ASKED: "Never asked for",
    Answer.ELSEWHERE: "News read elsewhere",
    Answer.OTHER: "Something else",
}


@blueprint.get("/lists/<slug>/answers")
@needs(Action.WRITE)
def show_answers(slug: str) -> str:
    """Show why readers left a list, by month; the newest first."""
    mailing_list = the_list(slug)
    since: date = (clock.now() - YEARS).date().replace(day=1)
    months = [
        (f"{month.first:%B %Y}", [_said(month.counts.get(answer, 0)) for answer in WORDS])
        for month in answers.counted(mailing_list.id, since=since)
    ]
    return render_template(
        "desk/list_answers.html",
        mailing_list=mailing_list,
        words=list(WORDS.values()),
        months=months,
        few=FEW,
    )


def _said(count: int) -> str:
    if not count:
        return "none"
    return f"{count:,}" if count >= FEW else f"fewer than {FEW}"
