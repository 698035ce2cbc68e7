"""The gallery: published indices recomputed from their published raw data, and where the two differ.

An entry is a folder of data/indices/gallery: `spec.toml` (the method), `raw.csv` (the values), `expected.csv` (the published
scores, ranks and bands), `about.toml` (publisher, source, licence, printed decimals, what may differ and why); where
there are any, `filled.csv` (values that the publisher put into gaps) and `groups.csv`. data/README.md tells their columns.

    >>> entry = load("hdi-2022")
    >>> entry.index.spec.root, len(entry.index.units)
    ('hdi', 193)
    >>> compare(entry).query("measure == 'rank'")["equal"].all()
    np.True_
"""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fire import files
from fire.errors import refuse, suggest
from fire.index import arguments, rounding
from fire.index import panel as panels
from fire.index import spec as specs
from fire.index.index import Index

FOLDER = files.DATA / "indices" / "gallery"
KEYS = ["unit", "year"]
MEASURES = (
    "score",
    "rank",
    "band",
)  # a column of expected.csv is a node, or one of these but the first and a node
FULL = 15  # printed decimals that stand for double precision
MILLIONTH = 1e-6  # of the largest score, in double precision: inputs that leave less are not called rounded
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Entry:
    """One published index: `about` (as about.toml has it), `index` (an Index), `expected` (unit, year, a column a
    published node, rank_<node>, band_<node>; scores and ranks are numbers)."""

    id: str
    about: dict
    index: Index
    expected: pd.DataFrame

    @cached_property
    def scores(self) -> pd.DataFrame:
        """`Index.scores`; with `by_year = true` in about.toml every year as an index of its own, where weights or posts
        follow from the data of the year."""
        if not self.about.get("by_year"):
            return self.index.scores()
        return pd.concat([self.index.only(years=[year]).scores() for year in self.index.years])

    def of(self, key: str, column: str) -> float:
        """What `[printed]` or `[allowed]` of about.toml says of a column of expected.csv; ranks and bands must agree
        where nothing is said of them."""
        measure, _ = split(column)
        table = {"default": np.nan} | self.about[key]
        return float(table.get(column, table["default"] if measure == "score" else 0))


def entries() -> list[str]:
    """The ids of all entries, in the order of the alphabet."""
    return sorted(path.parent.name for path in FOLDER.glob("*/about.toml"))


def load(name: str) -> Entry:
    """One entry by its id. Raises InputError for an id that there is not, and with the faults of its files."""
    refuse("gallery", [] if name in entries() else [f"no entry '{name}'" + suggest(name, entries())])
    folder = FOLDER / name
    spec = specs.load(folder / "spec.toml")
    panel = panels.read(folder / "raw.csv", spec)
    if (folder / "filled.csv").exists():
        panel = _with_filled(panel, folder / "filled.csv")
    groups = None
    if (folder / "groups.csv").exists():
        groups = files.read_csv(folder / "groups.csv").set_index("unit").iloc[:, 0]
    about = tomllib.loads(files.decode(folder / "about.toml"))
    return Entry(name, about, Index(spec, panel, groups=groups), _expected(folder / "expected.csv", spec))


def _with_filled(panel: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The panel with values that the publisher put into gaps, as estimates."""
    filled = files.read_table_with(path, [*panels.KEY, "value"]).astype({"year": int, "value": float})
    filled = filled.assign(status="estimated", source=path.name)[panels.COLUMNS]
    kept = ~pd.MultiIndex.from_frame(panel[panels.KEY]).isin(pd.MultiIndex.from_frame(filled[panels.KEY]))
    return pd.concat([panel[kept], filled], ignore_index=True)


def _expected(path: Path, spec) -> pd.DataFrame:
    """Published scores and ranks as numbers, bands as text; refused for a column that is no node."""
    table = files.read_table_with(path, KEYS)
    columns = [column for column in table if column not in KEYS]
    lost = [column for column in columns if split(column)[1] not in spec.nodes.index]
    refuse(path.name, [f"column '{one}' is no node of {spec.id}: rename or remove it" for one in lost])
    numbers = {column: float for column in columns if split(column)[0] != "band"}
    return table.astype({"year": int} | numbers)


def split(column: str) -> tuple[str, str]:
    """Measure and node of a column of expected.csv.

    >>> split("rank_hdi"), split("hdi")
    (('rank', 'hdi'), ('score', 'hdi'))
    """
    measure, _, node = column.partition("_")
    return (measure, node) if measure in MEASURES[1:] and node else ("score", column)


# What differs ---------------------------------------------------------------------------------------------------------


def compare(entry: Entry | str) -> pd.DataFrame:
    """Every published value beside the recomputed one, in the order of expected.csv; `entry`: as `load` gives it, or
    its id.

    Columns: unit, year, node, measure (score, rank, band), published, computed, difference (computed less published; of
    bands missing), equal (scores: computed, rounded to the printed decimals by the rule of the index, is what was
    published), decimals (of scores: printed), half (half a unit of the last printed decimal; in double precision, which
    has none, what the engine takes for a tie), allowed (see `Entry.of`). A unit whose rank in
    expected.csv is empty does not count in the ranks of the others. Where there are bands, published and computed hold
    texts beside numbers; bands have the language of the published ones.
    Raises InputError for what is no entry.
    """
    entry = load(entry) if isinstance(entry, str) else entry
    told = (
        f"{type(entry).__name__} is given where an entry of the gallery is meant: give its id, as 'hdi-2022', or "
        "gallery.load('hdi-2022')"
    )
    refuse("gallery", [] if isinstance(entry, Entry) else [told])
    parts = [_compared(entry, column) for column in entry.expected if column not in KEYS]
    return pd.concat(parts, ignore_index=True)


def _compared(entry: Entry, column: str) -> pd.DataFrame:
    """The rows of `compare` of one column of expected.csv."""
    measure, node = split(column)
    told = entry.expected.dropna(subset=column)
    found = entry.scores[entry.scores["node"].eq(node)].set_index(KEYS)
    frame = told[KEYS].assign(node=node, measure=measure, published=told[column])
    if measure == "rank":
        apart = entry.expected[entry.expected[column].isna()]
        found = found[~found.index.isin(pd.MultiIndex.from_frame(apart[KEYS]))]
        found = found.assign(rank=found["rank"].astype(float).groupby(level="year").rank(method="min"))
    frame["computed"] = found[measure].reindex(pd.MultiIndex.from_frame(told[KEYS])).to_numpy()
    decimals, half = np.nan, 0.0
    if measure == "band":
        labels = [band["label"] for band in entry.index.spec.bands if band["node"] == node]
        if set(frame["published"]) <= {label["en"] for label in labels}:
            frame["computed"] = frame["computed"].map({label["zh"]: label["en"] for label in labels})
        return frame.assign(
            difference=np.nan,
            equal=frame["published"] == frame["computed"],
            decimals=decimals,
            half=half,
            allowed=0.0,
        )
    equal = frame["published"] == frame["computed"]
    if measure == "score":
        decimals, rule = int(entry.of("printed", column)), entry.index.spec.method["rounding"]["rule"]
        half = _half(frame["published"], decimals)
        equal = _equal(frame["published"], frame["computed"], decimals, half, rule)
    difference = frame["computed"] - frame["published"]
    allowed = entry.of("allowed", column)
    return frame.assign(difference=difference, equal=equal, decimals=decimals, half=half, allowed=allowed)


def _half(published: pd.Series, decimals: int) -> float:
    """Half a unit of the last printed decimal; of double precision, what the engine takes for a tie."""
    if decimals >= FULL:
        return rounding.TOLERANCE * float(published.abs().max())
    return float(rounding.half_digit(decimals))


def _equal(published, computed, decimals: int, half: float, rule: str) -> np.ndarray:
    """Is the computed value the published one in its printed decimals? Where the file holds more decimals than are
    meant (single precision), it may be half a unit of the last that is meant away."""
    if decimals < FULL and np.allclose(np.round(published, decimals), published, rtol=0, atol=half * 1e-3):
        computed = rounding.rounded(computed, {"decimals": decimals, "rule": rule})
        half *= 1e-3
    return np.abs(computed - published) <= half


def table(chosen: str | list[str] | None = None) -> pd.DataFrame:
    """One row an index (default: every entry), in the order of `entries`; `chosen`: one id or several.

    Columns: id; title, publisher and absent, each in zh and en; edition; units, years, indicators; nodes (for which scores are
    published) and values (published scores); decimals (printed: "3", "0–2", "15" for double precision); largest (the
    difference of the score that is furthest off in units of its last printed decimal), half (half such a unit; missing
    in double precision), share_equal (of scores; missing without scores), ranks, ranks_wrong, bands, bands_wrong (how
    many), rounded (may a score differ by more than half a printed unit, or of double precision by more than a MILLIONTH?), licence.
    """
    names = arguments.several(chosen)
    return pd.DataFrame([_row(load(name)) for name in (entries() if names is None else names)])


def _row(entry: Entry) -> dict:
    compared, about, spec = compare(entry), entry.about, entry.index.spec
    scores, ranks, bands = (compared[compared["measure"].eq(one)] for one in MEASURES)
    said = {
        f"{key}_{lang}": about[key][lang] for key in ("title", "publisher", "absent") for lang in LANGUAGES
    }
    printed = scores["decimals"]
    size = MILLIONTH * scores["published"].astype(float).abs().max()
    digits = sorted({*printed.astype(int)})
    return {
        "id": entry.id,
        **said,
        "edition": about["edition"],
        "units": compared["unit"].nunique(),
        "years": compared["year"].nunique(),
        "indicators": len(spec.indicators),
        "nodes": scores["node"].nunique(),
        "values": len(scores),
        "decimals": "–".join(map(str, dict.fromkeys([*digits[:1], *digits[-1:]]))),
        **furthest(scores),
        "share_equal": scores["equal"].mean(),
        "ranks": len(ranks),
        "ranks_wrong": int((~ranks["equal"]).sum()),
        "bands": len(bands),
        "bands_wrong": int((~bands["equal"]).sum()),
        "rounded": bool((scores["allowed"] > scores["half"].mask(printed >= FULL, size)).any()),
        "licence": about["licence"],
    }


def furthest(scores: pd.DataFrame) -> dict:
    """largest, half: the difference of the score furthest off in units of its last printed decimal, without sign, and half
    such a unit (missing in double precision); a score that was not computed counts as infinitely far."""
    if scores.empty:
        return {"largest": np.nan, "half": np.nan}
    away = scores["difference"].astype(float).abs().fillna(np.inf)
    first = (away / scores["half"]).idxmax()
    half = scores.at[first, "half"] if scores.at[first, "decimals"] < FULL else np.nan
    return {"largest": float(away[first]), "half": float(half)}


# For a reader ---------------------------------------------------------------------------------------------------------


def shown(value: float) -> str:
    """A difference as text: two digits, powers of ten below a ten-thousandth, and no digits of what the engine takes for
    nothing.

    >>> shown(0.0004996), shown(1.25e-7), shown(3e-15), shown(0.0)
    ('0.0005', '1.2×10⁻⁷', '< 10⁻¹²', '0')
    """
    if value == 0 or not np.isfinite(value):
        return "0" if value == 0 else "–"
    if value < rounding.TOLERANCE:
        return f"< {_ten(rounding.TOLERANCE)}"
    if value >= 1e-4:
        return f"{value:.2g}"
    digits, power = f"{value:.1e}".split("e")
    return f"{digits}×{_ten(float(f'1e{power}'))}"


def _ten(value: float) -> str:
    """A power of ten below one."""
    power = str(-round(np.log10(value)))
    return f"10⁻{power.translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def facts(entry: Entry, compared: pd.DataFrame) -> dict:
    """What the sentences on an entry may say: its row of `table`; source, licence_note, method and why in zh and en;
    largest_said; half_said (empty in double precision); tie_said (share of the largest score that is a tie); unequal, how
    many scores differ in the printed digits; first_year, last_year."""
    about, row = entry.about, _row(entry)
    texts = {key: about[key] for key in ("source", "licence_note", "method")} | {
        "why": about["allowed"]["why"]
    }
    scores = compared[compared["measure"].eq("score")]
    return row | {
        **{f"{key}_{lang}": text[lang] for key, text in texts.items() for lang in LANGUAGES},
        "largest_said": shown(row["largest"]),
        "tie_said": _ten(rounding.TOLERANCE),
        "half_said": "" if np.isnan(row["half"]) else shown(row["half"]),
        "unequal": int((~scores["equal"]).sum()),
        "first_year": int(compared["year"].min()),
        "last_year": int(compared["year"].max()),
    }


def named(entry: Entry, compared: pd.DataFrame) -> pd.DataFrame:
    """`compare` with the labels of the nodes (name_zh, name_en; that of the parent before one that occurs twice) and `halves`:
    the difference of a score in units of `half` (missing for ranks and bands)."""
    nodes = entry.index.spec.nodes
    labels = pd.DataFrame(index=nodes.index)
    for lang, colon in (("zh", "："), ("en", ": ")):
        own = nodes[f"label_{lang}"]
        above = nodes["parent"].map(own)
        twice = own.duplicated(keep=False) & above.notna()
        labels[f"name_{lang}"] = own.where(~twice, above + colon + own)
    scores = compared["measure"].eq("score")
    halves = compared["difference"].astype(float) / compared["half"].where(scores)
    return compared.join(labels, on="node").assign(halves=halves)


def by_node(entry: Entry, compared: pd.DataFrame) -> pd.DataFrame:
    """A row a node with published scores: name_zh, name_en, values (how many), unequal (how many differ in the printed
    digits), largest_said (the largest difference)."""
    scores = named(entry, compared).query("measure == 'score'")
    rows = []
    for _, part in scores.groupby("node", sort=False):
        names = part.iloc[0][["name_zh", "name_en"]].to_dict()
        said = shown(float(part["difference"].astype(float).abs().max(skipna=False)))
        counts = {"values": len(part), "unequal": int((~part["equal"]).sum())}
        rows.append({**names, **counts, "largest_said": said})
    return pd.DataFrame(rows)


def differing(entry: Entry, compared: pd.DataFrame, most: int = 12) -> pd.DataFrame:
    """What differs in the printed digits, ranks and bands too, at most so many rows, the scores furthest off first.

    Columns: ranked (the unit), year, name_zh, name_en, quantity (published-<measure>), published_said, computed_said.
    """
    rows = named(entry, compared[~compared["equal"]]).sort_values(
        "halves", key=np.abs, ascending=False, kind="stable"
    )
    rows = rows.head(most).rename(columns={"unit": "ranked"})
    said = {f"{key}_said": rows[key].map(_digits) for key in ("published", "computed")}
    rows = rows.assign(quantity="published-" + rows["measure"], **said)
    return rows[["ranked", "year", "name_zh", "name_en", "quantity", *said]].reset_index(drop=True)


def _digits(value) -> str:
    """A value with its digits, at most nine of them; a text as it is."""
    return value if isinstance(value, str) else "–" if pd.isna(value) else f"{value:.9g}"


def dots(entry: Entry, compared: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """The scores of the nodes that are furthest off (at most so many nodes, in the order of expected.csv) for a figure:
    node, name_zh, name_en, halves."""
    scores = named(entry, compared).query("measure == 'score'")
    away = scores["halves"].abs().groupby(scores["node"], sort=False).max()
    kept = scores["node"].isin(away.nlargest(most).index)
    return scores.loc[kept, ["node", "name_zh", "name_en", "halves"]].reset_index(drop=True)
