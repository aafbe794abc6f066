import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from newsletter.cli import library
from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.library.models import ItemKind
from tests.conftest import NOW
from tests.factories import make_item, make_topic

GUIDANCE = [
    *("add", "--kind", "guidance", "--title", "Guidance on MMS"),
    *("--summary", "What to do.", "--url", "https://example.org/mms"),
]


def run(app: Flask, *arguments: str) -> Result:
    """Run `flask library` with these arguments on what was committed so far."""
    db.session.commit()
    return app.test_cli_runner().invoke(library.group, list(arguments))


def refusal(result: Result) -> str:
    """The one line on standard error of a command that ended with 2."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_adding_prints_the_slug_as_the_last_word(app: Flask) -> None:
    result = run(app, *GUIDANCE)
    assert result.exit_code == 0
    assert result.stdout.split()[-1] == "guidance-on-mms"
    db.session.rollback()
    assert catalogue.find_item("guidance-on-mms").kind is ItemKind.GUIDANCE


def test_every_fact_can_be_given(app: Flask, tmp_path: Path) -> None:
    make_topic("mms")
    make_topic("bep")
    body = tmp_path / "body.md"
    body.write_bytes("\ufeffOnly **leftover** tablets – après.\r\n".encode())
    facts = ("--topic", "mms", "--topic", "bep", "--date", "2025-01-20", "--region", "Global")
    more = ("--language", "FR", "--slug", "guide", "--body-file", str(body), "--json")
    printed = json.loads(run(app, *GUIDANCE, *facts, *more).stdout)
    assert printed == {
        "slug": "guide",
        "kind": "guidance",
        "title": "Guidance on MMS",
        "summary": "What to do.",
        "url": "https://example.org/mms",
        "body": "Only **leftover** tablets – après.",
        "date": "2025-01-20",
        "topics": ["bep", "mms"],
        "region": "Global",
        "language": "fr",
        "withdrawn": False,
        "page": "https://news.example.org/library/guide",
    }


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--kind", "poem"], "not a kind of item"),
        (["--title", " "], "Give the item a title"),
        (["--summary", ""], "Say in a sentence or two"),
        (["--url", "example.org"], "Write the whole address"),
        (["--url", ""], "a link, a text or both"),
        (["--topic", "poems"], "“poems” is not a topic"),
        (["--date", "20 January"], "Write it like 2025-01-20"),
        (["--language", "English"], "not a language tag"),
        (["--slug", "Not A Slug"], "cannot stand in a link"),
        (["--body-file", "/nowhere/at/all.md"], "cannot be read"),
        (["--body-file", "/"], "cannot be read"),
        (["--unheard"], "No such option"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_kept(
    app: Flask, more: list[str], words: str
) -> None:
    assert words in refusal(run(app, *GUIDANCE, *more))
    assert list(catalogue.all_items()) == []


def test_a_file_in_another_encoding_is_refused(app: Flask, tmp_path: Path) -> None:
    body = tmp_path / "body.md"
    body.write_bytes("après".encode("latin-1"))
    assert "Save it as UTF-8" in refusal(run(app, *GUIDANCE, "--body-file", str(body)))


def test_a_needed_option_that_is_missing_is_named(app: Flask) -> None:
    assert "--summary" in refusal(run(app, "add", "--kind", "news", "--title", "T"))


def test_the_list_shows_every_item_to_people_and_programs(app: Flask) -> None:
    make_item("old", title="Old words")
    catalogue.withdraw_item(make_item("gone", title="Gone words"), now=NOW)
    facts = json.loads(run(app, "list", "--json").stdout)
    assert [(item["slug"], item["withdrawn"]) for item in facts] == [("gone", True), ("old", False)]
    assert run(app, "list").stdout.splitlines() == [
        "2025-01-20  guidance     gone  Gone words  (withdrawn)",
        "2025-01-20  guidance     old  Old words",
    ]


def test_an_item_is_withdrawn_and_restored(app: Flask) -> None:
    make_item("guide")
    assert run(app, "withdraw", "guide").stdout == "Withdrawn: guide\n"
    db.session.rollback()
    assert catalogue.find_item("guide").withdrawn_at is not None
    assert run(app, "restore", "guide").stdout == "Listed again: guide\n"
    db.session.rollback()
    assert catalogue.find_item("guide").withdrawn_at is None


@pytest.mark.parametrize("command", ["withdraw", "restore"])
def test_an_unknown_item_is_named(app: Flask, command: str) -> None:
    assert "“unknown”" in refusal(run(app, command, "unknown"))


def test_topics_are_added_and_shown(app: Flask) -> None:
    assert run(app, "add-topic", "mms", "--name", "MMS").stdout.split()[-1] == "mms"
    db.session.rollback()
    assert "already" in refusal(run(app, "add-topic", "mms", "--name", "MMS"))
    assert run(app, "topics").stdout == "mms  MMS\n"
    assert json.loads(run(app, "topics", "--json").stdout) == [{"slug": "mms", "name": "MMS"}]
