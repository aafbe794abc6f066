"""What somebody types who wants to become a member: each fact checked, and in one form.

Pure functions: text in, the value to keep out, or InvalidInput that names the field.
"""

from newsletter import inputs
from newsletter.errors import InvalidInput
from newsletter.library.facts import is_web_address
from newsletter.marking import marked
from newsletter.membership.models import MemberKind

LONGEST_NAME = 200
LONGEST_BRINGS = 1_000
LONGEST_WEBSITE = 500
LONGEST_OBJECTIVES = 3_000
LONGEST_REASON = 1_000
"""Characters of the longest name, text, website, words to agree to, and reason."""

TEXT = marked("text")
"""What a sentence about a longer text calls it."""


def kind(text: str) -> MemberKind:
    """Return who asks; raise InvalidInput where nothing was chosen."""
    if text not in list(MemberKind):
        raise InvalidInput(
            marked("Choose whether you ask for an organisation or for yourself."), field="kind"
        )
    return MemberKind(text)


def name(text: str) -> str:
    """Return the name on one line."""
    line = inputs.one_line(text, field="name", most=LONGEST_NAME)
    if not line:
        raise InvalidInput(marked("Enter the name of the organisation, or your own."), field="name")
    return line


def brings(text: str) -> str:
    """Return what they would bring, in their own words."""
    words = longer(text, field="brings", most=LONGEST_BRINGS)
    if not words:
        raise InvalidInput(marked("Say in a few sentences what you would bring."), field="brings")
    return words


def website(text: str) -> str:
    """Return the address of a website, with https where nothing else was typed; or empty."""
    link = "".join(text.split())
    if link and "://" not in link:
        link = f"https://{link}"
    if link and (len(link) > LONGEST_WEBSITE or not is_web_address(link)):
        raise InvalidInput(
            marked("Write the whole address of the website, like https://example.org."),
            field="site",
        )
    return link


def objectives(text: str, *, field: str) -> str:
    """Return words to be agreed to; empty where a language has none of its own."""
    return longer(text, field=field, most=LONGEST_OBJECTIVES)


def reason(text: str) -> str:
    """Return why somebody is declined, or stops being a member: it is mailed to them."""
    words = longer(text, field="reason", most=LONGEST_REASON)
    if not words:
        raise InvalidInput("Write the reason: it is mailed to them.", field="reason")
    return words


def longer(text: str, *, field: str, most: int) -> str:
    """Return a text of several lines; what is wrong with it names the field, and calls it so."""
    try:
        return inputs.printable(text, field=TEXT, most=most)
    except InvalidInput as exc:
        exc.field = field
        raise
