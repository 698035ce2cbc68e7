"""Editions: what is on file, what a lock holds, and that nothing moves a frozen post."""

import shutil
import subprocess
import sys

import pandas as pd
import pytest
from numpy.testing import assert_allclose

from fire import edition as editions
from fire import files
from fire.errors import InputError
from fire.index import spec as specs
from fire.index.index import Index


@pytest.fixture
def folder(tmp_path):
    """A copy of edition 2022 that has not been published."""
    shutil.copy(editions.EDITIONS / "2022.yaml", tmp_path)
    return tmp_path


def test_the_edition_on_file():
    ed = editions.load(2022)
    assert (ed.year, ed.base_year, ed.focus_region) == (2021, 2020, "粤港澳大湾区")
    assert "2022" in editions.names() and ed.spec.id == "fire-2022"
    assert {"city", "region"} <= set(ed.places()) and len(ed.regions()) == 13
    scores = ed.index.scores()
    assert scores["unit"].nunique() == 59 and set(scores["year"]) == {2020, 2021}
    assert scores["node"].nunique() == 33 and scores["score"].notna().all()


def test_an_edition_is_held_as_it_was_and_a_change_of_its_settings_stays_with_who_made_it(
    folder, monkeypatch
):
    monkeypatch.setattr(editions, "_held", {})
    held, path = editions.hold(2022, folder), folder / "2022.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("粤港澳大湾区", "长三角"), encoding="utf-8")
    again = editions.load("2022", folder)
    assert again.index is held.index and again.focus_region == "粤港澳大湾区"
    assert editions.load(2022).index is not held.index
    again.settings["focus_region"] = "京津冀"
    assert editions.load(2022, folder).focus_region == "粤港澳大湾区"
    monkeypatch.setattr(editions, "_held", {})
    assert editions.load(2022, folder).focus_region == "长三角"


def test_scores_wait_for_nothing_that_they_do_not_need():
    code = "import sys, fire; fire.load(2022).index.scores(); print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=files.ROOT, capture_output=True, text=True, check=True
    )
    heavy = {
        "duckdb",
        "ibis",
        "matplotlib",
        "openpyxl",
        "PIL",
        "pypinyin",
        "rapidfuzz",
        "scipy",
        "seaborn",
        "statsmodels",
    }
    assert "pandas" in done.stdout.split() and not heavy & set(done.stdout.split())


def test_locked_editions_rebuild_to_the_digit():
    locked = [name for name in editions.names() if editions.load(name).lock]
    assert "2022" in locked
    assert {name: editions.verify(name) for name in locked} == {name: [] for name in locked}


def test_publishing_locks_and_a_correction_is_a_new_edition(folder):
    assert "not locked" in editions.verify(2022, folder)[0]
    before = editions.load(2022, folder).index.scores()
    editions.publish(2022, folder)
    assert editions.verify(2022, folder) == []
    pd.testing.assert_frame_equal(editions.load(2022, folder).index.scores(), before)
    with pytest.raises(InputError, match="a correction is a new edition: copy 2022.yaml to 2022.1.yaml"):
        editions.publish(2022, folder)
    text = (folder / "2022.yaml").read_text(encoding="utf-8").replace("edition: 2022", 'edition: "2022.1"')
    (folder / "2022.1.yaml").write_text(text + "corrects: 2022\nposts: 2022\n", encoding="utf-8")
    editions.publish("2022.1", folder)
    assert editions.load("2022.1", folder).lock["posts"] == editions.load(2022, folder).lock["posts"]
    assert editions.names(folder) == ["2022", "2022.1"]


def test_a_changed_result_or_input_is_named(folder):
    editions.publish(2022, folder)
    lock = folder / "2022.lock.json"
    lock.write_text(
        lock.read_text(encoding="utf-8")
        .replace('"low": 200.0', '"low": 210.0')
        .replace(editions.load(2022).hashes()["data/indices/fire-2022.toml"], "0"),
        encoding="utf-8",
    )
    found = editions.verify(2022, folder)
    assert "data/indices/fire-2022.toml: the file has changed since publication" in found[0]
    assert any("incubators: score" in line for line in found[1:])


@pytest.mark.whole
def test_new_cities_and_revised_data_move_no_post(folder):
    editions.publish(2022, folder)
    ed = editions.load(2022, folder)
    cells = ed.index.complete()
    newcomer = cells[cells["unit"].eq("北京")].assign(unit="新城", value=lambda table: table["value"] * 3)
    revised = cells.assign(
        value=cells["value"].where(
            ~(cells["unit"].eq("拉萨") & cells["year"].eq(2020)), cells["value"] * 1.01
        )
    )
    index = Index(ed.spec, cells, ed.index.posts)
    before = index.scores().set_index(["unit", "year", "node"])["score"]
    for changed in (pd.concat([cells, newcomer]), revised):
        after = index.revise(changed).scores().set_index(["unit", "year", "node"])["score"]
        others = before.drop("拉萨", level="unit")
        assert_allclose(after[others.index], others)


def test_a_chained_edition_scores_on_the_posts_of_the_last(folder):
    text = (folder / "2022.yaml").read_text(encoding="utf-8")
    text = text.replace("edition: 2022", "edition: 2023") + "posts: 2022\n"
    (folder / "2023.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="posts of edition 2022, which is not locked: publish that first"):
        _ = editions.load(2023, folder).index
    editions.publish(2022, folder)
    chained = editions.load(2023, folder)
    pd.testing.assert_frame_equal(chained.index.posts, editions.load(2022, folder).index.posts)
    assert_allclose(chained.index.scores()["score"], editions.load(2022, folder).index.scores()["score"])


@pytest.mark.whole
def test_derived_weights_are_frozen_too(folder, monkeypatch):
    text = (specs.INDICES / "fire-2022.toml").read_text(encoding="utf-8")
    (folder / "derived.toml").write_text(
        text.replace("[method]", '[method]\nweighting = "entropy"'), encoding="utf-8"
    )
    plain = specs.load
    monkeypatch.setattr(specs, "load", lambda name: plain(folder / "derived.toml"))
    editions.publish(2022, folder)
    assert editions.verify(2022, folder) == []
    ed = editions.load(2022, folder)
    locked = {node: ed.lock["weights"][node] for node in ed.spec.pillars}
    cells = ed.index.complete()
    newcomer = cells[cells["unit"].eq("北京")].assign(unit="新城", value=lambda table: table["value"] * 3)
    grown = Index(ed.spec, pd.concat([cells, newcomer]), ed.index.posts)
    assert_allclose(grown.weights[ed.spec.pillars], list(locked.values()))
    assert sum(locked.values()) == pytest.approx(1) and len(set(locked.values())) == 4


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("year: 2021", "yaer: 2021", ["'year' is missing", "unknown key 'yaer': did you mean 'year'"]),
        ("base_year: 2020", "base_year: first", ["base_year: 'first' is no whole number"]),
        ("edition: 2022", "edition: 2021", ["the file says 2021, its name 2022"]),
    ],
)
def test_faults_of_an_edition_file(folder, old, new, words):
    path = folder / "2022.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        editions.load(2022, folder)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_what_is_not_there_says_what_to_type(folder):
    with pytest.raises(InputError, match="no file 20222.yaml: did you mean '2022'"):
        editions.load(20222)
    path = folder / "2022.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("data/panel-2022.csv", "data/sample/none.csv"),
        encoding="utf-8",
    )
    with pytest.raises(
        InputError, match="there is no file data/sample/none.csv: put it there, or correct the line"
    ):
        _ = editions.load(2022, folder).index


def test_line_endings_do_not_change_the_hash(tmp_path):
    (tmp_path / "unix.csv").write_bytes(b"a,b\n1,2\n")
    (tmp_path / "windows.csv").write_bytes(b"a,b\r\n1,2\r\n")
    assert files.digest(tmp_path / "unix.csv") == files.digest(tmp_path / "windows.csv")


def test_a_lock_hashes_everything_that_the_edition_rests_on(folder):
    named = set(editions.load(2022, folder).hashes())
    assert {
        "data/places.csv",
        "data/regions.csv",
        "data/panel-2022.csv",
        "data/indices/fire-2022.toml",
        "2022.yaml",
        "studies/printed2022/data/index_scores.csv",
    } <= named


def test_a_missing_input_is_named_with_its_hash(folder, tmp_path, monkeypatch):
    editions.publish(2022, folder)
    digest = files.digest(files.DATA / "panel-2022.csv")
    plain = editions.Edition._file
    monkeypatch.setattr(
        editions.Edition,
        "_file",
        lambda self, key: tmp_path / "gone.csv" if key == "panel" else plain(self, key),
    )
    found = editions.verify(2022, folder)
    words = f"data/panel-2022.csv: the file is missing: put back the one with SHA-256 {digest}"
    assert any(words in one for one in found)


def test_publishing_is_taken_back_before_a_tag(folder, monkeypatch):
    editions.publish(2022, folder)
    monkeypatch.setattr(editions, "tags", lambda name: ["edition-2022"])
    with pytest.raises(InputError, match="tag edition-2022 has published it: a correction is a new edition"):
        editions.unlock(2022, folder)
    monkeypatch.setattr(editions, "tags", lambda name: [])
    monkeypatch.setattr(files, "ROOT", folder)
    kept = editions.unlock(2022, folder)
    assert {path.name for path in kept.iterdir()} == {"2022.lock.json", "2022.scores.csv"}
    assert not (folder / "2022.lock.json").exists() and not (folder / "2022.scores.csv").exists()


def test_a_method_that_contradicts_the_lock_is_refused(folder, monkeypatch):
    editions.publish(2022, folder)
    text = (specs.INDICES / "fire-2022.toml").read_text(encoding="utf-8")
    (folder / "other.toml").write_text(
        text.replace('transform = "log"', 'transform = "identity"', 1), encoding="utf-8"
    )
    plain = specs.load
    monkeypatch.setattr(specs, "load", lambda name: plain(folder / "other.toml"))
    with pytest.raises(InputError) as caught:
        _ = editions.load(2022, folder).index
    assert "gdp: transform = 'identity' contradicts the frozen posts, which rest on 'log'" in str(
        caught.value
    )
    assert "`make unlock` first" in str(caught.value)


def test_a_base_year_that_the_specification_does_not_have_is_refused(folder):
    path = folder / "2022.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("base_year: 2020", "base_year: 1999"), encoding="utf-8"
    )
    with pytest.raises(
        InputError, match="base_year: the edition says 1999, fire-2022 says 2020: make them agree"
    ):
        _ = editions.load(2022, folder).index


@pytest.mark.parametrize(
    "text, words",
    [
        ("edition: 2022\nyear:\t2021\n", "line 2: a tab"),
        ("edition: 2022\nyear: 2021\nyear: 2022\n", "line 3: 'year' stands twice: keep one"),
        ("- edition\n- 2022\n", "it holds no lines of the form `key: value`"),
        ("edition: [2022\n", "mend that line"),
        ("", "it holds no lines"),
    ],
)
def test_a_damaged_edition_file_is_one_clear_error(folder, text, words):
    (folder / "2022.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        editions.load(2022, folder)


def test_an_edition_file_in_gb18030_is_read(folder):
    path = folder / "2022.yaml"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    assert editions.load(2022, folder).focus_region == "粤港澳大湾区"


def test_faults_of_the_places_are_named_together(folder, tmp_path):
    places = files.read_csv(files.DATA / "places.csv")
    places.loc[0, "region"], places.loc[1, "lon"] = "粤港澳", "x"
    files.write_csv(pd.concat([places, places.iloc[[5]]]), tmp_path / "mine.csv")
    with pytest.raises(InputError) as caught:
        editions.places(tmp_path / "mine.csv", list(files.read_csv(files.DATA / "regions.csv")["region"]))
    words = [
        "row 2: region '粤港澳' is not among the regions: did you mean '粤港澳大湾区'",
        "row 3, column 'lon': 'x'",
        "row 61: ",
    ]
    assert all(word in str(caught.value) for word in words), str(caught.value)
