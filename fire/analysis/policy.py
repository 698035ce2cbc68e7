"""Policies and events: the year's calendar, the comparison of cities, likeness, intensity, instruments.

Printed facts come from the folder `facts` of an edition (None: there are none); the team's own policies from
data/policies.csv. How texts are read (topics, issuers, instruments, force) is in data/policy-instruments.toml.
"""

import re
import tomllib
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from fire import codebook, files
from fire.sources import tables
from fire.sources.printed import source_years

OWN = files.DATA / "policies.csv"
ENGLISH = files.DATA / "policy-comparison-en.csv"
CODING = files.DATA / "policy-instruments.toml"
COLUMNS = [*tables.columns("policies"), "summary_en"]
NATION = "全国"


@cache
def coding(path=CODING) -> dict:
    """Topics, issuers, instruments, force and corrections: a TOML file of the team's own."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def words(table: dict, ids, lang: str) -> list[str]:
    """Names of ids in one table of the coding (topics, issuers, sides), in one language."""
    return [table[one][lang] for one in ids]


# Policies and events of the year --------------------------------------------------------------------------------------


def calendar(facts: Path | None, cities, own: Path = OWN, rules: dict | None = None) -> pd.DataFrame:
    """Policies and events: the printed ones and the team's own rows of `own` (template: data/templates/policies.csv).

    Columns `kind` (policy, event), `no`, `date`, `effective`, `city`, `issuer`, `title_zh`, `headline_zh`,
    `headline_en`, `topic` (id of the coding), `summary_zh`, `summary_en` (own rows may have this column),
    `issuer_group`, `year`, in order of days. Raises InputError
    with file, row, column and fix for every cell of the own rows that cannot be (a city that is none of `cities`, a
    topic that the coding lacks, a day that is none, a policy entered twice).
    """
    rules = rules or coding()
    allowed = {"topic": list(rules["topics"]), "city": [*cities, NATION]}
    parts = [tables.read(own, "policies", allowed)] if own.exists() else []
    parts = [*printed(facts, rules), *parts, pd.DataFrame(columns=COLUMNS)]
    frame = pd.concat([part for part in parts if len(part)] or parts[-1:], ignore_index=True)
    frame = frame.reindex(columns=COLUMNS)
    frame[["date", "effective"]] = frame[["date", "effective"]].astype("datetime64[ns]")
    frame["no"] = frame["no"].astype("Int64")
    for name in ("headline_zh", "headline_en"):
        frame[name] = frame[name].fillna(frame["title_zh"])
    frame["issuer_group"] = [issuer_group(issuer, rules) for issuer in frame["issuer"]]
    frame["year"] = frame["date"].dt.year
    return frame.sort_values(["date", "kind", "no"], ignore_index=True)


def printed(facts: Path | None, rules: dict) -> list[pd.DataFrame]:
    """The printed policies and events, topics as ids of the coding; none without printed facts."""
    topics = {name: id for id, topic in rules["topics"].items() for name in topic["printed"]}
    found = []
    for name, kind in (("policies", "policy"), ("events", "event")):
        if facts is None or not (facts / f"{name}.csv").exists():
            continue
        rows = files.read_csv(facts / f"{name}.csv").assign(kind=kind)
        rows = rows.assign(headline_en=rows["topic"], topic=rows["topic"].replace(topics))
        rows = rows.reindex(columns=COLUMNS).astype({"no": int})
        found.append(rows.assign(**{day: pd.to_datetime(rows[day]) for day in ("date", "effective")}))
    return found


def listed(calendar: pd.DataFrame, rules: dict | None = None) -> pd.DataFrame:
    """The calendar as a reader sees it: date, kind, issuer, head, topic and gist (each _zh, _en)."""
    rules = rules or coding()
    return pd.DataFrame(
        {
            "date": calendar["date"].dt.strftime("%Y-%m-%d"),
            "kind": calendar["kind"],
            "issuer_zh": calendar["issuer"].str.replace(";", "、"),
            "issuer_en": words(rules["issuers"], calendar["issuer_group"], "en"),
            "head_zh": calendar["headline_zh"],
            "head_en": _capital(calendar["headline_en"]),
            "topic_zh": words(rules["topics"], calendar["topic"], "zh"),
            "topic_en": words(rules["topics"], calendar["topic"], "en"),
            **{f"gist_{lang}": calendar[f"summary_{lang}"] for lang in codebook.LANGUAGES},
        }
    )


def timeline(calendar: pd.DataFrame, rules: dict | None = None) -> pd.DataFrame:
    """The calendar for a figure: `date, effective, kind` and, in each language, `label_zh`, `label_en`: the headline with
    the group of its issuer."""
    rules, table = rules or coding(), calendar[["date", "effective", "kind"]].copy()
    for lang, form in (("zh", "{}（{}）"), ("en", "{} ({})")):
        heads = _capital(calendar[f"headline_{lang}"])
        issuers = words(rules["issuers"], calendar["issuer_group"], lang)
        table[f"label_{lang}"] = [form.format(*pair) for pair in zip(heads, issuers, strict=True)]
    return table


def _capital(heads: pd.Series) -> pd.Series:
    """Headlines that begin with a capital."""
    return heads.str[0].str.upper() + heads.str[1:]


def busiest(calendar: pd.DataFrame, rules: dict | None = None) -> dict:
    """Who issued most, and the most frequent topic: values of a sentence."""
    rules, policies = rules or coding(), calendar[calendar["kind"].eq("policy")]
    by_issuer, by_topic = policies["issuer_group"].value_counts(), calendar["topic"].value_counts()
    top = by_issuer.index[:1]
    return {
        "policies": len(policies),
        "events": len(calendar) - len(policies),
        "issuer": {lang: "".join(words(rules["issuers"], top, lang)) for lang in ("zh", "en")},
        "issued": int(by_issuer.iloc[:1].sum()),
        "topic": {lang: rules["topics"][by_topic.index[0]][lang] for lang in ("zh", "en")},
        "late": 100 * policies["date"].dt.month.gt(6).mean(),
    }


def issuer_group(issuer: str, rules: dict) -> str:
    first = str(issuer).split(";")[0]
    return next(id for id, group in rules["issuers"].items() if any(word in first for word in group["words"]))


# Cities compared ------------------------------------------------------------------------------------------------------


def comparison(facts: Path, cities=None) -> pd.DataFrame:
    """The cells of the printed comparison of cities' policies, one row a city and dimension: `city, dimension_id,
    summary_zh, summary_en, keywords, technologies` (both separated by semicolons), `written` (year of the source).
    `cities`: only these."""
    table = files.read_csv(facts / "policy_comparison.csv")
    table = table[table["basis"].eq("table1") & (True if cities is None else table["city"].isin(set(cities)))]
    table = table.merge(files.read_csv(ENGLISH), on=["city", "dimension_id"], how="left")
    return table.assign(written=table["source_file"].map(source_years(facts)))


def compared(cells: pd.DataFrame) -> dict:
    """Which cities and how many dimensions are compared, and the year of the source: values of every text about it."""
    return {
        "compared_cities": list(cells["city"].unique()),
        "dimensions": cells["dimension_id"].nunique(),
        "written": int(cells["written"].iloc[0]),
    }


def matrix(cells: pd.DataFrame) -> pd.DataFrame:
    """The comparison as dimensions × cities: `policy_dimension`, then `<city>_zh, <city>_en` with the summaries."""
    wide = cells.pivot(index="dimension_id", columns="city", values=["summary_zh", "summary_en"])
    wide = wide.reindex(cells["dimension_id"].unique())
    table = pd.DataFrame({"policy_dimension": wide.index})
    for city in cells["city"].unique():
        table[f"{city}_zh"] = wide["summary_zh", city].to_numpy()
        table[f"{city}_en"] = wide["summary_en", city].to_numpy()
    return table


def technologies(cells: pd.DataFrame) -> dict:
    """Technologies that the policies of the compared cities name, by how many cities name them: `common` (all), `several`,
    `single` (one alone), terms in order of the cells: values of a sentence."""
    pairs = cells.assign(technology=cells["technologies"].str.split(";")).explode("technology")
    cities = pairs.dropna(subset="technology").groupby("technology", sort=False)["city"].nunique()
    every = cells["city"].nunique()
    groups = {"common": cities.eq(every), "several": cities.between(2, every - 1), "single": cities.eq(1)}
    return {name: list(cities.index[held]) for name, held in groups.items()}


def similarity(cells: pd.DataFrame) -> pd.DataFrame:
    """Cosine similarity of the cities' keywords and summaries, for each dimension and in all.

    TF-IDF on character pairs and triples (Chinese has no spaces). Columns `dimension_id, a, b, similarity`; the dimension
    `all dimensions` compares whole cities, `baseline` is the mean over pairs of different cities *and* different dimensions:
    policies are alike in content only where a dimension lies above it.
    """
    texts, cells = cells["keywords"].str.replace(";", " ") + " " + cells["summary_zh"], cells.reset_index()
    matrix = cosines(texts)
    city, dimension = cells["city"].to_numpy(), cells["dimension_id"].to_numpy()
    rows = [
        (dimension[i], city[i], city[j], matrix[i, j])
        for i, j in zip(*np.triu_indices(len(cells), 1))
        if dimension[i] == dimension[j]
    ]
    cities = cells["city"].unique()
    whole = texts.groupby(city).agg(" ".join).reindex(cities)
    together = cosines(whole)
    rows += [
        ("all dimensions", cities[i], cities[j], together[i, j])
        for i, j in zip(*np.triu_indices(len(cities), 1))
    ]
    apart = (city[:, None] != city) & (dimension[:, None] != dimension)
    rows.append(("baseline", "", "", matrix[apart].mean()))
    return pd.DataFrame(rows, columns=["dimension_id", "a", "b", "similarity"])


def likeness(alike: pd.DataFrame) -> dict:
    """Mean similarity within a dimension, the baseline, and the closest pair: values of a sentence."""
    same = alike[~alike["dimension_id"].isin(["all dimensions", "baseline"])]
    top = same.loc[same["similarity"].idxmax()]
    return {
        "same": same["similarity"].mean(),
        "base": alike.loc[alike["dimension_id"].eq("baseline"), "similarity"].item(),
        "top": top["similarity"],
        "pair": [top["a"], top["b"]],
        "dimension": top["dimension_id"],
    }


def cosines(texts) -> np.ndarray:
    """Cosine similarity of every two texts, from 0 to 1: on the pairs and triples of characters inside their words, each
    weighing (1 + ln times in the text) (1 + ln((1 + texts) / (1 + texts that have it))).

    Manning, Raghavan and Schütze (2008, Introduction to Information Retrieval, sections 6.2 to 6.4), the logarithms
    smoothed as in scikit-learn. A text without a word is like no other.

    >>> cosines(["绿色金融", "绿色信贷", "carbon"]).round(3).tolist()
    [[1.0, 0.224, 0.0], [0.224, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    times = pd.DataFrame([Counter(_pieces(text)) for text in texts]).to_numpy(float)
    rare = 1 + np.log((1 + len(times)) / (1 + np.isfinite(times).sum(axis=0)))
    vectors = np.nan_to_num((1 + np.log(times)) * rare)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, length, out=vectors, where=length > 0)
    return vectors @ vectors.T


def _pieces(text: str) -> list[str]:
    """Pairs and triples of characters of a text's words, with a space before and after each."""
    words = [f" {word} " for word in text.lower().split()]
    return [word[at : at + n] for word in words for n in (2, 3) for at in range(len(word) - n + 1)]


# All documents: intensity and instruments -----------------------------------------------------------------------------


def documents(facts: Path, rules: dict | None = None) -> pd.DataFrame:
    """Distinct policies of Chinese places: `place, year, title_zh, text, force, erratum`; a year not printed is missing.

    Joins `documents` (those with a place) and `city_policies`, one row for each title; years and places are corrected
    by the coding.
    """
    rules = rules or coding()
    listed = files.read_csv(facts / "documents.csv")
    listed = listed.assign(
        year=[_first_year(cell) for cell in listed["period_or_date"]], text=listed["title_zh"]
    )
    collected = files.read_csv(facts / "city_policies.csv")
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


def _first_year(cell) -> float:
    """First year of a printed period; the 13th and 14th five-year periods begin in 2016 and 2021.

    >>> _first_year("2018-2022"), _first_year("14th five-year period")
    (2018.0, 2021.0)
    """
    plan = re.match(r"(\d+)th five-year", str(cell))
    found = re.match(r"\d{4}", str(cell))
    return 1951.0 + 5 * int(plan[1]) if plan else float(found[0]) if found else np.nan


def force(title: str, rules: dict) -> int:
    """Points of a document by the kind that its title, without brackets, names."""
    bare = re.sub(r"[（(].*?[)）]", "", title)
    return next(level["points"] for level in rules["force"] if re.search(level["pattern"], bare))


def intensity(documents: pd.DataFrame, places) -> pd.DataFrame:
    """Documents and their force by place and year: `place, year, count, force` (year missing = not printed)."""
    frame = documents[documents["place"].isin(set(places))]
    return (
        frame.groupby(["place", "year"], dropna=False)
        .agg(count=("title_zh", "size"), force=("force", "sum"))
        .reset_index()
    )


def strongest(force: pd.DataFrame) -> dict:
    """The place with the greatest force, documents in all and those without a year: values of a sentence."""
    total = force.groupby("place")[["count", "force"]].sum().sort_values("force", ascending=False)
    return {
        "documents": int(total["count"].sum()),
        "leader": total.index[0],
        "count": int(total["count"].iloc[0]),
        "force": int(total["force"].iloc[0]),
        "undated": int(force.loc[force["year"].isna(), "count"].sum()),
    }


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


def by_side(texts: dict[str, pd.Series], rules: dict | None = None) -> pd.DataFrame:
    """Share of each side in groups of texts: `group, texts` (how many), `side, policy_side_zh, policy_side_en,
    share_pct`, one row a group and side (`uncoded` last)."""
    rules = rules or coding()
    counts = pd.DataFrame(
        {name: sides(instruments(text, rules), rules).sum() for name, text in texts.items()}
    ).T
    share = 100 * counts.div(counts.sum(axis=1), axis=0)
    long = share.rename_axis(index="group", columns="side").stack().rename("share_pct").reset_index()
    long.insert(1, "texts", long["group"].map({name: len(text) for name, text in texts.items()}))
    for lang in ("zh", "en"):
        long[f"policy_side_{lang}"] = [
            rules["sides"][one][lang] if one in rules["sides"] else codebook.word(one, lang)
            for one in long["side"]
        ]
    return long


def coded(calendar: pd.DataFrame, documents=None, cells=None) -> dict[str, pd.Series]:
    """Texts to be coded by instrument, in groups: all documents, the year's main policies, each city compared."""
    main = calendar[calendar["kind"].eq("policy")]
    texts = {} if documents is None else {"all documents": documents["text"]}
    texts |= {"main policies": main["title_zh"] + " " + main["summary_zh"].fillna("")} if len(main) else {}
    if cells is not None:
        words = cells["keywords"] + " " + cells["summary_zh"]
        texts |= {city: words[cells["city"].eq(city)] for city in cells["city"].unique()}
    return texts


def leaning(shares: pd.DataFrame) -> dict:
    """Shares of the sides among all documents (nothing without them), and of the environment side among the year's main
    policies (None without any): values of a sentence."""
    wide = shares.pivot(index="group", columns="side", values="share_pct")
    main = wide["environment"].get("main policies")
    whole = wide.loc["all documents"].to_dict() if "all documents" in wide.index else {}
    return whole | {"main": main}
