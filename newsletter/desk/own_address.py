"""The address that an editor signs in with: asking for another, confirming it from there."""

import logging
from datetime import timedelta
from http import HTTPStatus

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import addresses, clock, limits
from newsletter.accounts import address_changes
from newsletter.audit import Deed
from newsletter.desk.alerts import Alert, mail_alert
from newsletter.desk.forms import Form, show_again, typed
from newsletter.desk.guard import PUBLIC, SIGNED_IN, blueprint, needs, the_editor
from newsletter.desk.mailing import mail_change_of_address
from newsletter.desk.noting import note
from newsletter.errors import DeadLink
from newsletter.extensions import db

log = logging.getLogger(__name__)

ASKED_AN_HOUR = 5
"""How many links an editor may have mailed to addresses that are not theirs yet."""


@blueprint.get("/account/address")
@needs(SIGNED_IN, proof=True)
def show_address() -> str:
    """Ask for another address."""
    return render_template("desk/own_address.html", form=Form({"address": ""}))


@blueprint.post("/account/address")
@needs(SIGNED_IN, proof=True)
def ask_for_address() -> Response | tuple[str, int]:
    """Mail a link to the new address and tell the old one; nothing changes before it is used."""
    editor, form, now = the_editor(), typed("address"), clock.now()
    limits.count(
        "change of address",
        str(editor.id),
        window=timedelta(hours=1),
        most=ASKED_AN_HOUR,
        now=now,
        sentence=f"You asked {ASKED_AN_HOUR} times within the hour. Look for the link that was "
        "mailed, or wait for the next hour.",
    )
    with form.checking():
        wanted = addresses.parse(form.values["address"])
        url = address_changes.ask(editor, form.values["address"], now=now)
    if form.errors:
        return show_again("desk/own_address.html", form)
    if url is not None:
        mail_change_of_address(wanted.spelling, url, now=now)
    mail_alert(editor, Alert.ADDRESS_ASKED, addresses.hide(wanted.spelling), now=now)
    db.session.commit()
    log.warning("alert: editor %s asked for another address", editor.id)
    flash(f"Open the link that is on its way to {wanted.spelling}. Until then nothing changes.")
    return redirect("/desk/account/", code=303)


@blueprint.get("/sign-in/address/<token>")
@needs(PUBLIC)
def show_change(token: str) -> str | tuple[str, int]:
    """Show one button: a mail scanner that opens the link changes nothing."""
    try:
        editor, address = address_changes.read(token, now=clock.now())
    except DeadLink:
        return _dead_link()
    return render_template(
        "desk/address_change.html", editor=editor, address=address, link_token=token
    )


@blueprint.post("/sign-in/address/<token>")
@needs(PUBLIC)
def confirm_change(token: str) -> Response | tuple[str, int]:
    """Let the new address count, and tell the old one."""
    now = clock.now()
    try:
        editor, old = address_changes.confirm(token, now=now)
    except DeadLink:
        db.session.rollback()
        return _dead_link()
    note(Deed.EDITOR_CHANGED, editor.id, "the address", by=editor)
    mail_alert(editor, Alert.ADDRESS_CHANGED, addresses.hide(editor.email), to=old, now=now)
    address = editor.email
    db.session.commit()
    log.warning("alert: the address of editor %s has changed", editor.id)
    flash(f"You sign in as {address} from now on.")
    return redirect("/desk/account/", code=303)


def _dead_link() -> tuple[str, int]:
    return render_template("desk/dead_address_link.html"), HTTPStatus.NOT_FOUND
