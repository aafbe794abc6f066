"""The installation that the pictures show: the sample list at work, with its 42nd issue."""

import enum
import io
from collections.abc import Sequence
from datetime import datetime, timedelta

import PIL.Image
import PIL.ImageDraw
import sqlalchemy as sa

from benchmarks import past
from benchmarks.copying import moment
from newsletter import accounts, audit, sample
from newsletter.accounts import Editor
from newsletter.delivery import planning, preflight
from newsletter.delivery.models import DeliveryState
from newsletter.extensions import db
from newsletter.issues import composing, editing, pictures, presence, reviewing, waivers, workflow
from newsletter.issues.checks import Level
from newsletter.issues.composition import BlockKind, Texts, Words
from newsletter.issues.models import Issue, IssueState
from newsletter.library import catalogue
from newsletter.media import images
from newsletter.reachability.models import DomainCheck, DomainResult, LinkState
from newsletter.reports import signs
from newsletter.sample.items import GUIDANCE
from newsletter.subscriptions import growth, lists, unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import EndedReason, MailingList, Subscription
from tests.browser import showing_answers
from tests.browser import showing_people as people
from tests.browser import showing_words as words

FIRST, SENT, DRAFT, SCHEDULED = 38, 41, 42, 43
"""Numbers of issues: those from the first to `SENT` have gone out."""


class Stage(enum.IntEnum):
    """How far the draft has come, one after the other, and at last its readers."""

    WRITTEN = 0
    ASKED = 1
    APPROVED = 2
    HELD = 3
    SENDING = 4
    ANSWERED = 5


def fill(*, now: datetime) -> Editor:
    """Fill an empty installation, commit, and return the admin whose desk is shown."""
    sample.load(now=now - timedelta(days=500))
    [news] = lists.all_lists()
    lists.change_list(news, now=now, needs_approval=True)
    edith, amina = people.add_editors(now=now)
    db.session.commit()
    people.gather_readers(news, now=now)
    past_items = (item for item in catalogue.latest_items(30) if item.published_on <= GUIDANCE)
    old = [item.slug for item in past_items]
    new = [_item(place, now=now) for place in range(len(words.ITEMS))]
    # Its first issue was a while ago.
    db.session.execute(sa.text("INSERT INTO sqlite_sequence VALUES ('issue', 37)"))
    for number in range(FIRST, DRAFT):
        place = 3 * (SENT - number)
        _send(number, news, old[place : place + 3], by=amina, now=now)
    _begin(DRAFT, news, [*new[:2], old[0]], by=amina, at=now - timedelta(hours=1))
    scheduled = _begin(SCHEDULED, news, new[4:5], by=edith, at=now - timedelta(minutes=57))
    _schedule(scheduled, by=edith, now=now)
    _compose(composing.find_issue(DRAFT), by=amina, and_by=edith, now=now)
    growth.count_days(now=now)
    signs.beat(now=now)
    db.session.commit()
    return edith


def advance(stage: Stage, *, now: datetime) -> None:
    """Let the draft come one stage further, and commit."""
    issue = composing.find_issue(DRAFT)
    edith, amina = map(accounts.get_editor, ("edith@example.org", "amina@example.org"))
    if stage is Stage.ASKED:
        reviewing.ask(issue, by=amina, of=edith, note=words.NOTE, now=now)
    elif stage is Stage.APPROVED:
        reviewing.approve(issue, by=edith, version=issue.version, now=now)
    elif stage is Stage.HELD:
        workflow.send_soon(issue, timedelta(minutes=10), by=edith, now=now)
    elif stage is Stage.SENDING:
        planning.plan(issue, now=now - timedelta(minutes=4))
        _bring_half_way(issue, now=now)
    elif stage is Stage.ANSWERED:
        showing_answers.fill(by=amina, now=now)
    db.session.commit()


def _bring_half_way(issue: Issue, *, now: datetime) -> None:
    """Let a little more than half of its mail have been taken in the last four minutes."""
    ended = {"attempts": 1, "due_at": None}
    gone = {"state": DeliveryState.SENT, "reply_code": 250, "reply_status": "2.0.0", **ended}
    at = moment(now, "-subscriber_id * 240 / 700", "seconds")
    _set_deliveries(issue, "subscriber_id < 700", finished_at=at, **gone)
    failed = {"state": DeliveryState.FAILED, **words.ANSWERS[1]}
    _set_deliveries(issue, "subscriber_id IN (41, 222, 463)", **failed)
    later = {"attempts": 1, "due_at": now + timedelta(minutes=11), **words.LATER}
    _set_deliveries(issue, "subscriber_id BETWEEN 700 AND 730", **later)


def _item(place: int, *, now: datetime) -> str:
    """Add a new item, each a day older than the one before, and return its slug."""
    kind, title, summary = words.ITEMS[place]
    at = now - timedelta(days=place + 1)
    return catalogue.add_item(
        kind=kind,
        title=title,
        summary=summary,
        url=f"https://example.org/{kind}/{place}",
        published_on=at.date(),
        topics=catalogue.topics()[place % 3 : place % 3 + 1],
        region="Global",
        now=at,
    ).slug


def _begin(
    number: int, news: MailingList, slugs: Sequence[str], *, by: Editor, at: datetime
) -> Issue:
    issue = composing.create_issue(
        news,
        subject=words.SUBJECTS[number],
        preheader=words.PREHEADERS[number],
        introduction=words.INTRODUCTION,
        items=slugs,
        by=by,
        now=at,
    )
    _note(audit.Deed.ISSUE_CREATED, issue, by=by, now=at)
    return issue


def _schedule(issue: Issue, *, by: Editor, now: datetime) -> None:
    issue.state, issue.approved_version = IssueState.SCHEDULED, issue.version
    issue.send_at = (now + timedelta(days=3)).replace(hour=9, minute=0, tzinfo=None)
    issue.zone = "Europe/Vienna"
    said = "4 March 2027, 09:00 (Europe/Vienna)"
    _note(audit.Deed.ISSUE_SCHEDULED, issue, by=by, now=now - timedelta(minutes=55), detail=said)


def _send(
    number: int, news: MailingList, slugs: Sequence[str], *, by: Editor, now: datetime
) -> None:
    """Let an issue have been sent, two weeks before the next one, and some have left by it."""
    at = now - timedelta(days=14 * (DRAFT - number), hours=1)
    issue = _begin(number, news, slugs, by=by, at=at - timedelta(hours=2))
    issue.state, issue.approved_version = IssueState.SENT, issue.version
    issue.begun_at, issue.sent_at = at, at + timedelta(hours=2)
    news.issues_begun += 1
    issue.begun_order = news.issues_begun
    _note(audit.Deed.ISSUE_SENT, issue, by=by, now=at)
    past.run(issue, people.READERS - 40 * (DRAFT - number))
    later = moment(at, "id % 40 * id % 9000", "seconds")
    _set_deliveries(issue, "1", finished_at=later, first_attempt_at=later)
    for which, answer in words.ANSWERS.items():
        _set_deliveries(issue, f"state = 'failed' AND subscriber_id % 3 = {which}", **answer)
    if number == SENT:
        doubt = dict(reply_code=None, reply_status="", reason="")
        _set_deliveries(
            issue, "subscriber_id IN (301, 502, 703)", state=DeliveryState.UNCERTAIN, **doubt
        )
    for place in range(SENT - number + 3):
        leaver = db.session.get_one(Subscription, 100 * (number - 37) + place)
        unsubscribing.unsubscribe(
            unsubscribing.Leaving(leaver, None),
            reason=EndedReason.LINK,
            origin=Origin(page="/unsubscribe", issue_id=issue.id),
            now=at + timedelta(hours=1 + 5 * place),
        )


def _set_deliveries(issue: Issue, which: str, **values: object) -> None:
    delivery = db.metadata.tables["delivery"]
    of_it = sa.text(f"send_id IN (SELECT id FROM send WHERE issue_id = {issue.id})")
    said = {
        name: sa.literal_column(value) if str(value).startswith("strftime") else value
        for name, value in values.items()
    }
    db.session.execute(sa.update(delivery).where(of_it, sa.text(which)).values(said))


def _compose(issue: Issue, *, by: Editor, and_by: Editor, now: datetime) -> None:
    """Add blocks and an edition to the draft, in some versions; let a warning pass."""
    added = images.add_image(
        _photo(), name="Clinic in the hills", alt="A clinic between green hills, from the road",
        is_decorative=False, by_id=by.id, now=now,
    ).image  # fmt: skip
    whole = composing.current(issue)
    language = whole.first_language
    for kind, said in (
        (BlockKind.IMAGE, Words(text=added.alt)),
        (BlockKind.HEADING, Words(title="What to do with it")),
        (BlockKind.TEXT, Words(text=words.AFTERWORD)),
        (BlockKind.BUTTON, Words(title="Tell us", url="https://example.org/tell-us")),
    ):
        picked = pictures.picked(added) if kind is BlockKind.IMAGE else None
        whole = editing.with_block(whole, kind, image=picked)
        whole = editing.with_words(whole, whole.blocks[-1].key, language, said)
    _save(issue, whole, by=by, at=now - timedelta(minutes=50))
    whole = editing.with_texts(
        whole,
        language,
        Texts(words.SUBJECTS[DRAFT], words.PREHEADERS[DRAFT], words.BETTER_INTRODUCTION),
    )
    _save(issue, whole, by=and_by, at=now - timedelta(minutes=20))
    whole = editing.with_edition(whole, "fr")
    whole = editing.with_texts(whole, "fr", Texts(*words.FRENCH))
    for block, said in zip(whole.blocks, words.FRENCH_BLOCKS, strict=True):
        whole = editing.with_words(whole, block.key, "fr", Words(*said))
    _save(issue, whole, by=by, at=now - timedelta(minutes=6))
    presence.note(issue, by, now=now - timedelta(minutes=2))
    _ask_links(issue, now=now)
    finding = next(one for one in preflight.examine(issue) if one.level is Level.WARN)
    waivers.waive(issue, finding, words.REASON, by=by, now=now - timedelta(minutes=4))


def _save(issue: Issue, whole: composing.Composition, *, by: Editor, at: datetime) -> None:
    composing.save(issue, whole, based_on_version=issue.version, by=by, now=at)
    _note(audit.Deed.ISSUE_SAVED, issue, by=by, now=at, detail=f"version {issue.version}")


def _ask_links(issue: Issue, *, now: datetime) -> None:
    """Let every link have answered, but for one, which did not twice."""
    preflight.look_ahead(issue, now=now)
    check, day = db.metadata.tables["link_check"], timedelta(days=1)
    fine = {
        "state": LinkState.FINE,
        "status": 200,
        "tried_at": now,
        "answered_at": now,
        "fine_at": now,
    }
    gone = {
        "state": LinkState.GONE,
        "status": 404,
        "failing_since": now - day,
        "failed_at": now,
        "failures": 3,
        "failed_days": 2,
        "fine_at": now - 9 * day,
    }
    db.session.execute(sa.update(check).values(fine))
    db.session.execute(sa.update(check).where(check.c.url.endswith("tell-us")).values(gone))
    proofs = dict.fromkeys(("spf", "dkim", "dmarc"), DomainResult.OK)
    db.session.add(
        DomainCheck(domain="news.example.org", wanted_at=now, next_at=now, asked_at=now, **proofs)
    )


def _note(deed: audit.Deed, issue: Issue, *, by: Editor, now: datetime, detail: str = "") -> None:
    list_id = issue.mailing_list_id
    audit.record(deed, by=by, now=now, key=issue.id, mailing_list_id=list_id, detail=detail)


def _photo() -> bytes:
    """Draw hills under a sky."""
    picture = PIL.Image.new("RGB", (1200, 640), "#dfeaf0")
    draw = PIL.ImageDraw.Draw(picture)
    for colour, height in (("#9dbcae", 330), ("#5f9484", 420), ("#2e6d5f", 520)):
        draw.ellipse((-500, height, 1000, height + 1600), fill=colour)
        draw.ellipse((300, height + 40, 2000, height + 1700), fill=colour)
    draw.rectangle((560, 380, 720, 470), fill="#fbfaf7")
    draw.polygon(((540, 380), (640, 310), (740, 380)), fill="#9b1c1c")
    drawn = io.BytesIO()
    picture.save(drawn, "JPEG")
    return drawn.getvalue()
