"""What the documents say is there is there, and the other way round."""

import re
from pathlib import Path

import click
import pytest
from flask import Flask

import config
from newsletter import cli
from tests import pages

ROOT = Path(config.__file__).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAP = (ROOT / "docs/map.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
READERS = (ROOT / "docs/readers.md").read_text(encoding="utf-8")
DESK = (ROOT / "docs/desk.md").read_text(encoding="utf-8")


def test_every_setting_is_documented() -> None:
    source = (ROOT / "config.py").read_text(encoding="utf-8")
    settings = set(re.findall(r'environ(?:\.get\(|, )"([A-Z_]+)"', source))
    assert len(settings) >= 15
    assert {name for name in settings if f"`{name}`" not in README} == set()


def test_every_documented_setting_exists() -> None:
    source = (ROOT / "config.py").read_text(encoding="utf-8")
    table = README.partition("| variable |")[2].partition("\n\n")[0]
    documented = set(re.findall(r"`([A-Z_]{4,})`", table)) - {"SLUG"}
    assert {name for name in documented if f'"{name}"' not in source} <= {"FULL", "NORMAL"}


def test_every_command_and_option_is_documented() -> None:
    missing = [
        f"flask {group.name} {name}"
        for group in cli.GROUPS
        for name, command in group.commands.items()
        if not _is_documented(f"flask {group.name} {name}", command)
    ]
    assert missing == []


def test_every_documented_command_exists(app: Flask) -> None:
    known = {f"flask {group.name} {name}" for group in cli.GROUPS for name in group.commands}
    for line in re.findall(r"^\| `(flask [a-z]+ [a-z-]+)", COMMANDS, re.MULTILINE):
        assert line in known
    for line in re.findall(r"(flask [a-z]+ [a-z-]+)", README):
        assert line in known or line.startswith(("flask db", "flask and"))


@pytest.mark.parametrize("folder", ["newsletter"])
def test_the_map_names_every_module(folder: str) -> None:
    modules = [path for path in (ROOT / folder).rglob("*.py") if path.name != "__init__.py"]
    assert len(modules) > 80
    assert [str(path.relative_to(ROOT)) for path in modules if path.stem not in MAP] == []


def test_the_map_names_no_module_that_is_gone() -> None:
    for name in re.findall(r"([a-z_][a-z_.]*\.py)\b", MAP):
        assert (
            list(ROOT.glob(name))
            or list(ROOT.glob(f"newsletter/**/{name}"))
            or list(ROOT.glob(f"tests/**/{name}"))
        ), name


def test_the_tours_show_every_picture_once_and_says_what_is_on_it() -> None:
    tours = DESK + READERS
    shown = re.findall(r"^!\[([^]]{10,})\]\(pictures/([a-z-]+\.png)\)$", tours, re.MULTILINE)
    names = [name for _, name in shown]
    assert len(names) == tours.count("![") == len(set(names))
    assert set(names) == {path.name for path in (ROOT / "docs/pictures").iterdir()}
    assert len({words for words, _ in shown}) == len(names)


def test_the_readme_shows_pictures_that_exist() -> None:
    for path in re.findall(r"!\[[^]]+\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file(), path


def test_the_tour_names_every_page_of_the_desk_and_no_other() -> None:
    named = set(re.findall(r"`(/desk/[^`]*)`", DESK))
    there = {re.sub(r"<[a-z]+:", "<", rule) for rule in {**pages.DESK, **pages.DESK_OF_NOBODY}}
    assert named == there


def _is_documented(line: str, command: click.Command) -> bool:
    found = re.search(rf"`{line}[ `][^\n]*", COMMANDS)
    if found is None:
        return False
    options = [
        max(option.opts, key=len) for option in command.params if isinstance(option, click.Option)
    ]
    return all(option in found[0] for option in options if option != "--help")
