"""An issue's HTML and text: whole, safe, accessible, and open at its slots only."""

import html
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import quote, urlsplit

import html5lib
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

import config
from newsletter import translating
from newsletter.issues import composing, rendering
from newsletter.issues.content import Content, Heading
from newsletter.issues.merge_fields import Part
from newsletter.issues.rendering import RenderedEdition
from newsletter.issues.segments import Segments, Slot, fill
from newsletter.library.models import ItemKind
from tests import english
from tests.colours import contrast
from tests.conftest import NOW
from tests.factories import make_list
from tests.issues.editions_of_all import WORDS, edition
from tests.issues.samples import CONTENT, MASTHEAD, content, item

VALUES = {
    "name": "Ada",
    "attributes.country": "Kenya",
    "unsubscribe_url": "https://news.example.org/unsubscribe/1.abc",
    "preferences_url": "https://news.example.org/preferences/1.abc",
}

MJML_TAGS = {
    *("mjml", "mj-head", "mj-title", "mj-attributes", "mj-all", "mj-style", "mj-raw"),
    *("mj-body", "mj-section", "mj-column", "mj-text", "mj-divider", "mj-button"),
}
# `h` is the beginning of a tag whose level depends on what stands above.
HTML_TAGS = {"a", "br", "div", "h", "h1", "img", "meta", "p", "span"}

pytestmark = pytest.mark.usefixtures("app")


def page(said: Content = CONTENT, **values: str) -> LexborHTMLParser:
    """The HTML part as a reader's program takes it apart."""
    edition = rendering.render(said, MASTHEAD)
    return LexborHTMLParser(fill(edition.html_part, {**VALUES, **values}, part=Part.HTML))


def text(said: Content = CONTENT, **values: str) -> str:
    edition = rendering.render(said, MASTHEAD)
    return fill(edition.text_part, {**VALUES, **values}, part=Part.TEXT)


def slots(segments: Segments) -> list[str]:
    return [piece.field.path for piece in segments if isinstance(piece, Slot)]


def test_items_below_a_heading_are_smaller_than_it() -> None:
    below = content(blocks=(Heading("h", "From the field", "en"), item(1)))
    for said, tag, size in ((below, "h3", "17px"), (CONTENT, "h2", "21px")):
        [title, *_] = page(said).css(tag)
        assert f"font-size:{size}" in (title.attributes["style"] or "")


def test_the_parts_are_open_at_their_slots_only() -> None:
    edition = rendering.render(CONTENT, MASTHEAD)
    assert slots(edition.subject) == ["name"]
    assert slots(edition.text_part) == ["name", "name", "unsubscribe_url", "preferences_url"]
    assert sorted(slots(edition.html_part)) == [
        "attributes.country",
        *["name"] * 4,
        "preferences_url",
        *["unsubscribe_url"] * 2,
    ]
    literals = "".join(
        piece
        for part in (edition.subject, edition.text_part, edition.html_part)
        for piece in part
        if isinstance(piece, str)
    )
    assert "{{" not in literals
    assert not re.search(r"t[0-9a-f]{16}n[0-9]+e", literals)


def test_rendering_twice_gives_the_same() -> None:
    assert rendering.render(CONTENT, MASTHEAD) == rendering.render(CONTENT, MASTHEAD)


def test_an_edition_survives_json() -> None:
    edition = rendering.render(CONTENT, MASTHEAD)
    assert RenderedEdition.from_json(json.loads(json.dumps(edition.to_json()))) == edition


def test_the_subject_takes_values_on_one_line() -> None:
    edition = rendering.render(CONTENT, MASTHEAD)
    subject = fill(edition.subject, {"name": "Ada\r\nBcc: x@example.org"}, part=Part.HEADER)
    assert subject == "New guidance, Ada  Bcc: x@example.org"


def test_the_text_part_is_whole() -> None:
    sample = config.ROOT / "tests" / "samples" / "issue.txt"
    assert text() == sample.read_text(encoding="utf-8")


def test_both_parts_carry_the_same_words_and_addresses() -> None:
    plain = " ".join(text().split())
    dom = page()
    for node in dom.css("h1, h2, p, a"):
        if not node.css_first("a"):
            assert " ".join(node.text(separator=" ").split()) in plain
    for link in dom.css("a"):
        assert (link.attributes["href"] or "") in plain


def test_the_footer_says_why_who_and_how_to_leave() -> None:
    dom = page()
    links = {
        node.text(): node.attributes["href"]
        for node in dom.css("a")
        if node.text() not in ("Guidance on MMS", "The launch")
    }
    assert links["Unsubscribe"] == VALUES["unsubscribe_url"]
    assert links["Change what you get"] == VALUES["preferences_url"]
    assert links["Read it on the web"] == "https://news.example.org/archive/42"
    assert links["Privacy notice"] == "https://news.example.org/privacy"
    words = dom.body.text() if dom.body else ""
    assert "You get this e-mail because your address is subscribed to Stay Informed." in words
    assert "1 Example Street" in words
    assert "10115 Sample Town" in words


def test_one_can_leave_near_the_top_too() -> None:
    first = page().css("a")[:2]
    assert [node.text() for node in first] == ["Read it on the web", "Unsubscribe"]


def test_an_issue_of_a_private_list_links_to_no_archive() -> None:
    private = rendering.Masthead("Members", 7, "1 Street", "https://news.example.org", False)
    edition = rendering.render(CONTENT, private)
    for part in (edition.html_part, edition.text_part):
        whole = fill(part, VALUES, part=Part.TEXT)
        assert "/archive/" not in whole
        assert "Read it on the web" not in whole


def test_a_list_without_a_postal_address_still_renders() -> None:
    bare = rendering.Masthead("Members", 7, "", "https://news.example.org")
    edition = rendering.render(CONTENT, bare)
    assert fill(edition.text_part, VALUES, part=Part.TEXT).endswith("\n\nMembers\n")


def test_the_document_says_its_language_direction_and_title() -> None:
    dom = page()
    source = dom.html or ""
    assert "<!doctype html>" in source[:20].lower()
    root, outer = dom.css_first("html"), dom.css_first("body > div[lang]")
    assert root is not None and outer is not None
    assert (root.attributes["lang"], root.attributes["dir"]) == ("en", "ltr")
    assert (outer.attributes["lang"], outer.attributes["dir"]) == ("en", "ltr")
    assert [node.text() for node in dom.css("title")] == ["New guidance, Ada"]


@pytest.mark.parametrize("language", ["ar", "he", "fa", "ur", "ar-EG"])
def test_right_to_left_languages_turn_the_layout(language: str) -> None:
    dom = page(content(language=language))
    root = dom.css_first("html")
    assert root is not None and root.attributes["dir"] == "rtl"
    assert {node.attributes.get("align") for node in dom.css("td.ink, td.soft, td.act")} == {
        "right"
    }
    assert "direction:ltr" not in (dom.html or "")
    for node in dom.css("td.ink > div, td.soft > div"):
        assert "text-align:right" in (node.attributes["style"] or "")
    # A Latin name must not reorder the words around it.
    assert "\u2068Ada\u2069" in (dom.html or "")


def test_an_item_in_another_language_says_so() -> None:
    said = content(rows=(item(title="العنوان", language="ar"), item(2)))
    inner = page(said).css("td.ink [lang]")
    # The line above it is in the language of the edition.
    assert [(node.tag, node.attributes["lang"], node.attributes["dir"]) for node in inner] == [
        ("h2", "ar", "rtl"),
        ("p", "ar", "rtl"),
    ]


@pytest.mark.parametrize("language", ["en", "en-GB", "fr", "pt-BR", "ar", "ar-EG"])
def test_our_own_words_need_no_mark_where_they_are_translated(language: str) -> None:
    assert not page(content(language=language, rows=(item(language=language),))).css("td [lang]")


@pytest.mark.parametrize("language", ["sw", "he"])
def test_our_own_words_are_marked_as_english_where_they_are_not(language: str) -> None:
    dom = page(content(language=language, rows=(item(language=language),)))
    marked = dom.css("td [lang=en]")
    assert [node.tag for node in marked] == ["div", "p", "span", "div"]
    assert {node.attributes["dir"] for node in marked} == {"ltr"}
    words = " ".join(node.text() for node in marked)
    for ours in ("Issue 42", "Guidance · 20 January 2025", "Read the guidance", "Unsubscribe"):
        assert ours in words


@pytest.mark.parametrize(
    ("language", "label", "button", "leave", "why"),
    [
        (
            *("fr", "Orientations · 20 janvier 2025", "Lire les orientations", "Se désabonner"),
            "Vous recevez cet e-mail parce que votre adresse est abonnée à Stay Informed.",
        ),
        (
            *("es", "Orientaciones · 20 de enero de 2025", "Leer las orientaciones"),
            *("Darse de baja", "Recibe este correo porque su dirección está suscrita a"),
        ),
        (
            *("pt-BR", "Orientações · 20 de janeiro de 2025", "Ler as orientações"),
            *("Cancelar a inscrição", "Recebe este e-mail porque o seu endereço está inscrito em"),
        ),
        (
            *("ar", "إرشادات · 20 يناير 2025", "قراءة الإرشادات", "إلغاء الاشتراك"),
            "تصلك هذه الرسالة لأن عنوانك مشترك في \u2068Stay Informed\u2069.",
        ),
    ],
)
def test_both_parts_speak_the_language_of_the_edition(
    language: str, label: str, button: str, leave: str, why: str
) -> None:
    said = content(language=language)
    dom = page(said)
    html_words = dom.body.text(separator="\n") if dom.body else ""
    for words in (label, button, leave, why):
        assert words in html_words
        assert words in " ".join(text(said).split())


@pytest.mark.parametrize("language", [name for name in translating.written() if name != "en"])
def test_no_english_word_of_ours_is_left_in_a_translated_edition(language: str) -> None:
    rows = (*(item(kind=kind) for kind in ItemKind), item(kind=None, url="https://who.int/x"))
    said = content(language=language, introduction="", rows=rows)
    whole = (_read_aloud(page(said)) + text(said)).replace("Guidance on MMS", "")
    ours = translating.translator(language)
    for message in english.messages():
        name = str(message.id).partition("%")[0].strip()
        if len(name) > 3 and not ours.gettext(name).startswith(name):
            assert re.search(rf"(?<!\w){re.escape(name)}(?!\w)", whole) is None, name


def _read_aloud(dom: LexborHTMLParser) -> str:
    """What a reader is shown or told: texts, and attributes that have words."""
    said = [node.text() for node in dom.css("title, body")]
    for name in ("alt", "title", "aria-label"):
        said += [node.attributes[name] or "" for node in dom.css(f"[{name}]")]
    return "\n".join(said)


def test_names_do_not_reorder_the_words_around_them() -> None:
    said = content(language="ar", rows=(item(kind=None, url="https://www.who.int/x"),))
    for whole in (page(said).html or "", text(said)):
        assert "\u2068Stay Informed\u2069 · العدد 42" in whole
        assert "القراءة على \u2068who.int\u2069" in whole
        # Each line of an address has a direction of its own: a number may begin it.
        assert "\u206810115 Sample Town\u2069" in whole


def test_the_preheader_is_the_first_text_hidden_and_padded() -> None:
    first = page().css_first("body > div[lang] > div")
    assert first is not None
    shown = first.text()
    assert shown.startswith("What decision-makers asked about, answered for Kenya.")
    assert len(shown) > 150
    assert set(shown.partition("Kenya.")[2]) == {"\u034f", "\u200c", "\u00a0"}
    assert "display:none" in (first.attributes["style"] or "")


def test_without_a_preheader_nothing_is_hidden() -> None:
    assert "display:none" not in (page(content(preheader="")).html or "")


def test_there_is_one_main_heading_and_no_level_is_jumped() -> None:
    said = content(introduction="#### Deep\n\n###### Deeper\n\n# Top\n\n#### Deep again")
    levels = [int((node.tag or "")[1]) for node in page(said).css("h1, h2, h3, h4, h5, h6")]
    assert levels == [1, 2, 3, 2, 3, 2, 2]
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_each_item_has_kind_date_title_summary_and_a_button() -> None:
    dom = page()
    words = dom.body.text(separator="\n") if dom.body else ""
    assert "Guidance · 20 January 2025" in words
    assert "News · 10 March 2021" in words
    titles = [(node.text(), node.attributes["href"]) for node in dom.css("h2 a")]
    assert titles == [
        ("Guidance on MMS", "https://example.org/guidance?a=1&b=2"),
        # An item with no page elsewhere leads to its page in the library.
        ("The launch", "https://news.example.org/library/launch"),
    ]
    assert [node.text() for node in dom.css("td.act a")] == ["Read the guidance", "Read the news"]


@pytest.mark.parametrize("kind", list(ItemKind))
def test_every_kind_has_its_own_words(kind: ItemKind) -> None:
    button = page(content(rows=(item(kind=kind),))).css_first("td.act a")
    assert button is not None and button.text() not in ("", "Read more", "Click here")


def test_an_item_never_leads_to_a_scheme_that_runs() -> None:
    dom = page(content(rows=(item(url="javascript:alert(1)"),)))
    assert "javascript" not in (dom.html or "")


def test_layout_tables_are_presentation_and_data_tables_have_headings() -> None:
    said = content(introduction="| a | b |\n|---|---|\n| 1 | 2 |")
    tables = page(said).css("table")
    data = [table for table in tables if table.attributes.get("role") is None]
    assert len(data) == 1
    assert [head.attributes.get("scope") for head in data[0].css("th")] == ["col", "col"]
    for table in tables:
        if table.attributes.get("role") is not None:
            attributes = table.attributes
            assert attributes["role"] == "presentation"
            assert {attributes[name] for name in ("border", "cellpadding", "cellspacing")} == {"0"}
            assert not [cell for cell in table.iter() if cell.tag == "th"]


def test_nothing_is_fetched_and_nothing_runs() -> None:
    source = page().html or ""
    dom = LexborHTMLParser(source)
    assert not dom.css("script, form, iframe, object, embed, video, audio, link, img, base, input")
    assert not re.search(r"@import|@font-face|url\(|fonts\.googleapis|javascript:", source)
    assert all(
        urlsplit(node.attributes["href"] or "").scheme == "https" for node in dom.css("a[href]")
    )


def test_the_essential_look_is_inline() -> None:
    dom = page()
    for style in dom.css("style"):
        assert len(style.text().encode()) < 8_000
        style.decompose()
    for node in dom.css("h1, h2, h2 a, td.ink p, td.act a"):
        assert node.attributes.get("style")
    for link in dom.css("a"):
        style = link.attributes["style"] or ""
        assert "underline" in style or link.parent and "background" in style


def test_conditional_comments_for_word_are_balanced() -> None:
    source = page().html or ""
    opened, closed = source.count("<!--[if"), source.count("<![endif]-->")
    assert opened == closed > 0
    for block in re.findall(r"<!--\[if (?!!).*?\]>(.*?)<!\[endif\]-->", source, re.S):
        assert block.count("<!--") == 0


def test_the_template_uses_known_tags_only() -> None:
    template = config.ROOT / "templates" / "issue" / "issue.mjml"
    tags = set(re.findall(r"</?([a-z][a-z0-9-]*)", template.read_text(encoding="utf-8")))
    # The compiler passes unknown tags silently.
    assert tags == MJML_TAGS | HTML_TAGS


def test_thirty_items_stay_below_the_clipping_limit() -> None:
    rows = tuple(
        item(n, title="A title of usual length " * 3, summary="w" * 300) for n in range(30)
    )
    edition = rendering.render(content(rows=rows, introduction="word " * 400), MASTHEAD)
    assert len(fill(edition.html_part, VALUES, part=Part.HTML).encode()) <= 100_000


@pytest.mark.parametrize("language", list(WORDS))
def test_thirty_items_with_an_image_each_stay_below_it_in_every_language(language: str) -> None:
    blocks = edition(language).blocks
    said = content(language=language, blocks=(blocks[0], blocks[1]) * 30)
    whole = rendering.render(said, MASTHEAD)
    assert len(fill(whole.html_part, VALUES, part=Part.HTML).encode()) <= 100_000


@pytest.mark.parametrize("language", list(WORDS))
def test_every_block_in_every_language_is_valid_html(language: str) -> None:
    whole = rendering.render(edition(language), MASTHEAD)
    parser = html5lib.HTMLParser()
    parser.parse(fill(whole.html_part, VALUES, part=Part.HTML))
    assert parser.errors == []


def test_text_lines_stay_within_78_columns_except_addresses() -> None:
    long = item(title="A long title " * 15, summary="A long summary " * 40)
    said = content(subject="subject " * 40, introduction="word " * 100, rows=(long,))
    for line in text(said).split("\n"):
        assert len(line) <= 78 or "https://" in line


def test_colours_are_legible() -> None:
    template = (config.ROOT / "templates" / "issue" / "issue.mjml").read_text(encoding="utf-8")
    light, dark = template.split("@media (prefers-color-scheme: dark)")[0], template
    for ink, paper in [
        *[(ink, "#fbfaf7") for ink in ("#1c2422", "#56625e", "#0a5f54")],
        *[(ink, "#131817") for ink in ("#e8ece9", "#a3b0ab", "#6cc5b5")],
        ("#ffffff", "#0a5f54"),
        ("#0d1513", "#6cc5b5"),
    ]:
        assert ink in light + dark and paper in dark
        assert contrast(ink, paper) >= 4.5


def test_values_are_escaped_and_never_read_again() -> None:
    evil = "<script>alert(1)</script>{{ attributes.country }}\"'"
    dom = page(name=evil)
    assert not dom.css("script")
    assert "Kenya" not in dom.css("h1")[0].text()
    assert dom.css("h1")[0].text() == f"New guidance, {evil}"
    assert f"Dear {evil}," in text(name=evil)


def test_a_field_in_an_address_cannot_change_where_it_leads() -> None:
    said = content(
        introduction="[a](https://example.org/?n={{ name }}) [b]({{ name }}) "
        "[c](https://{{ name }}/) [d](/x 'title {{ name }}')",
        rows=(),
    )
    for evil in ("javascript:alert(1)", "evil.example/", '"onclick="x', "a&b=c#d"):
        for link in page(said, name=evil).css("td.ink a"):
            parts = urlsplit(link.attributes["href"] or "")
            assert parts.scheme in ("", "https")
            # A whole value is at most one piece of the address: here, a label of the host.
            assert parts.netloc in ("example.org", "", quote(evil, safe=""))
            assert "onclick" not in link.attributes
            assert not parts.fragment


def test_markdown_cannot_open_a_field_and_a_field_cannot_open_markdown() -> None:
    said = content(introduction="**{{ name | *x* }}** `{{ name }}`")
    source = page(said, name="**bold** <b>").html or ""
    assert "<strong>**bold** &lt;b&gt;</strong> <code>**bold** &lt;b&gt;</code>" in source


def test_unknown_fields_and_other_languages_stay_words() -> None:
    typed = "{{7*7}} {{ config }} {% for x in y %} ${7*7} <%= 1 %> #{1}"
    said = content(subject=typed, preheader=typed, introduction=typed, rows=(item(title=typed),))
    for node in page(said).css("h1, h2"):
        assert node.text() == typed
    assert text(said).count(html.unescape(typed)) >= 2


def test_mjml_in_user_text_stays_words() -> None:
    typed = '</mj-text><mj-include path="/etc/passwd" /><mj-raw><script>x</script></mj-raw>'
    said = content(subject=typed, introduction=typed, rows=(item(title=typed, summary=typed),))
    dom = page(said)
    assert not dom.css("script, mj-include, mj-raw")
    assert dom.css("h1")[0].text() == typed


HOSTILE = [
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](java&#115;cript:alert(1))",
    "[x]: javascript:alert(1)\n\n[x]",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<style>@import 'https://evil.example'</style>",
    "<iframe srcdoc='<script>x</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<a href='https://ok.example' onclick='x'>x</a>",
    "<!--[if mso]><script>x</script><![endif]-->",
    "![x](https://evil.example/pixel.gif)",
    "--> <b>", "]]>", "\u202e<script>",
]  # fmt: skip


@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_text_is_shown_and_does_nothing(typed: str) -> None:
    line = typed.replace("\n", " ")
    said = content(
        subject=line, preheader=line, introduction=typed, rows=(item(title=line, summary=typed),)
    )
    _assert_harmless(page(said, name=line))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=80), st.data())
def test_any_text_is_harmless_and_kept(typed: str, data: st.DataObject) -> None:
    line = typed + data.draw(st.sampled_from(HOSTILE)).replace("\n", " ")
    said = content(subject=line, introduction=line, rows=(item(title=line, summary=line),))
    dom = page(said, name=line)
    _assert_harmless(dom)
    assert "{{" in line or dom.css("td.ink h2 a")[0].text() == line


def test_emoji_and_combining_marks_survive() -> None:
    signs = "👩‍👩‍👧 🇰🇪 e\u0301 שלום مرحبا 维生素"
    said = content(subject=signs, rows=(item(title=signs),))
    assert page(said).css("h1")[0].text() == signs
    assert signs in text(said)


def test_a_preview_shows_one_subscriber_or_nobody_in_particular() -> None:
    ada = rendering.preview(CONTENT, MASTHEAD, {"name": "Ada"})
    assert ada.subject == "New guidance, Ada"
    assert "Dear Ada," in ada.text and "Dear Ada," in ada.html
    neutral = rendering.preview(CONTENT, MASTHEAD)
    assert neutral.subject == "New guidance, reader"
    assert "Dear friend," in neutral.text and "answered for you." in neutral.html
    assert "https://news.example.org/unsubscribe/preview" in neutral.text


def test_the_masthead_comes_from_the_list_and_the_installation(app: Flask) -> None:
    issue = composing.create_issue(
        make_list(name="Members", is_public=False), subject="S", by=None, now=NOW
    )
    assert rendering.masthead_of(issue) == rendering.Masthead(
        list_name="Members",
        issue_number=issue.id,
        postal_address="1 Example Street, 10115 Sample Town",
        public_url="https://news.example.org",
        is_archived=False,
    )


def _assert_harmless(dom: LexborHTMLParser) -> None:
    allowed = {"html", "head", "title", "meta", "style", "body", "div", "table", "tbody", "tr"}
    allowed |= {"td", "th", "thead", "a", "p", "br", "h1", "h2", "h3", "h4", "h5", "h6", "ul"}
    allowed |= {"ol", "li", "blockquote", "hr", "pre", "code", "em", "strong", "s"}
    for node in _elements(dom):
        assert node.tag in allowed
        assert not any(name.startswith("on") for name in node.attributes)
        assert urlsplit(node.attributes.get("href") or "").scheme in (
            "",
            "http",
            "https",
            "mailto",
            "tel",
        )
        if node.tag == "meta":
            assert "refresh" not in (node.attributes.get("http-equiv") or "").lower()


def _elements(dom: LexborHTMLParser) -> Iterator[LexborNode]:
    return (node for node in dom.css("*") if node.tag)
