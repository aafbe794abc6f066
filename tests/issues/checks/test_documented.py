"""Every code of a finding is in docs/checks.md with its level, and no other."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import config
from newsletter.issues import checks

SOURCES = sorted(Path(checks.__file__).parent.glob("*.py"))
DOCUMENT = (config.ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
COMPOSED = {
    f"{way}-{result}" for way in ("spf", "dkim", "dmarc") for result in ("missing", "wrong")
}
WITHOUT_LEVEL = {"Fault": "warn", "_left_out": "warn", "_note": "note"}
"""What makes findings of one level; its first argument is the code."""


def test_the_document_says_what_the_checks_say() -> None:
    documented = dict(_documented())
    said = {code: level for path in SOURCES for code, level in _said(path)}
    assert said | dict.fromkeys(COMPOSED, "warn") == documented
    assert len(said) > 60


def _documented() -> Iterator[tuple[str, str]]:
    for codes, level in re.findall(r"^\| (`.*?) \| (\w+) \|", DOCUMENT, re.MULTILINE):
        for code in re.findall(r"`([a-z-]+)`", codes):
            yield code, level


def _said(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            if name in WITHOUT_LEVEL and (code := _text(node.args[0])):
                yield code, WITHOUT_LEVEL[name]
            yield from _after_level(node.args)
        elif isinstance(node, ast.Tuple):
            yield from _after_level(node.elts)
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            # What is said of subjects are warnings, made elsewhere.
            yield from [(code, "warn") for code in [_text(node.value.elts[0])] if code]


def _after_level(values: list[ast.expr]) -> Iterator[tuple[str, str]]:
    for before, after in pairwise(values):
        level, code = ast.unparse(before), _text(after)
        if level.startswith("Level.") and code:
            yield code, level.removeprefix("Level.").split()[0].lower()


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
