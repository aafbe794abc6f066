from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser as Page

from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.library.models import Item, ItemKind
from tests.conftest import NOW
from tests.factories import make_item, make_list, make_sent_issue, make_topic


def get(client: FlaskClient, address: str, *, status: int = 200) -> Page:
    """The page at `address`, as a browser that keeps what was committed sees it."""
    db.session.commit()
    response = client.get(address)
    assert response.status_code == status
    return Page(response.text)


def texts(page: Page, selector: str) -> list[str]:
    """The words of all that fits `selector`, with single blanks."""
    return [" ".join(node.text().split()) for node in page.css(selector)]


# The list


def test_the_library_lists_what_was_published_newest_first(client: FlaskClient) -> None:
    make_item("old", title="The launch", kind=ItemKind.NEWS, published_on=date(2021, 3, 10))
    make_item("new", title="New guidance", region="Global")
    page = get(client, "/library/")
    assert texts(page, ".entries h2") == ["New guidance", "The launch"]
    assert texts(page, ".entries .meta") == [
        "Guidance · 20 January 2025 · Global",
        "News · 10 March 2021",
    ]
    assert [link.attributes["href"] for link in page.css(".entries a")] == [
        "/library/new",
        "/library/old",
    ]


def test_the_form_finds_without_scripts_and_keeps_what_was_chosen(client: FlaskClient) -> None:
    make_item("a", title="Leftover tablets", topics=(make_topic("mms"),), region="Global")
    make_item("b", title="Leftover biscuits", topics=(make_topic("bep"),), region="Global")
    page = get(client, "/library/?q=leftover&kind=guidance&topic=mms&region=Global")
    assert texts(page, ".entries h2") == ["Leftover tablets"]
    form = page.css_first("form[role=search]")
    assert (form.attributes["method"], form.attributes["action"]) == ("get", "/library/")
    assert form.css_first("[name=q]").attributes["value"] == "leftover"
    assert [option.attributes["value"] for option in form.css("option[selected]")] == [
        "guidance",
        "mms",
        "Global",
    ]
    assert not page.css("script")


def test_each_choice_says_how_many_items_it_would_leave(client: FlaskClient) -> None:
    mms, bep = make_topic("mms", "MMS"), make_topic("bep", "BEP")
    make_item("a", topics=(mms,), region="Global", published_on=date(2025, 1, 1))
    make_item("b", topics=(mms,), region="LMICs", published_on=date(2024, 1, 1))
    make_item("c", kind=ItemKind.NEWS, topics=(bep,), published_on=date(2024, 1, 1))
    page = get(client, "/library/?topic=mms")
    assert texts(page, "#kind option") == ["All kinds", "Guidance (2)"]
    assert texts(page, "#topic option") == ["All topics", "BEP (1)", "MMS (2)"]
    assert texts(page, "#region option") == ["All regions", "Global (1)", "LMICs (1)"]
    assert texts(page, "#year option") == ["All years", "2025 (1)", "2024 (1)"]
    page = get(client, "/library/?topic=mms&year=2024")
    assert texts(page, ".entries .meta") == ["Guidance · 1 January 2024 · LMICs"]
    assert texts(page, "#topic option[selected]") == ["MMS (1)"]
    assert texts(get(client, "/library/?kind=event"), "#kind option[selected]") == ["Event (0)"]


def test_searches_are_for_people_and_lists_for_search_engines(client: FlaskClient) -> None:
    make_item(topics=(make_topic("mms"),))
    robots = "meta[name=robots]"
    assert get(client, "/library/?q=guidance").css_first(robots) is not None
    page = get(client, "/library/?topic=mms")
    assert page.css_first(robots) is None
    canonical = page.css_first("link[rel=canonical]").attributes["href"]
    assert canonical == "https://news.example.org/library/?topic=mms"


def test_a_long_list_has_links_to_its_other_pages_that_keep_the_filters(
    client: FlaskClient,
) -> None:
    for number in range(45):
        make_item(f"item-{number}", title=f"Item {number}")
    page = get(client, "/library/?q=item&page=2")
    assert "45 items, page 2 of 3" in page.body.text()
    assert len(page.css(".entries > li")) == 20
    assert [(link.attributes["rel"], link.attributes["href"]) for link in page.css(".pager a")] == [
        ("prev", "/library/?page=1&q=item"),
        ("next", "/library/?page=3&q=item"),
    ]


def test_what_nothing_fits_says_what_to_do(client: FlaskClient) -> None:
    make_item()
    page = get(client, "/library/?q=unheard")
    assert "Use fewer or other words" in page.css_first(".notice").text()
    assert page.css_first(".notice a").attributes["href"] == "/library/"


def test_an_empty_library_says_so(client: FlaskClient) -> None:
    assert texts(get(client, "/library/"), ".notice h2") == ["The library is still empty"]


@pytest.mark.parametrize(
    "query",
    [
        "kind=poem",
        "topic=nothing",
        "region=Atlantis",
        "kind=%01&topic=%01&region=%01&q=%01",
        "region=%FF%FE&q=%ED%B2%80",
        "page=x",
        "page=-1",
        "year=x",
        "year=9999",
        "year=%D9%A2%D9%A0%D9%A2%D9%A5",
        "page=99999999999999999999999999",
        "page=" + "9" * 5_000,
        "q=" + "%25" * 5_000,
        "q=<script>alert(1)</script>",
        "topic=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "q=a&q=b&kind=news&kind=event",
    ],
)
def test_strange_questions_get_a_calm_page(client: FlaskClient, query: str) -> None:
    make_item()
    page = get(client, f"/library/?{query}")
    assert texts(page, "h1") == ["Library"]
    assert not page.css("script")


def test_an_unknown_choice_is_shown_as_it_was_asked(client: FlaskClient) -> None:
    page = get(client, "/library/?region=Atlantis")
    assert texts(page, "#region option[selected]") == ["Atlantis"]


def test_a_withdrawn_item_is_not_listed(client: FlaskClient) -> None:
    catalogue.withdraw_item(make_item(), now=NOW)
    assert not get(client, "/library/").css(".entries")


# One item


def add(**facts: object) -> Item:
    """An item with every fact, of which the given ones replace some."""
    known: dict[str, object] = {
        "kind": "guidance",
        "title": "Guidance on MMS",
        "summary": "What to do after delivery.",
        "url": "https://example.org/guidance",
        "body": "Only **leftover** tablets.\n\n# Background\n\n<script>alert(1)</script>",
        "published_on": date(2025, 1, 20),
        "topics": [make_topic("mms", "MMS")],
        "region": "Global",
    }
    return catalogue.add_item(now=NOW, **{**known, **facts})  # type: ignore[arg-type]


def test_an_item_has_a_page_with_all_its_facts(client: FlaskClient) -> None:
    add()
    page = get(client, "/library/guidance-on-mms")
    assert texts(page, "h1") == ["Guidance on MMS"]
    assert texts(page, "article .meta") == ["Guidance · 20 January 2025 · Global"]
    assert texts(page, ".lead") == ["What to do after delivery."]
    assert texts(page, ".body strong") == ["leftover"]
    assert texts(page, ".body h2") == ["Background"]
    assert not page.css("script")
    button = page.css_first("a.button.primary")
    assert button.attributes["href"] == "https://example.org/guidance"
    assert button.attributes["rel"] == "noopener noreferrer"
    assert texts(page, "a.button.primary") == ["Read the guidance"]
    assert page.css_first(".tags a").attributes["href"] == "/library/?topic=mms"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("news", "Read the news"),
        ("tool", "Open the tool"),
        ("event", "See the event"),
        ("publication", "Read the publication"),
    ],
)
def test_the_button_says_what_the_kind_is_for(client: FlaskClient, kind: str, words: str) -> None:
    add(kind=kind)
    assert texts(get(client, "/library/guidance-on-mms"), "a.button.primary") == [words]


def test_an_item_that_is_only_a_text_has_no_button(client: FlaskClient) -> None:
    add(url="")
    assert not get(client, "/library/guidance-on-mms").css("a.button")


def test_the_words_of_an_item_carry_their_language(client: FlaskClient) -> None:
    add(title="Conseils", language="fr")
    page = get(client, "/library/conseils")
    for selector in ("h1", ".lead", ".body"):
        assert page.css_first(selector).attributes["lang"] == "fr"
        assert page.css_first(selector).attributes["dir"] == "auto"
    assert page.css_first("html").attributes["lang"] == "en"


def test_a_withdrawn_item_keeps_its_words_and_loses_its_button(client: FlaskClient) -> None:
    catalogue.withdraw_item(add(), now=datetime(2026, 2, 3, tzinfo=UTC))
    page = get(client, "/library/guidance-on-mms")
    assert "withdrawn on 3 February 2026" in page.css_first(".notice").text()
    assert texts(page, "h1") == ["Guidance on MMS"]
    assert texts(page, ".lead") == ["What to do after delivery."]
    assert not page.css("a.button")
    assert page.css_first("meta[name=robots]").attributes["content"] == "noindex"


@pytest.mark.parametrize("slug", ["unknown", "%01", "UPPER", "%F0%9F%98%80", "a" * 5_000, "..%2f"])
def test_an_unknown_item_is_not_found(client: FlaskClient, slug: str) -> None:
    page = get(client, f"/library/{slug}", status=404)
    assert texts(page, "h1") == ["Not found"]


def test_an_item_leads_to_others_and_to_the_issues_that_had_it(client: FlaskClient) -> None:
    item = add()
    make_item("other", title="Other guidance", topics=tuple(item.topics))
    make_item("far", title="Something else")
    news = make_list()
    make_sent_issue(news, "Dates", others={"fr": "Les dates"}, items=(item.slug,))
    make_sent_issue(make_list("inner", is_public=False), "Secret", items=(item.slug,))
    page = get(client, "/library/guidance-on-mms?lang=fr")
    assert texts(page, "[aria-labelledby=related] h3") == ["Other guidance"]
    assert texts(page, "[aria-labelledby=issues] a") == ["Les dates"]
    assert page.css_first("[aria-labelledby=issues] a").attributes["href"] == "/archive/1?lang=fr"


def test_an_item_can_be_passed_on_unless_it_was_withdrawn(client: FlaskClient) -> None:
    item = add(title="A & B")
    address = "https%3A%2F%2Fnews.example.org%2Flibrary%2Fa-b"
    links = {
        " ".join(link.text().split()): link.attributes["href"]
        for link in get(client, "/library/a-b").css(".share a")
    }
    assert links["By e-mail"] == f"mailto:?subject=A%20%26%20B&body={address}"
    assert links["WhatsApp"] == f"https://wa.me/?text=A%20%26%20B%20{address}"
    assert all(address in (link or "") for link in links.values())
    catalogue.withdraw_item(item, now=NOW)
    assert not get(client, "/library/a-b").css(".share a")


def test_a_card_says_what_the_page_is_about(client: FlaskClient) -> None:
    add(language="fr", summary="Que faire ? " * 50)
    page = get(client, "/library/guidance-on-mms?lang=es")
    said = {
        node.attributes["property"]: node.attributes["content"]
        for node in page.css("head meta[property]")
    }
    description = said.pop("og:description") or ""
    assert len(description) <= 200 and description.endswith("…")
    assert page.css_first("meta[name=description]").attributes["content"] == description
    assert said == {
        "og:site_name": "Stay Informed",
        "og:type": "article",
        "og:title": "Guidance on MMS",
        "og:url": "https://news.example.org/library/guidance-on-mms",
        "og:locale": "fr_FR",
    }
    canonical = page.css_first("link[rel=canonical]").attributes["href"]
    assert canonical == "https://news.example.org/library/guidance-on-mms"


def test_a_later_change_is_dated_but_not_the_first_day(client: FlaskClient) -> None:
    item = add()
    assert "Last changed" not in get(client, "/library/guidance-on-mms").body.text()
    catalogue.change_item(item, now=NOW + timedelta(days=2), summary="Better.")
    page = get(client, "/library/guidance-on-mms")
    assert "Last changed on 3 March 2027." in page.body.text()


def test_what_is_not_there_offers_the_search(client: FlaskClient) -> None:
    page = get(client, "/library/lost?lang=fr", status=404)
    form = page.css_first("main form[role=search]")
    assert (form.attributes["action"], form.attributes["method"]) == ("/library/", "get")
    assert form.css_first("[name=lang]").attributes["value"] == "fr"
    assert get(client, "/nowhere", status=404).css_first("main form[role=search]") is not None
    assert get(client, "/confirm/x", status=404).css_first("main form") is None


def test_titles_and_summaries_are_shown_as_they_were_typed(client: FlaskClient) -> None:
    add(title="A <b>bold</b> & brave title", summary='"Quoted" <i>words</i>')
    page = get(client, "/library/a-b-bold-b-brave-title")
    assert texts(page, "h1") == ["A <b>bold</b> & brave title"]
    assert texts(page, ".lead") == ['"Quoted" <i>words</i>']
