"""One digest per person: what is in it, when it comes, and what no accident may do to it."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.addresses import parse
from newsletter.delivery import control, drafting, turns
from newsletter.delivery.digests import making, runs
from newsletter.delivery.models import Delivery, Send
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueKind, IssueState
from newsletter.subscriptions import digest_windows
from newsletter.subscriptions.models import (
    Frequency,
    MailingList,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.suppression import suppress
from tests.conftest import NOW
from tests.delivery.digests.digesting import (
    add,
    correct,
    digests_of,
    make,
    numbers_of,
    send_issue,
    subscription_of,
)
from tests.factories import make_item, make_list, make_subscription, make_topic

MONDAY = datetime(2027, 3, 8, 7, 0, tzinfo=UTC)
APRIL = datetime(2027, 4, 1, 7, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
WEEKLY, MONTHLY = Frequency.WEEKLY, Frequency.MONTHLY


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list()


def test_weekly_readers_get_what_began_since_and_every_reader_gets_none(
    news: MailingList,
) -> None:
    make_item("a", title="A clinic opens")
    make_item("b", title="B is published")
    make_subscription(news, "ada@example.org", frequency=WEEKLY)
    make_subscription(news, "ben@example.org")
    first = send_issue(news, "First {{ name | one }}", "a")
    second = send_issue(news, "Second", "b", at=NOW + timedelta(days=2))
    assert make(MONDAY - timedelta(seconds=1)) == []
    assert make(MONDAY) == [-1]
    assert make(MONDAY) == []
    assert digests_of("ben") == []
    [got] = digests_of("ada")
    assert got.issues == (first.id, second.id)
    assert got.subject == "Weekly digest of 8 March 2027: 2 new items from Stay Informed"
    for words in ("First one", "Second", "A clinic opens", "B is published"):
        assert words in got.text
        assert words in got.html
    assert f"https://news.example.org/archive/{first.id}\n" in got.text
    assert f'href="https://news.example.org/archive/{second.id}"' in got.html
    assert "Issue" not in got.text
    digest = db.session.get_one(Issue, -1)
    assert (digest.kind, digest.state) == (IssueKind.DIGEST, IssueState.SENDING)
    assert subscription_of("ada").digest_due_at == MONDAY + WEEK
    assert subscription_of("ada").digest_after == second.begun_order == 2


def test_there_is_never_an_empty_digest(news: MailingList) -> None:
    mms, bep = make_topic("mms"), make_topic("bep")
    make_subscription(news, "ada@example.org", frequency=WEEKLY, topics=(mms,))
    assert make(MONDAY) == []
    assert subscription_of("ada").digest_due_at == MONDAY + WEEK
    send_issue(news, topics=(bep,), at=MONDAY)
    assert make(MONDAY + WEEK) == []
    wanted = send_issue(news, topics=(mms, bep), at=MONDAY + WEEK)
    assert make(MONDAY + 2 * WEEK) == [-1]
    assert numbers_of("ada") == [(wanted.id,)]


def test_no_item_comes_twice_and_each_stands_at_its_newest_place(news: MailingList) -> None:
    for slug in ("a", "b", "c"):
        make_item(slug, title=f"Title {slug}")
    make_subscription(news, frequency=WEEKLY)
    send_issue(news, "First", "a", "b")
    send_issue(news, "Second", "b", "c")
    make(MONDAY)
    [got] = digests_of("ada")
    places = [got.text.index(words) for words in ("First\n=", "Title a", "Second\n=", "Title b")]
    assert places == sorted(places)
    assert got.text.count("\nTitle b\n") == 1
    assert "3 new items" in got.subject


def test_one_person_gets_one_digest_of_all_lists_that_are_due_that_day(news: MailingList) -> None:
    other = make_list("other", name="Other news")
    ada = make_subscription(news, "ada@example.org", frequency=MONTHLY)
    add(ada, other, WEEKLY)
    # Thursday 1 April is monthly's day alone; in November the first is a Monday.
    november = datetime(2027, 11, 1, 7, 0, tzinfo=UTC)
    for subscription in ada.subscriber.subscriptions:
        subscription.digest_due_at = november
    one, two = send_issue(other, "Of the other"), send_issue(news, "Of the news")
    assert make(november) == [-1]
    [got] = digests_of("ada")
    assert got.issues == (one.id, two.id)
    assert got.sender == "news"
    assert "Weekly digest" in got.subject
    assert "Stay Informed, Other news" in got.text or "Other news, Stay Informed" in got.text
    due = [one.digest_due_at for one in ada.subscriber.subscriptions]
    assert due == [datetime(2027, 12, 1, 7, 0, tzinfo=UTC), november + WEEK]


def test_a_list_with_nothing_new_is_not_the_sender(news: MailingList) -> None:
    other = make_list("other")
    ada = make_subscription(news, "ada@example.org", frequency=WEEKLY)
    add(ada, other, WEEKLY)
    send_issue(other)
    make(MONDAY)
    assert digests_of("ada")[0].sender == "other"


def test_what_is_due_later_on_the_same_day_comes_along_and_not_again(news: MailingList) -> None:
    other = make_list("other")
    ada = make_subscription(news, "ada@example.org", frequency=WEEKLY)
    late = add(ada, other, WEEKLY)
    late.digest_due_at = MONDAY + timedelta(hours=5)
    send_issue(news)
    send_issue(other)
    make(MONDAY)
    make(MONDAY + timedelta(hours=5))
    assert numbers_of("ada") == [(1, 2)]
    assert late.digest_due_at == MONDAY + WEEK


def test_a_clock_that_was_down_for_three_windows_sends_one_digest(news: MailingList) -> None:
    make_subscription(news, frequency=WEEKLY)
    numbers = [send_issue(news, at=NOW + week * WEEK).id for week in range(3)]
    back = MONDAY + 2 * WEEK + timedelta(days=3)
    assert make(back) == [-1]
    assert numbers_of("ada") == [tuple(numbers)]
    assert subscription_of("ada").digest_due_at == MONDAY + 3 * WEEK


@pytest.mark.parametrize("changes", [(), (MONTHLY,), (MONTHLY, WEEKLY), (MONTHLY, MONTHLY, WEEKLY)])
def test_every_issue_comes_once_whatever_is_changed_meanwhile(
    news: MailingList, changes: tuple[Frequency, ...]
) -> None:
    ada = make_subscription(news, frequency=WEEKLY)
    sent: list[int] = []
    for day in range(120):
        now = NOW + timedelta(days=day)
        if day % 3 == 0:
            sent.append(send_issue(news, at=now).id)
        if day % 17 == 0 and changes:
            wanted = changes[day // 17 % len(changes)]
            digest_windows.change_frequency(ada, wanted, now=now)
        if day % 23 == 0:
            zone = ("Pacific/Apia", "Asia/Kathmandu", "Pacific/Honolulu")[day // 23 % 3]
            digest_windows.change_zone(ada.subscriber, zone, now=now)
        for hours in (0, 8, 16):
            make(now + timedelta(hours=hours))
    got = [number for issues in numbers_of("ada") for number in issues]
    assert got == sent[: len(got)]
    assert len(got) > 20


def test_whoever_wants_every_issue_again_gets_the_rest_as_one_last_summary(
    news: MailingList,
) -> None:
    ada = make_subscription(news, frequency=WEEKLY)
    before = send_issue(news)
    digest_windows.change_frequency(ada, Frequency.EVERY, now=NOW)
    by_itself = send_issue(news, at=NOW + timedelta(hours=1))
    make(NOW + timedelta(days=1))
    [got] = digests_of("ada")
    assert got.issues == (before.id,)
    assert got.subject.startswith("Summary of 2 March 2027")
    assert by_itself.id in direct("ada")
    assert ada.digest_due_at is None


def test_an_issue_that_was_planned_before_a_change_comes_by_itself_alone(
    news: MailingList,
) -> None:
    ada = make_subscription(news)
    issue = send_issue(news)
    # As if it had begun only after the change, planned with the readers of before.
    digest_windows.change_frequency(ada, WEEKLY, now=NOW)
    ada.digest_after = 0
    make(MONDAY)
    assert digests_of("ada") == []
    assert direct("ada") == [issue.id]


def test_a_pause_is_followed_by_what_was_missed(news: MailingList) -> None:
    ada = make_subscription(news)
    had = send_issue(news)
    digest_windows.pause(ada, until=None, wants_summary=True, now=NOW)
    missed = [send_issue(news).id, send_issue(news).id]
    assert make(MONDAY) == []
    digest_windows.resume(ada, now=MONDAY)
    make(MONDAY + timedelta(days=1))
    assert direct("ada") == [had.id]
    assert numbers_of("ada") == [tuple(missed)]


@pytest.mark.parametrize("wants_summary", [True, False])
@pytest.mark.parametrize("frequency", [Frequency.EVERY, WEEKLY])
def test_a_correction_that_began_in_a_pause_comes_after_it(
    news: MailingList, frequency: Frequency, wants_summary: bool
) -> None:
    """What somebody has is corrected, however they paused; they get it once, and nothing in it."""
    ada = make_subscription(news, frequency=frequency)
    wrong = send_issue(news)
    make(MONDAY)
    sent("ada")
    digest_windows.pause(ada, until=None, wants_summary=wants_summary, now=MONDAY)
    correction = correct(wrong, at=MONDAY + timedelta(hours=1))
    unread = send_issue(news, at=MONDAY + timedelta(hours=2))
    also = correct(unread, at=MONDAY + timedelta(hours=3))
    assert make(MONDAY + WEEK) == [] and correction.id not in direct("ada")
    digest_windows.resume(ada, now=MONDAY + WEEK)
    make(MONDAY + 2 * WEEK)
    make(MONDAY + 4 * WEEK)
    whole = (correction.id, unread.id, also.id)
    assert numbers_of("ada")[-1] == (whole if wants_summary else (correction.id,))
    assert len(numbers_of("ada")) == (1 if frequency is Frequency.EVERY else 2)


def test_nobody_gets_one_who_left_paused_or_is_never_mailed(news: MailingList) -> None:
    for name in ("ada", "ben", "cleo", "dora"):
        make_subscription(news, f"{name}@example.org", frequency=WEEKLY)
    subscription_of("ada").state = SubscriptionState.UNSUBSCRIBED
    subscription_of("ben").state = SubscriptionState.PAUSED
    suppress(parse("cleo@example.org"), reason=SuppressionReason.BOUNCE, note="", now=NOW)
    send_issue(news)
    make(MONDAY)
    assert [bool(digests_of(name)) for name in ("ada", "ben", "cleo", "dora")] == [
        False,
        False,
        False,
        True,
    ]
    assert subscription_of("cleo").digest_due_at == MONDAY + WEEK


def test_everybody_reads_it_in_their_language(news: MailingList) -> None:
    for name, language in (("ada", "en"), ("ben", "fr"), ("cleo", "ar"), ("dora", "de")):
        make_subscription(news, f"{name}@example.org", frequency=WEEKLY, language=language)
    make_item("a")
    send_issue(news, "Subject", "a")
    make(MONDAY)
    subjects = {name: digests_of(name)[0].subject for name in ("ada", "ben", "cleo", "dora")}
    assert subjects["ada"] == subjects["dora"]
    assert len(set(subjects.values())) == 3
    assert "8 mars 2027" in subjects["ben"]
    assert 'dir="rtl"' in digests_of("cleo")[0].html


def test_a_correction_comes_to_who_has_the_issue_in_a_digest(news: MailingList) -> None:
    for name, frequency in (("ada", WEEKLY), ("ben", Frequency.EVERY), ("cleo", MONTHLY)):
        make_subscription(news, f"{name}@example.org", frequency=frequency)
    wrong = send_issue(news)
    make(MONDAY)
    sent("ada", "ben")
    make_subscription(news, "dora@example.org", frequency=WEEKLY, at=MONDAY)
    correction = correct(wrong, at=MONDAY + timedelta(hours=1))
    make(MONDAY + WEEK)
    assert numbers_of("ada") == [(wrong.id,), (correction.id,)]
    assert direct("ben") == [wrong.id, correction.id]
    assert digests_of("dora") == []
    make(APRIL)
    # Who reads of both at once gets both.
    assert numbers_of("cleo") == [(wrong.id, correction.id)]


def test_what_was_cancelled_is_in_no_digest_and_what_is_paused_holds_it_up(
    news: MailingList,
) -> None:
    make_subscription(news, "ada@example.org", frequency=WEEKLY)
    for number in range(3):
        make_subscription(news, f"r{number}@example.org")
    first, second, third = (send_issue(news, f"S{number}") for number in range(3))
    control.cancel(first, now=NOW)
    control.pause(third, now=NOW)
    db.session.commit()
    make(MONDAY)
    assert numbers_of("ada") == [(second.id,)]
    control.resume(third, now=NOW)
    make(MONDAY + WEEK)
    assert numbers_of("ada") == [(second.id,), (third.id,)]


def test_a_clock_that_is_killed_between_two_turns_loses_and_doubles_nothing(
    news: MailingList, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"r{number}" for number in range(10)]
    for name in names:
        make_subscription(news, f"{name}@example.org", frequency=WEEKLY)
    send_issue(news)
    monkeypatch.setattr(making, "PORTION", 2)
    monkeypatch.setattr(turns, "TURN", 0)
    write = runs.Runs.write

    class Killed(Exception):
        pass

    for survived in (1, 2):
        left = iter(range(survived))

        def killed(self: runs.Runs, readers: list, left=left) -> int:  # type: ignore[no-untyped-def,type-arg]
            if next(left, None) is None:
                raise Killed
            return write(self, readers)

        monkeypatch.setattr(runs.Runs, "write", killed)
        with pytest.raises(Killed):
            make(MONDAY)
        db.session.rollback()
    monkeypatch.setattr(runs.Runs, "write", write)
    later = MONDAY + drafting.SILENCE + timedelta(seconds=1)
    assert len(make(later)) == 3
    assert [len(digests_of(name)) for name in names] == [1] * len(names)
    for send in db.session.scalars(sa.select(Send).where(Send.issue_id < 0)):
        rows = sa.select(sa.func.count()).where(Delivery.send_id == send.id)
        assert db.session.scalar(rows) == send.planned


def test_a_digest_that_another_clock_let_begin_is_left_alone(
    news: MailingList, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ada", "ben"):
        make_subscription(news, f"{name}@example.org", frequency=WEEKLY)
    send_issue(news)
    monkeypatch.setattr(making, "PORTION", 1)
    monkeypatch.setattr(turns, "TURN", 0)
    hold = runs.Runs.hold

    def begun_meanwhile(self: runs.Runs) -> None:
        if self._open:
            issue = db.session.get_one(Issue, -1)
            if issue.begun_at is None:
                workflow.begin_sending(issue, now=MONDAY)
        hold(self)

    monkeypatch.setattr(runs.Runs, "hold", begun_meanwhile)
    assert make(MONDAY) == [-2]
    assert [got.digest for name in ("ada", "ben") for got in digests_of(name)] == [-1, -2]


def direct(name: str) -> list[int]:
    """The issues that came by themselves."""
    return list(
        db.session.scalars(
            sa.select(Send.issue_id)
            .join(Delivery, Delivery.send_id == Send.id)
            .where(Delivery.subscriber_id == subscription_of(name).subscriber_id, Send.issue_id > 0)
            .order_by(Delivery.id)
        )
    )


def sent(*names: str) -> None:
    """Let the relay have taken all of their mail."""
    people = [subscription_of(name).subscriber_id for name in names]
    db.session.execute(
        sa.update(Delivery).where(Delivery.subscriber_id.in_(people)).values(state="sent")
    )
    db.session.commit()
