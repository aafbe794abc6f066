"""Who asks to become a member, who is one; accepting, declining, ending."""

import logging
from collections.abc import Callable
from datetime import timedelta

from flask import abort, flash, redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import clock, countries, limits
from newsletter.accounts import Action, may
from newsletter.audit import Deed
from newsletter.desk.forms import Form, show_again, typed
from newsletter.desk.guard import blueprint, my_lists, needs, the_editor
from newsletter.desk.noting import note
from newsletter.desk.subscribers import LONGEST_NOTE
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.membership import asking, audience, deciding, exporting
from newsletter.membership.models import Member, MemberState

log = logging.getLogger(__name__)

STATES = {
    MemberState.WAITING: "Waiting",
    MemberState.ACCEPTED: "Members",
    MemberState.DECLINED: "Declined",
    MemberState.ENDED: "Ended",
}
"""The lists of the page, as their tabs are called."""

LAST_PAGE = 10_000

MOST_EXPORTS = 20
"""Files that one editor may take an hour."""


def may_review_members() -> bool:
    """Tell whether who is signed in may see members: who is bound to lists, only with theirs."""
    if not may(the_editor(), Action.REVIEW_MEMBERS):
        return False
    mine = my_lists()
    return mine is None or audience.members_list_id() in mine


@blueprint.get("/members/")
@needs(Action.REVIEW_MEMBERS)
def show_members() -> str:
    """List applications and members, those that wait for a decision first."""
    _refuse_others()
    state = _state(request.args.get("state", ""))
    number = min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)
    members, has_more = asking.page(state, number=number)
    path = f"/desk/members/?state={state}&page="
    return render_template(
        "desk/members.html",
        members=members,
        state=state,
        states=STATES,
        counts=asking.counts(),
        countries=countries.names("en"),
        before=f"{path}{number - 1}" if number > 1 else "",
        after=f"{path}{number + 1}" if has_more else "",
    )


@blueprint.post("/members/members.csv")
@needs(Action.REVIEW_MEMBERS)
def export_members() -> Response:
    """Give everybody in a state as a file for a spreadsheet; who took it is written down."""
    _refuse_others()
    limits.count(
        "export of members",
        str(the_editor().id),
        window=timedelta(hours=1),
        most=MOST_EXPORTS,
        now=clock.now(),
        sentence=f"You took {MOST_EXPORTS} such files within the hour. Wait for the next hour.",
    )
    state = _state(request.form.get("state", ""))
    # By the mark spreadsheets know that it is UTF-8.
    text = "\ufeff" + exporting.written(state)
    note(
        Deed.MEMBERS_EXPORTED,
        detail=STATES[state].lower(),
        mailing_list_id=audience.members_list_id(),
    )
    db.session.commit()
    return Response(
        text,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="members-{state}.csv"'},
    )


@blueprint.get("/members/<int:number>")
@needs(Action.REVIEW_MEMBERS)
def show_member(number: int) -> str:
    """Show all that one of them wrote, and what can be decided."""
    member = _the_member(number)
    form = Form({"reason": "", "erase_why": ""})
    return render_template("desk/member.html", form=form, **_facts(member))


@blueprint.post("/members/<int:number>/accept")
@needs(Action.REVIEW_MEMBERS)
def accept_member(number: int) -> Response:
    """Let them be a member; who decides second is told who was first."""
    member = _the_member(number)
    deciding.accept(member, by=the_editor(), now=clock.now())
    return _decided(member, Deed.MEMBER_ACCEPTED, "accepted")


@blueprint.post("/members/<int:number>/decline")
@needs(Action.REVIEW_MEMBERS)
def decline_member(number: int) -> Response | tuple[str, int]:
    """Decline, for a reason that is mailed."""
    return _with_reason(number, deciding.decline, Deed.MEMBER_DECLINED, "declined")


@blueprint.post("/members/<int:number>/end")
@needs(Action.REVIEW_MEMBERS)
def end_membership(number: int) -> Response | tuple[str, int]:
    """End a membership, for a reason that is mailed."""
    return _with_reason(number, deciding.end, Deed.MEMBER_ENDED, "ended")


def _state(text: str) -> MemberState:
    return MemberState(text) if text in list(STATES) else MemberState.WAITING


def _with_reason(
    number: int, decide: Callable[..., None], deed: Deed, done: str
) -> Response | tuple[str, int]:
    member = _the_member(number)
    form = typed("reason", "erase_why")
    try:
        decide(member, form.values["reason"], by=the_editor(), now=clock.now())
    except InvalidInput as exc:
        db.session.rollback()
        form.errors[exc.field or ""] = str(exc)
        return show_again("desk/member.html", form, **_facts(_the_member(number)))
    return _decided(member, deed, done)


def _decided(member: Member, deed: Deed, done: str) -> Response:
    number, name, editor_id = member.id, member.name, the_editor().id
    note(deed, number, mailing_list_id=audience.members_list_id())
    db.session.commit()
    log.info("application %s %s by editor %s", number, done, editor_id)
    words = "The membership is ended" if done == "ended" else f"The application is {done}"
    flash(f"{words}: {name}. An e-mail tells them.")
    return redirect(f"/desk/members/{number}", code=303)


def _facts(member: Member) -> dict[str, object]:
    return {
        "member": member,
        "country": countries.name(member.country, "en"),
        "words": asking.words_of(member),
        "earlier": asking.earlier(member),
        "members_list": audience.members_list(),
        "person": asking.address_of(member),
        "most": LONGEST_NOTE,
    }


def _the_member(number: int) -> Member:
    _refuse_others()
    return asking.get(number)


def _refuse_others() -> None:
    """Let nobody in who is bound to lists without the members' (STANDARDS XD10)."""
    if not may_review_members():
        abort(403)
