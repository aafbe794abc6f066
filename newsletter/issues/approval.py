"""Who may approve an issue, and what is missing where its list asks for a second person."""

from collections.abc import Sequence

from newsletter.accounts import Action, Editor, may, may_use_list, who_may
from newsletter.errors import Refused
from newsletter.issues import revisions
from newsletter.issues.models import Issue


def approvers(issue: Issue) -> Sequence[Editor]:
    """Return who may approve what the issue says now, by name."""
    saver = revisions.last_saver(issue)
    return [
        editor
        for editor in who_may(Action.SEND, issue.mailing_list_id)
        if saver is None or editor.id != saver.id
    ]


def why_not(issue: Issue, editor: Editor) -> str:
    """Return why this editor may not approve what the issue says now; nothing if they may."""
    if not may(editor, Action.SEND) or not may_use_list(editor, issue.mailing_list_id):
        return f"Only somebody who may send issue {issue.id} can approve it."
    saver = revisions.last_saver(issue)
    if saver is not None and saver.id == editor.id:
        return (
            f"You saved version {issue.version} of issue {issue.id}, "
            "so somebody else has to approve it."
        )
    return ""


def is_by_second_person(issue: Issue) -> bool:
    """Tell whether what is approved was approved by somebody else than who saved it."""
    if issue.approved_version is None or issue.approved_by_id is None:
        return False
    saver = revisions.saver_of(issue, issue.approved_version)
    return saver is None or saver.id != issue.approved_by_id


def missing(issue: Issue) -> str:
    """Return what to do where the list asks for a second person and none approved, or nothing."""
    if not issue.mailing_list.needs_approval or is_by_second_person(issue):
        return ""
    saver = revisions.last_saver(issue)
    others = f"Somebody else than {saver.name or saver.email}" if saver else "An editor"
    return (
        f"Issues of {issue.mailing_list.name} need a second person. {others} has to approve "
        f"version {issue.version} of issue {issue.id} in the desk before it can be sent."
    )


def refuse_unapproved(issue: Issue) -> None:
    """Raise Refused where the list asks for a second person and none approved."""
    if sentence := missing(issue):
        raise Refused(sentence)


def refuse_first_person(issue: Issue, editor: Editor | None) -> None:
    """Raise Refused where the list asks for a second person and `editor` is none."""
    if issue.mailing_list.needs_approval and (editor is None or why_not(issue, editor)):
        raise Refused(missing(issue))
