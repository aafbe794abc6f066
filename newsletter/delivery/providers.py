"""Whose servers take somebody's mail: the well-known houses by a table, else the domain.

Sending asks no DNS (DESIGN section 4), so the table names the domains of one
house. What is not in it is a provider of its own.
"""

from functools import lru_cache

import sqlalchemy as sa
from email_validator import EmailNotValidError

from newsletter import addresses
from newsletter.extensions import db

LONGEST = 255
"""Characters of a provider's name that are kept."""

# The first domain of a house is its name.
_HOUSES = """
gmail.com googlemail.com
outlook.com hotmail.com live.com msn.com passport.com windowslive.com outlook.at outlook.be
    outlook.cl outlook.co.id outlook.co.th outlook.com.ar outlook.com.au outlook.com.br
    outlook.com.gr outlook.com.tr outlook.com.vn outlook.cz outlook.de outlook.dk outlook.es
    outlook.fr outlook.hu outlook.ie outlook.in outlook.it outlook.jp outlook.kr outlook.lv
    outlook.my outlook.ph outlook.pt outlook.sa outlook.sg outlook.sk hotmail.be hotmail.ca
    hotmail.ch hotmail.cl hotmail.co.id hotmail.co.il hotmail.co.in hotmail.co.jp hotmail.co.kr
    hotmail.co.th hotmail.co.uk hotmail.co.za hotmail.com.ar hotmail.com.au hotmail.com.br
    hotmail.com.hk hotmail.com.tr hotmail.com.tw hotmail.com.vn hotmail.cz hotmail.de hotmail.dk
    hotmail.es hotmail.fi hotmail.fr hotmail.gr hotmail.hu hotmail.it hotmail.lt hotmail.lv
    hotmail.my hotmail.nl hotmail.no hotmail.ph hotmail.rs hotmail.se hotmail.sg hotmail.sk
    live.at live.be live.ca live.cl live.cn live.co.kr live.co.uk live.co.za live.com.ar
    live.com.au live.com.mx live.com.my live.com.pt live.com.sg live.de live.dk live.fi live.fr
    live.hk live.ie live.in live.it live.jp live.nl live.no live.ru live.se
yahoo.com yahoo.ca yahoo.cl yahoo.co.id yahoo.co.in yahoo.co.nz yahoo.co.th yahoo.co.uk
    yahoo.co.za yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.co yahoo.com.hk yahoo.com.mx
    yahoo.com.my yahoo.com.pe yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.ve
    yahoo.com.vn yahoo.cz yahoo.de yahoo.dk yahoo.es yahoo.fi yahoo.fr yahoo.gr yahoo.hu yahoo.ie
    yahoo.in yahoo.it yahoo.nl yahoo.no yahoo.pl yahoo.pt yahoo.ro yahoo.se ymail.com
    rocketmail.com myyahoo.com aol.com aol.co.uk aol.de aol.fr aol.it aim.com netscape.net
    verizon.net
icloud.com me.com mac.com
gmx.net gmx.at gmx.ch gmx.com gmx.de gmx.eu gmx.fr gmx.org gmx.info gmx.biz web.de mail.com
proton.me protonmail.com protonmail.ch pm.me
mail.ru bk.ru inbox.ru list.ru internet.ru
yandex.com yandex.ru yandex.by yandex.kz yandex.ua yandex.com.tr ya.ru
qq.com foxmail.com vip.qq.com
163.com 126.com yeah.net vip.163.com
naver.com navercorp.com
zoho.com zohomail.com zoho.eu zohomail.eu zoho.in zohomail.in
fastmail.com fastmail.fm
t-online.de magenta.de
orange.fr wanadoo.fr
laposte.net
free.fr
comcast.net xfinity.com
libero.it inwind.it iol.it blu.it giallo.it
seznam.cz email.cz post.cz spoluzaci.cz
"""


def _read_houses() -> dict[str, str]:
    """Return the name of its house for each domain in the table."""
    found: dict[str, str] = {}
    house = ""
    for line in _HOUSES.strip().splitlines():
        domains = line.split()
        if not line.startswith(" "):
            house = domains[0]
        found.update(dict.fromkeys(domains, house))
    return found


HOUSE_OF = _read_houses()
"""The house behind each well-known domain."""


def of(address: str) -> str:
    """Return the provider of an address: lower case, an A-label, at most 255 characters."""
    return _of_domain(address[address.rfind("@") + 1 :])


@lru_cache(maxsize=65_536)
def _of_domain(domain: str) -> str:
    if not domain.isascii():
        try:
            domain = addresses.for_transport(f"a@{domain}").rpartition("@")[2]
        except EmailNotValidError:
            # Nobody can be written to there; it still needs a name to be counted under.
            domain = domain.encode("ascii", "replace").decode()
    domain = domain.lower()[:LONGEST]
    return HOUSE_OF.get(domain, domain)


def expression(address: sa.SQLColumnExpression[str]) -> sa.ColumnElement[str]:
    """Return the same as SQL over a column of canonical addresses (`Subscriber.canonical`).

    For the INSERT ... SELECT of planning: most readers are found in no house
    or in one, and a list of constants is searched by its tree or hash.
    """
    domain = _domain(address)
    houses: dict[str, list[str]] = {}
    for name, house in HOUSE_OF.items():
        if name != house:
            houses.setdefault(house, []).append(name)
    others = [name for names in houses.values() for name in names]
    whose = sa.case(
        *((_is_one_of(domain, names), sa.literal(house)) for house, names in houses.items()),
        else_=domain,
    )
    return sa.case((_is_one_of(domain, others), whose), else_=domain)


def _domain(address: sa.SQLColumnExpression[str]) -> sa.ColumnElement[str]:
    if db.engine.dialect.name == "sqlite":
        return sa.func.substr(address, sa.func.instr(address, "@") + 1, LONGEST, type_=sa.String)
    return sa.func.split_part(address, "@", 2, type_=sa.String)


def _is_one_of(domain: sa.ColumnElement[str], names: list[str]) -> sa.ColumnElement[bool]:
    # Written out and once: hundreds of parameters would be sent, or put in, with each statement.
    written = ", ".join(f"'{name}'" for name in names)
    return domain.bool_op("IN")(sa.literal_column(f"({written})"))
