"""Editions: what is on file, what a lock holds, and that nothing moves a frozen post."""

import shutil

import pandas as pd
import pytest
from numpy.testing import assert_allclose

from fire import edition as editions
from fire import files
from fire.errors import InputError
from fire.index import score
from fire.index import spec as specs


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
    scores = ed.scores()
    assert scores["unit"].nunique() == 59 and set(scores["year"]) == {2020, 2021}
    assert scores["node"].nunique() == 33 and scores["score"].notna().all()


def test_locked_editions_rebuild_to_the_digit():
    locked = [name for name in editions.names() if editions.load(name).lock]
    assert "2022" in locked
    assert {name: editions.verify(name) for name in locked} == {name: [] for name in locked}


def test_publishing_locks_and_a_correction_is_a_new_edition(folder):
    assert "not locked" in editions.verify(2022, folder)[0]
    before = editions.load(2022, folder).scores()
    editions.publish(2022, folder)
    assert editions.verify(2022, folder) == []
    pd.testing.assert_frame_equal(editions.load(2022, folder).scores(), before)
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
        .replace('"low": 12.0', '"low": 13.0')
        .replace(editions.load(2022).inputs()["data/indices/fire-2022.toml"], "0"),
        encoding="utf-8",
    )
    found = editions.verify(2022, folder)
    assert "data/indices/fire-2022.toml: the file has changed since publication" in found[0]
    assert any("incubators: score" in line for line in found[1:])


def test_new_cities_and_revised_data_move_no_post(folder):
    editions.publish(2022, folder)
    ed = editions.load(2022, folder)
    cells, posts = ed.panel(), ed.posts()
    newcomer = cells[cells["unit"].eq("北京")].assign(unit="新城", value=lambda table: table["value"] * 3)
    revised = cells.assign(
        value=cells["value"].where(
            ~(cells["unit"].eq("拉萨") & cells["year"].eq(2020)), cells["value"] * 1.01
        )
    )
    before = ed.scores().set_index(["unit", "year", "node"])["score"]
    for changed in (pd.concat([cells, newcomer]), revised):
        after = score.compute(ed.spec, changed, posts).set_index(["unit", "year", "node"])["score"]
        others = before.drop("拉萨", level="unit")
        assert_allclose(after[others.index], others)


def test_a_chained_edition_scores_on_the_posts_of_the_last(folder):
    text = (folder / "2022.yaml").read_text(encoding="utf-8")
    text = text.replace("edition: 2022", "edition: 2023") + "posts: 2022\n"
    (folder / "2023.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="posts of edition 2022, which is not locked: publish that first"):
        editions.load(2023, folder).posts()
    editions.publish(2022, folder)
    chained = editions.load(2023, folder)
    pd.testing.assert_frame_equal(chained.posts(), editions.load(2022, folder).posts())
    assert_allclose(chained.scores()["score"], editions.load(2022, folder).scores()["score"])


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
    cells = ed.panel()
    newcomer = cells[cells["unit"].eq("北京")].assign(unit="新城", value=lambda table: table["value"] * 3)
    done = score.steps(ed.settled(), pd.concat([cells, newcomer]), ed.posts(), ed.groups())
    assert_allclose(done.weights[ed.spec.pillars], list(locked.values()))
    assert sum(locked.values()) == pytest.approx(1) and len(set(locked.values())) == 4


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("year: 2021", "yaer: 2021", ["'year' is missing", "unknown key 'yaer': did you mean 'year'"]),
        ("base_year: 2020", "base_year: first", ["base_year: 'first' is no int"]),
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
    with pytest.raises(InputError, match="no file 2202.yaml: did you mean '2022'"):
        editions.load(2202)
    path = folder / "2022.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("data/sample/panel-2022.csv", "data/sample/none.csv"),
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="type `make data` to build it"):
        editions.load(2022, folder).panel()


def test_line_endings_do_not_change_the_hash(monkeypatch, folder):
    ed = editions.load(2022, folder)
    before = ed.inputs()
    monkeypatch.setattr(files, "ROOT", folder)
    for name in before:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(
            (editions.EDITIONS.parents[1] / name).read_bytes().replace(b"\n", b"\r\n")
        )
    assert ed.inputs() == before
