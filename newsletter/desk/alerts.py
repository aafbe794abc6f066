"""Mail that tells editors what happened to their own account, so that a stranger is noticed."""

import enum
from datetime import datetime
from typing import Self

from newsletter import links
from newsletter.accounts import Editor
from newsletter.desk import browser_session
from newsletter.desk.mailing import desk_mailbox
from newsletter.mail import outbox

ADVICE = "If this was not you, change your password at once and tell an admin of the desk."


class Alert(enum.Enum):
    """Something that an editor is told of: the subject and the sentence."""

    heading: str
    sentence: str

    def __new__(cls, heading: str, sentence: str) -> Self:
        """Make a member with its words; `{}` is where the detail stands."""
        member = object.__new__(cls)
        member._value_ = heading
        member.heading = heading
        member.sentence = sentence
        return member

    NEW_BROWSER = (
        "You signed in with a new browser",
        "Somebody signed in to the desk as you, in a browser that was not used for it before.",
    )
    WRONG_CODES = (
        "Somebody knows your password",
        "Password or sign-in link were right, but the codes of your second factor were wrong five "
        "times, so nobody was let in.",
    )
    PASSWORD_SET = "Your password was set", "A new password was set for your account."
    FACTOR_ADDED = (
        "A second factor was added",
        "From now on, a code of the app is asked for when you sign in by password or link.",
    )
    CODES_RENEWED = (
        "You have new recovery codes",
        "Ten new recovery codes were made for your account. The old ones end.",
    )
    FACTOR_REMOVED = (
        "Your second factor was removed",
        "No code is asked for any more when you sign in.",
    )
    FACTOR_RESET = (
        "Your second factors were taken away",
        "{}, an admin of the desk, took away the second factors and passkeys of your account and "
        "signed you out everywhere, as one does when a phone is lost. Set up new ones.",
    )
    ADDRESS_ASKED = (
        "Your address is about to change",
        "Somebody asked that you sign in as {} from now on. It counts once a link that was mailed "
        "there is used.",
    )
    ADDRESS_CHANGED = (
        "Your address has changed",
        "You sign in as {} from now on, and get no more mail of the desk here.",
    )
    PASSKEY_ADDED = (
        "A passkey was added",
        "The passkey “{}” signs in to your account from now on, without a password.",
    )
    PASSKEY_REMOVED = (
        "A passkey was removed",
        "The passkey “{}” does not sign in to your account any more.",
    )
    RECOVERY_USED = (
        "A recovery code was used",
        "Somebody signed in to the desk as you with a recovery code. You have {} left.",
    )


def mail_alert(
    editor: Editor, alert: Alert, detail: object = "", *, now: datetime, to: str = ""
) -> None:
    """Queue a mail to the editor about what was just done to their account, and where.

    With `to`, it goes to an address that was theirs until now.
    """
    outbox.enqueue(
        "account-alert",
        to=to or editor.email,
        language="en",
        sender=desk_mailbox(),
        facts={
            "what": alert.heading,
            "sentence": alert.sentence.format(detail),
            "browser": browser_session.this_browser(),
            "advice": ADVICE,
            "account_url": links.public_url("/desk/account/"),
        },
        now=now,
    )
