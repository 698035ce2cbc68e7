"""Policies and events: the year's ten and ten, the comparison of three cities, intensity, instruments, similarity."""

import re
import tomllib
import unicodedata
from functools import cache

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from fire import files
from fire.errors import refuse

COLUMNS = [
    "kind",
    "no",
    "date",
    "effective",
    "city",
    "issuer",
    "title_zh",
    "headline_zh",
    "headline_en",
    "topic",
    "summary_zh",
]
OWN = files.DATA / "policies.csv"
PUBLISHED = files.FACTS
CODING = files.DATA / "policy-instruments.toml"
CITIES = ["北京", "深圳", "上海"]


@cache
def coding(path=CODING) -> dict:
    """Topics, issuers, instruments, force and corrections: a TOML file of the team's own."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


# ---- policies and events of the year


def load(path=OWN, rules: dict | None = None) -> pd.DataFrame:
    """Printed policies and events, and the team's own rows of `path` (template: data/templates/policies.csv).

    Columns `kind` (policy, event), `no`, `date`, `effective`, `city`, `issuer`, `title_zh`, `headline_zh`, `topic`
    (id of the coding), `summary_zh`, `issuer_group`, `year`. Raises InputError, naming file, row, column and fix, for a date that is
    no date, an unknown city, topic or kind, a missing title, a policy entered twice.
    """
    rules = rules or coding()
    topics = {printed: id for id, topic in rules["topics"].items() for printed in topic["printed"]}
    printed = [
        files.read_csv(PUBLISHED / f"{name}.csv").assign(kind=kind)
        for name, kind in (("policies", "policy"), ("events", "event"))
    ]
    printed = pd.concat(printed).assign(headline_en=lambda rows: rows["topic"]).replace({"topic": topics})
    frame = pd.concat([printed, read(path, rules)], ignore_index=True)
    frame = frame.reindex(columns=COLUMNS)
    frame[["date", "effective"]] = frame[["date", "effective"]].apply(pd.to_datetime, format="%Y-%m-%d")
    frame["no"] = frame["no"].astype(float).astype("Int64")
    for name in ("headline_zh", "headline_en"):
        frame[name] = frame[name].fillna(frame["title_zh"])
    frame["issuer_group"] = [issuer_group(issuer, rules) for issuer in frame["issuer"]]
    frame["year"] = frame["date"].dt.year
    return frame.sort_values(["date", "kind", "no"], ignore_index=True)


def read(path, rules: dict) -> pd.DataFrame:
    """The team's own rows, checked; an empty frame when the file does not exist."""
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS)
    frame = files.read_csv(path)
    refuse(
        f"{path}",
        [
            f"row 1: column '{name}' is missing: copy the header of data/templates/policies.csv"
            for name in COLUMNS
            if name not in frame
        ],
    )
    cities = {*files.read_csv(files.DATA / "places.csv")["city"], "全国"}
    allowed = {"kind": ["policy", "event"], "topic": list(rules["topics"]), "city": cities}
    faults = [
        f"row {row + 2}, column '{name}': '{cell}' is not a date: type it as 2023-05-18"
        for name in ("date", "effective")
        for row, cell in frame[name].items()
        if not (is_date(cell) or name == "effective" and pd.isna(cell))
    ]
    faults += [
        f"row {row + 2}, column '{name}': '{cell}' is unknown: use "
        + (f"one of {', '.join(known)}" if len(known) < 30 else "a city of data/places.csv, or 全国")
        for name, known in allowed.items()
        for row, cell in frame[name].items()
        if cell not in known and not (name == "city" and pd.isna(cell))
    ]
    faults += [
        f"row {row + 2}, column '{name}': empty: fill it in"
        for name in ("title_zh", "issuer", "no")
        for row in frame.index[frame[name].isna()]
    ]
    faults += [
        f"row {row + 2}, column 'title_zh': '{title}' stands above already: remove one row"
        for row, title in frame["title_zh"][frame.duplicated(["kind", "title_zh"])].items()
    ]
    faults += files.to_number(frame["no"], path, "no")[1]
    refuse(f"{path}", faults)
    return frame


def is_date(cell) -> bool:
    """True for a day of the calendar written as 2023-05-18."""
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", str(cell))) and pd.notna(
        pd.to_datetime(cell, errors="coerce")
    )


def issuer_group(issuer: str, rules: dict) -> str:
    first = str(issuer).split(";")[0]
    return next(id for id, group in rules["issuers"].items() if any(word in first for word in group["words"]))


def counts(calendar: pd.DataFrame) -> pd.DataFrame:
    """Policies and events by topic and issuer group: `topic, issuer_group, kind, count`."""
    return (
        calendar.groupby(["topic", "issuer_group", "kind"], sort=False).size().rename("count").reset_index()
    )


# ---- three cities compared


def comparison(table: pd.DataFrame | None = None) -> pd.DataFrame:
    """The 18 cells of the comparison (city × dimension), from `policy_comparison`."""
    table = files.read_csv(PUBLISHED / "policy_comparison.csv") if table is None else table
    return table[table["basis"].eq("table1")].reset_index(drop=True)


def technologies(cells: pd.DataFrame) -> pd.DataFrame:
    """Dimensions of a city's policy that name a technology: `technology` × city, counts."""
    named = (
        cells.assign(technology=cells["technologies"].str.split(";"))
        .explode("technology")
        .dropna(subset="technology")
    )
    table = pd.crosstab(named["technology"], named["city"]).reindex(columns=CITIES, fill_value=0)
    return table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]


def similarity(cells: pd.DataFrame) -> pd.DataFrame:
    """Cosine similarity of the cities' keywords and summaries, for each dimension and in all.

    TF-IDF on character pairs and triples (Chinese has no spaces). Columns `dimension_id, a, b, similarity`; the dimension
    `all` compares whole cities, `baseline` is the mean over pairs of different cities *and* different dimensions:
    policies are alike in content only where a dimension lies above it.
    """
    texts = cells["keywords"].str.replace(";", " ") + " " + cells["summary_zh"]
    matrix = cosine_similarity(vectors(texts))
    city, dimension = cells["city"].to_numpy(), cells["dimension_id"].to_numpy()
    rows = [
        (dimension[i], city[i], city[j], matrix[i, j])
        for i in range(len(cells))
        for j in range(i + 1, len(cells))
        if dimension[i] == dimension[j]
    ]
    whole = texts.groupby(cells["city"]).agg(" ".join).reindex(CITIES)
    together = cosine_similarity(vectors(whole))
    rows += [("all", CITIES[i], CITIES[j], together[i, j]) for i in range(3) for j in range(i + 1, 3)]
    apart = (city[:, None] != city) & (dimension[:, None] != dimension)
    rows.append(("baseline", "", "", matrix[apart].mean()))
    return pd.DataFrame(rows, columns=["dimension_id", "a", "b", "similarity"])


def vectors(texts):
    """TF-IDF vectors of texts on character pairs and triples inside words."""
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), sublinear_tf=True).fit_transform(texts)


# ---- all documents: intensity and instruments


def documents(rules: dict | None = None) -> pd.DataFrame:
    """Distinct policies of Chinese places: `place, year, title_zh, text, force, erratum`; a year not printed is missing.

    Joins `documents` (those with a place) and `city_policies`, one row for each title; years and places are corrected
    by the coding.
    """
    rules = rules or coding()
    listed = files.read_csv(PUBLISHED / "documents.csv")
    listed = listed.assign(
        year=[first_year(cell) for cell in listed["period_or_date"]], text=listed["title_zh"]
    )
    collected = files.read_csv(PUBLISHED / "city_policies.csv")
    collected = collected[~collected["level"].str.startswith("foreign")].rename(
        columns={"city": "place", "policy_title_zh": "title_zh"}
    )
    collected = collected.assign(
        year=collected["year"].astype(float), text=collected["title_zh"] + " " + collected["aims"]
    )
    frame = pd.concat([collected, listed], ignore_index=True)
    frame = frame[frame["place"].notna() & ~frame["title_zh"].isin(rules["not_policies"])]
    frame = frame.assign(key=frame["title_zh"].map(title_key))
    frame = (
        frame.groupby("key", sort=False)
        .agg(
            place=("place", "first"),
            year=("year", "min"),
            title_zh=("title_zh", "first"),
            text=("text", " ".join),
        )
        .reset_index(drop=True)
    )
    frame["erratum"] = ""
    for fix in rules["correction"]:
        where = frame["title_zh"].eq(fix["title"])
        for column in {"year", "place", "erratum"} & set(fix):
            frame.loc[where, column] = fix[column]
    frame["force"] = [force(title, rules) for title in frame["title_zh"]]
    return frame


def title_key(title: str) -> str:
    """A title without brackets, quotes, spaces and 年, so that two ways of printing it meet.

    >>> title_key("规划（2018年-2022年）") == title_key("规划(2018-2022)")
    True
    """
    return re.sub(r"[\s()《》“”\"年、]", "", unicodedata.normalize("NFKC", title))


def first_year(cell) -> float:
    """First year of a printed period; the 13th and 14th five-year periods begin in 2016 and 2021.

    >>> first_year("2018-2022"), first_year("14th five-year period")
    (2018.0, 2021.0)
    """
    plan = re.match(r"(\d+)th five-year", str(cell))
    found = re.match(r"\d{4}", str(cell))
    return 1951.0 + 5 * int(plan[1]) if plan else float(found[0]) if found else np.nan


def force(title: str, rules: dict) -> int:
    """Points of a document by the kind that its title, without brackets, names."""
    bare = re.sub(r"[（(].*?[)）]", "", title)
    return next(level["points"] for level in rules["force"] if re.search(level["pattern"], bare))


def intensity(documents: pd.DataFrame, places: list[str]) -> pd.DataFrame:
    """Documents and their force by place and year: `place, year, count, force` (year missing = not printed)."""
    frame = documents[documents["place"].isin(places)]
    return (
        frame.groupby(["place", "year"], dropna=False)
        .agg(count=("title_zh", "size"), force=("force", "sum"))
        .reset_index()
    )


def instruments(texts: pd.Series, rules: dict | None = None) -> pd.DataFrame:
    """Instruments found in each text: index as `texts`, one column an instrument and `uncoded`; rows sum to one."""
    rules = rules or coding()
    found = pd.DataFrame(
        {
            id: texts.str.contains("|".join(map(re.escape, tool["words"])))
            for id, tool in rules["instruments"].items()
        }
    ).astype(float)
    found["uncoded"] = (~found.any(axis=1)).astype(float)
    return found.div(found.sum(axis=1), axis=0)


def sides(found: pd.DataFrame, rules: dict | None = None) -> pd.DataFrame:
    """Instruments summed to supply, demand and environment side (and `uncoded`)."""
    rules = rules or coding()
    side = {id: tool["side"] for id, tool in rules["instruments"].items()} | {"uncoded": "uncoded"}
    return found.T.groupby(side).sum().T.reindex(columns=[*rules["sides"], "uncoded"], fill_value=0.0)
