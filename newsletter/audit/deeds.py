"""What can be done here that somebody may ask about later, and how it reads as prose."""

import enum
from dataclasses import dataclass
from typing import Self


class Channel(enum.StrEnum):
    """The door through which something was done."""

    DESK = "desk"
    COMMAND = "command"
    CLOCK = "clock"


class Deed(enum.StrEnum):
    """Something that was done: its code, its words around the thing, and what leads to the detail.

    The code begins with the kind of thing it is done to, and stays for ever: old entries have it.
    """

    words: str
    joint: str

    def __new__(cls, code: str, words: str, joint: str = ": ") -> Self:
        """Make a member with its words; `{}` is where the thing stands."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.words = words
        member.joint = joint
        return member

    ISSUE_CREATED = "issue.created", "began {}"
    ISSUE_SAVED = "issue.saved", "saved {}", " as "
    ISSUE_HANDED_OVER = "issue.handed-over", "asked for approval of {}", ", "
    ISSUE_SENT_BACK = "issue.sent-back", "sent {} back to be written on", ", "
    ISSUE_APPROVED = "issue.approved", "approved {}", " as "
    ISSUE_APPROVAL_WITHDRAWN = "issue.approval-withdrawn", "withdrew the approval of {}"
    ISSUE_WARNING_WAIVED = "issue.warning-waived", "waived a warning about {}"
    ISSUE_WAIVER_WITHDRAWN = "issue.waiver-withdrawn", "took back what was waived about {}"
    ISSUE_VERSION_RESTORED = "issue.version-restored", "brought back an older text of {}"
    ISSUE_TESTED = "issue.tested", "sent a test of {}", " to "
    ISSUE_SEEN_AS = "issue.seen-as", "looked at {} as a reader would get it", ", as "
    ISSUE_SCHEDULED = "issue.scheduled", "scheduled {}", " for "
    ISSUE_RESCHEDULED = "issue.rescheduled", "moved {}", " to "
    ISSUE_SENT = "issue.sent", "sent {}", ", "
    ISSUE_STOPPED = "issue.stopped", "stopped {} before its first mail"
    ISSUE_PAUSED = "issue.paused", "paused {}"
    ISSUE_RESUMED = "issue.resumed", "resumed {}"
    ISSUE_CANCELLED = "issue.cancelled", "cancelled {}"
    ISSUE_RESOLVED = "issue.resolved", "decided what was uncertain in {}"
    ISSUE_CORRECTED = "issue.corrected", "began a correction of {}", ", "
    ISSUE_AUDIENCE_SEEN = "issue.audience-seen", "looked at the readers of {}", ", "
    ISSUE_TRACED = "issue.traced", "asked who got {}", ", about "
    ISSUE_EXPORTED = "issue.exported", "exported {}"
    ISSUES_RESTORED = "issue.restored", "called open mail uncertain after a backup was put back"

    ITEM_ADDED = "item.added", "added {}"
    ITEM_CHANGED = "item.changed", "changed {}"
    ITEM_WITHDRAWN = "item.withdrawn", "withdrew {}"
    ITEM_RESTORED = "item.restored", "listed {} again"
    TOPIC_ADDED = "topic.added", "added {}"
    IMAGE_ADDED = "image.added", "added {}"
    IMAGE_CHANGED = "image.changed", "changed {}"
    IMAGE_DELETED = "image.deleted", "deleted {}"

    LIST_ADDED = "list.added", "added {}"
    LIST_CHANGED = "list.changed", "changed {}"
    LIST_PAGES_CHANGED = "list.pages-changed", "changed which pages may embed the form of {}"

    SUBSCRIBER_LOOKED_UP = "subscriber.looked-up", "looked up {}"
    SUBSCRIBER_ERASED = "subscriber.erased", "erased a person"
    SUBSCRIBER_EVIDENCE_SEEN = "subscriber.evidence-seen", "looked at the evidence of {}"
    SUBSCRIBERS_IMPORTED = "subscriber.imported", "imported subscribers"
    SUBSCRIBERS_EXPORTED = "subscriber.exported", "exported the subscribers", " of "
    SUPPRESSION_ADDED = "suppression.added", "suppressed {}"
    SUPPRESSION_LIFTED = "suppression.lifted", "lifted the suppression of {}"
    SUPPRESSIONS_IMPORTED = "suppression.imported", "suppressed the addresses of a file"
    SUPPRESSIONS_EXPORTED = "suppression.exported", "exported the suppression list"

    MEMBER_ACCEPTED = "member.accepted", "accepted {}"
    MEMBER_DECLINED = "member.declined", "declined {}"
    MEMBER_ENDED = "member.ended", "ended the membership of {}"
    MEMBERS_EXPORTED = "member.exported", "exported the members"
    MEMBER_WORDS_CHANGED = "member.words-changed", "changed the words that members agree to"
    MEMBER_LIST_CHOSEN = "member.list-chosen", "chose the members’ list"

    COMMENT_DEALT_WITH = "comment.dealt-with", "dealt with {}"
    COMMENT_DELETED = "comment.deleted", "deleted {}"
    COMMENTS_EXPORTED = "comment.exported", "exported the comments", " on "

    EDITOR_INVITED = "editor.invited", "invited {}", " as "
    EDITOR_INVITATION_WITHDRAWN = "editor.invitation-withdrawn", "withdrew the invitation of {}"
    EDITOR_LINK_MADE = "editor.link-made", "made a sign-in link for {}"
    EDITOR_CHANGED = "editor.changed", "changed the account of {}"
    EDITOR_ROLE_CHANGED = "editor.role-changed", "gave {} another role"
    EDITOR_BOUND = "editor.bound", "changed the lists of {}"
    EDITOR_RENAMED = "editor.renamed", "changed their name", ", from "
    EDITOR_DEACTIVATED = "editor.deactivated", "deactivated {}"
    EDITOR_ACTIVATED = "editor.activated", "let {} in again"
    EDITOR_SIGNED_IN = "editor.signed-in", "signed in", " by "
    EDITOR_SIGNED_OUT = "editor.signed-out", "signed out", " "
    EDITOR_PASSWORD_SET = "editor.password-set", "set a password"
    EDITOR_FACTOR_ADDED = "editor.factor-added", "added a second factor"
    EDITOR_FACTOR_REMOVED = "editor.factor-removed", "removed a second factor"
    EDITOR_FACTOR_RESET = "editor.factor-reset", "took away the second factors of {}"
    EDITOR_RECOVERY_USED = "editor.recovery-used", "signed in with a recovery code"

    PACE_CHANGED = "pace.changed", "changed how fast mail goes"
    PACE_RELEASED = "pace.released", "released {}"

    LOG_EXPORTED = "log.exported", "exported this log"

    @property
    def kind(self) -> str:
        """The kind of thing that it is done to."""
        return self.value.partition(".")[0]


BY_CODE = {deed.value: deed for deed in Deed}

THINGS = {
    "issue": "issue {}",
    "item": "the item “{}”",
    "topic": "the topic “{}”",
    "image": "image {}",
    "list": "the list “{}”",
    "subscriber": "subscriber {}",
    "suppression": "subscriber {}",
    "member": "application {}",
    "comment": "comment {}",
    "editor": "editor {}",
    "pace": "the provider {}",
}
"""How one thing of each kind is named by its number or short name."""

NOBODY = "an address that no subscriber has"
"""Who was looked up in vain, or suppressed unseen: the one thing without a number."""

KINDS = {
    "issue": "Issues",
    "item": "Library items",
    "image": "Images",
    "topic": "Topics",
    "list": "Lists",
    "subscriber": "Subscribers",
    "suppression": "Suppressions",
    "member": "Members",
    "comment": "Comments",
    "editor": "Editors and sign-ins",
    "pace": "Pace",
    "log": "This log",
}
"""What the kinds are called where one is chosen."""


@dataclass(frozen=True)
class Sentence:
    """What an entry says after the person's name, in three pieces: the middle one is the thing."""

    before: str
    thing: str
    after: str

    def __str__(self) -> str:
        """Return the whole, without the person."""
        return f"{self.before}{self.thing}{self.after}"


def sentence(code: str, key: str, detail: str, *, name: str = "") -> Sentence:
    """Return what an entry says; `name` is a better name of the thing than its number."""
    deed = BY_CODE.get(code)
    if deed is None:
        # Written by a newer version, before somebody went back to this one.
        return Sentence(f"{code} ", key, f": {detail}." if detail else ".")
    before, _, after = deed.words.partition("{}")
    thing = ""
    if "{}" in deed.words:
        thing = name or (_called(deed.kind, key) if key else NOBODY)
    return Sentence(before, thing, f"{after}{deed.joint + detail if detail else ''}.")


def _called(kind: str, key: str) -> str:
    # A digest is an issue with a number below zero.
    if kind == "issue" and key.startswith("-"):
        return f"digest {key[1:]}"
    return THINGS[kind].format(key)
