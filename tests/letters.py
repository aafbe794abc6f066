"""Messages as they leave, whole and in every language that we write: what readers' programs get."""

from newsletter.delivery import compiling
from newsletter.delivery.compiling import Person
from newsletter.issues import composing
from newsletter.mail.message import to_bytes
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailFormat
from tests.conftest import NOW
from tests.issues.editions_of_all import edition
from tests.mail.test_texts import compose

NONCE = "0123456789abcdef" * 2


def issue_in(
    language: str, *, name: str = "Ada", mail_format: MailFormat = MailFormat.HTML
) -> bytes:
    """Return an issue with every kind of block, as the relay gets it; of a list of its own."""
    mailing_list = lists.add_list(
        f"news-{language}",
        name="Stay Informed",
        is_public=True,
        default_language=language,
        postal_address="1 Example Street, 10115 Sample Town",
        now=NOW,
    )
    issue = composing.create_issue(mailing_list, subject="Any", by=None, now=NOW)
    compiled = compiling.thaw(compiling.freeze(issue, edition(language)), NONCE)
    person = Person(delivery_id=7, subscription_id=7, address="ada@example.org")
    values = compiling.merge_values(name, {}, mail_format)
    return compiling.message_for(compiled, person, values, date=NOW)


def own_mail(kind: str, language: str = "en") -> bytes:
    """Return a mail of our own, with facts that it usually has."""
    return to_bytes(compose(kind, language=language))
