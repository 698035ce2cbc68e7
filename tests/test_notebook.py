"""The strict wrapper: what papermill lets pass is refused, and nothing half-made is left."""

import nbformat
import pytest

from fire.errors import InputError
from fire.report import notebook


def write(path, *cells, tags=(("parameters",),), kernel="python3"):
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": kernel, "display_name": kernel}})
    for number, source in enumerate(cells):
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["tags"] = list(tags[number]) if number < len(tags) else []
        book.cells.append(cell)
    nbformat.write(book, path)
    return path


@pytest.fixture
def book(tmp_path):
    return write(tmp_path / "small.ipynb", 'edition = 2022\nout = ""', "print(edition + 1)")


def test_runs_with_parameters_and_keeps_the_folder_whole(book, tmp_path):
    folder = notebook.run(book, tmp_path / "built" / "small", {"edition": 2023})
    result = notebook.read(folder / "notebook.ipynb")
    assert result.cells[-1].outputs[0].text == "2024\n"
    assert "papermill" not in nbformat.writes(result)
    assert ".part" not in nbformat.writes(result)
    assert [path.name for path in folder.parent.iterdir()] == ["small"]


def test_two_runs_give_the_same_bytes(book, tmp_path):
    runs = [notebook.run(book, tmp_path / "built" / "small") / "notebook.ipynb" for _ in range(2)]
    first = runs[0].read_bytes()
    assert first == runs[1].read_bytes()


def test_unknown_parameter_is_refused_before_anything_runs(book, tmp_path):
    with pytest.raises(InputError, match=r"unknown parameter 'year': it has edition, out"):
        notebook.run(book, tmp_path / "built", {"year": 2021})
    assert not (tmp_path / "built").exists()


@pytest.mark.parametrize(
    "tags, message",
    [
        ((), "0 cells are tagged 'parameters'"),
        ((("parameters",), ("parameters",)), "2 cells are tagged 'parameters'"),
        (((), ("parameters",)), "must be the first code cell"),
    ],
)
def test_missing_double_or_late_tag_is_refused(tmp_path, tags, message):
    path = write(tmp_path / "bad.ipynb", "a = 1", "b = 2", tags=tags)
    with pytest.raises(InputError, match=message):
        notebook.run(path, tmp_path / "built")


def test_computed_parameter_is_refused(tmp_path):
    path = write(tmp_path / "bad.ipynb", "import os\nout = os.getcwd()")
    with pytest.raises(InputError, match="parameters cell, line 1: only plain values"):
        notebook.run(path, tmp_path / "built")


def test_failing_cell_names_cell_and_error_and_keeps_the_last_good_run(book, tmp_path):
    folder = notebook.run(book, tmp_path / "built" / "small")
    good = (folder / "notebook.ipynb").read_bytes()
    write(book, 'edition = 2022\nout = ""', "1 / 0")
    with pytest.raises(InputError, match=r"small.ipynb: 1 fault\n.*code cell \d+ failed: ZeroDivisionError"):
        notebook.run(book, folder)
    assert (folder / "notebook.ipynb").read_bytes() == good
    assert [path.name for path in folder.parent.iterdir()] == ["small"]


def test_command_line_keeps_text_parameters_as_text(tmp_path, capsys):
    path = write(tmp_path / "small.ipynb", 'code = "0"', "print(code)")
    assert notebook.main(["run", str(path), str(tmp_path / "built"), "-p", "code=007"]) == 0
    assert notebook.read(tmp_path / "built" / "notebook.ipynb").cells[-1].outputs[0].text == "007\n"
    assert notebook.main(["run", str(path), str(tmp_path / "built"), "-p", "kode=1"]) == 1
    assert "unknown parameter 'kode'" in capsys.readouterr().err


def test_refresh_stores_outputs_and_the_check_passes(book):
    assert any("not run in order" in fault for fault in notebook.faults(book))
    assert notebook.refresh(book)
    assert notebook.faults(book) == []
    assert not notebook.refresh(book)


@pytest.mark.parametrize(
    "source, message",
    [
        ("1 + 1;", "ends with ';'"),
        ("import time; print(time.time() > 0)", "reads the clock"),
        ("import sys; print('careful', file=sys.stderr)", "wrote to stderr"),
        ("print('/tmp/secret/place')", "path of one machine"),
    ],
)
def test_static_check_names_the_fault(tmp_path, source, message):
    path = write(tmp_path / "bad.ipynb", "edition = 2022", source)
    notebook.refresh(path)
    assert any(message in fault and "code cell 2" in fault for fault in notebook.faults(path))


def test_static_check_of_wrong_kernel(tmp_path):
    path = write(tmp_path / "bad.ipynb", "edition = 2022", kernel="fire-env")
    assert any("Python 3" in fault for fault in notebook.faults(path))


def test_no_notebook_at_all(tmp_path):
    (tmp_path / "bad.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not a Jupyter notebook"):
        notebook.read(tmp_path / "bad.ipynb")
    with pytest.raises(InputError, match="does not exist"):
        notebook.read(tmp_path / "none.ipynb")
