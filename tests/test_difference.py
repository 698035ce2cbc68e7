"""What differs between two editions, and between an edition as published and now: frames, sentences, workbook."""

import re
import subprocess

import openpyxl
import pandas as pd
import pytest
from test_changes import revised, state, toy, with_new_city
from test_robustness import small_spec

from fire import edition as editions
from fire import files
from fire.analysis import changes
from fire.errors import InputError
from fire.report import difference

SHARED = ["data", "method", "weights", "posts", "places", "scores", "history", "factors", "parts"]


def test_two_states_without_a_difference_have_empty_frames():
    one = state(small_spec(), toy(), 2021)
    frames = changes.difference(one, one)
    assert sorted(frames) == sorted(SHARED) and all(frame.empty for frame in frames.values())


def test_every_difference_stands_in_its_frame():
    cells, spec = toy(3), small_spec()
    old = state(spec, cells, 2020)
    new = state(spec.vary(weights={"P": 0.3}).drop("e"), with_new_city(revised(cells)), 2021)
    frames = changes.difference(old, new)
    assert set(frames["data"].query("unit not in ['u02', 'new']")["indicator"]) == {"b"}
    assert frames["places"].set_index("unit")["note"].to_dict() == {"new": "entered", "u02": "left"}
    assert frames["method"].to_numpy().tolist() == [["e", "node", "present", "absent"]]
    assert {"P", "e"} <= set(frames["weights"]["node"]) and "a" not in set(frames["weights"]["node"])
    posts = frames["posts"].set_index("indicator")
    assert posts.at["b", "high_new"] == pytest.approx(1.1 * posts.at["b", "high_old"])
    total = frames["scores"].query("node == 'index'").set_index("unit")
    assert total.loc["new", "note"] == "entered" and total.loc["u02", "note"] == "left" and len(total) == 10
    assert set(frames["history"]["year"]) == {2020, 2021}
    for name, column in (("factors", "score_effect"), ("parts", "points")):
        effect = frames[name].groupby("unit")[column].sum()
        assert (effect - total["score_change"].dropna()).abs().max() < 1e-5


def test_a_record_is_compared_by_what_it_holds():
    old, new = state(small_spec(), toy(), 2021), state(small_spec(), toy(1), 2021)
    kept = old.index.scores().round(6)
    frames = changes.difference(changes.Record(kept, 2021), new)
    assert sorted(frames) == ["history", "places", "scores"]
    full = changes.difference(old, new)["scores"]
    assert len(full) > 50 and (frames["scores"]["score_change"] - full["score_change"]).abs().max() < 2e-6


@pytest.fixture(scope="module")
def cells():
    """A whole panel, as if all of edition 2022 were known."""
    return editions.load(2022).index.complete().assign(status="observed", source="made up")


@pytest.fixture
def folder(tmp_path, cells):
    """Edition 2022, published, and a correction with 合肥's patents of 2021 six times as many."""
    settings = editions.load(2022).settings
    for name in ("old", "new"):
        cells.to_csv(tmp_path / f"{name}.csv", index=False)
        here = cells["unit"].eq("合肥") & cells["indicator"].eq("univ_patents") & cells["year"].eq(2021)
        cells = cells.assign(value=cells["value"].mask(here, 6 * cells["value"]))
    lines = {key: settings[key] for key in editions.KEYS} | {"panel": str(tmp_path / "old.csv")}
    _write(tmp_path, "2022", lines)
    editions.publish("2022", tmp_path)
    _write(tmp_path, "2022.1", lines | {"panel": str(tmp_path / "new.csv"), "posts": "2022"})
    return tmp_path


def _write(folder, name, lines):
    text = "".join(f"{key}: {value}\n" for key, value in (lines | {"edition": f'"{name}"'}).items())
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def sheets(path) -> set:
    return {name.split()[0] for name in openpyxl.load_workbook(path).sheetnames}


@pytest.mark.whole
def test_two_editions_are_compared_in_a_workbook_and_in_words(folder):
    said, (summary, path) = difference.write("2022", "2022.1", folder, folder)
    assert "1格不同（新增0，删去0，修订1，只改标状态0）" in said and "1 cell differs" in said
    assert (
        re.search(r"Hefei \(\d+ to \d+\)", said)
        and re.search(r"数据修订0\.\d+", said)
        and "no score" not in said
    )
    assert "模拟" not in said
    assert sheets(path) == {"摘要", "得分与位次", "原因", "原因（按指标）", "数据", "同年得分"}
    cells = openpyxl.load_workbook(path)["数据 Data"]
    assert [cell.value for cell in cells[5]][:4] == [
        "合肥 Hefei",
        2021,
        "高校专利数量 University patents",
        "修订 revised",
    ]
    assert summary.read_text(encoding="utf-8") == said + "\n" and said.startswith("# 2022")


@pytest.mark.whole
def test_an_edition_is_compared_with_itself_as_published(folder):
    assert "没有差别" in difference.write("2022", folder=folder, out=folder)[0]
    (folder / "old.csv").write_bytes((folder / "new.csv").read_bytes())
    said, (_, path) = difference.write("2022", "2022", folder, folder)
    assert "1 input file changed since publication: old.csv" in said and "not at hand" in said
    assert re.search(r"Hefei \(\d+ to \d+\)", said) and sheets(path) == {
        "摘要",
        "得分与位次",
        "同年得分",
        "输入文件",
    }


@pytest.mark.whole
def test_what_is_drawn_is_neither_shown_nor_named(tmp_path):
    settings = editions.load(2022).settings
    panel = pd.read_csv(files.ROOT / settings["panel"])
    lines = {key: settings[key] for key in editions.KEYS} | {"draws": settings["draws"]}
    for name, factor in (("a", 1.0), ("b", 1.2)):
        here = panel["unit"].eq("合肥") & panel["indicator"].eq("gdp") & panel["year"].eq(2021)
        changed = panel.assign(value=panel["value"].mask(here, factor * panel["value"]))
        changed.to_csv(tmp_path / f"{name}.csv", index=False)
        _write(tmp_path, name, lines | {"panel": str(tmp_path / f"{name}.csv")})
    draws = pd.read_parquet(files.ROOT / settings["draws"])
    draws[draws.columns[3:]] *= 1.01
    draws.to_parquet(tmp_path / "draws.parquet")
    _write(
        tmp_path, "b", lines | {"panel": str(tmp_path / "b.csv"), "draws": str(tmp_path / "draws.parquet")}
    )
    said, (_, path) = difference.write("a", "b", tmp_path, tmp_path)
    assert (
        re.search(r"其中\d+个城市的得分含模拟数据", said) and "合肥（" not in said and "illustration" in said
    )
    book = openpyxl.load_workbook(path)
    rows = list(book["数据 Data"].iter_rows(min_row=5, values_only=True))
    assert [row[0] for row in rows] == ["合肥 Hefei"]
    assert not {"标尺 Posts"} & set(book.sheetnames)
    scores = pd.DataFrame(list(book["得分与位次 Scores and ranks"].iter_rows(min_row=5, values_only=True)))
    heads = [cell.value for cell in book["得分与位次 Scores and ranks"][4]]
    status = scores.set_axis(heads, axis=1)["新数据状态 Status now"]
    assert set(status) == {"公开统计 observed", "模拟 simulated"}


def test_an_edition_without_a_past_is_refused(folder):
    with pytest.raises(InputError, match="neither been published nor computed"):
        difference.write("2022.1", folder=folder, out=folder)


def test_a_published_input_is_found_in_the_history(tmp_path, monkeypatch):
    def git(*words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    for text in ("first", "second"):
        (tmp_path / "panel.csv").write_text(text)
        git("add", "panel.csv")
        git("commit", "-m", text)
    monkeypatch.setattr(files, "ROOT", tmp_path)
    (tmp_path / "kept").write_text("first")
    found = difference._version("panel.csv", files.digest(tmp_path / "kept"), tmp_path / "out")
    assert found.read_text() == "first" and difference._version("panel.csv", "0", tmp_path / "out") is None
