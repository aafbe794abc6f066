"""How an issue will look: framed HTML in many lights, plain text, and the raw message."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response, make_response, render_template

from newsletter import addresses, clock, languages, reports
from newsletter.accounts import Action, who_may
from newsletter.delivery import previewing
from newsletter.delivery.previewing import RawMessage
from newsletter.desk import chosen_reader, looks
from newsletter.desk.forms import Form
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.looks import CHOSEN, HINTS, LONGEST, WORDS, Look, View
from newsletter.issues import composing, editions, inbox, merge_fields, rendering
from newsletter.issues.composition import Composition
from newsletter.issues.content import Content
from newsletter.issues.inbox import InboxLine
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.rendering import Preview
from newsletter.reports import Trace
from newsletter.subscriptions.models import Subscriber
from newsletter.web import FRAME_POLICY, FRAME_POLICY_WITHOUT_IMAGES, policy


@dataclass(frozen=True)
class Copy:
    """What one reader would get: the edition, and what stands in its merge fields."""

    content: Content
    values: Mapping[str, str]
    subscriber: Subscriber | None = None

    @property
    def language(self) -> str:
        """The language of the edition."""
        return self.content.language


@blueprint.get("/issues/<int:number>/preview")
@needs(Action.WRITE)
def show_preview(number: int) -> Response:
    """Show the issue as the address asks for it."""
    issue = the_issue(number)
    return preview_page(issue, looks.asked(number))


@blueprint.get("/issues/<int:number>/preview.html")
@needs(Action.WRITE)
def show_html_part(number: int) -> Response:
    """Show the HTML part alone, under the policy of a framed message."""
    issue, look = the_issue(number), looks.asked(number)
    copy = _copy(issue, previewing.whole_of(issue), look)
    response = make_response(_preview(issue, copy, look).html)
    is_bare = look.view is View.NO_IMAGES
    response.headers["Content-Security-Policy"] = (
        FRAME_POLICY_WITHOUT_IMAGES if is_bare else FRAME_POLICY
    )
    return response


@blueprint.get("/issues/<int:number>/preview.txt")
@needs(Action.WRITE)
def show_text_part(number: int) -> Response:
    """Show the plain-text part alone."""
    issue, look = the_issue(number), looks.asked(number)
    copy = _copy(issue, previewing.whole_of(issue), look)
    return Response(_preview(issue, copy, look).text, mimetype="text/plain")


def preview_page(
    issue: Issue,
    look: Look,
    *,
    form: Form | None = None,
    theirs: Mapping[str, str] | None = None,
    reader_form: Form | None = None,
    test_form: Form | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """Return the page; with forms, what was typed into one of them and not done."""
    whole = previewing.whole_of(issue)
    chosen = chosen_reader.chosen()
    copy = _copy(issue, whole, look, chosen=chosen)
    preview = _preview(issue, copy, look)
    is_open = issue.state in composing.EDITABLE
    page = render_template(
        "desk/issue_preview.html",
        issue=issue,
        look=look,
        views=[(look.page(view=view), words, view is look.view) for view, words in WORDS.items()],
        hint=HINTS[look.view],
        preview=preview,
        lines=_inbox_lines(preview, copy),
        raw=_raw(issue, copy) if look.view is View.RAW else None,
        whole=whole,
        language=copy.language,
        direction=languages.direction(copy.language),
        form=form or form_of(issue, whole, copy.language),
        theirs=theirs,
        reader_form=reader_form or Form({"address": ""}),
        readers=_readers(look, has_chosen=chosen is not None),
        reader=copy.subscriber,
        chosen=chosen,
        trace=_trace(issue, copy.subscriber),
        is_reached=copy.subscriber is not None and previewing.would_reach(issue, copy.subscriber),
        test_form=test_form or Form({"editions": ""}, {"to": [str(the_editor().id)]}),
        colleagues=who_may(Action.WRITE, issue.mailing_list_id),
        is_open=is_open,
        web_version=_web_version(issue),
    )
    response = make_response(page, status)
    response.headers["Content-Security-Policy"] = policy(frame_src="'self'")
    return response


def form_of(issue: Issue, whole: Composition, language: str) -> Form:
    """Return the form of the two lines of the inbox as it is before anybody types."""
    said = whole.editions[language]
    return Form(
        {
            "subject": said.subject,
            "preheader": said.preheader,
            "language": language,
            "version": str(issue.version),
        }
    )


def _copy(
    issue: Issue, whole: Composition, look: Look, *, chosen: Subscriber | None = None
) -> Copy:
    reader = (chosen or chosen_reader.chosen()) if look.reader == CHOSEN else None
    wanted = look.language or (reader.language if reader else "")
    content = editions.in_language(whole, editions.nearest(whole.languages, wanted))
    if reader is not None:
        return Copy(content, merge_fields.values_of(reader.name, reader.attributes), reader)
    if look.reader == LONGEST:
        return Copy(content, previewing.long_values(content, rendering.masthead_of(issue)))
    return Copy(content, {})


def _preview(issue: Issue, copy: Copy, look: Look) -> Preview:
    return rendering.preview(
        copy.content, rendering.masthead_of(issue), copy.values, scheme=look.scheme
    )


def _inbox_lines(preview: Preview, copy: Copy) -> list[InboxLine]:
    preheader = merge_fields.filled(copy.content.preheader, copy.values)
    return inbox.lines(preview.subject, preheader)


def _raw(issue: Issue, copy: Copy) -> RawMessage:
    message = previewing.preview_message(
        issue,
        addresses.parse(copy.subscriber.address if copy.subscriber else the_editor().email),
        language=copy.language,
        values=None if copy.subscriber else copy.values,
        now=clock.now(),
    )
    return previewing.taken_apart(message)


def _readers(look: Look, *, has_chosen: bool) -> list[tuple[str, str, bool]]:
    """Return the tabs of readers; that of the chosen one is there while there is one."""
    tabs = [("", "Nobody in particular"), (LONGEST, "Long values")]
    if has_chosen:
        tabs.append((CHOSEN, "The chosen reader"))
    shown = look.reader if look.reader in dict(tabs) else ""
    return [(look.page(reader=value), words, value == shown) for value, words in tabs]


def _trace(issue: Issue, reader: Subscriber | None) -> Trace | None:
    if reader is None:
        return None
    # That the editor may know of this reader was asked when they were found.
    return reports.trace(issue.id, reader.address)


def _web_version(issue: Issue) -> str:
    """Return where readers find the issue on the web, or nothing while or where they do not."""
    is_public = issue.state is IssueState.SENT and issue.mailing_list.is_public
    return f"/archive/{issue.id}" if is_public else ""
