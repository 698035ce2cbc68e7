"""The corpus of malformed and odd inputs: recipes as data in tests/intake/corpus, written as files, read as users' files are.

    for case in cases():
        faults = judge(case, folder)      # [] when it came out right: the values, or a refusal that names the place

    python -m tests.intake.corpus              # all cases; prints what is wrong and the counts by kind
    python -m tests.intake.corpus cells/ -v    # those whose id begins so, with what was found

A case comes out right (exactly the values, and nothing made up) or is refused by errors that name the rule and the cell.
Any other exception, a value that is not right, or no refusal where one belongs, is a fault.
"""

import base64
import copy
import itertools
import random
import re
import resource
import subprocess
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pandas as pd
import xlsxwriter
import yaml

from fire import edition as editions
from fire import files, grids
from fire.errors import Finding, InputError
from fire.index import spec as specs
from fire.intake import check as intake
from fire.intake import layout, proposal
from fire.sources import names

FOLDER = Path(__file__).parent / "corpus"
KIND = ("cells", "names", "headings", "mapping", "encodings", "layouts", "damaged", "huge", "edition")
SPEC = specs.load("fire-2022")
CITIES = names.Roster.of_places(files.read_csv(files.DATA / "places.csv"))
INDICATORS, STATISTICS = names.Roster.of_indicators(SPEC), names.Roster.of_measures()
UNITS_OF = SPEC.nodes["unit_zh"].dropna()
BASES = yaml.safe_load((FOLDER / "bases.yaml").read_text(encoding="utf-8"))
MEMORY, SECONDS = 4 * 2**30, 120  # that one of the huge ones may take in its own process


@dataclass
class Case:
    """One input. `make` says how its file is written; `want` is base (the values of the base), a dict of values, a list of
    rules ("cells.text@C3"), or a word: refused, right_or_refused, …"""

    id: str
    kind: str
    make: dict
    want: object
    mapping: dict | None = None
    base: str = "wide"
    name: str = "表.csv"
    rules: list = field(default_factory=list)  # that must be among the findings too


# ---- recipes → cases


def recipes(kind: str) -> dict:
    return yaml.safe_load((FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"))


def cases() -> list[Case]:
    """Every case, families written out."""
    return [case for kind in KIND if (FOLDER / f"{kind}.yaml").exists() for case in _of(kind, recipes(kind))]


def _of(kind: str, table: dict) -> list[Case]:
    found = []
    for number, each in enumerate(table.get("each", []), 1):
        for form in table.get("formats", [None]):
            found += _one(kind, table, number, each, form)
    if "product" in table:
        keys = list(table["product"])
        for values in itertools.product(*table["product"].values()):
            make = dict(zip(keys, values))
            what = "-".join(
                value if value.isalnum() or "-" in value else repr(value)[1:-1] for value in values
            )
            found.append(Case(f"{kind}/{what}", kind, {"rows": None} | make, "base", base=table["base"]))
    return found


def _one(kind: str, table: dict, number: int, each, form) -> list[Case]:
    base = table.get("base", "wide")
    if kind == "mapping":
        what, change, want = each
        mapping = {**BASES[base]["mapping"], **change}
        mapping = {key: value for key, value in mapping.items() if change.get(key, 1) is not None}
        return [Case(f"{kind}/{what}", kind, {"rows": None}, want, mapping, base)]
    if isinstance(each, list):
        text, cell, want = each
        if form == "xlsx" and want == "refused_csv":
            return []
        make = {"rows": None, "cells": {cell: text}, "format": form, "text": True}
        id = f"{kind}/{number:03} {' '.join(str(text).split())[:24]}-{form}"
        return [Case(id, kind, make, _target(want, cell, text), None, base, f"表.{form}")]
    each = copy.deepcopy(each)
    seeds = each.pop("seeds", None)
    found = []
    for seed in range(seeds) if seeds else [None]:
        make = each["make"] if seed is None else {**each["make"], "seed": seed}
        found.append(
            Case(
                f"{kind}/{each['id']}" + (f"-{seed}" if seeds else ""),
                kind,
                make,
                each["want"],
                each.get("mapping"),
                each.get("base", base),
                each.get("name", "表.xlsx" if "book" in make else "表.csv"),
                each.get("rules", []),
            )
        )
    return found


def _target(want, cell: str, text):
    """What a changed cell must give, as a change of the values of the base."""
    return {"cell": cell, "want": want, "text": text}


# ---- cases → files


def write(case: Case, folder: Path) -> Path:
    """Write the file of a case; returns its path."""
    make, path = case.make, folder / case.name
    if "text" in make and isinstance(make["text"], str):
        path.write_bytes(make["text"].encode(make.get("encoding", "utf-8")))
    elif "hex" in make:
        path.write_bytes(bytes.fromhex(make["hex"]))
    elif "base64" in make:
        path.write_bytes(base64.b64decode(make["base64"]))
    elif "builder" in make:
        BUILDERS[make["builder"]](path, make)
    elif "book" in make:
        path.write_bytes(book(make["book"], case.base))
    else:
        rows = changed(BASES[case.base]["rows"], make.get("cells", {}))
        path.write_bytes(_table(rows, make.get("format") or path.suffix[1:].lower(), make))
    return path


def changed(rows: list, cells: dict) -> list:
    """Rows with some cells replaced."""
    rows = [list(row) for row in rows]
    for name, value in cells.items():
        row, column = _spot(name)
        while len(rows) <= row:
            rows.append([])
        rows[row] += [None] * (column + 1 - len(rows[row]))
        rows[row][column] = value
    return rows


def _spot(name: str) -> tuple[int, int]:
    letters, digits = re.fullmatch(r"([A-Z]+)(\d+)", name).groups()
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(digits) - 1, column - 1


def _table(rows: list, form: str, make: dict) -> bytes:
    if form in ("csv", "tsv", "txt"):
        return delimited(rows, make)
    if form == "xlsx":
        return book({"sheets": [{"rows": rows, "text": make.get("text")}]})
    stream = BytesIO()
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    if form == "parquet":
        frame.to_parquet(stream)
    elif form == "feather":
        frame.to_feather(stream)
    elif form == "dta":
        frame.to_stata(stream, write_index=False, version=118)
    return stream.getvalue()


def delimited(rows: list, make: dict) -> bytes:
    """Rows as text with this separator, line end and encoding."""
    mark, end, encoding = make.get("separator", ","), make.get("end", "\n"), make.get("encoding", "utf-8")

    def said(cell) -> str:
        text = "" if cell is None else str(cell)
        return '"' + text.replace('"', '""') + '"' if re.search(f'[{mark}"\n\r]', text) else text

    text = end.join(mark.join(map(said, row)) for row in rows) + end
    mark = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(encoding, "")
    return (make.get("before", "") + mark + text).encode(encoding)


def book(recipe: dict, base: str = "wide") -> bytes:
    """A workbook: sheets with rows, merges, hidden rows, columns and sheets, formats, formulas, comments, a filter …"""
    stream = BytesIO()
    made = xlsxwriter.Workbook(
        stream,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "nan_inf_to_errors": True,
        },
    )
    for number, one in enumerate(recipe["sheets"], 1):
        if one.get("chart"):
            chart = made.add_chart({"type": "line"})
            chart.add_series({"values": "=数据!$C$2:$C$4"})
            made.add_chartsheet(one.get("name")).set_chart(chart)
            continue
        page = made.add_worksheet(one.get("name", f"表{number}"))
        rows = one.get("rows", BASES[base]["rows"] if one.get("base", True) else [])
        for row, line in enumerate(changed(rows, one.get("cells", {}))):
            for column, cell in enumerate(line):
                form = (
                    made.add_format({"num_format": one["formats"][name]})
                    if (name := grids.address(row, column)) in one.get("formats", {})
                    else None
                )
                _put(page, row, column, cell, form, one.get("text"))
        for name, (formula, value) in one.get("formulas", {}).items():
            page.write_formula(*_spot(name), formula, None, value)
        for top, text in one.get("merges", {}).items():
            page.merge_range(top, text)
        for row in one.get("hidden_rows", []):
            page.set_row(row - 1, None, None, {"hidden": True})
        for column in one.get("hidden_columns", []):
            page.set_column(f"{column}:{column}", None, None, {"hidden": True})
        for name, text in one.get("comments", {}).items():
            page.write_comment(name, text)
        if one.get("filter"):
            page.autofilter(one["filter"])
        if one.get("protect"):
            page.protect("secret")
        if one.get("hidden"):
            page.hide() if one["hidden"] != "very" else page.very_hidden()
        if one.get("blank_formats"):
            for row in range(one["blank_formats"]):
                page.set_row(row, 20, made.add_format({"bold": True}))
        if one.get("active"):
            page.activate()
    made.close()
    return stream.getvalue()


def _put(page, row: int, column: int, cell, form, as_text=False) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        page.write_boolean(row, column, cell, form)
    elif isinstance(cell, (int, float)):
        page.write_number(row, column, cell, form)
    elif hasattr(cell, "isoformat"):
        page.write_datetime(row, column, cell, form or None)
    else:
        page.write_string(row, column, str(cell)[:32_767], form)


def _whole(form: str) -> bytes:
    return _table(BASES["wide"]["rows"], form, {})


def _renamed(path, make) -> None:
    path.write_bytes(_whole(make["really"]))


def _cut(path, make) -> None:
    raw = _whole(make.get("really", "xlsx"))
    path.write_bytes(raw[: int(len(raw) * make["share"])] if "share" in make else raw[: make["bytes"]])


def _flipped(path, make) -> None:
    raw, rng = bytearray(_whole(make.get("really", "xlsx"))), random.Random(make["seed"])
    for _ in range(make.get("count", 8)):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    path.write_bytes(raw)


def _noise(path, make) -> None:
    rng = random.Random(make["seed"])
    path.write_bytes(make.get("head", "").encode("latin-1") + rng.randbytes(make.get("size", 3000)))


def _parts(path, make) -> None:
    """The workbook of the base with some of its parts replaced or left out."""
    with (
        zipfile.ZipFile(BytesIO(_whole("xlsx"))) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            text = source.read(name)
            for part, change in make["parts"].items():
                if part == name and change is None:
                    text = None
                elif part == name and isinstance(change, str):
                    text = change.encode()
                elif part == name:
                    for old, new in change:
                        assert old.encode() in text, f"{name}: {old} is not there"
                        text = text.replace(old.encode(), new.encode())
            if text is not None:
                target.writestr(name, text)
        for part, text in make.get("more", {}).items():
            target.writestr(part, text)


def _bomb(path, make) -> None:
    """A workbook whose sheet unpacks to `size` MB."""
    with (
        zipfile.ZipFile(BytesIO(_whole("xlsx"))) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            if name != make.get("part", "xl/worksheets/sheet1.xml"):
                target.writestr(name, source.read(name))
        with target.open(make.get("part", "xl/worksheets/sheet1.xml"), "w", force_zip64=True) as part:
            part.write(make.get("head", "").encode())
            for _ in range(make["size"]):
                part.write((make.get("fill", " ") * 2**20)[: 2**20].encode())


def _wide(path, make) -> None:
    """A text file of so many columns."""
    path.write_text(
        "\n".join(",".join([first, *("1" for _ in range(make["columns"]))]) for first in ("城市", "深圳")),
        encoding="utf-8",
    )


def _long(path, make) -> None:
    """A text file of so many rows."""
    line = make.get("line", "深圳,2021,100,62.9,30664.85\n")
    path.write_text(
        "城市,年份,金融科技企业数,第三产业占比,经济规模\n" + line * make["rows"], encoding="utf-8"
    )


def _repeat(path, make) -> None:
    path.write_text(
        make.get("before", "") + make["repeat"] * make["times"] + make.get("after", ""), encoding="utf-8"
    )


def _sheet_xml(path, make) -> None:
    """The workbook of the base with rows written straight into its sheet, as many as wished."""
    name = "xl/worksheets/sheet1.xml"
    with (
        zipfile.ZipFile(BytesIO(_whole("xlsx"))) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for part in source.namelist():
            if part != name:
                target.writestr(part, source.read(part))
        head, tail = source.read(name).decode().split("</sheetData>")
        with target.open(name, "w", force_zip64=True) as part:
            part.write(head.encode())
            for row in range(5, 5 + make["rows"]):
                part.write(make["row"].replace("%d", str(row)).encode())
            part.write(("</sheetData>" + tail).encode())


def _folder(path, make) -> None:
    path.mkdir()


def _nothing(path, make) -> None:
    pass


def _link(path, make) -> None:
    path.symlink_to(make["to"])


def _pipe(path, make) -> None:
    import os

    os.mkfifo(path)


def _zip(path, make) -> None:
    with zipfile.ZipFile(path, "w") as target:
        for name, text in make["parts"].items():
            target.writestr(name, text)


BUILDERS = {
    "renamed": _renamed, "cut": _cut, "flipped": _flipped, "noise": _noise, "parts": _parts, "bomb": _bomb, "wide": _wide,
    "long": _long, "repeat": _repeat, "sheet_xml": _sheet_xml, "folder": _folder, "nothing": _nothing, "link": _link,
    "pipe": _pipe, "zip": _zip,
}  # fmt: skip


# ---- reading


def outcome(case: Case, folder: Path) -> tuple[dict, list]:
    """Values by unit, year and indicator, and the findings; InputError becomes findings. Anything else is raised."""
    if case.kind == "edition":
        return _edition(case, folder)
    path = write(case, folder)
    sheet = (case.mapping or {}).get("sheet")
    try:
        grid = grids.read(path, sheet)
    except InputError as error:
        return {}, list(error.faults)
    if case.mapping and case.mapping.get("propose"):
        guess, found = proposal.propose(grid, CITIES, INDICATORS, STATISTICS)
        if guess is None:
            return {}, list(found)
        mapping = yaml.safe_load(proposal.as_yaml(guess))[0] | {"confirmed": True}
        mapping |= {key: value for key, value in case.mapping.items() if key != "propose"}
    else:
        mapping = {"file": path.name, **(case.mapping or BASES[case.base]["mapping"])}
    statistical = mapping.get("into") == "statistics"
    roster = STATISTICS if statistical else INDICATORS
    units_of = intake.statistics.UNITS if statistical else UNITS_OF
    tidy, found = layout.read(grid, mapping, CITIES, roster, units_of)
    return values(tidy), [*grid.notes, *found]


def values(tidy: pd.DataFrame) -> dict:
    there = tidy.dropna(subset="value")
    return {(line.unit, int(line.year), line.indicator): float(line.value) for line in there.itertuples()}


def right(base: str) -> dict:
    """The values of a base."""
    return flat(BASES[base]["values"])


def flat(nested: dict) -> dict:
    return {
        (unit, year, name): float(value)
        for unit, years in nested.items()
        for year, named in years.items()
        for name, value in named.items()
    }


def _edition(case: Case, folder: Path) -> tuple[dict, list]:
    """An edition with sound files of its own, some of them replaced; checked whole."""
    texts = {
        name: text.replace("{folder}", f"{folder}") for name, text in recipes("edition")["files"].items()
    }
    for name, text in case.make.items():
        if text is None:
            texts.pop(name, None)
        elif isinstance(text, list) and text and isinstance(text[0], list):
            for old, new in text:
                assert old in texts[name], f"{case.id}: {name} has no {old!r}"
                texts[name] = texts[name].replace(old, new)
        else:
            texts[name] = text
    (folder / "editions").mkdir()
    for name, text in texts.items():
        raw = text
        if isinstance(text, dict):
            raw = (
                bytes.fromhex(text["hex"])
                if "hex" in text
                else text["text"].replace("{folder}", f"{folder}").encode(text["encoding"])
            )
        path = folder / name
        path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    try:
        ed = editions.load("2031", folder / "editions")
        ed.spec, ed.places()
        checked = ed.check()
    except InputError as error:
        return {}, [
            fault if isinstance(fault, Finding) else f"{error.what}: {fault}" for fault in error.faults
        ]
    kinds = {kind for _, _, kind in right("edition")}
    read = {key: value for key, value in values(checked.panel).items() if key[2] in kinds}
    return read, list(checked.findings)


# ---- judging


def judge(case: Case, folder: Path) -> list[str]:
    """What is wrong with how a case came out."""
    try:
        if case.kind == "huge":
            return _limited(case)
        read, found = outcome(case, folder)
    except Exception:
        return [f"{case.id}: {traceback.format_exc(limit=-4)}"]
    return [f"{case.id}: {fault}" for fault in verdict(case, read, found)]


def errors(found: list) -> list:
    return [one for one in found if getattr(one, "level", "error") == "error"]


def told(found: list) -> str:
    return " | ".join(
        f"[{getattr(one, 'rule', '-')}@{getattr(one, 'place', {}).get('cell', '')}] {one}"[:200]
        for one in found[:4]
    )


def verdict(case: Case, read: dict, found: list) -> list[str]:
    """Faults of values read and findings against what is wanted."""
    want, base, bad = case.want, right(case.base), errors(found)
    faults = [f"rule {rule} is not among {told(found)}" for rule in case.rules if not _has(found, rule)]
    if isinstance(want, dict) and set(want) == {"cell", "want", "text"}:
        return faults + _cell(case, want, base, read, found)
    if isinstance(want, list):
        return faults + [
            f"not refused by {rule}: {told(bad) or read}" for rule in want if not _has(bad, rule)
        ]
    if isinstance(want, dict):
        return faults + same(read, flat(want), bad)
    if want in ("base", "same"):
        return faults + same(read, base, bad)
    if want == "any_or_refused":  # numbers themselves may be among the bytes that changed: no exception
        return faults
    if want == "right_twice":
        return faults + same(read, {("深圳", 2021, "firms"): 100.0}, bad)
    if want in ("refused_or_warned", "right_or_warned"):
        calm = want.startswith("right") and not same(read, base, bad)
        return faults + (
            [] if bad or calm or _level(found, "warning") else [f"neither: {read} {told(found)}"]
        )
    if isinstance(want, str) and want.startswith("warned: "):
        warned = _has(_level(found, "warning"), want[8:])
        return (
            faults
            + ([] if warned else [f"no warning {want[8:]}: {told(found)}"])
            + [f"refused: {told(bad)}"] * bool(bad)
        )
    if want == "merged_values":  # the value is of the first cell only, or refused
        return faults + ([] if bad else same(read, {("深圳", 2021, "firms"): 100.0}, bad))
    if want == "base_or_which":
        return faults + ([] if _has(bad, "grids.which") else same(read, base, bad))
    if want == "refused":
        return faults + ([] if bad else [f"not refused: {read} {told(found)}"])
    if want in ("right_or_refused", "refused_or_same"):
        return faults + ([] if bad else same(read, base, bad))
    if want in ("refused_or_fewer", "some"):
        wrong = {key: value for key, value in read.items() if base.get(key) != value}
        return faults + [f"wrong values {wrong}"] * bool(wrong and not bad)
    if want == "warned":
        return faults + same(read, base, bad) + ["no warning"] * (not _level(found, "warning"))
    if want == "nothing":
        return faults + [f"values {read}, errors {told(bad)}"] * bool(read or bad)
    if isinstance(want, str) and (want in ("layout", "names", "cells", "grids") or "." in want):
        return faults + ([] if _has(bad, want) else [f"not refused by {want}: {told(bad) or read}"])
    raise ValueError(f"{case.id}: want {want!r}")


def _cell(case: Case, target: dict, base: dict, read: dict, found: list) -> list[str]:
    """Faults of one changed cell: the other values stand, this one is as wanted."""
    want, cell, bad = target["want"], target["cell"], errors(found)
    row, column = _spot(cell)
    lines = BASES[case.base]["rows"]
    heads = ["", "", "firms", "tertiary_share", "gdp"]
    keys = [
        key
        for key in base
        if (not row or key[0] == lines[row][0]) and (column < 2 or key[2] == heads[column])
    ]
    if isinstance(want, str) and want.startswith("refused_or"):
        return [] if bad or _level(found, "warning") else same(read, base, bad)
    if want == "refused_csv":
        return [] if bad else [f"not refused: {read}"]
    if isinstance(want, str) and want.startswith("any "):
        return [] if _has(bad, want[4:]) else [f"not refused by {want[4:]}: {told(bad) or read}"]
    if isinstance(want, str) and (want in ("refused", "layout", "names", "cells") or "." in want):
        kept = {key: value for key, value in read.items() if key in keys and base[key] != value}
        named = bad and any(_at(one, cell, row, column) for one in bad if want == "refused" or _is(one, want))
        return [] if named else [f"not refused by {want} at {cell}: {told(bad) or kept or read}"]
    if want == "missing":
        return same(read, {key: value for key, value in base.items() if key not in keys}, bad)
    if want == "warned":
        return [] if _level(found, "warning") or bad else ["no warning"]
    if want == "scaled":
        return same(read, base | {key: base[key] * 1e4 for key in keys}, bad)
    if isinstance(want, (int, float)):
        return same(read, base | dict.fromkeys(keys, float(want)), bad)
    return same(read, base, bad)  # a name read as what it means


def same(read: dict, wanted: dict, bad: list) -> list[str]:
    """Faults of values read against those wanted, without errors."""
    if bad:
        return [f"refused: {told(bad)}"]
    wrong = {
        key: (read.get(key), wanted.get(key))
        for key in {**read, **wanted}
        if key not in read or key not in wanted or abs(read[key] - wanted[key]) > 1e-12 * abs(wanted[key])
    }
    return [f"wrong (read, right): {wrong}"] if wrong else []


def _is(one, rule: str) -> bool:
    name = getattr(one, "rule", "")
    return name == rule or "." not in rule and name.startswith(f"{rule}.")


def _at(one, cell: str, row: int, column: int) -> bool:
    """Whether a finding names the cell, its row or its text."""
    place = getattr(one, "place", {})
    return (
        place.get("cell") == cell
        or cell in str(one)
        or place.get("row") == row + 1
        or place.get("cell") == grids.address(0, column)
    )


def _has(found: list, rule: str) -> bool:
    """Whether a rule ("cells.text", "cells.text@C3", or words of its sentence: "~gdp") is among findings."""
    if rule.startswith("~"):
        return any(rule[1:] in str(one) for one in found)
    rule, _, cell = rule.partition("@")
    return any(
        _is(one, rule) and (not cell or one.place["cell"] == cell or cell in str(one)) for one in found
    )


def _level(found: list, level: str) -> list:
    return [one for one in found if getattr(one, "level", "") == level]


# ---- huge ones, in a process of their own


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def _limited(case: Case) -> list[str]:
    """Judge a case in a process that may take so much memory and time."""
    words = [sys.executable, "-m", "tests.intake.corpus", "--one", case.id]
    done = subprocess.run(
        words, cwd=files.ROOT, preexec_fn=_limit, capture_output=True, text=True, timeout=20 * SECONDS
    )
    if done.returncode == 0:
        return []
    said = (done.stdout + done.stderr).strip()
    return [
        f"{case.id}: exit code {done.returncode} within {MEMORY / 2**30:.0f} GB and {SECONDS} s: {said[-700:]}"
    ]


def counts(found: list[Case]) -> dict[str, int]:
    return dict(Counter(case.kind for case in found))


def main(words: list[str]) -> int:
    everything = cases()
    if words[:1] == ["--one"]:
        case = next(one for one in everything if one.id == words[1])
        with tempfile.TemporaryDirectory() as folder:
            read, found = outcome(case, Path(folder))
        faults = verdict(case, read, found)
        print("\n".join(faults))
        return len(faults)
    wanted = [word for word in words if not word.startswith("-")]
    bad = Counter()
    chosen = [case for case in everything if not wanted or case.id.startswith(tuple(wanted))]
    for case in chosen:
        with tempfile.TemporaryDirectory() as folder:
            faults = judge(case, Path(folder))
            if "-v" in words:
                with tempfile.TemporaryDirectory() as other:
                    print(case.id, case.want, "→", *outcome(case, Path(other)))
        bad[case.kind] += bool(faults)
        for fault in faults:
            print(fault, flush=True)
    for kind, number in counts(chosen).items():
        print(f"{kind}: {number} cases, {number - bad[kind]} right or refused")
    return sum(bad.values())


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
