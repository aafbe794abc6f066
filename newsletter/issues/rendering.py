"""One edition of an issue as subject, HTML part and text part, with slots for the recipient.

What people wrote never enters MJML: it waits behind tokens of letters and
digits and is put in after the markup is compiled. Merge fields and the
recipient's links travel the same way and stay open as slots, so that neither
Markdown nor MJML can mangle them or be opened by them.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from markupsafe import Markup
from mjml import mjml2html

from newsletter import languages
from newsletter.issues import html_blocks, merge_fields, plaintext, prose, segments, text_blocks
from newsletter.issues.content import Content
from newsletter.issues.merge_fields import MergeField, Part
from newsletter.issues.models import Issue
from newsletter.issues.segments import Segments, Slot, fill
from newsletter.issues.tokens import Tokens
from newsletter.translating import Translator, translator

# Wide spaces and joiners that no program shows and none collapses.
PADDING = "&#847;&zwnj;&nbsp;" * 60


class Scheme(enum.Enum):
    """In which colours a mail is shown: when those for dark apply, and what the page says it knows.

    Mail is for its reader to decide; previews show one of them, whatever the editor's own is.
    """

    READERS_OWN = ("(prefers-color-scheme: dark)", "light dark")
    LIGHT = ("not all", "light")
    DARK = ("all", "dark")
    # Programs that know no dark colours of a mail turn its light ones over, but for pictures.
    INVERTED = ("not all", "only light")

    def __init__(self, dark_when: str, known: str) -> None:
        self.dark_when = dark_when
        self.known = known


@dataclass(frozen=True)
class Masthead:
    """What every edition of an issue says about where it comes from."""

    list_name: str
    issue_number: int
    postal_address: str
    public_url: str
    # Issues of lists that are not public have no page in the archive to link to.
    is_archived: bool = True
    # What a digest is called, which has no number that readers see.
    digest: str = ""

    def label(self, ours: Translator) -> str:
        """Return what stands beside the name of the list."""
        return self.digest or ours.gettext("Issue %(number)s", number=self.issue_number)


@dataclass(frozen=True)
class RenderedEdition:
    """One language, rendered once for everybody; slots are the only places still open.

    Slots are named like merge fields (`name`, `attributes.country`) or are the
    links `unsubscribe_url` and `preferences_url`.
    """

    language: str
    subject: Segments
    text_part: Segments
    html_part: Segments

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for CompiledEdition.content."""
        return {
            "language": self.language,
            "subject": segments.to_json(self.subject),
            "text_part": segments.to_json(self.text_part),
            "html_part": segments.to_json(self.html_part),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "RenderedEdition":
        """Return the edition that `to_json` made `plain` from."""
        return cls(
            language=plain["language"],
            subject=segments.from_json(plain["subject"]),
            text_part=segments.from_json(plain["text_part"]),
            html_part=segments.from_json(plain["html_part"]),
        )


@dataclass(frozen=True)
class Preview:
    """An issue as one person sees it."""

    subject: str
    text: str
    html: str


def masthead_of(issue: Issue) -> Masthead:
    """Return the facts that frame an issue: its list, its number, this installation."""
    return Masthead(
        list_name=issue.mailing_list.name,
        issue_number=issue.id,
        postal_address=issue.mailing_list.postal_address,
        public_url=current_app.config["PUBLIC_URL"],
        is_archived=issue.mailing_list.is_public,
    )


def render(
    content: Content, masthead: Masthead, *, scheme: Scheme = Scheme.READERS_OWN
) -> RenderedEdition:
    """Render one edition for all its recipients."""
    tokens = Tokens(isolates=languages.direction(content.language) == "rtl")
    opening = prose.to_html(content.introduction, tokens)
    return RenderedEdition(
        language=content.language,
        subject=tuple(
            piece if isinstance(piece, str) else Slot(piece)
            for piece in merge_fields.parse(content.subject)
        ),
        text_part=_text_part(content, masthead, opening, tokens),
        html_part=_html_part(content, masthead, opening, tokens, scheme),
    )


def preview(
    content: Content,
    masthead: Masthead,
    values: Mapping[str, str] | None = None,
    *,
    scheme: Scheme = Scheme.READERS_OWN,
) -> Preview:
    """Return the issue for a subscriber's `values`, or with neutral ones.

    Links that belong to one person lead nowhere, unless `values` has them.
    """
    edition = render(content, masthead, scheme=scheme)
    links = {
        name: f"{masthead.public_url}/{path}/preview"
        for name, path in (("unsubscribe_url", "unsubscribe"), ("preferences_url", "preferences"))
    }
    known = {**links, **(values or {})}
    return Preview(
        subject=fill(edition.subject, known, part=Part.HEADER),
        text=fill(edition.text_part, known, part=Part.TEXT),
        html=fill(edition.html_part, known, part=Part.HTML),
    )


def _html_part(
    content: Content, masthead: Masthead, opening: str, tokens: Tokens, scheme: Scheme
) -> Segments:
    language, ours = content.language, translator(content.language)
    source = current_app.jinja_env.get_template("issue/issue.mjml").render(
        language=language,
        direction=languages.direction(language),
        _=ours.gettext,
        ours=ours,
        start="right" if languages.direction(language) == "rtl" else "left",
        link=prose.LINK_STYLE,
        padding=Markup(PADDING),
        scheme=scheme,
        is_inverted=scheme is Scheme.INVERTED,
        label=tokens.text(masthead.label(ours)),
        list_name=tokens.text(ours.isolated(masthead.list_name)),
        subject=tokens.line(content.subject),
        preheader=content.preheader and tokens.line(content.preheader),
        introduction=opening and tokens.put(*tokens.cut(prose.styled(opening, language))),
        postal_lines=[
            tokens.text(ours.isolated(line)) for line in masthead.postal_address.splitlines()
        ],
        blocks=html_blocks.parts(content, tokens, public_url=masthead.public_url),
        **{name: link and tokens.put(link) for name, link in _links(masthead).items()},
    )
    # No fonts and no includes: nothing is ever fetched from elsewhere (STANDARDS H15).
    return tokens.cut(mjml2html(source, fonts={}))


def _text_part(content: Content, masthead: Masthead, opening: str, tokens: Tokens) -> Segments:
    ours = translator(content.language)
    text = current_app.jinja_env.get_template("issue/issue.txt").render(
        _=ours.gettext,
        wrapped=plaintext.wrap,
        label=masthead.label(ours),
        subject=plaintext.wrap(tokens.lift(content.subject)),
        introduction=plaintext.from_html(opening),
        blocks=text_blocks.parts(content, tokens, public_url=masthead.public_url),
        list_name=ours.isolated(masthead.list_name),
        postal_address=ours.isolated(masthead.postal_address),
        **{
            name: tokens.put(link) if isinstance(link, Slot) else link
            for name, link in _links(masthead).items()
        },
    )
    return tokens.cut(f"{text.strip()}\n")


def _links(masthead: Masthead) -> dict[str, str | Slot]:
    """Return the links of the footer: one person's as slots, everybody's as they are."""
    return {
        "unsubscribe_url": Slot(MergeField("unsubscribe_url")),
        "preferences_url": Slot(MergeField("preferences_url")),
        "web_version_url": masthead.is_archived
        and f"{masthead.public_url}/archive/{masthead.issue_number}"
        or "",
        "privacy_url": f"{masthead.public_url}/privacy",
    }
