"""The errata of the published texts: what shows each of them, and how the ledger and the sample treat it.

Of the slips of the report those that concern numbers, ranks or lists are computed here; those that concern a word or
a caption rest on the two places of the text. The slips of the smaller sources are computed in `checks`.
"""

import re

import pandas as pd

from fire import codebook, files
from fire.errors import refuse
from fire.index import spec as specs
from studies.printed2022 import checks, published

KINDS = (checks.PRINTED, checks.MARKED, checks.ABSENT)
RULES = published.FOLDER / "errata-rules.csv"
TRACKS = dict(
    files.read_csv(files.DATA / "technology.csv")[["category", "category_en"]].itertuples(index=False)
)
NUMERAL = re.compile("[(]([一二三四五六])[)]")
ID = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
WORDS = re.compile(  # a passage of Chinese that no quotation marks enclose, with the digits and signs within it
    f"(?<!['“‘{codebook.HAN}])…?[0-9]*[{codebook.HAN}](?:[{codebook.HAN}0-9、〔〕/.]*[{codebook.HAN}0-9…])?(?:[)]?》)?(?!['”’])"
)
TREATMENTS = ("drop", "hold out", "widen", "read as set", "note")


def rules(path=RULES) -> pd.DataFrame:
    """How each erratum is treated: one row for each fact or claim (errata, id, treatment, tolerance, reasons)."""
    table = files.read_csv(path)
    table["tolerance"], faults = files.to_number(table["tolerance"])
    unknown = sorted(set(table["treatment"]) - set(TREATMENTS))
    refuse(
        f"{path}",
        faults
        + [
            f"column 'treatment': '{one}' is unknown: use {', '.join(TREATMENTS[:-1])} or {TREATMENTS[-1]}"
            for one in unknown
        ],
    )
    table = table.assign(id=table["rows"].str.split(";")).explode("id")
    return table.drop(columns="rows").reset_index(drop=True)


def slips() -> pd.DataFrame:
    """All slips: id, source (report or other), severity, slip_zh, slip_en, evidence, shown_zh, shown_en.

    `evidence`: computed from printed digits; marked (the tables carry the doubt as the transcriber's mark, which proves
    nothing); or text (two places of the text). `shown_*`: the computation in figures, or the two readings that conflict (in
    Chinese: their places). In English, words of the printed text stand in quotation marks, names are translated.
    Raises InputError with the ids when the facts no longer show a slip.
    """
    table = pd.concat([_of_report(), _of_others()], ignore_index=True)
    words = published.load("errata_zh").set_index("id")["slip_zh"]
    figures = table["source"].eq("report") & table["evidence"].eq(checks.PRINTED)
    spelt = table["shown"].str.replace("; ", "；").str.replace(": ", "：")
    names = _names()
    english = {
        f"{name}_en": [_in_english(text, names) for text in table[old]]
        for name, old in (("slip", "slip_en"), ("shown", "shown"))
    }
    table = table.assign(
        slip_zh=table["id"].map(words), shown_zh=spelt.where(figures, table["where"]), **english
    )
    return table[["id", "source", "severity", "slip_zh", "slip_en", "evidence", "shown_zh", "shown_en"]]


def _names() -> dict[str, str]:
    """English names: of cities, regions, technologies and the institutions of the smaller sources by their Chinese ones, of
    indicators by their ids."""
    book, firms = codebook.default(), published.load("institution_spending")
    institutions = dict(firms[["institution_zh", "institution_en"]].itertuples(index=False))
    return book.places["city"] | book.places["region"] | TRACKS | institutions | book.spec.labels("en")


def _in_english(text: str, names: dict[str, str]) -> str:
    """An English text on the printed one: cities, regions, technologies and ids of indicators by their English names (`_names`),
    sections by their numbers; other Chinese words, which are those of the printed text, in quotation marks.

    >>> _in_english("西安 in 06(一): rd_staff, and 图5 for 图4", _names())
    "Xi'an in 06(1): R&D staff of enterprises, and '图5' for '图4'"
    """
    text = NUMERAL.sub(lambda found: f"({'一二三四五六'.index(found[1]) + 1})", text)
    for file, source in checks.SOURCES.items():
        text = text.replace(file, f"'{codebook.word(source.partition(' ')[2], 'en')}'")
    text = ID.sub(lambda found: names.get(found[0], found[0]), text)

    def named(found) -> str:
        parts = [names.get(part, f"'{part}'") for part in found[0].split("、")]
        return ", ".join(parts)

    return WORDS.sub(named, text)


def counts(slips: pd.DataFrame) -> dict:
    """How many slips rest on what: total, computed, marked, text; the same of the report alone and of the other sources alone
    (report, other)."""

    def by_kind(some: pd.DataFrame) -> dict:
        return {"total": len(some)} | {kind: int(some["evidence"].eq(kind).sum()) for kind in KINDS}

    sources = {source: by_kind(slips[slips["source"].eq(source)]) for source in ("report", "other")}
    return by_kind(slips) | sources


def _of_report() -> pd.DataFrame:
    """The slips of the report, computed here."""
    table, proofs = published.load("errata"), proof()
    _still_there({slip: holds for slip, (holds, _) in proofs.items()}, "errata.csv")
    shown = table["id"].map({slip: figures for slip, (_, figures) in proofs.items()})
    return pd.DataFrame(
        {
            "id": table["id"],
            "source": "report",
            "severity": table["severity"],
            "slip_en": table["explanation"].fillna(table["printed"]),
            "evidence": shown.notna().map({True: checks.PRINTED, False: checks.ABSENT}),
            "shown": shown.fillna(_both(table["printed"], table["conflicting"])),
            "where": _both(table["locator"], table["locator_conflicting"]),
        }
    )


def _still_there(shown: dict, path: str) -> None:
    """Raise InputError for slips that the facts no longer show."""
    stale = [
        f"{slip}: the facts no longer show this slip: correct them, or {path}"
        for slip, holds in shown.items()
        if holds is not None and not holds
    ]
    refuse("studies/printed2022/data", stale)


def _of_others() -> pd.DataFrame:
    """The slips of the smaller sources, with what `checks` finds of them."""
    table, found = published.load("errata_other"), checks.slips(checks.load())
    _still_there(dict(zip(found["id"], found["shown"])), "errata_other.csv")
    words = _both(table["printed"], table["conflicting"])
    return pd.DataFrame(
        {
            "id": table["id"],
            "source": "other",
            "severity": table["severity"],
            "slip_en": table["explanation"],
            "evidence": found["evidence"],
            "shown": found["reason"].where(found["evidence"].eq(checks.PRINTED), words),
            "where": "“" + table["locator"].str.translate(str.maketrans("“”", "‘’")) + "”",
        }
    )


def _both(one: pd.Series, two: pd.Series) -> pd.Series:
    """Two texts with a stroke between them, or the first alone."""
    return one.str.cat(two.radd(" / ").fillna(""))


def _pick(table: str, column: str = "value", **where) -> list:
    """Cells of one column of a table where other columns equal the given values."""
    frame = published.load(table)
    return frame.loc[published.matches(frame, **where), column].tolist()


def _growth(unit: str, node: str, **where) -> list:
    """Printed growths of a unit and node."""
    return _pick("index_scores", unit=unit, node=node, measure="growth_pct", approx="exact", **where)


def _score(unit: str, node: str) -> float:
    """Printed score of a unit and node (first printing)."""
    return _pick("index_scores", unit=unit, node=node, measure="score", approx="exact", nth=1)[0]


def proof() -> dict[str, tuple[bool, str]]:
    """For each computable slip of the report: does the computation show it, and the figures."""
    return _numbers() | _claims() | _firms()


def _firm(unit: str, metric: str, measure: str = "value") -> float:
    """Printed firm-level figure of a region."""
    return _pick("firm_regions", unit=unit, metric=metric, measure=measure, approx="exact")[0]


def _shares(metric: str) -> pd.Series:
    """Largest printed regional share of each technology, per cent."""
    table = published.load("firm_region_tech")
    single = table[
        table["measure"].eq("share_of_tech_pct")
        & table["metric"].eq(metric)
        & ~table["unit"].str.contains("+", regex=False)
    ]
    return single.groupby("tech")["value"].max()


def _differ(*values) -> tuple[bool, str]:
    """Values that should be one and are not."""
    found = sorted(set(values))
    return len(found) > 1, " ≠ ".join(f"{value:g}" for value in found)


def _numbers() -> dict[str, tuple[bool, str]]:
    """Slips in printed scores and growths."""
    whole, north = (
        _score("哈尔滨", "firm_rd"),
        {city: _score(city, "R") for city in ("大连", "哈尔滨", "沈阳", "长春")},
    )
    stated = _pick("index_scores", unit="哈尔滨", errata="E03")
    xining, xian = (
        _pick("index_scores", unit=city, node="I", measure="growth_pct", approx=["ge", "exact"])
        for city in ("西宁", "西安")
    )
    up, down = _growth("广州", "firms")[0], _growth("广州", "invention_patents")[0]
    twins = [
        [_growth(city, node)[0] for city in ("东莞", "佛山")]
        for node in ("invention_patents", "patents_period", "patents_cumulative", "firms")
    ]
    spec = specs.load("fire-2022")
    weights = spec.nodes.loc[spec.pillars, "weight"].to_dict()
    base = sum(
        weight * _score("北京", node) / (1 + _growth("北京", node)[0] / 100)
        for node, weight in weights.items()
    )
    change, printed = 100 * (_score("北京", "total") / base - 1), _growth("北京", "total")[0]
    return {
        "E01": _differ(*_growth("深圳", "F")),
        "E02": (max(xian) < max(xining), f"西宁 {max(xining):g} > 西安 {max(xian):g}"),
        "E03": (max(stated) < whole / 2, f"{max(stated)} < {whole}"),
        "E04": (up > 0 > down, f"{up:+.2f} / {down:+.2f}"),
        "E06": (all(one == two for one, two in twins), "; ".join(f"{one} = {two}" for one, two in twins)),
        "E21": (max(abs(value - 4.5) for value in north.values()) > 0.3, "; ".join(map(str, north.values()))),
        "E38": (abs(change - printed) > 0.005, f"{change:.3f} ≠ {printed:.2f}"),
    }


def _claims() -> dict[str, tuple[bool, str]]:
    """Slips in ranks, counts and statements about the index."""
    listed = _pick("index_claims", "node", errata="E05")[0].split(";")
    stable = _growth("东莞", "tertiary_share") + _growth("深圳", "online_attention")
    counts = [int(number) for number in _pick("regions", "name", kind="count_statement")]
    members = _pick("regions", "in_index", region="粤港澳大湾区", kind="city")
    rank = _pick("index_scores", unit="深圳", node="F", measure="rank", nth=1)[0]
    best, other = _score("成都", "total"), _score("上海", "total")
    mean, north = _score("成渝", "total"), _score("京津冀", "total")
    return {
        "E05": _differ(4, len(listed)),
        "E08": _differ(*counts),
        "E39": _differ(len(members), members.count("yes")),
        "E13": (_score("大连", "firm_quantity") % 1 > 0, f"4 < {_score('大连', 'firm_quantity')} < 5"),
        "E19": (max(stable) < -5, "; ".join(f"{value:+.2f}" for value in stable)),
        "E32": (rank <= 10, f"深圳 {_score('深圳', 'F'):.3f}: {rank:g}"),
        "E37": (best < other and mean > north, f"成都 {best} < 上海 {other}; 成渝 {mean} > 京津冀 {north}"),
    }


def _firms() -> dict[str, tuple[bool, str]]:
    """Slips in the figures on firms and technologies."""
    count = {unit: _firm(unit, "firms") for unit in ("长三角", "粤港澳大湾区", "京津冀", "成渝")}
    share = (
        100
        * _firm("粤港澳大湾区", "rd_staff")
        / count["粤港澳大湾区"]
        / (_firm("京津冀", "rd_staff") / count["京津冀"])
    )
    third = 1 + sum(value > count["成渝"] for value in count.values())
    patents, owners = _shares("patents"), _shares("firms")
    above = int((patents > owners.reindex(patents.index)).sum())
    staff = {
        unit: _pick(
            "firm_region_tech", unit=unit, tech="云计算", metric="rd_staff", measure="value", approx="exact"
        )[0]
        for unit in ("山东半岛", "长三角")
    }
    leaders = {
        tech: [
            _pick(
                "firm_region_tech",
                "unit",
                tech=tech,
                metric=metric,
                measure="rank",
                value=1,
                unit=list(count) + ["山东半岛"],
            )[0]
            for metric in ("patents", "rd_staff")
        ]
        for tech in ("区块链", "云计算")
    }
    bay = [
        _pick(
            "firm_region_tech",
            "unit",
            tech=tech,
            metric="patents",
            measure="rank",
            value=1,
            nth=1,
            unit=list(count),
        )[0]
        for tech in ("区块链", "人工智能", "物联网")
    ]
    less = 100 * (1 - staff["山东半岛"] / staff["长三角"])
    return {
        "E09": _differ(3, third),
        "E30": _differ(54.2, round(share, 2)),
        "E17": (set(bay) == {"粤港澳大湾区"}, "; ".join(bay)),
        "E25": (above > len(patents) / 2, f"{above} / {len(patents)}"),
        "E26": (
            any(one != two for one, two in leaders.values()),
            "; ".join(f"{tech}: {one} ≠ {two}" for tech, (one, two) in leaders.items()),
        ),
        "E27": (less > 20, f"{staff['山东半岛']:.0f} / {staff['长三角']:.0f} = −{less:.1f} %"),
    }
