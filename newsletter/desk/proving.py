"""Proving again who one is, before what could lock the owner of the account out."""

from http import HTTPStatus

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import accounts, clock
from newsletter.accounts import Editor, passkeys, second_factors
from newsletter.desk import guessing
from newsletter.desk.arriving import within_the_desk
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import SIGNED_IN, blueprint, needs, the_editor, the_session
from newsletter.extensions import db


@blueprint.get("/account/proof")
@needs(SIGNED_IN)
def show_proof() -> str:
    """Ask for the password, or for a code of the app."""
    return _page(Form({"next": within_the_desk(request.args.get("next", ""))}))


@blueprint.post("/account/proof")
@needs(SIGNED_IN)
def prove() -> Response | tuple[str, int]:
    """Take a password or a code as proof, and go on to the page that asked for it."""
    editor, form = the_editor(), typed("password", "code", "next")
    field = "code" if form.values["code"] else "password"
    fits = _code_fits(editor, form) if field == "code" else _password_fits(editor, form)
    if not fits:
        db.session.rollback()
        sentences = {
            "password": "This is not your password. Type it again.",
            "code": "This is not the code of now, or it was used before. Wait for the next one.",
        }
        again = Form({"next": form.values["next"]}, errors={field: sentences[field]})
        return _page(again), HTTPStatus.UNPROCESSABLE_ENTITY
    the_session().proved_at = clock.now()
    db.session.commit()
    return redirect(within_the_desk(form.values["next"]), code=303)


def _password_fits(editor: Editor, form: Form) -> bool:
    known_hash = editor.password
    guessing.count_proof(editor, now=clock.now())
    # The count stands whatever follows, and nobody waits for a lock while argon2 works.
    db.session.commit()
    return accounts.password_matches(known_hash, form.values["password"])


def _code_fits(editor: Editor, form: Form) -> bool:
    guessing.count_code(editor, now=clock.now())
    db.session.commit()
    return second_factors.take_code(editor, form.values["code"], now=clock.now())


def _page(form: Form) -> str:
    editor = the_editor()
    form.values = {"next": "/desk/account/", **form.values, "password": "", "code": ""}
    return render_template(
        "desk/proof.html",
        form=form,
        has_factor=second_factors.has_second_factor(editor),
        has_passkeys=bool(passkeys.passkeys_of(editor)),
    )
