"""When an issue is to go out, as it is being chosen: typed, judged, said, and carried along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from flask import current_app

from newsletter import clock
from newsletter.delivery import announcing
from newsletter.desk.forms import Form
from newsletter.desk.guard import the_editor
from newsletter.errors import InvalidInput
from newsletter.issues import times
from newsletter.issues.checks import Finding, Moment

AT, SOON, MOVE = "at", "soon", "move"
"""The ways: at a wall time in a zone, now after a hold, and another time for what has one."""

FIELDS = ("at", "zone", "hold")
"""What is typed; an address or a form that carries it names the way beside it, as `when`."""

SAY = "say"
"""The button that only says the sentence again, which a script does by itself."""

UNKNOWN = "At a time that is not chosen yet,"
"""How the sentence begins while what was typed is no time."""


@dataclass(frozen=True)
class Choice:
    """When it would go out: how the sentence begins, and the moment itself for the checks."""

    words: str
    oddity: str = ""
    moment: Moment | None = None


def way_of(values: Mapping[str, str]) -> str:
    """Return which way is meant: at a time, unless it is the hold."""
    return SOON if values.get("when") == SOON else AT


def carried(values: Mapping[str, str]) -> dict[str, str]:
    """Return of a query or a form what is chosen so far, and nothing else."""
    return {name: values[name] for name in FIELDS if values.get(name)}


def path(number: int, way: str, values: Mapping[str, str]) -> str:
    """Return the address of the last step, with what is chosen so far in it."""
    query = urlencode(({"when": SOON} if way == SOON else {}) | carried(values))
    return f"/desk/issues/{number}/send{'?' if query else ''}{query}"


def with_suggestions(form: Form, way: str, *, now: datetime) -> dict[str, str]:
    """Return what stands in the fields: what was typed, and what nobody has chosen yet."""
    zone = the_editor().zone
    suggested = {
        "at": f"{times.suggested(zone, now=now):%Y-%m-%dT%H:%M}",
        "zone": zone,
        "hold": str(current_app.config["HOLD_MINUTES"]),
    }
    # What somebody left empty where it is asked for stays so, and is refused.
    asked = ("hold",) if way == SOON else ("at", "zone")
    typed = {name: text for name, text in form.values.items() if text or name in asked}
    return {**suggested, **typed}


def choose(form: Form, way: str, *, now: datetime) -> Choice:
    """Return when it would go out by what is typed; what is wrong with that goes to the form."""
    try:
        if way == SOON:
            hold = typed_hold(form)
            said = announcing.after(hold, zone=the_editor().zone, now=now)
            return Choice(said, moment=after(hold, now=now))
        at = typed_moment(form, now=now)
    except InvalidInput as exc:
        form.errors.setdefault(exc.field or "", str(exc))
        return Choice(UNKNOWN)
    return Choice(announcing.on(at.wall, at.zone), clock.oddity(at.wall, at.zone), at)


def typed_moment(form: Form, *, now: datetime) -> Moment:
    """Return the wall time that is typed; raise InvalidInput for one that cannot be."""
    wall, zone = clock.parse_wall_time(form.values["at"]), form.values["zone"]
    times.refuse_impossible(wall, zone, now=now)
    return Moment(wall, zone)


def typed_hold(form: Form) -> timedelta:
    """Return the hold that is typed; raise InvalidInput for one that is not offered."""
    text, longest = form.values["hold"], times.LONGEST_OFFERED_HOLD
    if not (text.isascii() and text.isdecimal()) or len(text) > 4 or int(text) > longest:
        raise InvalidInput(f"Write a number of minutes from 0 to {longest}.", field="hold")
    return timedelta(minutes=int(text))


def after(hold: timedelta, *, now: datetime) -> Moment:
    """Return the moment after a hold, where the editor is."""
    return Moment(*clock.wall_time(now + hold, the_editor().zone))


def refuse_unseen(form: Form, findings: Sequence[Finding]) -> None:
    """Raise InvalidInput if the time has a warning that whoever presses the button did not see.

    The page says in a hidden field for which time it shows what the checks found.
    """
    is_warned = any(one.stands and one.place == "time" for one in findings)
    if is_warned and form.values["shown_for"] != f"{form.values['at']} {form.values['zone']}":
        raise InvalidInput("The checks warn of this time. Read what they say, then press again.")
