"""Which look at an issue somebody asks for: what stands in the address of a preview."""

import enum
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import request

from newsletter.issues.rendering import Scheme

LONGEST = "longest"
CHOSEN = "reader"
"""What `as` says for the reader with long values, and for the one whom the session knows."""


class View(enum.StrEnum):
    """What is shown of a mail, in the order of the tabs."""

    DESKTOP = "desktop"
    PHONE = "phone"
    TEXT = "text"
    DARK = "dark"
    INVERTED = "inverted"
    NO_IMAGES = "no-images"
    RAW = "raw"


WORDS = {
    View.DESKTOP: "Desktop",
    View.PHONE: "Phone",
    View.TEXT: "Plain text",
    View.DARK: "Dark",
    View.INVERTED: "Inverted",
    View.NO_IMAGES: "Images off",
    View.RAW: "As the relay gets it",
}

HINTS = {
    View.DESKTOP: "Links do not open in here.",
    View.PHONE: "A phone of 375 pixels.",
    View.TEXT: "What readers see who chose text only, and programs that show no HTML.",
    View.DARK: "For readers whose programs are dark and let a mail have colours of its own.",
    View.INVERTED: "For readers whose programs turn light colours over by themselves.",
    View.NO_IMAGES: "Many programs show images only when asked: alternative texts stand for them.",
    View.RAW: "A copy to your own address. Its links work and change nothing.",
}

SCHEMES = {View.DARK: Scheme.DARK, View.INVERTED: Scheme.INVERTED}
"""Views with colours of their own; in all others it is light, also on a dark desk."""


@dataclass(frozen=True)
class Look:
    """One look at one issue. `language` is empty for the first edition or the reader's own."""

    number: int
    view: View
    language: str
    reader: str

    def page(
        self, *, view: View | None = None, language: str | None = None, reader: str | None = None
    ) -> str:
        """Return the address of the page with some of it changed, as in `page(language="fr")`."""
        other = Look(
            self.number,
            self.view if view is None else view,
            self.language if language is None else language,
            self.reader if reader is None else reader,
        )
        return other._address("preview")

    def post(self, what: str) -> str:
        """Return the address that does something and leads back to this look."""
        return self._address(what)

    @property
    def frame(self) -> str:
        """The address of the HTML part alone."""
        return self._address("preview.html")

    @property
    def text(self) -> str:
        """The address of the plain-text part alone."""
        return replace(self, view=View.DESKTOP)._address("preview.txt")

    @property
    def scheme(self) -> Scheme:
        """The colours in which it shows the mail."""
        return SCHEMES.get(self.view, Scheme.LIGHT)

    def _address(self, page: str) -> str:
        asked = {
            "view": "" if self.view == View.DESKTOP else str(self.view),
            "lang": self.language,
            "as": self.reader,
        }
        query = urlencode({name: text for name, text in asked.items() if text})
        return f"/desk/issues/{self.number}/{page}" + (f"?{query}" if query else "")


def asked(number: int) -> Look:
    """Return what the address of this request asks for; what is unknown is left at the usual."""
    view = request.args.get("view", "")
    reader = request.args.get("as", "")
    return Look(
        number=number,
        view=View(view) if view in set(View) else View.DESKTOP,
        language=request.args.get("lang", ""),
        reader=reader if reader in (LONGEST, CHOSEN) else "",
    )
