"""A reader's membership: ending it, and getting the members' e-mails again."""

from flask import Blueprint

from newsletter import clock
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.marking import marked
from newsletter.membership import asking, audience, deciding
from newsletter.membership.models import Member
from newsletter.page_language import gettext, ours, to
from newsletter.public.managing import questions
from newsletter.public.managing.arriving import Answer, readers_own
from newsletter.public.managing.questions import Sure
from newsletter.subscriptions import consent
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import MailingList, Subscriber
from newsletter.web import client_ip

blueprint = Blueprint("manage_membership", __name__, url_prefix="/manage/membership")


@blueprint.get("/end")
@readers_own
def ask_end(reader: Subscriber) -> Answer:
    """Ask whether the membership should end."""
    _theirs(reader)
    return questions.make_sure(
        Sure(
            heading=gettext("End your membership?"),
            sentences=[
                gettext("The e-mails for members stop, too. All else that you get goes on."),
                gettext("You may ask to become a member again at any time."),
            ],
            button=gettext("End my membership"),
            action=to("/manage/membership/end"),
        )
    )


@blueprint.post("/end")
@readers_own
def end(reader: Subscriber) -> Answer:
    """End it."""
    origin = _origin()
    deciding.end_own(_theirs(reader), origin=origin, now=clock.now())
    db.session.commit()
    return questions.home("not-a-member")


@blueprint.get("/e-mails")
@readers_own
def ask_mails(reader: Subscriber) -> Answer:
    """Ask whether to get the members' e-mails again, with the words that are agreed to."""
    _theirs(reader)
    mailing_list = _list()
    return questions.make_sure(
        Sure(
            heading=gettext("Get “%(list)s”, too?", list=ours().isolated(mailing_list.name)),
            sentences=[
                consent.wording(mailing_list.name, ours(), tracking=mailing_list.tracking).text
            ],
            button=gettext("Yes, send me these e-mails"),
            action=to("/manage/membership/e-mails"),
        )
    )


@blueprint.post("/e-mails")
@readers_own
def get_mails(reader: Subscriber) -> Answer:
    """Get them again; the address was proved by the link."""
    member, mailing_list = _theirs(reader), _list()
    words = consent.wording(mailing_list.name, ours(), tracking=mailing_list.tracking)
    deciding.get_mails(member, mailing_list, words, origin=_origin(), now=clock.now())
    db.session.commit()
    return questions.home("joined")


def _theirs(reader: Subscriber) -> Member:
    found = asking.membership_of(reader)
    if found is None:
        raise NotFound(marked("You are no member at the moment."))
    return found


def _list() -> MailingList:
    found = audience.members_list()
    if found is None:
        raise NotFound(marked("There is no such list to sign up for."))
    return found


def _origin() -> Origin:
    return Origin(page="/manage", ip=client_ip() or None)
