"""Signing in, by password or by a one-time link, and signing out."""

from http import HTTPStatus

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import accounts, addresses, clock
from newsletter.accounts import SignInWay, passkeys
from newsletter.audit import Deed
from newsletter.desk import browser_session, guessing
from newsletter.desk.arriving import arrive, within_the_desk
from newsletter.desk.guard import PUBLIC, SIGNED_IN, blueprint, needs, signed_in_editor, the_editor
from newsletter.desk.mailing import mail_sign_in_link
from newsletter.desk.noting import note
from newsletter.errors import DeadLink
from newsletter.extensions import db


@blueprint.get("/sign-in")
@needs(PUBLIC)
def show_sign_in() -> str | Response:
    """Ask for address and password, or offer a link by mail."""
    if signed_in_editor() is not None:
        return redirect(within_the_desk(request.args.get("next", "")))
    return _sign_in_page(next_page=request.args.get("next", ""))


@blueprint.post("/sign-in")
@needs(PUBLIC)
def sign_in() -> Response | tuple[str, int]:
    """Sign in by password; a wrong one and an unknown address get the same answer."""
    address = request.form.get("address", "")[: addresses.MAX_OCTETS]
    password = request.form.get("password", "")
    now = clock.now()
    editor = accounts.find_editor(address)
    guessing.count_password(address, editor, now=now)
    # The count stands whatever follows, and nobody waits for a lock while argon2 works.
    db.session.commit()
    known_hash = editor.password if editor is not None and editor.active else None
    db.session.rollback()
    fits = accounts.password_matches(known_hash, password)
    if editor is None or not fits:
        page = _sign_in_page(
            address=address,
            next_page=request.form.get("next", ""),
            error="Address and password do not belong together. Type both again, "
            "or have a one-time link mailed.",
        )
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    next_page = request.form.get("next", "")
    return arrive(editor, SignInWay.PASSWORD, next_page=next_page, now=now)


@blueprint.post("/sign-in-link")
@needs(PUBLIC)
def ask_for_link() -> str:
    """Mail a one-time link, if an editor has this address; the answer is always the same."""
    address = request.form.get("address", "")[: addresses.MAX_OCTETS]
    now = clock.now()
    editor = accounts.find_editor(address)
    guessing.count_link_asked(editor, now=now)
    if editor is not None and editor.active and guessing.may_mail_link(editor, now=now):
        mail_sign_in_link(editor, lifetime=accounts.MAILED_LINK, now=now)
    db.session.commit()
    # As long as a password takes: a row more or less in the database cannot be heard (XD07).
    accounts.password_matches(None, address)
    return render_template("desk/link_mailed.html", address=address)


@blueprint.get("/sign-in/<token>")
@needs(PUBLIC)
def show_link(token: str) -> str | tuple[str, int]:
    """Show one button: a mail scanner that opens the link signs nobody in."""
    try:
        editor = accounts.read_sign_in_link(token, now=clock.now())
    except DeadLink:
        return _dead_link_page()
    return render_template("desk/sign_in_link.html", editor=editor, link_token=token)


@blueprint.post("/sign-in/<token>")
@needs(PUBLIC)
def use_link(token: str) -> Response | tuple[str, int]:
    """Sign in by a one-time link, then offer to set a password."""
    now = clock.now()
    try:
        editor = accounts.use_sign_in_link(token, now=now)
    except DeadLink:
        db.session.rollback()
        return _dead_link_page()
    next_page = "/desk/account/password" if editor.password is None else "/desk/"
    return arrive(editor, SignInWay.LINK, next_page=next_page, now=now)


@blueprint.post("/sign-out")
@needs(SIGNED_IN)
def sign_out() -> Response:
    """End this session."""
    note(Deed.EDITOR_SIGNED_OUT, the_editor().id)
    browser_session.end()
    db.session.commit()
    return redirect("/desk/sign-in", code=303)


def _sign_in_page(*, address: str = "", next_page: str = "", error: str = "") -> str:
    return render_template(
        "desk/sign_in.html",
        address=address,
        next_page=within_the_desk(next_page),
        error=error,
        passkeys_are_possible=passkeys.are_possible(),
    )


def _dead_link_page() -> tuple[str, int]:
    return render_template("desk/dead_link.html"), HTTPStatus.NOT_FOUND
