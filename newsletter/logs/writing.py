"""Writing one line for every event: text for people, JSON for programs."""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from flask.logging import default_handler

from newsletter.logs.hiding import Hiding, hide, hide_all

log = logging.getLogger(__name__)

DEEPEST = 12
"""Calls that are named of where an exception came from, the innermost first."""

# What every record has by itself; the rest are facts that a line was given by `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Stream(logging.StreamHandler[Any]):
    """Our own handler, to be told apart from those of others."""


def configure(style: str, *, level: int = logging.INFO) -> None:
    """Let every logger of this process write to standard error, as `text` or `json`.

    So does whatever ends the process, or one of its threads, that nobody foresaw.
    Calling it again replaces what it set before.
    """
    handler = _Stream(sys.stderr)
    handler.setFormatter(formatter(style))
    handler.addFilter(Hiding())
    root = logging.getLogger()
    for known in list(root.handlers):
        if type(known) in (logging.StreamHandler, _Stream):
            root.removeHandler(known)
    root.addHandler(handler)
    root.setLevel(level)
    # Flask adds one of its own to the same lines when nobody listens yet.
    logging.getLogger("newsletter").removeHandler(default_handler)
    # A line with wrong arguments would be printed with them, addresses included.
    logging.raiseExceptions = False
    sys.excepthook = _ended
    threading.excepthook = _thread_ended


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write what ended this process; Ctrl-C is no fault."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("ended by an error that nobody foresaw", exc_info=(kind, error, trace))


def _thread_ended(facts: threading.ExceptHookArgs) -> None:
    """Write what ended a thread; sys.exit() is no fault."""
    if issubclass(facts.exc_type, SystemExit):
        return
    name = facts.thread.name if facts.thread is not None else "unknown"
    error = facts.exc_value or facts.exc_type()
    trace = (facts.exc_type, error, facts.exc_traceback)
    log.critical("the thread %s ended by an error that nobody foresaw", name, exc_info=trace)


def formatter(style: str) -> logging.Formatter:
    """Return what makes the line of a record."""
    return Json() if style == "json" else Text()


class Text(logging.Formatter):
    """Time, level, logger, sentence, then facts as key=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts = _facts(record)
        words = [_time(record), record.levelname, record.name, _one_line(record.getMessage())]
        words += [f"{name}={_quoted(value)}" for name, value in facts.items()]
        return " ".join(words)


class Json(logging.Formatter):
    """One JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        head = {
            "at": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        return json.dumps({**_facts(record), **head}, ensure_ascii=False)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts = {
        name: hide_all(value)
        for name, value in vars(record).items()
        if name not in _STANDARD and not name.startswith("_")
    }
    if record.exc_info and record.exc_info[1] is not None:
        facts |= {"error": hide(_chain(record.exc_info[1])), "where": _where(record.exc_info[1])}
    return facts


def _chain(error: BaseException) -> str:
    """Return what went wrong, and what that came from."""
    said = f"{type(error).__name__}: {error}"
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return said if cause is None else f"{said} (from {_chain(cause)})"


def _where(error: BaseException) -> str:
    """Return the calls in which it went wrong, the innermost first."""
    calls = reversed(traceback.extract_tb(error.__traceback__))
    named = [f"{_short(call.filename)}:{call.lineno} {call.name}" for call in calls]
    return " < ".join(named[:DEEPEST])


def _short(filename: str) -> str:
    return "/".join(Path(filename).parts[-2:])


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _one_line(text: str) -> str:
    """Return a text in one line, with what would end it or move the cursor written out."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def _quoted(value: object) -> str:
    text = _one_line(str(value))
    return json.dumps(text, ensure_ascii=False) if not text or set(' "=') & set(text) else text
