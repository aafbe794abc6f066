"""Which language a page for readers is in, and links that keep to it.

By the link (`?lang=fr`), then by what the reader chose once, then by what the browser asks for.
No cookie: who follows a link from a page in a chosen language stays in it by the link.
"""

from typing import Any
from urllib.parse import urlencode

import flask_babel  # type: ignore[import-untyped]  # it has no types
from babel.support import NullTranslations
from flask import Flask, Response, has_request_context, request
from markupsafe import Markup

from newsletter import languages, links, translating
from newsletter.translating import ORIGINAL, Translator

DESK = "/desk/"
"""Below this address everything is in English, whatever the browser asks for."""

FIELD = "lang"

KEPT = "newsletter.page_language"
"""Where the language stands once it is known; a request has it for itself."""


class _Catalogues(flask_babel.Domain):  # type: ignore[misc]  # of a module without types
    """Flask-Babel's words out of our catalogues, which need no step before a start."""

    def get_translations(self) -> NullTranslations:
        return translating.words(spoken())


LINKED = "newsletter.page_language.linked"
"""Where the language that the link names stands, in the same way."""


def init_app(app: Flask) -> None:
    """Let every page of `app` be in the language that fits it."""
    flask_babel.Babel().init_app(app, locale_selector=spoken)
    app.extensions["babel"].instance.domain_instance = _Catalogues()
    app.before_request(flask_babel.refresh)
    app.context_processor(_for_templates)
    app.after_request(_say_which)


def spoken() -> str:
    """Return the language of the page that is being made."""
    if KEPT not in request.environ:
        request.environ[KEPT] = _from_link() or _asked_for()
    return str(request.environ[KEPT])


def speak(language: str) -> None:
    """Take the language that a reader chose once, unless the link names another."""
    tongue = languages.tongue(language)
    if not _from_link() and tongue in translating.written():
        request.environ[KEPT] = tongue
        flask_babel.refresh()


def gettext(message: str, **values: Any) -> str:
    """Return one of our sentences in the language of the page, its `%(name)s` filled in."""
    return str(flask_babel.gettext(message, **values))


def is_asked_for() -> bool:
    """Tell whether a link or the browser asks for a language that we speak."""
    return bool(_from_link() or _from_browser())


def ours() -> Translator:
    """Return who says our words, days and numbers on this page."""
    return translating.translator(spoken())


def to(path: str, **arguments: Any) -> str:
    """Return a path of ours with its arguments, in the language that a link chose."""
    given = {name: value for name, value in arguments.items() if value not in (None, "")}
    if chosen := _from_link():
        given.setdefault(FIELD, chosen)
    return plain(path, **given)


def plain(path: str, **arguments: Any) -> str:
    """Return a path with its arguments, in whatever language the browser asks for."""
    return f"{path}?{urlencode(arguments, doseq=True)}" if arguments else path


def in_language(language: str, **begin: str) -> str:
    """Return the path of this page in another language.

    What a form answers has no address of its own to come back to: that leads to where one
    begins, with the arguments of `begin`.
    """
    if request.method == "POST":
        return plain("/", **begin, **{FIELD: language})
    kept = {name: values for name, values in request.args.lists() if name != FIELD}
    return f"{request.path}?{urlencode({**kept, FIELD: language}, doseq=True)}"


def address_of(path: str, language: str) -> str:
    """Return the whole address of a page in one language, as search engines are told it."""
    return links.public_url(f"{path}?{urlencode({FIELD: language})}")


def strong(text: str) -> Markup:
    """Return a name or an address within one of our sentences, which it must not reorder."""
    return Markup("<strong><bdi>{}</bdi></strong>").format(text)


def _from_link() -> str:
    # A page asks for each of its links.
    if LINKED not in request.environ:
        chosen = request.args.get(FIELD, "")
        is_ours = chosen in translating.written() and not _is_desk()
        request.environ[LINKED] = chosen if is_ours else ""
    return str(request.environ[LINKED])


def _asked_for() -> str:
    return ORIGINAL if _is_desk() else _from_browser() or ORIGINAL


def _from_browser() -> str:
    # Regions are dropped first: Werkzeug would not give `pt` to who asks for `pt-BR` before `en`.
    for wanted, quality in request.accept_languages:
        tongue = languages.tongue(wanted)
        # Zero is for what somebody does not want (RFC 9110 section 12.4.2).
        if quality > 0 and tongue in translating.written():
            return tongue
    return ""


def _is_desk() -> bool:
    return request.path.startswith(DESK)


def _for_templates() -> dict[str, Any]:
    if not has_request_context():
        return {}
    return {
        "_": _say,
        "page_language": spoken(),
        "page_direction": languages.direction(spoken()),
        "ours": ours(),
        "to": to,
        "in_language": in_language,
        "address_of": address_of,
        "strong": strong,
        "name_in_itself": languages.own_name,
        "page_languages": {code: languages.OFFERED[code] for code in translating.written()},
    }


def _say(message: str, /, **values: Any) -> Markup:
    """Return one of our sentences for a template, as Flask-Babel's `_` does, in half the time.

    What fills it is escaped, unless it is Markup.
    """
    return Markup(translating.words(spoken()).gettext(message)) % values


def _say_which(response: Response) -> Response:
    if response.mimetype == "text/html" and not _is_desk():
        response.headers.setdefault("Content-Language", spoken())
        response.vary.add("Accept-Language")
    return response
