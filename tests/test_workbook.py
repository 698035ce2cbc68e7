"""The workbook: its cached results are the engine's, a spreadsheet computes them again and sorts anew, and every sheet is
whole, in one language, with the status of its values."""

import re
import shutil
import subprocess

import numpy as np
import openpyxl
import pandas as pd
import pytest
import small

from fire import codebook
from fire.errors import InputError
from fire.index.panel import STATUSES
from fire.report import marks, vintage, workbook
from fire.report.markdown import width as letters

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
DRAWN = {"firms", "deals", "univ_patents"}
NAMES = {
    "zh": ["目录", "排名", "权重", "得分", "变化", "区间", "指标体系", "计算", "原始值", "附表", "状态"],
    "en": [
        *("Contents", "Ranking", "Weights", "Scores", "Changes", "Intervals", "Index system", "Calculation"),
        *("Observed values", "Tables", "Status"),
    ],
}
OLD = {
    "IF",
    "INDEX",
    "MATCH",
    "RANK",
    "ROUND",
    "COUNT",
    "COUNTIF",
    "ROWS",
    "ISNUMBER",
    "N",
    "ABS",
    "OR",
    "NOT",
}
OLD |= {"SUMPRODUCT", "HYPERLINK"}  # functions that every spreadsheet has
TABLES = {
    "city-table": {
        "title": {"zh": "各城的表", "en": "A table of cities"},
        "source": {"zh": "=1+1", "en": "+x"},
        "note": {"zh": "注", "en": "Note"},
        "status": ["observed", "simulated"],
    }
}


def small_edition(weights=None, **options):
    """Twelve units, one of them with a name that Excel would run."""
    return small.edition(
        ["=cmd|' /C calc'!A0", *(f"市{unit:02d}" for unit in range(1, 12))], weights, **options
    )


def placed_edition(**options):
    """Six units with English names, in two regions."""
    units = [f"城{letter}" for letter in "甲乙丙丁戊己"]
    places = pd.DataFrame(
        {"city": units, "city_en": [f"City {letter}" for letter in "ABCDEF"], "region": ["东", "西"] * 3}
    )
    regions = pd.DataFrame({"region": ["东", "西"], "region_en": ["East", "West"]})
    return small.edition(units, places=places.assign(lon=110.0, lat=30.0), regions=regions, **options)


def table_of(path, sheet, first=3) -> pd.DataFrame:
    """A list of the workbook, with the headings of row `first`."""
    rows = list(openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True))
    return pd.DataFrame(rows[first:], columns=rows[first - 1])


def calculated(path, index) -> pd.DataFrame:
    """The sheet of calculation: units × nodes, then rank and order."""
    table = table_of(path, "计算", first=4)
    skip, nodes = 1 + (index.groups is not None), list(index.spec.nodes.index)
    names = [*nodes, "live key", "live rank", "live order"]
    part = table.iloc[:, skip : skip + len(names)].set_axis(names, axis=1)
    return part.set_index(table.iloc[:, 0]).replace("", np.nan).astype(float)


def listed_scores(path, index, year=None) -> pd.DataFrame:
    """The sheet of scores of a year: units × labels of nodes."""
    table = table_of(path, "得分")
    return table[table["指数年"].eq(index.year if year is None else year)].pivot_table(
        index="城市", columns="指标", values="得分", dropna=False
    )


def recalculate(path, folder):
    """The workbook after LibreOffice has computed every formula anew."""
    folder.mkdir(exist_ok=True)
    subprocess.run(
        [
            SOFFICE,
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(folder),
            str(path),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    return folder / path.name


def reweighted(path, changed: dict, target):
    """The workbook with some weights (by label; all of them: None) changed."""
    book = openpyxl.load_workbook(path)
    sheet = book["权重"]
    for row in range(4, sheet.max_row + 1):
        weight = changed.get(sheet.cell(row, 1).value, changed.get(None))
        if weight is not None:
            sheet.cell(row, 4).value = weight
    book.save(target)
    return target


def assert_scores(path, index):
    table, wide = calculated(path, index), index.wide()
    for node in index.spec.nodes.index:
        np.testing.assert_allclose(table.loc[wide.index, node], wide[node].astype(float), rtol=1e-9)


def cells_of(path):
    return [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]


def texts(path) -> str:
    return " ".join(str(cell.value) for cell in cells_of(path) if cell.value is not None)


@pytest.fixture
def written(tmp_path):
    edition = small_edition()
    return edition, workbook.write(tmp_path / "fire.xlsx", edition, "zh", TABLES)


def test_stored_results_are_the_engines(written):
    edition, path = written
    assert_scores(path, edition.index)
    final = edition.index.of().set_index("unit")
    ranking = table_of(path, "排名", first=4)
    assert ranking["城市"].tolist() == final.index.tolist() and (final["rank"].diff().dropna() >= 0).all()
    assert ranking.iloc[:, 2].tolist() == final["rank"].tolist()  # at the weights in force
    assert ranking["得分"].to_numpy() == pytest.approx(final["score"].to_numpy())
    for year in (2020, 2021):
        shown, wide = listed_scores(path, edition.index, year), edition.index.wide(year)
        assert list(shown.index) == sorted(wide.index)
        for node in edition.spec.nodes.index:
            label = edition.spec.label(node, "zh")
            np.testing.assert_allclose(shown.loc[wide.index, label], wide[node].astype(float), rtol=1e-9)


def test_formula_like_names_stay_text(written):
    found = [
        cell
        for cell in cells_of(written[1])
        if isinstance(cell.value, str) and cell.value.startswith(("=cmd", "=1+1", "+x"))
    ]
    assert len(found) >= 4 and {cell.data_type for cell in found} == {"s"}


def test_two_workbooks_have_the_same_bytes(written, tmp_path):
    edition, path = written
    again = workbook.write(tmp_path / "again.xlsx", edition, "zh", TABLES)
    assert again.read_bytes() == path.read_bytes()


def test_what_is_no_edition_and_no_language_is_refused(tmp_path):
    index = small_edition().index
    with pytest.raises(InputError, match="an Index is given where an edition is meant"):
        workbook.write(tmp_path / "fire.xlsx", index)
    with pytest.raises(InputError, match="there is no language 'fr': use one of zh, en"):
        workbook.write(tmp_path / "fire.xlsx", small_edition(), "fr")
    assert not list(tmp_path.iterdir())


# Sheets ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """An edition with places, part of it simulated, in both languages."""
    edition, folder = placed_edition(drawn=DRAWN), tmp_path_factory.mktemp("both")
    return edition, {
        lang: workbook.write(folder / f"fire.{lang}.xlsx", edition, lang, TABLES) for lang in ("zh", "en")
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_first_sheet_lists_and_links_all_others(both, lang):
    book = openpyxl.load_workbook(both[1][lang])
    assert book.sheetnames == NAMES[lang]
    first = book.worksheets[0]
    links = {cell.value: cell.hyperlink.location for row in first for cell in row if cell.hyperlink}
    assert links == {name: f"'{name}'!A1" for name in NAMES[lang][1:]}
    for name in NAMES[lang][1:]:
        assert book[name]["A1"].hyperlink.location == f"'{NAMES[lang][0]}'!A1" and book[name]["A2"].value
    said = " ".join(str(cell.value) for row in first for cell in row if cell.value)
    assert "Creative Commons Attribution 4.0" in said and "CITATION.cff" in said
    assert marks.sign(both[0], lang) and marks.sign(both[0], lang) in said
    assert {codebook.status(one, lang) for one in ("observed", "simulated")} <= set(re.split(r"\s", said))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_workbook_speaks_one_language_and_shows_no_id(both, lang):
    edition, path = both[0], both[1][lang]
    shown = [cell.value for cell in cells_of(path) if cell.data_type == "s" and cell.value]
    ids = set(edition.spec.nodes.index) - set(edition.spec.nodes[f"unit_{lang}"])
    assert not ids & set(shown)
    assert not [text for text in shown if re.search(r"[a-z]_[a-z]", text)]
    if lang == "en":
        assert not [text for text in shown if re.search("[\u4e00-\u9fff]", text)]
    else:
        foreign = {word for text in shown for word in re.findall(r"[A-Za-z]{2,}", text)}
        allowed = {
            "Creative",
            "Commons",
            "Attribution",
            "CITATION",
            "cff",
            "tables",
            "city",
            "table",
            "csv",
            "test",
        }
        assert foreign <= allowed


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_lists_can_be_filtered_and_printed(both, lang):
    for sheet in openpyxl.load_workbook(both[1][lang]).worksheets[1:]:
        name = NAMES["zh"][NAMES[lang].index(sheet.title)]
        assert sheet.freeze_panes and sheet.print_title_rows and sheet.page_setup.paperSize == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
        assert bool(sheet.auto_filter.ref) == (name not in ("权重", "计算", "状态"))
        header = int(re.search(r"\d+", sheet.print_title_rows)[0])
        for cell in sheet[header]:
            if not cell.value:
                continue
            letter = cell.column_letter
            width = sheet.column_dimensions[letter].width
            longest = max(map(letters, cell.value.split())) / (1 if cell.value.isascii() else 2)
            assert width >= longest
            assert sheet.row_dimensions[header].height >= 15 * -(-letters(cell.value) // width)


def test_no_formula_needs_a_new_spreadsheet(both):
    for path in both[1].values():
        formulas = [cell.value for cell in cells_of(path) if cell.data_type == "f"]
        literals = [text for formula in formulas for text in re.findall(r'"([^"]*)"', formula)]
        assert formulas and max(map(len, literals)) <= 255  # what Excel takes
        used = {
            name
            for formula in formulas
            for name in re.findall(r"([A-Z]+)\(", re.sub(r'"[^"]*"', "", formula))
        }
        assert used <= OLD and "INDEX" in used


@pytest.mark.whole
def test_a_workbook_of_own_data_has_no_sign_and_no_status_beside(written):
    _, path = written
    assert "非官方报告" not in texts(path)
    for sheet, first in (("排名", 4), ("计算", 4), ("得分", 3), ("变化", 3)):
        assert not [head for head in table_of(path, sheet, first).columns if "状态" in str(head)], sheet


@pytest.mark.whole
def test_the_year_of_the_data_stands_beside_the_value_and_the_indicator(tmp_path, monkeypatch):
    edition = small_edition()
    cells = edition.index.panel[edition.index.panel["indicator"].eq("gdp")]
    years = cells.set_index(vintage.CELL, drop=False)["year"] - 1
    monkeypatch.setattr(vintage, "years", lambda ed: years)
    path = workbook.write(tmp_path / "dated.xlsx", edition)
    raw, label = table_of(path, "原始值"), edition.spec.label("gdp", "zh")
    gdp = raw["三级指标"].eq(label)
    assert (raw.loc[gdp, "指数年"] - raw.loc[gdp, "数据年份"]).eq(1).all() and raw.loc[
        ~gdp, "数据年份"
    ].isna().all()
    system = table_of(path, "指标体系").set_index("指标")
    assert {year: system.at[label, f"{year} 指数年的数据年份"] for year in (2020, 2021)} == {
        2020: "2019",
        2021: "2020",
    }
    assert system["2021 指数年的数据年份"].notna().sum() == 1


@pytest.mark.whole
def test_where_no_year_of_the_data_is_on_record_there_is_no_column_of_it(written):
    _, path = written
    heads = [*table_of(path, "原始值").columns, *table_of(path, "指标体系").columns]
    assert "指数年" in heads and not [head for head in heads if "数据年份" in str(head)]


def test_texts_that_wrap_have_room(both):
    for path in both[1].values():
        sheet = openpyxl.load_workbook(path).worksheets[-2]  # the tables of the report
        for row in sheet.iter_rows(min_row=4):
            need = max(
                letters(str(cell.value)) / sheet.column_dimensions[cell.column_letter].width
                for cell in row
                if cell.value and cell.alignment.wrap_text
            )
            assert (sheet.row_dimensions[row[0].row].height or 15) >= 15 * need


def test_simulated_values_are_nowhere_but_for_the_formulas_and_say_so(both):
    edition, paths = both
    path, label = paths["zh"], {node: edition.spec.label(node, "zh") for node in edition.spec.nodes.index}
    raw = table_of(path, "原始值")
    assert set(raw["三级指标"]) == {label[node] for node in edition.spec.indicators} - {
        label[one] for one in DRAWN
    }
    assert raw["数据状态"].eq("公开统计").all() and raw["数值"].notna().all()
    posts = table_of(path, "指标体系").set_index("指标")["下限"]
    assert set(posts.dropna().index) == set(raw["三级指标"])
    scores = table_of(path, "得分")
    soft = scores["得分的状态"].eq("模拟")
    assert soft.equals(
        scores["指标"].isin(
            {label[one] for one in (*DRAWN, "univ_research", "firm_quantity", "I", "E", "total")}
        )
    )
    assert scores["得分"].isna().equals(soft) and scores.loc[soft, ["得分的下端", "得分的上端"]].notna().all(
        axis=None
    )
    sheet = openpyxl.load_workbook(path)["计算"]
    heads = {cell.value: cell.column for cell in sheet[4]}
    for node, fill, shown in (("firms", "#E4E4E4", "(#,##0.0)"), ("gdp", None, "#,##0.000")):
        cell = sheet.cell(5, heads[label[node]])
        assert cell.number_format.startswith(shown)
        assert cell.fill.fgColor.rgb[-6:] == (fill[1:] if fill else "000000")
    assert "灰色" in texts(path) and "grey" in texts(paths["en"])


def test_the_ranking_says_what_the_edition_says(both):
    edition, paths = both
    ranking = table_of(paths["zh"], "排名", first=4)
    final = marks.scores(edition.index)
    final = final[final["year"].eq(2021) & final["node"].eq("total")].set_index("unit").loc[ranking["城市"]]
    said = ranking.iloc[:, -4:].to_numpy().tolist()
    assert [row[0] for row in said] == [
        f"({low}–{high})" if low < high else f"({low})"
        for low, high in zip(final["rank_low"], final["rank_high"])
    ]
    assert {row[1] for row in said} == {row[3] for row in said} == {"模拟"}


def test_every_status_is_explained(both):
    for lang, path in both[1].items():
        table = table_of(path, NAMES[lang][-1])
        assert list(table.iloc[:, 0]) == [codebook.status(name, lang) for name in STATUSES]
        assert table.notna().all(axis=None)


@pytest.mark.whole
def test_raw_values_that_are_kept_back_stand_as_scores(tmp_path):
    edition = small_edition()
    cells = edition.index.panel
    source = cells["source"].mask(cells["indicator"].eq("inclusive_finance"), "K1")
    edition.index = edition.index.revise(cells.assign(source=source))
    path = workbook.write(tmp_path / "fire.xlsx", edition)
    assert "普惠金融" not in set(table_of(path, "原始值")["三级指标"])
    assert_scores(path, edition.index)
    assert "可否转发" in texts(path)


def test_tables_of_the_report_are_listed_with_their_files(both):
    for lang, path in both[1].items():
        sheet = openpyxl.load_workbook(path)[NAMES[lang][-2]]
        assert sheet["A4"].value == TABLES["city-table"]["title"][lang]
        assert sheet["B4"].value == '=HYPERLINK("tables/city-table.csv")'
        assert codebook.status("simulated", lang) in sheet["C4"].value


# Recalculation --------------------------------------------------------------------------------------------------------


@pytest.mark.whole
@pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed: recalculation cannot be checked")
@pytest.mark.parametrize("drawn", [set(), DRAWN])
def test_a_changed_weight_gives_the_engines_scores_and_sorts_the_ranking(drawn, tmp_path):
    edition = small_edition(drawn=drawn)
    path = workbook.write(tmp_path / "fire.xlsx", edition)
    names = {node: edition.spec.label(node, "zh") for node in edition.spec.pillars}
    raw = {"F": 3.0, "I": 0.25, "R": 0.25, "E": 0.0}
    own = {names[node]: weight for node, weight in raw.items()}
    fresh = recalculate(reweighted(path, own, tmp_path / "changed.xlsx"), tmp_path / "fresh")
    changed = small_edition({node: weight / sum(raw.values()) for node, weight in raw.items()}, drawn=drawn)
    assert_scores(fresh, changed.index)
    final, before = changed.index.of().set_index("unit"), edition.index.of()["unit"].tolist()
    ranking = table_of(fresh, "排名", first=4)
    assert ranking["城市"].tolist() == final.index.tolist() != before
    assert ranking.iloc[:, 2].astype(int).tolist() == final["rank"].tolist()
    assert ranking[names["F"]].to_numpy(float) == pytest.approx(
        changed.index.wide().loc[final.index, "F"].to_numpy(float)
    )
    assert ranking["比本版升降"].astype(int).tolist() == [
        before.index(unit) - at for at, unit in enumerate(final.index)
    ]
    told = openpyxl.load_workbook(fresh, data_only=True)
    assert "权重已改动" in told["排名"]["A2"].value
    assert {row[8].value for row in told["权重"].iter_rows(min_row=4)} >= {"按比例换算"}


@pytest.mark.whole
@pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed: recalculation cannot be checked")
def test_ties_stand_in_the_order_of_the_edition_and_all_zero_weights_are_explained(tmp_path):
    edition = small_edition()
    cells = edition.index.panel
    twins = ["市01", "市02", "市03"]
    like = cells[cells["unit"].eq(twins[0])]
    cells = pd.concat([cells[~cells["unit"].isin(twins)], *(like.assign(unit=unit) for unit in twins)])
    edition.index = type(edition.index)(edition.spec, cells)
    path = workbook.write(tmp_path / "fire.xlsx", edition)
    fresh = recalculate(path, tmp_path / "fresh")
    ranking, final = table_of(fresh, "排名", first=4), edition.index.of()
    assert ranking["城市"].tolist() == final["unit"].tolist()
    assert ranking.iloc[:, 2].astype(int).tolist() == final["rank"].tolist()
    assert ranking.set_index("城市").loc[twins].iloc[:, 1].nunique() == 1
    fresh = recalculate(reweighted(path, {None: 0}, tmp_path / "zero.xlsx"), tmp_path / "fresh")
    book = openpyxl.load_workbook(fresh, data_only=True)
    assert book["排名"]["A2"].value.startswith("权重全为零")
    assert {row[8].value for row in book["权重"].iter_rows(min_row=4)} == {"全为零：上级没有得分"}
    assert table_of(fresh, "排名", first=4)["城市"].tolist() == final["unit"].tolist()
    assert not [cell.value for cell in cells_of(fresh) if str(cell.value).startswith("#")]


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        pytest.param({"aggregation": "median"}, "不全是加权算术平均", marks=pytest.mark.whole),
        ({"rounding": {"decimals": 2, "rule": "half_up", "at": "every_node"}}, "取整"),
    ],
)
def test_what_no_formula_computes_stands_as_values_and_says_so(choices, why, tmp_path):
    edition = small_edition(**choices)
    path = workbook.write(tmp_path / "fire.xlsx", edition)
    assert not [cell for cell in cells_of(path) if cell.data_type == "f"]
    assert "计算" not in openpyxl.load_workbook(path).sheetnames
    assert why in texts(path) and "可改" not in texts(path) and "重算" in texts(path)
    final, ranking = edition.index.of(), table_of(path, "排名")
    assert (
        ranking["城市"].tolist() == final["unit"].tolist()
        and ranking["位次"].tolist() == final["rank"].tolist()
    )
    assert ranking["得分"].to_numpy(float) == pytest.approx(final["score"].to_numpy(float))


def test_where_the_lowest_is_best_the_formulas_rank_it_first(tmp_path):
    edition = small_edition(best="low")
    path = workbook.write(tmp_path / "fire.xlsx", edition)
    table = calculated(path, edition.index)
    assert table["live rank"].idxmin() == table["total"].idxmin()
    ranked = [
        cell.value
        for cell in cells_of(path)
        if str(cell.value).startswith("=IF(ISNUMBER") and "RANK(" in cell.value
    ]
    assert len(ranked) == 24 and all(",1)" in formula for formula in ranked)
