"""The log answers by person, thing and day, a page at a time, to whom it concerns."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, audit
from newsletter.accounts import Editor, RoleName
from newsletter.audit import Deed, asking
from newsletter.audit.asking import Question
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.factories import make_editor, make_list


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list()


def told(question: Question, *, seen_by: Editor | None = None) -> list[str]:
    entries = asking.ask(question, seen_by=seen_by).entries
    return [f"{entry.actor.partition(' (editor')[0]} {entry.says()}" for entry in entries]


def test_the_newest_comes_first_and_the_name_stands_alone(edith: Editor) -> None:
    audit.record(Deed.ISSUE_CREATED, by=edith, now=NOW, key=1)
    audit.record(Deed.ISSUE_PAUSED, by=None, now=NOW, key=1)
    assert told(Question()) == ["the desk paused issue 1.", "Edith began issue 1."]


def test_every_filter_leaves_what_it_names(edith: Editor) -> None:
    paul = make_editor("paul@example.org", name="Paul")
    audit.record(Deed.ISSUE_CREATED, by=edith, now=NOW, key=1)
    audit.record(Deed.ISSUE_CREATED, by=paul, now=NOW + timedelta(days=1), key=12)
    audit.record(Deed.ITEM_ADDED, by=paul, now=NOW + timedelta(days=2), key="12")
    first, second, third = (
        "Edith began issue 1.",
        "Paul began issue 12.",
        "Paul added the item “12”.",
    )
    assert told(Question(editor_id=paul.id)) == [third, second]
    assert told(Question(kind="issue")) == [second, first]
    assert told(Question(issue=12)) == [second]
    assert told(Question(issue=2)) == []
    assert told(Question(since=NOW + timedelta(days=1))) == [third, second]
    assert told(Question(until=NOW + timedelta(days=1))) == [first]
    assert told(Question(editor_id=paul.id, kind="issue", until=NOW)) == []


def test_pages_join_without_a_gap_while_the_log_grows(edith: Editor) -> None:
    for number in range(1, 121):
        audit.record(Deed.ISSUE_CREATED, by=edith, now=NOW, key=number)
    first = asking.ask(Question(), seen_by=None)
    audit.record(Deed.ISSUE_CREATED, by=edith, now=NOW, key=121)
    second = asking.ask(Question(), seen_by=None, before=first.older)
    third = asking.ask(Question(), seen_by=None, before=second.older)
    keys = [entry.key for page in (first, second, third) for entry in page.entries]
    assert keys == [str(number) for number in range(120, 0, -1)]
    assert third.older is None


def test_everything_is_given_in_chunks_with_no_transaction_open(
    edith: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "CHUNK", 2)
    accounts.change_role(edith, RoleName.ADMIN)
    for number in range(5):
        audit.record(Deed.ISSUE_CREATED, by=edith, now=NOW, key=number)
    db.session.commit()
    keys = []
    for entry in asking.everything(Question(), seen_by=edith):
        assert not db.session().in_transaction()
        keys.append(entry.key)
    assert keys == ["4", "3", "2", "1", "0"]


def test_others_than_admins_see_what_concerns_them(edith: Editor, news: MailingList) -> None:
    other = make_list("other")
    admin = make_editor("admin@example.org", role=RoleName.ADMIN, name="Ann")
    audit.record(Deed.ISSUE_SENT, by=admin, now=NOW, key=1, mailing_list_id=news.id)
    audit.record(Deed.ISSUE_SENT, by=admin, now=NOW, key=2, mailing_list_id=other.id)
    audit.record(Deed.ITEM_ADDED, by=admin, now=NOW, key="guide")
    audit.record(Deed.EDITOR_SIGNED_IN, by=admin, now=NOW, key=admin.id)
    audit.record(Deed.EDITOR_SIGNED_IN, by=edith, now=NOW, key=edith.id)
    hers, item = "Edith signed in.", "Ann added the item “guide”."
    one, two = "Ann sent issue 1.", "Ann sent issue 2."
    assert told(Question(), seen_by=admin) == [hers, "Ann signed in.", item, two, one]
    assert told(Question(), seen_by=edith) == [hers, item, two, one]
    accounts.bind_to_lists(edith, [news.id])
    assert told(Question(), seen_by=edith) == [hers, item, one]
    assert told(Question(issue=2), seen_by=edith) == []


@pytest.mark.parametrize(
    "question", [Question(), Question(issue=7), Question(editor_id=1), Question(kind="issue")]
)
def test_no_question_sorts_the_log(edith: Editor, question: Question) -> None:
    db.session.execute(sa.text("ANALYZE"))
    wanted = sa.select(AuditEntry.id).where(*asking._wanted(question, None))
    statement = wanted.order_by(AuditEntry.id.desc()).limit(51)
    compiled = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))
    plan = db.session.execute(sa.text(f"EXPLAIN QUERY PLAN {compiled}")).all()
    assert "TEMP B-TREE" not in str(plan)


def test_entries_are_found_by_words_in_any_part_of_them(edith: Editor) -> None:
    audit.record(Deed.ISSUE_WARNING_WAIVED, by=edith, now=NOW, key=7, detail="100% true")
    audit.record(Deed.ITEM_ADDED, by=edith, now=NOW, key="zinc-guide")

    def found(search: str) -> list[str]:
        entries = asking.find_by_words(search, seen_by=edith, most=5)
        return [entry.key for entry in entries]

    assert found("edith ZINC") == ["zinc-guide"]
    assert found("waived") == ["7"]
    assert found("100%") == ["7"]
    assert found("edith") == ["zinc-guide", "7"]
    assert found("%") == ["7"]
    assert found(" ") == []
    accounts.bind_to_lists(edith, [make_list().id])
    assert len(found("edith")) == 2
