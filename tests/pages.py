"""Every page there is, with addresses that show it on an installation that has a past."""

from flask import Flask

from benchmarks import digests, past, people
from newsletter.reports.who import Group

ALL = range(past.CANCELLED, past.DRAFT + 1)
BEGUN = (past.SENDING, past.PAUSED, past.CANCELLED, past.SENT_TO_ALL, past.SENT_TO_FEW)
OPEN = (past.DRAFT, past.REVIEW, past.APPROVED)
SENT = (past.SENT_TO_ALL, past.SENT_TO_FEW)
DIGESTS = (digests.SENDING, digests.SENT)


def _of(pattern: str, *numbers: int) -> list[str]:
    return [pattern.format(number) for number in numbers]


DESK = {
    "/desk/": ["/desk/"],
    "/desk/account/": ["/desk/account/"],
    "/desk/account/address": ["/desk/account/address"],
    "/desk/account/password": ["/desk/account/password"],
    "/desk/account/passkeys": ["/desk/account/passkeys"],
    "/desk/account/proof": ["/desk/account/proof"],
    "/desk/account/second-factor": ["/desk/account/second-factor"],
    "/desk/digests/": ["/desk/digests/"],
    "/desk/digests/<digest:number>": _of("/desk/digests/{}", *DIGESTS),
    "/desk/digests/<digest:number>/cancel": _of("/desk/digests/{}/cancel", digests.SENDING),
    "/desk/digests/<digest:number>/live": _of("/desk/digests/{}/live", *DIGESTS),
    "/desk/digests/<digest:number>/progress": _of("/desk/digests/{}/progress", *DIGESTS),
    "/desk/digests/<digest:number>/providers": _of("/desk/digests/{}/providers", *DIGESTS),
    "/desk/digests/<digest:number>/report": _of("/desk/digests/{}/report", *DIGESTS),
    "/desk/digests/<digest:number>/who/<group>": [
        f"/desk/digests/{number}/who/{group}" for number in DIGESTS for group in Group
    ],
    "/desk/editors/": ["/desk/editors/"],
    "/desk/editors/<int:number>": ["/desk/editors/1"],
    "/desk/images/": ["/desk/images/", "/desk/images/?page=12"],
    "/desk/images/<int:number>": ["/desk/images/250"],
    "/desk/issues/": [
        "/desk/issues/",
        "/desk/issues/?page=6",
        "/desk/issues/?state=sent&list=news&year=2026",
    ],
    "/desk/issues/new": ["/desk/issues/new"],
    "/desk/issues/<int:number>": _of("/desk/issues/{}", *ALL, *SENT),
    "/desk/issues/<int:number>/basket": [
        f"/desk/issues/{past.DRAFT}/basket",
        f"/desk/issues/{past.DRAFT}/basket?all=yes",
    ],
    "/desk/issues/<int:number>/cancel": _of("/desk/issues/{}/cancel", past.SENDING, past.PAUSED),
    "/desk/issues/<int:number>/image": _of("/desk/issues/{}/image", past.DRAFT),
    "/desk/issues/<int:number>/link": _of("/desk/issues/{}/link", past.DRAFT),
    "/desk/issues/<int:number>/checks": _of("/desk/issues/{}/checks", *OPEN, past.SCHEDULED),
    "/desk/issues/<int:number>/live": _of("/desk/issues/{}/live", *BEGUN),
    "/desk/issues/<int:number>/who/<group>": [
        f"/desk/issues/{number}/who/{group}" for number in BEGUN for group in Group
    ],
    "/desk/issues/<int:number>/preview": _of("/desk/issues/{}/preview", *OPEN, *SENT)
    + _of("/desk/issues/{}/preview?view=raw&as=longest", *OPEN, *SENT),
    "/desk/issues/<int:number>/preview.html": _of("/desk/issues/{}/preview.html", past.DRAFT),
    "/desk/issues/<int:number>/preview.txt": _of("/desk/issues/{}/preview.txt", past.DRAFT),
    "/desk/issues/<int:number>/progress": _of("/desk/issues/{}/progress", *BEGUN),
    "/desk/issues/<int:number>/providers": _of("/desk/issues/{}/providers", *BEGUN),
    "/desk/issues/<int:number>/report": _of("/desk/issues/{}/report", *BEGUN),
    "/desk/issues/<int:number>/review": _of("/desk/issues/{}/review", *OPEN),
    "/desk/issues/<int:number>/sentence": _of(
        "/desk/issues/{}/sentence?when=soon&hold=10", past.DRAFT
    ),
    "/desk/issues/<int:number>/send": _of("/desk/issues/{}/send", *OPEN),
    "/desk/issues/<int:number>/versions": _of("/desk/issues/{}/versions", *OPEN, *SENT),
    "/desk/issues/<int:number>/versions/<int:version>": _of(
        "/desk/issues/{}/versions/1", *OPEN, *SENT
    ),
    "/desk/library/": ["/desk/library/", "/desk/library/?q=pilot", "/desk/library/?page=20"],
    "/desk/library/item/<slug>": ["/desk/library/item/guidance-250"],
    "/desk/library/new": ["/desk/library/new"],
    "/desk/lists/": ["/desk/lists/"],
    "/desk/lists/<slug>": ["/desk/lists/news"],
    "/desk/lists/<slug>/answers": ["/desk/lists/news/answers"],
    "/desk/lists/<slug>/form": ["/desk/lists/news/form", "/desk/lists/news/form?in=ar"],
    "/desk/lists/<slug>/form.html": ["/desk/lists/news/form.html?in=fr"],
    "/desk/lists/new": ["/desk/lists/new"],
    "/desk/search": ["/desk/search?q=pilot", "/desk/search?q=a+b+version", "/desk/search?q=42"],
    "/desk/members/": [
        "/desk/members/",
        "/desk/members/?state=accepted&page=30",
    ],
    "/desk/members/<int:number>": [f"/desk/members/{people.MEMBERS - 1}", "/desk/members/4"],
    "/desk/members/words": ["/desk/members/words"],
    "/desk/log/": [
        "/desk/log/",
        f"/desk/log/?issue={past.DRAFT}",
        "/desk/log/?kind=editor&since=2020-01-01",
    ],
    "/desk/subscribers/": ["/desk/subscribers/"],
    "/desk/subscribers/<int:number>/evidence": ["/desk/subscribers/1/evidence"],
}
"""The pages of who is signed in to the desk, by their rules."""

DESK_OF_NOBODY = {
    "/desk/sign-in": ["/desk/sign-in"],
    # It leads back to the page above for whom no password let half in.
    "/desk/sign-in-code": [],
    "/desk/sign-in/address/<token>": ["/desk/sign-in/address/no-such-token"],
    "/desk/sign-in/<token>": ["/desk/sign-in/no-such-token"],
}
"""The pages of the desk for who is not signed in."""

READERS = {
    "/": ["/"],
    "/archive/": ["/archive/", "/archive/?page=2", "/archive/?year=2026&list=news"],
    "/archive/<int:number>": _of("/archive/{}", past.SENT_TO_FEW),
    "/confirm/<token>": ["/confirm/{confirm}", "/confirm/no-such-token"],
    "/library/": ["/library/", "/library/?q=pilot&year=2025", "/library/?q=nothing-has-this"],
    "/members/confirm/<token>": ["/members/confirm/{membership}", "/members/confirm/no-such-token"],
    "/members/join": ["/members/join"],
    "/library/<slug>": ["/library/guidance-250", "/library/no-such-item"],
    "/manage": ["/manage"],
    "/manage/new-address/<token>": ["/manage/new-address/no-such-token"],
    "/manage/objection/<token>": ["/manage/objection/no-such-token"],
    "/manage/open/<token>": ["/manage/open/{manage}", "/manage/open/no-such-token"],
    "/preferences/<token>": ["/preferences/{preferences}"],
    "/privacy": ["/privacy"],
    "/undo/<token>": ["/undo/{undo}", "/undo/no-such-token"],
    "/undo/by-mail/<token>": ["/undo/by-mail/{undo_by_mail}"],
    "/unsubscribe/<token>": ["/unsubscribe/{unsubscribe}", "/unsubscribe/no-such-token"],
}
"""The pages of readers; what stands in braces is a token of somebody's link."""

READERS_OWN = {
    "/manage/<any(name, language, format, zone):what>": [
        *("/manage/name", "/manage/language", "/manage/format", "/manage/zone"),
    ],
    "/manage/address": ["/manage/address"],
    "/manage/consent": ["/manage/consent"],
    "/manage/data": ["/manage/data"],
    "/manage/delete": ["/manage/delete"],
    "/manage/history": ["/manage/history"],
    "/manage/lists/<slug>/recording": ["/manage/lists/news/recording"],
    "/manage/lists/<slug>/frequency": ["/manage/lists/news/frequency"],
    "/manage/lists/<slug>/join": ["/manage/lists/news/join"],
    "/manage/lists/<slug>/leave": ["/manage/lists/news/leave"],
    "/manage/lists/<slug>/pause": ["/manage/lists/news/pause"],
    "/manage/membership/e-mails": ["/manage/membership/e-mails"],
    "/manage/membership/end": ["/manage/membership/end"],
    "/manage/lists/<slug>/topics": ["/manage/lists/news/topics"],
}
"""The pages of who opened their own one at /manage."""

NO_PAGES = {
    # A message as it is: mail programs show it in their own way.
    "/desk/issues/<int:number>/preview.html",
    "/desk/issues/<int:number>/preview.txt",
    # A form as sites have it that give it no style.
    "/desk/lists/<slug>/form.html",
    # A piece that a script puts into a page.
    "/desk/issues/<int:number>/live",
    "/desk/digests/<digest:number>/live",
    # Words for a script.
    "/desk/issues/<int:number>/sentence",
}
"""Addresses of the desk that nobody looks at as pages."""

FOR_PROGRAMS = {
    "/api/v1/",
    "/o/<token>",
    "/r/<key>",
    "/r/<token>/<key>",
    "/feed.xml",
    "/archive/lists/<slug>.xml",
    "/library/feed.xml",
    "/library/topics/<slug>.xml",
    "/robots.txt",
    "/sitemap.xml",
    "/sitemap-<int:number>.xml",
    "/healthz",
    "/manage/data.json",
    "/readyz",
    "/metrics",
    "/media/<digest>.<ending>",
    "/static/<path:filename>",
}
"""Addresses that have no page."""


def rules(app: Flask, prefix: str) -> set[str]:
    """Return the rules that have a page and begin so."""
    return {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(prefix) and "GET" in (rule.methods or set())
    }
