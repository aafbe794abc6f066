"""Another address: asked for on one's page, confirmed at the new one, objected to at the old."""

from flask import Blueprint, request

from newsletter import addresses, clock, page_language
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.page_language import gettext
from newsletter.public.managing import questions
from newsletter.public.managing.arriving import Answer, readers_own
from newsletter.public.managing.questions import Question, Sure, tell
from newsletter.subscriptions import address_change
from newsletter.subscriptions.address_change import ReaderAddressChange
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import Subscriber
from newsletter.web import client_ip

blueprint = Blueprint("manage_address", __name__)


@blueprint.get("/manage/address")
@readers_own
def ask(reader: Subscriber) -> Answer:
    """Ask for the new address."""
    return questions.show(_question(""))


@blueprint.post("/manage/address")
@readers_own
def take(reader: Subscriber) -> Answer:
    """Mail the link to the new address; the answer is the same whoever has it."""
    typed = request.form.get("address", "")
    try:
        wanted = address_change.ask(reader, typed, now=clock.now())
    except InvalidInput as exc:
        return questions.refuse(_question(typed), exc.said(gettext))
    page = tell(
        gettext("Check your e-mail"),
        gettext(
            "We wrote to %(address)s. Open the link in that e-mail and press the button there.",
            address=page_language.strong(wanted.spelling),
        ),
        gettext("Until then nothing changes. The link works for 24 hours."),
        gettext("Your present address hears of it, too, so that nobody else can take it from you."),
    )
    db.session.commit()
    return page


@blueprint.get("/manage/new-address/<token>")
def ask_confirmation(token: str) -> str:
    """Show which address would count, and one button."""
    change = address_change.read(token, now=clock.now())
    _speak(change.subscriber_id)
    new = page_language.strong(addresses.hide(change.new_address))
    if change.confirmed_at is not None:
        return _confirmed()
    return questions.make_sure(
        Sure(
            heading=gettext("Write to this address from now on?"),
            sentences=[gettext("All your e-mails from us then come to %(address)s.", address=new)],
            button=gettext("Yes, write to this address"),
            action=request.path,
            back=False,
        )
    )


@blueprint.post("/manage/new-address/<token>")
def confirm(token: str) -> str:
    """Let the new address count; pressing again shows the same page."""
    change = address_change.confirm(token, origin=_origin(), now=clock.now())
    _speak(change.subscriber_id)
    page = _confirmed()
    db.session.commit()
    return page


@blueprint.get("/manage/objection/<token>")
def ask_objection(token: str) -> str:
    """Ask whoever reads the old address."""
    change = address_change.read_objection(token, now=clock.now())
    if change is None or change.objected_at is not None:
        return _answer(change)
    _speak(change.subscriber_id)
    return questions.make_sure(
        Sure(
            heading=gettext("Keep your old address?"),
            sentences=[
                gettext("Then our e-mails go on coming to the address that had this e-mail."),
                gettext("Whoever asked for the change is shut out, and their links are dead."),
            ],
            button=gettext("Keep the old address"),
            action=request.path,
            back=False,
        )
    )


@blueprint.post("/manage/objection/<token>")
def object_to(token: str) -> str:
    """Keep the old address."""
    now = clock.now()
    change = address_change.read_objection(token, now=now)
    if change is not None:
        address_change.object_to(change, origin=_origin(), now=now)
    page = _answer(change)
    db.session.commit()
    return page


def _confirmed() -> str:
    return tell(
        gettext("This address counts now"),
        gettext("All your e-mails from us come to it from now on."),
        gettext("Links to your own page that were mailed to the old address are dead."),
        back=False,
    )


def _answer(change: ReaderAddressChange | None) -> str:
    """Say that the old address stays, if it does."""
    if change is not None:
        _speak(change.subscriber_id)
    if change is not None and address_change.has_stayed(change):
        return tell(
            gettext("The old address stays"),
            gettext("Our e-mails go on coming to it. There is nothing left to do."),
            back=False,
        )
    return tell(
        gettext("This link does nothing any more"),
        gettext("The change of address that it was about is over, and nothing was changed now."),
        gettext("If our e-mails do not come to you any more, you can sign up again at any time."),
        back=False,
    )


def _question(typed: str) -> Question:
    return Question(
        heading=gettext("Which address should we write to?"),
        label=gettext("Your new e-mail address"),
        field="address",
        kind="email",
        button=gettext("Change the address"),
        chosen=[typed],
        hint=gettext(
            "We send a link there first. It counts once you press the button it leads to."
        ),
    )


def _speak(subscriber_id: int) -> None:
    page_language.speak(db.session.get_one(Subscriber, subscriber_id).language)


def _origin() -> Origin:
    return Origin(page="/manage", ip=client_ip() or None)
