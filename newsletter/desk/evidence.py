"""The evidence of consent for one person, on one page to print; each look is written down."""

import json

from flask import render_template, request
from werkzeug.wrappers import Response

from newsletter import addresses, clock, countries
from newsletter.accounts import Action
from newsletter.addresses import Address
from newsletter.audit import Deed
from newsletter.desk.guard import blueprint, my_lists, needs
from newsletter.desk.noting import note
from newsletter.errors import InvalidInput, NotFound
from newsletter.extensions import commit_to_show, db
from newsletter.reports import dossier
from newsletter.subscriptions import evidence
from newsletter.subscriptions.models import Subscriber
from newsletter.subscriptions.standing import find_reader


@blueprint.get("/subscribers/<int:number>/evidence")
@needs(Action.SEE_SUBSCRIBERS)
def ask_evidence(number: int) -> str:
    """Ask whether it is to be shown: that is written down, and opening a page writes nothing."""
    return render_template("desk/evidence_asked.html", subscriber=_reader(number))


@blueprint.post("/subscribers/<int:number>/evidence")
@needs(Action.SEE_SUBSCRIBERS)
def show_evidence(number: int) -> Response | str:
    """Show everything that proves consent, or hand it over as JSON."""
    return _answer(addresses.parse(_reader(number).address))


@blueprint.post("/subscribers/evidence")
@needs(Action.SEE_SUBSCRIBERS)
def show_evidence_of_address() -> Response | str:
    """Show the same of who applied or commented and is no subscriber."""
    try:
        address = addresses.parse(request.form.get("address", ""))
    except InvalidInput as exc:
        raise NotFound("Look the address up first: its page has the button.") from exc
    return _answer(address)


def _answer(address: Address) -> Response | str:
    found = dossier.dossier_of(address, lists=my_lists(), now=clock.now())
    note(Deed.SUBSCRIBER_EVIDENCE_SEEN, found.number or "")
    commit_to_show()
    if request.form.get("as") == "json":
        return _file(found)
    return render_template(
        "desk/evidence.html",
        dossier=found,
        events=evidence.together(found.events),
        kinds=dossier.KINDS,
        shows=dossier.PROVES,
        does_not_show=dossier.PROVES_NOT,
        is_bound=my_lists() is not None,
        countries=countries.names("en"),
    )


def _reader(number: int) -> Subscriber:
    """Return a reader whom the editor may know of; raise NotFound for any other (XD10)."""
    known = db.session.get(Subscriber, number)
    if known is not None:
        known = find_reader(addresses.parse(known.address), lists=my_lists())
    if known is None:
        raise NotFound(f"There is no subscriber {number}.")
    return known


def _file(found: dossier.Dossier) -> Response:
    text = json.dumps(dossier.facts(found), ensure_ascii=False, indent=2)
    name = f"evidence-of-subscriber-{found.number}.json" if found.number else "evidence.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, mimetype="application/json", headers=headers)
