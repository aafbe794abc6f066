"""What slips into a log line is hidden there."""

import logging
import re

import pytest
from flask import Flask

from config import ROOT
from newsletter import links
from newsletter.logs.hiding import Hiding, hide
from tests.conftest import NOW
from tests.timing import within

MANUAL = ROOT / "docs" / "operating.md"
TOKENS = [value for value in vars(links).values() if isinstance(value, links.Link)]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("to ada@example.org now", "to a…@e….org now"),
        ("<Ada.Lovelace+news@mail.example.org>", "<A…@m….org>"),
        ("550 5.1.1 <ada@example.org>: no", "550 5.1.1 <a…@e….org>: no"),
        ("['ada@example.org', 'ben@example.com']", "['a…@e….org', 'b…@e….com']"),
        ('{"address":"ada@example.org"}', '{"address":"a…@e….org"}'),
        ("mailto:ada@example.org?subject=x", "mailto:a…@e….org?subject=x"),
        ("ada%40example.org", "a…@e….org"),
        ("jörg@exämple.de", "j…@e….de"),
        ("o'neil@example.org", "o…@e….org"),
        ("ada@localhost", "…"),
        ("postgresql://news:secret@db/news", "postgresql://news:…/news"),
        ("a…@e….org", "a…@e….org"),
        ("to a/b@example.org", "to a…@e….org"),
        ("alexander/smith%40example.org", "a…@e….org"),
        ("ada%2Bnews%40example.org", "a…@e….org"),
        ("ada%2540example.org", "a…@e….org"),
        ("ada%x@example.org", "a…@e….org"),
        ("nothing to hide at 09:00", "nothing to hide at 09:00"),
        ("@", "@"),
    ],
)
def test_addresses_are_hidden(text: str, hidden: str) -> None:
    assert hide(text) == hidden


@pytest.mark.parametrize("mark", "!#$%&'*+-/=?^_`{|}~")
def test_no_mark_in_an_address_keeps_it_from_being_hidden(mark: str) -> None:
    for local in (f"ada{mark}", f"ada{mark}grace", f"{mark}ada", f"{mark}ada{mark}", mark):
        for line in ("to {} now", "<{}>", "('{}', 'b')", '{{"to": "{}"}}', "?to={}&x=1", "k='{}'"):
            hidden = hide(line.format(f"{local}@example.org"))
            assert "ada" not in hidden
            assert "grace" not in hidden
            assert "example" not in hidden


def test_what_opens_a_link_is_cut_off_of_every_page_that_takes_it(app: Flask) -> None:
    token = links.MEMBERSHIP.token("17-4", now=NOW)
    for rule in _rules_with_tokens(app):
        before, _, after = rule.partition("<token>")
        for made in (token, token[:-1], f"{token}.%20x", "17-4.ab.cd"):
            for line in (
                f'"POST {before}{made}{after} HTTP/1.1" 200',
                f"https://news.example.org{before}{made}{after}?lang=fr",
                f"Referer: https://news.example.org{before}{made}{after}",
            ):
                assert hide(line) == line.replace(made, "…")


def test_the_web_server_in_the_manual_leaves_out_every_page_of_a_link(app: Flask) -> None:
    left_out = re.search(r"map \$request_uri \$loggable { ~(\S+) 0;", MANUAL.read_text())
    assert left_out is not None
    for rule in _rules_with_tokens(app):
        assert re.search(left_out[1], rule.replace("<token>", "17-4.ab.cd")), rule
    for path in ("/", "/archive/12", "/members/join", "/library/", "/desk/issues/3"):
        assert not re.search(left_out[1], path)


def _rules_with_tokens(app: Flask) -> set[str]:
    rules = {rule.rule for rule in app.url_map.iter_rules() if "token" in rule.arguments}
    # One for every kind of link, at least; what a cookie holds stands in no address.
    assert len(rules) >= sum("{token}" in link.path for link in TOKENS)
    return rules


@pytest.mark.parametrize("link", TOKENS, ids=lambda link: link.purpose)
def test_what_opens_a_link_is_cut_off_wherever_it_stands(app: Flask, link: links.Link) -> None:
    token = link.token("17-4", now=NOW)
    for line in (
        f"cookie managed={token}; x",
        f"/else/{token}/where",
        f"{{'token': '{token}'}}",
        f"/else/{token}xx ",
    ):
        hidden = hide(line)
        assert token[-43:] not in hidden
        assert hidden.endswith(line[-1])


@pytest.mark.parametrize("slash", ["%2F", "%2f", "%252F"])
def test_what_opens_a_link_is_cut_off_also_inside_of_another_link(app: Flask, slash: str) -> None:
    token = links.UNSUBSCRIBE.token("17-4", now=NOW)
    path = f"/unsubscribe/{token}".replace("/", slash)
    assert hide(f"GET /?next={path} 200") == f"GET /?next={slash}unsubscribe{slash}… 200"


def test_other_paths_are_left_alone() -> None:
    line = "GET /archive/12 /library/guidance-on-mms /desk/issues/3/report?page=2&share=90%"
    assert hide(line) == line


def test_a_record_is_hidden_with_its_arguments() -> None:
    record = logging.makeLogRecord({"msg": "mail to %s: %s", "args": ("ada@example.org", "ok")})
    assert Hiding().filter(record)
    assert record.getMessage() == "mail to a…@e….org: ok"


def test_a_record_with_wrong_arguments_is_a_line_still() -> None:
    record = logging.makeLogRecord({"msg": "mail to %s and %s", "args": ("ada@example.org",)})
    assert Hiding().filter(record)
    assert "ada@" not in record.getMessage()


def test_a_long_line_takes_no_longer_than_others() -> None:
    within(2, lambda: hide("x" * 200_000 + "@" + "y" * 200_000))
