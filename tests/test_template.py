"""`make new`: what the next edition begins with, and that forms filled in by hand read back as typed."""

import csv
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml

import fire
from fire import codebook, files, grids
from fire.errors import InputError
from fire.index import panel as panels
from fire.index import spec as specs
from fire.intake import corrections, layout, mapping, template
from fire.sources import names, statistics

OLD = fire.load(2022)
RAW = Path("data/raw/2023")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Edition 2023 after 2022, as a workbook and as CSV files: root by form."""
    roots = {form: tmp_path_factory.mktemp(form) for form in template.FORMS}
    for form, root in roots.items():
        template.begin(OLD, "2023", root, form)
    return roots


def files_below(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def edition(root: Path, name: str = "2023") -> dict:
    return files.read_yaml(root / "reports" / "editions" / f"{name}.yaml")


def read(root: Path, old=OLD) -> tuple[pd.DataFrame, list]:
    """The cells of all forms by their mapping, and what was found."""
    folder, parts, found = root / RAW, [], []
    for block in files.read_yaml(folder / "sources.yaml")["sources"]:
        statistic = block["into"] == "statistics"
        kinds = names.Roster.of_measures() if statistic else names.Roster.of_indicators(old.spec)
        of = pd.Series(statistics.UNITS) if statistic else old.spec.nodes["unit_zh"].dropna()
        grid = grids.read(folder / block["file"], block.get("sheet"))
        cells, seen = layout.read(grid, block, names.Roster.of_places(old.places()), kinds, of)
        parts.append(cells.assign(into=block["into"]))
        found += [*grid.notes, *seen]
    return pd.concat(parts, ignore_index=True).dropna(subset="value"), found


def faults(found: list) -> list:
    """What a person would have to look at."""
    return [one for one in found if one.level in ("error", "warning", "repair")]


def values(cells: pd.DataFrame, year: int, into: str = "indicators") -> dict:
    some = cells[cells["year"].eq(year) & cells["into"].eq(into)]
    return dict(zip(zip(some["unit"], some["indicator"]), some["value"]))


def test_everything_an_edition_needs_is_written(made):
    common = {
        *(
            f"{RAW}/{name}"
            for name in ("places.csv", "regions.csv", "corrections.csv", "sources.yaml", "notes.md")
        ),
        *(f"{RAW}/records-templates/{name}.csv" for name in ("firms", "patents", "deals", "institutions")),
        f"{RAW}/records-templates/README.md",
        *(
            f"reports/editions/2023-{part}.{lang}.md"
            for part in ("advice", "outlook")
            for lang in ("zh", "en")
        ),
        "data/indices/fire-2023.toml",
        "reports/editions/2023.yaml",
    }
    assert set(files_below(made["xlsx"])) == common | {f"{RAW}/fire-2023.xlsx"}
    assert set(files_below(made["csv"])) == common | {
        f"{RAW}/{name}.csv" for name in ("indicators", "statistics", "single-indicators", "single-statistics")
    }
    for path in made["csv"].rglob("*.csv"):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf"), f"Excel would garble {path.name}"


def test_edition_file_ranks_the_next_year_on_the_locked_posts_and_takes_nothing_along_of_the_old_one(made):
    settings = edition(made["xlsx"])
    assert settings == {
        "edition": 2023,
        "year": 2022,
        "base_year": 2020,
        "specification": "fire-2023",
        "sources": f"{RAW}/sources.yaml",
        "corrections": f"{RAW}/corrections.csv",
        "places": f"{RAW}/places.csv",
        "regions": f"{RAW}/regions.csv",
        "posts": 2022,
        "late": "draws",
        "focus_region": "粤港澳大湾区",
        "languages": ["zh", "en"],
    }
    text = (made["xlsx"] / "reports/editions/2023.yaml").read_text(encoding="utf-8")
    assert all(
        "#" in line for line in text.splitlines()[3:] if ":" in line and not line.startswith("edition")
    )
    assert "# records: data/raw/2023/records" in text


def test_specification_is_the_old_one_under_its_new_name_with_its_comments(made):
    path = made["xlsx"] / "data/indices/fire-2023.toml"
    new, old = specs.load(path), OLD.spec
    assert new.id == "fire-2023"
    assert new.titles == {"zh": "中国金融科技燃指数（2023）", "en": "China Fintech FIRE Index 2023"}
    pd.testing.assert_frame_equal(new.nodes, specs.load("fire-2022").nodes)
    text = path.read_text(encoding="utf-8")
    was = files.decode(specs.INDICES / f"{old.id}.toml")
    assert text.count("#") == was.count("#") and "edition 2023: index year 2022, base year 2020" in text


@pytest.mark.parametrize("form", template.FORMS)
def test_every_mapping_is_sound_and_confirmed(made, form):
    text = (made[form] / RAW / "sources.yaml").read_text(encoding="utf-8")
    blocks = yaml.safe_load(text)["sources"]
    assert [block["into"] for block in blocks] == ["indicators", "statistics"] * 2
    assert [fault for block in blocks for fault in mapping.faults(block)] == []
    assert "confirmed: yes" in text and "confirmed: true" not in text


@pytest.mark.parametrize("form", template.FORMS)
def test_forms_hold_what_was_known_of_last_year_with_its_status_and_nothing_else(made, form):
    cells, found = read(made[form])
    assert faults(found) == []
    computed = set(statistics.INDICATORS.values())
    known = OLD.index.panel[OLD.index.panel["year"].eq(2021) & ~OLD.index.panel["indicator"].isin(computed)]
    assert values(cells, 2021) == dict(zip(zip(known["unit"], known["indicator"]), known["value"]))
    public = statistics.read(cities=[]).dropna(subset="value")
    public = public[public["year"].eq(2020) & public["city"].isin(OLD.places()["city"])]
    told = cells[cells["into"].eq("statistics")]
    assert values(cells, 2020, "statistics") == dict(
        zip(zip(public["city"], public["measure"]), public["value"])
    ) | {("乌鲁木齐", "urban_population"): 385.973981}  # not public: the estimate that edition 2022 rests on
    both = told.merge(public, left_on=["unit", "indicator"], right_on=["city", "measure"])
    assert (both["status_x"] == both["status_y"]).all() and len(both) == len(public)
    assert set(cells["year"]) == {2021, 2020}


def test_a_workbook_filled_in_reads_back_as_typed(made, tmp_path):
    template.begin(OLD, "2023", tmp_path)
    path = tmp_path / RAW / "fire-2023.xlsx"
    book = openpyxl.load_workbook(path)
    typed, sheet = {}, book["指标"]
    heads = {column.zh: column for column in template._forms(OLD, "2023", 2022).wide["indicators"]}
    label = None
    for column in range(3, sheet.max_column + 1):
        label = sheet.cell(2, column).value or label
        if sheet.cell(3, column).value != 2022:
            continue
        sheet.cell(5, column).value, sheet.cell(6, column).value = "估计", f"年鉴 {label}"
        for row in range(7, 7 + len(OLD.places())):
            value = row * 10 + column
            sheet.cell(row, column).value = typed[sheet.cell(row, 1).value, heads[label].id] = value
    typed.pop(("深圳", "firms"))
    sheet.cell(7, next(c.column for c in sheet[2] if c.value == "金融科技企业数") + 1).value = None
    single = ["深圳", "金融科技企业数", 2022, 1234.5, "插补", "来信"]
    for column, value in enumerate(single, start=1):
        book["个别指标"].cell(4, column).value = value
    book["统计"]["D7"] = 30664.85
    book["统计"]["D5"] = "公开统计"
    book.save(path)
    cells, found = read(tmp_path)
    assert faults(found) == []
    assert values(cells, 2022) == typed | {("深圳", "firms"): 1234.5}
    assert values(cells, 2021, "statistics") == {("深圳", "gdp"): 30664.85}
    now = cells[cells["year"].eq(2022)].set_index(["unit", "indicator"])
    assert tuple(now.loc[("深圳", "firms"), ["status", "source", "sheet", "cell"]]) == (
        "imputed",
        "来信",
        "个别指标",
        "D4",
    )
    assert tuple(now.loc[("广州", "firms"), ["status", "source"]]) == ("estimated", "年鉴 金融科技企业数")


def test_statistics_of_last_year_are_those_of_the_old_edition_where_they_differ_from_the_public_ones():
    lines = [
        ("深圳", 2021, "gdp", 27670.24 + 1, "observed", "修订"),
        ("深圳", 2021, "tertiary_share", 100 * 17190.4 / 27671.24, "observed", "S1"),
        ("甲城", 2031, "gdp", 200.0, "observed", "年鉴"),
        ("甲城", 2031, "tertiary_share", 61.05, "estimated", "年鉴"),
        ("乙城", 2031, "tertiary_share", 50.0, "observed", "年鉴"),
    ]
    found = template._statistics(pd.DataFrame(lines, columns=panels.COLUMNS))
    value = found.set_index(["unit", "year", "indicator"])["value"]
    assert value["深圳", 2020, "gdp"] == 27671.24 and value["深圳", 2020, "tertiary"] == 17190.4
    assert value["甲城", 2030, "tertiary"] == 122.1 and value["广州", 2020, "gdp"] == 25019.11
    assert "乙城" not in set(found["unit"])


def test_csv_forms_filled_in_and_saved_by_excel_read_back(made, tmp_path):
    template.begin(OLD, "2023", tmp_path, "csv")
    path = tmp_path / RAW / "indicators.csv"
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    at = next(
        i for i, (label, year) in enumerate(zip(rows[1], rows[2])) if label == "孵化器数量" and year == "2022"
    )
    rows[6][at], rows[7][at] = "1,234", "７"
    with path.open("w", encoding="gb18030", newline="") as lines:
        csv.writer(lines).writerows(rows)
    assert values(read(tmp_path)[0], 2022) == {("深圳", "incubators"): 1234, ("广州", "incubators"): 7}


def test_a_city_that_joins_is_written_below_the_others(made, tmp_path):
    template.begin(OLD, "2023", tmp_path)
    path = tmp_path / RAW / "fire-2023.xlsx"
    book = openpyxl.load_workbook(path)
    book["指标"].cell(7 + len(OLD.places()), 1).value = "甲城"
    book["指标"].cell(7 + len(OLD.places()), 4).value = 5
    book.save(path)
    _, found = read(tmp_path)
    assert any("甲城" in one for one in found if one.level == "error")  # until it stands in places.csv


@pytest.mark.parametrize("form", template.FORMS)
def test_forms_that_nobody_has_touched_have_nothing_to_say(made, form):
    assert {one.rule for one in read(made[form])[1]} <= {"layout.blank"}


def test_cities_sorted_alone_are_refused(made, tmp_path):
    template.begin(OLD, "2023", tmp_path)
    path = tmp_path / RAW / "fire-2023.xlsx"
    book = openpyxl.load_workbook(path)
    cells = [row[0] for row in book["指标"].iter_rows(min_row=template.FIRST, max_col=1) if row[0].value]
    for cell, city in zip(cells, sorted(cell.value for cell in cells)):
        cell.value = city
    book.save(path)
    (found,) = [one for one in read(tmp_path)[1] if one.level == "error"]
    assert found.rule == "layout.region" and "A 列的城市与 B 列的区域不符" in found


def test_the_workbook_guides_who_fills_it_in(made):
    book = openpyxl.load_workbook(made["xlsx"] / RAW / "fire-2023.xlsx")
    assert book.sheetnames == ["说明", "指标", "统计", "个别指标", "个别统计", "备注", "指标清单"]
    sheet = book["指标"]
    assert sheet.freeze_panes == "C7" and sheet["C2"].comment.text.startswith("企业研发人员数")
    kinds = {rule.type for rule in sheet.data_validations.dataValidation}
    assert {"whole", "decimal", "list"} <= kinds
    statuses = next(rule for rule in sheet.data_validations.dataValidation if rule.type == "list")
    assert "公开统计" in statuses.formula1 and codebook.word("simulated") not in statuses.formula1
    messages = [rule.prompt for rule in sheet.data_validations.dataValidation if rule.prompt]
    assert messages and all(len(text) <= 255 for text in messages)
    assert len(sheet.conditional_formatting) > 20
    assert {"fire_cities", "fire_indicators_list", "fire_statistics_city"} <= set(book.defined_names)
    for one in book.worksheets:
        for row in one.iter_rows():
            assert [cell.coordinate for cell in row if cell.data_type == "f"] == []


def test_places_and_regions_come_along_whole(made):
    for table in ("places", "regions"):
        old = files.read_csv(OLD.path(table))
        pd.testing.assert_frame_equal(files.read_csv(made["xlsx"] / RAW / f"{table}.csv"), old)
    rows, found = corrections.read(made["xlsx"] / RAW / "corrections.csv")
    assert rows.empty and not found


def test_files_in_the_way_are_all_named_and_nothing_is_written(tmp_path):
    for name in ("data/raw/2023/places.csv", "reports/editions/2023.yaml"):
        files.write_text(tmp_path / name, "mine")
    with pytest.raises(InputError) as error:
        template.begin(OLD, "2023", tmp_path)
    assert [fault.place["file"] for fault in error.value.faults] == [
        "data/raw/2023/places.csv",
        "reports/editions/2023.yaml",
    ]
    assert files_below(tmp_path) == ["data/raw/2023/places.csv", "reports/editions/2023.yaml"]


def test_files_that_are_not_in_the_way_stay(tmp_path):
    files.write_text(tmp_path / RAW / "统计年鉴.txt", "mine")
    template.begin(OLD, "2023", tmp_path)
    assert (tmp_path / RAW / "统计年鉴.txt").read_text() == "mine"


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "reports").write_text("a file where a folder belongs")
    with pytest.raises(InputError) as error:
        template.begin(OLD, "2023", tmp_path)
    assert error.value.faults[0].rule == "template.write"
    assert [path.name for path in tmp_path.rglob("*")] == ["reports"]


def test_a_run_that_is_stopped_leaves_nothing(tmp_path, monkeypatch):
    replace, count = template.files.os.replace, []

    def stop(*paths):
        count.append(paths)
        if len(count) == 9:
            raise KeyboardInterrupt
        replace(*paths)

    monkeypatch.setattr(template.files.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        template.begin(OLD, "2023", tmp_path)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("name", "form", "rules"),
    [
        ("../2023", "xlsx", ["name"]),
        ("", "xlsx", ["name"]),
        ("二零 23", "xlsx", ["name"]),
        ("2022", "xlsx", ["order"]),
        ("2021", "doc", ["order", "form"]),
        ("2022.1", "xlsx", ["order"]),
    ],
)
def test_names_and_forms_that_cannot_be(tmp_path, name, form, rules):
    with pytest.raises(InputError) as error:
        template.begin(OLD, name, tmp_path, form)
    assert [fault.rule for fault in error.value.faults] == [f"template.{rule}" for rule in rules]
    assert list(tmp_path.rglob("*")) == []


def test_two_years_on_nothing_is_known_of_the_year_before(tmp_path):
    template.begin(OLD, 2024, tmp_path)
    settings = edition(tmp_path, "2024")
    assert (settings["edition"], settings["year"], settings["specification"]) == (2024, 2023, "fire-2024")
    sheet = openpyxl.load_workbook(tmp_path / "data/raw/2024/fire-2024.xlsx")["指标"]
    assert [sheet.cell(3, column).value for column in (3, 4)] == [2022, 2023]
    assert [cell.value for row in sheet.iter_rows(7, 80, 3) for cell in row if cell.value is not None] == []


SPEC = """# edition A of a small index
id = "small"
label = { zh = "小指数", en = "Small index" }
[method]
missing = "none"
normalise = "minmax"
reference = "base"
base_year = 2020
[[node]]
id = "total"
label = { zh = "小指数", en = "Small index" }
[[node]]
id = "share"
parent = "total"
label = { zh = "同名", en = "Share" }   # the first of two
weight = "1/2"
unit = { zh = "%", en = "%" }
direction = 1
[[node]]
id = "shops"
parent = "total"
label = { zh = "同名", en = "Shops" }
weight = "1/2"
unit = { zh = "家", en = "shops" }
direction = -1
denominator = "area"
[[denominator]]
id = "area"
label = { zh = "面积", en = "Area" }
"""


def test_an_index_of_other_indicators_and_an_edition_that_is_not_locked(tmp_path, monkeypatch):
    monkeypatch.setattr(specs, "INDICES", tmp_path)
    files.write_text(tmp_path / "small.toml", SPEC)
    files.write_text(
        tmp_path / "places.csv", "city,city_en,region,lon,lat\n甲,Jia,东,1,2\n乙,Yi,东,3,4\n丙,Bing,东,3,5\n"
    )
    files.write_text(tmp_path / "regions.csv", "region,region_en\n东,East\n")
    lines = [
        f"{city},2020,{name},{value if name != 'area' else value**2},{status},本所"
        for city, value, status in (("甲", 3, "observed"), ("乙", 5.5, "estimated"), ("丙", 7, "simulated"))
        for name in ("share", "shops", "area")
    ]
    files.write_text(
        tmp_path / "panel.csv", "\n".join(["unit,year,indicator,value,status,source", *lines]) + "\n"
    )
    settings = {
        "edition": "A",
        "year": 2020,
        "base_year": 2020,
        "specification": "small",
        "focus_region": "东",
    }
    settings |= {"languages": ["zh"], "records": str(tmp_path / "records"), "studies": ["x"], "note": "old"}
    settings |= {name: str(tmp_path / f"{name}.csv") for name in ("panel", "places", "regions")}
    files.write_text(tmp_path / "A.yaml", yaml.safe_dump(settings, allow_unicode=True))
    old = fire.edition.load("A", tmp_path)
    root = tmp_path / "new"
    template.begin(old, "B", root)
    new = edition(root, "B")
    assert (new["edition"], new["year"], new["specification"]) == ("B", 2021, "small-B")
    assert new["records"] == settings["records"] and not {"posts", "studies", "note"} & set(new)
    assert "# posts: A" in (root / "reports/editions/B.yaml").read_text(encoding="utf-8")
    assert specs.load(root / "data/indices/small-B.toml").id == "small-B"
    assert not (root / "reports/editions/B-advice.en.md").exists()
    book = openpyxl.load_workbook(root / "data/raw/B/fire-B.xlsx")
    assert "统计" not in book.sheetnames
    sheet = book["指标"]
    assert [sheet.cell(2, column).value for column in (3, 5, 7)] == ["同名（share）", "同名（shops）", "面积"]
    single = [[cell.value for cell in row] for row in book["个别指标"].iter_rows(4, 8, 1, 6) if row[0].value]
    shown = {(row[0], row[3]) for row in single} | {
        (sheet.cell(row, 1).value, sheet.cell(row, 3).value) for row in (7, 8)
    }
    assert {("甲", 3), ("乙", 5.5)} <= shown
    assert not {7, 49} & {cell.value for one in book.worksheets for row in one.iter_rows() for cell in row}
