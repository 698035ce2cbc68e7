"""What the report printed about firms: facts and claims, each against other printed digits or the counted records.

A share or a ratio whose parts are printed follows from them: arithmetic that rests on nothing else. The rest is held
against the records of the edition. The sample of records is made to meet these facts, so that agreement checks only the
making of it.
"""

import math

import pandas as pd

from fire import codebook, files
from fire.errors import InputError
from fire.index.rounding import half_digit
from fire.sources import records
from fire.sources.firms import COUNTS, RATIOS
from studies.printed2022 import ledger as books
from studies.printed2022.published import FOLDER

FILES = {"firm_regions": "04(一)", "firm_tech": "04(二)", "firm_region_tech": "04(三)"}
SIZES = {
    "firms": "firms",
    "patents": "patents",
    "rd_staff": "rd_staff",
    "deals_top_vc": "deals_top_vc",
    "deals_total": "deals",
    "vc_deals": "deals",
    "vc_attraction": "deals_top_vc",
    "hightech_firms": "hightech_firms",
}
LEVELS = {"region": "region", "city": "city", "group": "region", "tech": "category", "national": "region"}
THREE = ["京津冀", "长三角", "粤港澳大湾区"]
OTHER_UNIVERSE = "E10"  # chapter 5 counts all firms of 2021, chapter 4 the holders of at least one patent
SILENT = {
    "records": "not in the firm, patent and deal records",
    "universe": "another universe: all firms of the year, not the holders of a patent",
    "claim": "a statement about causes or conditions, not about counts",
}


def facts() -> pd.DataFrame:
    """All printed firm facts in one frame, one row a printing (`tech` empty: all technologies)."""
    frames = [files.read_csv(FOLDER / f"{name}.csv") for name in FILES]
    frames[1] = frames[1].assign(unit_type="tech", unit=frames[1]["tech"], tech="")
    both = pd.concat(frames, ignore_index=True).astype({"value": float, "decimals": int})
    columns = [
        "id",
        "unit_type",
        "unit",
        "tech",
        "metric",
        "measure",
        "value",
        "decimals",
        "approx",
        "nth",
        "errata",
        "locator",
    ]
    return both[columns].fillna({"tech": "", "errata": ""})


def cells_of(counted: pd.DataFrame) -> pd.DataFrame:
    """Counts by city and technology category, the grain of the printed facts: `city, region, category` and COUNTS."""
    return counted.groupby(["city", "region", "category"], as_index=False)[COUNTS].sum()


def members(cells: pd.DataFrame, unit: str) -> pd.Series:
    """Which cells belong to a city, region, technology, group joined by '+', or the nation."""
    names = unit.split("+")
    return (
        cells["city"].isin(names)
        | cells["region"].isin(names)
        | cells["category"].isin(names)
        | (unit == "全国")
    )


def parts_of(metric: str) -> tuple[str, str | None, float]:
    """Numerator, denominator (None for a count) and factor of a printed metric."""
    return RATIOS[metric] if metric in RATIOS else (SIZES[metric], None, 1)


def level(cells: pd.DataFrame, metric: str) -> float:
    """Value of a metric over all the cells given; missing when its denominator is zero."""
    part, whole, factor = parts_of(metric)
    if whole is None:
        return float(cells[part].sum())
    return factor * cells[part].sum() / cells[whole].sum() if cells[whole].sum() else float("nan")


def levels(cells: pd.DataFrame, metric: str, by: str) -> pd.Series:
    """Value of a metric for each group of one column; firms outside the index cities are no city."""
    part, whole, factor = parts_of(metric)
    cells = cells[cells["city"] != records.OTHER] if by == "city" else cells
    sums = cells.groupby(by)[[part, *([whole] if whole else [])]].sum()
    return sums[part] if whole is None else factor * sums[part] / sums[whole].where(sums[whole] > 0)


def concentration(cells: pd.DataFrame, unit: str) -> pd.Series:
    """Share (%) of a group of regions in the firms of each category, the measure CR3 of chapter 4."""
    inside, everywhere = (
        part.groupby("category")["firms"].sum() for part in (cells[members(cells, unit)], cells)
    )
    return 100 * inside / everywhere


def computed(fact, cells: pd.DataFrame) -> float:
    """The number of one printed fact (a row of `facts`) from the counts; missing when records cannot give it."""
    if fact.metric == "regions":
        return float(cells["region"].nunique())
    if fact.metric not in SIZES and fact.metric not in RATIOS:
        return float("nan")
    within = cells[cells["category"] == fact.tech] if fact.tech else cells
    if fact.measure == "rank":
        return float(
            levels(within, fact.metric, LEVELS[fact.unit_type]).rank(ascending=False, method="min")[fact.unit]
        )
    if fact.measure == "rank_of_concentration":
        return float(concentration(cells, fact.unit).rank(ascending=False, method="min")[fact.tech])
    own = within[members(within, fact.unit)]
    if fact.measure == "value":
        return level(own, fact.metric)
    if fact.measure.startswith("pct_of_"):
        other = within[members(within, fact.measure.removeprefix("pct_of_"))]
        return 100 * level(own, fact.metric) / level(other, fact.metric)
    return 100 * level(own, fact.metric) / level(within, fact.metric)


def holds(fact, value: float) -> bool:
    """Whether a number agrees with the printed one, to half a unit of its last digit or on the printed side."""
    half = half_digit(fact.decimals) + 1e-9
    return {
        "exact": abs(value - fact.value) <= half,
        "gt": value > fact.value,
        "lt": value < fact.value,
        "ge": value >= fact.value,
        "le": value <= fact.value,
        "approx": abs(value / fact.value - 1) <= 0.05,
    }[fact.approx]


def digits(table: pd.DataFrame) -> dict:
    """The exactly printed amounts by (unit, technology, metric); `table` as `facts`."""
    exact = table[table["measure"].eq("value") & table["approx"].eq("exact")].sort_values(
        "nth", kind="stable"
    )
    keys = (
        exact["unit"].where(exact["unit_type"].ne("tech"), "全国"),
        exact["tech"].mask(exact["unit_type"].eq("tech"), exact["unit"]),
    )
    frame = exact.assign(unit=keys[0], tech=keys[1]).drop_duplicates(["unit", "tech", "metric"])
    return frame.set_index(["unit", "tech", "metric"])["value"].to_dict()


def from_digits(fact, known: dict) -> float:
    """A printed share or ratio from the printed amounts that it is made of (`digits`); missing where one is not printed."""
    unit, tech = ("全国", fact.unit) if fact.unit_type == "tech" else (fact.unit, fact.tech)

    def amount(unit: str, tech: str, metric: str) -> float:
        return sum(known.get((one, tech, metric), math.nan) for one in unit.split("+"))

    def ratio(unit: str, tech: str) -> float:
        part, whole, factor = RATIOS.get(fact.metric, (fact.metric, None, 1))
        return (
            amount(unit, tech, part)
            if whole is None
            else factor * amount(unit, tech, part) / amount(unit, tech, whole)
        )

    if fact.measure == "value":
        return ratio(unit, tech) if fact.metric in RATIOS else math.nan
    if fact.measure.startswith("pct_of_"):
        other = fact.measure.removeprefix("pct_of_")
        return (
            100
            * ratio(unit, tech)
            / (ratio("全国", other) if fact.unit_type == "tech" else ratio(other, tech))
        )
    if fact.measure in ("share_pct", "share_of_tech_pct"):
        return 100 * ratio(unit, tech) / ratio("全国", tech)
    return math.nan


def errata() -> pd.Series:
    """Explanation of each documented slip by its id."""
    return files.read_csv(FOLDER / "errata.csv").set_index("id")["explanation"]


def ledger(cells: pd.DataFrame, status: str, index=None) -> pd.DataFrame:
    """Ledger rows of the printed firm facts and claims against printed digits and the counts by city and category.

    `status` of the records: with "simulated" a row on them is calibrated at best, and what they give in the place of a
    bound stays out. `index`: holds the raw indicators that the records lack (incubators).
    """
    reasons, simulated, table = errata(), status == "simulated", facts()
    known, rows = digits(table), []
    for fact in table.itertuples():
        value, evidence, silent = from_digits(fact, known), "digits", None
        if math.isnan(value):
            value, evidence = computed(fact, cells), "records"
        if fact.errata == OTHER_UNIVERSE:
            silent = SILENT["universe"]
        elif math.isnan(value):
            silent = SILENT["records"]
        met = None if silent else 100.0 * holds(fact, value)
        if silent == SILENT["records"] and index is not None and fact.metric in index.spec.indicators:
            met, evidence, silent = _on_draws(fact, index), "draws", None
        hidden = simulated and evidence != "digits" and fact.approx != "exact"
        rows.append(
            {
                "id": fact.id,
                "kind": fact.measure,
                "section": fact.locator.split("｜")[0],
                "unit": fact.unit,
                "node": f"{fact.metric}:{fact.tech}" if fact.tech else fact.metric,
                "measure": fact.measure,
                "printed": f"{books.SIGNS[fact.approx]}{fact.value:.{fact.decimals}f}",
                "computed": None if hidden else value,
                "difference": None if hidden else value - fact.value,
                "tolerance": half_digit(fact.decimals) if fact.approx == "exact" else None,
                "met_pct": met,
                "evidence": evidence,
                **_verdict(met, silent, evidence, simulated, fact.errata, reasons),
            }
        )
    return pd.concat([pd.DataFrame(rows), claims(cells, simulated)], ignore_index=True)


def _on_draws(fact, index) -> float:
    """Share (per cent) of the draws in which a raw indicator of a city agrees with a printed fact."""
    cell = (index.year, fact.unit)
    values = [float(one.steps().raw.at[cell, fact.metric]) for one in index.completions]
    return 100 * sum(holds(fact, value) for value in values) / len(values)


def _verdict(met, silent, evidence: str, simulated: bool, erratum: str, reasons) -> dict:
    """Verdict, erratum and reason of a row that agrees in `met` per cent, or says nothing for the reason `silent`."""
    if silent:
        return {"verdict": "not computable", "errata": erratum, "reason": silent}
    if met >= books.AGREE:
        made = evidence == "draws" or simulated and evidence == "records"
        verdict = "calibrated" if made else "independent"
        return {"verdict": verdict, "errata": erratum, "reason": ""}
    known = {"verdict": "erratum", "errata": erratum, "reason": reasons.get(erratum, "")}
    return known if erratum else {"verdict": "misfit", "errata": "", "reason": ""}


def claims(cells: pd.DataFrame, simulated: bool) -> pd.DataFrame:
    """Ledger rows of the claims of chapter 4; those about causes cannot be computed from counts."""
    reasons, rows = errata(), []
    for claim in files.read_csv(FOLDER / "firm_claims.csv").fillna("").itertuples():
        test = CLAIMS.get(claim.id)
        true, shown = test(cells) if test else (None, "")
        silent = SILENT["claim"] if test is None else None
        met = None if silent else 100.0 * bool(true)
        rows.append(
            {
                "id": claim.id,
                "kind": "claim",
                "section": claim.locator.split("｜")[0],
                "unit": claim.units,
                "node": claim.metric,
                "measure": "claim",
                "printed": claim.claim,
                "computed": None if simulated else shown,
                "met_pct": met,
                "evidence": "records",
                **_verdict(met, silent, "records", simulated, claim.errata, reasons),
            }
        )
    return pd.DataFrame(rows)


def by_technology(ledger: pd.DataFrame) -> pd.Series:
    """Which rows of the ledger are about technologies; the others are about regions and cities."""
    return ledger["section"].str.startswith(("04(二)", "04(三)"))


def verdicts(ledger: pd.DataFrame) -> dict:
    """Rows by verdict, `total, independent, calibrated, erratum, silent` (not computable) and `misfit`; `sample`: whether
    the records were made to meet them."""
    count = ledger["verdict"].value_counts()
    names = {name: name for name in ("independent", "calibrated", "erratum", "misfit")} | {
        "silent": "not computable"
    }
    found = {name: int(count.get(verdict, 0)) for name, verdict in names.items()}
    return {"total": len(ledger)} | found | {"sample": bool(ledger["verdict"].eq("calibrated").any())}


def apart(ledger: pd.DataFrame, book) -> pd.DataFrame:
    """The rows that do not agree or cannot be computed, as a reader sees them: `id, section, unit`, the metric, what is
    printed and why in both languages.

    Columns: `id, section, unit, metric_zh, metric_en, printed_zh, printed_en, computed, verdict, errata, reason_zh,
    reason_en`; a claim stands in Chinese in the words of the report. `book`: names of the edition.
    """
    rows = ledger[~ledger["verdict"].isin(["independent", "calibrated"])].reset_index(drop=True)
    quoted = files.read_csv(FOLDER / "firm_claims.csv").set_index("id")["locator"].str.split("｜").str[1]
    slips = files.read_csv(FOLDER / "errata_zh.csv").set_index("id")["slip_zh"]
    slip = rows["errata"].map(slips).where(rows["verdict"].eq("erratum"))
    return pd.DataFrame(
        {
            **{name: rows[name] for name in ("id", "section", "unit")},
            **{
                f"metric_{lang}": [
                    _worded(*row, book, lang) for row in zip(rows["node"], rows["measure"], strict=True)
                ]
                for lang in codebook.LANGUAGES
            },
            "printed_zh": rows["id"].map(quoted).fillna(rows["printed"]),
            "printed_en": rows["printed"],
            "computed": [f"{cell:.6g}" if isinstance(cell, float) else cell for cell in rows["computed"]],
            **{name: rows[name] for name in ("verdict", "errata")},
            "reason_zh": slip.fillna(rows["reason"].map(codebook.word)),
            "reason_en": rows["reason"],
        }
    ).replace({"computed": {"nan": None, "": None}})


def _worded(node: str, measure: str, book, lang: str) -> str:
    """What is printed, in words: the metric, or several, with its technology, and whether it is a rank or a share.

    >>> _worded("patents:云计算", "rank", codebook.default(), "en")
    'Patent applications, Cloud computing: Rank'
    """
    metrics, _, tech = node.partition(":")
    parts = [_heading(SIZES.get(name, name), book, lang) for name in metrics.split(";")]
    parts += [codebook.word(tech, book.lang(lang))] if tech else []
    shown = ("、" if lang == "zh" else ", ").join(parts)
    if measure in ("value", "claim"):
        return shown
    kind = _heading("rank" if measure.startswith("rank") else "share_pct", book, lang)
    return f"{shown}：{kind}" if lang == "zh" else f"{shown}: {kind}"


def _heading(name: str, book, lang: str) -> str:
    """Heading of a metric by the codebook; one that is printed but is no column stays as it is."""
    try:
        return book.column(name)[lang]
    except InputError:
        return name


def top(cells: pd.DataFrame, metric: str, n: int, by: str = "region") -> list[str]:
    """Names of the first n groups by a metric."""
    return list(levels(cells, metric, by).sort_values(ascending=False, kind="stable").index[:n])


def leaders(cells: pd.DataFrame, metric: str) -> dict[str, str]:
    """The leading region of each category by a metric."""
    return {tech: top(part, metric, 1)[0] for tech, part in cells.groupby("category")}


def within_top(*wanted):
    """A claim that units are among the first n by a metric: (unit, metric, n), regions and cities alike."""

    def test(cells):
        places = {
            (unit, metric): int(
                levels(cells, metric, "region" if unit in set(cells["region"]) else "city").rank(
                    ascending=False, method="min"
                )[unit]
            )
            for unit, metric, n in wanted
        }
        return (
            all(places[unit, metric] <= n for unit, metric, n in wanted),
            "; ".join(f"{unit} {metric} rank {rank}" for (unit, metric), rank in places.items()),
        )

    return test


def beyond(metric: str, techs: list[str], factor: float):
    """A claim that the first technology is at least `factor` times the second by a metric, the list falling."""

    def test(cells):
        values = levels(cells, metric, "category")[techs]
        return (
            bool(values.is_monotonic_decreasing and values.iloc[0] >= factor * values.iloc[-1]),
            "; ".join(f"{tech} {value:.4g}" for tech, value in values.items()),
        )

    return test


def three_dominate(cells):
    share = 100 * cells[cells["region"].isin(THREE)]["firms"].sum() / cells["firms"].sum()
    return share > 50 and set(top(cells, "firms", 3)) == set(THREE), f"{share:.2f} % in three regions"


def concentration_order(cells):
    shares = concentration(cells, "+".join(THREE)).sort_values(ascending=False)
    return shares.index[0] == "区块链" and set(shares.index[-2:]) == {"物联网", "大数据"}, "; ".join(
        f"{tech} {share:.1f}" for tech, share in shares.items()
    )


def patents_more_dispersed(cells):
    sums = cells.groupby(["category", "region"])[["firms", "patents"]].sum().groupby("category")
    leading = sums.max() / sums.sum()
    lower = leading["patents"] < leading["firms"]
    return bool(lower.all()), f"{lower.sum()}/{len(lower)}"


def slightly_fewer(cells):
    staff = levels(cells[cells["category"] == "云计算"], "rd_staff", "region")
    gap = 100 * (1 - staff["山东半岛"] / staff["长三角"])
    return 0 < gap <= 10, f"−{gap:.1f}%"


def staff_like_patents(cells):
    staff, patents = leaders(cells, "rd_staff"), leaders(cells, "patents")
    differ = [tech for tech in staff if staff[tech] != patents[tech]]
    return not differ, ";".join(differ)


def delta_leads(cells):
    lead = leaders(cells, "patents")
    return all(lead[tech] == "长三角" for tech in ("区块链", "人工智能", "物联网")), "; ".join(
        f"{t} {r}" for t, r in lead.items()
    )


CLAIMS = {
    "G01": three_dominate,
    "G02": within_top(
        *((unit, "hightech_share_pct", 3) for unit in ("长江中游", "西北地区", "京津冀")),
        *((unit, "invention_share_pct", 3) for unit in ("京津冀", "西北地区", "成渝")),
    ),
    "G04": within_top(("京津冀", "firms", 3), ("京津冀", "hightech_share_pct", 3), ("北京", "firms", 3)),
    "G05": within_top(("长江中游", "hightech_share_pct", 2), ("西北地区", "hightech_share_pct", 2)),
    "G06": within_top(("京津冀", "patents", 3), ("京津冀", "invention_share_pct", 1)),
    "G07": within_top(("京津冀", "invention_share_pct", 1)),
    "G08": within_top(("西北地区", "invention_share_pct", 3), ("成渝", "invention_share_pct", 3)),
    "G09": within_top(
        *(
            (unit, metric, 3)
            for unit in ("京津冀", "西北地区")
            for metric in ("rd_staff_per_firm", "invention_share_pct")
        )
    ),
    "G11": beyond("firms", ["人工智能", "互联网"], 2),
    "G13": beyond("invention_share_pct", ["区块链", "人工智能"], 1.5),
    "G14": beyond("deals_top_vc_per_firm", ["云计算", "互联网", "人工智能"], 2),
    "G16": concentration_order,
    "G17": patents_more_dispersed,
    "G19": slightly_fewer,
    "G20": staff_like_patents,
    "G21": delta_leads,
}
