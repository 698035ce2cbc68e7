"""One error for bad input: it lists every fault at once, each with its place and its fix, in Chinese and English."""

import csv
import difflib
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "data" / "rules"
LEVELS = ("error", "warning", "late", "repair", "note")  # only an error keeps a report from being built


class Finding(str):
    """One thing found in an input, as a sentence in both languages that knows its place.

    `rule`: its id in data/rules, "<file>.<rule>": level and sentences stand there, `{name}` in them is filled from
    `values`. `file`, `sheet`, `row` (as Excel counts, header = 1), `column` (its heading) and `cell` ("C5") say where,
    `value` what stands there. `zh` and `en` are the sentence alone, `zh_fix` and `en_fix` what to do.

        Finding("cells.text", "panel.csv", row=4, column="gdp", value="abc")
    """

    rule: str
    level: str
    place: dict
    value: str
    values: dict
    zh: str
    zh_fix: str
    en: str
    en_fix: str

    def __new__(cls, rule, file="", sheet="", row=None, column="", cell="", value="", **values):
        line, place = (
            rules()[rule],
            {"file": shown(file), "sheet": sheet, "row": row, "column": str(column), "cell": cell},
        )
        value = "" if value is None else str(value)
        value = value if len(value) <= 80 else value[:79] + "…"
        texts = {
            key: line[key].format(**{"value": value, "column": column, "cell": cell, "row": row, **values})
            for key in ("zh", "zh_fix", "en", "en_fix")
        }
        said = [
            f"{where}{mark}{texts[lang]}{mark if texts[fix] else ''}{texts[fix]}"
            for where, mark, lang, fix in (
                (_zh(**place), "：", "zh", "zh_fix"),
                (_en(**place), ": ", "en", "en_fix"),
            )
        ]
        found = super().__new__(cls, " · ".join(one.lstrip("：: ") for one in said))
        found.rule, found.level, found.place, found.value, found.values = (
            rule,
            line["level"],
            place,
            value,
            values,
        )
        for key, text in texts.items():
            setattr(found, key, text)
        return found

    def __reduce__(self):
        return _again, (self.rule, self.place, self.value, self.values)


def shown(path: Path | str) -> str:
    """A path as people are told of it: from the root of the project where it lies inside, with forward slashes."""
    return Path(path).relative_to(ROOT).as_posix() if f"{path}".startswith(f"{ROOT}{os.sep}") else f"{path}"


def nearest(name, choices) -> dict:
    """What to type instead of `name`, as values of a finding: near_zh, near_en."""
    names = [str(choice) for choice in choices]
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    if near:
        return {"near_zh": f"是不是“{near[0]}”？", "near_en": f"did you mean '{near[0]}'?"}
    return {"near_zh": f"可用：{'、'.join(names)}", "near_en": f"type one of {', '.join(names)}"}


def suggest(name, choices) -> str:
    """The end of an error message: what to type instead of `name`."""
    return f": {nearest(name, choices)['near_en']}"


def _again(rule: str, place: dict, value: str, values: dict) -> Finding:
    return Finding(rule, **place, value=value, **values)


def _zh(file: str, sheet: str, row: int | None, column: str, cell: str) -> str:
    parts = [f"工作表“{sheet}”" if sheet else "", f"单元格 {cell}" if cell else f"第 {row} 行" if row else ""]
    parts.append(f"“{column}”列" if column else "")
    return "，".join(part for part in [file, *parts] if part)


def _en(file: str, sheet: str, row: int | None, column: str, cell: str) -> str:
    book = ", ".join(part for part in [file, f"sheet '{sheet}'" if sheet else ""] if part)
    parts = [f"cell {cell}" if cell else f"row {row}" if row else "", f"column '{column}'" if column else ""]
    spot = ", ".join(part for part in parts if part)
    return f"{book}: {spot}" if book and spot else book or spot


@cache
def rules() -> dict[str, dict]:
    """Every rule by id, from data/rules/*.csv: level, zh, zh_fix, en, en_fix."""
    found = {}
    for path in sorted(RULES.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            found |= {f"{path.stem}.{line['rule']}": line for line in csv.DictReader(lines)}
    return found


def sentence(rule: str, lang: str = "zh", **values) -> str:
    """The sentence of a rule by itself."""
    return rules()[rule][lang].format(**values)


class InputError(ValueError):
    """Bad input, with all its faults in `.faults` (a list of sentences)."""

    def __init__(self, what: str, faults: Sequence[str]):
        self.what, self.faults = what, list(faults)
        count = f"{len(self.faults)} fault" + ("s" if len(self.faults) != 1 else "")
        super().__init__(f"{what}: {count}\n" + "\n".join(f"  - {fault}" for fault in self.faults))

    def __reduce__(self):
        return type(self), (self.what, self.faults)  # so that it comes whole out of another process


def refuse(what: str, faults: Sequence[str]) -> None:
    """Raise InputError when `faults` is not empty.

    Collect the faults of one input in a list, then call this once, so that the reader sees all of them.
    """
    if faults:
        raise InputError(what, faults)


def told(error: InputError) -> str:
    """Every fault of a bad input under a heading in both languages."""
    count = len(error.faults)
    head = f"发现 {count} 处错误，请改正后再运行 · " + (
        f"{count} faults, correct them and run again" if count != 1 else "1 fault, correct it and run again"
    )
    lines = [head, f"{error.what}:", *(f"  - {fault}" for fault in error.faults)]
    return "\n".join(lines).replace(f"{ROOT}{os.sep}", "")
