"""Writing an issue: blocks, editions, versions, colleagues, and nothing lost."""

from collections.abc import Callable

import pytest
from flask import Flask

from newsletter import clock
from newsletter.accounts import RoleName
from newsletter.extensions import db
from newsletter.issues import composing, editing, revisions
from newsletter.issues.composition import BlockKind, Words
from newsletter.issues.models import Issue, IssueState
from newsletter.library import catalogue
from newsletter.subscriptions.models import SubscriptionState
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.desk.forms import fields_of, filled
from tests.factories import (
    content_of,
    make_editor,
    make_item,
    make_list,
    make_subscription,
    make_topic,
    rewrite,
)

Save = Callable[..., int]


@pytest.fixture
def browser(app: Flask) -> Browser:
    make_list(topics=(make_topic(),))
    for slug in ("first", "second", "third"):
        make_item(slug, title=f"The {slug} item")
    return signed_in(app, make_editor())


@pytest.fixture
def issue(browser: Browser) -> Issue:
    fields = {"mailing_list": "news", "items": ["first", "second"]}
    answer = browser.post("/desk/issues/new", fields)
    assert answer.status_code == 303
    return composing.find_issue(int(answer.headers["Location"].rpartition("/")[2]))


def page_of(browser: Browser, issue: Issue, query: str = "") -> str:
    answer = browser.get(f"/desk/issues/{issue.id}{query}")
    assert answer.status_code == 200
    return answer.text


def save(browser: Browser, issue: Issue, do: str = "save", query: str = "", **changes: str) -> str:
    """Change fields on the page as it is now, press a button, and return where it leads."""
    fields = filled(page_of(browser, issue, query), changes, do)
    answer = browser.post(f"/desk/issues/{issue.id}", fields)
    assert answer.status_code == 303, answer.text
    db.session.expire_all()
    return answer.headers["Location"]


def keys(issue: Issue) -> list[str]:
    return [block.key for block in composing.current(issue).blocks]


def test_a_new_issue_has_the_ticked_items(issue: Issue) -> None:
    assert issue.state is IssueState.DRAFT
    assert composing.current(issue).slugs == ("first", "second")


def test_saving_keeps_everything_and_a_version(browser: Browser, issue: Issue) -> None:
    first = keys(issue)[0]
    where = save(
        browser,
        issue,
        subject="News of March",
        preheader="A line",
        introduction="Dear {{ name | friend }}",
        **{f"{first}-title": "My own title", f"{first}-text": "My own summary."},
    )
    assert where == f"/desk/issues/{issue.id}"
    content = content_of(issue)
    assert (content.subject, content.preheader) == ("News of March", "A line")
    assert (content.rows[0].title, content.rows[0].summary) == ("My own title", "My own summary.")
    assert content.rows[1].title == "The second item"
    page = page_of(browser, issue)
    assert f"Saved as version {issue.version}." in page
    assert "My own summary." in page


def test_the_merge_fields_that_readers_have_are_offered(browser: Browser, issue: Issue) -> None:
    subscription = make_subscription(issue.mailing_list, "ada@example.org")
    subscription.subscriber.attributes = {
        "organisation": "A clinic", "tags": ["x"], "not a field": "x", "<b>": "x"
    }  # fmt: skip
    waiting = SubscriptionState.PENDING
    other = make_subscription(issue.mailing_list, "ben@example.org", state=waiting)
    other.subscriber.attributes = {"secret": "x"}
    page = page_of(browser, issue)
    assert "<code>{{ attributes.organisation | your organisation }}</code>" in page
    assert "<code>{{ name | friend }}</code>" in page
    for strange in ("attributes.tags", "not a field", "attributes.secret", "attributes.country"):
        assert strange not in page


def test_saving_what_nobody_changed_makes_no_version(browser: Browser, issue: Issue) -> None:
    before = issue.version
    save(browser, issue)
    assert issue.version == before


def test_an_items_own_words_go_back_to_the_original(browser: Browser, issue: Issue) -> None:
    key = keys(issue)[0]
    save(browser, issue, **{f"{key}-text": "My own summary."})
    assert "Reset to the original" in page_of(browser, issue)
    where = save(browser, issue, do=f"reset:{key}")
    assert where.endswith(f"#block-{key}")
    assert content_of(issue).rows[0].summary == "What The first item says, in one sentence."
    assert "Reset to the original" not in page_of(browser, issue)


def test_emptying_an_items_title_goes_back_to_the_original(browser: Browser, issue: Issue) -> None:
    key = keys(issue)[0]
    save(browser, issue, **{f"{key}-title": "Mine"})
    save(browser, issue, **{f"{key}-title": ""})
    assert content_of(issue).rows[0].title == "The first item"


def test_an_item_may_have_no_summary_in_an_issue(browser: Browser, issue: Issue) -> None:
    key = keys(issue)[0]
    save(browser, issue, **{f"{key}-text": ""})
    assert content_of(issue).rows[0].summary == ""
    # It stays so when something else is saved, and in another language, too.
    save(browser, issue, subject="News")
    save(browser, issue, do="language", new_language="fr")
    save(browser, issue, query="?lang=fr", **{f"{key}-title": "Le premier"})
    for language in ("en", "fr"):
        assert content_of(issue, language).rows[0].summary == ""
    assert "French (2 missing)" in page_of(browser, issue)
    assert "(no summary)" in browser.get(f"/desk/issues/{issue.id}/versions/2?with=3").text
    save(browser, issue, do=f"reset:{key}")
    summary = "What The first item says, in one sentence."
    assert content_of(issue).rows[0].summary == summary


@pytest.mark.parametrize(
    ("kind", "field", "typed"),
    [
        ("text", "text", "Some **words**"),
        ("heading", "title", "New this month"),
        ("button", "title", "Read the guidance"),
    ],
)
def test_blocks_are_added_and_written(
    browser: Browser, issue: Issue, kind: str, field: str, typed: str
) -> None:
    where = save(browser, issue, do=f"add:{kind}")
    key = keys(issue)[-1]
    assert where.endswith(f"#block-{key}")
    save(browser, issue, **{f"{key}-{field}": typed})
    block = composing.current(issue).blocks[-1]
    assert block.kind == kind
    assert getattr(block.says("en"), field) == typed


def test_a_block_is_put_below_another_moved_and_taken_out(browser: Browser, issue: Issue) -> None:
    first, second = keys(issue)
    save(browser, issue, do=f"add:divider:{first}")
    divider = keys(issue)[1]
    assert keys(issue) == [first, divider, second]
    save(browser, issue, do=f"up:{divider}")
    assert keys(issue) == [divider, first, second]
    save(browser, issue, do=f"down:{first}")
    assert keys(issue) == [divider, second, first]
    save(browser, issue, do=f"remove:{divider}")
    assert keys(issue) == [second, first]


def test_the_order_of_the_page_is_the_order_of_the_issue(browser: Browser, issue: Issue) -> None:
    first, second = keys(issue)
    fields = filled(page_of(browser, issue), {"order": [second, first]})
    browser.post(f"/desk/issues/{issue.id}", fields)
    db.session.expire_all()
    assert keys(issue) == [second, first]


@pytest.mark.parametrize(
    ("do", "page"), [("preview", "/preview"), ("send", "/send"), ("basket", "/basket")]
)
def test_a_button_saves_and_leads_on(browser: Browser, issue: Issue, do: str, page: str) -> None:
    assert save(browser, issue, do=do, subject="Kept") == f"/desk/issues/{issue.id}{page}"
    assert content_of(issue).subject == "Kept"


def test_an_edition_is_added_written_beside_the_first_and_taken_out(
    browser: Browser, issue: Issue
) -> None:
    save(browser, issue, subject="News", introduction="Hello")
    where = save(browser, issue, do="language", new_language="fr")
    assert where == f"/desk/issues/{issue.id}?lang=fr"
    page = page_of(browser, issue, "?lang=fr")
    assert "French (4 missing)" in page
    assert 'lang="en"><span class="hint">English</span><p>Hello</p>' in page
    key = keys(issue)[0]
    save(
        browser, issue, query="?lang=fr", subject="Nouvelles", introduction="Bonjour",
        **{f"{key}-title": "Le premier", f"{key}-text": "Résumé."},
    )  # fmt: skip
    french = content_of(issue, "fr")
    assert (french.subject, french.introduction) == ("Nouvelles", "Bonjour")
    assert (french.rows[0].title, french.rows[0].language) == ("Le premier", "fr")
    assert (french.rows[1].title, french.rows[1].language) == ("The second item", "en")
    assert content_of(issue).rows[0].title == "The first item"
    save(browser, issue, do="unlanguage:fr", query="?lang=fr")
    assert composing.current(issue).languages == ("en",)


def test_what_is_no_language_is_said_at_its_field(browser: Browser, issue: Issue) -> None:
    fields = filled(page_of(browser, issue), {"other_language": "klingonish"}, "language")
    answer = browser.post(f"/desk/issues/{issue.id}", fields)
    assert answer.status_code == 422
    assert "is not a language tag" in answer.text


def test_an_item_that_changed_since_is_for_the_editor_to_decide(
    browser: Browser, issue: Issue
) -> None:
    one, other = catalogue.find_items(["first", "second"])
    for item in (one, other):
        catalogue.change_item(item, title=f"{item.title}, revised", now=clock.now())
    page = page_of(browser, issue)
    assert page.count("It was changed in the library since it was picked.") == 2
    first, second = keys(issue)
    save(browser, issue, do=f"take:{first}")
    save(browser, issue, do=f"leave:{second}")
    titles = [row.title for row in content_of(issue).rows]
    assert titles == ["The first item, revised", "The second item"]
    assert "It was changed in the library" not in page_of(browser, issue)


def test_an_item_that_was_withdrawn_is_flagged_and_taken_out(
    browser: Browser, issue: Issue
) -> None:
    catalogue.find_items(["first"])[0].withdrawn_at = NOW
    page = page_of(browser, issue)
    assert "It was withdrawn from the library." in page
    save(browser, issue, do=f"remove:{keys(issue)[0]}")
    assert composing.current(issue).slugs == ("second",)


def test_an_item_that_was_sent_says_in_which_issue_and_when(browser: Browser, issue: Issue) -> None:
    sent = composing.create_issue(
        issue.mailing_list, subject="Before", items=["first"], by=None, now=NOW
    )
    sent.state, sent.begun_at, sent.sent_at = IssueState.SENT, NOW, NOW
    assert f"sent in issue {sent.id} (1 March 2027)" in page_of(browser, issue)


def test_what_cannot_be_saved_is_shown_at_its_field_with_what_was_typed(
    browser: Browser, issue: Issue
) -> None:
    version = issue.version
    fields = filled(page_of(browser, issue), {"subject": "x" * 501, "introduction": "Kept words"})
    answer = browser.post(f"/desk/issues/{issue.id}", fields)
    assert answer.status_code == 422
    assert 'href="#subject"' in answer.text
    assert 'aria-describedby="subject-error subject-hint"' in answer.text
    assert "Kept words" in answer.text
    db.session.expire_all()
    assert issue.version == version


def test_a_mistake_in_a_block_is_said_at_its_field(browser: Browser, issue: Issue) -> None:
    save(browser, issue, do="add:button")
    key = keys(issue)[-1]
    fields = filled(page_of(browser, issue), {f"{key}-url": "javascript:alert(1)"})
    answer = browser.post(f"/desk/issues/{issue.id}", fields)
    assert answer.status_code == 422
    assert f'id="{key}-url-error"' in answer.text


def test_who_saves_an_old_version_sees_both_and_loses_nothing(
    browser: Browser, issue: Issue, app: Flask
) -> None:
    key = keys(issue)[0]
    mine = {"introduction": "Mine", f"{key}-text": "My summary"}
    old = filled(page_of(browser, issue), mine)
    colleague = signed_in(app, make_editor("other@example.org", name="Olga"))
    save(colleague, issue, introduction="Theirs", **{f"{key}-text": "Their summary"})
    answer = browser.post(f"/desk/issues/{issue.id}", old)
    assert answer.status_code == 409
    assert "Somebody else saved this issue" in answer.text
    for words in ("Mine", "Theirs", "My summary", "Their summary"):
        assert words in answer.text
    db.session.expire_all()
    assert content_of(issue).introduction == "Theirs"
    # The form of that page starts from the newest version: saving it again is a decision.
    again = browser.post(f"/desk/issues/{issue.id}", {**fields_of(answer.text), "do": "save"})
    assert again.status_code == 303
    db.session.expire_all()
    content = content_of(issue)
    assert (content.introduction, content.rows[0].summary) == ("Mine", "My summary")
    assert [line.saved_by for line in revisions.lines(issue)][:2] == ["Edith", "Olga"]


def test_line_ends_as_browsers_post_them_are_no_difference(
    browser: Browser, issue: Issue, app: Flask
) -> None:
    save(browser, issue, introduction="Dear all,\n\nthere is news.")
    same = "Dear all,\r\n\r\nthere is news."
    old = filled(page_of(browser, issue), {"subject": "Mine", "introduction": same})
    colleague = signed_in(app, make_editor("other@example.org", name="Olga"))
    save(colleague, issue, subject="Theirs")
    page = browser.post(f"/desk/issues/{issue.id}", old).text
    assert page.count("What is saved now:") == 1


def test_only_one_button_of_a_page_is_the_next_step(browser: Browser) -> None:
    empty = browser.post("/desk/issues/new", {"mailing_list": "news"})
    page, _, _ = browser.get(empty.location).text.partition("<dialog")
    assert page.count('class="primary"') == 1
    assert '<button name="do" value="basket" class="primary">' in page


def test_words_in_a_block_that_a_colleague_took_out_come_back(
    browser: Browser, issue: Issue, app: Flask
) -> None:
    first, second = keys(issue)
    old = filled(page_of(browser, issue), {f"{first}-text": "Words of an hour"})
    colleague = signed_in(app, make_editor("other@example.org"))
    save(colleague, issue, do=f"remove:{first}")
    answer = browser.post(f"/desk/issues/{issue.id}", old)
    assert answer.status_code == 409
    assert "Words of an hour" in answer.text
    browser.post(f"/desk/issues/{issue.id}", {**fields_of(answer.text), "do": "save"})
    db.session.expire_all()
    assert keys(issue) == [first, second]
    assert content_of(issue).rows[0].summary == "Words of an hour"


def test_an_edition_that_a_colleague_took_out_comes_back_with_what_was_typed(
    browser: Browser, issue: Issue, app: Flask
) -> None:
    first = keys(issue)[0]
    save(browser, issue, subject="English subject", introduction="English words")
    save(browser, issue, do="language", new_language="fr")
    typed = {"subject": "Sujet", "introduction": "Mots français", f"{first}-title": "Le premier"}
    old = filled(page_of(browser, issue, "?lang=fr"), typed)
    colleague = signed_in(app, make_editor("other@example.org"))
    save(colleague, issue, do="unlanguage:fr", query="?lang=fr")
    answer = browser.post(f"/desk/issues/{issue.id}", old)
    assert answer.status_code == 409
    assert "Mots français" in answer.text
    assert "it was taken out" in answer.text
    assert fields_of(answer.text)["language"] == "fr"
    again = browser.post(f"/desk/issues/{issue.id}", {**fields_of(answer.text), "do": "save"})
    assert again.headers["Location"] == f"/desk/issues/{issue.id}?lang=fr"
    db.session.expire_all()
    french, english = content_of(issue, "fr"), content_of(issue)
    assert (french.subject, french.introduction) == ("Sujet", "Mots français")
    assert french.rows[0].title == "Le premier"
    assert (english.subject, english.introduction) == ("English subject", "English words")


@pytest.mark.parametrize("language", ["", "klingonish", "<script>"])
def test_words_in_no_language_are_put_into_no_edition(
    browser: Browser, issue: Issue, language: str
) -> None:
    fields = filled(page_of(browser, issue), {"subject": "Lost", "language": language})
    answer = browser.post(f"/desk/issues/{issue.id}", fields)
    assert answer.status_code == 422
    db.session.expire_all()
    assert content_of(issue).subject == ""


def test_a_mistake_on_an_old_page_loses_no_block_and_no_edition(
    browser: Browser, issue: Issue, app: Flask
) -> None:
    first = keys(issue)[0]
    save(browser, issue, do="language", new_language="fr")
    typed = {"subject": "x" * 501, "introduction": "Mots", f"{first}-title": "Le premier"}
    old = filled(page_of(browser, issue, "?lang=fr"), typed)
    colleague = signed_in(app, make_editor("other@example.org"))
    save(colleague, issue, do=f"remove:{first}")
    save(colleague, issue, do="unlanguage:fr", query="?lang=fr")
    answer = browser.post(f"/desk/issues/{issue.id}", old)
    assert answer.status_code == 422
    assert "Mots" in answer.text
    assert "Le premier" in answer.text
    assert fields_of(answer.text)["language"] == "fr"


def test_sending_the_same_form_twice_is_no_conflict(browser: Browser, issue: Issue) -> None:
    fields = filled(page_of(browser, issue), {"subject": "Once"})
    for _ in range(2):
        assert browser.post(f"/desk/issues/{issue.id}", fields).status_code == 303


def test_what_was_typed_while_a_colleague_scheduled_is_still_there(
    browser: Browser, issue: Issue
) -> None:
    old = filled(page_of(browser, issue), {"introduction": "Words of an hour"})
    issue.state, issue.send_at, issue.zone = IssueState.SCHEDULED, NOW.replace(tzinfo=None), "UTC"
    answer = browser.post(f"/desk/issues/{issue.id}", old)
    assert answer.status_code == 409
    assert "Stop it first" in answer.text
    assert "Words of an hour" in answer.text


def test_a_change_withdraws_the_approval(browser: Browser, issue: Issue) -> None:
    issue.state, issue.approved_version = IssueState.APPROVED, issue.version
    save(browser, issue, subject="Other")
    assert (issue.state, issue.approved_version) == (IssueState.DRAFT, None)


def test_a_button_is_not_in_the_way_of_what_its_own_page_saved_by_itself(
    browser: Browser, issue: Issue
) -> None:
    path = f"/desk/issues/{issue.id}"
    fields = {**filled(page_of(browser, issue), {"subject": "Words"}), "window": "w1"}
    assert browser.post(f"{path}/autosave", fields).status_code == 200
    # The answer did not come: the page has the old version, and another word.
    answer = browser.post(path, {**fields, "subject": "Words and more", "do": "add:text"})
    assert answer.status_code == 303
    db.session.expire_all()
    assert content_of(issue).subject == "Words and more"
    other = browser.post(path, {**fields, "window": "w2", "subject": "An old page"})
    assert other.status_code == 409


def test_a_script_saves_by_itself_and_is_told_the_version(
    browser: Browser, issue: Issue, app: Flask
) -> None:
    path = f"/desk/issues/{issue.id}/autosave"
    fields = filled(page_of(browser, issue), {"subject": "By itself"})
    answer = browser.post(path, fields)
    db.session.expire_all()
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["version"] == issue.version
    assert "finding" in answer.json["checks"]
    assert [line.is_automatic for line in revisions.lines(issue)][:1] == [True]
    stale = browser.post(path, {**fields, "subject": "From an old page"})
    assert (stale.status_code, stale.json["stale"]) == (409, True)  # type: ignore[index]  # it is JSON
    wrong = browser.post(path, {**fields, "version": str(issue.version), "subject": "x" * 501})
    assert (wrong.status_code, wrong.json["field"]) == (422, "subject")  # type: ignore[index]  # it is JSON


def test_colleagues_see_each_other(browser: Browser, issue: Issue, app: Flask) -> None:
    colleague = signed_in(app, make_editor("other@example.org", name="Olga"))
    path = f"/desk/issues/{issue.id}/present"
    assert browser.post(path).json == {"version": issue.version, "others": []}
    found = colleague.post(path).json
    assert found is not None
    assert found["others"] == [{"name": "Edith", "ago": "just now"}]
    assert "Being edited by Olga (just now)" in page_of(browser, issue)


@pytest.mark.parametrize(
    "strange",
    [
        {"version": ""},
        {"version": "-1"},
        {"version": "9" * 400},
        {"version": "²"},
        {"order": ["b0", "'; DROP TABLE issue"]},
        {"topics": ["no-such-topic"]},
        {"mailing_list": "no-such-list"},
        {"subject": "two\nlines"},
        {"introduction": "\x07"},
        {"language": "xx"},
        {"language": "<script>"},
        {"do": "up:"},
        {"do": "take:nothing"},
        {"do": "add:item"},
        {"do": "add:<script>"},
        {"do": "unlanguage:en"},
        {"do": "nonsense"},
    ],
)
def test_no_input_ends_in_a_fault_of_ours(
    browser: Browser, issue: Issue, strange: dict[str, str | list[str]]
) -> None:
    fields = {**fields_of(page_of(browser, issue)), "do": "save", **strange}
    for path in ("", "/autosave"):
        answer = browser.post(f"/desk/issues/{issue.id}{path}", fields)
        assert answer.status_code in (200, 303, 409, 422)


def test_what_is_typed_is_shown_as_text(browser: Browser, issue: Issue) -> None:
    evil = '"><script>alert(1)</script>'
    whole = composing.current(issue)
    for kind in (BlockKind.TEXT, BlockKind.HEADING, BlockKind.BUTTON):
        whole = editing.with_block(whole, kind)
        whole = editing.with_words(whole, whole.blocks[-1].key, "en", Words(evil, evil))
    whole = editing.with_words(whole, whole.blocks[0].key, "en", Words(evil, evil))
    composing.save(issue, whole, based_on_version=issue.version, by=None, now=NOW)
    rewrite(issue, subject=evil, introduction=evil)
    rewrite(issue, subject="Other")
    for page in ("", "?lang=en", "/preview", "/versions", f"/versions/{issue.version - 1}"):
        assert "<script>alert" not in browser.get(f"/desk/issues/{issue.id}{page}").text
    for page in ("/desk/", "/desk/issues/"):
        assert "<script>alert" not in browser.get(page).text


@pytest.mark.parametrize("number", ["0", "999", "2147483648", "99999999999999999999", "x", "-1"])
def test_an_issue_that_does_not_exist_is_not_found(browser: Browser, number: str) -> None:
    assert browser.get(f"/desk/issues/{number}").status_code == 404


def test_an_author_writes_and_does_not_send(app: Flask, issue: Issue) -> None:
    author = signed_in(app, make_editor("author@example.org", role=RoleName.AUTHOR))
    page = page_of(author, issue)
    assert "Send or schedule" not in page
    save(author, issue, subject="By the author")


def test_versions_are_listed_compared_and_brought_back(browser: Browser, issue: Issue) -> None:
    save(browser, issue, introduction="The first words are here")
    save(browser, issue, introduction="The last words are here")
    path = f"/desk/issues/{issue.id}/versions"
    assert f"Version {issue.version}" in browser.get(path).text
    page = browser.get(f"{path}/{issue.version - 1}").text
    assert '<del><span class="unseen">Gone: </span>first </del>' in page
    assert '<ins><span class="unseen">New: </span>last </ins>' in page
    restored = browser.post(f"{path}/{issue.version - 1}/restore", {"version": str(issue.version)})
    assert restored.status_code == 303
    db.session.expire_all()
    assert content_of(issue).introduction == "The first words are here"
    assert browser.get(f"{path}/99999").status_code == 404
    stale = browser.post(f"{path}/1/restore", {"version": "1"})
    assert stale.status_code == 409
