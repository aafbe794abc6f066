"""The tables of editors, their roles, links and sessions."""

import enum
import secrets
from datetime import datetime

import sqlalchemy as sa
from flask_security.core import RoleMixin, UserMixin
from sqlalchemy.orm import Mapped, mapped_column, relationship

from newsletter.extensions import Base

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
    # What Flask-Security and passkeys know the editor by; it says nothing and never changes.
    fs_uniquifier: Mapped[str] = mapped_column(
        sa.String(64), unique=True, default=lambda: secrets.token_hex(16)
    )
    zone: Mapped[str] = mapped_column(sa.String(60), default="UTC")
    # Whether the numbers of an issue that they made come by mail after a day.
    wants_next_day: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    created_at: Mapped[datetime]
    # When they first signed in; NULL while the invitation waits for them.
    joined_at: Mapped[datetime | None]

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


class SignInWay(enum.StrEnum):
    """How somebody proved who they are when a session began."""

    PASSWORD = "password"
    LINK = "link"
    PASSKEY = "passkey"


class EditorSession(Base):
    """One browser in which an editor is signed in; when the session ends, the row goes.

    The cookie has the key, the table only its hash: who reads the table can
    open no session.
    """

    __tablename__ = "editor_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    editor_id: Mapped[int] = mapped_column(
        sa.ForeignKey("editor.id", ondelete="CASCADE"), index=True
    )
    way: Mapped[SignInWay]
    # Password or link were right, and the second factor was not asked for yet: not signed in.
    is_half: Mapped[bool] = mapped_column(default=False)
    # The codes that were tried for the other half.
    tries: Mapped[int] = mapped_column(default=0)
    # As a person would name it: “Firefox on Windows”.
    browser: Mapped[str] = mapped_column(sa.String(80), default="")
    begun_at: Mapped[datetime] = mapped_column(index=True)
    # When something was last sent, to within some minutes.
    seen_at: Mapped[datetime]
    # When they last proved who they are: what could lock the owner out asks for it again.
    proved_at: Mapped[datetime]

    editor: Mapped[Editor] = relationship()


class Authenticator(Base):
    """An editor's app that makes codes (RFC 6238), and the one that may take its place.

    The secrets are sealed: reading the table is not enough to make codes.
    """

    __tablename__ = "authenticator"

    editor_id: Mapped[int] = mapped_column(
        sa.ForeignKey("editor.id", ondelete="CASCADE"), primary_key=True
    )
    # NULL until a code of the offered secret was typed.
    secret: Mapped[str | None] = mapped_column(sa.String(300))
    added_at: Mapped[datetime | None]
    # The time step of the last code that was taken: it and those before are used up.
    last_step: Mapped[int] = mapped_column(default=0)
    offered_secret: Mapped[str | None] = mapped_column(sa.String(300))
    offered_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """One code for the day when the phone is lost; used up, its row goes."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    editor_id: Mapped[int] = mapped_column(
        sa.ForeignKey("editor.id", ondelete="CASCADE"), index=True
    )
    code_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)


class Passkey(Base):
    """A key in an editor's phone, computer or password manager, by which they sign in."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    editor_id: Mapped[int] = mapped_column(
        sa.ForeignKey("editor.id", ondelete="CASCADE"), index=True
    )
    # As the editor calls it: “Work laptop”.
    name: Mapped[str] = mapped_column(sa.String(80))
    # Base64url, as browsers write it; at most 1023 bytes (WebAuthn section 4).
    credential_id: Mapped[str] = mapped_column(sa.String(1400), unique=True)
    # COSE, as the authenticator gave it.
    public_key: Mapped[bytes]
    # It only grows; where it does not, somebody copied the key. Many never count, and say 0.
    sign_count: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PasskeyChallenge(Base):
    """What a passkey has to sign; it is answered once, and then the row goes."""

    __tablename__ = "passkey_challenge"

    challenge_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(index=True)


class AddressChange(Base):
    """Another address that an editor wants to sign in with, until the link mailed there is used."""

    __tablename__ = "address_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    # One at a time: asking again ends the one before.
    editor_id: Mapped[int] = mapped_column(
        sa.ForeignKey("editor.id", ondelete="CASCADE"), unique=True
    )
    address: Mapped[str] = mapped_column(sa.String(254))
    asked_at: Mapped[datetime]
