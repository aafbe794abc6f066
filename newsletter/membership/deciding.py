"""Accepting and declining applications, and how a membership ends."""

from collections.abc import Mapping
from datetime import datetime

from newsletter import addresses, links
from newsletter.accounts import Editor
from newsletter.addresses import Address
from newsletter.errors import NotFound, Refused
from newsletter.extensions import db
from newsletter.marking import marked
from newsletter.membership import asking, audience, facts, states
from newsletter.membership.models import Member, MemberState
from newsletter.subscriptions import admitting, consent, letters, lists, suppression, unsubscribing
from newsletter.subscriptions.admitting import Proof
from newsletter.subscriptions.consent import SUBSCRIBER, Origin, Wording
from newsletter.subscriptions.models import (
    EndedReason,
    MailingList,
    Source,
    Subscriber,
    Subscription,
)

PAGE = "/members/join"
"""Where members agreed to the words, in the evidence."""

CONFIRMED_ON = "/members/confirm"
"""Where they proved the address by the mailed link."""

THEMSELVES = "themselves"
"""Who ended a membership, if no editor did."""


def accept(member: Member, *, by: Editor, now: datetime) -> None:
    """Let somebody be a member: on the members' list from now on, and told so.

    Who stopped any of our mail since they confirmed is a member without the list's.
    Raises Refused for who decides second, be it the other way or the same.
    """
    decided = {"decided_at": now, "decided_by": by.signature}
    if not states.move(member, MemberState.ACCEPTED, **decided):
        raise Refused(_already(member))
    assert member.confirmed_at is not None
    address = addresses.parse(asking.address_of(member))
    stopped = admitting.left_since(address.canonical, member.confirmed_at)
    subscription = None if stopped else _admit(member, address, by=by, now=now)
    # The evidence has it now.
    member.ip = None
    if stopped is not None:
        member.subscriber_id = stopped.id
    db.session.flush()
    ways = {
        "unsubscribe_url": unsubscribing.url(subscription.id, now=now) if subscription else "",
        "manage_url": links.public_url("/manage"),
    }
    _tell("member-accepted", member, now=now, facts=ways)


def decline(member: Member, reason: str, *, by: Editor, now: datetime) -> None:
    """Decline an application for a reason, which is mailed; raise Refused as `accept` does."""
    why = facts.reason(reason)
    decided = {"decided_at": now, "decided_by": by.signature, "reason": why, "ip": None}
    if not states.move(member, MemberState.DECLINED, **decided):
        raise Refused(_already(member))
    _tell("member-declined", member, now=now, facts={"reason": why})


def end(member: Member, reason: str, *, by: Editor, now: datetime) -> None:
    """End a membership for a reason, which is mailed, and with it the members' mail."""
    why = facts.reason(reason)
    _end(member, by=by.signature, origin=Origin(actor=by.signature), reason=why, now=now)
    _tell("member-ended", member, now=now, facts={"reason": why})


def end_own(member: Member, *, origin: Origin, now: datetime) -> None:
    """Stop being a member, as the person themselves wants."""
    _end(member, by=THEMSELVES, origin=origin, reason="", now=now)
    _tell("member-ended", member, now=now, facts={"reason": ""})


def get_mails(
    member: Member, mailing_list: MailingList, words: Wording, *, origin: Origin, now: datetime
) -> None:
    """Get the members' mail again, as a member who left their list wants; again is harmless."""
    reader = _subscriber(member)
    if reader is None or member.state is not MemberState.ACCEPTED:
        raise NotFound(marked("You are no member at the moment."))
    admitting.admit(
        mailing_list,
        addresses.parse(reader.address),
        Proof(consent.wording_id(words), now, origin, now, origin),
        name=reader.name,
        language=reader.language,
        source=Source.MEMBERSHIP,
        by=SUBSCRIBER,
        now=now,
    )


def _admit(member: Member, address: Address, *, by: Editor, now: datetime) -> Subscription:
    assert member.confirmed_at is not None
    subscription = admitting.admit(
        audience.list_for_acceptance(now=now),
        address,
        Proof(
            wording_id=member.wording_id,
            asked_at=member.asked_at,
            asked=Origin(page=PAGE),
            confirmed_at=member.confirmed_at,
            confirmed=Origin(page=CONFIRMED_ON, ip=member.ip),
        ),
        name=member.name,
        language=member.language,
        source=Source.MEMBERSHIP,
        by=by.signature,
        now=now,
    )
    member.subscriber_id = subscription.subscriber_id
    return subscription


def _end(member: Member, *, by: str, origin: Origin, reason: str, now: datetime) -> None:
    if not states.move(member, MemberState.ENDED, ended_at=now, ended_by=by, reason=reason):
        raise Refused(_already(member))
    reader = _subscriber(member)
    list_id = audience.members_list_id()
    for subscription in reader.subscriptions if reader else ():
        if subscription.mailing_list_id == list_id:
            unsubscribing.end(subscription, reason=EndedReason.MEMBERSHIP, origin=origin, now=now)


def _already(member: Member) -> str:
    """Return what is said to who came second, with who was first."""
    match member.state:
        case MemberState.ACCEPTED:
            return f"{member.decided_by} accepted this application already."
        case MemberState.DECLINED:
            return f"{member.decided_by} declined this application already."
        case MemberState.ENDED:
            return f"This membership was ended already, by {member.ended_by}."
    return "This application waits for its own e-mail to be confirmed."


def _tell(kind: str, member: Member, *, now: datetime, facts: Mapping[str, object]) -> None:
    """Mail the person in their language, unless their address must not be written to."""
    mailing_list = _sender()
    reader = _subscriber(member)
    address = asking.address_of(member)
    canonical = addresses.parse(address).canonical
    if mailing_list is None or suppression.stops_sign_up(suppression.address_hmac(canonical)):
        return
    language = reader.language if reader else member.language
    letters.write_to(
        address,
        kind,
        language,
        mailing_list=mailing_list,
        now=now,
        facts={"name": member.name, "join_url": links.public_url("/members/join"), **facts},
    )


def _sender() -> MailingList | None:
    """Return in whose name members are written to: the list that they know from the form."""
    return lists.public_list() or audience.members_list()


def _subscriber(member: Member) -> Subscriber | None:
    if member.subscriber_id is None:
        return None
    return db.session.get(Subscriber, member.subscriber_id)
