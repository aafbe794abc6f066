"""Every way things go wrong, one class and one sentence each.

`str(error)` is the sentence a person reads: what is wrong and what to do.
The doors translate the five families into status codes and exit codes, and
those sentences that readers see into their language.
"""

from collections.abc import Callable, Mapping

from newsletter.marking import marked


class NewsletterError(Exception):
    """The root of everything that a person can be told.

    `values` fill the `%(name)s` in the sentence.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values if values else sentence)
        self._sentence = sentence
        self._values = values

    def said(self, gettext: Callable[[str], str]) -> str:
        """Return the sentence in the language of `gettext`; `what` is a word of ours, too."""
        values = dict(self._values)
        if isinstance(what := values.get("what"), str):
            values["what"] = gettext(what)
        text = gettext(self._sentence)
        return text % values if values else text


class InvalidInput(NewsletterError):
    """Something that was typed cannot be used; `field` names the place."""

    field: str | None = None

    def __init__(self, sentence: str, *, field: str | None = None, **values: object) -> None:
        super().__init__(sentence, **values)
        if field is not None:
            self.field = field


class NotFound(NewsletterError):
    """Something was named that does not exist."""


class Unreadable(NewsletterError):
    """A request says nothing that can be made sense of."""


class NotAllowed(NewsletterError):
    """Something may not be done from where somebody asks for it."""


class Refused(NewsletterError):
    """The state of things does not allow the step, whoever asks."""


class TooOften(NewsletterError):
    """Asked more often than is allowed; `retry_after` is in seconds."""

    def __init__(self, sentence: str, *, retry_after: int, **values: object) -> None:
        super().__init__(sentence, **values)
        self.retry_after = retry_after


class DeadLink(NewsletterError):
    """A link is forged, damaged, used up, overtaken or too old.

    One class for all five, so that no answer tells them apart (STANDARDS XB01, L08).
    """

    def __init__(self) -> None:
        super().__init__(marked("This link does not work any more, or part of it is missing."))


class ConfigurationError(NewsletterError):
    """The environment asks for something that cannot run."""


class InvalidAddress(InvalidInput):
    """An e-mail address that no mail can go to."""

    field = "address"


class StaleVersion(Refused):
    """Somebody saved newer text meanwhile; nothing was overwritten."""

    def __init__(self, *, yours: int, theirs: int) -> None:
        super().__init__(
            f"Somebody else saved this issue while you were writing: you started from version "
            f"{yours}, it is now version {theirs}. Nothing was overwritten. Compare the two, "
            f"then save again."
        )
        self.yours = yours
        self.theirs = theirs


class InvalidHeader(InvalidInput):
    """A header of a message would carry what could change the message around it."""


class ConnectionLost(NewsletterError):
    """The relay cannot be reached, or went away while nothing was handed over.

    Nothing was sent, so trying again later is safe and costs no attempt.
    """


class SenderFault(NewsletterError):
    """The relay refuses us, not a recipient: identification, encryption, or its greeting.

    Every further mail would meet the same; a person has to mend the settings.
    """


class RenderFault(NewsletterError):
    """One recipient's values cannot be put into a message; the others' can."""


class FetchFailed(Refused):
    """A page elsewhere could not be had; `trouble` is the kind, for programs.

    The sentence is the same for all that is found out by asking, so that nobody learns from
    it what answers inside our own network (STANDARDS XE04).
    """

    def __init__(self, sentence: str, *, trouble: str) -> None:
        super().__init__(sentence)
        self.trouble = trouble


class MailRefused(NewsletterError):
    """Some recipients of a mail did not get it; `outcomes` has each one's, by address."""

    def __init__(self, outcomes: Mapping[str, object]) -> None:
        super().__init__(f"The mail did not go to {len(outcomes)} of its recipients.")
        self.outcomes = outcomes
