"""What a reader would call odd in a text: an id, a word of the other language, a number with too many digits, a clipped name.

`odd(text, lang)` looks at one text; `exhibits` and `pages` at all texts of a built edition. Words of the other
language that may stand are those of the glossary, the codebook and the indices, and those of tests/odd.toml.
`python -m tests.odd 2022` lists what is found: exhibit or page, place, kind, what.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import openpyxl
import pandas as pd
from lxml import etree, html

import fire
from fire import codebook, files
from fire.index import spec as specs
from fire.report import exhibits as shows

HAN = codebook.HAN
WORD = re.compile(r"[A-Za-z][A-Za-z'’.&/+-]*[A-Za-z]|[A-Za-z]")
ID = re.compile(r"(?<![\w./-])(?:[A-Za-z0-9]+_)+[A-Za-z0-9]+(?![\w-])")
FILE = re.compile(
    r"(?<![\w])(?:[a-z]+/)+(?![\w.])|(?:data|studies|reports|build)(?:/[a-z-]+)+(?![\w./*-])|(?<![\w])[\w./*□-]+\.(?:toml|csv|ya?ml|ipynb|py|xlsx|json|parquet|cff|duckdb|md)\b"
)
ADDRESS = re.compile(
    r"(?:https?://|doi:|10\.\d{4,}/|(?<![\w@])(?:[\w-]+\.)+(?:cn|com|edu|gov|io|mo|net|org)\b)[^\s（）()，。；;]*"
)
CODE = re.compile(r"(?<![\w])[A-Z]{1,3}\d+(?![\w])")  # the number of a line in a list: FR096
CLIPPED = re.compile(r"\S*~\d*(?=\s|$)|\S*(?:\.\.\.|…)(?=$)")
NOTHING = re.compile(
    r"(?<![\w-])(?:nan|NaN|NaT|inf|undefined|null|<NA>)(?![\w-])|^(?:None|True|False)$|\{\{|\}\}|\{%"
)
EXPONENT = re.compile(r"\d(?:\.\d+)?e[+-]?\d+")
NUMBER = re.compile(r"(?<![\w.,/-])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w./])|(?<![\w.,/-])\d+\.\d+(?![\w./])")
QUOTED = re.compile(
    r"“[^”]{1,60}”|\"[^\"]{1,60}\"|(?<![A-Za-z])'[^']{1,60}'(?![A-Za-z])"
)  # the words of another text
DOUBLED = {
    "zh": re.compile(
        rf"([{HAN}，。；：、])\1(?<=的的|了了|在在|有有|为为|是是|和和|居居|，，|。。|；；|、、|：：)|[，；、：]。|。[，；、]"
    ),
    "en": re.compile(r"\b([A-Za-z]+) \1\b(?<!that that)(?<!had had)|,,|\.\.(?!\.)| [,;.](?=\s|$)|;\.|,\."),
}
POINTS = {
    "zh": re.compile(rf"[{HAN}][,;:?!]|[,;:?!](?=[{HAN}])"),
    "en": re.compile(r"[，。、；：？！（）《》「」]"),
}
INLINE = re.compile(
    "a|abbr|b|bdi|cite|del|em|i|ins|kbd|mark|q|s|small|span|strong|sub|sup|time|tspan|u"
).fullmatch
GAP = "□"  # what stands for a formula or code in a sentence
MACHINE = {"ledger"}  # data to be read by a program, which no page shows
COLUMNS = ["name", "lang", "place", "kind", "what", "text"]
MOST_DECIMALS = 4  # the most that the codebook gives any column


@cache
def allowed(lang: str) -> dict:
    """What odd.toml allows in a language: `words` and `texts`, each with its reason."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))[lang]


@cache
def latin() -> frozenset:
    """Latin words that may stand in a Chinese text: names in the Chinese of glossary, codebook and indices, and those of odd.toml."""
    labels = [entry["zh"] for entry in (*codebook.words().values(), *codebook.columns().values())]
    for path in specs.INDICES.glob("*.toml"):
        labels += list(specs.load(path.stem).nodes["label_zh"])
    names = (word for label in labels for word in WORD.findall(label) if not word.islower())
    return frozenset(names) | allowed("zh")["words"].keys()


@cache
def terms(lang: str) -> frozenset:
    """The terms of the glossary that a reader of a language should see as other words."""
    return frozenset(
        term
        for term, entry in codebook.words().items()
        if term.isascii() and entry[lang].lower() != term.lower()
    )


def odd(text: str, lang: str) -> list[tuple[str, str]]:
    """(kind, what) of everything odd in a text: id, nothing, number, clipped, foreign, doubled, punctuation.

    >>> odd("41,956.0 件，rd_staff_per_firm 为 1e-12", "zh")
    [('id', 'rd_staff_per_firm'), ('number', '1e-12'), ('number', '41,956.0')]
    >>> odd("Trend of 深圳 at 2.222", "en"), odd("人均 GDP 与 mean income", "zh")
    ([('foreign', '深圳')], [('foreign', 'mean'), ('foreign', 'income')])
    """
    for passage in sorted(allowed(lang)["texts"], key=len, reverse=True):
        text = text.replace(passage, GAP)
    text = QUOTED.sub(GAP, FILE.sub(GAP, ADDRESS.sub(GAP, text)))
    found = [("id", one) for one in ID.findall(text)] + [("id", text)] * (text.strip() in terms(lang))
    text = ID.sub(" ", text)
    found += [("nothing", one[0]) for one in NOTHING.finditer(text)]
    found += [("number", one[0]) for one in EXPONENT.finditer(text)]
    found += [("number", one[0]) for one in NUMBER.finditer(text) if _long(one[0])]
    found += [("clipped", one[0]) for one in CLIPPED.finditer(text)]
    found += [("doubled", one[0]) for one in DOUBLED[lang].finditer(text)]
    found += [("punctuation", _around(text, one)) for one in POINTS[lang].finditer(text)]
    if lang == "zh":
        text = CODE.sub(GAP, EXPONENT.sub(GAP, NOTHING.sub(GAP, text)))
        found += [("foreign", one) for one in WORD.findall(text) if len(one) > 1 and one not in latin()]
    else:
        found += [("foreign", one) for one in re.findall(f"[{HAN}]+", text)]
    return found


def _long(number: str) -> bool:
    """Whether a number has more digits than a reader can use: many decimals, or decimals after five digits and more."""
    whole, _, decimals = number.partition(".")
    return len(decimals) > MOST_DECIMALS or bool(decimals) and len(whole.replace(",", "")) > 4


def _around(text: str, found: re.Match) -> str:
    return text[max(0, found.start() - 8) : found.end() + 8].strip()


def exhibits(source: Path, ed) -> pd.DataFrame:
    """What is odd in the exhibits that the notebooks wrote under `source`: name, lang, place, kind, what, text."""
    rows = []
    folders = sorted(path.parent for path in source.glob("[!.]*/exhibits"))
    found = {
        name: one | {"folder": folder} for folder in folders for name, one in shows.load(folder, ed).items()
    }
    for name, record in found.items():
        if name in MACHINE:
            continue
        for lang in map(ed.book.lang, codebook.LANGUAGES):
            for place, text in _texts(record, lang):
                rows += [(name, str(lang), place, *one, text) for one in odd(text, str(lang))]
    return pd.DataFrame(rows, columns=COLUMNS)


def _texts(record: dict, lang):
    """(place, text) of everything that a reader sees of one exhibit."""
    for part in ("title", "alt", "note", "source", "text"):
        if part in record:
            yield part, re.sub(r"\$[^$]*\$", " ", record[part][str(lang)])
    if record["kind"] == "table":
        frame = shows.load_table(record["folder"], record["name"], record["labels"])
        shown = shows.display_frame(frame, record["labels"], lang)
        for column, name in enumerate(shows.shown_columns(frame.columns, lang)):
            head = shown.columns[column]
            yield f"heading {name}", head
            for row, cell in enumerate(shown.iloc[:, column], 2):
                yield f"row {row}, {name}", lang.book.translated(cell) if lang == "en" else cell
    if record["kind"] == "figure":
        for text in figure(record["folder"] / "figures" / f"{record['name']}.{lang}.svg"):
            yield "face", text


def figure(path: Path) -> list[str]:
    """The texts on the face of a figure."""
    return ["".join(one.itertext()) for one in html.parse(path).iter("text")]


def page(path: Path) -> list[tuple[str, str]]:
    """(id of the nearest section, text) of what a web page shows: every paragraph, cell, label; no code, formula, script."""
    tree = html.fromstring(path.read_bytes(), parser=html.HTMLParser(encoding="utf-8"))
    for one in tree.xpath("//script|//style|//*[@lang and not(self::html)]|//a[@class='brand']"):
        one.drop_tree()
    for one in tree.xpath("//code|//pre|//math|//*[contains(@class,'math')]"):
        one.tail = f"{GAP}{one.tail or ''}"
        one.drop_tree()
    place, found = "", []
    for one in tree.iter(etree.Element):
        place = one.get("id") or place
        shown = [one.get(name, "") for name in ("aria-label", "alt", "title", "placeholder")]
        if not INLINE(one.tag):
            shown.append("".join(_flowing(one)))
        found += [(place, " ".join(text.split())) for text in shown if text.strip()]
    return found


def _flowing(block) -> Iterator[str]:
    """The text of a block and of what flows in it, without that of blocks inside it."""
    yield block.text or ""
    for child in block.iterchildren(etree.Element):
        yield from _flowing(child) if INLINE(child.tag) else " "
        yield child.tail or ""


def pages(folder: Path) -> pd.DataFrame:
    """What is odd in the web pages of a built report: name, lang, place, kind, what, text."""
    rows = []
    for path in sorted(folder.rglob("*.html")):
        lang = path.suffixes[0].strip(".") if len(path.suffixes) > 1 else ""
        if lang in codebook.LANGUAGES:
            for place, text in page(path):
                rows += [(path.name, lang, place, *one, text) for one in odd(text, lang)]
    return pd.DataFrame(rows, columns=COLUMNS)


def workbook(path) -> pd.DataFrame:
    """What is odd in the cells of a workbook."""
    rows, lang = [], path.suffixes[-2].strip(".")
    for sheet in openpyxl.load_workbook(path, read_only=True):
        for row in sheet.iter_rows():
            texts = [(cell.coordinate, cell.value) for cell in row if isinstance(cell.value, str)]
            rows += [
                (path.name, lang, f"{sheet.title}!{where}", *one, text)
                for where, text in texts
                if not text.startswith("=")
                for one in odd(text, lang)
            ]
        rows += [(path.name, lang, sheet.title, *one, sheet.title) for one in odd(sheet.title, lang)]
    return pd.DataFrame(rows, columns=COLUMNS)


if __name__ == "__main__":
    ed = fire.load(sys.argv[1])
    found = pd.concat([exhibits(files.ROOT / "build" / ed.name, ed), pages(files.REPORTS / ed.name)])
    for one in found.itertuples():
        print(f"{one.name}.{one.lang}\t{one.place}\t{one.kind}\t{one.what}\t{one.text[:120]}")
    print(len(found))
