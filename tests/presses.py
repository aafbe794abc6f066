"""Every button of the desk, with what it sends, on an installation that has a past.

They are pressed in this order, and some change how an issue stands for those that follow. What
stands in a form anyway, such as the version of an issue, is read from the page that has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask import Flask

from benchmarks import digests, past, people

READER = "{reader}"
"""Stands for the address of somebody who is on two lists."""

ERASED = "{erased}"
"""Stands for the address of somebody else, who is there until that press."""

DRAFT = f"/desk/issues/{past.DRAFT}"
REVIEW = f"/desk/issues/{past.REVIEW}"
APPROVED = f"/desk/issues/{past.APPROVED}"
SCHEDULED = f"/desk/issues/{past.SCHEDULED}"
SENDING = f"/desk/issues/{past.SENDING}"
PAUSED = f"/desk/issues/{past.PAUSED}"
SENT = f"/desk/issues/{past.SENT_TO_ALL}"
DIGEST = f"/desk/digests/{digests.SENDING}"
SENT_DIGEST = f"/desk/digests/{digests.SENT}"

ITEM = "/desk/library/item/guidance-250"
COMMENTED = f"/desk/library/item/{people.COMMENTED}"
LIST = "/desk/lists/events"
# The third of them, who is pressed about and presses nothing.
EDITOR = "/desk/editors/3"


@dataclass(frozen=True)
class Press:
    """One press: where it leads, what is typed, and the page whose form has the rest."""

    path: str
    typed: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    page: str = ""

    @property
    def form(self) -> str:
        """Where the form stands on its page; what saves by itself has that of the composer."""
        return "form#write" if self.path.endswith("/autosave") else f'form[action="{self.path}"]'


BUTTONS: dict[str, list[Press]] = {
    "/desk/search": [
        Press("/desk/search", {"q": "200"}),
        Press("/desk/search", {"q": READER}),
    ],
    "/desk/subscribers/": [
        Press("/desk/subscribers/", {"address": READER}),
        Press("/desk/subscribers/", {"address": "nobody@example.org"}),
    ],
    "/desk/issues/<int:number>/trace": [
        Press(f"{page}/trace", {"address": address})
        for page in (SENDING, PAUSED, SENT)
        for address in (READER, "nobody@example.org", "no address")
    ],
    "/desk/issues/<int:number>/audience": [
        Press(f"{page}/audience", {"group": group})
        for page in (DRAFT, SCHEDULED)
        for group in ("getting", "suppressed", "nonsense")
    ],
    "/desk/issues/<int:number>/recipients.csv": [
        Press(f"/desk/issues/{past.SENT_TO_FEW}/recipients.csv")
    ],
    "/desk/issues/new": [
        Press("/desk/issues/new", {"mailing_list": "news", "items": ["guidance-250"]}),
        Press("/desk/issues/new", {"mailing_list": "no-such-list"}),
    ],
    "/desk/issues/<int:number>": [
        Press(DRAFT, {"do": "save", "subject": "Another subject"}, page=DRAFT),
        Press(DRAFT, {"do": "save", "subject": "Out of date", "version": "1"}, page=DRAFT),
        Press(DRAFT, {"do": "save", "subject": "Two\nlines"}, page=DRAFT),
        Press(DRAFT, {"do": "add:text"}, page=DRAFT),
        Press(DRAFT, {"do": "language", "new_language": "fr"}, page=DRAFT),
        Press(DRAFT, {"do": "preview"}, page=DRAFT),
    ],
    "/desk/issues/<int:number>/autosave": [
        Press(f"{DRAFT}/autosave", {"subject": "By itself"}, page=DRAFT),
        Press(f"{DRAFT}/autosave", {"subject": "By itself again"}, page=DRAFT),
        Press(f"{DRAFT}/autosave", {"subject": "Out of date", "version": "1"}, page=DRAFT),
        Press(f"{DRAFT}/autosave", {"subject": "Two\nlines"}, page=DRAFT),
    ],
    "/desk/issues/<int:number>/present": [Press(f"{DRAFT}/present")],
    "/desk/issues/<int:number>/basket": [
        Press(f"{DRAFT}/basket", {"items": ["guidance-240", "guidance-241"]}),
        Press(f"{DRAFT}/basket", {"items": ["no-such-item"]}),
    ],
    "/desk/issues/<int:number>/image": [
        Press(f"{DRAFT}/image", {"chosen": "250"}),
        Press(f"{DRAFT}/image", {"chosen": ""}),
    ],
    "/desk/issues/<int:number>/link": [
        Press(f"{DRAFT}/link", {"address": "https://www.example.org/page"}),
        Press(f"{DRAFT}/link", {"address": "no address"}),
    ],
    "/desk/issues/<int:number>/preview": [
        Press(f"{DRAFT}/preview", {"subject": "From the preview"}, page=f"{DRAFT}/preview"),
        Press(f"{DRAFT}/preview", {"subject": "Two\nlines"}, page=f"{DRAFT}/preview"),
        Press(
            f"{DRAFT}/preview",
            {"subject": "Out of date", "version": "1"},
            page=f"{DRAFT}/preview",
        ),
    ],
    "/desk/issues/<int:number>/preview/reader": [
        Press(f"{DRAFT}/preview/reader", {"address": "nobody@example.org"}),
        Press(f"{DRAFT}/preview/reader", {"address": READER}),
    ],
    "/desk/issues/<int:number>/preview/nobody": [Press(f"{DRAFT}/preview/nobody")],
    "/desk/issues/<int:number>/test": [Press(f"{DRAFT}/test")],
    "/desk/issues/<int:number>/test/group": [
        Press(f"{DRAFT}/test/group", {"to": ["1", "2", "3"], "editions": "every"}),
        Press(f"{DRAFT}/test/group", {"to": []}),
    ],
    "/desk/issues/<int:number>/waive": [
        Press(f"{DRAFT}/waive", {"reason": "Short"}, page=f"{DRAFT}/checks"),
        Press(f"{DRAFT}/waive", {"reason": "Our readers know it"}, page=f"{DRAFT}/checks"),
    ],
    "/desk/issues/<int:number>/unwaive": [Press(f"{DRAFT}/unwaive", page=f"{DRAFT}/checks")],
    "/desk/issues/<int:number>/versions/<int:version>/restore": [
        Press(f"{DRAFT}/versions/5/restore", page=f"{DRAFT}/versions/5"),
        Press(f"{DRAFT}/versions/5/restore", {"version": "1"}),
    ],
    "/desk/issues/<int:number>/review": [
        Press(f"{DRAFT}/review", {"of": "999"}),
        Press(f"{DRAFT}/review", {"note": "Look at the dates"}, page=f"{DRAFT}/review"),
    ],
    "/desk/issues/<int:number>/send-back": [
        Press(f"{REVIEW}/send-back", {"note": ""}),
        Press(f"{REVIEW}/send-back", {"note": "The dates are wrong"}, page=f"{REVIEW}/review"),
    ],
    "/desk/issues/<int:number>/approve": [
        Press(f"{REVIEW}/approve", {"version": "1"}),
        Press(f"{REVIEW}/approve", {"version": str(past.REVISIONS)}),
    ],
    "/desk/issues/<int:number>/schedule": [
        Press(f"{APPROVED}/schedule", {"at": "no time"}, page=f"{APPROVED}/send"),
        Press(f"{APPROVED}/schedule", {"do": "say"}, page=f"{APPROVED}/send"),
        Press(f"{APPROVED}/schedule", page=f"{APPROVED}/send"),
        Press(f"{APPROVED}/schedule", {"version": str(past.REVISIONS)}),
    ],
    "/desk/issues/<int:number>/reschedule": [
        Press(f"{SCHEDULED}/reschedule", {"at": "no time"}, page=SCHEDULED),
        Press(f"{SCHEDULED}/reschedule", {"do": "say"}, page=SCHEDULED),
        Press(f"{SCHEDULED}/reschedule", page=SCHEDULED),
    ],
    "/desk/issues/<int:number>/stop": [Press(f"{SCHEDULED}/stop"), Press(f"{SCHEDULED}/stop")],
    "/desk/issues/<int:number>/send": [
        Press(f"{SCHEDULED}/send", {"hold": "no number"}, page=f"{SCHEDULED}/send?when=soon"),
        Press(f"{SCHEDULED}/send", {"hold": "60"}, page=f"{SCHEDULED}/send?when=soon"),
    ],
    "/desk/issues/<int:number>/pause": [Press(f"{SENDING}/pause"), Press(f"{SENDING}/pause")],
    "/desk/issues/<int:number>/resume": [Press(f"{SENDING}/resume"), Press(f"{SENDING}/resume")],
    "/desk/issues/<int:number>/resolve": [
        Press(f"{PAUSED}/resolve", {"as": "sent"}),
        Press(f"{PAUSED}/resolve", {"as": "sent"}, page=PAUSED),
    ],
    "/desk/issues/<int:number>/cancel": [Press(f"{PAUSED}/cancel"), Press(f"{PAUSED}/cancel")],
    "/desk/issues/<int:number>/correct": [Press(f"{SENT}/correct"), Press(f"{SENT}/correct")],
    "/desk/digests/<digest:number>/trace": [
        Press(f"{page}/trace", {"address": address})
        for page in (DIGEST, SENT_DIGEST)
        for address in (READER, "nobody@example.org", "no address")
    ],
    "/desk/digests/<digest:number>/recipients.csv": [Press(f"{SENT_DIGEST}/recipients.csv")],
    "/desk/digests/<digest:number>/pause": [Press(f"{DIGEST}/pause"), Press(f"{DIGEST}/pause")],
    "/desk/digests/<digest:number>/resume": [Press(f"{DIGEST}/resume")],
    "/desk/digests/<digest:number>/resolve": [Press(f"{DIGEST}/resolve", {"as": "sent"})],
    "/desk/digests/<digest:number>/cancel": [Press(f"{DIGEST}/cancel"), Press(f"{DIGEST}/cancel")],
    "/desk/library/item/<slug>": [
        Press(ITEM, {"title": "Another title"}, page=ITEM),
        Press(ITEM, {"title": ""}, page=ITEM),
    ],
    "/desk/library/item/<slug>/withdraw": [Press(f"{ITEM}/withdraw")],
    "/desk/library/item/<slug>/restore": [Press(f"{ITEM}/restore")],
    "/desk/library/new": [
        Press(
            "/desk/library/new",
            {"title": "New", "summary": "Short", "body": "Long"},
            page="/desk/library/new",
        ),
        Press("/desk/library/new"),
    ],
    "/desk/library/item/<slug>/comments/<int:number>/done": [
        Press(f"{COMMENTED}/comments/10/done"),
        Press(f"{COMMENTED}/comments/11/done"),
    ],
    "/desk/library/item/<slug>/comments/<int:number>/delete": [
        Press(f"{COMMENTED}/comments/20/delete"),
        Press(f"{COMMENTED}/comments/20/delete"),
    ],
    "/desk/library/item/<slug>/comments.csv": [Press(f"{COMMENTED}/comments.csv")],
    "/desk/members/members.csv": [Press("/desk/members/members.csv", {"state": "accepted"})],
    "/desk/members/words": [
        Press("/desk/members/words", {"words-en": "Other words"}, page="/desk/members/words"),
        Press("/desk/members/words", {"words-en": "x" * 4_000}, page="/desk/members/words"),
    ],
    "/desk/members/<int:number>/accept": [
        Press(f"/desk/members/{people.MEMBERS - 1}/accept"),
        Press(f"/desk/members/{people.MEMBERS - 1}/accept"),
    ],
    "/desk/members/list": [
        Press("/desk/members/list", {"members_list": "members"}),
        Press("/desk/members/list", {"members_list": "news"}),
    ],
    "/desk/members/<int:number>/decline": [
        Press(f"/desk/members/{people.MEMBERS - 2}/decline", {"reason": ""}),
        Press(f"/desk/members/{people.MEMBERS - 2}/decline", {"reason": "It is elsewhere"}),
    ],
    "/desk/members/<int:number>/end": [
        Press(f"/desk/members/{people.MEMBERS - 1}/end", {"reason": "It is over"}),
    ],
    "/desk/images/": [Press("/desk/images/")],
    "/desk/images/<int:number>": [
        Press("/desk/images/250", {"alt": "A lake"}, page="/desk/images/250"),
        Press("/desk/images/250", {"name": ""}, page="/desk/images/250"),
    ],
    "/desk/images/<int:number>/delete": [
        Press("/desk/images/250/delete"),
        Press("/desk/images/249/delete"),
    ],
    "/desk/lists/<slug>": [
        Press(LIST, {"name": "Events elsewhere"}, page=LIST),
        Press(LIST, {"name": ""}, page=LIST),
    ],
    "/desk/lists/<slug>/form": [
        Press(f"{LIST}/form", {"return_pages": "https://www.example.org/thanks"}),
        Press(f"{LIST}/form", {"return_pages": "http://www.example.org/thanks"}),
    ],
    "/desk/lists/new": [
        Press("/desk/lists/new", {"slug": "new", "name": "New"}, page="/desk/lists/new"),
        Press("/desk/lists/new", {"slug": "no slug"}, page="/desk/lists/new"),
    ],
    "/desk/topics/new": [
        Press("/desk/topics/new", {"slug": "new", "name": "New"}),
        Press("/desk/topics/new", {"slug": "no slug"}),
    ],
    "/desk/editors/": [
        Press("/desk/editors/", {"address": "new@example.org", "role": "author"}),
        Press("/desk/editors/", {"address": "no address", "role": "author"}),
    ],
    "/desk/editors/<int:number>/role": [
        Press(f"{EDITOR}/role", {"role": "editor", "lists": ["news"]}),
        Press(f"{EDITOR}/role", {"role": "no role"}),
    ],
    "/desk/editors/<int:number>/link": [Press(f"{EDITOR}/link")],
    "/desk/editors/<int:number>/withdraw": [Press(f"{EDITOR}/withdraw")],
    "/desk/editors/<int:number>/sign-out": [Press(f"{EDITOR}/sign-out")],
    "/desk/editors/<int:number>/reset": [Press(f"{EDITOR}/reset")],
    "/desk/editors/<int:number>/deactivate": [Press(f"{EDITOR}/deactivate")],
    "/desk/editors/<int:number>/activate": [Press(f"{EDITOR}/activate")],
    "/desk/subscribers/suppress": [
        Press("/desk/subscribers/suppress", {"address": READER, "note": "by letter"}),
        Press("/desk/subscribers/suppress", {"address": "nobody@example.org"}),
        Press("/desk/subscribers/suppress", {"address": "no address"}),
    ],
    "/desk/subscribers/erase": [
        Press("/desk/subscribers/erase", {"address": READER}),
        Press("/desk/subscribers/erase", {"address": "no address"}),
        Press("/desk/subscribers/erase", {"address": ERASED, "erase_why": "asked by letter"}),
    ],
    "/desk/subscribers/evidence": [
        Press("/desk/subscribers/evidence", {"address": READER}),
        Press("/desk/subscribers/evidence", {"address": "nobody@example.org"}),
    ],
    "/desk/subscribers/<int:number>/evidence": [
        Press("/desk/subscribers/1/evidence"),
        Press("/desk/subscribers/1/evidence", {"as": "json"}),
    ],
    "/desk/subscribers/lift": [
        Press("/desk/subscribers/lift", {"address": READER}),
        Press("/desk/subscribers/lift", {"address": READER, "why": "another reader"}),
        Press("/desk/subscribers/lift", {"address": READER, "why": "once more"}),
    ],
    "/desk/log/log.csv": [Press("/desk/log/log.csv")],
    "/desk/account/": [
        Press("/desk/account/", {"name": "Ann", "zone": "Europe/Vienna"}),
        Press("/desk/account/", {"name": "Ann", "zone": "no zone"}),
    ],
    "/desk/account/address": [
        Press("/desk/account/address", {"address": "ann@example.org"}),
        Press("/desk/account/address", {"address": "no address"}),
    ],
    "/desk/account/passkeys/options": [Press("/desk/account/passkeys/options")],
    "/desk/account/passkeys/new": [Press("/desk/account/passkeys/new", {"answer": "none"})],
    "/desk/account/passkeys/<int:number>/rename": [Press("/desk/account/passkeys/1/rename")],
    "/desk/account/passkeys/<int:number>/remove": [Press("/desk/account/passkeys/1/remove")],
    "/desk/account/proof": [Press("/desk/account/proof", {"password": "wrong"})],
    "/desk/account/proof/options": [Press("/desk/account/proof/options")],
    "/desk/account/proof/passkey": [Press("/desk/account/proof/passkey", {"answer": "none"})],
    "/desk/account/second-factor/offer": [Press("/desk/account/second-factor/offer")],
    "/desk/account/second-factor/confirm": [
        Press("/desk/account/second-factor/confirm", {"code": "123456"})
    ],
    "/desk/account/second-factor/recovery-codes": [
        Press("/desk/account/second-factor/recovery-codes")
    ],
    "/desk/account/second-factor/remove": [Press("/desk/account/second-factor/remove")],
    "/desk/account/sessions/<int:number>/end": [Press("/desk/account/sessions/99999/end")],
    "/desk/account/sessions/end-others": [Press("/desk/account/sessions/end-others")],
    "/desk/account/password": [
        Press("/desk/account/password", {"password": "short", "again": "another"}),
        Press("/desk/account/password", dict.fromkeys(("password", "again"), "four words in one")),
    ],
    # The last: nothing can be pressed after it.
    "/desk/sign-out": [Press("/desk/sign-out")],
}
"""The buttons of who is signed in, by their rules."""

BUTTONS_OF_NOBODY: dict[str, list[Press]] = {
    "/desk/sign-in": [
        Press("/desk/sign-in", {"address": "admin@example.org", "password": "wrong"})
    ],
    "/desk/sign-in-code": [Press("/desk/sign-in-code", {"code": "123456"})],
    "/desk/sign-in-link": [Press("/desk/sign-in-link", {"address": "admin@example.org"})],
    "/desk/sign-in-passkey": [Press("/desk/sign-in-passkey", {"answer": "none"})],
    "/desk/sign-in-passkey/options": [Press("/desk/sign-in-passkey/options")],
    "/desk/sign-in-recovery": [Press("/desk/sign-in-recovery", {"recovery": "none"})],
    "/desk/sign-in/<token>": [Press("/desk/sign-in/no-such-token")],
    "/desk/sign-in/address/<token>": [Press("/desk/sign-in/address/no-such-token")],
}
"""The buttons of who is not signed in."""


NOT_DONE = {
    "/desk/digests/<digest:number>/resolve": "of no digest a mail is in doubt",
    "/desk/images/": "a file is not posted here",
    "/desk/images/<int:number>/delete": "every image of the past is in an issue",
    "/desk/editors/<int:number>/withdraw": "everybody came",
    "/desk/account/passkeys/new": "it takes a device",
    "/desk/account/passkeys/<int:number>/rename": "it takes a device",
    "/desk/account/passkeys/<int:number>/remove": "it takes a device",
    "/desk/account/proof": "nobody has a password",
    "/desk/account/second-factor/confirm": "it takes an app",
    "/desk/account/second-factor/recovery-codes": "it takes an app",
    "/desk/account/sessions/<int:number>/end": "there is no other session",
}
"""Buttons that are refused here whatever is sent, each with the reason."""

NO_PAGES = {
    "/desk/library/item/<slug>/comments.csv": "a file",
    "/desk/members/members.csv": "a file",
    "/desk/log/log.csv": "a file, read from the database part by part",
    "/desk/issues/<int:number>/recipients.csv": "a file, read from the database part by part",
    "/desk/digests/<digest:number>/recipients.csv": "a file, read from the database part by part",
}
"""Buttons that are answered with something else than a page or the way to one."""

LONG_STEPS = {
    "/desk/issues/<int:number>/cancel": "a large issue is cancelled in turns",
    "/desk/issues/<int:number>/resume": "a large issue is resumed in turns",
    "/desk/digests/<digest:number>/cancel": "a large digest is cancelled in turns",
    "/desk/digests/<digest:number>/resume": "a large digest is resumed in turns",
    "/desk/issues/<int:number>/test/group": "each test is counted, made and queued",
}
"""Buttons that do more the more there is to do, and lead to a page."""


def rules(app: Flask) -> set[str]:
    """Return the rules of the desk that something is posted to."""
    return {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/desk/") and "POST" in (rule.methods or set())
    }
