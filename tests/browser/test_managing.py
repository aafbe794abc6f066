"""Scanners with a browser of their own: they open links, run scripts, and change nothing."""

from playwright.sync_api import Browser

from newsletter import clock, links
from newsletter.extensions import db, reading
from newsletter.subscriptions.managing import ManageLink
from newsletter.subscriptions.models import ConsentEvent, Subscription, SubscriptionState
from tests.browser.furnishing import Furnished

VICTIM = 3
SCROLL = """async () => {
    for (let turn = 0; turn < 10; turn++) {
        scrollBy(0, 400);
        document.querySelector("h1").focus();
        await new Promise(after => setTimeout(after, 100));
    }
}"""


def test_a_browser_that_runs_scripts_and_follows_links_changes_nothing(
    browser: Browser, furnished_installation: Furnished
) -> None:
    """STANDARDS XA10, XB16: GET never acts, whatever opens it."""
    before = standing()
    now = clock.now()
    link = ManageLink(subscriber_id=VICTIM, made_at=now)
    db.session.add(link)
    db.session.flush()
    paths = [
        f"/unsubscribe/{links.UNSUBSCRIBE.token(str(VICTIM), now=now)}",
        f"/preferences/{links.PREFERENCES.token(str(VICTIM), now=now)}",
        f"/manage/open/{links.MANAGE.token(str(link.id), now=now)}",
    ]
    number = link.id
    db.session.commit()
    context = browser.new_context(base_url=furnished_installation.url, java_script_enabled=True)
    page = context.new_page()
    for path in paths:
        page.goto(path)
        page.evaluate(SCROLL)
        found = page.locator("main a").evaluate_all("links => links.map(link => link.href)")
        for address in found:
            page.goto(address)
        page.goto(path)
        # A link checker asks with HEAD, a browser that guesses ahead with its own purpose.
        assert context.request.head(path).status == 200
        assert context.request.get(path, headers={"Sec-Purpose": "prefetch"}).status == 200
    assert context.cookies() == []
    context.close()
    assert standing() == before
    with reading():
        assert db.session.get_one(ManageLink, number).used_at is None


def standing() -> tuple[SubscriptionState, int]:
    with reading():
        subscription = db.session.get_one(Subscription, VICTIM)
        events = db.session.query(ConsentEvent).count()
        return subscription.state, events
