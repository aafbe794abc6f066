"""Recovery codes: ten for the day when the phone is lost, each of which works once."""

import hashlib
import hmac
import secrets
import unicodedata

import sqlalchemy as sa

from newsletter import links
from newsletter.accounts.models import Editor, RecoveryCode
from newsletter.extensions import db, rows_changed

HOW_MANY = 10

# Without i, l, o and u: whoever copies by hand takes them for others.
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 12
_MISREAD = str.maketrans("ilo", "110")


def renew(editor: Editor) -> list[str]:
    """Make ten new codes, which end the old ones, and return them: nobody can read them again."""
    forget(editor)
    codes = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(HOW_MANY)]
    key = links.signing_keys()[-1]
    db.session.add_all(
        RecoveryCode(editor_id=editor.id, code_hash=_hash(editor, code, key)) for code in codes
    )
    db.session.flush()
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


def use(editor: Editor, typed: str) -> bool:
    """Use up a code; False if it is none of the editor's, or was used before."""
    code = _normal(typed)
    hashes = [_hash(editor, code, key) for key in links.signing_keys()]
    used = db.session.execute(
        sa.delete(RecoveryCode)
        .where(RecoveryCode.editor_id == editor.id, RecoveryCode.code_hash.in_(hashes))
        .execution_options(synchronize_session=False)
    )
    return rows_changed(used) == 1


def left(editor: Editor) -> int:
    """Return how many codes the editor has left."""
    question = sa.select(sa.func.count(RecoveryCode.id))
    return db.session.scalar(question.where(RecoveryCode.editor_id == editor.id)) or 0


def forget(editor: Editor) -> None:
    """End all codes of the editor."""
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.editor_id == editor.id))


def _normal(typed: str) -> str:
    """Return a code as it was made, however it was copied."""
    text = unicodedata.normalize("NFKC", typed[:80]).casefold()
    return "".join(letter for letter in text if letter.isalnum()).translate(_MISREAD)


def _hash(editor: Editor, code: str, key: str) -> str:
    """Return the keyed hash under which a code is kept; sixty random bits need no slow one."""
    words = f"recovery code\n{editor.id}\n{code}".encode()
    return hmac.new(key.encode(), words, hashlib.sha256).hexdigest()
