"""Grids: the cells of a file as they stand, whatever program saved it; anything else refused in one clear sentence."""

import datetime
import glob
import os
import shutil
import socket
import subprocess
import tempfile
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from fire import files, grids, workbooks
from fire.cells import Percent
from fire.errors import InputError
from fire.index import panel

BOOKS = Path(__file__).parent / "grids"
TABLE = "城市,年份,地区生产总值\n北京,2021,40269.6\n重庆,2021,27894\n"


def written(tmp_path, content, name="t.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def cells(grid):
    return [list(row) for row in grid.cells.itertuples(index=False)]


def rules(grid):
    return [note.rule.removeprefix("grids.") for note in grid.notes]


def refused(path, **options):
    """The rule by which a file is refused: one fault, with what to do, in both languages."""
    with pytest.raises(InputError) as caught:
        grids.read(path, **options)
    (fault,) = caught.value.faults
    assert fault.level == "error" and fault.zh_fix and fault.en_fix and Path(path).name in fault
    return fault.rule.removeprefix("grids.")


# --- text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding, said",
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("gb18030", "GB18030"),
        ("gbk", "GB18030"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
    ],
)
@pytest.mark.parametrize("text", [TABLE, "单位,值\n亳州,1\n瑷珲,2\n", "市,x\n京,1\n", "县,1\n"])
def test_encodings_of_excel_in_china(tmp_path, encoding, said, text):
    grid = grids.read(written(tmp_path, text, encoding=encoding))
    assert cells(grid) == [line.split(",") for line in text.splitlines()]
    assert [said in note for note in grid.notes] == ([True] if said else [])


@pytest.mark.parametrize(
    "encoding, text",
    [
        ("big5", "城市,地區生產總值\n臺北市,1\n高雄市,2\n"),
        ("big5", "縣市,人口\n新竹縣,1\n桃園市,2\n"),
        ("big5", "國家,值\n日本,1\n"),
        ("cp1252", "city,x\nMálaga,1\nCórdoba,2\n"),
        ("latin-1", "city,x\nZürich,1\nSão Paulo,2\nÎle-de-France,3\n"),
        ("cp1252", "name,price\n“Café”,€5\n"),
        ("cp1252", "Stadt,Größe\nKöln,1\n"),
    ],
)
def test_other_encodings_are_found_and_said(tmp_path, encoding, text):
    grid = grids.read(written(tmp_path, text, encoding=encoding))
    assert cells(grid) == [line.split(",") for line in text.splitlines()]
    assert rules(grid) == ["encoding"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("path", ["places.csv", "regions.csv", "glossary.csv", "external-rankings.csv"])
def test_own_tables_in_every_encoding(tmp_path, encoding, path):
    text = (files.DATA / path).read_text(encoding="utf-8-sig")
    again = grids.read(written(tmp_path, text, encoding=encoding))
    assert again.cells.equals(grids.read(files.DATA / path).cells)


@pytest.mark.parametrize(
    "content, rule",
    [
        (b"", "empty"),
        (b" \n,,\n\n", "empty"),
        (b"%PDF-1.7\n%\xe2\xe3", "pdf"),
        (b"<!DOCTYPE html><html><table><tr><td>1</td></tr></table></html>", "html"),
        (b"\xef\xbb\xbf<html xmlns:o='urn'><head>", "html"),
        (b"<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'/>", "xml"),
        (b"a,b\n1,\x00\x00\x02\x03\n", "binary"),
        (bytes(range(256)) * 20, "binary"),
        (bytes(range(1, 256)) * 20, "binary"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\x1f\x8b\x08\x00", "archive"),
        (b"PK\x03\x04" + bytes(40), "truncated"),
        (TABLE.encode() + "天津".encode()[:4], "cut"),
        (TABLE.encode() + "天津,2021,1\n".encode("gbk") + TABLE.encode(), "mixed"),
        (TABLE.encode().decode("latin-1").encode(), "misread"),
        (TABLE.encode().decode("gb18030", "replace").encode(), "misread"),
        ("城市,年份\n北京市,1\n".encode().decode("gb18030", "ignore").encode(), "misread"),
        ((TABLE.replace("北京", "锟斤拷锟斤拷") * 3).encode(), "misread"),
        (("城市,值\n" + "\ue5e5\ue5e6,1\n" * 9).encode(), "garbled"),
        (b'a,b\n1,"2\n3,4\n', "quote"),
        ('a,b\n"北京"市,2\n'.encode(), "quote"),
        (b"x" * 200_000, "long"),
        (b",".join([b"1"] * 20_000), "columns"),
    ],
)
def test_what_is_no_table_is_refused_and_called_by_its_name(tmp_path, content, rule):
    assert refused(written(tmp_path, content)) == rule


def test_a_line_is_named(tmp_path):
    with pytest.raises(InputError, match="line 3: a quote is not closed"):
        grids.read(written(tmp_path, 'a,b\n1,2\n"3,4\n5,6\n'))
    with pytest.raises(InputError, match="line 4 is not UTF-8"):
        grids.read(written(tmp_path, TABLE.encode() + "天津,2021,1\n".encode("gbk") + TABLE.encode()))
    with pytest.raises(InputError, match="第 2 行的“.*”应为“北京,2021,40269.6”"):
        text = "city,year,gdp\n" + TABLE.partition("\n")[2]
        grids.read(written(tmp_path, text.encode().decode("cp1252", "ignore")))


def test_a_lost_character_is_a_warning(tmp_path):
    grid = grids.read(written(tmp_path, TABLE + "长�,2021,1\n"))
    assert rules(grid) == ["lost"] and grid.notes[0].place["row"] == 4 and grid.notes[0].level == "warning"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a;b\n1,5;2\n3,25;4\n", [["a", "b"], ["1,5", "2"], ["3,25", "4"]]),
        ("城市\t值\n北京\t1,234\n上海\t5,678\n", [["城市", "值"], ["北京", "1,234"], ["上海", "5,678"]]),
        ("a|b|c\n1|2|3\n", [["a", "b", "c"], ["1", "2", "3"]]),
        ("sep=;\na;b\n1;2\n", [[None, None], ["a", "b"], ["1", "2"]]),
        ("a,b\n1;2;3,4\n5;6;7,8\n", [["a", "b"], ["1;2;3", "4"], ["5;6;7", "8"]]),
        ('a,b\n"1,234",2\n', [["a", "b"], ["1,234", "2"]]),
        ('a,b\n"x ""y""\nz",2\n', [["a", "b"], ['x "y"\nz', "2"]]),
        ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r1,2\r", [["a", "b"], ["1", "2"]]),
        ("a,b\n\n1,2\n", [["a", "b"], [None, None], ["1", "2"]]),
        ("a,b,,\n1,2,,\n,,,\n", [["a", "b"], ["1", "2"]]),
        ("题目\n\na,b,c\n1,2,3\n4,5,6\n注：x\n", [["题目"] + [None] * 2, [None] * 3, *[["a", "b", "c"], ["1", "2", "3"]],
         ["4", "5", "6"], ["注：x", None, None]]),
        ("name\nx\ny;z\n", [["name"], ["x"], ["y;z"]]),
        ("城市;2012年\n北京;1,000\n上海;2,000\n", [["城市", "2012年"], ["北京", "1,000"], ["上海", "2,000"]]),
        ("城市\t值\n北京\t1,5\n上海\t2,5\n", [["城市", "值"], ["北京", "1,5"], ["上海", "2,5"]]),
        ("年鉴\n（上）\na;b;c\n1;2;3\n注：x\n", [["年鉴"] + [None] * 2, ["（上）"] + [None] * 2, ["a", "b", "c"],
         ["1", "2", "3"], ["注：x", None, None]]),
        ("a\n", [["a"]]),
        ("a, b\n1,　\n", [["a", "b"], ["1", None]]),
    ],
)  # fmt: skip
def test_separators_quotes_and_ragged_rows(tmp_path, text, expected):
    assert cells(grids.read(written(tmp_path, text))) == expected


def test_download_of_the_national_bureau(tmp_path):
    text = "数据库：分省年度数据\n指标：地区生产总值(亿元)\n时间：最近20年\n地区,2024年,2023年\n北京市,49670.2,47353.7\n注：a\n"
    grid = grids.read(written(tmp_path, text, encoding="gb18030"))
    assert grid.cells.shape == (6, 3) and grid.cells.iat[4, 1] == "49670.2" and grid.cells.iat[0, 1] is None


plain = st.text(
    st.characters(codec="gb18030", categories=["L", "N"], max_codepoint=0x9FA5), min_size=1, max_size=8
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(plain, min_size=2, max_size=5), min_size=1, max_size=8),
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_is_written_is_read(rows, mark, encoding, end):
    rows = [row[: len(rows[0])] + ["x"] * (len(rows[0]) - len(row)) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(end.join(mark.join(row) for row in rows).encode(encoding))
        try:
            assert cells(grids.read(path)) == rows
        except InputError as error:  # rare letters only look garbled
            assert [fault.rule for fault in error.faults] in (["grids.garbled"], ["grids.misread"])


@settings(max_examples=150, deadline=None)
@given(
    st.binary(min_size=0, max_size=300),
    st.sampled_from([".csv", ".txt", ".xlsx", ".xls", ".ods", ".dta", ".parquet"]),
)
def test_any_bytes_are_read_or_refused(raw, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t{suffix}"
        path.write_bytes(raw)
        try:
            assert grids.read(path).cells.size
        except InputError as error:
            assert len(error.faults) == 1


def test_too_large_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "t.csv"
    with path.open("wb") as stream:
        stream.truncate(2_000_000_000)
    assert refused(path) == "bytes"
    path.write_bytes(b"a,b,c,d\n" * 2_600_000)
    assert refused(path) == "cells"


def test_no_file(tmp_path):
    assert refused(tmp_path / "none.csv") == "absent" and refused(tmp_path) == "folder"
    with pytest.raises(InputError, match="the file does not exist"):
        files.read_csv(tmp_path / "none.csv")


# --- workbooks -------------------------------------------------------------------------------------------------------


def test_cells_of_a_workbook_as_they_stand(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        page, hidden = book.add_worksheet("数据"), book.add_worksheet("旧")
        hidden.hide()
        form = {
            one: book.add_format({"num_format": one})
            for one in ("0.0%", "yyyy-mm-dd", '0.0"%"', "[h]:mm", "#,##0")
        }
        page.merge_range("A1:C1", "标题")
        page.write_row("A3", [1, 2.5, 0.123, 0.5], form["0.0%"])
        page.write("A4", datetime.datetime(2023, 5, 18), form["yyyy-mm-dd"])
        page.write("B4", 12.3, form['0.0"%"'])
        page.write("C4", 1.5, form["[h]:mm"])
        page.write("D4", 1234, form["#,##0"])
        page.write("E4", True)
        page.write_string("F4", "００1")
        page.write_rich_string("A5", "5497", book.add_format({"font_script": 1}), "①")
        page.write_formula("B5", "=B4*2")  # stored as 0, to be calculated when opened
        page.write_formula("C5", "=B4*2", None, 24.6)
        page.write_formula("D5", "=1/0", None, "#DIV/0!")
        page.set_row(4, None, None, {"hidden": True})
        page.set_column("D:D", None, None, {"hidden": True})
        page.write_blank("Z99", None, form["0.0%"])
    grid = grids.read(tmp_path / "t.xlsx")
    assert grid.sheet == "数据" and grid.cells.shape == (5, 6) and grid.merged == ((0, 0, 0, 2),)
    assert [type(cell) for cell in cells(grid)[2][:4]] == [Percent] * 4 and cells(grid)[2][2] == 0.123
    assert cells(grid)[3] == [datetime.datetime(2023, 5, 18), 12.3, "1 day, 12:00:00", 1234, True, "００1"]
    assert type(grid.cells.iat[3, 3]) is int
    assert cells(grid)[4] == ["5497①", "=B4*2", 24.6, "#DIV/0!", None, None]
    assert rules(grid) == ["hidden_sheets", "hidden_rows", "hidden_columns"]
    assert "旧" in grid.notes[0] and "：5" in grid.notes[1] and "D" in grid.notes[2]
    assert grids.sheets(tmp_path / "t.xlsx") == {"数据": True, "旧": False}


@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_old_and_open_workbooks(suffix):
    """Made by LibreOffice: errors, dates, per cent, merged cells, a hidden row, column and sheet."""
    grid = grids.read(BOOKS / f"book.{suffix}")
    assert grid.sheet == "数据" and grid.merged == ((4, 0, 5, 2),)
    assert cells(grid)[1][:6] == ["北京", 1.5, 0.123, datetime.datetime(2023, 5, 18), "#DIV/0!", 3]
    assert cells(grid)[2][:6] == ["上海", 10, 0.5, datetime.datetime(2023, 5, 18, 12, 30), "#N/A", None]
    assert isinstance(grid.cells.iat[1, 2], Percent) and cells(grid)[0][9:] == ["001", "a\nb"]
    assert rules(grid) == ["hidden_sheets", "hidden_rows", "hidden_columns"]


def test_formulas_written_by_a_program_have_no_result(tmp_path):
    book = openpyxl.Workbook()
    book.active.append([2, "=A1*2", '=""'])
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active["D1"] = datetime.datetime(2023, 5, 18)
    book.active["E1"], book.active["E1"].number_format = 45064, "yyyy年m月"
    book.save(tmp_path / "t.xlsx")
    row = cells(grids.read(tmp_path / "t.xlsx"))[0]
    assert row[1:3] == ["=A1*2", '=""'] and row[3] == datetime.datetime(2023, 5, 18)
    assert isinstance(row[4], datetime.datetime)


def changed(tmp_path, change=None, name="t.xlsx", **parts):
    """A workbook whose parts are replaced."""
    book = openpyxl.Workbook()
    book.active.append(["a", 1])
    book.save(tmp_path / "base.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "base.xlsx") as old,
        zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for one in old.namelist():
            text = old.read(one)
            new.writestr(one, change(one, text) if change else parts.get(Path(one).stem, text))
    return tmp_path / name


SHEET = '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:dimension ref="A1:XFD1048576"/><x:sheetData>{}</x:sheetData>{}</x:worksheet>'


def test_sheets_as_other_programs_write_them(tmp_path):
    inner = (
        '<x:row><x:c t="inlineStr"><x:is><x:r><x:t>北</x:t></x:r><x:rPh sb="0" eb="1"><x:t>bei</x:t></x:rPh><x:r><x:t>京</x:t></x:r>'
        '</x:is></x:c><x:c><x:v>1E3</x:v></x:c></x:row><x:row r="4"><x:c r="C4" t="str"><x:f>""</x:f><x:v></x:v></x:c>'
        '<x:c r="D4" t="d"><x:v>2023-05-18T00:00:00Z</x:v></x:c><x:c r="E4" t="e"><x:v>#REF!</x:v></x:c></x:row>'
        '<x:row r="5"><x:c r="A5"><x:f t="shared" ref="A5:A6" si="0">B5*2</x:f></x:c></x:row>'
        '<x:row r="6"><x:c r="A6"><x:f t="shared" si="0"/></x:c></x:row>'
    )
    grid = grids.read(changed(tmp_path, sheet1=SHEET.format(inner, "")))
    assert cells(grid)[0][:2] == ["北京", 1000.0]
    assert cells(grid)[3] == [None, None, None, datetime.datetime(2023, 5, 18), "#REF!"]
    assert [cells(grid)[row][0] for row in (4, 5)] == ["=B5*2", "=B6*2"]


def test_a_stored_zero_is_a_result_unless_the_workbook_is_still_to_be_calculated(tmp_path):
    inner = '<x:row r="1"><x:c r="A1"><x:f>B1</x:f><x:v>0</x:v></x:c></x:row>'

    def change(calculate):
        return lambda name, raw: (
            SHEET.format(inner, "")
            if name.endswith("sheet1.xml")
            else raw.replace(b'fullCalcOnLoad="1"', calculate)
        )

    assert cells(grids.read(changed(tmp_path, change(b'fullCalcOnLoad="1"')))) == [["=B1"]]
    assert cells(grids.read(changed(tmp_path, change(b"")))) == [[0]]


def test_parts_are_found_whatever_their_letters_and_slashes(tmp_path):
    with zipfile.ZipFile(changed(tmp_path)) as old, zipfile.ZipFile(tmp_path / "other.xlsx", "w") as new:
        for one in old.namelist():
            new.writestr(one.replace("/", "\\").replace("sheet1", "Sheet1"), old.read(one))
    assert cells(grids.read(tmp_path / "other.xlsx")) == [["a", 1]]


@pytest.mark.whole
def test_bounds_of_a_workbook(tmp_path, monkeypatch):
    formatted = "".join(
        f'<x:row r="{row}" s="1"><x:c r="A{row}" s="1"/></x:row>' for row in range(2, 100_000)
    )
    one = '<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>'
    assert cells(grids.read(changed(tmp_path, sheet1=SHEET.format(one + formatted, "")))) == [[1]]
    last = '<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>'
    assert refused(changed(tmp_path, sheet1=SHEET.format(one + last, ""))) == "far"
    merged = "".join(f'<x:mergeCell ref="A{row}:B{row}"/>' for row in range(1, 100_010))
    assert (
        refused(changed(tmp_path, sheet1=SHEET.format(one, f"<x:mergeCells>{merged}</x:mergeCells>")))
        == "merged"
    )
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + SHEET.format(one, "&b;")
    assert refused(changed(tmp_path, sheet1=laughs)) == "damaged"
    assert refused(changed(tmp_path, sheet1="<a>" * 100_000)) == "damaged"
    monkeypatch.setattr(workbooks, "MARKS", 100)
    assert refused(changed(tmp_path, sheet1=SHEET.format(one + formatted, ""))) == "blank"
    monkeypatch.undo()
    monkeypatch.setattr(workbooks, "SHEET", 10_000_000)
    assert refused(changed(tmp_path, sheet1=SHEET.format("", " " * 20_000_000))) == "unpacked"
    monkeypatch.setattr(workbooks, "FILLED", 5)
    full = one + "".join(
        f'<x:row r="{row}"><x:c r="A{row}"><x:v>1</x:v></x:c></x:row>' for row in range(2, 9)
    )
    assert refused(changed(tmp_path, sheet1=SHEET.format(full, ""))) == "cells"


def test_which_sheet(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "表 1"
    book.active["A1"] = "x"
    book.create_sheet("表2")["A1"] = "y"
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(InputError, match="which sheet.: add sheet= one of 表 1, 表2"):
        grids.read(tmp_path / "t.xlsx")
    with pytest.raises(InputError, match="没有工作表“表3”：请用 sheet 写明其中之一：表 1, 表2"):
        grids.read(tmp_path / "t.xlsx", sheet="表3")
    assert cells(grids.read(tmp_path / "t.xlsx", sheet="表２ ")) == [["y"]]
    book["表 1"].sheet_state = "hidden"
    book.save(tmp_path / "t.xlsx")
    assert grids.read(tmp_path / "t.xlsx").sheet == "表2"
    assert grids.read(tmp_path / "t.xlsx", sheet="表 1").sheet == "表 1"
    assert refused(tmp_path / "t.xlsx", hidden=True) == "which"


def test_files_under_a_wrong_name(tmp_path):
    book = changed(tmp_path).read_bytes()
    assert refused(written(tmp_path, book)) == "named"
    assert cells(grids.read(written(tmp_path, book, "t.xls"))) == [["a", 1]]
    assert refused(written(tmp_path, TABLE, "t.xlsx")) == "text"
    assert refused(written(tmp_path, b"<html><table>", "t.xls")) == "html"
    assert refused(written(tmp_path, book[: len(book) // 2], "half.xlsx")) == "truncated"
    locked = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    )
    assert refused(written(tmp_path, locked, "t.xlsx")) == "encrypted"
    assert refused(written(tmp_path, locked[:400], "t.doc")) == "word"
    old = (BOOKS / "book.xls").read_bytes()
    assert refused(written(tmp_path, old[:3000], "t.xls")) in ("damaged", "word")
    for part, rule in [("xl/workbook.bin", "xlsb"), ("word/document.xml", "word"), ("data.csv", "archive")]:
        with zipfile.ZipFile(tmp_path / "t.zip", "w") as new:
            new.writestr(part, "x")
        assert refused(shutil.copy(tmp_path / "t.zip", tmp_path / "t.xlsx")) == rule


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file of each kind that is not text, as bytes."""
    folder = tmp_path_factory.mktemp("whole")
    FRAME.to_parquet(folder / "t.parquet")
    FRAME.to_feather(folder / "t.feather")
    FRAME.assign(城市="北京").to_stata(folder / "t.dta", write_index=False, version=118)
    made = [*folder.iterdir(), changed(folder), *BOOKS.glob("book.*")]
    return {path.suffix: path.read_bytes() for path in made}


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(whole, data):
    suffix = data.draw(st.sampled_from(sorted(whole)))
    raw = bytearray(whole[suffix])
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.sampled_from([0, 1, 127, 128, 255]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t{suffix}"
        path.write_bytes(raw)
        try:
            grids.read(path)
        except InputError as error:
            assert len(error.faults) == 1


# --- stored tables and databases -------------------------------------------------------------------------------------

FRAME = pd.DataFrame({"城市": ["北京", None], "year": [2021, 2022], "gdp": [1.5, float("nan")]})
ROWS = [["城市", "year", "gdp"], ["北京", 2021, 1.5], [None, 2022, None]]


def test_parquet_feather_and_stata(tmp_path):
    day = FRAME.assign(day=pd.to_datetime(["2023-05-18", None]), kind=pd.Categorical(["a", "b"]))
    day.to_parquet(tmp_path / "t.parquet")
    grid = grids.read(tmp_path / "t.parquet")
    assert cells(grid)[1] == [*ROWS[1], datetime.datetime(2023, 5, 18), "a"] and cells(grid)[2][3] is None
    FRAME.to_feather(tmp_path / "t.feather")
    assert cells(grids.read(tmp_path / "t.feather")) == ROWS
    coded = FRAME.assign(城市=["北京", ""], kind=pd.Categorical(["东", "西"]))
    coded.to_stata(tmp_path / "t.dta", write_index=False, version=118)
    assert cells(grids.read(tmp_path / "t.dta")) == [
        [*row, kind] for row, kind in zip(ROWS, ["kind", "东", "西"])
    ]
    for name in ("t.parquet", "t.feather", "t.dta"):
        raw = (tmp_path / name).read_bytes()
        assert refused(written(tmp_path, raw[: len(raw) // 2], name)) == "damaged"


def test_old_stata_files_carry_chinese_without_saying_so(tmp_path):
    text = "北京".encode("gb18030").decode("latin-1")
    pd.DataFrame({"city": [text, "x"], "v": [1, 2]}).to_stata(
        tmp_path / "t.dta", write_index=False, version=114
    )
    assert cells(grids.read(tmp_path / "t.dta"))[1] == ["北京", 1]


def test_a_table_of_duckdb(tmp_path, monkeypatch):
    path = tmp_path / "my data.duckdb"
    with duckdb.connect(path) as link:
        link.execute("CREATE TABLE \"面板\" AS SELECT '北京' AS 城市, 2021 AS year, 1.5::DECIMAL(5,1) AS gdp")
        link.execute("CREATE VIEW away AS SELECT * FROM read_text('/etc/hostname')")
    before = path.read_bytes()
    assert cells(grids.table(path, "面板")) == ROWS[:2]
    monkeypatch.setenv("FIRE_DATABASE", str(path))
    grid = grids.table("FIRE_DATABASE", "main.面板")
    assert cells(grid) == ROWS[:2] and grid.file == "FIRE_DATABASE" and path.read_bytes() == before
    for name in ("none", 'x"; DROP TABLE "面板', "", "a..b"):
        with pytest.raises(InputError, match="no table"):
            grids.table(path, name)
    with pytest.raises(InputError, match="not a DuckDB database"):
        grids.table(path, "away")
    with pytest.raises(InputError, match="FIRE_NOTHING is not set"):
        grids.table("FIRE_NOTHING", "x")
    assert refused(shutil.copy(path, tmp_path / "t.csv")) == "database"


@pytest.fixture(scope="module")
def postgres():
    """A cluster of its own, as a user without rights, on a loopback port: URL with a password."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb")) or [shutil.which("initdb")]
    if not found[-1]:
        pytest.skip("no PostgreSQL here")
    home = Path(tempfile.mkdtemp(prefix="fire-pg"))
    user = {"user": "postgres", "cwd": home} if os.getuid() == 0 else {"cwd": home}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / "secret").write_text("p@ss-s3cret")
    if os.getuid() == 0:
        for path in (home, home / "secret"):
            shutil.chown(path, "postgres")
    bins, data = Path(found[-1]).parent, home / "data"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, **user}
    init = [
        "-A",
        "scram-sha-256",
        "-U",
        "owner",
        f"--pwfile={home}/secret",
        "-E",
        "UTF8",
        "--no-locale",
        "-N",
    ]
    subprocess.run([bins / "initdb", "-D", data, *init], **quiet)
    serve = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home}"
    control = [bins / "pg_ctl", "-D", data, "-w", "-l", home / "log"]
    try:
        subprocess.run([*control, "-o", serve, "start"], **quiet)
        yield f"postgresql://owner:p%40ss-s3cret@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **(quiet | {"check": False}))
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.whole
def test_a_table_of_postgresql(postgres, monkeypatch):
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as link:
        link.execute('CREATE SCHEMA "my data"')
        link.execute(
            'CREATE TABLE "my data"."面板" AS SELECT \'北京\' AS 城市, 2021 AS year, 1.5::numeric AS gdp'
        )
        link.execute("CREATE TABLE log (x int)")
        link.execute(
            "CREATE FUNCTION noted() RETURNS int LANGUAGE sql AS 'INSERT INTO log VALUES (1) RETURNING x'"
        )
        link.execute("CREATE VIEW sly AS SELECT noted() AS x")
        link.execute("CREATE VIEW idle AS SELECT pg_sleep(20)::text AS x")
        link.execute("CREATE TABLE hers (x int)")
        link.execute("CREATE ROLE reader LOGIN PASSWORD 'p@ss-s3cret'")
    monkeypatch.setenv("FIRE_DATABASE", postgres)
    monkeypatch.setattr(grids, "SECONDS", 1)
    grid = grids.table("FIRE_DATABASE", "my data.面板")
    assert cells(grid) == ROWS[:2] and (grid.file, grid.sheet) == ("FIRE_DATABASE", "my data.面板")
    assert cells(grids.table(postgres, "hers")) == [["x"]]
    said, reader = {}, postgres.replace("owner", "reader")
    for url, name in [
        (postgres, "none"),
        (postgres, 'hers"; DROP TABLE hers; --'),
        (postgres, "sly"),
        (postgres, "idle"),
        (reader, "hers"),
        (postgres.replace("s3cret", "wrong"), "hers"),
        (postgres.replace("%40", "@"), "hers"),
        (postgres.replace("@127", ":@127"), "hers"),
        (postgres.replace("127.0.0.1", "s3cret"), "hers"),
    ]:
        with pytest.raises(InputError) as caught:
            grids.table(url, name)
        (fault,) = caught.value.faults
        assert "s3cret" not in f"{caught.value!r}" and caught.value.__suppress_context__
        said[url in (postgres, reader), name if url == postgres else url] = fault.rule
    assert said[True, "none"] == "grids.no_table" and said[True, "idle"] == "grids.slow"
    assert said[True, "sly"] == "grids.writes"
    assert said[True, reader] == "grids.no_right"
    assert {rule for (known, _), rule in said.items() if not known} == {"grids.connect"}
    with psycopg.connect(postgres) as link:
        assert link.execute("SELECT count(*) FROM log").fetchone() == (0,)
        assert link.execute("SELECT count(*) FROM hers").fetchone() == (0,)


# --- tables with a heading -------------------------------------------------------------------------------------------


def test_messages_count_blank_rows(tmp_path):
    text = "\nunit,year,indicator,value,status,source\n\na,2020,x,1,observed,s\n , ,\nb,2020,x,many,observed,s\n,2020,x,1,observed,s\n"
    path = written(tmp_path, text)
    assert files.rows(files.read_csv(path)).tolist() == [4, 6, 7]
    with pytest.raises(InputError) as caught:
        panel.read(path)
    assert [f"row {row}" in fault for row, fault in zip((6, 7), caught.value.faults)] == [True, True]


def test_error_cells_and_formulas_of_a_panel_are_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["unit", "year", "indicator", "value", "status", "source"])
    for unit, value in [("甲", 1), ("乙", "#DIV/0!"), ("丙", "=D2*2")]:
        book.active.append([unit, 2021, "gdp", value, "observed", "x"])
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(InputError) as caught:
        panel.read(tmp_path / "t.xlsx")
    assert [
        "row 3, column 'value'" in caught.value.faults[0],
        "row 4, column 'value'" in caught.value.faults[1],
    ] == [True, True]
    assert len(caught.value.faults) == 2


def test_per_cent_of_a_panel_is_not_read_in_silence(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["unit", "year", "indicator", "value", "status", "source"])
    book.active.append(["甲", 2021, "share", 0.123, "observed", "x"])
    book.active["D2"].number_format = "0.0%"
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(InputError, match="row 2, column 'value': '12.3%'"):
        panel.read(tmp_path / "t.xlsx")


def test_columns_without_a_name(tmp_path):
    assert list(files.read_csv(written(tmp_path, "a,b,,\n1,2,,\n"))) == ["a", "b"]
    with pytest.raises(InputError, match="cell C3.*holds data but has no name: give it a name in row 1"):
        files.read_csv(written(tmp_path, "a,b\n1,2\n3,4,5\n"))
    with pytest.raises(InputError, match="column 'a' appears twice"):
        files.read_csv(written(tmp_path, "a,ａ\n1,2\n"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_settings_in_every_encoding(tmp_path, encoding):
    assert files.read_yaml(written(tmp_path, "城市: 北京\n年份: 2021\n", encoding=encoding)) == {
        "城市": "北京",
        "年份": 2021,
    }
    assert files.read_json(written(tmp_path, '{"城市": "北京"}', encoding=encoding)) == {"城市": "北京"}
