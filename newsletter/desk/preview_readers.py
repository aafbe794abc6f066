"""Looking at an issue as one reader, whose address stands in no history and no log."""

from http import HTTPStatus

from flask import redirect
from werkzeug.wrappers import Response

from newsletter import addresses
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.audit.deeds import NOBODY
from newsletter.desk import chosen_reader, looks
from newsletter.desk.forms import typed
from newsletter.desk.guard import blueprint, my_lists, needs, the_issue
from newsletter.desk.noting import note_issue
from newsletter.desk.previews import preview_page
from newsletter.errors import InvalidAddress, NotFound
from newsletter.extensions import db
from newsletter.subscriptions.standing import standing


@blueprint.post("/issues/<int:number>/preview/reader")
@needs(Action.SEE_SUBSCRIBERS)
def choose_reader(number: int) -> Response:
    """Show the issue as the reader with the posted address would get it."""
    issue, look, form = the_issue(number), looks.asked(number), typed("address")
    subscriber = None
    try:
        found = standing(addresses.parse(form.values["address"]), lists=my_lists())
        subscriber = found.subscriber
        if subscriber is None:
            form.errors["address"] = "Nobody reads at this address, and it is never mailed."
    except (InvalidAddress, NotFound) as exc:
        form.errors["address"] = str(exc)
    # Who tries one address after the other is seen, too.
    note_issue(Deed.ISSUE_SEEN_AS, issue, f"subscriber {subscriber.id}" if subscriber else NOBODY)
    db.session.commit()
    if subscriber is None:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return preview_page(issue, look, reader_form=form, status=status)
    chosen_reader.choose(subscriber)
    return redirect(look.page(reader=looks.CHOSEN, language=""), code=303)


@blueprint.post("/issues/<int:number>/preview/nobody")
@needs(Action.SEE_SUBSCRIBERS)
def forget_reader(number: int) -> Response:
    """Look as nobody in particular again."""
    the_issue(number)
    chosen_reader.forget()
    return redirect(looks.asked(number).page(reader=""), code=303)
