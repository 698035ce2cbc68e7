"""The arithmetic of the smaller sources: checks of printed numbers as rows of the ledger, and what shows printed slips.

Facts are a dict of tables as `files.read_csv` gives them (every cell text, so that printed decimals survive).
"""

import math
import tomllib

import numpy as np
import pandas as pd

from fire import codebook, files
from fire.index.rounding import half_digit
from studies.printed2022.published import FOLDER, matches

COLUMNS = [
    "id",
    "kind",
    "section",
    "unit",
    "node",
    "measure",
    "printed",
    "computed",
    "difference",
    "tolerance",
    "low",
    "high",
    "met_pct",
    "verdict",
    "evidence",
    "errata",
    "reason",
]
PRINTED, MARKED, ABSENT = "computed", "marked", "text"  # what shows a slip
SLIPS = FOLDER / "slips.toml"
NAMES = FOLDER / "check-names.toml"
SOURCES = {
    "000_806307570eb153f0.txt": "S0 北京领军企业",
    "001_dbf8deccee350033.txt": "S1 场景汇编",
    "003_bcd5c5c4f893a3f1.txt": "S3 三城政策",
    "004_527d24990018d85d.txt": "S4 六大行",
}
STATE = ["工商银行", "建设银行", "农业银行", "中国银行", "邮储银行", "交通银行"]
JOINT = ["招商银行", "中信银行", "平安银行", "兴业银行", "光大银行", "民生银行", "恒丰银行", "渤海银行"]
S1, S3, S4 = list(SOURCES.values())[1:]


def load(folder=FOLDER) -> dict[str, pd.DataFrame]:
    """All published tables by name, cells as text."""
    return {path.stem: files.read_csv(path) for path in sorted(folder.glob("*.csv"))}


# ---- reading printed cells


def _cells(facts: dict, table: str, **where) -> pd.DataFrame:
    """Rows of a table where every named column equals the given text (or is one of a list)."""
    texts = {
        column: list(map(str, wanted)) if isinstance(wanted, list) else str(wanted)
        for column, wanted in where.items()
    }
    return facts[table][matches(facts[table], **texts)]


def _text(facts: dict, table: str, column: str = "value", **where) -> str:
    """The one cell that the conditions name; KeyError with the conditions when there is none."""
    found = _cells(facts, table, **where)
    if found.empty:
        raise KeyError(f"{table}: no row with {where}")
    return found[column].iloc[0]


def _spend(facts: dict, names, measure: str = "tech_spend", year: int = 2021) -> list[str]:
    return [
        _text(facts, "institution_spending", institution_zh=name, measure=measure, year=year)
        for name in names
    ]


def _industry(facts: dict, domain: str, measure: str, year: int, geography: str = "中国") -> str:
    return _text(facts, "industry_indicators", domain=domain, measure=measure, year=year, geography=geography)


def _half(printed: str) -> float:
    """Half a unit of the last printed digit.

    >>> _half("4.03"), _half("1800")
    (0.005, 0.5)
    """
    return half_digit(len(str(printed).partition(".")[2]))


def propagate(function, printed: list[str]) -> tuple[float, float]:
    """Value of `function` at printed numbers and the largest deviation that their rounding allows (first order).

    >>> propagate(lambda x: x.sum(), ["1.0", "2.00"])
    (3.0, 0.055)
    """
    x = np.array([float(cell) for cell in printed])
    value = float(function(x))
    moved = (function(x + step) - value for step in np.diag([_half(cell) for cell in printed]))
    return value, round(float(sum(abs(move) for move in moved)), 12)


# ---- rows


def _row(id, section, unit, measure, printed, computed, tolerance, verdict, errata, reason):
    """One row of the ledger; the difference only where both are numbers."""
    number = isinstance(computed, float) and printed not in ("", "holds")
    return {
        "id": id,
        "kind": "check",
        "section": section,
        "unit": unit,
        "node": "",
        "measure": measure,
        "printed": printed,
        "computed": computed,
        "difference": computed - float(printed) if number else math.nan,
        "tolerance": tolerance,
        "verdict": verdict,
        "evidence": "digits",
        "errata": errata,
        "reason": reason,
    }


def _verdict(holds: bool, erratum: str) -> str:
    """Arithmetic on printed numbers uses no fit: it agrees by itself, is a known slip, or a misfit."""
    return "independent" if holds else "erratum" if erratum else "misfit"


def _compare(id, section, unit, measure, printed: str, result: tuple[float, float], erratum="", reason=""):
    """A printed number against a recomputed (value, slack)."""
    computed, slack = result
    tolerance = slack + _half(printed) + 1e-9
    same = abs(computed - float(printed)) <= tolerance
    said = f"{computed:.6g} ± {slack:.2g} against {printed}"
    return _row(
        id,
        section,
        unit,
        measure,
        printed,
        computed,
        tolerance,
        _verdict(same, erratum),
        "" if same else erratum,
        said if same or not reason else f"{said}: {reason}",
    )


def _claim(id, section, unit, measure, holds: bool, shown: str, erratum="", reason=""):
    """A printed statement that holds or not, with the numbers that show it."""
    return _row(
        id,
        section,
        unit,
        measure,
        "holds",
        "holds" if holds else "does not hold",
        math.nan,
        _verdict(holds, erratum),
        "" if holds else erratum,
        shown if holds or not reason else f"{shown}: {reason}",
    )


def _derive(id, section, unit, measure, result: tuple[float, float], shown: str):
    """A number that the source does not print: shown as computed, nothing to hold it against."""
    value, slack = result
    said = f"{shown}: no printed counterpart, the value is ours"
    return _row(id, section, unit, measure, "", value, slack, "not computable", "", said)


def group_growth(x: np.ndarray) -> float:
    """Growth in per cent of a total, from the members' levels (first half) and growth rates (second half)."""
    level, growth = np.split(x, 2)
    return 100 * (level.sum() / (level / (1 + growth / 100)).sum() - 1)


def _implied_revenue_growth(x: np.ndarray) -> float:
    """Growth of revenue in per cent, from spending growth, its share of revenue, and the change of that share."""
    growth, share, change = x
    return 100 * ((1 + growth / 100) * (share - change) / share - 1)


def _yearly(years: int):
    """Function of (first, last): compound growth in per cent a year over `years`."""
    return lambda x: 100 * ((x[1] / x[0]) ** (1 / years) - 1)


def _banks(facts: dict):
    """C01–C11, C34: bank spending."""

    def both(names):
        return _spend(facts, names) + _spend(facts, names, "tech_spend_growth_pct")

    state, joint, all14 = "6家国有大行合计", "8家全国性股份行合计", "14家银行合计"
    total = {name: _spend(facts, [name])[0] for name in (state, joint, all14)}
    for id, name, members in (("C01", state, STATE), ("C02", joint, JOINT)):
        yield _compare(id, S1, name, "tech_spend", total[name], propagate(np.sum, _spend(facts, members)))
    yield _compare(
        "C03", S1, all14, "tech_spend", total[all14], propagate(np.sum, [total[state], total[joint]])
    )
    levels = [np.array(_spend(facts, names), float) for names in (STATE, JOINT)]
    ordered = all((np.diff(level) < 0).all() for level in levels) and levels[1][0] > max(levels[0][4:])
    yield _claim(
        "C04", S1, all14, "printed order is high to low", ordered, "招商银行 lies above 邮储银行 and 交通银行"
    )
    for id, name, members in (("C05", state, STATE), ("C06", joint, JOINT)):
        printed = _spend(facts, [name], "tech_spend_growth_pct")[0]
        yield _compare(id, S1, name, "tech_spend_growth_pct", printed, propagate(group_growth, both(members)))
    yield _revenue_check(facts)
    last, rate = (
        _spend(facts, [state], year=2024)[0],
        _spend(facts, [state], "tech_spend_growth_pct", 2024)[0],
    )
    base, slack = propagate(lambda x: x[0] / (1 + x[1] / 100), [last, rate])
    yield _derive("C08", S4, state, "tech_spend of 2023", (base, slack), f"{last} / (1 + {rate} %)")
    yield _derive(
        "C09",
        S4,
        state,
        "growth a year 2021–2024",
        propagate(_yearly(3), [total[state], last]),
        f"between {_spend(facts, [state], 'tech_spend_growth_pct')[0]} (2021) and {rate} (2024)",
    )
    cumulative = float(_text(facts, "institution_spending", measure="tech_spend_cumulative_since_2019"))
    first = float(total[state]) / (1 + float(_spend(facts, [state], "tech_spend_growth_pct")[0]) / 100)
    left = cumulative - first - float(total[state]) - base - float(last)
    low, high = left - base, left - float(total[state])
    yield _claim(
        "C10",
        S4,
        state,
        "cumulative spending since 2019",
        0 < low < high < first,
        f"{left:.0f} is left for 2019 and 2022; 2019 is {low:.0f}–{high:.0f} if 2022 lies between its neighbours",
    )
    staff = _spend(facts, [state], "staff", 2024) + _spend(facts, ["邮储银行"], "staff", 2024)
    yield _derive(
        "C11",
        S4,
        state,
        "staff without 邮储银行",
        propagate(lambda x: x[0] - x[1], staff),
        "the 7200 of 邮储银行 is the source's assumption",
    )
    heads = [
        (total[all14], _spend(facts, [all14], "tech_spend_headline")[0]),
        (staff[0], _spend(facts, [state], "staff_headline", 2024)[0]),
    ]
    yield _claim(
        "C34",
        S1,
        all14,
        "headlines lie below the totals",
        all(float(a) > float(b) for a, b in heads),
        "; ".join(f"{a} > {b}" for a, b in heads),
    )


def _revenue_check(facts: dict) -> dict:
    """C07: spending growth, share and its change imply a revenue growth; one bank lies far from the others."""
    measures = ["tech_spend_growth_pct", "share_of_revenue_pct", "share_change_pp"]
    implied = pd.Series(
        {
            bank: propagate(_implied_revenue_growth, [_spend(facts, [bank], m)[0] for m in measures])[0]
            for bank in STATE
        }
    )
    off = (implied - implied.median()).abs() > 5 * (implied - implied.median()).abs().median()
    return _claim(
        "C07",
        S1,
        "、".join(implied.index[off]) or "6家国有大行",
        "implied revenue growth within the group",
        not off.any(),
        "; ".join(f"{bank} {value:+.1f} %" for bank, value in implied.items()),
        "OE01",
        "more than five median absolute deviations from the group's median: the two shares have two bases",
    )


def _technologies(facts: dict):
    """C12–C25: sizes, shares and growth of the four industries."""

    def get(domain, measure, year=2021, **more):
        return _industry(facts, domain, measure, year, **more)

    core, later = get("ai", "core_industry_size"), get("ai", "core_industry_size", 2025)
    yield _compare(
        "C12",
        S1,
        "人工智能",
        "core_industry_cagr_pct",
        get("ai", "core_industry_cagr_pct", 2025),
        propagate(_yearly(4), [core, later]),
        "OE04",
        "both ends are printed as above a threshold",
    )
    driven = [get("ai", "driven_industry_size"), get("ai", "driven_industry_size", 2025)]
    yield _derive(
        "C13",
        S1,
        "人工智能",
        "driven industry, growth a year",
        propagate(_yearly(4), driven),
        " → ".join(driven),
    )
    whole = [
        propagate(lambda x: 100 * x[0] / x[1], [get("ai", size), get("ai", share)])[0]
        for size, share in (
            ("computer_vision_size", "computer_vision_share_pct"),
            ("base_layer_size", "base_layer_share_pct"),
        )
    ]
    yield _claim(
        "C14",
        S1,
        "人工智能",
        "one industry total behind its parts",
        max(whole) / min(whole) < 1.05,
        f"vision implies {whole[0]:.1f}, the base layer {whole[1]:.1f}, the core industry is above {core}",
        "OE02;OE03",
        "three different totals of one year",
    )
    share = {
        place: float(get("ai", "ai_firm_share_pct", geography=place))
        for place in ("京津冀", "长三角", "粤港澳大湾区", "北京", "上海", "深圳", "广州")
    }
    three = share["京津冀"] + share["长三角"] + share["粤港澳大湾区"]
    yield _claim(
        "C15",
        S1,
        "人工智能",
        "firm shares of three regions",
        three <= 100,
        f"sum {three:.2f}, elsewhere {100 - three:.2f}",
    )
    inside = (
        share["北京"] <= share["京津冀"],
        share["上海"] <= share["长三角"],
        share["深圳"] + share["广州"] <= share["粤港澳大湾区"],
    )
    yield _claim(
        "C16",
        S1,
        "人工智能",
        "cities inside their regions",
        all(inside),
        f"four cities {sum(list(share.values())[3:]):.2f}",
    )
    patents = [
        get("ai", "patent_applications_cumulative", 2020),
        get("ai", "patent_share_of_world_pct", 2020),
    ]
    yield _derive(
        "C17",
        S1,
        "人工智能",
        "patents of the world",
        propagate(lambda x: 100 * x[0] / x[1], patents),
        f"{patents[0]} / {patents[1]} %",
    )
    chain = [get("blockchain", "industry_size"), get("blockchain", "industry_size", 2024)]
    yield _compare(
        "C18",
        S1,
        "区块链",
        "industry_cagr_pct",
        get("blockchain", "industry_cagr_pct", 2024),
        (_yearly(3)(np.array(chain, float)), 0.0),
        "OE05",
        "start year not printed, the later scope is wider",
    )
    yield from _cloud(facts)
    parts = [get("big_data", f"{part}_share_pct") for part in ("hardware", "software", "service")]
    yield _compare("C24", S1, "大数据", "shares add up", "100.0", propagate(np.sum, parts))
    reach = propagate(
        lambda x: x[0] * (1 + x[1] / 100) ** 2,
        [get("big_data", "industry_size"), get("big_data", "industry_growth_pct", 2023)],
    )[0]
    yield _compare(
        "C25",
        S1,
        "大数据",
        "industry_size of 2023",
        get("big_data", "industry_size", 2023),
        (reach, 0.0),
        "OE07",
        "15 % a year falls just short; the wording 以上 allows more",
    )


def _cloud(facts: dict):
    """C19–C23: the cloud market and its parts."""

    def get(measure, year=2020):
        return _industry(facts, "cloud", measure, year)

    public, private, market = get("public_cloud_size"), get("private_cloud_size"), get("market_size")
    yield _compare("C19", S1, "云计算", "market_size", market, propagate(np.sum, [public, private]))
    parts = [public, private, get("public_cloud_growth_pct"), get("private_cloud_growth_pct")]
    yield _compare(
        "C20", S1, "云计算", "market_growth_pct", get("market_growth_pct"), propagate(group_growth, parts)
    )
    layers = [get(f"public_{layer}_size") for layer in ("saas", "paas", "iaas")]
    yield _compare(
        "C21",
        S1,
        "云计算",
        "public_cloud_size",
        public,
        propagate(np.sum, layers),
        "OE06",
        "PaaS is probably a rounded figure",
    )
    yield _derive(
        "C22",
        S1,
        "云计算",
        "growth of 2021 at least",
        propagate(_yearly(1), [market, get("market_size", 2021)]),
        "forecast above 3000",
    )
    costs = _cells(facts, "industry_indicators", domain="data_centre")["value"].tolist()
    yield _compare("C23", S1, "数据中心", "cost shares add up", "100", propagate(np.sum, costs))


def _others(facts: dict):
    """C26–C33: securities firms, insurers, e-CNY, cities and counts."""

    def one(name, measure, year=2021):
        return _spend(facts, [name], measure, year)[0]

    cicc = [one("中金公司", "tech_spend", 2020), one("中金公司", "tech_spend")]
    ratio = propagate(lambda x: x[1] / x[0], cicc)[0]
    yield _claim(
        "C26", S1, "中金公司", "spending doubled", ratio >= 2, f"{cicc[1]} / {cicc[0]} = {ratio:.3f}"
    )
    named = _cells(facts, "institution_spending", type="securities", year=2021)
    named = named[named["measure"].isin(["tech_spend", "tech_spend_threshold"])]
    over = named[named["value"].astype(float) >= 10]["institution_zh"].nunique()
    printed, before = (one("证券公司(行业)", "firms_tech_spend_over_1bn", year) for year in (2021, 2020))
    fits = over == int(printed) and float(cicc[0]) < 10 and int(before) + 1 == int(printed)
    yield _claim(
        "C27",
        S1,
        "证券公司",
        "firms above 10 hundred million",
        fits,
        f"{over} named for 2021; 中金公司 was below in 2020, so {before} + 1 = {printed}",
    )
    ping = [one("中国平安", "patent_applications_cumulative"), one("中国平安", "patent_applications_added")]
    yield _derive(
        "C28",
        S1,
        "中国平安",
        "patents at the start of the year",
        propagate(lambda x: x[0] - x[1], ping),
        f"{ping[0]} − {ping[1]}",
    )
    hours, robots, days = (one("中泰证券", f"rpa_{m}") for m in ("running_hours", "robots", "person_days"))
    yield _compare(
        "C29",
        S1,
        "中泰证券",
        "rpa_person_days",
        days,
        propagate(lambda x: x[0] / 8, [hours]),
        "OE08",
        f"{float(hours) / float(robots):.1f} hours a robot: the hours do not match round-the-clock running",
    )
    coins = [_industry(facts, "ecny", f"{m}_cumulative", 2021) for m in ("transaction_value", "transactions")]
    yield _derive(
        "C30",
        S1,
        "数字人民币",
        "yuan a transaction",
        (float(coins[0]) * 1e8 / float(coins[1]), 0.0),
        f"near {coins[0]} hundred million yuan over {coins[1]} transactions",
    )
    pilot = [one("平安银行", f"platform_pilot_{m}", 2019) for m in ("amount", "transactions")]
    yield _derive(
        "C31",
        S3,
        "平安银行",
        "yuan a transaction",
        propagate(lambda x: x[0] / x[1], pilot),
        f"{pilot[0]} / {pilot[1]}",
    )
    pairs = [
        [
            float(_text(facts, "city_rankings", city=city, metric=metric, publisher=publisher))
            for city in ("上海", "北京")
        ]
        for metric, publisher in (("listed_firms", "中关村互联网金融研究院"), ("funding_deals", "零壹财经"))
    ]
    yield _claim(
        "C32",
        S3,
        "上海",
        "below half of 北京",
        all(small < large / 2 for small, large in pairs),
        "; ".join(f"{small:.0f} of {large:.0f} = {100 * small / large:.1f} %" for small, large in pairs),
    )
    lengths = _named_lists(facts)
    yield _claim(
        "C33",
        "S1 S3 S4",
        "全国",
        "lists have their printed length",
        all(printed == listed for _, printed, listed in lengths),
        "; ".join(f"{name} {listed} of {printed}" for name, printed, listed in lengths),
    )


def _named_lists(facts: dict) -> list[tuple[str, int, int]]:
    """(list, printed length, names listed) for the lists whose length is printed or whose names are counted."""
    indicators = facts["industry_indicators"].set_index("measure")

    def counted(measure):
        cell = indicators.loc[measure]
        return measure, int(float(cell["value"])), len(cell["value_text"].split(";"))

    us = _cells(facts, "city_policies", city="美国")["policy_title_zh"].nunique()
    targets = len(_cells(facts, "industry_indicators", domain="insurance_tech", kind="target"))
    plan = _cells(facts, "city_policies", policy_title_zh="保险科技“十四五”发展规划")["aims"].iloc[0]
    districts = _text(facts, "industry_indicators", "value_text", measure="firm_districts")
    compared = _text(
        facts, "policy_comparison", "keywords", city="上海", dimension_id="spatial", basis="body"
    )
    return [
        counted("application_pilot_regions"),
        counted("application_pilot_departments"),
        counted("policy_areas"),
        ("ai_policy_documents", int(indicators.loc["ai_policy_documents", "value"]), us),
        ("insurance targets", 9 if "九" in plan else 0, targets),
        ("firm_districts", sum(name[-1] in "区" for name in compared.split(";")), len(districts.split(";"))),
    ]


def arithmetic(facts: dict) -> pd.DataFrame:
    """The 34 checks C01–C34 as ledger rows, in order."""
    rows = [*_banks(facts), *_technologies(facts), *_others(facts)]
    return pd.DataFrame(rows).reindex(columns=COLUMNS).sort_values("id", ignore_index=True)


# ---- printed slips


def _words(facts: dict) -> str:
    """All that the tables hold as text, places of proof, notes and errata aside."""
    return "".join(
        frame.drop(columns=["locator", "note"], errors="ignore").to_csv(index=False)
        for name, frame in facts.items()
        if not name.startswith("errata")
    )


def _word_test(held: str, slip: str, reading: str) -> tuple[bool, str]:
    """The tables (`_words`) carry the reading and not the slip."""
    clean, carried = slip not in held, reading in held
    return clean and carried, f"'{slip}' is in no table" + (f"; '{reading}' is" if reading else "")


def _mark_test(facts: dict, table: str, where: dict, column: str, wanted: str) -> tuple[bool, str]:
    """All rows concerned carry the mark."""
    found = _cells(facts, table, **where)[column].astype(str)
    return bool(len(found)) and found.str.contains(
        wanted
    ).all(), f"{table}: {column} = {'; '.join(sorted(set(found)))}"


def _slip_test(facts: dict, held: str, checks: pd.DataFrame, rule: dict) -> tuple[bool, str]:
    """One rule of data/slips.toml: whether the facts (`held`: as `_words`) show the slip, and by what."""
    if "check" in rule:
        check = checks.loc[rule["check"]]
        return check["verdict"] in ("erratum", "not computable"), f"{rule['check']}: {check['reason']}"
    if "absent" in rule:
        return _word_test(held, rule["absent"], rule.get("present", ""))
    return _mark_test(facts, rule["table"], rule["where"], rule["column"], rule["holds"])


def _own_tests(facts: dict) -> dict[str, tuple[bool, str]]:
    """Slips whose proof is a computation of its own."""
    joint = len(_cells(facts, "institution_spending", type="joint_stock_bank", measure="tech_spend"))
    years = sorted(
        set(_cells(facts, "city_policies", policy_title_zh="加快推进上海金融科技中心建设实施方案")["year"])
    )
    listed = sum(
        int(cell) for cell in _cells(facts, "city_rankings", publisher="中关村互联网金融研究院")["value"]
    )
    letters = {"人工智能": "A", "区块链": "B", "云计算": "C", "大数据": "D", "互联网": "I"}
    printed = _text(facts, "industry_indicators", "value_text", measure="cft_technologies").split(";")
    order = "".join(letters[name] for name in printed)
    words = _cells(facts, "city_policies", source_file=list(SOURCES)[1])["policy_title_zh"].str.cat(sep=";")
    spending = set(facts["institution_spending"]["measure"])
    apart = set(_cells(facts, "industry_indicators", domain="policy_s_t_finance")["measure"])
    both = f"{listed} firms of two cities cannot fit a list of ten"
    return {
        "OE14": (joint == 8, f"{joint} banks disclose; the segment has twelve"),
        "OE16": (len(years) > 1, f"years printed: {', '.join(years)}"),
        "OE26": (listed > 10, both),
        "OE27": (listed > 10, both),
        "OE31": (order != "ABCDI", f"the printed list spells {order}, the letters ABCDI"),
        "OE44": ("监管沙箱" in words and "监管沙盒" in words, "both words stand in the titles of one source"),
        "OE45": (
            not spending & apart,
            "the policy on finance for science shares no measure with bank spending",
        ),
    }


def slips(facts: dict, checks: pd.DataFrame | None = None) -> pd.DataFrame:
    """What shows each printed slip of `errata_other`: id, shown (None where words or charts are not in the tables),
    evidence, reason.

    `evidence`: computed from printed digits; marked (the tables carry the doubt as a mark of the transcriber: no proof);
    text (words or charts that the tables do not hold).
    """
    checks = (arithmetic(facts) if checks is None else checks).set_index("id")
    tests, rules = _own_tests(facts), tomllib.loads(SLIPS.read_text(encoding="utf-8"))
    held = _words(facts)
    tests |= {id: _slip_test(facts, held, checks, rule) for id, rule in rules.items()}
    rows = []
    for slip in facts["errata_other"]["id"]:
        shown, why = tests.get(slip, (None, "words or charts that the tables do not hold"))
        marked = slip in rules and "check" not in rules[slip]
        evidence = ABSENT if shown is None else MARKED if marked else PRINTED
        rows.append({"id": slip, "shown": shown, "evidence": evidence, "reason": why})
    return pd.DataFrame(rows)


def rows(facts: dict | None = None) -> pd.DataFrame:
    """The checks that hold a printed number against others, for the ledger; numbers of our own are not in it."""
    checks = arithmetic(load() if facts is None else facts)
    return checks[checks["printed"].ne("")].reset_index(drop=True)


def listed(checks: pd.DataFrame) -> pd.DataFrame:
    """The checks as a table: id, subject, what (zh, en), printed and computed (zh, en), verdict, errata."""
    names = tomllib.loads(NAMES.read_text(encoding="utf-8"))
    table = checks[["id"]].assign(subject=checks["unit"])
    for lang in codebook.LANGUAGES:
        table[f"what_{lang}"] = [names[id][lang] for id in checks["id"]]
    for column in ("printed", "computed"):
        for lang in codebook.LANGUAGES:
            table[f"{column}_{lang}"] = [_shown(cell, lang) for cell in checks[column]]
    return table.join(checks[["verdict", "errata"]])


def _shown(cell, lang: str) -> str:
    """A printed or computed cell: a number, with at most three decimals and none from ten thousand on, else a word."""
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1e4 else f"{round(cell, 3):,.10g}"
    return codebook.word(cell, lang)


def verdicts(checks: pd.DataFrame, slips: pd.DataFrame) -> dict:
    """How the checks end and what shows the slips: values of a sentence."""
    ends, shown = checks["verdict"].value_counts(), slips["evidence"].value_counts()
    names = {
        "independent": "independent",
        "erratum": "erratum",
        "derived": "not computable",
        "misfit": "misfit",
    }
    kinds = {"proved": PRINTED, "marked": MARKED, "text": ABSENT}
    return (
        {"checks": len(checks), "slips": len(slips)}
        | {name: int(ends.get(verdict, 0)) for name, verdict in names.items()}
        | {name: int(shown.get(kind, 0)) for name, kind in kinds.items()}
    )
