"""How often somebody may guess: passwords, codes, and links that are asked for.

Tries are counted for the account, wherever they come from, and for the network. Who guesses at
an account, or asks for links, holds nobody up in a browser that its editor signed in with before.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from newsletter import addresses, limits
from newsletter.accounts import Editor
from newsletter.desk import known_browsers
from newsletter.errors import InvalidAddress, TooOften
from newsletter.web import client_network

log = logging.getLogger(__name__)

Steps = Sequence[tuple[timedelta, int]]

ATTEMPTS: Steps = (
    (timedelta(minutes=1), 10),
    (timedelta(hours=1), 40),
    (timedelta(days=1), 100),
)
"""How many passwords or codes are tried: the wait grows (STANDARDS XD05)."""

PROOFS: Steps = ((timedelta(hours=1), 10),)
"""How often a borrowed desk may try to prove that it is its editor's."""

LINKS_MAILED: Steps = ((timedelta(hours=1), 5), (timedelta(days=1), 20))
"""How many one-time links are mailed to one address for one network, or one known browser."""

LINKS_MAILED_IN_ALL: Steps = ((timedelta(hours=1), 20), (timedelta(days=1), 60))
"""How many are mailed to one address for all the networks together that are not known."""

LINKS_ASKED: Steps = ((timedelta(hours=1), 30),)
"""How many one-time links one network, or one known browser, asks for."""

PASSKEYS_ASKED: Steps = ((timedelta(minutes=1), 30), (timedelta(hours=1), 300))
"""How many sign-ins by passkey one network begins: it cannot guess, but each keeps a row."""


PASSWORDS = (
    "Too many passwords were tried. Wait a while, or go back and have a one-time link mailed."
)
CODES = "Too many codes were tried. Wait a while, or use a recovery code or a passkey."
RECOVERY_CODES = "Too many recovery codes were tried. Wait a while, then try again."
TRIES = "Too many passwords were tried. Wait a while, then try again."
"""What is said to who tried too many."""


def count_password(address: str, editor: Editor | None, *, now: datetime) -> None:
    """Count a password that is tried for an address, known or not; raise TooOften."""
    try:
        if known := _who(editor):
            _count("sign-in", known, ATTEMPTS, now=now, sentence=PASSWORDS)
        else:
            account = f"account {_account_key(address)}"
            _count("sign-in", account, ATTEMPTS, now=now, sentence=PASSWORDS)
            _count("sign-in network", client_network(), ATTEMPTS, now=now, sentence=PASSWORDS)
    except TooOften:
        log.warning("alert: sign-in to %s held up, too many attempts", addresses.hide(address))
        raise


def count_code(editor: Editor, *, now: datetime) -> None:
    """Count a code of an app that is tried for an editor; raise TooOften."""
    try:
        who = _who(editor) or f"editor {editor.id}"
        _count("code", who, ATTEMPTS, now=now, sentence=CODES)
    except TooOften:
        log.warning("alert: codes of editor %s held up, too many attempts", editor.id)
        raise


def count_recovery_code(editor: Editor, *, now: datetime) -> None:
    """Count a recovery code that is tried for an editor, apart from other codes."""
    who = _who(editor) or f"editor {editor.id}"
    _count("recovery code", who, ATTEMPTS, now=now, sentence=RECOVERY_CODES)


def count_proof(editor: Editor, *, now: datetime) -> None:
    """Count a password that is tried at the desk of who is signed in; raise TooOften."""
    _count("proof", str(editor.id), PROOFS, now=now, sentence=TRIES)


def count_link_asked(editor: Editor | None, *, now: datetime) -> None:
    """Count a one-time link that is asked for; raise TooOften for a network that asks a lot."""
    _count("sign-in link network", _who(editor) or client_network(), LINKS_ASKED, now=now)


def count_passkey_asked(*, now: datetime) -> None:
    """Count a sign-in by passkey that begins; raise TooOften for a network that begins many."""
    _count("passkey network", client_network(), PASSKEYS_ASKED, now=now)


def may_mail_link(editor: Editor, *, now: datetime) -> bool:
    """Count a link to an editor; too many are not sent, and the page does not say so.

    Strangers use up what their own network may have, and at worst what all unknown networks
    may have together; never what the editor may have in a browser that they know.
    """
    known = _who(editor)
    try:
        if known:
            _count("sign-in link", known, LINKS_MAILED, now=now)
        else:
            number = str(editor.id)
            _count("sign-in link", f"{number} {client_network()}", LINKS_MAILED, now=now)
            _count("sign-in link address", number, LINKS_MAILED_IN_ALL, now=now)
    except TooOften:
        log.warning("alert: sign-in link to editor %s not mailed, too many", editor.id)
        return False
    return True


def _who(editor: Editor | None) -> str:
    """Return the browser, if it is one that the editor signed in with before."""
    number = known_browsers.number_here(editor)
    return f"browser {number}" if number else ""


def _count(
    what: str, who: str, steps: Steps, *, now: datetime, sentence: str = limits.OF_A_NETWORK
) -> None:
    for window, most in steps:
        # At midnight a minute, an hour and a day begin together: each has its own counter.
        limits.count(f"{what} {window}", who, window=window, most=most, now=now, sentence=sentence)


def _account_key(address: str) -> str:
    """Return the same key for every spelling of an address, known or not."""
    try:
        return addresses.parse(address).canonical
    except InvalidAddress:
        return address.strip().lower()
