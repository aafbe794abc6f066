"""“Become a member”: the form, then the mailed link; an editor decides.

No cookie, no script: what the form shows is the same for everybody.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from flask import Blueprint, Response, render_template, request

from newsletter import addresses, clock, countries, page_language
from newsletter.errors import InvalidInput, NotFound
from newsletter.extensions import db
from newsletter.marking import marked
from newsletter.membership import agreement, applying, asking, facts
from newsletter.membership.agreement import Agreement
from newsletter.membership.applying import Application
from newsletter.membership.models import Member, MemberKind, MemberState
from newsletter.page_language import gettext
from newsletter.public import cards
from newsletter.serving import freshness
from newsletter.subscriptions import consent, lists
from newsletter.subscriptions.models import MailingList
from newsletter.web import client_ip, client_network

KINDS = (
    (MemberKind.ORGANISATION, marked("For an organisation")),
    (MemberKind.INDIVIDUAL, marked("For myself")),
)
"""Who can become a member."""

TEXTS = ("kind", "name", "country", "address", "brings", "site", "words")

TRAP = "fax"
"""The field that no person sees; who fills it gets the same page and nothing else."""

Value = TypeVar("Value")

blueprint = Blueprint("membership", __name__, url_prefix="/members")


@dataclass
class Typed:
    """What stands in the form's fields, to be shown again beside what is wrong with it."""

    values: dict[str, str]
    agrees: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    def checked(self, check: Callable[[str], Value], name: str) -> Value | None:
        """Return what `check` makes of a field, or None with its refusal noted beside it."""
        try:
            return check(self.values[name])
        except InvalidInput as exc:
            self.errors[name] = exc.said(gettext)
            return None


@blueprint.get("/join")
def show_form() -> Response:
    """Ask who wants to become a member, and what they agree to."""
    _sender()
    page = _form_page(Typed(dict.fromkeys(TEXTS, "")))
    return freshness.public(page, keep=freshness.NOT_AT_ALL)


@blueprint.post("/join")
def join() -> tuple[str, int]:
    """Take an application; the answer is the same whoever the address belongs to."""
    now = clock.now()
    sender = _sender()
    typed = Typed(
        {name: request.form.get(name, "") for name in TEXTS},
        agrees=request.form.get("agrees") == "yes",
    )
    agreed = agreement.agreement(page_language.ours())
    application = _read(typed, agreed)
    if application is not None:
        applying.count_request(client_network(), now=now)
        if not request.form.get(TRAP):
            application = _ask(application, typed, agreed, sender)
    if application is None:
        db.session.rollback()
        return _form_page(typed), HTTPStatus.UNPROCESSABLE_ENTITY
    page = render_template(
        "public/member_asked.html",
        address=application.address.spelling,
        sender_address=lists.sender_address(sender),
    )
    db.session.commit()
    return page, HTTPStatus.OK


@blueprint.get("/confirm/<token>")
def ask_confirmation(token: str) -> str:
    """Show what would be asked for, and one button; mail scanners change nothing here."""
    return _confirm_page(token, applying.read(token, now=clock.now()))


@blueprint.post("/confirm/<token>")
def confirm(token: str) -> str | tuple[str, int]:
    """Hand the application to the secretariat; pressing again shows the same page."""
    mark = request.form.get("shown", "")
    member = applying.confirm(token, mark=mark, ip=client_ip() or None, now=clock.now())
    if member.state is MemberState.PENDING:
        db.session.rollback()
        return _confirm_page(token, member, has_changed=True), HTTPStatus.CONFLICT
    page_language.speak(member.language)
    page = render_template("public/member_confirmed.html", member=member)
    db.session.commit()
    return page


@blueprint.post("/confirm/<token>/withdraw")
def withdraw(token: str) -> str:
    """Delete an application as long as nobody decided; pressing again shows the same page."""
    is_gone = applying.withdraw(token, now=clock.now())
    if not is_gone:
        return _confirm_page(token, applying.read(token, now=clock.now()))
    page = render_template("public/member_withdrawn.html")
    db.session.commit()
    return page


def _confirm_page(token: str, member: Member, *, has_changed: bool = False) -> str:
    page_language.speak(member.language)
    return render_template(
        "public/member_confirm.html",
        member=member,
        token=token,
        mark=applying.mark_of(member),
        has_changed=has_changed,
        words=asking.words_of(member),
        kinds=dict(KINDS),
        country=countries.name(member.country, page_language.spoken()),
        address=addresses.hide(member.address),
    )


def _sender() -> MailingList:
    """Return the list in whose name applicants are written to; raise NotFound without one."""
    found = lists.public_list()
    if found is None:
        raise NotFound(marked("Nobody can become a member here yet."))
    return found


def _form_page(typed: Typed) -> str:
    return render_template(
        "public/join.html",
        typed=typed,
        kinds=KINDS,
        countries=countries.names(page_language.spoken()),
        agreement=agreement.agreement(page_language.ours()),
        version=consent.VERSION,
        version_of=consent.VERSION_OF,
        most=facts.LONGEST_BRINGS,
        trap=TRAP,
        card=cards.of_page(
            gettext("Become a member"),
            gettext("For organisations and individuals who share our objectives."),
            "/members/join",
        ),
    )


def _read(typed: Typed, agreed: Agreement) -> Application | None:
    """Return the checked application, or None with the errors noted beside the fields."""
    kind = typed.checked(facts.kind, "kind")
    name = typed.checked(facts.name, "name")
    country = typed.checked(countries.code, "country")
    address = typed.checked(addresses.parse, "address")
    brings = typed.checked(facts.brings, "brings")
    website = typed.checked(facts.website, "site")
    if not typed.agrees:
        typed.errors["agrees"] = gettext("Tick the box if you agree with these words.")
    elif typed.values["words"] != agreed.mark:
        # Somebody changed them meanwhile: nobody agrees to words that they have not seen.
        typed.agrees = False
        typed.errors["agrees"] = gettext(
            "These words were changed a moment ago. Read them again, and tick the box if you agree."
        )
    if typed.errors:
        return None
    assert kind and name and country and address and brings and website is not None
    return Application(
        kind=kind,
        name=name,
        country=country,
        address=address,
        brings=brings,
        website=website,
        language=page_language.spoken(),
    )


def _ask(
    application: Application, typed: Typed, agreed: Agreement, sender: MailingList
) -> Application | None:
    try:
        applying.ask(
            application,
            agreed.wording(page_language.spoken()),
            mailing_list=sender,
            now=clock.now(),
        )
    except InvalidInput as exc:
        typed.errors["address"] = exc.said(gettext)
        return None
    return application
