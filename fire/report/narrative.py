"""Sentences from results, in Chinese and English.

The templates are in `reports/template/sentences/*.toml`, one table for each sentence with keys `zh` and `en`. They hold
words, not results: `say` refuses a template with a typed number, a value it was not given, and a number that is
not a rounding of a value it was given. A sentence whose condition fails is empty and is not printed.
"""

import math
import re
import tomllib
from functools import cache

import jinja2
import pandas as pd

from fire import codebook as labels
from fire import files
from fire.errors import InputError, refuse
from fire.report.exhibits import number, statuses

FOLDER = files.REPORTS / "template" / "sentences"
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
COUNT_WORDS = {
    "zh": re.compile(r"[两二三四五六七八九十百千]+(?=[个座家项位名种类])"),
    "en": re.compile(r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred)\b", re.I),
}


def say(sentence: str, folder=FOLDER, **values) -> dict:
    """`{"zh": …, "en": …}` of one sentence for these values.

    Raises InputError, naming the template file, id and line, for an unknown id or value, a typed number, and a
    number in the result that none of the values gives.
    """
    path, templates = find(sentence, folder)
    refuse(f"{path}: [{sentence}]", template_faults(path, sentence, templates))
    said = {lang: render(path, sentence, lang, templates[lang], values) for lang in labels.LANGUAGES}
    refuse(
        f"{path}: [{sentence}]",
        [
            f"{lang}: {one} in “{text}” is not among the values given: pass it as a value"
            for lang, text in said.items()
            for one in unsupported(text, values)
        ],
    )
    return said


def provenance(scores: pd.DataFrame) -> dict:
    """`source` and `status` of an exhibit that shows this scores frame."""
    kinds = statuses(scores)
    return {"source": say("scores-source", statuses=kinds), "status": kinds}


def find(sentence: str, folder=FOLDER) -> tuple:
    """File and templates of a sentence id."""
    sentences = library(folder)
    if sentence not in sentences:
        raise InputError(
            f"{folder}", [f"no sentence '{sentence}': add [{sentence}] with zh and en to a file there"]
        )
    return sentences[sentence]


@cache
def library(folder=FOLDER) -> dict:
    """All sentences of the folder: `{id: (path, {"zh": …, "en": …})}`."""
    found, faults = {}, []
    for path in sorted(folder.glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{path}", [f"not valid TOML: {error}"]) from None
        for name, templates in tables.items():
            if name in found:
                faults.append(f"{path}: [{name}] is also in {found[name][0].name}: rename one")
            if not {"zh", "en"} <= set(templates):
                faults.append(f"{path}: [{name}] needs both zh and en")
            found[name] = (path, templates)
    refuse(f"{folder}", faults)
    return found


def render(path, sentence: str, lang: str, template: str, values: dict) -> str:
    """One sentence in one language; errors name the line of the template."""
    try:
        return " ".join(environment(lang).from_string(template).render(values).split())
    except (jinja2.TemplateError, InputError, TypeError, ValueError) as error:
        line = first_line(path, sentence, lang) + error_line(error) - 1
        raise InputError(
            f"{path}: line {line}, [{sentence}] {lang}", [f"{getattr(error, 'message', None) or error}"]
        ) from error


@cache
def environment(lang: str) -> jinja2.Environment:
    """Jinja2 with the filters of the house, for one language."""
    env = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        comment_start_string="<!--",
        comment_end_string="-->",
    )  # {# is a heading's anchor
    env.filters.update(
        {
            "num": number,
            "pct": lambda value, digits=2: number(value, digits) + ("%" if lang == "zh" else " per cent"),
            "join": lambda names: join(names, lang),
            "ordinal": lambda rank: ordinal(rank, lang),
            "plural": plural,
            **{
                kind: named(getattr(labels, kind), lang)
                for kind in ("city", "region", "unit", "node", "status")
            },
        }
    )
    return env


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


def ordinal(rank: int, lang: str = "zh") -> str:
    """A rank as words.

    >>> ordinal(3), ordinal(3, "en"), ordinal(12, "en")
    ('第3', '3rd', '12th')
    """
    rank = int(rank)
    if lang == "zh":
        return f"第{rank}"
    return f"{rank}{'th' if rank % 100 in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(rank % 10, 'th')}"


def plural(count, one: str, many: str) -> str:
    """`one` for a single thing, else `many`; takes a number or a list.

    >>> plural(["北京"], "leads", "lead")
    'leads'
    """
    return one if (count if isinstance(count, (int, float)) else len(count)) == 1 else many


def leaders(values: pd.Series, digits: int = 3, highest: bool = True) -> list:
    """Names (index) at the top of `values`; more than one when they tie at the digits shown."""
    shown = values.dropna().round(digits)
    return list(shown.index[shown == (shown.max() if highest else shown.min())])


def unsupported(text: str, values: dict) -> list[str]:
    """Numbers of a text that are no rounding of a value given, its size without sign, a list's length or part of a name."""
    given, names = leaves(values), NUMBER.findall(" ".join(words(values)))
    return [
        one
        for one in NUMBER.findall(text)
        if one not in names and not any(rounds_to(value, one) for value in given)
    ]


def rounds_to(value: float, shown: str) -> bool:
    """Whether a number as printed is the value, rounded to the decimals printed."""
    half = 0.5000001 * 10.0 ** -len(shown.partition(".")[2])
    return abs(float(shown.replace(",", "")) - abs(value)) <= half


def leaves(values) -> list[float]:
    """All numbers inside nested values, and the length of every list."""
    if isinstance(values, dict):
        return [leaf for value in values.values() for leaf in leaves(value)]
    if isinstance(values, (list, tuple, set, pd.Series)):
        return [float(len(values))] + [leaf for value in values for leaf in leaves(value)]
    if isinstance(values, str) or values is None or values is pd.NA:
        return []
    return [float(values)] if math.isfinite(float(values)) else []


def words(values) -> list[str]:
    """All texts inside nested values."""
    if isinstance(values, dict):
        return [word for value in values.values() for word in words(value)]
    if isinstance(values, (list, tuple, set, pd.Series)):
        return [word for value in values for word in words(value)]
    return [values] if isinstance(values, str) else []


def template_faults(path, sentence: str, templates: dict) -> list[str]:
    """Numbers typed into a template: digits, and counts in words."""
    faults = []
    for lang in labels.LANGUAGES:
        try:
            typed = typed_numbers(templates[lang], lang)
        except jinja2.TemplateSyntaxError as error:
            typed = []
            faults.append(
                f"line {first_line(path, sentence, lang) + error.lineno - 1}, {lang}: {error.message}"
            )
        faults += [
            f"line {first_line(path, sentence, lang) + line - 1}, {lang}: '{word}' is typed: give it as a value"
            for line, word in typed
        ]
    return faults


def typed_numbers(template: str, lang: str) -> list[tuple]:
    """`(line, word)` of each number that a template types, outside the arguments of filters and conditions."""
    tree = environment(lang).parse(template)
    texts = [(node.lineno, node.data) for node in tree.find_all(jinja2.nodes.TemplateData)]
    texts += [
        (node.lineno, str(node.value))
        for output in tree.find_all(jinja2.nodes.Output)
        for node in constants(output)
    ]
    return [
        (line + text[: found.start()].count("\n"), found.group())
        for line, text in texts
        for pattern in (re.compile(r"\d+"), COUNT_WORDS[lang])
        for found in pattern.finditer(text)
    ]


def constants(node):
    """Constants that a node may print: not the digits of `num(3)`, an index or a condition, but any text."""
    for child in node.iter_child_nodes():
        if isinstance(child, jinja2.nodes.Const):
            yield child
        elif isinstance(child, jinja2.nodes.Filter):
            yield from (arg for arg in child.args if isinstance(getattr(arg, "value", None), str))
            yield from constants(jinja2.nodes.List([child.node]))
        elif isinstance(child, jinja2.nodes.CondExpr):
            yield from constants(jinja2.nodes.List([one for one in (child.expr1, child.expr2) if one]))
        elif not isinstance(
            child, (jinja2.nodes.Getitem, jinja2.nodes.Slice, jinja2.nodes.Compare, jinja2.nodes.Test)
        ):
            yield from constants(child)


def first_line(path, sentence: str, lang: str) -> int:
    """Line of the file where a template's text starts."""
    inside = False
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if re.match(r"\s*\[", text):
            inside = bool(re.match(rf"\s*\[\s*[\"']?{re.escape(sentence)}[\"']?\s*\]", text))
        if inside and (found := re.match(rf"\s*{lang}\s*=\s*(\"\"\"|''')?(.*)", text)):
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
