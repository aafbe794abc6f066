"""Who sits before this browser: beginning, finding and ending the session that its cookie names."""

from datetime import datetime

from flask import g, request, session
from flask_security.utils import login_user, logout_user

from newsletter import clock
from newsletter.accounts import Editor, EditorSession, SignInWay, sessions
from newsletter.desk.browser_names import in_words

KEY = "key"
"""Where the cookie has the key of the session."""

HALF = "half"
NEXT = "next"


def begin(editor: Editor, way: SignInWay, *, now: datetime) -> None:
    """Sign the editor in; the caller commits.

    A session that somebody else began must not become this editor's, so
    nothing of the old cookie stays (fixation).
    """
    key = sessions.begin(editor, way, browser=this_browser(), now=now)
    session.clear()
    login_user(editor, remember=False, authn_via=[way.value])
    session[KEY] = key


def begin_half(editor: Editor, way: SignInWay, *, next_page: str, now: datetime) -> None:
    """Remember that password or link were right, while the second factor is asked for.

    Nobody is signed in by it; the caller commits.
    """
    key = sessions.begin(editor, way, browser=this_browser(), now=now, is_half=True)
    session.clear()
    session[HALF] = key
    session[NEXT] = next_page


def this_half(*, now: datetime) -> EditorSession | None:
    """Return the half session of this browser, if one waits for its second factor."""
    return sessions.find(str(session.get(HALF, "")), now=now, is_half=True)


def next_page() -> str:
    """Return the page that was asked for before the second factor."""
    return str(session.get(NEXT, ""))


def end() -> None:
    """End the session of this browser; the caller commits."""
    here = this_session()
    if here is not None:
        sessions.end_session(here)
    logout_user()
    session.clear()


def load_editor(user_id: str) -> Editor | None:
    """Return whose session the cookie names, as Flask-Login asks; None if it has ended."""
    found = sessions.find(str(session.get(KEY, "")), now=clock.now())
    if found is None or found.editor.fs_uniquifier != user_id:
        return None
    g.desk_session = found
    return found.editor


def this_session() -> EditorSession | None:
    """Return the session of who is signed in, once somebody asked who that is."""
    found = g.get("desk_session")
    return found if isinstance(found, EditorSession) else None


def this_browser() -> str:
    """Return what this browser is called."""
    return in_words(request.user_agent.string)
