"""Links of issues over this installation: what is sent, what they do, what is written."""

import re
import time
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from itertools import count

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from newsletter import clock, erasure, jobs, links
from newsletter.addresses import parse
from newsletter.delivery import compiling, editions, planning, previewing
from newsletter.delivery.compiling import Person
from newsletter.delivery.models import CompiledEdition, Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.reports import clicks
from newsletter.subscriptions import agreeing, consent
from newsletter.subscriptions.agreeing import ReaderClick
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import ConsentEvent, MailingList, Subscription, Tracking
from newsletter.subscriptions.undoing import Undo
from newsletter.tracking import counting
from newsletter.tracking import links as tracked
from newsletter.tracking.models import ClickDay, RecentClick, TrackedLink
from newsletter.translating import translator
from tests.conftest import NOW
from tests.delivery.situations import Post
from tests.desk.browser import Browser, signed_in
from tests.factories import make_due_issue, make_editor, make_item, make_list, make_subscription
from tests.relay import Relay
from tests.tracking.test_machines import PERSON

INTRODUCTION = """Dear {{ name | reader }},

read [the report](https://example.com/report?a=1&b=2#part), write to
[us](mailto:us@example.org), call [us](tel:+431234), jump [down](#below), look at
[your country](https://example.com/{{ attributes.country }}), or at https://example.com/plain and
<https://example.com/shown>.
"""

PLACE = "https://news.example.org"
networks = count(1)


@pytest.fixture
def mailing_list(app: Flask) -> MailingList:
    found = make_list()
    make_item()
    return found


def send(mailing_list: MailingList, mode: Tracking) -> Issue:
    """Plan an issue for the readers of the list, a day ago."""
    mailing_list.tracking = mode
    then = clock.now() - timedelta(days=1)
    issue = make_due_issue(mailing_list, introduction=INTRODUCTION, at=then)
    planning.plan(issue, now=then)
    db.session.execute(
        sa.update(Delivery).values(state=DeliveryState.SENT, finished_at=then, due_at=None)
    )
    db.session.commit()
    return issue


def mail(subscription: Subscription) -> tuple[bytes, str, str]:
    """Return what the reader was sent: the bytes, the HTML and the text."""
    delivery = db.session.scalars(
        sa.select(Delivery)
        .where(Delivery.subscriber_id == subscription.subscriber_id)
        .order_by(Delivery.id.desc())
    ).first()
    assert delivery is not None
    compiled = editions.Editions().get(delivery.edition_id)
    values = compiling.merge_values(
        "Ada",
        {},
        "html",
        is_tracked=subscription.agreed_to_tracking and compiled.names_deliveries,
    )
    person = Person(delivery.id, subscription.id, "ada@example.org")
    data = compiling.message_for(compiled, person, values, date=NOW)
    parsed = message_from_bytes(data, policy=policy.default)
    html, text = (parsed.get_body((kind,)) for kind in ("html", "plain"))
    assert html is not None and text is not None
    return data, html.get_content(), text.get_content()


def paths(text: str) -> list[str]:
    return re.findall(rf"{PLACE}(/r/[\w./-]+)", text)


def crowd(mailing_list: MailingList, number: int) -> list[Subscription]:
    """Add readers who did not agree to be recorded."""
    return [
        make_subscription(mailing_list, f"reader{next(networks)}@example.org")
        for _ in range(number)
    ]


def follow(app: Flask, path: str, **headers: str) -> tuple[int, str]:
    at = {"REMOTE_ADDR": f"198.51.100.{next(networks) % 250}"}
    answer = Browser(app).get(path, headers={**PERSON, **headers}, environ_base=at)
    assert "Set-Cookie" not in answer.headers
    return answer.status_code, answer.headers.get("Location", "")


def written(app: Flask, now: datetime | None = None) -> tuple[int, int, int]:
    """Write what waits; return the people and machines that were counted, and who has a name."""
    counting.flush(counting.hits_of(app))
    jobs.once("add-up-clicks", now=now or clock.now() + timedelta(minutes=1))
    sums = sa.select(sa.func.sum(ClickDay.people), sa.func.sum(ClickDay.machines))
    people, machines = db.session.execute(sums).one()
    named = db.session.scalar(sa.select(sa.func.count()).select_from(ReaderClick))
    return people or 0, machines or 0, named or 0


def agree(subscription: Subscription) -> None:
    words = consent.tracking_wording(subscription.mailing_list.name, translator("en"))
    agreeing.agree(subscription, words, origin=Origin(page="/manage"), now=NOW)
    db.session.commit()


def test_off_means_that_links_lead_straight_to_their_pages(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    issue = send(mailing_list, Tracking.NONE)
    data, html, _ = mail(ada)
    assert b"/r/" not in data
    assert "https://example.com/report?a=1&amp;b=2#part" in html
    assert clicks.clicks(issue) is None


def test_counted_links_are_everybodys_and_what_is_no_page_is_left_alone(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    bob = make_subscription(mailing_list, "bob@example.org")
    agree(ada)
    send(mailing_list, Tracking.AGGREGATE)
    _, html, text = mail(ada)
    assert paths(html) == paths(mail(bob)[1])
    assert len(set(paths(html))) == 1
    assert set(paths(text)) == set(paths(html))
    # XB23, H19: to write, to call, to leave, with a value in it, and words that say where.
    for link in ("mailto:us@example.org", "tel:+431234", "https://example.com/plain"):
        assert f'href="{link}"' in html
    assert 'href="https://example.com/shown"' in html
    assert re.search(rf'href="{PLACE}/unsubscribe/[^"]+"', html)
    assert f'href="{PLACE}/archive/' in html
    assert "<img" not in html


def test_a_link_leads_on_and_is_counted_once_it_was_judged(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    crowd(mailing_list, 19)
    issue = send(mailing_list, Tracking.AGGREGATE)
    [path] = set(paths(mail(ada)[1]))
    for _ in range(5):
        assert follow(app, path) == (302, "https://example.com/report?a=1&b=2#part")
    assert follow(app, path, **{"User-Agent": "python-requests/2"})[0] == 302
    assert written(app, clock.now())[:2] == (0, 0)
    assert written(app, clock.now() + timedelta(seconds=40)) == (5, 1, 0)
    found = clicks.clicks(issue)
    assert found is not None
    assert (found.people, found.is_partly_hidden, len(found.by_day)) == (5, False, 1)


@pytest.mark.parametrize("mode", [Tracking.AGGREGATE, Tracking.INDIVIDUAL])
@pytest.mark.parametrize(
    ("others", "requests", "shown"),
    [(20, 5, 5), (20, 4, None), (20, 0, 0), (19, 5, None), (19, 0, None)],
)
def test_of_those_who_did_not_agree_few_are_not_shown_and_cannot_be_reckoned(
    app: Flask,
    mailing_list: MailingList,
    mode: Tracking,
    others: int,
    requests: int,
    shown: int | None,
) -> None:
    *_, bob = crowd(mailing_list, others)
    if mode is Tracking.INDIVIDUAL:
        ada = make_subscription(mailing_list)
        agree(ada)
    issue = send(mailing_list, mode)
    for _ in range(requests):
        [path] = set(paths(mail(bob)[1]))
        follow(app, path)
    if mode is Tracking.INDIVIDUAL:
        [path] = set(paths(mail(ada)[1]))
        follow(app, path)
    written(app)
    found = clicks.clicks(issue)
    assert found is not None
    is_named = int(mode is Tracking.INDIVIDUAL)
    assert [(one.people, one.readers) for _, one in found.by_link] == [(shown, is_named)]
    assert (found.people, found.readers) == (shown or 0, is_named)
    if shown is None:
        assert found.by_day == []


def test_a_link_that_few_got_in_their_language_is_not_shown(
    app: Flask, mailing_list: MailingList
) -> None:
    crowd(mailing_list, 25)
    [of_few] = crowd(mailing_list, 1)
    issue = send(mailing_list, Tracking.AGGREGATE)
    [path] = set(paths(mail(of_few)[1]))
    key = path.rpartition("/")[2]
    edition = db.session.scalars(sa.select(CompiledEdition)).one()
    few = CompiledEdition(send_id=edition.send_id, language="ar", content=edition.content)
    edition.content = edition.content | {"tracking": {"mode": "aggregate", "links": {}}}
    db.session.add(few)
    db.session.flush()
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.subscriber_id == of_few.subscriber_id)
        .values(edition_id=few.id)
    )
    db.session.commit()
    for _ in range(5):
        follow(app, f"/r/{key}")
    written(app)
    found = clicks.clicks(issue)
    assert found is not None
    assert [(one.people, one.machines) for _, one in found.by_link] == [(None, None)]


@pytest.mark.parametrize("path", ["/r/nonsense", "/r/x/y", "/r/a%2Fb", "/r/", "/o/"])
def test_what_is_made_up_leads_nowhere_and_records_nothing(app: Flask, path: str) -> None:
    assert follow(app, path)[0] == 404
    assert written(app) == (0, 0, 0)


def test_a_token_that_is_none_of_ours_leads_on_and_records_nothing(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    agree(ada)
    send(mailing_list, Tracking.INDIVIDUAL)
    [path] = set(paths(mail(ada)[1]))
    _, _, token, key = path.split("/")
    other = links.UNSUBSCRIBE.token("1", now=NOW)
    for forged in (token[:-1], f"{token}x", other, links.CLICKED.token("99", now=NOW), "1"):
        assert follow(app, f"/r/{forged}/{key}")[0] == 302
        assert Browser(app).get(f"/o/{forged}", headers=PERSON).mimetype == "image/gif"
    assert written(app) == (0, 0, 0)
    assert db.session.scalars(sa.select(Subscription.last_open_on)).all() == [None]


def test_the_name_of_one_issue_with_the_link_of_another_leads_on_and_records_nothing(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    agree(ada)
    tokens, keys = [], []
    for _ in range(2):
        send(mailing_list, Tracking.INDIVIDUAL)
        [path] = set(paths(mail(ada)[1]))
        tokens.append(path.split("/")[2])
        keys.append(path.split("/")[3])
    for token, key in ((tokens[0], keys[1]), (tokens[1], keys[0])):
        assert follow(app, f"/r/{token}/{key}")[0] == 302
    assert written(app) == (0, 0, 0)
    assert follow(app, f"/r/{tokens[0]}/{keys[0]}")[0] == 302
    assert written(app)[2] == 1


def test_only_who_agreed_is_named_and_of_openings_only_the_last_day_is_kept(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    bob = make_subscription(mailing_list, "bob@example.org")
    agree(ada)
    issue = send(mailing_list, Tracking.INDIVIDUAL)
    html, of_bob = mail(ada)[1], mail(bob)[1]
    [hers], [his] = set(paths(html)), set(paths(of_bob))
    assert hers.count("/") == 3 and his.count("/") == 2
    assert "<img" not in of_bob
    [picture] = re.findall(rf'src="{PLACE}(/o/[\w.-]+)"', html)
    for _ in range(2):
        follow(app, hers)
        follow(app, his)
        assert Browser(app).get(picture, headers=PERSON).data.startswith(b"GIF89a")
    assert written(app) == (2, 0, 1)
    db.session.refresh(ada)
    assert ada.last_open_on == clock.now().date()
    found = clicks.clicks(issue)
    assert found is not None and found.readers == 1
    assert [(one.people, one.readers) for _, one in found.by_link] == [(None, 1)]
    erasure.erase(parse("ada@example.org"), now=NOW)
    db.session.commit()
    follow(app, hers)
    assert written(app)[2] == 0


def test_a_withdrawal_acts_on_mail_that_was_sent_already(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    agree(ada)
    send(mailing_list, Tracking.INDIVIDUAL)
    html = mail(ada)[1]
    [path] = set(paths(html))
    [picture] = re.findall(rf'src="{PLACE}(/o/[\w.-]+)"', html)
    follow(app, path)
    written(app)
    # One is on its way through the process when she withdraws by the link in an issue.
    follow(app, path)
    [token] = set(re.findall(r"/preferences/([\w.-]+)", html))
    page = Browser(app).open(f"/preferences/{token}", method="POST", data={"stop": "recording"})
    assert "Nothing is recorded any more" in page.text
    assert follow(app, path)[0] == 302
    assert Browser(app).get(picture, headers=PERSON).status_code == 200
    assert written(app)[2] == 0
    db.session.refresh(ada)
    assert (ada.agreed_to_tracking, ada.last_open_on) == (False, None)
    kinds = db.session.scalars(sa.select(ConsentEvent.kind).order_by(ConsentEvent.id)).all()
    assert kinds == ["tracking-agreed", "tracking-ended"]


def test_what_leaves_names_the_delivery_of_who_agreed_and_of_nobody_else(app: Flask) -> None:
    news = make_list()
    news.tracking = Tracking.INDIVIDUAL
    for name in ("ada", "ben"):
        make_subscription(news, f"{name}@example.org", name=name.title())
    agree(db.session.scalars(sa.select(Subscription).order_by(Subscription.id)).first())
    issue = make_due_issue(news, introduction=INTRODUCTION)
    planning.plan(issue, now=NOW)
    db.session.commit()
    with Relay() as relay:
        relay.answer("DOT", "451 4.3.0 Try again", to="ada@example.org", times=1)
        post = Post(relay)
        post.deliver()
        # Who withdraws between two attempts gets the same bytes, which lead on and name nobody.
        db.session.execute(sa.update(Subscription).values(agreed_to_tracking=False))
        db.session.commit()
        post.clock.move(minutes=5)
        post.deliver()
        post.close()
        [of_ada], [of_ben] = relay.to("ada@example.org"), relay.to("ben@example.org")
    for received, slashes in ((of_ada, 3), (of_ben, 2)):
        body = message_from_bytes(received.data, policy=policy.default).get_body(("html",))
        assert body is not None
        assert {path.count("/") for path in paths(body.get_content())} == {slashes}


@pytest.mark.parametrize("data", [{"stop": "list"}, {"List-Unsubscribe": "One-Click"}])
def test_leaving_ends_the_consent_to_be_recorded_with_a_trace_and_undo_does_not_bring_it_back(
    app: Flask, mailing_list: MailingList, data: dict[str, str]
) -> None:
    ada, ben = (make_subscription(mailing_list, f"{name}@example.org") for name in ("ada", "ben"))
    for one in (ada, ben):
        agree(one)
    issue = send(mailing_list, Tracking.INDIVIDUAL)
    html = mail(ada)[1]
    [path] = set(paths(html))
    for one in (path, *set(paths(mail(ben)[1]))):
        follow(app, one)
    ada.last_open_on = clock.now().date()
    assert written(app)[2] == 2
    [token] = set(re.findall(r"/unsubscribe/([\w.-]+)", html))
    browser = Browser(app)
    page = browser.open(f"/unsubscribe/{token}", method="POST", data=data).text
    assert stands(ada) == ("unsubscribed", False, None)
    assert events_of(ada) == ["tracking-agreed", "unsubscribed", "tracking-ended"]
    assert events_of(ben) == ["tracking-agreed"]
    follow(app, path)
    assert written(app)[2] == 1
    found = clicks.clicks(issue)
    assert found is not None and found.readers == 1
    undone = browser.open(undo_path(page), method="POST").text
    assert "On your own page you can agree again." in undone
    assert stands(ada) == ("confirmed", False, None)


def stands(subscription: Subscription) -> tuple[object, ...]:
    db.session.refresh(subscription)
    return subscription.state, subscription.agreed_to_tracking, subscription.last_open_on


def events_of(subscription: Subscription) -> list[str]:
    return [
        kind.value
        for kind in db.session.scalars(
            sa.select(ConsentEvent.kind)
            .where(ConsentEvent.subscriber_id == subscription.subscriber_id)
            .order_by(ConsentEvent.id)
        )
    ]


def undo_path(page: str) -> str:
    """The button of the page, or, as a program shows none, the link of the good-bye mail."""
    if found := re.search(r"/undo/[\w.-]+", page):
        return found[0]
    now = clock.now()
    [row] = db.session.scalars(sa.select(Undo))
    return links.UNDO_BY_MAIL.path.format(token=links.UNDO_BY_MAIL.token(str(row.id), now=now))


def test_it_is_forgotten_after_thirteen_months(app: Flask, mailing_list: MailingList) -> None:
    ada = make_subscription(mailing_list)
    agree(ada)
    send(mailing_list, Tracking.INDIVIDUAL)
    html = mail(ada)[1]
    [path] = set(paths(html))
    follow(app, path)
    ada.last_open_on = clock.now().date()
    db.session.commit()
    assert written(app)[2] == 1
    for months, named in ((12, 1), (14, 0)):
        jobs.once("forget-clicks", now=clock.now() + months * timedelta(days=30.5))
        db.session.refresh(ada)
        assert written(app) == (0, 0, named)
        assert (ada.last_open_on is not None) == bool(named)


@pytest.mark.parametrize("mode", [Tracking.AGGREGATE, Tracking.INDIVIDUAL])
def test_a_list_that_turned_it_off_records_nothing_also_of_what_waits(
    app: Flask, mailing_list: MailingList, mode: Tracking
) -> None:
    ada, bob = make_subscription(mailing_list), make_subscription(mailing_list, "bob@example.org")
    agree(ada)
    issue = send(mailing_list, mode)
    both = {path for reader in (ada, bob) for path in paths(mail(reader)[1])}
    for _ in range(2):
        for path in both:
            assert follow(app, path)[0] == 302
        mailing_list.tracking = Tracking.NONE
        db.session.commit()
    assert written(app) == (0, 0, 0)
    mailing_list.tracking = mode
    db.session.commit()
    for path in both:
        follow(app, path)
    assert sum(written(app)) > 0
    assert clicks.clicks(issue) is not None


@pytest.mark.parametrize("how", ["withdrawn", "erased", "named no more"])
def test_a_link_with_a_name_in_it_counts_nobody_who_does_not_agree_now(
    app: Flask, mailing_list: MailingList, how: str
) -> None:
    ada = make_subscription(mailing_list)
    agree(ada)
    send(mailing_list, Tracking.INDIVIDUAL)
    [path] = set(paths(mail(ada)[1]))
    # One request waits, and one comes afterwards.
    follow(app, path)
    if how == "withdrawn":
        agreeing.withdraw(ada, origin=Origin(page="/manage"), now=NOW)
    elif how == "erased":
        erasure.erase(parse("ada@example.org"), now=NOW)
    else:
        mailing_list.tracking = Tracking.AGGREGATE
    db.session.commit()
    assert follow(app, path)[0] == 302
    assert written(app) == (0, 0, 0)


def test_previews_and_tests_lead_straight_to_their_pages(
    app: Flask, mailing_list: MailingList
) -> None:
    mailing_list.tracking = Tracking.INDIVIDUAL
    issue = make_due_issue(mailing_list, introduction=INTRODUCTION)
    message = previewing.preview_message(issue, parse("ada@example.org"), now=NOW)
    assert b"/r/" not in message and b"/o/" not in message
    assert db.session.scalars(sa.select(TrackedLink)).all() == []


def test_ten_thousand_at_once_are_a_handful_of_statements(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    send(mailing_list, Tracking.AGGREGATE)
    [path] = set(paths(mail(ada)[1]))
    hits = counting.hits_of(app)
    for number in range(10_000):
        hits.follow(
            path.rpartition("/")[2],
            network=str(number),
            is_machine=False,
            subscription_id=0,
            at=clock.now(),
        )
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    counting.flush(hits)
    assert len([one for one in statements if "INSERT" in one]) == 1
    assert written(app) == (10_000, 0, 0)


def test_a_flood_of_one_client_is_one_number_and_judged_in_no_time(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    send(mailing_list, Tracking.AGGREGATE)
    [path] = set(paths(mail(ada)[1]))
    hits = counting.hits_of(app)
    key = path.rpartition("/")[2]
    for _ in range(2 * counting.MOST):
        hits.follow(key, network="1", is_machine=False, subscription_id=0, at=clock.now())
    began = time.process_time()
    assert written(app) == (0, 2 * counting.MOST, 0)
    assert time.process_time() - began < 0.5


def test_a_scanner_that_asks_two_processes_slowly_is_a_machine_from_first_to_last(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    issue = send(mailing_list, Tracking.AGGREGATE)
    [path] = set(paths(mail(ada)[1]))
    keys = [path.rpartition("/")[2], *(f"{number:016}" for number in range(11))]
    links_of_it = {key: f"https://example.com/{key}" for key in keys[1:]}
    tracked.remember(issue.id, links_of_it)
    db.session.commit()
    begun_at = clock.now() - timedelta(minutes=3)
    processes = [counting.Hits(app), counting.Hits(app)]
    for seconds in range(120):
        at = begun_at + timedelta(seconds=seconds)
        if seconds % 4 == 0 and seconds // 4 < len(keys):
            hits = processes[seconds // 4 % 2]
            key = keys[seconds // 4]
            hits.follow(key, network="1", is_machine=False, subscription_id=0, at=at)
        if seconds % 5 == 2:
            counting.flush(processes[0])
        if seconds % 5 == 4:
            counting.flush(processes[1])
        if seconds % 10 == 0:
            jobs.once("add-up-clicks", now=at)
    assert written(app) == (0, len(keys), 0)
    assert db.session.scalars(sa.select(RecentClick.slice)).all() == []


def test_the_page_that_is_led_to_learns_nothing_and_nobody_keeps_the_answer(
    app: Flask, mailing_list: MailingList
) -> None:
    ada = make_subscription(mailing_list)
    send(mailing_list, Tracking.AGGREGATE)
    [path] = set(paths(mail(ada)[1]))
    headers = Browser(app).get(path, headers=PERSON).headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert (headers["Cache-Control"], headers["X-Robots-Tag"]) == ("no-store", "noindex")
    assert Browser(app).open(path, method="POST").status_code == 405


def test_the_same_address_in_two_editions_and_planned_twice_is_one_link(
    app: Flask, mailing_list: MailingList
) -> None:
    mailing_list.tracking = Tracking.AGGREGATE
    issue = make_due_issue(mailing_list, introduction=INTRODUCTION)
    once, again = (compiling.compile_issue(issue) for _ in range(2))
    assert once == again
    other = make_due_issue(mailing_list, introduction=INTRODUCTION)
    keys = set(compiling.compile_issue(other)[0][1]["tracking"]["links"])
    assert keys.isdisjoint(once[0][1]["tracking"]["links"])


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        (Tracking.NONE, "Clicks: not recorded."),
        (Tracking.AGGREGATE, "At least 0 requests for its links were"),
        (Tracking.INDIVIDUAL, "0 people who agreed to be recorded followed one"),
    ],
)
def test_the_report_is_whole_without_it(
    app: Flask, mailing_list: MailingList, mode: Tracking, sentence: str
) -> None:
    ada = make_subscription(mailing_list)
    issue = send(mailing_list, mode)
    for path in set(paths(mail(ada)[1])):
        follow(app, path)
    written(app)
    page = signed_in(app, make_editor()).get(f"/desk/issues/{issue.id}").text
    assert sentence in page
    assert ("not shown" in page) == (mode is not Tracking.NONE)
