"""Texts as long as one may be that have kept Markdown parsers busy for minutes."""

LONGEST = 100_000


def _full_of(pattern: str) -> str:
    return (pattern * (LONGEST // len(pattern) + 1))[:LONGEST]


def _table(columns: int) -> str:
    """A table whose rows are short and filled up."""
    return ("|a" * columns + "|\n" + "|-" * columns + "|\n" + "|\n" * LONGEST)[:LONGEST]


FULL_OF = [
    *("[", "![", "]", "[]", "[a](", "[a][", "[](<", "[x](y) ", "[a]: b\n", "<http://a.b>"),
    *("*", "_", "~~a ", "*a ", "**a ", "a**b", "a*_ ", "*_~~**", "**x** ", "a_"),
    *("`", "`a", "``` \n", "<", "<a ", "<!--", "<?", "<!A ", "<![CDATA[", "&", "&amp;", "&#"),
    *(">", "> ", "> - ", "> a\nb\n", "- ", "-\n", "* a\n", "1. ", "1.\n", "* ", "# a\n", "a\n=\n"),
    *("# a\n\n- b\n\n> c\n\n", "a\n", "\n", "\t", "    a\n", "|", "a|b\n-|-\n\n", "\\", "\\*"),
    *("://", ":// ", "http://", "http://a.b ", "http://a.b/(", "www.", "xn--a.", "@", "a@b.co "),
    *("a.co ", "a.", ":", "-.", "//a", "mailto:", "a-b.", "{{", "{{ name }}", "{{ name | "),
    *("a ", "é ", "漢字", "\u05d0", "👩\u200d", '"', "---\n\n", "(", "."),
]

ENDLESS = {
    **{pattern: _full_of(pattern) for pattern in FULL_OF},
    "brackets around brackets": "[" * (LONGEST // 2) + "]" * (LONGEST // 2),
    "links in links": "[" * 20_000 + "a" + "](b)" * 20_000,
    "code of every length": "".join("a" + "`" * length for length in range(1, 445)),
    "a list that goes deeper": "".join(f"{'  ' * level}- a\n" for level in range(310)),
    "quotes of every depth": "".join(">" * (line % 20) + " a\n" for line in range(8_000)),
    "a wide table": _table(5_000),
    "a table as wide as long": _table(50),
    "many tables": _full_of("|a" * 50 + "|\n" + "|-" * 50 + "|\n" + "|\n" * 50 + "\n"),
    "words with hyphens": _full_of("a-" * 900 + ".co "),
    "words as long as addresses": _full_of("://" * 660 + " "),
    "one long address": ("http://a.b/" + "'(" * LONGEST)[:LONGEST],
    "letters with many accents": "a" + "\u0301" * (LONGEST - 1),
}
"""Each text by what it is, or by what it is full of."""
