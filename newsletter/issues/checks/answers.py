"""Whether the pages that an issue links to answered, when they were last asked."""

from collections.abc import Iterator

from newsletter.issues.checks import hosts, typed
from newsletter.issues.checks.facts import Facts
from newsletter.issues.checks.findings import Finding, Level, long_date
from newsletter.issues.checks.typed import Link
from newsletter.reachability.links import Level as Answer
from newsletter.reachability.links import Verdict
from newsletter.reachability.models import LinkState


def check(facts: Facts) -> Iterator[Finding]:
    """Judge each link by what is known of it; addresses that cannot be right are passed over."""
    new, unseen = set(), set()
    for link in typed.once(typed.links(facts.whole)):
        verdict = facts.verdicts.get(link.address)
        if verdict is None or any(hosts.faults(link.address)):
            continue
        yield from _answer(link, verdict)
        if verdict.state is LinkState.UNSEEN:
            unseen.add(link.address)
        elif verdict.state is LinkState.NEW and verdict.level is Answer.NOTE:
            new.add(link.address)
    if new:
        were = "1 link was" if len(new) == 1 else f"{len(new)} links were"
        sentence = f"{were} not looked at yet."
        yield _note("new-links", sentence, "That happens by itself, within minutes.")
    if unseen:
        links = "1 link" if len(unseen) == 1 else f"{len(unseen)} links"
        sentence = f"{links} could not be looked at from here."
        yield _note("unseen-links", sentence, "Some sites do not answer programs. Try them.")


def _answer(link: Link, verdict: Verdict) -> Iterator[Finding]:
    place, language, about = link.place, link.language, link.address
    if verdict.level is Answer.WARNING:
        tries = "once" if verdict.failures == 1 else f"{verdict.failures} times"
        began = verdict.failing_since
        since = f" since {long_date(began.date())}" if began else ""
        sentence = f"{link.called} is broken. {verdict.sentence}"
        why = f"It was tried {tries}{since}. Open it, and write the right address."
        yield Finding(Level.WARN, "dead-link", sentence, why, place, language, about)
    elif verdict.level is Answer.NOTE and verdict.state is not LinkState.NEW:
        sentence = f"{link.called} did not answer as it should. {verdict.sentence}"
        why = "It is tried again by itself before it is called broken."
        yield Finding(Level.NOTE, "doubtful-link", sentence, why, place, language, about)


def _note(code: str, sentence: str, why: str) -> Finding:
    return Finding(Level.NOTE, code, sentence, why, "blocks")
