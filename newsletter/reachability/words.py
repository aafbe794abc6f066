"""What is known of a link, in words for an editor."""

from newsletter.fetching.troubles import Trouble
from newsletter.reachability.models import LinkState

NEW = "It has not been looked at yet."
FINE = "It answers."
UNSEEN = "It could not be looked at from here."
OFF = "Links are not looked at in this installation."

_STATUSES = {
    401: "It asks for a password, so it could not be looked at from here.",
    404: "There is no such page (404).",
    410: "The page was taken away for good (410).",
    429: "The site is asked too often, so it could not be looked at from here.",
    451: "The site may not show it here (451), so it could not be looked at.",
}
_TROUBLES: dict[str, str] = {
    Trouble.NO_PUBLIC_HOST: "It leads to no site that everybody can reach.",
    Trouble.SILENT: "The site did not answer in time.",
    Trouble.UNREACHABLE: "The site could not be reached.",
    Trouble.NOT_TRUSTED: "The site's certificate is not good, so browsers may warn of it.",
    Trouble.UNREADABLE: "The site answered with something that is no page.",
}


def said(state: LinkState, status: int | None, trouble: str) -> str:
    """Return one sentence on what was found, without a time."""
    if state is LinkState.NEW:
        return NEW
    if state is LinkState.FINE:
        return FINE
    if status is not None:
        if status >= 500 and state is LinkState.DOWN:
            return f"The site has trouble of its own ({status})."
        refusal = f"The site does not answer programs ({status}), so it could not be looked at."
        return _STATUSES.get(status, refusal)
    return UNSEEN if state is LinkState.UNSEEN else _TROUBLES.get(trouble, UNSEEN)
