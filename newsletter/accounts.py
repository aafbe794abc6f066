"""Editors, what their roles allow, their passwords, and links by which they sign in."""

import enum
import secrets
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_security.core import RoleMixin, UserMixin
from flask_security.utils import hash_password, verify_password
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from newsletter import addresses, clock, links
from newsletter.errors import DeadLink, InvalidAddress, InvalidInput, NotFound, Refused
from newsletter.extensions import Base, add_if_free, db, insert, rows_changed

PRINTED_LINK = timedelta(hours=24)
"""How long a printed sign-in link works."""

MAILED_LINK = timedelta(minutes=60)
"""How long a mailed sign-in link works: greylisting outlasts ten minutes."""

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
"""Characters; a longer text would only keep the processor busy."""

LONGEST_NAME = 120

# The hash of a text that nobody knows. Checking a password against it takes as
# long as against an editor's own, so the time does not tell who has an account (XD07).
DECOY_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$KEUoRSgl5BwD4LxXag0hJA$k48ZRZ"
    "orS/dkI9t6vYdM44/gTp6l1tZRv7q+3FJJ/5k"
)


class RoleName(enum.StrEnum):
    """What an editor may do: write; write and send; all of it and manage editors and lists."""

    AUTHOR = "author"
    EDITOR = "editor"
    ADMIN = "admin"


editor_role = sa.Table(
    "editor_role",
    Base.metadata,
    sa.Column("editor_id", sa.ForeignKey("editor.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role_id", sa.ForeignKey("role.id"), primary_key=True, index=True),
)

editor_mailing_list = sa.Table(
    "editor_mailing_list",
    Base.metadata,
    sa.Column("editor_id", sa.ForeignKey("editor.id", ondelete="CASCADE"), primary_key=True),
    # No cascade here: an editor whose only list went away would be bound to none, which means all.
    sa.Column("mailing_list_id", sa.ForeignKey("mailing_list.id"), primary_key=True, index=True),
)
"""Which lists an editor is bound to; who is bound to none may use all of them."""


class Action(enum.StrEnum):
    """What the desk can be used for; every page and button needs one of these."""

    WRITE = "write issues and library items"
    SEND = "schedule, send, stop and pause issues"
    SEE_SUBSCRIBERS = "look subscribers up and suppress addresses"
    MANAGE_LISTS = "add and change mailing lists"
    MANAGE_EDITORS = "add editors and change what they may do"


RIGHTS: Mapping[RoleName, frozenset[Action]] = {
    RoleName.AUTHOR: frozenset({Action.WRITE}),
    RoleName.EDITOR: frozenset({Action.WRITE, Action.SEND, Action.SEE_SUBSCRIBERS}),
    RoleName.ADMIN: frozenset(Action),
}
"""The whole of who may do what."""


class Role(Base, RoleMixin):
    """One of the three roles, as Flask-Security wants it: a row."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20), unique=True)


class Editor(Base, UserMixin):
    """A person who may sign in to the desk.

    The names `email`, `password`, `active`, `fs_uniquifier` and `roles` are Flask-Security's.
    """

    __tablename__ = "editor"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120), default="")
    # NULL until the first sign-in by a one-time link.
    password: Mapped[str | None] = mapped_column(sa.String(255))
    active: Mapped[bool] = mapped_column(default=True)
    # Part of every session: a new one ends them all.
    fs_uniquifier: Mapped[str] = mapped_column(
        sa.String(64), unique=True, default=lambda: secrets.token_hex(16)
    )
    zone: Mapped[str] = mapped_column(sa.String(60), default="UTC")
    created_at: Mapped[datetime]

    roles: Mapped[list[Role]] = relationship(secondary=editor_role)  # type: ignore[assignment]  # list[Role] is one

    @property
    def signature(self) -> str:
        """Who they are where no address may stand: “Edith (editor 3)”."""
        return f"{self.name} (editor {self.id})" if self.name else f"editor {self.id}"


class SignInLink(Base):
    """One mailed or printed sign-in link; it works once."""

    __tablename__ = "sign_in_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    editor_id: Mapped[int] = mapped_column(
        sa.ForeignKey("editor.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


def may(editor: Editor, action: Action) -> bool:
    """Tell whether one of the roles of `editor`, who is active, allows `action`."""
    return editor.active and any(action in RIGHTS[RoleName(role.name)] for role in editor.roles)


def bind_to_lists(editor: Editor, mailing_list_ids: Collection[int]) -> None:
    """Let the editor use these mailing lists and no other; with none named, all of them.

    Admins manage all lists, so they are never bound: raises Refused.
    """
    if mailing_list_ids and role_of(editor) is RoleName.ADMIN:
        raise Refused("An admin may use every list. Give them another role first.")
    db.session.execute(
        sa.delete(editor_mailing_list).where(editor_mailing_list.c.editor_id == editor.id)
    )
    for mailing_list_id in sorted(set(mailing_list_ids)):
        db.session.execute(
            sa.insert(editor_mailing_list).values(
                editor_id=editor.id, mailing_list_id=mailing_list_id
            )
        )


def allowed_lists(editor: Editor) -> frozenset[int] | None:
    """Return the ids of the mailing lists that the editor may use; None means all of them."""
    if role_of(editor) is RoleName.ADMIN:
        return None
    bound = db.session.scalars(
        sa.select(editor_mailing_list.c.mailing_list_id).where(
            editor_mailing_list.c.editor_id == editor.id
        )
    )
    return frozenset(bound) or None


def may_use_list(editor: Editor, mailing_list_id: int) -> bool:
    """Tell whether the editor may use this mailing list and its issues."""
    allowed = allowed_lists(editor)
    return allowed is None or mailing_list_id in allowed


def role_of(editor: Editor) -> RoleName:
    """Return the role of `editor` that allows most."""
    names = [RoleName(role.name) for role in editor.roles]
    return max(names, key=lambda name: len(RIGHTS[name]), default=RoleName.AUTHOR)


def add_editor(address: str, role: RoleName | str, name: str = "", *, now: datetime) -> Editor:
    """Add a person who may sign in; raise InvalidInput for a bad address, role or name.

    There is no password until they set one: a link from make_sign_in_link lets them in.
    """
    email = addresses.parse(address).canonical
    editor = Editor(email=email, roles=[_role(role)], created_at=now)
    change_details(editor, name=name)
    if not add_if_free(editor):
        raise InvalidInput(
            "There is an editor with this address already: change that one instead.",
            field="address",
        )
    return editor


def all_editors() -> Sequence[Editor]:
    """Return everybody who may or might sign in, by name and address."""
    question = sa.select(Editor).options(selectinload(Editor.roles))
    return db.session.scalars(question.order_by(Editor.name, Editor.email)).all()


def find_editor(address: str) -> Editor | None:
    """Return the editor with this address, in whatever spelling, or None."""
    try:
        return _by_email(addresses.parse(address).canonical)
    except InvalidAddress:
        return None


def get_editor(address: str) -> Editor:
    """Return the editor with this address; raise NotFound if there is none."""
    editor = find_editor(address)
    if editor is None:
        raise NotFound(f"There is no editor with the address “{address[:80]}”.")
    return editor


def change_details(editor: Editor, *, name: str, zone: str | None = None) -> None:
    """Change how the editor is called, and whose wall time the desk shows them."""
    text = " ".join(name.split())
    if len(text) > LONGEST_NAME:
        raise InvalidInput(f"A name has at most {LONGEST_NAME} characters.", field="name")
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        raise InvalidInput("A name has no control characters. Type it again.", field="name")
    if zone is not None:
        editor.zone = clock.zone(zone).key
    editor.name = text


def change_role(editor: Editor, role: RoleName | str) -> None:
    """Give the editor another role and end their sessions; the last admin keeps theirs."""
    new = _role(role)
    if new.name != RoleName.ADMIN:
        _keep_an_admin(editor)
    else:
        bind_to_lists(editor, ())
    editor.roles = [new]
    end_sessions(editor)
    db.session.flush()


def deactivate(editor: Editor) -> None:
    """Let the editor in no more, from this moment on; the last admin stays."""
    _keep_an_admin(editor)
    editor.active = False
    end_sessions(editor)
    # Nor by a link that was mailed before, should they be let in again one day.
    db.session.execute(sa.delete(SignInLink).where(SignInLink.editor_id == editor.id))
    db.session.flush()


def activate(editor: Editor) -> None:
    """Let a deactivated editor in again, by password or a new link."""
    editor.active = True
    db.session.flush()


def set_password(editor: Editor, password: str, *, now: datetime) -> None:
    """Set the password, end every session and kill every open sign-in link (STANDARDS XD04)."""
    text = _normal(password)
    if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD:
        raise InvalidInput(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters. "
            "Several words in a row are easy to remember and hard to guess.",
            field="password",
        )
    if text.casefold() in (editor.email.casefold(), editor.name.casefold()):
        raise InvalidInput("Your address and your name are easy to guess.", field="password")
    if len(set(text)) < 5:
        raise InvalidInput("This repeats too few characters to be safe.", field="password")
    editor.password = hash_password(text)
    end_sessions(editor)
    db.session.execute(
        sa.update(SignInLink)
        .where(SignInLink.editor_id == editor.id, SignInLink.used_at.is_(None))
        .values(used_at=now)
    )
    db.session.flush()


def password_matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` belongs to the stored hash.

    It takes the same time for None: an unknown address, or an editor without
    a password. No database is asked, so no lock needs to be held meanwhile.
    """
    known = password_hash or DECOY_HASH
    fits = verify_password(_normal(password)[:LONGEST_PASSWORD], known)
    return fits and password_hash is not None


def end_sessions(editor: Editor) -> None:
    """Sign the editor out everywhere: each session carries the value that changes here."""
    editor.fs_uniquifier = secrets.token_hex(16)


def make_sign_in_link(editor: Editor, *, now: datetime, lifetime: timedelta = PRINTED_LINK) -> str:
    """Return an address under PUBLIC_URL that signs `editor` in once, within `lifetime`."""
    if not editor.active:
        raise Refused("This editor is deactivated. Activate them first, then make a link.")
    link = SignInLink(editor_id=editor.id, expires_at=now + lifetime)
    db.session.add(link)
    db.session.flush()
    return links.SIGN_IN.url(str(link.id), now=now)


def read_sign_in_link(token: str, *, now: datetime) -> Editor:
    """Return whom the link would sign in, without using it up; raise DeadLink."""
    link = db.session.get(SignInLink, int(links.SIGN_IN.read(token, now=now)))
    if link is None or link.used_at is not None or link.expires_at <= now:
        raise DeadLink
    editor = db.session.get(Editor, link.editor_id)
    if editor is None or not editor.active:
        raise DeadLink
    return editor


def use_sign_in_link(token: str, *, now: datetime) -> Editor:
    """Use the link up and return whom it signs in; raise DeadLink, also the second time.

    One conditional UPDATE decides, so of two clicks at once exactly one gets in.
    """
    editor = read_sign_in_link(token, now=now)
    used = db.session.execute(
        sa.update(SignInLink)
        .where(
            SignInLink.id == int(links.SIGN_IN.read(token, now=now)),
            SignInLink.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if rows_changed(used) != 1:
        raise DeadLink
    return editor


def _by_email(email: str) -> Editor | None:
    return db.session.scalar(sa.select(Editor).where(Editor.email == email))


def _role(name: str) -> Role:
    if name not in set(RoleName):
        raise InvalidInput(
            f"“{name[:40]}” is not a role. Roles are {', '.join(RoleName)}.", field="role"
        )
    db.session.execute(insert(Role).values(name=RoleName(name).value).on_conflict_do_nothing())
    return db.session.scalars(sa.select(Role).where(Role.name == name)).one()


def _keep_an_admin(editor: Editor) -> None:
    admins = db.session.scalars(
        sa.select(Editor.id)
        .where(Editor.active, Editor.roles.any(Role.name == RoleName.ADMIN.value))
        .order_by(Editor.id)
        # Two admins who take each other's rights at once: the second waits, and is refused.
        .with_for_update(of=Editor)
    ).all()
    if may(editor, Action.MANAGE_EDITORS) and set(admins) <= {editor.id}:
        raise Refused(
            "This is the only admin. Make somebody else an admin first, "
            "so that somebody can still manage editors."
        )


def _normal(password: str) -> str:
    """Return the password in the one form that every keyboard's spelling of it has."""
    return unicodedata.normalize("NFKC", password)
