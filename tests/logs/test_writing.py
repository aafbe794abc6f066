"""One line for every event."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import config
from newsletter.logs import writing


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.raiseExceptions)
    hooks = (sys.excepthook, threading.excepthook)
    yield root
    root.handlers[:], level, logging.raiseExceptions = before
    sys.excepthook, threading.excepthook = hooks
    root.setLevel(level)


Shown = pytest.CaptureFixture[str]


def fail() -> None:
    try:
        {}["ada@example.org"]
    except KeyError as exc:
        raise ValueError("no row for ada@example.org\nor ben@example.org") from exc


def log_everything() -> None:
    log = logging.getLogger("newsletter.delivery.courier")
    log.debug("never seen")
    log.info("delivery %s to %s: %s", 7, "ada@example.org", "250 ok\r\nbad: line")
    log.info("began", extra={"issue": 3, "list": "news", "note": "to ada@example.org"})
    try:
        fail()
    except ValueError:
        log.exception("job %s failed", "sweep")


def test_text_is_a_line_an_event_with_facts_as_key_and_value(
    root: logging.Logger, capsys: Shown
) -> None:
    writing.configure("text")
    log_everything()
    first, second, third = capsys.readouterr().err.splitlines()
    at, rest = first.split(" ", 1)
    assert at.endswith("Z") and at[10] == "T"
    assert rest == (
        "INFO newsletter.delivery.courier delivery 7 to a…@e….org: 250 ok\\r\\nbad: line"
    )
    assert second.endswith('began issue=3 list=news note="to a…@e….org"')
    assert " ERROR newsletter.delivery.courier job sweep failed error=" in third
    assert "ValueError: no row for a…@e….org\\\\nor b…@e….org (from KeyError: 'a…@e….org')" in third
    assert "where=" in third
    assert "test_writing.py" in third
    assert third.index(" fail <") < third.index("log_everything")


def test_json_is_an_object_an_event(root: logging.Logger, capsys: Shown) -> None:
    writing.configure("json")
    log_everything()
    written = capsys.readouterr().err
    first, second, third = map(json.loads, written.splitlines())
    assert first["level"] == "info"
    assert first["logger"] == "newsletter.delivery.courier"
    assert first["event"] == "delivery 7 to a…@e….org: 250 ok\r\nbad: line"
    assert (second["event"], second["issue"], second["list"]) == ("began", 3, "news")
    assert third["error"].startswith("ValueError: no row for a…@e….org")
    assert "ada@" not in written


def test_configuring_again_replaces_and_repeats_nothing(
    root: logging.Logger, capsys: Shown
) -> None:
    logging.basicConfig(force=False)
    writing.configure("json")
    writing.configure("text", level=logging.WARNING)
    logging.getLogger("newsletter").info("not shown")
    logging.getLogger("newsletter").warning("shown")
    assert capsys.readouterr().err.count("\n") == 1


def test_a_line_with_wrong_arguments_does_not_show_them(
    root: logging.Logger, capsys: Shown
) -> None:
    writing.configure("text")
    logging.getLogger("x").info("%s and %s", "ada@example.org")
    written = capsys.readouterr().err
    assert "%s and %s" in written
    assert "ada@" not in written


class Letter:
    """Something that is no text and shows an address."""

    def __str__(self) -> str:
        return "to ada@example.org"


def test_what_lies_deep_in_a_fact_is_hidden_there(root: logging.Logger, capsys: Shown) -> None:
    facts = {"rows": [{"ada@example.org": ("ben@example.org", 7, None)}], "letter": Letter()}
    for style in ("text", "json"):
        writing.configure(style)
        logging.getLogger("x").info("read", extra={"facts": facts})
    text, line = capsys.readouterr().err.splitlines()
    assert "example.org" not in text
    assert json.loads(line)["facts"] == {
        "rows": [{"a…@e….org": ["b…@e….org", 7, None]}],
        "letter": "to a…@e….org",
    }


ENDS = """
import sys
import threading
from newsletter.logs import writing

writing.configure("json")

def fail():
    raise ValueError("no row for ada@example.org")

thread = threading.Thread(target=fail, name="courier")
thread.start()
thread.join()
leaving = threading.Thread(target=sys.exit)
leaving.start()
leaving.join()
fail()
"""


def test_what_ends_a_process_or_a_thread_is_a_line_like_any_other() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDS], cwd=config.ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    thread, process = map(json.loads, ended.stderr.splitlines())
    assert thread["event"] == "the thread courier ended by an error that nobody foresaw"
    assert process["event"] == "ended by an error that nobody foresaw"
    for line in (thread, process):
        assert line["level"] == "critical"
        assert line["error"] == "ValueError: no row for a…@e….org"
        assert "fail" in line["where"]


@pytest.mark.parametrize("module", ["worker", "wsgi"])
def test_a_process_writes_json_from_its_first_line_on(module: str, tmp_path: Path) -> None:
    # The first step after the imports fails.
    ended = subprocess.run(
        [sys.executable, "-c", f"import newsletter; newsletter.create_app = None; import {module}"],
        cwd=config.ROOT,
        env={"PATH": os.environ["PATH"], "INSTANCE_PATH": str(tmp_path), "LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert json.loads(ended.stderr)["error"] == "TypeError: 'NoneType' object is not callable"
