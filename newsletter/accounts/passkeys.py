"""Passkeys (WebAuthn): keys in editors' own devices, which sign in without a password.

A passkey counts as two factors: the device, and the finger, face or PIN that it asks for
("user verification", which is required). What browsers answer is checked by py_webauthn.
"""

import ipaddress
import logging
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
import webauthn
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from flask import current_app
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from newsletter import inputs
from newsletter.accounts import challenges
from newsletter.accounts.models import Editor, Passkey
from newsletter.errors import InvalidInput, NotFound, Refused
from newsletter.extensions import add_if_free, db, rows_changed

log = logging.getLogger(__name__)

MOST = 20
"""Passkeys that one editor may have."""

LONGEST_NAME = 80
LONGEST_ANSWER = 20_000
"""Characters of the longest answer of a browser that is read at all."""

REFUSED = "This passkey was not accepted. Try again, or sign in another way."
"""The one sentence for all that can be wrong: which it is helps only who forges."""

# What an answer that is damaged or made up on purpose makes the library raise.
_DAMAGE = (
    WebAuthnException,
    InvalidSignature,
    UnsupportedAlgorithm,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


def are_possible() -> bool:
    """Tell whether browsers make passkeys for this installation: a named host, over TLS.

    An address of numbers cannot have any (WebAuthn section 5.1.2); localhost may.
    """
    host = str(current_app.config["PUBLIC_HOST"])
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _origin().startswith("https:") or host == "localhost"
    return False


def registration_options(editor: Editor, *, now: datetime) -> tuple[str, bytes]:
    """Return what a browser needs to make a passkey, as JSON, and the challenge in it."""
    if len(passkeys_of(editor)) >= MOST:
        raise Refused(f"You have {MOST} passkeys. Remove one that you do not use any more.")
    challenge = challenges.new_challenge(now=now)
    options = webauthn.generate_registration_options(
        rp_id=_host(),
        rp_name="Stay Informed",
        user_id=_handle(editor),
        user_name=editor.email,
        user_display_name=editor.name or editor.email,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(editor),
    )
    return webauthn.options_to_json(options), challenge


def add_passkey(
    editor: Editor, answer: str, challenge: bytes, *, name: str, now: datetime
) -> Passkey:
    """Keep the passkey that a browser made; raise InvalidInput if it is not as it should be."""
    title = inputs.one_line(name, field="name", most=LONGEST_NAME)
    if not challenges.use_up(challenge, now=now) or len(answer) > LONGEST_ANSWER:
        raise InvalidInput(REFUSED)
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_host(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
    except _DAMAGE as exc:
        log.warning("a passkey of editor %s was refused: %r", editor.id, exc)
        raise InvalidInput(REFUSED) from exc
    passkey = Passkey(
        editor_id=editor.id,
        name=title or "Passkey",
        credential_id=bytes_to_base64url(made.credential_id),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        added_at=now,
    )
    if not add_if_free(passkey):
        raise InvalidInput("This device has a passkey for the desk already.")
    return passkey


def sign_in_options(*, now: datetime, editor: Editor | None = None) -> tuple[str, bytes]:
    """Return what a browser needs to find a passkey, as JSON, and the challenge in it.

    Without `editor` it says nothing about who has an account: the device knows its keys.
    """
    challenge = challenges.new_challenge(now=now)
    options = webauthn.generate_authentication_options(
        rp_id=_host(),
        challenge=challenge,
        allow_credentials=_descriptors(editor) if editor else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options), challenge


def recognise(answer: str, challenge: bytes, *, now: datetime) -> Passkey:
    """Return the passkey that signed the challenge; raise InvalidInput for any other answer."""
    if not challenges.use_up(challenge, now=now) or len(answer) > LONGEST_ANSWER:
        raise InvalidInput(REFUSED)
    try:
        passkey = _verified(answer, challenge, now=now)
    except _DAMAGE as exc:
        log.warning("a sign-in by passkey was refused: %r", exc)
        raise InvalidInput(REFUSED) from exc
    return passkey


def passkeys_of(editor: Editor) -> Sequence[Passkey]:
    """Return the passkeys of an editor, the oldest first."""
    question = sa.select(Passkey).where(Passkey.editor_id == editor.id)
    return db.session.scalars(question.order_by(Passkey.id)).all()


def count_by_editor() -> dict[int, int]:
    """Return how many passkeys each editor has who has any."""
    question = sa.select(Passkey.editor_id, sa.func.count()).group_by(Passkey.editor_id)
    return {editor_id: count for editor_id, count in db.session.execute(question)}


def get_passkey(editor: Editor, number: int) -> Passkey:
    """Return one of the editor's passkeys; raise NotFound for another's."""
    passkey = db.session.get(Passkey, number)
    if passkey is None or passkey.editor_id != editor.id:
        raise NotFound("There is no such passkey.")
    return passkey


def rename(passkey: Passkey, name: str) -> None:
    """Call a passkey something else."""
    title = inputs.one_line(name, field="name", most=LONGEST_NAME)
    if not title:
        raise InvalidInput("Enter a name, so that you know it from others.", field="name")
    passkey.name = title


def remove(passkey: Passkey) -> None:
    """Let nobody sign in by this passkey any more."""
    db.session.delete(passkey)
    db.session.flush()


def remove_all(editor: Editor) -> None:
    """Let nobody sign in by any passkey of this editor."""
    db.session.execute(sa.delete(Passkey).where(Passkey.editor_id == editor.id))


def _verified(answer: str, challenge: bytes, *, now: datetime) -> Passkey:
    parsed = webauthn.helpers.parse_authentication_credential_json(answer)
    found = db.session.execute(
        sa.select(Passkey, Editor)
        .join(Editor, Editor.id == Passkey.editor_id)
        .where(Passkey.credential_id == bytes_to_base64url(parsed.raw_id), Editor.active)
    ).first()
    if found is None:
        raise LookupError("nobody has this passkey")
    passkey, editor = found
    if parsed.response.user_handle not in (None, _handle(editor)):
        raise LookupError("it says that it is somebody else's")
    made = webauthn.verify_authentication_response(
        credential=parsed,
        expected_challenge=challenge,
        expected_rp_id=_host(),
        expected_origin=_origin(),
        credential_public_key=passkey.public_key,
        credential_current_sign_count=passkey.sign_count,
        require_user_verification=True,
    )
    counted = db.session.execute(
        sa.update(Passkey)
        .where(Passkey.id == passkey.id, Passkey.sign_count == passkey.sign_count)
        .values(sign_count=made.new_sign_count, used_at=now)
    )
    if rows_changed(counted) != 1:
        raise LookupError("it was used somewhere else at the same time")
    return passkey


def _descriptors(editor: Editor) -> list[PublicKeyCredentialDescriptor]:
    known = passkeys_of(editor)
    return [PublicKeyCredentialDescriptor(base64url_to_bytes(one.credential_id)) for one in known]


def _handle(editor: Editor) -> bytes:
    """Return by what an authenticator knows the editor: it says nothing and never changes."""
    return editor.fs_uniquifier.encode()


def _host() -> str:
    return str(current_app.config["PUBLIC_HOST"])


def _origin() -> str:
    return str(current_app.config["PUBLIC_URL"])
