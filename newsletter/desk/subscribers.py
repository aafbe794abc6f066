"""One subscriber at a time: how they stand, on what evidence; never a list to browse."""

import logging
import re
from http import HTTPStatus

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import addresses, clock, erasure, inputs, traces
from newsletter.accounts import Action
from newsletter.addresses import Address
from newsletter.audit import Deed
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import blueprint, my_lists, needs, the_editor
from newsletter.desk.noting import note
from newsletter.errors import InvalidAddress, InvalidInput, NotFound
from newsletter.extensions import db
from newsletter.subscriptions import earlier_addresses, signup, suppression
from newsletter.subscriptions.evidence import evidence_of, together
from newsletter.subscriptions.models import Subscriber, SuppressionReason
from newsletter.subscriptions.standing import Standing, find_reader, standing

log = logging.getLogger(__name__)

LONGEST_NOTE = 300

_WORDS = re.compile(r"\w{3,}")


@blueprint.get("/subscribers/")
@needs(Action.SEE_SUBSCRIBERS)
def show_subscribers() -> str:
    """Ask for an address."""
    return _page(Form({"address": "", "note": "", "why": "", "erase_why": ""}), None)


@blueprint.post("/subscribers/")
@needs(Action.SEE_SUBSCRIBERS)
def find_subscriber() -> tuple[str, int]:
    """Show how one address stands; posted, so that it stands in no history and no log."""
    form = typed("address", "note", "why", "erase_why")
    found = None
    try:
        found = _standing(addresses.parse(form.values["address"]))
    except (InvalidAddress, NotFound) as exc:
        form.errors["address"] = str(exc)
    # Who tries one address after the other is seen, too.
    note(Deed.SUBSCRIBER_LOOKED_UP, found.subscriber.id if found and found.subscriber else "")
    db.session.commit()
    return _page(form, found), HTTPStatus.OK if found else HTTPStatus.UNPROCESSABLE_ENTITY


@blueprint.post("/subscribers/suppress")
@needs(Action.SEE_SUBSCRIBERS)
def suppress_address() -> Response | tuple[str, int]:
    """Never mail an address again, known or not; of editors of some lists, one of their readers."""
    form = typed("address", "note", "why", "erase_why")
    why = " ".join(form.values["note"].split())
    with form.checking():
        address = addresses.parse(form.values["address"])
        reader = _reader(address)
        suppression.suppress(
            address,
            reason=SuppressionReason.OPERATOR,
            note=why[:LONGEST_NOTE],
            now=clock.now(),
        )
    if form.errors:
        return _page(form, None), HTTPStatus.UNPROCESSABLE_ENTITY
    editor_id = the_editor().id
    note(Deed.SUPPRESSION_ADDED, reader.id if reader else "")
    db.session.commit()
    log.info("%s suppressed by editor %s", addresses.hide(address.spelling), editor_id)
    flash("This address is never mailed again.")
    return redirect("/desk/subscribers/", code=303)


@blueprint.post("/subscribers/lift")
@needs(Action.LIFT_SUPPRESSIONS)
def lift_suppression() -> Response | tuple[str, int]:
    """Let an address be mailed again, with a reason that stays in the log."""
    form = typed("address", "note", "why", "erase_why")
    with form.checking():
        address = addresses.parse(form.values["address"])
        reader = find_reader(address, lists=None)
        why = _nameless(form.values["why"], address, field="why")
        suppression.lift(address)
    if form.errors:
        return _page(form, _found(form)), HTTPStatus.UNPROCESSABLE_ENTITY
    editor_id = the_editor().id
    note(Deed.SUPPRESSION_LIFTED, reader.id if reader else "", why)
    db.session.commit()
    log.info("suppression of %s lifted by editor %s", addresses.hide(address.spelling), editor_id)
    flash("This address may be mailed again. Who is still subscribed gets the next issue.")
    return redirect("/desk/subscribers/", code=303)


@blueprint.post("/subscribers/erase")
@needs(Action.ERASE_SUBSCRIBERS)
def erase_subscriber() -> Response | tuple[str, int]:
    """Erase a person from all lists, for good, with a reason that stays in the log."""
    form = typed("address", "note", "why", "erase_why", "number")
    with form.checking():
        address = addresses.parse(form.values["address"])
        _standing(address)
        number = form.values["number"]
        meant = erasure.meant(address, int(number) if number.isdecimal() else None)
        why = _nameless(form.values["erase_why"], meant, field="erase_why")
        erased = erasure.erase(meant, now=clock.now(), actor=f"editor {the_editor().id}")
    if form.errors:
        return _page(form, _found(form)), HTTPStatus.UNPROCESSABLE_ENTITY
    editor_id = the_editor().id
    note(Deed.SUBSCRIBER_ERASED, detail=why)
    db.session.commit()
    erasure.finish(erased)
    log.info("a person was erased by editor %s", editor_id)
    flash("This person is erased. A coded mark stays, so that no import brings them back.")
    return redirect("/desk/subscribers/", code=303)


def _found(form: Form) -> Standing | None:
    """Return who has the address of a form that was refused; what was read before is stale."""
    try:
        return _standing(addresses.parse(form.values["address"]))
    except (InvalidAddress, NotFound):
        return None


def _standing(address: Address) -> Standing:
    """Return how an address stands, also of who only applied or commented; raise NotFound."""
    mine = my_lists()
    try:
        return standing(address, lists=mine)
    except NotFound:
        if mine is None and (
            traces.of(address.canonical, None) or earlier_addresses.readers_of(address.canonical)
        ):
            return Standing(address.spelling, None, None)
        raise


def _nameless(text: str, about: Address, *, field: str) -> str:
    """Return why; the log keeps it also when they are erased, so it must not say who it was."""
    why = inputs.one_line(text, field=field, most=LONGEST_NOTE)
    if not why:
        raise InvalidInput("Write why, for whoever asks later.", field=field)
    subscriber = signup.find_subscriber(about)
    theirs = traces.of(about.canonical, subscriber).names
    names = " ".join([*theirs, subscriber.name if subscriber else ""])
    told = set(_WORDS.findall(f"{names} {about.spelling.rpartition('@')[0]}".casefold()))
    if "@" in why or told & set(_WORDS.findall(why.casefold())):
        raise InvalidInput(
            "Leave out the name and the address: the log keeps this for good.", field=field
        )
    return why


def _reader(address: Address) -> Subscriber | None:
    """Return whose address it is; to an editor of some lists, no other has a reader (XD10)."""
    mine = my_lists()
    reader = find_reader(address, lists=mine)
    if reader is None and mine is not None:
        raise InvalidInput(
            f"Nobody on your lists has the address {address.spelling}. "
            "An admin can suppress it for all lists.",
            field="address",
        )
    return reader


def _elsewhere(found: Standing | None) -> dict[str, object]:
    """Return what else is kept of a person, and who had their address before.

    Who is bound to lists learns of neither.
    """
    if found is None or my_lists() is not None:
        return {"kept": None, "left_by": ()}
    canonical = addresses.parse(found.address).canonical
    return {
        "kept": traces.of(canonical, found.subscriber),
        "left_by": () if found.subscriber else earlier_addresses.readers_of(canonical),
    }


def _page(form: Form, found: Standing | None) -> str:
    subscriber = found.subscriber if found else None
    evidence = together(evidence_of(subscriber.id, lists=my_lists())) if subscriber else []
    blocked = found.suppression if found else None
    return render_template(
        "desk/subscribers.html",
        form=form,
        found=found,
        evidence=evidence,
        **_elsewhere(found),
        most=LONGEST_NOTE,
        why_not_lifted=suppression.why_not_lifted(blocked) if blocked else "",
        is_bound=my_lists() is not None,
    )
