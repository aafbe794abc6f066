"""Asking to become a member: the wish, the mailed link that proves the address, the waiting."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter import limits, links
from newsletter.addresses import Address
from newsletter.errors import DeadLink
from newsletter.extensions import db, insert
from newsletter.membership import states
from newsletter.membership.models import OPEN, Member, MemberKind, MemberState
from newsletter.subscriptions import consent, letters, senders, suppression, unfit
from newsletter.subscriptions.consent import Wording
from newsletter.subscriptions.models import MailingList, SuppressionReason

assert links.MEMBERSHIP.lifetime is not None
KEPT_UNCONFIRMED = links.MEMBERSHIP.lifetime
"""How long an application waits for its confirmation before it is deleted."""

KEPT_OVER = timedelta(days=365)
"""How long one that was declined, or a membership that ended, is remembered."""

MAIL = "membership"
"""What the mails that applications cause are limited as, whatever they say."""

PER_NETWORK = 20
"""Applications from one /24 or /48 network in an hour."""

PER_MINUTE = 100
"""Applications from everywhere in a minute."""


@dataclass(frozen=True)
class Application:
    """What somebody typed on the form, checked."""

    kind: MemberKind
    name: str
    country: str
    address: Address
    brings: str
    website: str
    language: str


def count_request(network: str, *, now: datetime) -> None:
    """Count one application; raise TooOften when the network or everybody asks too often."""
    limits.count("membership", network, window=timedelta(hours=1), most=PER_NETWORK, now=now)
    limits.count("membership", "everybody", window=timedelta(minutes=1), most=PER_MINUTE, now=now)


def ask(
    application: Application, words: Wording, *, mailing_list: MailingList, now: datetime
) -> None:
    """Note the wish and queue the mail that fits, in the name of `mailing_list`.

    The caller learns nothing about who asked before or is a member. Asking twice before the
    link is used keeps what was typed last: whoever has the link sees it before they press.
    Raises InvalidAddress for addresses that nobody may use, whoever is a member.
    """
    unfit.refuse(application.address, own_addresses=senders.own_addresses())
    suppressed = suppression.find(application.address)
    savepoint = db.session.begin_nested()
    _note(application, consent.wording_id(words), mailing_list, now=now)
    if suppressed is None or suppressed.reason is SuppressionReason.ERASED:
        savepoint.commit()
    else:
        # The same work for who must not be written to, and then none of it.
        savepoint.rollback()


def read(token: str, *, now: datetime) -> Member:
    """Return the application that a link is for; raise DeadLink if it is dead.

    A link that was used already still names it, however it stands by now.
    """
    member = _find(token, now=now)
    if member is None:
        raise DeadLink
    if suppression.stops_sign_up(suppression.address_hmac(member.canonical)):
        raise DeadLink
    return member


def mark_of(member: Member) -> str:
    """Return by what a page remembers all that it showed of an application."""
    shown = (
        member.kind,
        member.name,
        member.country,
        member.address,
        member.website,
        member.brings,
        member.language,
        member.wording_id,
    )
    return hashlib.sha256(repr([str(one) for one in shown]).encode()).hexdigest()


def confirm(token: str, *, mark: str, ip: str | None, now: datetime) -> Member:
    """Let the application be looked at, now that its address is proved; again changes nothing.

    `mark` is of what was shown. Where somebody typed something else meanwhile it stays pending:
    nobody hands over what they have not seen.
    """
    member = read(token, now=now)
    db.session.refresh(member, with_for_update=True)
    if secrets.compare_digest(mark_of(member).encode(), mark.encode()):
        is_news = states.move(member, MemberState.WAITING, confirmed_at=now, ip=ip)
        if is_news:
            # Who is declined, or withdraws, may ask again today and needs another link.
            limits.mail_was_used(MAIL, member.canonical)
    return member


def withdraw(token: str, *, now: datetime) -> bool:
    """Delete an application that nobody decided about; False for another. Again is harmless."""
    member = _find(token, now=now)
    if member is None:
        return True
    db.session.refresh(member, with_for_update=True)
    if member.state not in (MemberState.PENDING, MemberState.WAITING):
        return False
    db.session.delete(member)
    db.session.flush()
    return True


def forget_old(*, now: datetime) -> None:
    """Delete what nobody confirmed in time, and what has been over for a year."""
    unconfirmed = sa.and_(
        Member.state == MemberState.PENDING, Member.asked_at <= now - KEPT_UNCONFIRMED
    )
    over = sa.and_(
        Member.state.in_((MemberState.DECLINED, MemberState.ENDED)),
        sa.func.coalesce(Member.ended_at, Member.decided_at) <= now - KEPT_OVER,
    )
    db.session.execute(
        sa.delete(Member)
        .where(sa.or_(unconfirmed, over))
        .execution_options(synchronize_session="fetch")
    )


def _find(token: str, *, now: datetime) -> Member | None:
    number, _, wish = links.MEMBERSHIP.read(token, now=now).partition("-")
    member = db.session.get(Member, int(number))
    is_theirs = member is not None and secrets.compare_digest(member.wish, wish)
    return member if is_theirs else None


def _note(
    application: Application, wording_id: int, mailing_list: MailingList, *, now: datetime
) -> None:
    facts = {
        "kind": application.kind,
        "name": application.name,
        "country": application.country,
        "address": application.address.spelling,
        "website": application.website,
        "brings": application.brings,
        "language": application.language,
        "wording_id": wording_id,
        "asked_at": now,
    }
    # Inserting first and asking then is the same work for every address, and two processes
    # that add the same one at once do not trip over each other.
    row = {
        **facts,
        "state": MemberState.PENDING,
        "canonical": application.address.canonical,
        "wish": secrets.token_hex(8),
    }
    db.session.execute(insert(Member).values(row).on_conflict_do_nothing())
    member = db.session.scalars(
        sa.select(Member)
        .where(Member.canonical == application.address.canonical, Member.state.in_(OPEN))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if member.state is MemberState.PENDING:
        for name, value in facts.items():
            setattr(member, name, value)
        _mail("membership", member, mailing_list, now=now, facts=_proof(member, now=now))
    else:
        standing = {
            "is_member": member.state is MemberState.ACCEPTED,
            "library_url": links.public_url("/library/"),
        }
        _mail("membership-known", member, mailing_list, now=now, facts=standing)
    db.session.flush()


def _proof(member: Member, *, now: datetime) -> dict[str, Any]:
    """Return what the mail says: nothing that was typed, which may be a stranger's text."""
    return {
        "confirm_url": links.MEMBERSHIP.url(f"{member.id}-{member.wish}", now=now),
        "days": KEPT_UNCONFIRMED.days,
        "expires_at": (now + KEPT_UNCONFIRMED).isoformat(),
    }


def _mail(
    kind: str, member: Member, mailing_list: MailingList, *, now: datetime, facts: dict[str, Any]
) -> None:
    """Queue a mail that a stranger may have caused: seldom, whoever asks how often."""
    if limits.may_mail(MAIL, member.canonical, now=now):
        letters.write_to(
            member.address, kind, member.language, mailing_list=mailing_list, now=now, facts=facts
        )
