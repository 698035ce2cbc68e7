"""The exhibit catalogue: sentences, titles, notes and alternative texts, filled from results in Chinese and English.

The templates are in `reports/exhibits/*.toml` (and `exhibits/` of a study). They hold words, not results: `say` refuses
a template with a typed number, a value it was not given, and a number that is not a rounding of a value it was given.
A sentence whose condition fails is empty and is not printed. Rendering is repeated at assembly, so that an edited
sentence shows in the report without running a notebook again.
"""

import hashlib
import math
import re
import tomllib
from functools import cache
from pathlib import Path

import jinja2
import pandas as pd

from fire import codebook, files
from fire.analysis.known import apart
from fire.codebook import LANGUAGES
from fire.errors import InputError, refuse, suggest

FOLDER = files.REPORTS / "exhibits"
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
ARTICLED = re.compile(
    r"\b(Area|Delta|Peninsula|Strait|Gulf|Yangtze|(North|South)(east|west))$"
)  # names with "the"
START = re.compile(r"(^|[.?!] )the (?=[A-Z])")  # of a sentence that begins with such a name
SMALL_P = re.compile(r"< 0\.0*1\b")  # of a p-value below what is printed
COUNT_WORDS = {
    "zh": re.compile(r"[两二三四五六七八九十百千]+(?=[个座家项位名种类])"),
    "en": re.compile(r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred)\b", re.I),
}


# What an entry of the catalogue may hold. Texts come in both languages; those in COUNTED may type no number.
TEXTS = ("title", "plain", "note", "alt", "source")
COUNTED = ("text", "title", "plain", "note", "alt")
KEYS = (*LANGUAGES, *TEXTS, "status", "columns")


class Catalogue:
    """All entries of some folders of TOML files: `catalogue["index-league"]["title"]["zh"]` is a template.

    An entry is a sentence (zh, en), or what belongs to a figure or table: title, alt, note, source (each zh and en),
    plain (the title where no finding holds in enough draws), status (a list, where the frame does not tell), columns (column = entry of the codebook, where another heading is
    wanted). Raises InputError for invalid TOML, doubled ids, unknown keys, a missing language and typed numbers.
    """

    def __init__(self, *folders: Path):
        self.folders, self.entries, self.files = folders, {}, {}
        faults = []
        for path in sorted(path for folder in folders for path in folder.glob("*.toml")):
            try:
                table = tomllib.loads(files.decode(path))
            except tomllib.TOMLDecodeError as error:
                faults.append(f"{path}: not valid TOML: {error}")
                continue
            for name, entry in table.items():
                if name in self.files:
                    faults.append(f"{path}: [{name}] is also in {self.files[name].name}: rename one")
                faults += [f"{path}: [{name}]: {fault}" for fault in _entry_faults(entry)]
                self.entries[name], self.files[name] = entry, path
        refuse("reports/exhibits", faults)

    def __getitem__(self, name: str) -> dict:
        if name not in self.entries:
            raise InputError(
                "reports/exhibits",
                [f"no entry '{name}': add [{name}] to a file there" + suggest(name, self.entries)],
            )
        return self.entries[name]

    def say(self, name: str, values: dict, book, what: str = "text") -> dict:
        """`{"zh": …, "en": …}` of one text of an entry ("text": its sentence, else one of TEXTS) for these values.

        Raises InputError, naming file, entry and line, for a value that is not given, a typed number, and a number in
        the result that none of the values gives.
        """
        entry, path = self[name], self.files[name]
        templates = entry if what == "text" else entry.get(what, {})
        if not templates.get("zh"):
            refuse(f"{path}: [{name}]", [f"it has no {what}: add {what} in zh and en"])
        where = f"{path}: [{name}] {what}"
        counted = what in COUNTED
        refuse(where, template_faults(path, name, what, templates) if counted else [])
        said = {
            lang: _render(path, name, what, book.lang(lang), templates[lang], values) for lang in LANGUAGES
        }
        faults = [
            f"{lang}: {one} in “{text}” is not among the values given: pass it as a value"
            for lang, text in said.items()
            for one in (unsupported(text, values) if counted else [])
        ]
        refuse(where, faults)
        return said

    def hold(self, name: str, values: dict, book, what: str = "text") -> float:
        """Share of the draws of what is not known in which a text says the same (1 where all is known).

        `values` as of `fire.analysis.known.agreed`: `_draws` lists [how often, values] of every combination.
        """
        draws = values.get("_draws")
        if not draws:
            return 1.0
        templates, zh = self[name] if what == "text" else self[name][what], book.lang("zh")

        def said(given: dict) -> str:
            return _render(self.files[name], name, what, zh, templates["zh"], values | given)

        main = said({})
        return sum(count for count, given in draws if said(given) == main) / sum(count for count, _ in draws)


class Span(float):
    """A number that moves between draws: counts as its centre, is shown as its range.

    >>> number(Span({"centre": 6.71, "low": 6.1, "high": 7.4}), 3)
    '6.1–7.4'
    """

    low: float
    high: float

    def __new__(cls, ends: dict):
        span = super().__new__(cls, ends["centre"])
        span.low, span.high = ends["low"], ends["high"]
        return span


def spans(values):
    """Nested values with every range {"centre", "low", "high"} as a Span."""
    if isinstance(values, dict):
        if set(values) == {"centre", "low", "high"}:
            return Span(values)
        return {key: value if key == "_draws" else spans(value) for key, value in values.items()}
    return [spans(one) for one in values] if isinstance(values, list) else values


def _entry_faults(entry) -> list[str]:
    """Unknown keys and missing languages of one entry."""
    if not isinstance(entry, dict):
        return ["a table is needed: [id], then zh and en, or title, alt, …"]
    faults = [f"unknown key '{key}'" + suggest(key, KEYS) for key in entry if key not in KEYS]
    pairs = {key: entry[key] for key in TEXTS if key in entry}
    if set(LANGUAGES) & set(entry):
        pairs["the sentence"] = {lang: entry[lang] for lang in LANGUAGES if lang in entry}
    for key, pair in pairs.items():
        if not isinstance(pair, dict) or set(pair) != set(LANGUAGES) or not all(pair.values()):
            faults.append(f"{key} needs a text for each of zh and en")
    return faults or ([] if pairs else ["it holds neither a sentence (zh, en) nor a title"])


@cache
def catalogue(*folders: Path) -> Catalogue:
    """The catalogue of some folders, read once a process."""
    return Catalogue(*folders)


def folders(ed) -> list[Path]:
    """Where the entries of an edition stand: reports/exhibits and those of its studies."""
    return [FOLDER, *(files.ROOT / "studies" / name / "exhibits" for name in ed.studies)]


def facts(ed) -> dict:
    """What every sentence and chapter may use without being given it: numbers of the edition itself."""
    return {
        "edition": ed.name,
        "year": ed.year,
        "compared": ed.compared,
        "base_year": ed.base_year,
        "focus_region": ed.focus_region,
        "cities": len(ed.index.units),
        "regions": int(ed.places().set_index("city").loc[ed.index.units, "region"].nunique()),
        "root": ed.spec.root,
        "published": ed.facts is not None,
        "drawn": ed.index.draws is not None,
    }


def _render(path, name: str, what: str, lang, template: str, values: dict) -> str:
    """One text in one language; errors name the line of the template."""
    try:
        said = " ".join(compiled(environment(lang), template).render(spans(values)).split())
        return said if lang == "zh" else START.sub(lambda found: found[1] + "The ", said)
    except (jinja2.TemplateError, InputError, TypeError, ValueError, KeyError) as error:
        line = _first_line(path, name, what, lang) + error_line(error) - 1
        raise InputError(
            f"{path}: line {line}, [{name}] {what} {lang}", [f"{getattr(error, 'message', None) or error}"]
        ) from error


def compiled(env: jinja2.Environment, template: str) -> jinja2.Template:
    """A template, compiled once and kept in `build/jinja` from process to process."""
    name = hashlib.sha256(template.encode()).hexdigest()
    _TEMPLATES[name] = template
    return env.get_template(name)


@jinja2.pass_context
def _late(context, value):
    """A value as it is. That it asks for the context keeps Jinja from filling constants in while it compiles."""
    return value


# What is compiled holds for every language and edition: no filter of theirs has been applied yet.
COMPILED: dict = {"optimized": False, "finalize": _late}
_TEMPLATES: dict[str, str] = {}  # by hash
_ENVIRONMENTS: dict = {}


@cache
def bytecode() -> jinja2.FileSystemBytecodeCache:
    """Where compiled templates lie, by what compiles them."""
    own = hashlib.sha256(f"{jinja2.__version__}{Path(__file__).read_text(encoding='utf-8')}".encode())
    folder = files.ROOT / "build" / "jinja" / own.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return jinja2.FileSystemBytecodeCache(str(folder))


def environment(lang) -> jinja2.Environment:
    """Jinja2 with the filters of the house, for one language of one edition."""
    key = (str(lang), id(codebook.book(lang)))
    if key not in _ENVIRONMENTS:
        env = jinja2.Environment(
            loader=jinja2.FunctionLoader(_TEMPLATES.get),
            bytecode_cache=bytecode(),
            **COMPILED,
            auto_reload=False,
            cache_size=-1,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            comment_start_string="<!--",  # {# is a heading's anchor
            comment_end_string="-->",
        )
        env.filters.update(
            {
                "num": number,
                "pct": lambda value, digits=2: number(value, digits) + ("%" if lang == "zh" else " per cent"),
                "join": lambda names: join(names, lang),
                "the": lambda names: with_article(names, lang),
                "ordinal": lambda rank: ordinal(rank, lang),
                "plural": _plural,
                "p": p_value,
                "mark": lambda status: marked(status, lang),
                "valued": lambda value, status, digits=0, unit="": valued(value, status, digits, unit, lang),
                "placed": lambda rank, status: placed(rank, status, lang),
                **{
                    kind: named(getattr(codebook, kind), lang)
                    for kind in ("city", "region", "unit", "node", "status", "word")
                },
            }
        )
        _ENVIRONMENTS[key] = env
    return _ENVIRONMENTS[key]


def number(cell, digits: int = 0) -> str:
    """A cell as text; numbers with `digits` decimals, thousands separated, and a true minus sign.

    >>> number(-12345.678, 1)
    '−12,345.7'
    """
    if isinstance(cell, Span):
        return between((cell.low, cell.high), digits)
    if isinstance(cell, bool) or not isinstance(cell, (int, float)) and not hasattr(cell, "dtype"):
        return str(cell)
    text = f"{round(float(cell), digits) + 0.0:,.{digits}f}"
    return text.replace("-", "−")


def marked(status: str, lang: str = "zh") -> str:
    """The mark of a data status as it follows a number in a sentence; empty for one that carries none.

    >>> marked("printed"), marked("printed", "en"), marked("observed", "en")
    ('[刊]', ' [p]', '')
    """
    sign = codebook.mark(status, lang)
    return f" {sign}" if sign and lang == "en" else sign


def valued(value, status: str, digits: int = 0, unit: str = "", lang: str = "zh") -> str:
    """A number in a sentence with what says how well it is known: its mark, or parentheses about a range.

    >>> valued(9.958, "printed", 3), valued(Span({"centre": 6.71, "low": 6.1, "high": 7.4}), "", 3)
    ('9.958[刊]', '(6.1–7.4)')
    """
    text = number(value, digits) + unit
    return f"({text})" if isinstance(value, Span) else text + marked(status, lang)


def placed(rank, status: str, lang: str = "zh") -> str:
    """A rank as words of a sentence, with its mark, or the ranks between which it lies.

    >>> placed(3, "printed"), placed(Span({"centre": 20, "low": 18, "high": 23}), "")
    ('第 3 位[刊]', '第 18–23 位')
    >>> placed(3, "printed", "en"), placed(Span({"centre": 20, "low": 18, "high": 23}), "", "en")
    ('rank 3 [p]', 'a rank between 18 and 23')
    """
    if isinstance(rank, Span) and rank.low < rank.high and lang == "en":
        return f"a rank between {number(rank.low)} and {number(rank.high)}"
    mark = "" if isinstance(rank, Span) else marked(status, lang)
    return (f"第 {number(rank)} 位" if lang == "zh" else f"rank {number(rank)}") + mark


def p_value(value, digits: int = 3) -> str:
    """A p-value as printed: never zero.

    >>> p_value(0.0123), p_value(0.0002)
    ('= 0.012', '< 0.001')
    """
    least = number(10.0**-digits, digits)
    return f"< {least}" if value < 0.5 * 10.0**-digits else f"= {number(value, digits)}"


def between(ends, digits: int = 0) -> str:
    """A range as text, with as few decimals as tell its ends apart (`known.apart`); one number where nothing does, "…" where
    a minus sign would meet the dash.

    >>> between((6.1, 7.4), 1), between((-3.2, -1.5), 1), between((2, 2)), between((6.871, 6.894), 3)
    ('6.1–7.4', '−3.2…−1.5', '2', '6.87–6.89')
    """
    decimals = apart(ends, digits)
    shown = dict.fromkeys(number(end, decimals) for end in ends if pd.notna(end))
    return ("…" if any("−" in one for one in shown) else "–").join(shown)


def named(label, lang: str):
    """A filter that labels one name or each of a list."""
    return lambda names: (
        label(names, lang) if isinstance(names, str) else [label(name, lang) for name in names]
    )


def join(names, lang: str = "zh") -> str:
    """A list as words.

    >>> join(["北京", "上海", "深圳"]), join(["a", "b", "c"], "en"), join(["a"], "en")
    ('北京、上海和深圳', 'a, b and c', 'a')
    """
    *head, last = [names] if isinstance(names, str) else [str(name) for name in names]
    comma, conjunction = ("、", "和") if lang == "zh" else (", ", " and ")
    return f"{comma.join(head)}{conjunction}{last}" if head else last


def with_article(names, lang: str = "en"):
    """English names of areas (one or a list) with the article that belongs to them in a sentence.

    >>> with_article(["Greater Bay Area", "North China"]), with_article("大湾区", "zh")
    (['the Greater Bay Area', 'North China'], '大湾区')
    """
    if not isinstance(names, str):
        return [with_article(name, lang) for name in names]
    return f"the {names}" if lang == "en" and ARTICLED.search(names) else names


def ordinal(rank: int, lang: str = "zh") -> str:
    """A rank as words.

    >>> ordinal(3), ordinal(3, "en"), ordinal(12, "en")
    ('第3', '3rd', '12th')
    """
    rank = int(rank)
    if lang == "zh":
        return f"第{rank}"
    return f"{rank}{'th' if rank % 100 in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(rank % 10, 'th')}"


def _plural(count, one: str, many: str) -> str:
    """`one` for a single thing, else `many`; takes a number or a list.

    >>> _plural(["北京"], "leads", "lead")
    'leads'
    """
    return one if (count if isinstance(count, (int, float)) else len(count)) == 1 else many


def unsupported(text: str, values: dict) -> list[str]:
    """Numbers of a text that are no rounding of a value given, its size without sign, a list's length or part of a name."""
    given, names = leaves(values), NUMBER.findall(" ".join(words(values)))
    return [
        one
        for one in NUMBER.findall(SMALL_P.sub("", text))
        if one not in names and not any(_rounds_to(value, one) for value in given)
    ]


def _rounds_to(value: float, shown: str) -> bool:
    """Whether a number as printed is the value, rounded to the decimals printed."""
    half = 0.5000001 * 10.0 ** -len(shown.partition(".")[2])
    return abs(float(shown.replace(",", "")) - abs(value)) <= half


def leaves(values) -> list[float]:
    """All numbers inside nested values, and the length of every list."""
    if isinstance(values, dict):
        return [leaf for key, value in values.items() if key != "_draws" for leaf in leaves(value)]
    if isinstance(values, (list, tuple, set, pd.Series)):
        return [float(len(values))] + [leaf for value in values for leaf in leaves(value)]
    if isinstance(values, str) or values is None or values is pd.NA:
        return []
    return [float(values)] if math.isfinite(float(values)) else []


def words(values) -> list[str]:
    """All texts inside nested values."""
    if isinstance(values, dict):
        return [word for key, value in values.items() if key != "_draws" for word in words(value)]
    if isinstance(values, (list, tuple, set, pd.Series)):
        return [word for value in values for word in words(value)]
    return [values] if isinstance(values, str) else []


def template_faults(path, name: str, what: str, templates: dict) -> list[str]:
    """Numbers typed into a template: digits, and counts in words."""
    faults = []
    for lang in LANGUAGES:
        try:
            wrong = [
                (line, f"'{word}' is typed: give it as a value")
                for line, word in _typed_numbers(templates[lang], lang)
            ]
        except jinja2.TemplateSyntaxError as error:
            wrong = [(error.lineno, str(error.message))]
        if wrong:
            first = _first_line(path, name, what, lang)
            faults += [f"line {first + line - 1}, {lang}: {said}" for line, said in wrong]
    return faults


@cache
def _typed_numbers(template: str, lang: str) -> list[tuple]:
    """`(line, word)` of each number that a template types, outside the arguments of filters and conditions."""
    tree = environment(lang).parse(template)
    texts = [(node.lineno, node.data) for node in tree.find_all(jinja2.nodes.TemplateData)]
    texts += [
        (node.lineno, str(node.value))
        for output in tree.find_all(jinja2.nodes.Output)
        for node in _constants(output)
    ]
    return [
        (line + text[: found.start()].count("\n"), found.group())
        for line, text in texts
        for pattern in (re.compile(r"\d+"), COUNT_WORDS[lang])
        for found in pattern.finditer(text)
    ]


def _constants(node):
    """Constants that a node may print: not the digits of `num(3)`, an index or a condition, but any text."""
    for child in node.iter_child_nodes():
        if isinstance(child, jinja2.nodes.Const):
            yield child
        elif isinstance(child, jinja2.nodes.Filter):
            yield from (arg for arg in child.args if isinstance(getattr(arg, "value", None), str))
            yield from _constants(jinja2.nodes.List([child.node]))
        elif isinstance(child, jinja2.nodes.CondExpr):
            yield from _constants(jinja2.nodes.List([one for one in (child.expr1, child.expr2) if one]))
        elif not isinstance(
            child, (jinja2.nodes.Getitem, jinja2.nodes.Slice, jinja2.nodes.Compare, jinja2.nodes.Test)
        ):
            yield from _constants(child)


def _first_line(path, name: str, what: str, lang: str) -> int:
    """Line of the file where a template's text starts."""
    inside, key = False, lang if what == "text" else rf"{what}\s*\.\s*{lang}"
    for line, text in enumerate(files.decode(path).splitlines(), start=1):
        if re.match(r"\s*\[", text):
            inside = bool(re.match(rf"\s*\[\s*[\"']?{re.escape(name)}[\"']?\s*\]", text))
        if inside and (found := re.match(rf"\s*{key}\s*=\s*(\"\"\"|''')?(.*)", text)):
            return line + (1 if found.group(1) and not found.group(2) else 0)
    return 1


def error_line(error: BaseException) -> int:
    """Line inside a template where a Jinja2 error arose."""
    line, trace = getattr(error, "lineno", None) or 1, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
