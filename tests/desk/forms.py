"""Forms as a browser without scripts sends them: every field of the page, then what changes."""

from collections.abc import Mapping, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

Fields = dict[str, str | list[str]]


def fields_of(page: str, selector: str = "form#write") -> Fields:
    """Return what the form would send, its token included, without any of its buttons."""
    form = LexborHTMLParser(page).css_first(selector)
    assert form is not None, f"there is no {selector} on the page"
    found: dict[str, list[str]] = {}
    for node in form.css("input, select, textarea"):
        name = node.attributes.get("name")
        if name and "disabled" not in node.attributes:
            for value in _values(node):
                found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def filled(page: str, changes: Mapping[str, str | Sequence[str]], do: str = "save") -> Fields:
    """Return the composer's form with some fields changed and one button pressed."""
    fields = fields_of(page)
    for name in changes:
        assert name in fields, f"there is no field {name}"
    return {**fields, **{name: _plain(value) for name, value in changes.items()}, "do": do}


def _plain(value: str | Sequence[str]) -> str | list[str]:
    return value if isinstance(value, str) else list(value)


def _values(node: LexborNode) -> list[str]:
    attributes = node.attributes
    if node.tag == "textarea":
        # The first line end after the tag belongs to the markup.
        return [node.text().removeprefix("\n")]
    if node.tag == "select":
        options = node.css("option")
        chosen = [one for one in options if "selected" in one.attributes] or options[:1]
        return [one.attributes.get("value") or "" for one in chosen]
    if attributes.get("type") in ("checkbox", "radio") and "checked" not in attributes:
        return []
    return [attributes.get("value") or ""]
