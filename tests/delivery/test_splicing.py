"""Values put into bytes say what they would say in text, and break no rule about lines."""

import quopri

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.delivery.splicing import Draft, Pattern, ascii_line
from newsletter.issues.merge_fields import MergeField, Part
from newsletter.issues.segments import Segments, Slot, fill
from tests.message_standards import check_untouchable
from tests.naughty import NAUGHTY

OPENING = "https://news.example.org/unsubscribe/"
TOKEN = "123456-12345678." + "A" * 43
LINK = Slot(MergeField("unsubscribe_url"))
NAME = Slot(MergeField("name", "friend"))

# The same examples each time, however busy the machine is.
steady = settings(max_examples=300, deadline=None, derandomize=True, database=None)

literals = st.text(st.characters(exclude_characters="\r"), max_size=120) | st.sampled_from(
    [one.replace("\r", "") for one in NAUGHTY]
)
slots = st.builds(
    Slot,
    st.builds(MergeField, st.sampled_from(["name", "attributes.x"]), st.sampled_from(["", "you"])),
    in_url=st.booleans(),
) | st.just(LINK)
values = st.text(st.characters(exclude_categories=()), max_size=120) | st.sampled_from(NAUGHTY)


@steady
@given(
    pieces=st.lists(literals | slots, max_size=8),
    end=literals.filter(bool),
    name=values,
    other=values,
    part=st.sampled_from([Part.HTML, Part.TEXT]),
)
@example(pieces=["Dear ", NAME, NAME, LINK], end=" .", name=".", other="", part=Part.TEXT)
def test_spliced_bytes_decode_to_the_filled_text(
    pieces: list[str | Slot], end: str, name: str, other: str, part: Part
) -> None:
    segments: Segments = (*pieces, end)
    own = {"name": name, "attributes.x": other}

    octets = pattern_of(segments, part).fill(own, {"unsubscribe_url": ascii_line(TOKEN.encode())})

    text = fill(segments, {**own, "unsubscribe_url": OPENING + TOKEN}, part=part)
    text += "" if text.endswith("\n") else "\n"
    assert decoded(octets) == text.encode("utf-8", "replace")
    check_untouchable(octets)


@pytest.mark.parametrize("text", NAUGHTY, ids=lambda text: ascii(text)[:30])
@pytest.mark.parametrize("part", [Part.HTML, Part.TEXT])
@pytest.mark.parametrize("in_url", [False, True])
def test_every_naughty_value_arrives_whole(text: str, part: Part, in_url: bool) -> None:
    segments = ("Dear ", Slot(MergeField("name", "friend"), in_url=in_url), ", hello.\n")
    octets = pattern_of(segments, part).fill({"name": text}, {})
    assert decoded(octets) == fill(segments, {"name": text}, part=part).encode()
    check_untouchable(octets)


def test_a_value_stands_on_a_line_of_its_own() -> None:
    octets = pattern_of(("Dear ", NAME, ", hello.\n"), Part.TEXT).fill({"name": "Ada"}, {})
    assert octets == b"Dear=20=\r\nAda=\r\n, hello.\r\n"


def test_a_pattern_is_filled_again_without_a_trace_of_the_one_before() -> None:
    pattern = pattern_of(("Dear ", NAME, Slot(MergeField("attributes.x")), ".\n"), Part.HTML)
    pattern.fill({"name": "Ada & Ben", "attributes.x": "secret"}, {})
    assert decoded(pattern.fill({}, {})) == b"Dear friend.\n"


def test_a_long_token_is_broken_where_a_line_must_end() -> None:
    token = f"{2**63}-{2**63}.".encode() + b"A" * 43
    octets = pattern_of((LINK, "\n"), Part.TEXT).fill({}, {"unsubscribe_url": ascii_line(token)})
    assert decoded(octets) == OPENING.encode() + token + b"\n"
    check_untouchable(octets)


def test_pieces_come_in_the_order_in_which_they_were_added() -> None:
    draft = Draft()
    draft.add(b"To: ")
    draft.mark("to")
    draft.add(b"\r\n\r\n")
    draft.add_part((NAME, "!\n"), Part.TEXT, {})
    draft.add(b"--\r\n")
    octets = draft.finish().fill({"name": "Ada"}, {"to": b"ada@example.org"})
    assert octets == b"To: ada@example.org\r\n\r\nAda=\r\n!\r\n--\r\n"


def test_a_value_that_is_no_text_is_refused_and_not_written_somehow() -> None:
    pattern = pattern_of((NAME, "\n"), Part.TEXT)
    for wrong in (None, 7, ["Ada"]):
        with pytest.raises((TypeError, AttributeError)):
            pattern.fill({"name": wrong}, {})  # type: ignore[dict-item]  # what is tried here


def pattern_of(segments: Segments, part: Part) -> Pattern:
    draft = Draft()
    draft.add_part(segments, part, {"unsubscribe_url": OPENING})
    return draft.finish()


def decoded(octets: bytes) -> bytes:
    """What the standard library's decoder reads, which is not ours."""
    return quopri.decodestring(octets).replace(b"\r\n", b"\n")
