"""Names, headings and units in Chinese and English: one entry for one thing.

`data/codebook.csv` says for every column of a table its heading, unit, digits and kind; `data/glossary.csv` gives the
words that stand in cells. A `Book` adds what belongs to one edition: the labels of its nodes, its cities and regions.
Keys are the short Chinese names (北京, 粤港澳大湾区), so the Chinese label of a place is its key.

    >>> city("西安", "en"), node("F", "en"), word("printed", "zh")
    ("Xi'an", 'Factors', '原报告刊载')
"""

import re
import tomllib
from functools import cache, cached_property

import pandas as pd

from fire import files
from fire.errors import InputError, suggest
from fire.index import spec as specs
from fire.index.panel import STATUSES

LANGUAGES = ("zh", "en")
COLUMNS = files.DATA / "codebook.csv"
WORDS = files.DATA / "glossary.csv"
KINDS = ("number", "text", "word", "unit", "city", "region", "node", "status", "year", "p")
ENDS = {  # how well a value is known: columns beside its own
    "_status": {"zh": "的状态", "en": ": status"},
    "_low": {"zh": "的下端", "en": ": low"},
    "_high": {"zh": "的上端", "en": ": high"},
}
HAN = "\u3007\u4e00-\u9fff"
DIGITS_OF_SCORES = 3


class Lang(str):
    """A language of one edition: "zh" or "en", with the names of that edition in `.book`."""

    book: "Book"

    def __new__(cls, code: str, book: "Book"):
        lang = super().__new__(cls, code)
        lang.book = book
        return lang


class Book:
    """Names of one edition: those of the codebook and the glossary, its nodes (`spec`), cities and regions."""

    def __init__(self, spec=None, places: pd.DataFrame | None = None, regions: pd.DataFrame | None = None):
        self.spec = spec
        tables = (("city", places), ("region", regions))
        self.places = {
            kind: dict(zip(table[kind], table[f"{kind}_en"])) if table is not None else {}
            for kind, table in tables
        }
        self.zh, self.en = (Lang(code, self) for code in LANGUAGES)

    def lang(self, code: str) -> Lang:
        """A language that knows the names of this edition."""
        return {"zh": self.zh, "en": self.en}[code]

    def column(self, name, entry: str | None = None) -> dict:
        """Heading (zh, en), digits and kind of a column; `entry` names another entry of the codebook for it.

        A column `<entry>_<node>` or `<entry>_<year>` (rank_F, cv_2021) is that entry for the node or the year.
        Raises InputError for a column that neither the codebook nor the specification knows.
        """
        name, entries = str(name), columns()
        key = entry or name
        if key in entries:
            return entries[key]
        if key.removeprefix("share_") in STATUSES:
            zh, en = (word(key.removeprefix("share_"), lang) for lang in LANGUAGES)
            return {"zh": f"{zh}占比", "en": f"share {en}", "digits": 2, "kind": "number"}
        for end, words_of in ENDS.items():
            if key.endswith(end) and key.removesuffix(end) not in ("", key):
                base = self.column(key.removesuffix(end))
                return {lang: base[lang] + words_of[lang] for lang in LANGUAGES} | {
                    "digits": base["digits"],
                    "kind": "status" if end == "_status" else "number",
                }
        if self.spec is not None and key in self.spec.nodes.index:
            label = {lang: self.spec.label(key, lang) for lang in LANGUAGES}
            return label | {"digits": DIGITS_OF_SCORES, "kind": "number"}
        if re.fullmatch(r"(19|20)\d\d", key):
            return {"zh": key, "en": key, "digits": None, "kind": "number"}
        if key in self.places["city"] or key in self.places["region"]:
            return {lang: unit(key, self.lang(lang)) for lang in LANGUAGES} | {"digits": None, "kind": "text"}
        for place in (position for position, sign in enumerate(key) if sign == "_"):
            head, tail = key[:place], key[place + 1 :]
            if head in entries and (first := self._of(tail)):
                return entries[head] | {lang: first[lang] + entries[head][lang] for lang in LANGUAGES}
        raise InputError(
            "data/codebook.csv",
            [f"no column '{key}': add a row with its heading in zh and en" + suggest(key, entries)],
        )

    def _of(self, tail: str) -> dict | None:
        """What the end of a column name puts before a heading: a year or a node; None for anything else."""
        if re.fullmatch(r"(19|20)\d\d", tail):
            return dict.fromkeys(LANGUAGES, f"{tail} ")
        if self.spec is None or tail not in self.spec.nodes.index:
            return None
        return {lang: self.spec.label(tail, lang) + colon for lang, colon in (("zh", "："), ("en", ": "))}

    @cached_property
    def english(self) -> dict[str, str]:
        """English by Chinese name of everything that stands in tables: places, nodes, units, technologies, words."""
        tracks = files.read_csv(files.DATA / "technology.csv")
        nodes = (
            {} if self.spec is None else _pairs(self.spec.nodes, "label") | _pairs(self.spec.nodes, "unit")
        )
        terms = {entry["zh"]: entry["en"] for entry in words().values()}
        return {
            **terms,
            **nodes,
            **dict(zip(tracks["track"], tracks["track_en"])),
            **dict(zip(tracks["category"], tracks["category_en"])),
            **_types(),
            **self.places["city"],
            **self.places["region"],
        }

    @cached_property
    def _alone(self) -> dict[bool, re.Pattern]:
        """Any known name, or (True) any place, with no other Chinese character and no quotation mark beside it."""
        return {
            False: _standing_alone(self.english),
            True: _standing_alone({**self.places["city"], **self.places["region"]}),
        }

    def translated(self, text: str, places_only: bool = False) -> str:
        """The text with every known name put into English; a name inside a longer Chinese word or in quotation marks
        stays. `places_only`: cities and regions, where the text is about the Chinese words themselves.

        >>> default().translated("深圳;广州 – 要素基础"), default().translated("深圳市")
        ('Shenzhen;Guangzhou – Factors', '深圳市')
        """
        return self._alone[places_only].sub(lambda found: self.english[found[0]], text)


def _standing_alone(names) -> re.Pattern:
    known = filter(re.compile(f"[{HAN}]").search, names)
    longest_first = "|".join(map(re.escape, sorted(known, key=len, reverse=True))) or r"(?!)"
    return re.compile(f"(?<![{HAN}'])(?:{longest_first})(?![{HAN}'])")


def _pairs(nodes: pd.DataFrame, what: str) -> dict[str, str]:
    named = nodes.dropna(subset=[f"{what}_zh", f"{what}_en"])
    return dict(zip(named[f"{what}_zh"], named[f"{what}_en"]))


def _types() -> dict[str, str]:
    table = tomllib.loads((files.DATA / "typology.toml").read_text(encoding="utf-8"))
    entries = [one for part in table.values() if isinstance(part, dict) for one in part.values()]
    return {name: one["en"] for one in entries if isinstance(one, dict) for name in one.get("names", [])}


@cache
def columns() -> dict[str, dict]:
    """The codebook: heading with its unit in zh and en, digits (None: none for whole numbers, else 2) and kind."""
    table = files.read_table_with(COLUMNS, ["column", "zh", "en", "unit", "digits", "kind"]).fillna("")
    faults = [
        f"row {row + 2}: column '{name}' is there already"
        for row, name in enumerate(table["column"])
        if name in set(table["column"][:row])
    ]
    faults += [
        f"row {row.Index + 2}, '{row.column}': zh and en are both needed"
        for row in table.itertuples()
        if not (row.zh and row.en)
    ]
    faults += [
        f"row {row.Index + 2}, '{row.column}': kind '{row.kind}' is not one of {', '.join(KINDS)}"
        for row in table.itertuples()
        if row.kind not in ("", *KINDS)
    ]
    if faults:
        raise InputError(COLUMNS.name, faults)
    found = {}
    for row in table.itertuples():
        unit = words().get(row.unit, {"zh": row.unit, "en": row.unit})
        heads = {
            "zh": f"{row.zh}（{unit['zh']}）" if row.unit else row.zh,
            "en": f"{row.en} ({unit['en']})" if row.unit else row.en,
        }
        found[row.column] = heads | {
            "digits": int(row.digits) if row.digits else None,
            "kind": row.kind or "number",
        }
    return found


@cache
def words() -> dict[str, dict]:
    """The glossary: term → {"zh", "en"}."""
    table = files.read_table_with(WORDS, ["term", "zh", "en"])
    return {row.term: {"zh": row.zh, "en": row.en} for row in table.itertuples()}


@cache
def default() -> Book:
    """The names of the shipped cities, regions and index, for a language that belongs to no edition."""
    tables = (files.read_csv(files.DATA / f"{name}.csv") for name in ("places", "regions"))
    return Book(specs.load("fire-2022"), *tables)


def book(lang: str) -> Book:
    """The names that go with a language."""
    return getattr(lang, "book", None) or default()


def word(term: str, lang: str = "zh") -> str:
    """A word of the glossary, or a name of the edition (a technology, a place); a term that both lack stays as it is.

    >>> word("firms", "zh"), word("人工智能", "en")
    ('企业', 'Artificial intelligence')
    """
    if term in words():
        return words()[term][str(lang)]
    return term if lang == "zh" else book(lang).english.get(term, term)


def year(number, lang: str = "zh") -> str:
    """A year, without thousands separator."""
    return str(number).removesuffix(".0")


def _place(kind: str, name: str, lang: str) -> str:
    """Label of one place; InputError when the name is unknown."""
    known = book(lang).places[kind]
    if name not in known:
        raise InputError(
            f"{kind} '{name}'",
            [
                "unknown in this edition: add a row for it to its places, or correct "
                "the name" + suggest(name, known)
            ],
        )
    return name if lang == "zh" else known[name]


def city(name: str, lang: str = "zh") -> str:
    """Label of a city."""
    return _place("city", name, lang)


def region(name: str, lang: str = "zh") -> str:
    """Label of a region."""
    return _place("region", name, lang)


def unit(name: str, lang: str = "zh") -> str:
    """Label of a city or a region; any other name (a firm, a country) is a word, or stays as it is. Several names, with
    semicolons (or plus signs: taken together) between them, get the commas of the language.

    >>> unit("深圳;广州", "zh"), unit("深圳;广州", "en"), unit("深圳+广州", "en")
    ('深圳、广州', 'Shenzhen, Guangzhou', 'Shenzhen + Guangzhou')
    """
    for sign, joined in ((";", "、" if lang == "zh" else ", "), ("+", " + ")):
        if sign in name:
            return joined.join(unit(one.strip(), lang) for one in name.split(sign))
    known = book(lang).places
    if name not in known["city"] and name not in known["region"]:
        return word(name, lang)
    return name if lang == "zh" else known["city"].get(name) or known["region"][name]


def status(name: str, lang: str = "zh") -> str:
    """Label of a data status.

    >>> status("simulated", "zh")
    '模拟'
    """
    return words()[name][str(lang)]


def mark(name: str, lang: str = "zh") -> str:
    """The mark that a value of this status carries at the number; none for an observed one.

    >>> mark("printed"), mark("implied", "en"), mark("observed")
    ('[刊]', '[i]', '')
    """
    return words().get(f"mark-{name}", {}).get(str(lang), "")


def node(name: str, lang: str = "zh") -> str:
    """Label of an index node (root, pillar, dimension, indicator)."""
    return book(lang).spec.label(name, str(lang))


STATUS = tuple(STATUSES)
