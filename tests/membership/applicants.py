"""Applications to become a member, as tests need them."""

from datetime import datetime

import sqlalchemy as sa

from newsletter import links
from newsletter.addresses import parse
from newsletter.extensions import db
from newsletter.membership import agreement, applying
from newsletter.membership.applying import Application
from newsletter.membership.models import OPEN, Member, MemberKind
from newsletter.subscriptions import lists
from newsletter.translating import translator
from tests.conftest import NOW


def make_application(
    address: str = "mary@example.org",
    *,
    name: str = "The midwives of Kisumu",
    language: str = "en",
    at: datetime = NOW,
) -> Member:
    """An application whose link was not used yet; there is a public list."""
    sender = lists.public_list()
    assert sender is not None
    applying.ask(
        Application(
            kind=MemberKind.ORGANISATION,
            name=name,
            country="KE",
            address=parse(address),
            brings="Forty midwives\nand what they see every day",
            website="https://midwives.example.org/",
            language=language,
        ),
        agreement.agreement(translator(language)).wording(language),
        mailing_list=sender,
        now=at,
    )
    question = sa.select(Member).where(
        Member.canonical == parse(address).canonical, Member.state.in_(OPEN)
    )
    return db.session.scalars(question).one()


def make_waiting(
    address: str = "mary@example.org",
    *,
    name: str = "The midwives of Kisumu",
    language: str = "en",
    at: datetime = NOW,
) -> Member:
    """An application that waits for a decision."""
    member = make_application(address, name=name, language=language, at=at)
    mark = applying.mark_of(member)
    return applying.confirm(token_of(member, at=at), mark=mark, ip="192.0.2.7", now=at)


def token_of(member: Member, *, at: datetime = NOW) -> str:
    """Return the token of the mailed link."""
    return links.MEMBERSHIP.token(f"{member.id}-{member.wish}", now=at)
