"""Reading a CSV file of people row by row, whoever wrote it."""

import _csv
import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from newsletter import addresses, inputs, languages
from newsletter.addresses import Address
from newsletter.errors import InvalidAddress, InvalidInput
from newsletter.subscriptions.suppression import address_hmac

LONGEST_CELL = 100_000
"""Characters of the longest cell that is read: a larger one means a broken file."""

LONGEST_NAME = 200

ALIASES = {
    "address": {
        "address",
        "email",
        "emailaddress",
        "mail",
        "emailadresse",
        "deineemailadresse",
        "adresseemail",
        "courriel",
        "correo",
        "correoelectronico",
        "emailadres",
        "indirizzoemail",
        "subscriber",
    },
    "name": {"name", "fullname", "nom", "nombre", "nome"},
    "language": {"language", "lang", "locale", "langue", "idioma", "sprache"},
}
"""What the columns are called, in small letters without marks and accents."""

FORMULA_ESCAPE = re.compile(r"\A'(?=[=+\-@\t\r＝＋－＠])")


@dataclass(frozen=True)
class Row:
    """One usable row: what it says, and the hash by which a suppression knows its address."""

    line: int
    address: Address
    name: str
    language: str
    hmac: str


@dataclass(frozen=True)
class BadRow:
    """One row that cannot be used, and why."""

    line: int
    reason: str


def read_rows(
    path: Path, *, default_language: str, own_addresses: frozenset[str]
) -> Iterator[Row | BadRow]:
    """Yield every row of the file that is not empty, in one pass and little memory.

    Raises InvalidInput when the file as a whole cannot be read: not there, not
    text, no column of addresses.
    """
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding=encoding_of(path), newline="") as lines:
        head = lines.readline(LONGEST_CELL)
        delimiter = max(",;\t", key=head.count)
        columns = _columns(next(csv.reader([head], delimiter=delimiter), []))
        seen: set[str] = set()
        for line, cells in rows_of(csv.reader(lines, delimiter=delimiter), first=2):
            if isinstance(cells, BadRow):
                yield cells
            elif any(cell.strip() for cell in cells):
                values = _values(cells, columns)
                yield _row(line, values, default_language, own_addresses, seen)


def encoding_of(path: Path) -> str:
    """Return the encoding of the whole file; raise InvalidInput if it is none of ours."""
    try:
        with path.open("rb") as raw:
            mark = raw.read(2)
        encoding = "utf-16" if mark in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        # All of it, before the first row is taken: half a file is never imported.
        with path.open(encoding=encoding) as text:
            while text.read(1 << 20):
                pass
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be read: {exc.strerror}.") from exc
    except UnicodeError as exc:
        raise InvalidInput(f"{path} is not UTF-8 text. Save it as CSV in UTF-8.") from exc
    return encoding


def _columns(header: list[str]) -> dict[str, int]:
    plain = [plain_title(title) for title in header]
    found = {
        column: place
        for column, aliases in ALIASES.items()
        for place, title in reversed(list(enumerate(plain)))
        if title in aliases
    }
    if "address" not in found:
        raise InvalidInput(
            "The first line of the file must name the columns: address,name,language. "
            f"It says: {', '.join(header)[:120].strip() or 'nothing'}."
        )
    return found


def plain_title(title: str) -> str:
    """Return what a column is called, in small letters without marks and accents."""
    letters = unicodedata.normalize("NFKD", title.lower())
    return "".join(letter for letter in letters if letter.isalnum())


def rows_of(table: "_csv.Reader", *, first: int) -> Iterator[tuple[int, list[str] | BadRow]]:
    """Yield the line that each row begins on, and its cells or what is wrong with them.

    `first` is the line on which the table begins: 2 below a header.

    A quotation mark that is never closed would swallow the rows after it: a cell
    over several lines is refused, and says so.
    """
    while True:
        line = table.line_num + first
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as exc:
            yield line, BadRow(line, f"this line is not CSV: {exc}")
            continue
        if any("\n" in cell or "\r" in cell for cell in cells):
            last = table.line_num + first - 1
            yield line, BadRow(line, f"a quotation mark is missing: it reaches to line {last}")
        else:
            yield line, cells


def _values(cells: list[str], columns: dict[str, int]) -> dict[str, str]:
    return {
        column: cell(cells[place]) if place < len(cells) else ""
        for column, place in columns.items()
    }


def cell(text: str) -> str:
    """Return what a cell says, without the mark that keeps it from being a formula."""
    return FORMULA_ESCAPE.sub("", text).strip()


def _row(
    line: int,
    values: dict[str, str],
    default_language: str,
    own_addresses: frozenset[str],
    seen: set[str],
) -> Row | BadRow:
    """Return the row, or why it cannot be used; remember its address in `seen`."""
    try:
        address = addresses.parse(values["address"])
    except InvalidAddress:
        return BadRow(line, "the address is not one that mail can reach")
    if address.canonical in own_addresses:
        return BadRow(line, "the address is one of this installation's own")
    if address.canonical in seen:
        return BadRow(line, "the address stands in the file already, further up")
    try:
        name = inputs.one_line(values.get("name", ""), field="name", most=LONGEST_NAME)
    except InvalidInput:
        return BadRow(line, "the name is too long or has characters that cannot be shown")
    try:
        language = languages.tag(values.get("language", "") or default_language)
    except InvalidInput:
        return BadRow(line, "the language is not a tag like en or pt-BR")
    seen.add(address.canonical)
    return Row(line, address, name, language, address_hmac(address.canonical))
