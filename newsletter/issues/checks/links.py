"""Links: their words, and where they lead."""

import re
from collections.abc import Iterator

from newsletter import links
from newsletter.issues.checks import hosts, typed
from newsletter.issues.checks.facts import Facts
from newsletter.issues.checks.findings import Finding, Level, shown
from newsletter.issues.checks.typed import Link

EMPTY_WORDS = frozenset(
    {
        *("click here", "here", "link", "this link", "read more", "more", "learn more", "details"),
        *("cliquez ici", "ici", "lien", "ce lien", "lire la suite", "en savoir plus", "plus"),
        *("haga clic aquí", "aquí", "enlace", "este enlace", "leer más", "más", "saber más"),
        *("clique aqui", "aqui", "ligação", "leia mais", "ler mais", "saiba mais", "mais"),
        *("انقر هنا", "اضغط هنا", "هنا", "رابط", "اقرأ المزيد", "المزيد"),
        *("hier", "hier klicken", "klicken sie hier", "mehr", "weiterlesen", "mehr erfahren"),
    }
)
"""Words of a link that say nothing to who hears them alone (STANDARDS H07)."""

# A word that is read as the name of a site. Where nothing says so, its end decides.
_SITE = re.compile(
    r"(?P<sure>https?://|www\.)?(?P<host>(?:[\w-]+\.)+(?P<end>[a-z]{2,24}))(?:[:/?#]\S*)?", re.I
)
_ENDS = frozenset(
    {
        *("com", "org", "net", "int", "edu", "gov", "info", "eu", "io", "uk", "us", "de", "fr"),
        *("ch", "at", "es", "pt", "br", "it", "nl", "be", "se", "no", "dk", "fi", "ie", "ca", "au"),
        *("nz", "in", "jp", "cn", "za", "ke", "ng", "et", "tz", "ug", "gh", "pk", "bd", "id", "ph"),
        *("mx", "ar", "cl", "co", "eg", "ma", "sa", "ae", "tr", "ru", "ua", "pl", "cz", "gr", "il"),
    }
)
_PERSONAL_PAGES = (links.UNSUBSCRIBE, links.PREFERENCES, links.CONFIRM)


def check(facts: Facts) -> Iterator[Finding]:
    """Judge each link by its words and its address."""
    links_made = typed.links(facts.whole)
    for link in links_made:
        yield from _words(link)
    for link in typed.once(links_made):
        yield from _address(link)
        yield from _own_page(link, facts.public_url)
    yield from _fields_in_links(facts)


def _words(link: Link) -> Iterator[Finding]:
    said = link.words.casefold().strip(".…:>»→ ")
    if link.name == "link" and not said:
        yield _finding(
            link,
            Level.WARN,
            "link-words",
            f"A link to {shown(link.address)} has no words.",
            "Readers cannot press it, and who hears it read out hears only an address.",
        )
    elif said in EMPTY_WORDS:
        yield _finding(
            link,
            Level.WARN,
            "link-words",
            f"A {link.name} says only “{shown(link.words)}”.",
            "Who hears the links read out one after another cannot tell where it leads.",
        )
    elif said.startswith(("http://", "https://")):
        yield _finding(
            link,
            Level.NOTE,
            "bare-link",
            f"A link shows its bare address: {shown(link.words)}",
            "Read out, it is a row of letters. Say in words what is there.",
        )
    host = _host(link.address)
    other = next((name for name in _sites(link.words) if host and not _are_kin(name, host)), "")
    if other:
        yield _finding(
            link,
            Level.WARN,
            "other-site",
            f"The {link.name} “{shown(link.words)}” shows {other} and leads to {host}.",
            "That is how fraud looks, and filters judge by it.",
        )


def _sites(words: str) -> Iterator[str]:
    """Yield the names of sites among the words of a link."""
    for word in words.split():
        match = _SITE.fullmatch(word.strip(".,;:!?()[]<>“”\"'"))
        if match and (match["sure"] or match["end"].lower() in _ENDS):
            yield match["host"].lower()


def _host(address: str) -> str:
    parts = hosts.split(address)
    return (parts.hostname or "") if parts and parts.scheme in ("http", "https") else ""


def _are_kin(one: str, other: str) -> bool:
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _address(link: Link) -> Iterator[Finding]:
    for fault in hosts.faults(link.address):
        sentence = f"{link.called} {fault.sentence}"
        yield _finding(link, Level.WARN, fault.code, sentence, fault.why)


def _own_page(link: Link, public_url: str) -> Iterator[Finding]:
    """Find pages of this installation that are for one person only."""
    if not public_url or not link.address.startswith(f"{public_url}/"):
        return
    path = link.address.removeprefix(public_url)
    if path.startswith("/desk"):
        yield _finding(
            link,
            Level.WARN,
            "private-link",
            f"{link.called} leads into the desk.",
            "Readers cannot open it. Link to the page in the archive or in the library.",
        )
    elif any(path.startswith(page.path.partition("{")[0]) for page in _PERSONAL_PAGES):
        yield _finding(
            link,
            Level.WARN,
            "private-link",
            f"{link.called} leads to a page of one subscriber.",
            "Every reader who presses it would act for that person. "
            "Everybody's own links stand at the end of each mail by themselves.",
        )


def _fields_in_links(facts: Facts) -> Iterator[Finding]:
    for one in typed.texts(facts.whole):
        if one.sort is typed.Sort.MARKDOWN:
            for path in typed.in_prose(one.text).fields_in_links:
                yield Finding(
                    Level.WARN,
                    "personal-link",
                    f"A link in the {one.name} carries “{path}” of each reader.",
                    "The site that it leads to learns who pressed it.",
                    one.place,
                    one.language,
                    about=path,
                )


def _finding(link: Link, level: Level, code: str, sentence: str, why: str) -> Finding:
    about = f"{link.words} {link.address}" if code == "other-site" else link.address
    return Finding(level, code, sentence, why, link.place, link.language, about)
