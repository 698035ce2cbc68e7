"""Profiles of cities and regions: what is said of a place, its page, its data, its sheet in the PDF."""

import functools
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pypdfium2 as pdfium
import pytest
import small
from browser import needs_browser, opened
from lxml import html
from test_any_index import INDICES, index_of
from whole import few

from fire import edition as editions
from fire.analysis import coordination, results
from fire.errors import InputError
from fire.index.index import Index
from fire.report import booklet, narrative, places, profile, site, vintage, wording

REAL = editions.load(2022)
PLACES = REAL.places().query("region in ['京津冀', '粤港澳大湾区', '成渝', '长三角']")
SOFT = {"E", "R"}  # pillars of which nothing is known but draws
EPOCH = "1640995200"


def made(index=None, **changes):
    """An edition with made-up values for the cities of four regions, or with another index of these."""
    ed = small.edition(PLACES["city"], places=PLACES, regions=REAL.regions(), **changes)
    ed.index = index or ed.index
    ed.places, ed.compared = lambda: ed.index.places, ed.index.before
    return ed


def known(ed, folder, printed=None):
    """Results without the alternatives of method, which take long: ranges are those over the draws. The second city cannot be
    told from the first."""
    found = results.Results(ed.index, folder / "results", printed)
    first = list(ed.index.of()["unit"])
    pairs = [(first[0], first[1], 0.6), (first[1], first[0], 0.4), (first[0], first[2], 0.99)]
    pairs = pd.DataFrame(pairs, columns=["unit", "other", "p_ahead"])
    found.__dict__ |= dict.fromkeys(["intervals", "growth", "region_intervals", "region_growth"])
    found.__dict__["pairs"] = pairs.assign(year=ed.index.year, node=ed.index.spec.root)
    return found


def write(ed, profiles, folder):
    places.pages(ed, profiles, folder, functools.partial(site.environment, ed))
    return folder / "places"


def page(folder, name, lang="zh"):
    return (folder / f"{name}.{lang}.html").read_text(encoding="utf-8")


def shown(folder, name, lang="zh"):
    """Heading → section of a page."""
    root = html.fromstring(page(folder, name, lang))
    return {one.findtext("h2"): one for one in root.iter("section") if one.find("h2") is not None}


@pytest.fixture(scope="module")
def edition():
    return made()


@pytest.fixture(scope="module")
def profiles(edition, tmp_path_factory):
    return profile.profiles(edition, known(edition, tmp_path_factory.mktemp("known")))


@pytest.fixture(scope="module")
def folder(edition, profiles, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    write(edition, profiles, folder)
    site.assets(edition, folder)
    return folder / "places"


PRINTED = pd.DataFrame(
    [
        ("city", "苏州", "F", "score", None, 3),
        ("city", "苏州", "F", "rank", None, 0),
        ("city", "苏州", "total", "score", None, 3),
        ("city", "苏州", "F", "growth_pct", 999.0, 2),
        ("region", "长三角", "F", "score", None, 3),
        ("region", "长三角", "total", "rank", None, 0),
    ],
    columns=["unit_type", "unit", "node", "measure", "value", "decimals"],
)


@pytest.fixture(scope="module")
def drawn():
    """An edition in which two pillars are drawn, so that less than two thirds of the weight is known."""
    pillar = small.edition(["甲", "乙"]).index.pillar
    return made(drawn={node for node in pillar.index if pillar[node] in SOFT})


@pytest.fixture(scope="module")
def reconstructed(drawn, tmp_path_factory):
    """Its profiles and pages; of some values a report printed what is computed, of one something else."""
    first = known(drawn, tmp_path_factory.mktemp("first"))
    frames = pd.concat([first.scores, first.means]).set_index(["unit", "year", "node"])
    printed = PRINTED.assign(year=drawn.year)
    computed = [frames.at[(row.unit, row.year, row.node), row.measure] for row in printed.itertuples()]
    printed["value"] = printed["value"].fillna(pd.Series(computed, dtype=float)).round(3)
    folder = tmp_path_factory.mktemp("reconstructed")
    profiles = profile.profiles(drawn, known(drawn, folder, printed))
    write(drawn, profiles, folder)
    site.assets(drawn, folder)
    return profiles, folder / "places"


def test_every_city_and_region_has_a_page_in_both_languages_and_its_data(profiles, folder):
    pages = {path.name for path in folder.glob("*.html")}
    assert {f"{site.slug(name)}.{lang}.html" for name in profiles for lang in ("zh", "en")} < pages
    assert len(pages) == 2 * (len(profiles) + 1)
    assert {path.stem for path in folder.glob("*.csv")} == {site.slug(name) for name in profiles}


def test_profile_adds_up(edition, profiles):
    scores = edition.index.scores().query("node == 'total'")
    scores = scores.pivot(index="unit", columns="year", values="score")
    for name, facts in profiles.items():
        moved = facts["moved"]
        assert moved["total"] == pytest.approx(sum(one["points"] for one in moved["points"]) + moved["rest"])
        if facts["kind"] == "city":
            change = scores.at[name, 2021] - scores.at[name, 2020]
            assert moved["total"] == pytest.approx(change, abs=1e-12)
            assert len(facts["passed"]) - len(facts["passed_by"]) == facts["total"]["rank_change"]
            assert facts["total"]["rank_low"] <= facts["total"]["rank_high"]
        assert sum(share for _, share in facts["shares"]) == pytest.approx(1)
        assert facts["told"] and facts["known_share"] == pytest.approx(1)


def test_change_of_a_region_is_the_mean_of_its_cities(profiles):
    facts = profiles["长三角"]
    each = [profiles[one["name"]]["moved"]["total"] for one in facts["members"]]
    assert facts["moved"]["total"] == pytest.approx(np.mean(each))


def test_no_good_rank_is_a_weakness_and_no_bad_one_a_strength(profiles):
    count = {"strength": 0, "weakness": 0}
    for facts in profiles.values():
        of = facts["of"]
        for side, lines in ((side, facts["sides"][side]) for side in count):
            count[side] += len(lines)
            ranks = [line["rank"] for line in lines]
            assert len(ranks) <= profile.SHOWN and {line["of"] for line in lines} <= {of}
            if side == "strength":
                assert all(rank <= of / 4 for rank in ranks) and ranks == sorted(ranks)
            else:
                assert all(rank > 3 * of / 4 for rank in ranks) and ranks == sorted(ranks, reverse=True)
        every = [line["rank"] for line in facts["nodes"] if not REAL.spec.children(line["node"])]
        assert facts["sides"]["strengths"] == sum(rank <= of / 4 for rank in every)
    assert min(count.values()) > 20


def test_neighbours_are_those_beside_in_rank_and_on_the_map(edition, profiles):
    order = list(edition.index.of()["unit"])
    at = order.index("苏州")
    facts = profiles["苏州"]
    assert [one["name"] for one in facts["above"]] == order[at - 2 : at]
    assert [one["name"] for one in facts["below"]] == order[at + 1 : at + 3]
    near = profiles["苏州"]["near"]
    assert near[0]["name"] == "无锡" and 20 < near[0]["km"] < 60
    assert [one["km"] for one in near] == sorted(one["km"] for one in near)
    assert profiles[order[0]]["unsure"] == [order[1]] and profiles[order[1]]["unsure"] == [order[0]]
    assert "苏州" not in facts["mates"] and set(facts["mates"]) < set(
        PLACES.query("region == '长三角'")["city"]
    )


def test_what_is_known_carries_no_mark(folder):
    for path in folder.glob("*.html"):
        root = html.fromstring(path.read_text(encoding="utf-8"))
        assert not root.xpath("//main//*[contains(@class, 'soft')] | //main//*[@class='legend']"), path.name
        assert not root.xpath("//main//*[contains(@class, 'pill ') or contains(@class, 'range')]"), path.name


def test_simulated_values_are_ranges_and_every_page_says_what_it_is(reconstructed):
    said = {"zh": "不是观测结果", "en": "not observations"}
    for lang, text in said.items():
        for path in reconstructed[1].glob(f"*.{lang}.html"):
            found = path.read_text(encoding="utf-8")
            assert text in found and ">nan" not in found and ">None" not in found, path.name
    profiles, folder = reconstructed
    table = shown(folder, "nanjing")["各级得分"]
    cells = {
        row.findtext("th"): row.findall("td")[0].text_content().strip()
        for row in table.iter("tr")
        if row.find("td") is not None
    }
    label = functools.partial(REAL.spec.label, lang="zh")
    for line in profiles["南京"]["nodes"]:
        text = cells[label(line["node"])]
        soft = re.fullmatch(r"\(\d+\.\d(–\d+\.\d)?\)", text)
        assert soft if line["score_status"] == "simulated" else text == f"{line['score']:.3f}"
    marks = {one.get("class") for one in shown(folder, "nanjing")["一级指标：与区域、中位数相比"].iter()}
    assert {"own pill", "own hole", "own", "median", "median range", "region", "region hole"} <= marks


def test_too_little_known_means_no_judgement_and_one_reason(reconstructed):
    profiles, folder = reconstructed
    words = ("长处</h3>", "短处</h3>", "主要障碍</h3>", "最相近的城市</dt>", "再升一位需要什么</h3>", "超过")
    for name, facts in profiles.items():
        text = page(folder, site.slug(name))
        assert not facts["told"] and facts["known_share"] == pytest.approx(0.4)
        assert not any(word in text for word in words)
        assert text.count("有已知数据，不足 67%") == 1
        assert facts["sides"] is None and not {"peers", "needed", "passed", "obstacles"} & set(facts)


@pytest.fixture(scope="module", params=few(["both years", "the year before"], "both years"))
def partly(request, tmp_path_factory):
    """An edition in which two indicators are drawn, so that enough of every place is known but no total is; its profiles
    and pages. In the year ranked they are drawn or known."""
    ed = made(drawn={"gdp", "pop_size"})
    if request.param == "the year before":
        cells = small.panel_of(PLACES["city"], ed.index.spec, status="observed")
        draws = ed.index.draws[ed.index.draws["year"].eq(2020)]
        gone = cells["year"].eq(2020) & cells["indicator"].isin(["gdp", "pop_size"])
        ed = made(Index(ed.index.spec, cells[~gone], places=PLACES, draws=draws))
    folder = tmp_path_factory.mktemp("partly")
    profiles = profile.profiles(ed, known(ed, folder))
    return ed, profiles, write(ed, profiles, folder), request.param == "both years"


def test_no_draw_enters_what_is_said_of_a_place_of_which_enough_is_known(partly):
    ed, profiles, folder, now_too = partly
    env = wording.environment(ed, "zh", profiles)
    for name, facts in profiles.items():
        text, moved = page(folder, site.slug(name)), facts["moved"]
        assert facts["told"] and facts["sides"] and facts["total"]["rank_change_status"] == "simulated"
        assert moved["total"] is None and moved["rest"] is None
        assert moved["known"] == moved["all"] - 2 and moved["points"]
        assert not {"gdp", "pop_size"} & {one["node"] for one in moved["points"]}
        assert (
            not {"passed", "passed_by"} & set(facts) and "其余不知，不作归因" in text and "超过" not in text
        )
        judged = {"peers", "obstacles", "needed"} & set(facts)
        assert judged == (set() if now_too or facts["kind"] == "region" else {"peers", "obstacles", "needed"})
        for word in ("主要障碍</h3>", "最相近的城市</dt>", "再升一位需要什么</h3>"):
            assert (word in text) == bool(judged), (name, word)
        sheet = booklet._Sheet(ed, facts, env).texts(2)
        assert sheet["rest"] == "" and bool(sheet["obstacles"]) == bool(judged)
        assert not sheet["needed"] or judged


def test_causes_are_those_of_known_indicators_alone(drawn, reconstructed):
    pillar = drawn.index.pillar
    for facts in reconstructed[0].values():
        moved = facts["moved"]
        assert moved["total"] is None and moved["rest"] is None and moved["known"] > 0
        assert not {pillar[one["node"]] for one in moved["points"]} & SOFT
    assert "其余不知，不作归因" in page(reconstructed[1], "suzhou")


def test_rank_in_the_region_is_a_range_where_it_moves(reconstructed):
    beside = {name: facts["in_region"] for name, facts in reconstructed[0].items() if facts["kind"] == "city"}
    assert {one["rank_status"] for one in beside.values()} == {"simulated"}
    assert all(one["rank_low"] <= one["rank_high"] <= one["of"] for one in beside.values())
    assert any(one["rank_low"] < one["rank_high"] for one in beside.values())


@pytest.mark.whole
def test_rank_in_the_region_is_known_where_all_ranks_before_are(drawn, tmp_path):
    order = list(drawn.index.of()["unit"])
    rows = [("city", unit, 2021, "total", "rank", float(at), 0) for at, unit in enumerate(order[:3], 1)]
    columns = ["unit_type", "unit", "year", "node", "measure", "value", "decimals"]
    facts = profile.profiles(drawn, known(drawn, tmp_path, pd.DataFrame(rows, columns=columns)))
    region = PLACES.set_index("city")["region"]
    for at, unit in enumerate(order[:3]):
        beside = facts[unit]["in_region"]
        assert beside["rank_status"] == "implied"
        assert beside["rank"] == 1 + sum(region[other] == region[unit] for other in order[:at])
    assert facts[order[3]]["in_region"]["rank_status"] == "simulated"


def test_printed_numbers_stand_beside_what_is_computed(reconstructed):
    profiles, folder = reconstructed
    lines = {(line["node"], line["measure"]): line for line in profiles["苏州"]["printed"]}
    assert list(lines) == [("total", "score"), ("F", "score"), ("F", "rank"), ("F", "growth_pct")]
    own = lines["F", "score"]
    assert own["independent"] and own["agrees"] and own["low"] == own["high"]
    assert wording.apart(own) == "" and wording.recomputed(own) == f"{own['printed']:.3f}"
    off = lines["F", "growth_pct"]
    assert off["independent"] and not off["agrees"] and wording.apart(off).startswith("−9")
    total = lines["total", "score"]
    assert not total["independent"] and not total["agrees"] and total["low"] < total["high"]
    assert re.fullmatch(r"\(\d\.\d{3}–\d\.\d{3}\)", wording.recomputed(total)) and not wording.apart(total)
    text = shown(folder, "suzhou")["刊载与复算"].text_content()
    assert "4 个数字中有 3 个只用公开数据即可复算，其中 2 个逐位相符" in text
    assert [line["measure"] for line in profiles["长三角"]["printed"]] == ["rank", "score"]
    assert profiles["南京"]["printed"] == [] and "刊载与复算" not in page(folder, "nanjing")


def test_raw_values_are_those_of_known_cells(edition, drawn, reconstructed):
    drawn_nodes = set(drawn.index.draws["indicator"])
    for facts in reconstructed[0].values():
        if facts["kind"] == "city":
            assert not {line["node"] for line in facts["raw"]} & drawn_nodes and facts["raw"]
    cells = edition.index.panel
    one = cells["unit"].eq("苏州") & cells["indicator"].eq("gdp") & cells["year"].eq(2021)
    guess = cells.assign(status=cells["status"].where(~one, "simulated"))
    value = cells.loc[cells["unit"].eq("苏州") & cells["indicator"].eq("gdp"), ["year", "value"]].set_index(
        "year"
    )
    found = {line["node"]: line for line in profile.raw_values(made(edition.index.revise(guess)))["苏州"]}
    assert found["gdp"]["year"] == 2020 and found["gdp"]["value"] == value.at[2020, "value"]
    held = cells.assign(source=cells["source"].where(~one, "K1"))
    found = {line["node"]: line for line in profile.raw_values(made(edition.index.revise(held)))["苏州"]}
    assert (
        found["gdp"]["kept_back"] and np.isnan(found["gdp"]["value"]) and not found["pop_size"]["kept_back"]
    )


def test_data_of_a_page_hold_no_centre_of_draws_and_no_simulated_raw_value(drawn, reconstructed):
    profiles, folder = reconstructed
    table = pd.read_csv(folder / "nanjing.csv", encoding="utf-8-sig")
    soft = table["status"].eq("simulated")
    assert table.loc[soft, "value"].isna().all() and table.loc[soft, "low"].notna().all()
    assert table.loc[~soft, "value"].notna().all() and soft.any() and (~soft).any()
    raw = table[table["measure"].eq("raw_value")]
    assert len(raw) == len(profiles["南京"]["raw"]) and not raw["status"].eq("simulated").any()
    assert raw["unit"].notna().all() and set(table["label_zh"]) > {"要素基础"}
    assert table["label_en"].notna().all()


def test_sources_without_a_name_of_their_own_stay_and_are_inert(edition, profiles):
    facts = profiles["苏州"] | {"raw": [profiles["苏州"]["raw"][0] | {"source": "=cmd()"}]}
    assert places.table(edition, facts)["source"].iloc[-1] == "'=cmd()"
    shown = wording.environment(edition, "en", profiles).get_template("place.html")
    text = shown.render(place=facts, slug="suzhou", sheet=2, pdf="x.pdf")
    assert "=cmd()" in text


def test_names_with_markup_are_escaped(profiles, edition, tmp_path):
    name = "<img src=x onerror=alert(1)>"
    facts = profiles["苏州"] | {"name": name, "province": "<b>省</b>"}
    text = "".join(
        path.read_text(encoding="utf-8") for path in write(edition, {name: facts}, tmp_path).rglob("*.html")
    )
    assert "<img" not in text and "<b>省" not in text and "&lt;img" in text


def test_two_places_with_one_name_are_refused(profiles, edition, tmp_path):
    city, other = [facts for facts in profiles.values() if facts["kind"] == "city"][:2]
    with pytest.raises(InputError, match="two places would be written to 'x'"):
        write(edition, {"x": city, "X": other}, tmp_path)


def test_an_unknown_city_is_refused_with_the_nearest_name(edition, tmp_path):
    with pytest.raises(InputError, match="did you mean '苏州'"):
        profile.city(edition, known(edition, tmp_path), "苏洲")


# Sentences ------------------------------------------------------------------------------------------------------------


SENTENCES = ("head", "thin", "sides", "moved", "printed", "raw", "chart")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_number_of_a_sentence_is_a_value(edition, profiles, drawn, reconstructed, lang):
    said = set()
    for ed, found in ((edition, profiles), (drawn, reconstructed[0])):
        for facts in found.values():
            for what in SENTENCES:
                if what == "sides" and not facts["sides"] or what == "printed" and not facts["printed"]:
                    continue
                text = wording.sentence(ed, what, facts, ed.book.lang(lang))
                given = narrative.spans(wording.values(ed, what, facts))
                ends = [
                    end
                    for one in wording.values(ed, what, facts).values()
                    if isinstance(one, dict)
                    for end in one.values()
                ]
                rows = [
                    end
                    for row in wording.values(ed, what, facts).get("rows", [])
                    for one in row.values()
                    if isinstance(one, dict)
                    for end in one.values()
                ]
                loose = narrative.unsupported(text, given | {"_ends": ends, "_rows": rows})
                assert loose == [], (facts["name"], what, text)
                assert "  " not in text and "None" not in text and "nan" not in text
                said.add(text)
    assert len(said) > 100


def test_the_headline_says_no_more_than_is_known(edition, profiles, drawn, reconstructed):
    zh, en = edition.book.zh, edition.book.en
    first = next(facts for facts in profiles.values() if facts["kind"] == "city")
    assert f"在 {first['of']} 个城市中居第 1 位，" in wording.sentence(edition, "head", first, zh)
    assert f"ranks 1 of {first['of']} cities" in wording.sentence(edition, "head", first, en)
    facts = reconstructed[0]["南京"]
    text = wording.sentence(drawn, "head", facts, drawn.book.zh)
    assert re.match(r"南京在 27 个城市中约居 \(\d+(–\d+)? 位\)", text)
    assert "一级指标" in text and not any(REAL.spec.label(node, "zh") in text for node in SOFT)
    assert wording.sentence(drawn, "head", facts, drawn.book.en).startswith("Nanjing ranks about (")


def test_pillars_that_tie_are_named_together(edition, profiles):
    facts = next(facts for facts in profiles.values() if facts["kind"] == "city")
    ranks = dict(zip(edition.spec.pillars, (2, 1, 2, 2)))
    nodes = [line | {"rank": ranks.get(line["node"], line["rank"])} for line in facts["nodes"]]
    zh, en = (
        wording.sentence(edition, "head", facts | {"nodes": nodes}, lang)
        for lang in (edition.book.zh, edition.book.en)
    )
    assert "一级指标中，智力支撑居第 1 位，要素基础、资源环境和企业实力居第 2 位。" in zh
    assert "Its pillars: Intelligence at rank 1; Factors, Resources and Enterprises at rank 2." in en
    same = [line | {"rank": 3} for line in facts["nodes"]]
    assert "4 项一级指标都居第 3 位。" in wording.sentence(
        edition, "head", facts | {"nodes": same}, edition.book.zh
    )


def test_where_there_is_no_strength_the_highest_indicators_are_named(edition, profiles):
    facts = next(facts for facts in profiles.values() if facts["kind"] == "city")
    none = {"strength": [], "weakness": [], "strengths": 0, "weaknesses": 0}
    ends = {name: {"nodes": ["gdp", "firms"], "rank": 9.0, "of": 27} for name in ("highest", "lowest")}
    text = wording.sentence(edition, "sides", facts | {"sides": none | ends}, edition.book.zh)
    assert text.endswith(
        "没有长处，最靠前的是经济规模和金融科技企业数（第 9 位）；没有短处，最靠后的是经济规模和金融科技企业数（第 9 位）。"
    )


def test_of_indicators_that_tie_the_heaviest_are_listed(edition):
    index = edition.index
    leaves = list(index.spec.indicators)
    lines = [
        {"node": leaf, "rank": 1, "score_status": "observed", "rank_status": "observed"} for leaf in leaves
    ]
    scores = pd.DataFrame(
        {"unit": u, "node": n, "year": index.year, "rank": 1} for u in range(9) for n in leaves
    )
    sides = profile._sides(index, {"nodes": lines}, scores)
    weight = index.weight_in_index[leaves]
    shown = [line["node"] for line in sides["strength"]]
    assert len(shown) == profile.SHOWN and weight[shown].min() >= weight.drop(shown).max()
    assert sides["highest"]["nodes"] == sides["lowest"]["nodes"] and set(sides["highest"]["nodes"]) == set(
        leaves
    )


# Years of the data ----------------------------------------------------------------------------------------------------


@pytest.mark.whole
def test_the_year_of_the_data_is_that_of_its_source_and_stands_beside_the_value(edition, tmp_path):
    years = vintage.years(REAL)
    assert vintage.span(REAL, "inclusive_finance") == {"data": 2020, "data_before": 2018}
    assert vintage.span(REAL, "total") == {"data": None, "data_before": None}
    assert years["合肥", 2021, "gdp"] == 2020 and years["合肥", 2020, "gdp"] == 2019
    assert (
        years["合肥", 2021, "inclusive_finance"] == 2020 and years["合肥", 2020, "inclusive_finance"] == 2018
    )
    cells = REAL.index.panel.dropna(subset="value")
    implied = cells[cells["source"].eq("printed digits")]
    assert len(implied) and not set(implied[["unit", "year", "indicator"]].itertuples(index=False)) & set(
        years.index
    )
    raw = profile.raw_values(REAL)
    assert {line["vintage"] for line in raw["合肥"]} == {2020} and {line["year"] for line in raw["合肥"]} == {
        2021
    }
    facts = profile.profiles(edition, known(edition, tmp_path))["合肥"] | {"raw": raw["合肥"]}
    for lang, head in (("zh", "数据年份"), ("en", "Year of the data")):
        body = wording.environment(edition, lang, {}).get_template("place.html")
        table = html.fromstring(body.render(place=facts, slug="x", sheet=2, pdf="x.pdf")).xpath(
            "//table[@class='raw']"
        )[0]
        heads = [one.text_content() for one in table.xpath("./thead//th")]
        rows = [[cell.text_content() for cell in row] for row in table.xpath("./tbody/tr")]
        assert head in heads and {row[heads.index(head)] for row in rows} == {"2020"}
    told = places.table(edition, facts)
    assert set(told.loc[told["measure"].eq("raw_value"), "vintage"]) == {2020}
    assert told.loc[told["measure"].ne("raw_value"), "vintage"].isna().all()


def test_statistics_that_an_edition_reads_tell_their_year():
    cells = pd.DataFrame(
        {
            "unit": ["甲", "甲"],
            "year": [2024.0, 2024.0],
            "indicator": ["gdp", "firms"],
            "stat_year": [2023, np.nan],
        }
    )
    panel = REAL.index.panel.head(0)
    read = SimpleNamespace(check=lambda: SimpleNamespace(cells=cells), settings={"sources": "x.yaml"})
    read.index = SimpleNamespace(panel=panel)
    assert vintage.years(read).to_dict() == {("甲", 2024, "gdp"): 2023}
    read.settings = {}
    assert vintage.years(read).empty


def test_without_years_of_the_data_on_record_there_is_no_column_of_them(edition, profiles, folder):
    assert all(line["vintage"] is None for line in profiles["苏州"]["raw"])
    assert "数据年份" not in page(folder, "suzhou") and "指数年" in page(folder, "suzhou")


def test_data_that_are_not_one_year_apart_are_named():
    dated = {
        ("甲", 2021, "x"): 2020,
        ("甲", 2020, "x"): 2018,
        ("甲", 2021, "y"): 2020,
        ("甲", 2020, "y"): 2019,
    }
    index = SimpleNamespace(year=2021, before=2020)
    found = profile._apart(dated, index, ["甲"], ["x", "y", "z"])
    assert found == [{"node": "x", "first": 2018, "last": 2020}]
    assert profile._apart(dated, index, ["甲", "乙"], ["x"]) == []


# Other editions and other indices ---------------------------------------------------------------------------------------


def single_year(index):
    return index.freeze().only(years=[2021])


def late_city(index):
    cells = index.panel
    return index.revise(cells[~(cells["unit"].eq("苏州") & cells["year"].eq(2020))])


def simulated(index):
    return index.revise(index.panel.assign(status="simulated"))


def geometric(index):
    return index.vary(aggregation="geometric")


def gap(index):
    cells = index.panel
    here = cells["unit"].eq("苏州") & cells["indicator"].eq("gdp")
    return index.vary(missing="none").revise(cells.assign(value=cells["value"].mask(here)))


@pytest.mark.parametrize("other", few([single_year, late_city, simulated, geometric, gap], single_year))
def test_pages_of_other_editions(edition, other, tmp_path):
    ed = made(other(edition.index))
    ed.languages = ["zh"]
    if other is geometric:
        ed.index.places = ed.index.places.drop(columns="province")
    profiles = profile.profiles(ed, known(ed, tmp_path))
    cities = [facts for facts in profiles.values() if facts["kind"] == "city"]
    assert len(cities) == len(PLACES)
    folder = write(ed, profiles, tmp_path)
    text = page(folder, "suzhou")
    assert not (folder / "suzhou.en.html").exists()
    assert ("变化及其来源" in text) == (other is not single_year)
    assert ("上一年没有数据" in text) == (other is late_city)
    assert ("不是观测结果" in text) == (other is simulated)
    assert any(facts.get("needed") for facts in cities) == (other not in (geometric, simulated))
    assert booklet.pdf(ed, profiles, "zh", tmp_path, EPOCH).exists()


@pytest.mark.parametrize("name", INDICES)
def test_obstacles_are_shares_on_the_scale_of_the_index_or_there_are_none(name):
    index = index_of(name)
    found = profile._obstacles(index)
    leaves = [leaf for leaf in index.spec.indicators if leaf in index.spec.leaves(index.spec.root)]
    scales = {coordination.scale_of(index.spec, leaf) for leaf in leaves}
    if len(scales) > 1 or None in scales:
        assert found.empty
    if len(found):
        low, high = scales.pop()
        assert found["share"].dropna().between(0, 1).all()
        sums = found.groupby("unit")["share"].sum(min_count=1).dropna()
        assert np.allclose(sums, 1)
        table = index.wide()
        full = found[np.isclose(found["share"], 0)]
        assert all(table.at[row.unit, row.node] >= high - 1e-9 for row in full.itertuples())


def test_obstacles_of_scores_from_nought_to_a_hundred(edition):
    wide = edition.index.vary(scale=[0, 100])
    pd.testing.assert_frame_equal(
        profile._obstacles(wide)[["unit", "node", "share"]],
        profile._obstacles(edition.index)[["unit", "node", "share"]],
    )


@pytest.mark.parametrize("name", few(["gaps", "extremes", "percentiles", "beside"], "gaps"))
def test_any_index_has_pages_and_a_pdf(name, tmp_path):
    index = index_of(name)
    ed = made(index)
    ed.spec, ed.places = index.spec, lambda: index.places
    ed.book = type(ed.book)(
        index.spec, index.places, index.places[["region"]].drop_duplicates().assign(region_en="R")
    )
    ed.book.places["region"] = {"东": "East", "西": "West"}
    ed.name, ed.year, ed.compared = "2022", index.year, index.before
    profiles = profile.profiles(ed, known(ed, tmp_path))
    folder = write(ed, profiles, tmp_path)
    assert len(list(folder.glob("*.zh.html"))) == len(profiles) + 1
    assert len(pdfium.PdfDocument(booklet.pdf(ed, profiles, "en", tmp_path, EPOCH))) == len(profiles) + 1
    for facts in profiles.values():
        for row in facts["chart"]:
            assert all(0 <= float(wording.at(row["axis"], one).strip("%")) <= 100 for one in row["peers"])
            assert min(row["axis"]) <= row["own"]["value"] <= max(row["axis"])


# The PDF ----------------------------------------------------------------------------------------------------------------


@pytest.mark.whole
@pytest.mark.parametrize("lang", few(["zh", "en"], "zh"))
def test_the_pdf_has_one_page_a_place_in_the_order_that_the_pages_link_to(
    edition, profiles, folder, tmp_path, lang
):
    path = places.pdf(edition, profiles, lang, tmp_path, EPOCH)
    document = pdfium.PdfDocument(path)
    order = booklet.order(profiles)
    assert sorted(order) == sorted(profiles) and len(document) == booklet.FRONT + len(profiles)
    texts = [one.get_textpage().get_text_range() for one in document]
    book = edition.book.lang(lang)
    for at, name in enumerate(order, booklet.FRONT):
        shown_name = wording.environment(edition, lang, profiles).filters["unit"](name)
        assert shown_name in texts[at].splitlines()[0] + texts[at].splitlines()[1], (at, name)
        assert f'href="../{path.name}#page={at + 1}"' in page(folder, wording.slug(name, book), lang)
    assert all(
        wording.environment(edition, lang, profiles).filters["unit"](name) in texts[0] for name in order
    )
    again = places.pdf(edition, profiles, lang, tmp_path / "again", EPOCH)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.whole
def test_a_long_page_is_set_smaller_and_stays_one_page(edition, profiles, tmp_path):
    long = {name: dict(facts) for name, facts in profiles.items()}
    long["苏州"]["nodes"] = profiles["苏州"]["nodes"] * 4
    path = booklet.pdf(edition, long, "en", tmp_path, EPOCH)
    document = pdfium.PdfDocument(path)
    assert len(document) == booklet.FRONT + len(long)
    at = booklet.FRONT + booklet.order(long).index("苏州")
    assert document[at].get_textpage().get_text_range().count("Invention patents") >= 4
    assert "Suzhou" in document[at].get_textpage().get_text_range()


# In a browser -----------------------------------------------------------------------------------------------------------


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("name", ["suzhou", "yangtze-river-delta", "index"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_fit_a_phone(folder, reconstructed, name, lang):
    for pages in (folder, reconstructed[1]):
        with opened(pages / f"{name}.{lang}.html", width=390, height=800) as (shown, wrong):
            assert shown.evaluate("document.documentElement.scrollWidth") == 390
            heads = shown.locator(".profile tbody th")
            lines = heads.evaluate_all("all => all.map((one) => one.getBoundingClientRect().height / 20)")
            assert all(line < 4 for line in lines) and wrong == []
            widths = shown.locator(".profile th[scope=row]").evaluate_all(
                "all => all.map((one) => one.clientWidth)"
            )
            assert all(width >= 90 for width in widths)


@needs_browser
@pytest.mark.browser
def test_bars_and_marks_stay_inside_their_frames(folder, reconstructed):
    beyond = """() => [...document.querySelectorAll('.meter i, .pillars text, .pillars circle')].filter((one) => {
      const box = one.closest('.meter, .pillars').getBoundingClientRect(), own = one.getBoundingClientRect();
      return own.left < box.left - 6 || own.right > box.right + 6; }).length"""
    for pages in (folder, reconstructed[1]):
        for width in (390, 1200):
            with opened(pages / "suzhou.en.html", width=width, height=800) as (shown, _):
                assert shown.locator(".pillars circle").count() and shown.evaluate(beyond) == 0


@needs_browser
@pytest.mark.browser
def test_reader_finds_a_city_and_walks_to_its_neighbours(folder):
    with opened(folder / "index.zh.html") as (shown, wrong):
        shown.fill("#find", "shenzhen")
        assert shown.locator("[data-find]:visible").count() == 1
        shown.press("#find", "Enter")
        shown.wait_for_url("**/shenzhen.zh.html")
        shown.locator(".neighbours a").first.click()
        shown.wait_for_load_state()
        assert shown.locator("h1").inner_text() and "shenzhen" not in shown.url and wrong == []
