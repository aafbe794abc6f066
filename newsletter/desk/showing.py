"""How the desk writes times and numbers: filters for its templates."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from newsletter import clock, languages
from newsletter.desk.guard import blueprint, signed_in_editor
from newsletter.issues import merge_fields, naming
from newsletter.issues.checks import Finding, Level


@blueprint.app_template_filter("when")
def when(instant: datetime | None) -> Markup:
    """Return an instant in the editor's own zone; nothing for None."""
    return _marked(instant, day_and_time)


@blueprint.app_template_filter("short")
def short(instant: datetime | None) -> Markup:
    """Return an instant in the editor's own zone as lists show it: “5 Mar 2026, 09:00”."""
    return _marked(instant, _short)


@blueprint.app_template_filter("day")
def day(instant: datetime | None) -> Markup:
    """Return the day of an instant in the editor's own zone: “Thursday 5 March 2026”."""
    return _marked(instant, lambda local: f"{local:%A} {local.day} {local:%B %Y}")


def here(instant: datetime) -> datetime:
    """Return an instant as clocks in the editor's own zone show it."""
    editor = signed_in_editor()
    return instant.astimezone(ZoneInfo(editor.zone if editor else "UTC"))


@blueprint.app_template_filter("day_of")
def day_of(day: date) -> Markup:
    """Return a date as lists show it: “5 Mar 2026”."""
    return Markup('<time datetime="{}">{} {}</time>').format(
        day.isoformat(), day.day, f"{day:%b %Y}"
    )


@blueprint.app_template_filter("wall")
def wall(naive: datetime, zone: str) -> str:
    """Return a wall time with its zone, as clocks there show it when it comes.

    That differs from what was chosen only where clocks jump over it.
    """
    return f"{day_and_time(clock.local(naive, zone))} ({zone.replace('_', ' ')})"


@blueprint.app_template_filter("short_wall")
def short_wall(naive: datetime, zone: str) -> str:
    """Return a wall time with its zone as lists show it: “5 Mar 2026, 09:00 (Europe/Vienna)”."""
    return f"{_short(clock.local(naive, zone))} ({zone.replace('_', ' ')})"


@blueprint.app_template_filter("oddity")
def oddity(naive: datetime, zone: str) -> str:
    """Return what is odd about a wall time, if it is skipped or comes twice."""
    return clock.oddity(naive, zone)


blueprint.add_app_template_filter(naming.called, "called")
blueprint.add_app_template_filter(naming.titled, "titled")
blueprint.add_app_template_filter(naming.desk_path, "desk_path")


@blueprint.app_template_filter("people")
def people(count: int) -> str:
    """Return how many people: “1,234 people”."""
    return "1 person" if count == 1 else f"{count:,} people"


@blueprint.app_template_filter("neutral")
def neutral(line: str) -> str:
    """Return a subject as it reads to nobody in particular, without braces in it."""
    return merge_fields.neutral(line)


@blueprint.app_template_filter("grouped")
def grouped(count: int) -> str:
    """Return a number with its thousands grouped."""
    return f"{count:,}"


@blueprint.app_template_filter("language_name")
def language_name(language: str) -> str:
    """Return what a language is called in English."""
    return languages.english_name(language)


@blueprint.app_template_filter("summed")
def summed(findings: Sequence[Finding]) -> str:
    """Return how many findings there are: “1 stop, 2 warnings and 3 notes; 1 more is let pass”."""
    counts = [
        _how_many(sum(one.level is level and one.waived is None for one in findings), word)
        for level, word in ((Level.STOP, "stop"), (Level.WARN, "warning"), (Level.NOTE, "note"))
    ]
    said = in_a_row([count for count in counts if count] or ["nothing to mend"])
    waived = sum(one.waived is not None for one in findings)
    return f"{said}; {waived} more {'is' if waived == 1 else 'are'} let pass" if waived else said


def _how_many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}" if count else ""


def in_a_row(names: Sequence[str]) -> str:
    """Return several names as a sentence has them: “Ada, Bela and Chen”."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


@blueprint.app_template_filter("clock_time")
def clock_time(instant: datetime) -> str:
    """Return the time of day in the editor's own zone: “09:41”."""
    return f"{here(instant):%H:%M}"


@blueprint.app_template_filter("short_day")
def short_day(instant: datetime) -> str:
    """Return the day in the editor's own zone as an aside shows it: “3 March 2026”."""
    local = here(instant)
    return f"{local.day} {local:%B %Y}"


@blueprint.app_template_filter("ago")
def ago(instant: datetime, now: datetime) -> str:
    """Return how long ago something was, in the largest unit that fits: “2 minutes ago”."""
    seconds = max(0, int((now - instant).total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = seconds // length
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def _marked(instant: datetime | None, write: Callable[[datetime], str]) -> Markup:
    if instant is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(instant.isoformat(), write(here(instant)))


def day_and_time(moment: datetime) -> str:
    """Return a moment as clocks show it in full: “Monday 1 March 2027, 09:00”."""
    return f"{moment:%A} {moment.day} {moment:%B %Y}, {moment:%H:%M}"


def _short(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y, %H:%M}"
