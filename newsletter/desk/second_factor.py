"""An editor's own second factor: setting it up with a code, recovery codes, taking it away."""

import logging

import segno
from flask import flash, redirect, render_template
from markupsafe import Markup
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Editor, one_time_codes, recovery_codes, second_factors
from newsletter.audit import Deed
from newsletter.desk.alerts import Alert, mail_alert
from newsletter.desk.forms import Form, show_again, typed
from newsletter.desk.guard import SIGNED_IN, blueprint, needs, the_editor
from newsletter.desk.noting import note
from newsletter.errors import Refused
from newsletter.extensions import db

log = logging.getLogger(__name__)

PAGE = "/desk/account/second-factor"
ISSUER = "Stay Informed"


@blueprint.get("/account/second-factor")
@needs(SIGNED_IN, proof=True)
def show_second_factor() -> str:
    """Show whether a second factor is set, and the code of one that is being set up."""
    return render_template("desk/second_factor.html", form=Form({}), **_facts(the_editor()))


@blueprint.post("/account/second-factor/offer")
@needs(SIGNED_IN, proof=True)
def offer_second_factor() -> Response:
    """Make a secret for an app; nothing changes before a code of it was typed."""
    second_factors.offer(the_editor(), now=clock.now())
    db.session.commit()
    return redirect(PAGE, code=303)


@blueprint.post("/account/second-factor/confirm")
@needs(SIGNED_IN, proof=True)
def confirm_second_factor() -> str | tuple[str, int]:
    """Let the new app count, and show the recovery codes, this once."""
    editor, form, now = the_editor(), typed("code"), clock.now()
    with form.checking():
        second_factors.confirm(editor, form.values["code"], now=now)
    if form.errors:
        return show_again("desk/second_factor.html", form, **_facts(editor))
    codes = recovery_codes.renew(editor)
    note(Deed.EDITOR_FACTOR_ADDED, editor.id, "an app that makes codes")
    mail_alert(editor, Alert.FACTOR_ADDED, now=now)
    db.session.commit()
    log.info("editor %s set up a second factor", editor.id)
    return _codes_page(codes, is_new=True)


@blueprint.post("/account/second-factor/recovery-codes")
@needs(SIGNED_IN, proof=True)
def renew_recovery_codes() -> str:
    """Make ten new recovery codes and show them, this once; the old ones end."""
    editor, now = the_editor(), clock.now()
    if not second_factors.has_second_factor(editor):
        raise Refused("Recovery codes belong to a second factor. Set that up first.")
    codes = recovery_codes.renew(editor)
    note(Deed.EDITOR_FACTOR_ADDED, editor.id, "new recovery codes")
    mail_alert(editor, Alert.CODES_RENEWED, now=now)
    db.session.commit()
    return _codes_page(codes, is_new=False)


@blueprint.post("/account/second-factor/remove")
@needs(SIGNED_IN, proof=True)
def remove_second_factor() -> Response:
    """Ask for no code any more."""
    editor, now = the_editor(), clock.now()
    if second_factors.has_second_factor(editor):
        second_factors.remove(editor)
        note(Deed.EDITOR_FACTOR_REMOVED, editor.id, "the app that makes codes")
        mail_alert(editor, Alert.FACTOR_REMOVED, now=now)
        log.warning("alert: editor %s removed their second factor", editor.id)
    db.session.commit()
    flash("No code is asked for any more when you sign in.")
    return redirect("/desk/account/", code=303)


def _facts(editor: Editor) -> dict[str, object]:
    secret = second_factors.offered_secret(editor, now=clock.now())
    return {
        "added_at": second_factors.added_at(editor),
        "codes_left": recovery_codes.left(editor),
        "secret": one_time_codes.in_groups(secret) if secret else "",
        "picture": _picture(secret, editor) if secret else "",
    }


def _picture(secret: str, editor: Editor) -> Markup:
    """Return the QR code as SVG within the page: dark on light in either colour scheme."""
    text = one_time_codes.address_for_apps(secret, account=editor.email, issuer=ISSUER)
    return Markup(segno.make(text, error="m").svg_inline(scale=4, border=4, light="#fff"))


def _codes_page(codes: list[str], *, is_new: bool) -> str:
    return render_template("desk/recovery_codes.html", codes=codes, is_new=is_new)
