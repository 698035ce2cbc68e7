"""Products of an assembly that are kept: made again when, and only when, something they follow from has changed."""

from dataclasses import replace

import pytest

from fire import edition as editions
from fire.report import kept, narrative, programme, site

CODE = {"maker": {"maker": "a1"}}


@pytest.fixture
def shelf(tmp_path):
    return kept.Kept(tmp_path / "kept", CODE, ["inputs"])


def writer(said: list, text: str):
    def make(path):
        said.append(text)
        path.write_text(text, encoding="utf-8")

    return make


def test_a_product_is_made_once_and_again_when_what_it_follows_from_changes(shelf, tmp_path):
    said: list = []
    for follows in (["x", 1], ["x", 1], ["x", 2], ["x", 1]):
        target = tmp_path / f"{len(said)}-{follows[1]}" / "book.pdf"
        target.parent.mkdir(exist_ok=True)
        target.unlink(missing_ok=True)
        shelf.made(target, "maker", follows, writer(said, f"{follows}"))
        assert target.read_text(encoding="utf-8") == f"{follows}"
    assert said == ["['x', 1]", "['x', 2]", "['x', 1]"]


@pytest.mark.parametrize("code, common", [({"maker": {"maker": "b2"}}, ["inputs"]), (CODE, ["other inputs"])])
def test_other_code_or_other_inputs_make_it_anew(shelf, tmp_path, code, common):
    said: list = []
    for one in (shelf, kept.Kept(shelf.folder, code, common)):
        (tmp_path / "book.pdf").unlink(missing_ok=True)
        one.made(tmp_path / "book.pdf", "maker", [], writer(said, "text"))
    assert len(said) == 2


def test_a_folder_is_kept_whole_and_a_damaged_key_makes_it_anew(shelf, tmp_path):
    said: list = []

    def make(path):
        said.append(path)
        path.mkdir(parents=True)
        (path / "page.html").write_text("page", encoding="utf-8")

    for number in range(3):
        shelf.made(tmp_path / f"{number}" / "site", "maker", [], make)
        if number == 1:
            (shelf.folder / "site.key").write_text("half", encoding="utf-8")
    assert len(said) == 2
    assert (tmp_path / "2" / "site" / "page.html").read_text(encoding="utf-8") == "page"


def test_a_product_that_fails_leaves_no_key(shelf, tmp_path):
    def make(path):
        raise OSError("no room")

    with pytest.raises(OSError):
        shelf.made(tmp_path / "book.pdf", "maker", [], make)
    said: list = []
    shelf.made(tmp_path / "book.pdf", "maker", [], writer(said, "text"))
    assert said == ["text"]


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path):
    for folder in ("template", "site"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "index.html").write_text(folder, encoding="utf-8")
    pages = [tmp_path / "site" / "index.html", tmp_path / "template" / "index.html"]
    before = kept.content(pages)
    pages[0].write_text("edited", encoding="utf-8")
    assert kept.content(pages) != before


def test_a_chapter_in_another_volume_changes_what_surrounds_the_report(monkeypatch):
    ed = editions.load(2022)
    before = site.follows(ed, {})
    chapters = [replace(one, volume="report") for one in programme.load(ed)]
    monkeypatch.setattr(programme, "load", lambda ed: chapters)
    assert site.follows(ed, {}) != before


def test_a_compiled_template_holds_for_both_languages():
    book, text = editions.load(2022).book, "{{ 'simulated' | status }} {{ 'total' | node }}"
    zh, en = (
        narrative.compiled(narrative.environment(book.lang(lang)), text).render() for lang in ("zh", "en")
    )
    assert (zh, en) == ("模拟 燃指数", "simulated FIRE index")
