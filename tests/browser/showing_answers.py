"""What readers of the installation that the pictures show did beside reading.

They asked to become members, said what they think, left and said why, or chose digests.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

import sqlalchemy as sa

from newsletter import addresses, links
from newsletter.accounts import Editor
from newsletter.comments import commenting, reading
from newsletter.comments.commenting import Thought
from newsletter.delivery import closing
from newsletter.delivery.digests import making
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.library import catalogue
from newsletter.membership import agreement, applying, deciding
from newsletter.membership.applying import Application
from newsletter.membership.models import Member, MemberKind
from newsletter.subscriptions import answers, lists
from newsletter.subscriptions.answers import Answer
from newsletter.subscriptions.models import Frequency, MailingList
from newsletter.translating import translator
from tests.browser import showing_words as words
from tests.factories import make_subscription

ASKING = "five-questions-that-midwives-were-asked-in-february"
"""The item that asks readers what they think."""

WEEKLY, MONTHLY = 56, 23
"""How many want digests."""


def fill(*, by: Editor, now: datetime) -> None:
    """Let all of it have happened, and commit."""
    [news] = lists.all_lists()
    _comment(by=by, now=now)
    _say_why(news, now=now)
    _send_digests(news, now=now)
    _apply(news, by=by, now=now)
    news.return_pages = ["https://www.example.org/thank-you"]
    db.session.commit()


def _apply(news: MailingList, *, by: Editor, now: datetime) -> None:
    """Let some have asked to become members, each a few days before the one that follows."""
    for place, (kind, name, country, language, brings) in enumerate(words.APPLICATIONS):
        at = now - timedelta(days=5 * (len(words.APPLICATIONS) - place) - 3, minutes=37 * place)
        host = f"{name.split()[-1].lower()}.example.org"
        application = Application(
            kind=MemberKind(kind),
            name=name,
            country=country,
            address=addresses.parse(f"office@{host}"),
            brings=brings,
            website=f"https://{host}/" if kind == MemberKind.ORGANISATION else "",
            language=language,
        )
        agreed = agreement.agreement(translator(language)).wording(language)
        applying.ask(application, agreed, mailing_list=news, now=at)
        _decide(_confirmed(at=at), words.DECISIONS.get(place), by=by, at=at + timedelta(days=1))


def _confirmed(*, at: datetime) -> Member:
    member = db.session.scalars(sa.select(Member).order_by(Member.id.desc()).limit(1)).one()
    token = links.MEMBERSHIP.token(f"{member.id}-{member.wish}", now=at)
    mark = applying.mark_of(member)
    return applying.confirm(token, mark=mark, ip="192.0.2.7", now=at + timedelta(minutes=9))


def _decide(member: Member, decision: str | None, *, by: Editor, at: datetime) -> None:
    """Accept where nothing is to be said, decline for what is; leave it where None is decided."""
    if decision is None:
        return
    if decision:
        deciding.decline(member, decision, by=by, now=at)
    else:
        deciding.accept(member, by=by, now=at)


def _comment(*, by: Editor, now: datetime) -> None:
    item = catalogue.find_item(ASKING)
    until = (now + timedelta(days=11)).date()
    catalogue.change_item(
        item, now=item.updated_at, comments_until=until, comments_invitation=words.INVITATION
    )
    for hours, (name, address, language, text) in words.COMMENTS.items():
        thought = Thought(name, addresses.parse(address), text, language)
        comment = commenting.add(item, thought, now=now - timedelta(hours=hours))
        if hours == max(words.COMMENTS):
            reading.deal_with(comment, by=by, now=now - timedelta(hours=1))


def _say_why(news: MailingList, *, now: datetime) -> None:
    """Let who left have said why, in the middle of the last months."""
    for back, said in enumerate(words.WHY):
        at = (now - timedelta(days=15 + 30 * back)).replace(day=14)
        for answer, count in said.items():
            for number in range(count):
                answers.count(
                    Answer(answer),
                    mailing_list_id=news.id,
                    issue_id=None,
                    token=f"{back} {answer} {number}",
                    now=at,
                )


def _send_digests(news: MailingList, *, now: datetime) -> None:
    """Let the mornings of eight weeks have come, as if each issue had begun before its own."""
    orders = _orders(news)
    news.issues_begun = 0
    began = now - timedelta(days=57)
    for frequency, count in ((Frequency.WEEKLY, WEEKLY), (Frequency.MONTHLY, MONTHLY)):
        for number in range(count):
            address = f"{frequency}.{number}@university.example"
            language = "fr" if number % 4 == 0 else "en"
            make_subscription(news, address, frequency=frequency, language=language, at=began)
    morning = datetime.combine(now.date(), time(7), tzinfo=now.tzinfo) - timedelta(weeks=7)
    while morning < now:
        news.issues_begun = max(order for order, at in orders.items() if at < morning)
        db.session.commit()
        for number in making.make(now=morning):
            _finish(number, at=morning + timedelta(minutes=3))
        morning += timedelta(weeks=1)
    news.issues_begun = max(orders)


def _orders(news: MailingList) -> Mapping[int, datetime]:
    """Return when each issue began, by the numbers of their order."""
    rows = db.session.execute(
        sa.select(Issue.begun_order, Issue.begun_at).where(
            Issue.mailing_list_id == news.id, Issue.begun_order.is_not(None)
        )
    )
    return {order: at for order, at in rows}


def _finish(number: int, *, at: datetime) -> None:
    """Let a digest have been taken by every server but one."""
    send = db.session.scalars(sa.select(Send).where(Send.issue_id == number)).one()
    theirs = sa.update(Delivery).where(Delivery.send_id == send.id)
    gone = {"attempts": 1, "due_at": None, "first_attempt_at": at, "finished_at": at}
    db.session.execute(
        theirs.values(state=DeliveryState.SENT, reply_code=250, reply_status="2.0.0", **gone)
    )
    first = sa.select(sa.func.min(Delivery.id)).where(Delivery.send_id == send.id)
    is_first = Delivery.id == first.scalar_subquery()
    full = {"state": DeliveryState.FAILED, **words.ANSWERS[0]}
    db.session.execute(theirs.where(is_first).values(full))
    closing.close_batches(Batch.send_id == send.id)
    closing.finish_done(now=at)
    db.session.commit()
