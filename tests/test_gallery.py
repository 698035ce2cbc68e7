"""The gallery: every published index is recomputed to the digits that its inputs leave.

Published values come from the files that each about.toml names under `source`; what may differ, and why, stands there too.
"""

import importlib.util
import re

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest

from fire import files
from fire.analysis import gallery
from fire.errors import InputError
from fire.figures import gallery as figures
from fire.files import ROOT
from fire.report import exhibits, notebook

BOTH = ("title", "publisher", "source", "licence_note", "method", "absent")
HAN = re.compile("[\u4e00-\u9fff]")
LEFT = {"raw.csv", "expected.csv", "spec.toml", "about.toml"}  # files of every entry


@pytest.fixture(scope="module")
def held():
    """Entries and their comparisons, each made once."""
    made = {}

    def get(name):
        if name not in made:
            entry = gallery.load(name)
            made[name] = entry, gallery.compare(entry)
        return made[name]

    return get


@pytest.mark.parametrize("name", gallery.entries())
def test_recomputed_scores_are_as_close_as_the_inputs_allow(name, held):
    _, compared = held(name)
    scores = compared[compared["measure"].eq("score")]
    away = scores["difference"].astype(float).abs()
    off = scores[~(away <= scores["allowed"] + 1e-12 * scores["published"].astype(float).abs())]
    assert off.empty, f"{len(off)} of {len(scores)}\n{off.head(10).to_string()}"


@pytest.mark.parametrize("name", gallery.entries())
def test_ranks_and_bands_are_the_published_ones(name, held):
    _, compared = held(name)
    ranks = compared[compared["measure"].eq("rank")]
    off = ranks[~(ranks["difference"].astype(float).abs() <= ranks["allowed"])]
    assert off.empty, f"{len(off)} of {len(ranks)}\n{off.head(10).to_string()}"
    bands = compared[compared["measure"].eq("band") & ~compared["equal"]]
    assert bands.empty, f"{len(bands)}\n{bands.head(10).to_string()}"


@pytest.mark.parametrize("name", gallery.entries())
def test_an_entry_says_whose_it_is_and_how_it_may_be_used(name, held):
    entry, compared = held(name)
    folder, about = gallery.FOLDER / name, entry.about
    assert {path.name for path in folder.iterdir()} >= LEFT
    assert entry.index.spec.id == name and len(compared)
    assert about["licence"] and isinstance(about["edition"], int)
    texts = {key: about[key] for key in BOTH} | {"why": about["allowed"]["why"]}
    for key, text in texts.items():
        assert set(text) == {"zh", "en"} and bool(text["zh"]) == bool(text["en"]), key
        assert key == "absent" or text["zh"], key
        assert not HAN.search(text["en"]), key
    assert not text_of(folder).count("\r") and "\ufeff" not in text_of(folder)
    known = {column for column in entry.expected if column not in gallery.KEYS} | {"default", "why"}
    for key in ("printed", "allowed"):
        assert set(about[key]) <= known, f"[{key}] names columns that expected.csv has not"


def text_of(folder) -> str:
    return "".join(path.read_bytes().decode("utf-8") for path in folder.iterdir())


@pytest.mark.parametrize("name", gallery.entries())
def test_every_label_is_chinese_and_english(name, held):
    nodes = held(name)[0].index.spec.nodes
    assert nodes["label_zh"].str.contains(HAN).all() and not nodes["label_en"].str.contains(HAN).any()


def test_a_comparison_notices_a_wrong_score_a_wrong_rank_and_a_missing_unit(held):
    entry, compared = held("hdi-2022")
    assert compared["equal"].all() and len(compared) == 2 * 193
    wrong = entry.expected.copy()
    wrong.loc[0, "hdi"] += 0.001
    wrong.loc[1, "rank_hdi"] += 1
    wrong.loc[2, "unit"] = "no such country"
    found = gallery.compare(gallery.Entry(entry.id, entry.about, entry.index, wrong))
    off = found[~found["equal"]]
    assert off[["node", "measure"]].value_counts().to_dict() == {("hdi", "score"): 2, ("hdi", "rank"): 2}
    assert off["difference"].isna().sum() == 2
    row = gallery.furthest(found[found["measure"].eq("score")])
    assert row == {"largest": np.inf, "half": 0.0005}
    assert gallery.compare("hdi-2022").equals(gallery.compare(entry)), "an id will do"
    assert gallery.shown(row["largest"]) == "–"


def test_a_unit_without_a_published_rank_does_not_count_in_the_others(held):
    entry, _ = held("hdi-2022")
    apart = entry.expected.copy()
    apart.loc[apart["rank_hdi"].eq(1), "rank_hdi"] = np.nan
    found = gallery.compare(gallery.Entry(entry.id, entry.about, entry.index, apart))
    ranks = found[found["measure"].eq("rank")]
    assert len(ranks) == 192 and ranks["difference"].eq(-1).all()


def test_a_label_that_occurs_twice_stands_behind_its_parent(held):
    entry, compared = held("doing-business-2020")
    names = gallery.by_node(entry, compared)["name_en"]
    assert names.is_unique and "Registering property: Cost" in set(names)


def test_the_weights_of_a_specification_matter(held):
    """Means that are not the publisher's miss the published digits: the comparison is no tautology."""
    entry, _ = held("women-business-law-2024")
    other = entry.index.vary(weights={"pay": 0.2})
    found = gallery.compare(gallery.Entry(entry.id, entry.about, other, entry.expected))
    assert found.groupby("node")["equal"].mean().lt(1).pipe(lambda off: list(off.index[off])) == ["index"]


def test_digits_are_compared_by_the_rule_of_the_index():
    published, computed = np.array([0.3, 0.2, 0.3]), np.array([0.25, 0.25, 0.2500001])
    equal = gallery._equal(published, computed, 1, 0.05, "half_up")
    assert equal.tolist() == [True, False, True]
    assert gallery._equal(published, computed, 1, 0.05, "half_even").tolist() == [False, True, True]
    single = np.array([1.16380224])  # more digits than are meant: single precision
    assert gallery._equal(single, single + 4e-7, 6, 5e-7, "half_up").all()
    assert not gallery._equal(single, single + 6e-7, 6, 5e-7, "half_up").any()


def test_double_precision_has_no_last_printed_digit(held):
    """A number of double precision prints none, so there is neither half a digit in the table nor in the sentences."""
    entry, compared = held("women-business-law-2024")
    assert gallery.furthest(compared[compared["measure"].eq("score")]) == {
        "largest": 0,
        "half": pytest.approx(np.nan, nan_ok=True),
    }
    assert gallery.facts(entry, compared)["half_said"] == ""
    assert compared["half"].eq(1e-10).all() and compared["decimals"].eq(15).all()
    said = gallery.facts(*held("hdi-2022"))
    assert (said["half"], said["half_said"]) == (0.0005, "0.0005")


def test_what_is_no_entry_is_refused_with_what_to_give(held):
    for wrong in (held("hdi-2022")[0].index, None):
        with pytest.raises(InputError, match=r"give its id, as 'hdi-2022', or gallery.load"):
            gallery.compare(wrong)
    with pytest.raises(InputError, match="no entry 'hdi2022': did you mean 'hdi-2022'"):
        gallery.compare("hdi2022")


def test_an_unknown_entry_and_an_unknown_column_are_refused(tmp_path):
    with pytest.raises(InputError, match="no entry 'hdi-2021'.*hdi-2022"):
        gallery.load("hdi-2021")
    spec = gallery.load("hdi-2022").index.spec
    path = tmp_path / "expected.csv"
    path.write_text("unit,year,hdi,rank_hid\nAFG,2022,0.462,182\n", encoding="utf-8")
    with pytest.raises(InputError, match="column 'rank_hid' is no node of hdi-2022"):
        gallery._expected(path, spec)


MADE_UP = {
    "spec.toml": """
id = "made-up"
label = { zh = "甲", en = "A" }
[method]
missing = "group_mean"
normalise = "none"
reference = "year"
[[node]]
id = "index"
label = { zh = "甲", en = "A" }
[[node]]
id = "x"
parent = "index"
label = { zh = "乙", en = "B" }
[[node]]
id = "y"
parent = "index"
label = { zh = "丙", en = "C" }
[[band]]
from = "least"
label = { zh = "低", en = "Low" }
[[band]]
from = 3
label = { zh = "高", en = "High" }
""",
    "raw.csv": "unit,year,x,y\n01,2020,1,\n02,2020,2,3\n03,2020,,5\n",
    "filled.csv": "unit,year,indicator,value\n03,2020,x,4\n",
    "groups.csv": "unit,region\n01,N\n02,N\n03,S\n",
    "expected.csv": "unit,year,index,rank_index,band_index\n01,2020,2,3,Low\n02,2020,2.5,2,Low\n03,2020,4.5,1,High\n",
    "about.toml": "edition = 2020\n[printed]\ndefault = 1\n[allowed]\ndefault = 0\n",
}


def test_filled_values_groups_and_bands_are_read(tmp_path, monkeypatch):
    """By hand: the gap of unit 01 takes the mean of its group, 3; that of unit 03 the filled value, 4."""
    for name, text in MADE_UP.items():
        files.write_text(tmp_path / "made-up" / name, text)
    monkeypatch.setattr(gallery, "FOLDER", tmp_path)
    entry = gallery.load("made-up")
    compared = gallery.compare(entry)
    assert compared["equal"].all() and len(compared) == 9
    assert entry.scores.query("unit == '03' and node == 'x'")["share_estimated"].item() == 1
    wrong = entry.expected.assign(band_index="Low")
    found = gallery.compare(gallery.Entry(entry.id, entry.about, entry.index, wrong))
    told = gallery.differing(entry, found)
    assert told[["ranked", "quantity", "published_said", "computed_said"]].to_numpy().tolist() == [
        ["03", "published-band", "Low", "High"]
    ]


def test_the_table_has_a_row_an_entry():
    names = ["hdi-2022", "oecd-pmr-2018"]
    table = gallery.table(names).set_index("id")
    assert list(table.index) == names
    assert gallery.table("hdi-2022").set_index("id").equals(table.loc[["hdi-2022"]])
    assert table.loc["hdi-2022", ["units", "indicators", "nodes", "values", "ranks"]].tolist() == [
        193, 4, 1, 193, 193,
    ]  # fmt: skip
    assert table.loc["oecd-pmr-2018", ["units", "indicators", "nodes", "decimals"]].tolist() == [
        49,
        18,
        9,
        "6",
    ]
    assert table["share_equal"].eq(1).all() and table["ranks_wrong"].eq(0).all()
    assert 0 < table.at["oecd-pmr-2018", "largest"] < 5e-7 and not table["rounded"].any()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_has_a_dot_and_a_stroke_an_index(lang):
    frame = pd.DataFrame(
        {
            "title_zh": ["甲", "乙", "丙", "丁"],
            "title_en": ["A", "B", "C", "D"],
            "largest": [0.02, 0.0, 3e-8, 1e-9],
            "half": [0.005, 0.0005, 5e-7, np.nan],  # D: of double precision
            "rounded": [True, False, False, False],
        }
    )
    fig = figures.overview(frame, lang)
    ax = fig.axes[0]
    dots, hollow, strokes = (part.get_offsets() for part in ax.collections[1::2])
    assert dots.tolist() == [[figures.NONE, 0], [1e-9, 1], [3e-8, 2]] and hollow.tolist() == [[0.02, 3]]
    assert strokes.tolist() == [[0.0005, 0], [5e-7, 2], [0.005, 3]]
    assert ("0–100" if lang == "en" else "0—100") in ax.get_xlabel()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == (
        ["乙", "丁", "丙", "甲"] if lang == "zh" else ["B", "D", "C", "A"]
    )
    plt.close(fig)


@pytest.mark.whole
def test_the_page_of_docs_says_what_is_computed():
    found = importlib.util.spec_from_file_location("docs_make", ROOT / "docs" / "make.py")
    make = importlib.util.module_from_spec(found)
    found.loader.exec_module(make)
    page = files.decode(ROOT / "docs" / "gallery.md")
    assert make.gallery() == page, "run `make docs`"
    assert set(re.findall(r"\((images/[\w.-]+)\)", page)) == {
        "images/gallery-zh.png",
        "images/gallery-en.png",
    }
    links = re.findall(r"\(\.\./data/indices/gallery/([\w-]+)/about\.toml\)", page)
    assert links == gallery.entries() * 2


def test_the_code_of_the_page_runs():
    code = re.findall(r"```python\n(.*?)```", files.decode(ROOT / "docs" / "gallery.md"), re.DOTALL)
    assert len(code) == 1
    names: dict = {}
    exec(compile(code[0], "docs/gallery.md", "exec"), names)
    assert names["entry"].id in gallery.entries()


@pytest.mark.whole
@pytest.mark.parametrize("name", ["women-business-law-2024", "oecd-pmr-2018"])
def test_the_notebook_runs_for_other_indices(name, tmp_path):
    folder = notebook.run(ROOT / "notebooks" / "80-gallery.ipynb", tmp_path / name, {"name": name})
    said = "".join(
        str(output.get("data", {}).get("text/markdown", ""))
        for cell in nbformat.read(folder / "notebook.ipynb", 4).cells
        for output in cell.get("outputs", [])
    )
    title = gallery.load(name).about["title"]["zh"]
    assert exhibits.plain(title) in said and "全部相等" in said
    table = pd.read_csv(folder / "tables" / "gallery-nodes.csv", encoding="utf-8-sig")
    assert len(table) == 9 and table["unequal"].eq(0).all()
    assert not (folder / "tables" / "gallery-differing.csv").exists()
