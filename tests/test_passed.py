"""What has passed the check is not checked again, and nothing that was edited since passes for it."""

import shutil
import subprocess
import sys

import pandas as pd
import pytest

from fire import edition as editions
from fire import files
from fire.errors import InputError
from fire.index import spec as specs
from fire.intake import check, passed

HEAVY = {
    "openpyxl",
    "jsonschema",
    "rapidfuzz",
    "PIL",
    "pypinyin",
    "scipy",
    "statsmodels",
    "matplotlib",
    "duckdb",
}
GIVEN = {"panel": "panel-2022.csv", "corrections": "corrections-2022.csv", "places": "places.csv", "regions": "regions.csv"}  # fmt: skip
FAULTS = {  # an edit of each file, and what the index then says
    "panel-2022.csv": ("北京,2021,gdp,", "北京,2021,gdp,x", "“value”列"),
    "corrections-2022.csv": ("who", "whom", "who"),
    "places.csv": ("北京", "北京,", "北京|column|row"),
    "regions.csv": ("粤港澳大湾区", "大湾区", "粤港澳大湾区"),
    "fire-2022.toml": ('normalise = "', 'normalise = "x', "normalise"),
    "2022.yaml": ("focus_region: ", "focus_region: x", "focus|region"),
}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A function that loads a copy of edition 2022 with files of its own, as the project's editions are loaded."""
    text = (editions.EDITIONS / "2022.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "specification: fire-2022", f"specification: {(tmp_path / 'fire-2022.toml').as_posix()}"
    )
    shutil.copy(specs.INDICES / "fire-2022.toml", tmp_path)
    for key, name in GIVEN.items():
        shutil.copy(files.DATA / name, tmp_path)
        text = text.replace(f"{key}: data/{name}", f"{key}: {(tmp_path / name).as_posix()}")
    text += "".join(f"{key}: {(tmp_path / f'{key}.csv').as_posix()}\n" for key in ("places", "regions"))
    (tmp_path / "2022.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(editions, "EDITIONS", tmp_path)
    monkeypatch.setattr(editions.Edition, "stored", property(lambda ed: tmp_path / "build"))
    return lambda: editions.load(2022, tmp_path)


@pytest.fixture
def looked(monkeypatch):
    """The editions that were checked."""
    seen, plain = [], check.check
    monkeypatch.setattr(check, "check", lambda ed: seen.append(ed.name) or plain(ed))
    return seen


def edit(path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_same_index_without_a_second_check(own, looked):
    first, again = own().index, own().index
    assert looked == ["2022"]
    for name in ("panel", "draws"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name), check_exact=True)
    assert first.spec.table == again.spec.table
    pd.testing.assert_frame_equal(first.scores(), again.scores(), check_exact=True)


def test_a_check_that_is_asked_for_looks_at_everything(own, looked):
    before = own().check().findings
    _ = own().index
    assert looked == ["2022"]
    ed = own()
    assert ed.check().findings == before and before and looked == ["2022"] * 2
    assert ed.index.panel.equals(ed.check().panel) and looked == ["2022"] * 2


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_put_into_a_file_is_refused(own, tmp_path, name):
    assert own().index.units
    old, new, said = FAULTS[name]
    edit(tmp_path / name, old, new)
    for _ in range(2):  # and is not remembered either
        with pytest.raises(InputError, match=said):
            _ = own().index


@pytest.mark.parametrize("name", [*GIVEN.values(), "fire-2022.toml"])
def test_any_change_of_an_input_is_looked_at(own, looked, tmp_path, name):
    _ = own().index
    with (tmp_path / name).open("a", encoding="utf-8") as text:
        text.write("\n")
    _ = own().index
    assert len(looked) == 2


def test_another_edition_before_is_looked_at(own, looked, tmp_path):
    _ = own().index
    text = (tmp_path / "2022.yaml").read_text(encoding="utf-8").replace("edition: 2022", "edition: 2021")
    (tmp_path / "2021.yaml").write_text(text, encoding="utf-8")
    _ = own().index
    assert looked == ["2022"] * 2
    edit(tmp_path / "2021.yaml", "year: 2021", "year: 2020")
    _ = own().index
    assert looked == ["2022"] * 3


def test_what_was_read_before_the_inputs_were_looked_at_is_not_remembered(own, looked, tmp_path):
    ed = own()
    assert len(ed.places())
    edit(tmp_path / "places.csv", "北京", "北京,")
    _ = ed.index  # of the places that it has read
    with pytest.raises(InputError):
        _ = own().index


@pytest.mark.parametrize("what", ["file", "code"])
def test_what_changes_during_a_check_is_not_remembered(own, looked, tmp_path, monkeypatch, what):
    plain = check.check

    def slow(ed):
        found = plain(ed)
        if what == "file":
            edit(tmp_path / "panel-2022.csv", "北京,2021,gdp,", "北京,2021,gdp,x")
        else:
            monkeypatch.setattr(passed, "_common", lambda: "another")
        return found

    monkeypatch.setattr(check, "check", slow)
    _ = own().index
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("name", passed.FRAMES)
@pytest.mark.parametrize("how", ["lost", "cut", "other"])
def test_a_damaged_memory_is_none(own, looked, tmp_path, name, how):
    scores, path = own().index.scores(), tmp_path / "build" / "passed" / f"{name}.parquet"
    if how == "lost":
        path.unlink()
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        pd.DataFrame({"unit": ["北京"]}).to_parquet(path)
    pd.testing.assert_frame_equal(own().index.scores(), scores, check_exact=True)
    assert looked == ["2022"] * 2
    _ = own().index
    assert looked == ["2022"] * 2


def test_words_thresholds_and_code_belong_to_the_key(monkeypatch, tmp_path):
    data, room = tmp_path / "data", tmp_path / "fire" / "intake"
    for path in (data / "rules" / "check.csv", data / "plausibility.toml", data / "indices" / "schema.json", room / "check.py", tmp_path / "requirements.lock"):  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a", encoding="utf-8")
    monkeypatch.setattr(files, "DATA", data)
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(passed, "RULES", data / "rules")
    monkeypatch.setattr(passed, "__file__", f"{room / 'passed.py'}")
    keys = {passed._common()}
    for path in sorted(one for one in tmp_path.rglob("*") if one.is_file()):
        path.write_text("b", encoding="utf-8")
        keys.add(passed._common())
    assert len(keys) == 6


def test_tables_beside_a_file_of_sources_belong_to_the_key(own, tmp_path):
    (tmp_path / "raw").mkdir()
    sources = tmp_path / "raw" / "sources.yaml"
    edit(
        tmp_path / "2022.yaml",
        f"panel: {(tmp_path / 'panel-2022.csv').as_posix()}",
        f"sources: {sources.as_posix()}",
    )
    files.write_text(sources, "sources:\n- file: gdp.csv\n  unit: column A\n")
    keys = [passed.key(own())]
    for name in ("gdp.csv", "other.xlsx"):
        (tmp_path / "raw" / name).write_bytes(b"1")
        keys.append(passed.key(own()))
    assert None not in keys and len(set(keys)) == 3
    files.write_text(sources, "sources:\n- database: FIRE_DATABASE\n  table: panel\n")
    assert passed.key(own()) is None


def test_scores_of_an_edition_load_no_package_that_they_need_not():
    code = "import sys, fire; fire.load(2022).index.scores(); print(*{name.split('.')[0] for name in sys.modules})"
    for _ in range(2):  # the first may have to check
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=files.ROOT, capture_output=True, text=True, check=True
        )
    assert HEAVY & set(done.stdout.split()) == set() and "pandas" in done.stdout
