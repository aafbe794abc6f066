"""Which pages are shown in pictures, and how each comes to show what it is for."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from playwright.sync_api import Page

from newsletter import accounts, links
from newsletter.extensions import db
from newsletter.issues import composing, editing
from newsletter.issues.composition import Texts
from newsletter.subscriptions import unsubscribing
from newsletter.subscriptions.managing import ManageLink
from tests.browser.showing import DRAFT, SENT, Stage
from tests.browser.showing_answers import ASKING
from tests.browser.showing_people import ADA
from tests.conftest import NOW

WIDE, NARROW = 1280, 360


@dataclass(frozen=True)
class Picture:
    """A page: where it is, its heading, and words on it that show that it is the right one.

    `act` leads from what is at `path` to what is shown, and what is above the element `top`
    is left out, as is what lies `highest` pixels below that. Braces in a path stand for a token
    of Ada's.
    """

    name: str
    path: str
    heading: str
    says: str
    act: Callable[[Page], object] | None = None
    top: str = ""
    stage: Stage = Stage.WRITTEN
    scheme: str = "light"
    width: int = WIDE
    is_reader: bool = False
    highest: int = 1600


def press(button: str) -> Callable[[Page], None]:
    """Return what presses a button."""
    return lambda page: page.get_by_role("button", name=button).first.click()


def unfold(summary: str) -> Callable[[Page], None]:
    """Return what opens what is folded up."""
    return lambda page: page.locator("summary", has_text=summary).first.click()


def look_up(address: str) -> Callable[[Page], None]:
    """Return what asks about somebody's address."""

    def act(page: Page) -> None:
        form = page.locator("form").filter(has=page.get_by_role("button", name="Look it up"))
        form.locator("[name=address]").fill(address)
        form.get_by_role("button").click()

    return act


def tick_three(page: Page) -> None:
    """Choose from the basket."""
    for place in range(3):
        page.locator("input[name=items]").nth(place).check()


def look_as_ada(page: Page) -> None:
    """Show the preview as one reader."""
    page.get_by_text("As one reader").click()
    page.get_by_label("Address of the reader").fill("ada@example.org")
    page.get_by_role("button", name="Look as this reader").click()


def save_too_late(page: Page) -> None:
    """Save where a colleague has saved in the meantime."""
    page.get_by_label("Subject").fill("Five questions, and what midwives answered")
    issue = composing.find_issue(DRAFT)
    whole = composing.current(issue)
    language = whole.first_language
    said = whole.editions[language]
    theirs = Texts("What midwives are asked, and answer", said.preheader, said.introduction)
    whole = editing.with_texts(whole, language, theirs)
    amina = accounts.get_editor("amina@example.org")
    composing.save(issue, whole, based_on_version=issue.version, by=amina, now=NOW)
    db.session.commit()
    page.get_by_role("button", name="Save", exact=True).last.click()


def tokens() -> dict[str, str]:
    """Return what a path with braces may name."""
    leaving = unsubscribing.payload(ADA)
    link = ManageLink(subscriber_id=ADA, made_at=NOW)
    db.session.add(link)
    db.session.flush()
    number = link.id
    # A transaction that stays open would keep the installation from writing.
    db.session.commit()
    return {
        "manage": links.MANAGE.token(str(number), now=NOW),
        "preferences": links.PREFERENCES.token(leaving, now=NOW),
        "unsubscribe": links.UNSUBSCRIBE.token(leaving, now=NOW),
    }


def _of_draft(name: str, path: str, heading: str, says: str, **more: object) -> Picture:
    return Picture(name, f"/desk/issues/{DRAFT}{path}", heading, says, **more)


def _of_last(name: str, says: str, **more: object) -> Picture:
    """A picture of the page of the issue that was sent last."""
    page = Picture(name, f"/desk/issues/{SENT}", "A toolkit for sharing the guidance", says)
    return replace(page, stage=Stage.SENDING, **more)


def _of_readers(name: str, path: str, heading: str, says: str, **more: object) -> Picture:
    return Picture(name, path, heading, says, stage=Stage.SENDING, is_reader=True, **more)


HOME = Picture("home", "/desk/", "What needs you now", "Amina is writing now")
COMPOSER = _of_draft(
    "composer", "", "Issue 42", "Being edited by Amina (2 minutes ago)", highest=1300
)
SENTENCE = _of_draft(
    "sentence", "/send?when=soon", "Send issue 42", "are left out", stage=Stage.APPROVED
)
REPORT = _of_last("report", "every one of them is in exactly one row")
MAIL = "h2:has-text('The mail')"


def _of_people(name: str, path: str, heading: str, says: str, **more: object) -> Picture:
    """A picture of a page of the desk that shows what readers answered."""
    return Picture(name, f"/desk/{path}", heading, says, stage=Stage.ANSWERED, **more)


def _also(picture: Picture, *schemes: str) -> list[Picture]:
    """Return a picture as it is on dark screens and on phones, too."""
    dark = replace(picture, name=f"{picture.name}-dark", scheme="dark")
    phone = replace(picture, name=f"{picture.name}-phone", width=NARROW)
    return [picture, dark, phone]


PICTURES = [
    Picture("sign-in", "/desk/sign-in", "Sign in", "Password", is_reader=True),
    *_also(HOME),
    Picture("new-issue", "/desk/issues/new", "New issue", "Checklist", act=tick_three),
    *_also(COMPOSER),
    _of_draft("edition", "?lang=fr", "Issue 42", "Five questions that midwives", highest=1200),
    _of_draft("checks", "/checks", "Checks of issue 42", "Let pass."),
    _of_draft("preview", "/preview", "Preview of issue 42", "In the inbox"),
    _of_draft("preview-phone", "/preview?view=phone", "Preview", "A phone of 375", top=MAIL),
    _of_draft("preview-text", "/preview?view=text", "Preview", "====", top=MAIL),
    _of_draft("preview-dark", "/preview?view=dark", "Preview", "are dark", top=MAIL),
    _of_draft("preview-reader", "/preview", "Preview", "ada@example.org gets", act=look_as_ada),
    _of_draft("test", "/preview", "Preview", "Who gets it", act=unfold("colleagues"), top="#test"),
    Picture("issues", "/desk/issues/", "Issues", "A toolkit for sharing the guidance"),
    Picture("library", "/desk/library/", "Library", "Checklist for handing out", highest=1000),
    Picture("item", "/desk/library/item/how-to-read-a-stock-card", "How to read", "Withdraw"),
    Picture("images", "/desk/images/", "Images", "Clinic in the hills"),
    Picture("image", "/desk/images/1", "Clinic in the hills", "It is in issue 42"),
    Picture(
        "subscriber",
        "/desk/subscribers/",
        "Look up one subscriber",
        "Ada Lovelace",
        act=look_up("ada@example.org"),
    ),
    Picture("lists", "/desk/lists/", "Lists", "Stay Informed"),
    Picture("list", "/desk/lists/stay-informed", "Stay Informed", "Postal address"),
    Picture(
        "recording",
        "/desk/lists/stay-informed",
        "Stay Informed",
        "agree to that separately",
        top="h2:has-text('What is recorded')",
    ),
    Picture("editors", "/desk/editors/", "Editors", "Chidi"),
    Picture("editor", "/desk/editors/2", "Amina", "Role"),
    Picture("account", "/desk/account/", "Your account", "Safari on iPhone"),
    Picture("log", "/desk/log/", "Who did what", "saved issue 42"),
    Picture("search", "/desk/search?q=midwives", "midwives", "Five questions"),
    _of_draft("conflict", "", "Issue 42", "What is saved now:", act=save_too_late, highest=1200),
    _of_draft("versions", "/versions", "Versions of issue 42", "Amina"),
    _of_draft("difference", "/versions/2", "Version 2 of issue 42", "midwives are asked"),
    _of_draft("review", "/review", "Approve issue 42", "fourth question", stage=Stage.ASKED),
    *_also(SENTENCE),
    _of_draft(
        "audience",
        "/send?when=soon",
        "Who gets issue 42",
        "Never mailed",
        highest=800,
        act=press("Show who"),
        stage=Stage.APPROVED,
    ),
    _of_draft("held", "", "Issue 42", "Nothing has left", stage=Stage.HELD),
    _of_draft("sending", "", "Issue 42", "a second", stage=Stage.SENDING),
    *_also(REPORT),
    _of_last("reasons", "The mailbox is full", top="h2:has-text('Why some')"),
    _of_last("trace", "ada@example.org: sent", act=look_up("ada@example.org"), top="#trace"),
    replace(
        _of_last("correction", "It corrects issue 41", act=press("Send a correction")),
        heading="Issue 44",
    ),
    _of_readers("form", "/", "Stay Informed", "Your e-mail address"),
    _of_readers("form-arabic", "/?lang=ar", "Stay Informed", "بريدك", width=NARROW, highest=1800),
    _of_readers("reading", "/library/?q=midwives", "Library", "Five questions that"),
    _of_readers("archive", "/archive/", "What was sent?", "A toolkit for sharing the guidance"),
    _of_readers("archived-issue", f"/archive/{SENT}", "A toolkit", "Dear reader"),
    _of_readers("preferences", "/preferences/{preferences}", "become less", "can only make less"),
    _of_readers("unsubscribe", "/unsubscribe/{unsubscribe}", "Stop e-mails", "Or get less instead"),
    _of_readers(
        "own-page",
        "/manage/open/{manage}",
        "What would you like to change?",
        "You get e-mails at",
        act=press("Open my page"),
    ),
    _of_readers(
        "unsubscribed",
        "/unsubscribe/{unsubscribe}",
        "These e-mails have stopped",
        "For 30 minutes",
        act=press("Stop these e-mails"),
    ),
    _of_people("members", "members/", "Members", "Clinics of the Delta"),
    _of_people("member", "members/6", "Clinics of the Delta", "Decline the application"),
    _of_people(
        "membership-words", "members/words", "What members agree to", "Version 1", highest=1700
    ),
    _of_people(
        "comments", f"library/item/{ASKING}", "Five questions", "Dealt with", top="#comments"
    ),
    _of_people("digests", "digests/", "Digests", "Weekly digest of 22 February 2027"),
    _of_people("digest", "digests/5", "Weekly digest of 22", "What is in it", highest=1110),
    _of_people("answers", "lists/stay-informed/answers", "Why readers left", "fewer than 5"),
    _of_people(
        "other-sites",
        "lists/stay-informed/form",
        "The form for other sites",
        "thank-you",
        highest=1230,
    ),
    _of_people(
        "evidence",
        f"subscribers/{ADA}/evidence",
        "Evidence of consent",
        "What happened",
        act=press("Show the evidence"),
    ),
    Picture(
        "join",
        "/members/join",
        "become a member?",
        "one strategy",
        stage=Stage.ANSWERED,
        is_reader=True,
    ),
    Picture(
        "thoughts",
        f"/library/{ASKING}",
        "Five questions",
        "Share your thoughts until",
        stage=Stage.ANSWERED,
        is_reader=True,
    ),
]
"""In the order in which they are taken: a draft that was sent is no draft again."""
