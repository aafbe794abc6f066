"""What SpamAssassin finds in messages as they leave (STANDARDS H23)."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from newsletter import translating
from tests.conftest import app  # noqa: F401  # on SQLite, for the database is of no matter here
from tests.issues.editions_of_all import WORDS
from tests.letters import issue_in, own_mail
from tests.mail.test_texts import MAILS

pytestmark = pytest.mark.usefixtures("app")

MOST = 1.0
MOST_OF_A_RULE = 0.1

RULE = re.compile(r"^ *(-?[0-9.]+) ([A-Z][A-Z0-9_]+) ", re.MULTILINE)
SCORE = re.compile(r"\((-?[0-9.]+) points, [0-9.]+ required\)")


@pytest.mark.parametrize("language", sorted(WORDS))
def test_an_issue_gives_a_filter_no_reason(language: str, tmp_path: Path) -> None:
    assert_harmless(issue_in(language), tmp_path)


@pytest.mark.parametrize(("kind", "language"), MAILS)
def test_our_own_mail_gives_a_filter_no_reason(kind: str, language: str, tmp_path: Path) -> None:
    assert_harmless(own_mail(kind, language), tmp_path)


def test_every_language_is_judged() -> None:
    assert set(WORDS) == set(translating.written())


def test_the_filter_has_its_rules(tmp_path: Path) -> None:
    said = b"From: a@example.org\r\nSubject: Hello\r\n\r\nStop these e-mails here.\r\n"
    assert found_in(said, tmp_path)[1]["END_FUTURE_EMAILS"] > MOST_OF_A_RULE


def assert_harmless(message: bytes, folder: Path) -> None:
    score, rules = found_in(message, folder)
    assert {rule: points for rule, points in rules.items() if points > MOST_OF_A_RULE} == {}
    assert score <= MOST


def found_in(message: bytes, folder: Path) -> tuple[float, dict[str, float]]:
    """Return the score of a message, and what each rule that it met added to it.

    Nothing is asked of the network, and nothing is learned from the message.
    """
    done = subprocess.run(
        ["spamassassin", "-L", "-t", "-x", "--cf", "use_bayes 0"],
        input=message,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"},
        capture_output=True,
        check=True,
    )
    said = done.stdout.decode("utf-8", "replace")
    found = SCORE.search(said)
    assert found is not None, said[-2000:]
    report = said[found.end() :]
    return float(found[1]), {rule: float(points) for points, rule in RULE.findall(report)}
