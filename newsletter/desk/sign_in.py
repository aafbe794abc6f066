"""Signing in, by password or by a one-time link, and signing out."""

import logging
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import accounts, addresses, clock, limits
from newsletter.accounts import Editor, SignInWay
from newsletter.audit import Deed
from newsletter.desk import presence
from newsletter.desk.guard import PUBLIC, SIGNED_IN, blueprint, needs, signed_in_editor
from newsletter.desk.mailing import mail_sign_in_link
from newsletter.desk.noting import note
from newsletter.errors import DeadLink, InvalidAddress, TooOften
from newsletter.extensions import db
from newsletter.web import client_network

log = logging.getLogger(__name__)

ATTEMPTS = (
    (timedelta(minutes=1), 10),
    (timedelta(hours=1), 40),
    (timedelta(days=1), 100),
)
"""How many passwords are tried, per account and per network: the wait grows (STANDARDS XD05)."""

LINKS_MAILED = ((timedelta(hours=1), 5), (timedelta(days=1), 20))
"""How many one-time links are mailed to one address."""

LINKS_ASKED = ((timedelta(hours=1), 30),)
"""How many one-time links one network asks for."""

_WITHIN_THE_DESK = re.compile(r"/desk/[A-Za-z0-9/._~?=&%+-]*\Z")


@blueprint.get("/sign-in")
@needs(PUBLIC)
def show_sign_in() -> str | Response:
    """Ask for address and password, or offer a link by mail."""
    if signed_in_editor() is not None:
        return redirect(_next(request.args.get("next", "")))
    return _sign_in_page(next_page=request.args.get("next", ""))


@blueprint.post("/sign-in")
@needs(PUBLIC)
def sign_in() -> Response | tuple[str, int]:
    """Sign in by password; a wrong one and an unknown address get the same answer."""
    address = request.form.get("address", "")[: addresses.MAX_OCTETS]
    password = request.form.get("password", "")
    now = clock.now()
    _count_attempt(address, now=now)
    # The count stands whatever follows, and nobody waits for a lock while argon2 works.
    db.session.commit()
    editor = accounts.find_editor(address)
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
    _begin_session(editor, SignInWay.PASSWORD, now=now)
    return redirect(_next(request.form.get("next", "")), code=303)


@blueprint.post("/sign-in-link")
@needs(PUBLIC)
def ask_for_link() -> str:
    """Mail a one-time link, if an editor has this address; the answer is always the same."""
    address = request.form.get("address", "")[: addresses.MAX_OCTETS]
    now = clock.now()
    _count("sign-in link network", client_network(), LINKS_ASKED, now=now)
    editor = accounts.find_editor(address)
    if editor is not None and editor.active and _may_mail_link(address, now=now):
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
    _begin_session(editor, SignInWay.LINK, now=now)
    return redirect("/desk/account/password" if editor.password is None else "/desk/", code=303)


@blueprint.post("/sign-out")
@needs(SIGNED_IN)
def sign_out() -> Response:
    """End this session."""
    presence.end()
    db.session.commit()
    return redirect("/desk/sign-in", code=303)


def _count_attempt(address: str, *, now: datetime) -> None:
    try:
        _count("sign-in account", _account_key(address), ATTEMPTS, now=now)
        _count("sign-in network", client_network(), ATTEMPTS, now=now)
    except TooOften as exc:
        log.warning("sign-in to %s held up: too many attempts", addresses.hide(address))
        raise TooOften(
            "Too many passwords were tried. Wait a while, or go back and have a one-time "
            "link mailed.",
            retry_after=exc.retry_after,
        ) from exc


def _may_mail_link(address: str, *, now: datetime) -> bool:
    """Count a link to `address`; too many are not sent, and the page does not say so."""
    try:
        _count("sign-in link address", _account_key(address), LINKS_MAILED, now=now)
    except TooOften:
        log.warning("sign-in link to %s not mailed: too many", addresses.hide(address))
        return False
    return True


def _count(what: str, who: str, steps: Sequence[tuple[timedelta, int]], *, now: datetime) -> None:
    for window, most in steps:
        # At midnight a minute, an hour and a day begin together: each has its own counter.
        limits.count(f"{what} {window}", who, window=window, most=most, now=now)


def _account_key(address: str) -> str:
    """Return the same key for every spelling of an address, known or not."""
    try:
        return addresses.parse(address).canonical
    except InvalidAddress:
        return address.strip().lower()


def _begin_session(editor: Editor, way: SignInWay, *, now: datetime) -> None:
    presence.begin(editor, way, now=now)
    note(Deed.EDITOR_SIGNED_IN, editor.id, way, by=editor)
    db.session.commit()
    log.info("editor %s signed in by %s", editor.id, way)


def _next(page: str) -> str:
    """Return the page asked for, if it is one of the desk's; never an address elsewhere."""
    return page if _WITHIN_THE_DESK.match(page) and ".." not in page else "/desk/"


def _sign_in_page(*, address: str = "", next_page: str = "", error: str = "") -> str:
    return render_template(
        "desk/sign_in.html", address=address, next_page=_next(next_page), error=error
    )


def _dead_link_page() -> tuple[str, int]:
    return render_template("desk/dead_link.html"), HTTPStatus.NOT_FOUND
