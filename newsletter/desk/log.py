"""Who did what: the log as prose, for admins all of it, for others what concerns them."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from flask import Response, render_template, request, stream_with_context

from newsletter import accounts, clock
from newsletter.accounts import Action
from newsletter.audit import Deed, asking
from newsletter.audit.asking import Entry, Question
from newsletter.audit.deeds import KINDS
from newsletter.desk.guard import blueprint, needs, the_editor
from newsletter.desk.noting import note
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.issues.naming import desk_path
from newsletter.spreadsheets import safe_cell

FILTERS = ("person", "kind", "issue", "since", "until")

COLUMNS = ("at", "editor", "who", "what", "deed", "kind", "key", "detail", "channel")
"""The head of the file."""


@blueprint.get("/log/")
@needs(Action.WRITE)
def show_log() -> str:
    """Show who did what, the newest first."""
    chosen = {name: request.args.get(name, "").strip() for name in FILTERS}
    found = asking.ask(_question(chosen), seen_by=the_editor(), before=_number("before"))
    return render_template(
        "desk/log.html",
        found=found,
        chosen={name: value for name, value in chosen.items() if value},
        is_first="before" not in request.args,
        editors=_editors(),
        kinds=KINDS,
        place_of=place_of,
    )


@blueprint.post("/log/log.csv")
@needs(Action.WRITE)
def export_log() -> Response:
    """Give the same as CSV, all of it; that it was taken is written down, too."""
    chosen = {name: request.form.get(name, "").strip() for name in FILTERS}
    entries = asking.everything(_question(chosen), seen_by=the_editor())
    editors = _editors()
    note(Deed.LOG_EXPORTED)
    db.session.commit()
    return Response(
        stream_with_context(_lines(entries, editors)),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="who-did-what.csv"'},
    )


def place_of(entry: Entry) -> str:
    """Return the page that shows the thing an entry is about; empty where there is none."""
    if not entry.key:
        return ""
    if entry.kind == "issue":
        return desk_path(int(entry.key))
    pages = {
        "item": f"/desk/library/item/{entry.key}",
    }
    if accounts.may(the_editor(), Action.MANAGE_LISTS):
        pages |= {"list": f"/desk/lists/{entry.key}", "editor": "/desk/editors/"}
    return pages.get(entry.kind, "")


def _question(chosen: dict[str, str]) -> Question:
    until = _day(chosen["until"])
    return Question(
        editor_id=_whole(chosen["person"]),
        kind=chosen["kind"],
        issue=_whole(chosen["issue"]),
        since=_midnight(_day(chosen["since"])),
        # The last day is meant to its end.
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _number(name: str) -> int | None:
    return _whole(request.args.get(name, ""))


def _whole(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidInput(f"“{text[:40]}” is not a number. Write it in digits.")
    return int(text)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as exc:
        raise InvalidInput(f"“{text[:40]}” is not a day. Write it like 2027-03-01.") from exc
    if not 2000 <= day.year < 3000:
        raise InvalidInput(f"The log has nothing of the year {day.year}. Choose another.")
    return day


def _midnight(day: date | None) -> datetime | None:
    """Return when a day begins where the editor is."""
    return clock.instant(datetime.combine(day, time()), the_editor().zone) if day else None


def _editors() -> dict[str, str]:
    """Return everybody by their number, without an address."""
    return {str(editor.id): editor.signature for editor in accounts.all_editors()}


def _lines(entries: Iterator[Entry], editors: dict[str, str]) -> Iterator[str]:
    # By this mark spreadsheets know that it is UTF-8.
    yield "\ufeff" + _line(COLUMNS)
    for entry in entries:
        yield _line(
            (
                entry.at.isoformat(),
                str(entry.editor_id or ""),
                entry.actor,
                str(entry.says(editors)),
                entry.deed,
                entry.kind,
                entry.key,
                entry.detail,
                entry.channel,
            )
        )


def _line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()
