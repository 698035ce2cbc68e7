"""Typed tables: what is read as Excel saves it, and every fault at once with its place and fix."""

import pandas as pd
import pytest
from frictionless import Schema

from fire.errors import InputError
from fire.sources import tables

HEAD = "city,year,measure,value,unit,status,source,note\n"
ROW = "北京,2020,gdp,36102.55,亿元,observed,S2,\n"


def written(tmp_path, text, encoding="utf-8-sig"):
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("path", sorted(tables.SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_every_schema_is_a_table_schema_and_its_key_is_among_its_fields(path):
    schema = Schema.from_descriptor(tables.schema(path.stem))
    assert set(schema.primary_key) <= {field.name for field in schema.fields}


def test_cells_are_read_as_excel_saves_them(tmp_path):
    text = HEAD + ' 北京 ,２０２０,gdp,"36,102.55",亿元,observed,S2,\n'
    table = tables.read(written(tmp_path, text, "gb18030"), "city-statistics")
    assert table.loc[0, ["city", "year", "value"]].tolist() == ["北京", 2020, 36102.55]
    assert table["year"].dtype == "Int64" and table["value"].dtype == float


def test_all_faults_are_listed_at_once(tmp_path):
    text = HEAD + ROW + "北京,二〇,gpd,多,元,observed,S2,\n" + ",2020.5,gdp,1,亿元,guess,,\n" + ROW
    with pytest.raises(InputError) as error:
        tables.read(written(tmp_path, text), "city-statistics", {"city": ["北京"]})
    assert error.value.what.endswith("table.csv")
    assert sorted(fault.partition(" · ")[2].rpartition("table.csv: ")[2] for fault in error.value.faults) == [
        "row 3, column 'measure': 'gpd' is unknown: did you mean 'gdp'?",
        "row 3, column 'unit': '元' is unknown: did you mean '亿元'?",
        "row 3, column 'value': '多' is not a number: type it with digits and one decimal point",
        "row 3, column 'year': '二〇' is not a number: type it with digits and one decimal point",
        "row 4, column 'city': empty: fill it in",
        "row 4, column 'status': 'guess' is unknown: type one of printed, observed, implied, "
        "estimated, imputed, assumed, simulated",
        "row 4, column 'year': '2020.5' is no whole number: correct it",
        "row 5: '北京, 2020, gdp' is there already: keep one of the rows",
    ]


def test_missing_columns_come_alone(tmp_path):
    with pytest.raises(InputError) as error:
        tables.read(written(tmp_path, "city,year\n北京,2020\n"), "city-statistics")
    assert len(error.value.faults) == 6 and all(
        "table.csv，第 1 行：缺少“" in fault and "row 1: column '" in fault for fault in error.value.faults
    )


@pytest.mark.parametrize("cell", ["2023/5/18", "2023-05-18", "2023.5.18", "2023年5月18日", "2023/5/18 0:00"])
def test_days_in_every_usual_form(cell):
    assert tables.day(cell) == pd.Timestamp("2023-05-18")


@pytest.mark.parametrize("cell", ["2023-13-40", "2023", "去年", "18.5.2023", "20230518x"])
def test_no_day(cell):
    assert pd.isna(tables.day(cell))
