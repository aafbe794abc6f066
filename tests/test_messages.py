"""Every message that we send, in every language, as its reader's program gets it."""

import pytest
from flask import Flask

from tests.html_standards import LARGEST, check_html
from tests.issues.editions_of_all import WORDS
from tests.letters import issue_in, own_mail
from tests.mail.test_texts import MAILS
from tests.message_standards import html_of

DOMAIN = "news.example.org"

LONGEST_NAME = " ".join(["Wolfeschlegelsteinhausenbergerdorff"] * 5)


@pytest.mark.parametrize("language", list(WORDS))
def test_an_issue_keeps_the_standards(app: Flask, language: str) -> None:
    check_html(issue_in(language), own_domain=DOMAIN, is_issue=True)


@pytest.mark.parametrize("language", list(WORDS))
def test_an_issue_keeps_them_for_who_has_the_longest_name(app: Flask, language: str) -> None:
    message = issue_in(language, name=LONGEST_NAME)
    check_html(message, own_domain=DOMAIN, is_issue=True, name=LONGEST_NAME)
    assert len(html_of(message).encode()) < LARGEST / 2


@pytest.mark.parametrize(("kind", "language"), MAILS)
def test_our_own_mail_keeps_the_standards(app: Flask, kind: str, language: str) -> None:
    check_html(own_mail(kind, language), own_domain=DOMAIN, is_issue=False)
