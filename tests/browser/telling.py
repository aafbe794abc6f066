"""A reader in a browser without scripts, who reads one of our languages and presses its words."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from babel.messages.pofile import read_po
from playwright.sync_api import Browser, Locator, Page, expect

from newsletter import clock, translating
from newsletter.translating import ORIGINAL, Translator
from tests.browser.conftest import Installation

PATIENCE = 30
"""Seconds that a mail may take to be in the mailbox."""

REGIONS = {"en": "en-GB", "fr": "fr-FR", "es": "es-MX", "pt": "pt-BR", "ar": "ar-EG"}
"""What the browsers of these readers ask for."""

LEAST = 3
"""Words of a sentence: fewer may be a name, or the same in both languages."""


@dataclass
class Teller:
    """Somebody who reads `ours`, at an installation."""

    page: Page
    installation: Installation
    ours: Translator
    english: list[str] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    """Addresses of the mails that were opened: a link in the next mail is another one."""

    def say(self, message: str, **values: str) -> str:
        """Return one of our sentences as this reader is told it."""
        return self.ours.gettext(message, **values)

    def goes_to(self, path: str) -> None:
        """Open an address, as from a bookmark."""
        self.page.goto(f"{self.installation.url}{path}")
        self.reads()

    def presses(self, button: str) -> None:
        """Press a button with these words."""
        self.page.get_by_role("button", name=self.say(button), exact=True).click()
        self.reads()

    def follows(self, link: str) -> None:
        """Follow the first link with these words."""
        self.page.get_by_role("link", name=self.say(link), exact=True).first.click()
        self.reads()

    def field(self, label: str) -> Locator:
        """Return the field of a label."""
        return self.page.get_by_label(self.say(label), exact=True)

    def sees(self, heading: str, **values: str) -> None:
        """Be on the page with this heading."""
        place = self.page.get_by_role("heading", level=1)
        expect(place).to_have_text(_bare(self.say(heading, **values)), use_inner_text=True)

    def reads(self) -> None:
        """Look whether the page is in this language, all of it."""
        lines = self.ours.language, self.ours.direction
        root = self.page.locator("html")
        said = root.get_attribute("lang"), root.get_attribute("dir") or "ltr"
        assert said == lines, f"{self.page.url} is in {said}"
        text = self.page.locator("body").inner_text()
        left = [sentence for sentence in self.english if sentence in text]
        assert not left, f"{self.page.url} says in English: {left}"

    def opens_from_mail(self, subject: str, path: str, **values: str) -> None:
        """Follow the link to a page of ours in the mail that has come with this subject."""
        with self.mail(subject, **values) as mail:
            words = mail.frame_locator("iframe").locator("html")
            expect(words).to_have_attribute("lang", self.ours.language)
            expect(words).to_have_attribute("dir", self.ours.direction)
            self.goes_to_link(mail, path)

    def goes_to_link(self, mail: Page, path: str) -> None:
        """Follow the first link to a page of ours in an open mail."""
        address = mail.locator(f"main li a[href*='{path}']").first.get_attribute("href")
        assert address is not None
        self.page.goto(address)
        self.reads()

    @contextmanager
    def mail(self, subject: str, **values: str) -> Iterator[Page]:
        """The mail that has come with this subject, in the mailbox on a page of its own."""
        tab = self.page.context.new_page()
        tab.goto(self._wait_for_mail(tab, self.say(subject, **values)))
        yield tab
        tab.close()

    def _wait_for_mail(self, tab: Page, subject: str) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            tab.goto(f"{self.installation.url}/mailbox")
            found = tab.get_by_role("link", name=subject).all()
            new = [link.evaluate("link => link.href") for link in found]
            for address in new:
                if address not in self.opened:
                    self.opened.add(address)
                    return str(address)
            tab.wait_for_timeout(200)
        raise AssertionError(f"no mail “{subject}” came within {PATIENCE} seconds")


@contextmanager
def teller(browser: Browser, installation: Installation, language: str) -> Iterator[Teller]:
    """Somebody whose browser asks for this language and runs no scripts."""
    context = browser.new_context(
        java_script_enabled=False, locale=REGIONS[language], viewport={"width": 360, "height": 800}
    )
    try:
        ours = translating.translator(language)
        yield Teller(context.new_page(), installation, ours, _english(ours))
    finally:
        context.close()


def _english(ours: Translator) -> list[str]:
    """Return our sentences that must not be seen on a page in another language."""
    if ours.language == ORIGINAL:
        return []
    with (translating.CATALOGUES / ours.language / "LC_MESSAGES" / "messages.po").open(
        "rb"
    ) as file:
        every = [one.id for one in read_po(file) if isinstance(one.id, str)]
    sentences = [one for one in every if len(one.split()) >= LEAST and "%" not in one]
    return [one for one in sentences if ours.gettext(one) != one]


def _bare(text: str) -> re.Pattern[str]:
    """Return what finds a text whatever keeps its parts apart."""
    return re.compile("[\u2068\u2069]*".join(map(re.escape, text)))


def day_of(days: int) -> str:
    """Return a day from now as a date field takes it."""
    return f"{(clock.now() + timedelta(days=days)).date()}"
