"""Random sound tables in random shapes, formats and encodings, with up to three faults: read right, or refused by cell.

    python -m tests.fuzz 10000           # so many cases; the seed is said, --seed repeats it

Every fault knows what must happen: a refusal that names its cell, or one value less. Whatever else happens (a traceback,
a wrong number, a fault that passes) is shown as the smallest table that brings it about.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fire import files, grids
from fire.errors import InputError
from fire.intake import layout, proposal
from tests.intake import corpus

PLACES = files.read_csv(files.DATA / "places.csv")
NAMES = dict(zip(PLACES["city"], PLACES["city_en"]))
KINDS = {"firms": "金融科技企业数", "deals": "投融资次数", "gdp": "经济规模", "tertiary_share": "第三产业占比", "rd_staff": "企业研发人员数"}  # fmt: skip
LAYOUTS = ("wide", "years", "tidy", "heading", "two_heads", "transposed")
BAD_VALUES = (
    "abc", "#REF!", "#DIV/0!", "=B2*2", "12:30", "5497¹", "(5)", "约100", "1-2", "1/2", "一百", "TRUE", "1.2.3", "2021-05-18",
    "0x1F", "٣", "1e999", "1,23", "---5", "12 3", "<b>1</b>", "=cmd|'/C calc'!A0", "🔥", "x" * 300, "5;6", "未知?",
)  # fmt: skip
MISSING = ("—", "…", "缺", "N/A", "-", "无数据", " ")
BAD_UNITS = ("伦敦", "未名市", "#N/A", "🔥", "深洲", "0")
BAD_KINDS = ("不相干", "增长率（%）的和", "#NAME?", "🔥")
BAD_YEARS = ("21", "去年", "20211", "二〇二一", "abc")
STYLES = {
    "plain": lambda text: text,
    "blanks": lambda text: f" {text}\u3000",
    "full width": lambda text: text.translate({ord(one): ord(one) + 0xFEE0 for one in "0123456789."}),
    "grouped": lambda text: f"{int(text):,}" if text.isdigit() else text,
    "mark": lambda text: f"{text}①",
    "sign": lambda text: f"+{text}",
}
SPELLINGS = {
    "plain": lambda name: name,
    "city": lambda name: f"{name}市",
    "English": lambda name: NAMES[name],
    "blanks": lambda name: f"{name[0]} {name[1:]}　",
    "mark": lambda name: f"{name}②",
}
FORMATS = (("csv", "utf-8", ","), ("csv", "utf-8-sig", ","), ("csv", "gb18030", ","), ("csv", "utf-16", "\t"), ("csv", "utf-8", ";"), ("tsv", "utf-8", "\t"), ("xlsx", None, None), ("xlsx", "numbers", None))  # fmt: skip


@dataclass
class Table:
    """A table as rows of cells, its mapping, its values, and where these stand: spots[kind] = {(row, column): keys}."""

    rows: list
    mapping: dict
    values: dict
    spots: dict = field(default_factory=lambda: {"value": {}, "unit": {}, "indicator": {}, "year": {}})
    form: tuple = FORMATS[0]
    must: list = field(default_factory=list)  # cells that a refusal has to name
    said: list = field(default_factory=list)  # what was done to it


# ---- sound tables


def number(name: str):
    if name == "tertiary_share":
        return st.integers(0, 1000).map(lambda tenths: f"{tenths / 10:g}")
    if name == "gdp":
        return st.integers(1, 10**7).map(lambda hundredths: f"{hundredths / 100:.2f}")
    return st.integers(0, 10**6).map(str)


@st.composite
def sound(draw) -> Table:
    """A sound table in some layout."""
    shape = draw(st.sampled_from(LAYOUTS))
    units = draw(st.lists(st.sampled_from(sorted(NAMES)), min_size=2, max_size=6, unique=True))
    kinds = draw(
        st.lists(
            st.sampled_from(sorted(KINDS)), min_size=1, max_size=1 if shape == "years" else 4, unique=True
        )
    )
    years = draw(st.lists(st.integers(2012, 2023), min_size=1, max_size=3, unique=True))
    style = STYLES[draw(st.sampled_from(sorted(STYLES)))]
    spelling = SPELLINGS[draw(st.sampled_from(sorted(SPELLINGS)))]
    title = draw(st.sampled_from([[], [["表1 各市主要指标"]], [["表1"], [], ["（统计年鉴）"]]]))
    below = draw(st.sampled_from([[], [["注：初步数"]], [[], ["资料来源：国家统计局"]]]))
    if shape in ("years", "transposed", "wide"):
        years = years[:1] if shape != "years" else years
    values = {(unit, year, kind): draw(number(kind)) for unit in units for year in years for kind in kinds}
    table = _laid(shape, units, kinds, years, values, style, spelling, len(title))
    table.rows = [*title, *table.rows, *below]
    table.values = {key: float(value) for key, value in values.items()}
    table.form = draw(st.sampled_from(FORMATS))
    table.said = [shape, table.form]
    return table


def _laid(shape, units, kinds, years, values, style, spelling, top) -> Table:
    """Rows of one layout; rows are counted from the first row of the file."""
    at = {"value": {}, "unit": {}, "indicator": {}, "year": {}}
    head = {"wide": [["城市", "年份"]], "years": [["城市"]], "tidy": [["城市", "年份", "指标", "数值"]], "heading": [["城市"]], "two_heads": [["城市"], [None]], "transposed": [["指标"]]}[shape]  # fmt: skip
    rows, first = [list(row) for row in head], top + len(head)
    key = {"confirmed": True, "unit": "column A"}
    if shape == "tidy":
        for unit in units:
            for year in years:
                for kind in kinds:
                    row = top + len(rows)
                    at["unit"][row, 0], at["year"][row, 1], at["indicator"][row, 2] = unit, year, kind
                    at["value"][row, 3] = (unit, year, kind)
                    rows.append([spelling(unit), str(year), KINDS[kind], style(values[unit, year, kind])])
        key |= {"year": "column B", "indicator": "column C", "columns": "D"}
    elif shape == "transposed":
        for column, unit in enumerate(units, 1):
            rows[0].append(spelling(unit))
            at["unit"][top, column] = unit
        for kind in kinds:
            at["indicator"][top + len(rows), 0] = kind
            for column, unit in enumerate(units, 1):
                at["value"][top + len(rows), column] = (unit, years[0], kind)
            rows.append([KINDS[kind], *(style(values[unit, years[0], kind]) for unit in units)])
        key |= {"unit": f"row {top + 1}", "indicator": "column A", "year": years[0]}
        key["columns"] = f"B-{corpus.grids.address(0, len(units))[:-1]}"
    else:
        heads = [(kind, year) for kind in kinds for year in years]
        left = 2 if shape == "wide" else 1
        for column, (kind, year) in enumerate(heads, left):
            if shape == "years":
                rows[0].append(f"{year}年")
                at["year"][top, column] = year
            elif shape == "heading":
                rows[0].append(f"{year}年{KINDS[kind]}")
                at["indicator"][top, column] = kind
            else:
                rows[0].append(KINDS[kind])
                at["indicator"][top, column] = kind
            if shape == "two_heads":
                rows[1].append(str(year))
                at["year"][top + 1, column] = year
        for unit in units:
            row = top + len(rows)
            at["unit"][row, 0] = unit
            line = [spelling(unit)]
            if shape == "wide":
                line.append(str(years[0]))
                at["year"][row, 1] = years[0]
            for column, (kind, year) in enumerate(heads, left):
                line.append(style(values[unit, year, kind]))
                at["value"][row, column] = (unit, year, kind)
            rows.append(line)
        key |= {
            "wide": {"indicator": f"row {top + 1}", "year": "column B"},
            "years": {"indicator": kinds[0], "year": f"row {top + 1}"},
            "heading": {"indicator": f"row {top + 1}", "year": "in indicator"},
            "two_heads": {"indicator": f"row {top + 1}", "year": f"row {top + 2}"},
        }[shape]
        letters = [grids.address(0, column)[:-1] for column in (left, left + len(heads) - 1)]
        key["columns"] = "-".join(letters)
    key["rows"] = f"{first + 1}-{top + len(rows)}"
    return Table(rows, key, {}, at)


# ---- faults


@st.composite
def broken(draw) -> Table:
    """A table with up to three faults."""
    table = draw(sound())
    done: set[tuple] = set()
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["value", "missing", "unit", "indicator", "year", "double"]))
        spots = sorted(set(table.spots["value" if kind in ("missing", "double") else kind]) - done)
        if kind == "double" and len({key[0] for key in table.spots["value"].values()}) < 2 or not spots:
            continue
        spot = draw(st.sampled_from(spots))
        done.add(spot)
        FAULTS[kind](table, spot, draw)
    return table


def _put(table: Table, spot: tuple, text) -> None:
    row, column = spot
    table.rows[row] += [None] * (column + 1 - len(table.rows[row]))
    table.rows[row][column] = text
    table.said.append((grids.address(*spot), text))


def _bad_value(table, spot, draw):
    _put(table, spot, draw(st.sampled_from(BAD_VALUES)))
    table.must.append(spot)


def _missing(table, spot, draw):
    _put(table, spot, draw(st.sampled_from(MISSING)))
    table.values.pop(table.spots["value"][spot], None)


def _bad_key(choices):
    def fault(table, spot, draw):
        _put(table, spot, draw(st.sampled_from(choices)))
        table.must.append(spot)

    return fault


def _double(table, spot, draw):
    """The city of one row becomes that of another: two values for one, unless both are missing."""
    units = table.spots["unit"]
    at = [place for place in sorted(units) if place not in table.must]
    pairs = [(one, other) for one in at for other in at if units[one] != units[other]]
    if not pairs:
        return
    one, other = draw(st.sampled_from(pairs))
    _put(table, one, table.rows[other[0]][other[1]])
    table.must.append(None)  # somewhere, or nothing where the two agree


FAULTS = {
    "value": _bad_value,
    "missing": _missing,
    "unit": _bad_key(BAD_UNITS),
    "indicator": _bad_key(BAD_KINDS),
    "year": _bad_key(BAD_YEARS),
    "double": _double,
}


# ---- reading and judging


def write(table: Table, folder: Path) -> Path:
    form, encoding, mark = table.form
    path = folder / f"表.{form}"
    if form == "xlsx":
        rows = [[_native(cell) if encoding else cell for cell in row] for row in table.rows]
        path.write_bytes(corpus.book({"sheets": [{"rows": rows}]}))
    else:
        path.write_bytes(corpus.delimited(table.rows, {"separator": mark, "encoding": encoding}))
    return path


def _native(cell):
    """A plain number as Excel holds it."""
    try:
        return (
            float(cell)
            if isinstance(cell, str)
            and cell.isascii()
            and cell == cell.strip()
            and cell[:1] != "+"
            and len(cell) < 15
            and cell.replace(".", "", 1).isdigit()
            else cell
        )
    except ValueError:
        return cell


def read(table: Table, mapping: dict) -> tuple[dict, list]:
    """Values and findings of a table as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(table, Path(folder))
        try:
            grid = grids.read(path)
        except InputError as error:
            return {}, list(error.faults)
        if mapping.get("propose"):
            guess, found = proposal.propose(grid, corpus.CITIES, corpus.INDICATORS, corpus.STATISTICS)
            if guess is None:
                return {}, list(found)
            mapping = yaml.safe_load(proposal.as_yaml(guess))[0] | {"confirmed": True, **mapping}
            mapping.pop("propose")
        statistical = mapping.get("into") == "statistics"
        roster = corpus.STATISTICS if statistical else corpus.INDICATORS
        units_of = corpus.intake.statistics.UNITS if statistical else corpus.UNITS_OF
        tidy, found = layout.read(grid, {"file": path.name, **mapping}, corpus.CITIES, roster, units_of)
        return corpus.values(tidy), [*grid.notes, *found]


def named(found: list, spot: tuple) -> bool:
    """Whether an error names a cell: by its address, its row and column, or among the cells of its sentence."""
    cell, row = grids.address(*spot), spot[0] + 1
    return any(
        one.place["cell"] == cell or f"{cell}" in str(one) or one.place["row"] == row and not one.place["cell"]
        or one.place["cell"][:1] == cell[:1] and one.place["row"] == row
        for one in found
    )  # fmt: skip


def faults(table: Table) -> list[str]:
    """What is wrong with how a table came out."""
    got, found = read(table, table.mapping)
    bad = corpus.errors(found)
    if not table.must:
        return corpus.same(got, table.values, bad)
    spots = [spot for spot in table.must if spot is not None and not _rests(table, spot)]
    if not bad:
        certain = None not in table.must
        return [f"not refused: {got}"] if spots else corpus.same(got, table.values, bad) if certain else []
    hidden = [spot for spot in spots if not named(bad, spot)]
    return [
        f"no error names {', '.join(grids.address(*spot) for spot in hidden)}: {corpus.told(bad)}"
    ] * bool(hidden)


def _rests(table: Table, spot: tuple) -> bool:
    """Whether nothing is read by a cell: its row or column holds no value any more, or its name is already refused."""
    keys = [place for place in table.spots["value"] if spot[0] == place[0] or spot[1] == place[1]]
    full = [place for place in keys if table.rows[place[0]][place[1]] not in MISSING]
    broken = [
        other
        for other in table.must
        if other and other != spot and (other[0] == spot[0] or other[1] == spot[1])
    ]
    return spot not in table.spots["value"] and not full or bool(broken)


def proposed(table: Table) -> list[str]:
    """What is wrong with a sound table read by the mapping that is proposed for it: right, or refused."""
    years = {year for _, year, _ in table.values}
    given = {"year": years.pop()} if isinstance(table.mapping["year"], int) else {}
    got, found = read(table, {"propose": True, **given})
    wrong = {key: value for key, value in got.items() if table.values.get(key) != value}
    if corpus.errors(found) or not wrong:
        return []
    return [f"by the proposed mapping: {wrong}, right is {table.values}"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("count", nargs="?", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None)
    choice = parser.parse_args()
    number = choice.seed if choice.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"{choice.count} 个随机表 · random tables, seed {number}", flush=True)
    seen, began = Counter(), time.monotonic()

    @seed(number)
    @settings(
        max_examples=choice.count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink], report_multiple_bugs=True,
    )  # fmt: skip
    @given(broken())
    def check(table):
        seen[f"{len(table.must)} faults"] += 1
        wrong = faults(table) or ([] if table.must else proposed(table))
        assert not wrong, f"{wrong}\n{table.said}\n{table.rows}\n{table.mapping}"

    try:
        check()
    except BaseException as error:
        parts = getattr(error, "exceptions", [error])
        for one in parts:
            print(f"{type(one).__name__}: {one}"[:3000])
        return 1
    finally:
        print(f"{sum(seen.values())} cases, {dict(seen)}, {time.monotonic() - began:.0f} s")
    print("全部读对或被拒绝 · all read right or refused by cell")
    return 0


if __name__ == "__main__":
    sys.exit(main())
