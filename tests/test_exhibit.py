"""Exhibits: what a notebook hands to the report."""

import json

import pandas as pd
import pytest
from matplotlib import font_manager

import fire
from fire import codebook
from fire.errors import InputError
from fire.figures import fonts, style
from fire.index import panel
from fire.report import exhibits, narrative

CATALOGUE = """
[bar]
title.zh = "{{ names | city | join }}的得分"
title.en = "Score of {{ names | city | join }}"
alt.zh = "甲"
alt.en = "A"
status = ["simulated"]

[list]
title.zh = "{{ year }}年"
title.en = "{{ year }}"
note.zh = "注"
note.en = "A note"
status = ["observed"]
columns.rank = "rank_median"

[words]
zh = "{{ count | num }}个。"
en = "{{ count | num }} {{ count | plural('city', 'cities') }}."

[silent]
zh = "{% if false %}甲{% endif %}"
en = "{% if false %}A{% endif %}"

[moved]
zh = "{{ unit | city }}第{{ rank | num }}。"
en = "{{ unit | city }} is {{ rank | ordinal }}."

[leads]
title.zh = "{{ name | city }}领先，得{{ score | num(3) }}分"
title.en = "{{ name | city }} leads with {{ score | num(3) }}"
plain.zh = "得分"
plain.en = "Scores"

[leads-said]
zh = "{{ name | city }}领先，得{{ score | num(3) }}分。"
en = "{{ name | city }} leads with {{ score | num(3) }}."

[withheld]
zh = "有{{ withheld }}个城市，已知权重{{ known_pct | pct(0) }}，不足{{ need_pct | pct(0) }}。"
en = "{{ withheld }} cities, {{ known_pct | pct(0) }} known, less than {{ need_pct | pct(0) }}."

[scores-source]
zh = "来源"
en = "Source"
"""
FRAME = pd.DataFrame({"unit": ["西安", "=cmd|' /C calc'!A0"], "score": [9.95849, None], "rank": [1, 2]})


@pytest.fixture
def ed(tmp_path, monkeypatch):
    """Edition 2022 with a catalogue of its own: `tmp_path`/catalogue/test.toml."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    (folder / "test.toml").write_text(CATALOGUE, encoding="utf-8")
    monkeypatch.setattr(narrative, "folders", lambda ed: [folder])
    narrative.catalogue.cache_clear()
    yield fire.load(2022)
    narrative.catalogue.cache_clear()


def draw(frame, lang):
    fig, ax = style.subplots(height=1.5)
    ax.barh([codebook.unit(name, lang) for name in frame["unit"][:1]], [1])
    return fig


def written(ed, folder):
    show = fire.show(ed, str(folder), "99-test")
    show.figure("bar", draw, FRAME, names=["西安"])
    show.table("list", FRAME)
    show.text("words", count=1)
    return folder


def test_writer_leaves_every_file_of_the_contract_in_both_languages(ed, tmp_path):
    out = written(ed, tmp_path / "out")
    names = {str(path.relative_to(out)) for path in out.rglob("*.*") if path.is_file()}
    assert names == {
        "figures/bar.zh.svg",
        "figures/bar.zh.png",
        "figures/bar.en.svg",
        "figures/bar.en.png",
        "tables/list.csv",
        "exhibits/bar.json",
        "exhibits/list.json",
        "exhibits/words.json",
    }
    found = exhibits.load(out, ed)
    record = found["list"]
    assert record["chapter"] == "99-test" and record["status"] == ["observed"]
    assert record["labels"]["rank"]["zh"] == ed.book.column("rank_median")["zh"]
    assert record["title"] == {"zh": "2021年", "en": "2021"} and record["source"]["en"] == "Source"
    assert found["bar"]["title"]["en"] == "Score of Xi'an" and found["words"]["text"]["en"] == "1 city."


def test_an_edited_text_shows_without_running_the_notebook_again(ed, tmp_path):
    out = written(ed, tmp_path / "out")
    path = tmp_path / "catalogue" / "test.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("Score of", "What"), encoding="utf-8")
    narrative.catalogue.cache_clear()
    assert exhibits.load(out, ed)["bar"]["title"]["en"] == "What Xi'an"


def test_the_same_exhibits_are_written_byte_for_byte(ed, tmp_path):
    first, second = written(ed, tmp_path / "a"), written(ed, tmp_path / "b")
    for path in first.rglob("*.*"):
        assert path.is_dir() or path.read_bytes() == (second / path.relative_to(first)).read_bytes(), (
            path.name
        )


def test_formula_like_text_is_inert_in_the_csv_and_comes_back_unchanged(ed, tmp_path):
    out = written(ed, tmp_path / "out")
    raw = (out / "tables" / "list.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and b"\n'=cmd" in raw
    assert exhibits.load_table(out, "list")["unit"].tolist() == FRAME["unit"].tolist()


def test_a_sentence_in_a_cell_is_written_in_both_languages_and_said_again_at_assembly(ed, tmp_path):
    out, cell = tmp_path / "out", {"entry": "moved", "values": {"unit": "西安", "rank": 12}}
    show = fire.show(ed, str(out), "99-test")
    show.table("list", FRAME.assign(sentence=[cell, None]).drop(columns="score"))
    stored = exhibits.load_table(out, "list")
    assert stored.columns.tolist() == ["unit", "rank", "sentence_zh", "sentence_en"]
    assert stored["sentence_en"].tolist()[0] == "Xi'an is 12th." and stored["sentence_en"].isna()[1]
    path = tmp_path / "catalogue" / "test.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("is {{", "comes {{"), encoding="utf-8")
    narrative.catalogue.cache_clear()
    labels = exhibits.load(out, ed)["list"]["labels"]
    frame = exhibits.load_table(out, "list", labels)
    english = exhibits.display_frame(frame, labels, ed.book.en)
    assert english.iloc[:, 2].tolist() == ["Xi'an comes 12th.", "–"]
    assert english.columns[2] == ed.book.column("sentence")["en"]
    with pytest.raises(InputError, match="no entry 'moves'.*moved"):
        show.table("list", FRAME.assign(sentence=[cell | {"entry": "moves"}, None]), each="x")


def test_table_is_named_rounded_and_dashed_for_the_reader(ed):
    labels = {name: ed.book.column(name) for name in FRAME}
    english = exhibits.display_frame(FRAME, labels, ed.book.en)
    assert english.columns.tolist() == [labels[name]["en"] for name in FRAME]
    assert english.iloc[0].tolist() == ["Xi'an", "9.958", "1"] and english["Score"][1] == "–"


def test_two_columns_may_share_a_heading(ed):
    labels = {name: ed.book.column("score") for name in FRAME} | {"unit": ed.book.column("unit")}
    assert exhibits.display_frame(FRAME, labels, ed.book.zh).shape == FRAME.shape


def test_of_a_pair_of_columns_each_reader_sees_one(ed):
    assert exhibits.shown_columns(["unit", "note_zh", "note_en"], "zh") == ["unit", "note_zh"]
    assert exhibits.shown_columns(["unit", "note_zh", "note_en"], "en") == ["unit", "note_en"]


def test_every_fault_of_an_exhibit_is_reported_at_once(ed):
    with pytest.raises(InputError) as error:
        fire.show(ed).table("list", FRAME, each="No Good", status=["guessed"])
    assert len(error.value.faults) == 2
    for part in ("may hold only a-z", "'guessed' is unknown"):
        assert part in str(error.value)
    with pytest.raises(InputError) as error:
        fire.show(ed).table("list", FRAME.assign(scroe=1, foo=2))
    assert len(error.value.faults) == 2 and "no column 'scroe'" in str(error.value)


def test_an_entry_that_the_catalogue_lacks_is_refused(ed):
    with pytest.raises(InputError, match="no entry 'lists'.*list"):
        fire.show(ed).table("lists", FRAME)


def test_a_name_serves_one_exhibit_only_and_each_makes_several_of_one_entry(ed, tmp_path):
    show = fire.show(ed, str(tmp_path / "out"), "99-test")
    show.text("words", count=1)
    show.text("words", count=2, each="F_G")
    with pytest.raises(InputError, match="'words' is used twice"):
        show.text("words", count=1)
    assert list(exhibits.load(tmp_path / "out", ed)) == ["words-f-g", "words"]


def test_an_unsupported_sentence_is_kept_empty(ed, tmp_path):
    fire.show(ed, str(tmp_path / "out")).text("silent")
    assert exhibits.load(tmp_path / "out", ed)["silent"]["text"] == {"zh": "", "en": ""}


def test_values_are_stored_as_plain_data(ed, tmp_path):
    values = {"one": pd.NA, "two": FRAME["score"], "three": FRAME.head(1)}
    fire.show(ed, str(tmp_path)).text("words", count=FRAME["rank"].sum(), **values)
    stored = json.loads((tmp_path / "exhibits" / "words.json").read_text())["values"]
    assert stored == {
        "count": 3,
        "one": None,
        "two": [9.95849, None],
        "three": [{"unit": "西安", "score": 9.95849, "rank": 1}],
    }


def test_statuses_have_labels_and_follow_the_panel():
    assert list(codebook.STATUS) == panel.STATUSES
    scores = pd.DataFrame({"share_observed": [0.5], "share_simulated": [0.5], "share_assumed": [0.0]})
    assert exhibits.statuses(scores) == ["observed", "simulated"]
    both = {"a": scores, "b": pd.DataFrame({"status": ["printed", None]})}
    assert exhibits.statuses(both) == ["printed", "observed", "simulated"]


@pytest.mark.parametrize("kind", ["city", "region"])
def test_an_unknown_place_is_refused_with_the_fix(kind):
    with pytest.raises(InputError, match=rf"{kind} '亚特兰蒂斯'.*\s.*unknown in this edition: add a row"):
        getattr(codebook, kind)("亚特兰蒂斯", "en")


def test_figure_heals_when_matplotlib_forgets_the_font_and_refuses_a_character_without_glyph(ed, tmp_path):
    def titled(text, lang):
        fig, ax = style.subplots()
        ax.set_title(text)
        return fig

    known = font_manager.fontManager
    known.ttflist = [font for font in known.ttflist if font.name != fonts.FAMILY]
    known._findfont_cached.cache_clear()
    show = fire.show(ed, str(tmp_path), "x")
    show.figure("bar", titled, "城市", each="healed", names=["西安"])
    assert any(font.name == fonts.FAMILY for font in known.ttflist)
    with pytest.raises(InputError, match="add the character to EXTRA"):
        show.figure("bar", titled, "\U00020000", each="box", names=["西安"])
    assert not (tmp_path / "exhibits" / "bar-box.json").exists()


MARKED = pd.DataFrame(
    {
        "unit": ["北京", "上海", "合肥", "拉萨"],
        "rank": pd.array([1, 2, 13, 59], "Int64"),
        "rank_status": ["printed", "printed", "simulated", "implied"],
        "rank_low": pd.array([1, 2, 11, 59], "Int64"),
        "rank_high": pd.array([1, 2, 14, 59], "Int64"),
        "score": [9.958, 9.5634, 6.64, 2.2],
        "score_status": ["printed", "observed", "simulated", "estimated"],
        "score_low": [9.958, 9.5634, 6.434, 2.2],
        "score_high": [9.958, 9.5634, 6.854, 2.2],
    }
)


def test_every_value_of_a_table_says_how_well_it_is_known(ed, tmp_path):
    show = fire.show(ed, str(tmp_path / "out"), "99-test")
    show.table("leads", MARKED, name="北京", score=9.958)
    record = exhibits.load(tmp_path / "out", ed)["leads"]
    frame = exhibits.load_table(tmp_path / "out", "leads", record["labels"])
    shown = exhibits.display_frame(frame, record["labels"], ed.book.zh)
    assert shown.shape == (4, 3)
    assert list(shown.iloc[:, 1]) == ["1 [刊]", "2 [刊]", "(11–14)", "59 [推]"]
    assert list(shown.iloc[:, 2]) == ["9.958 [刊]", "9.563", "(6.4–6.9)", "2.200 [估]"]
    assert record["status"] == ["printed", "observed", "implied", "estimated", "simulated"]
    english = exhibits.display_frame(frame, record["labels"], ed.book.en)
    assert list(english.iloc[:, 1])[0] == "1 [p]"


def test_a_sentence_holds_in_nearly_all_draws_or_is_not_printed(ed, tmp_path):
    for name, others in (("sure", 4), ("open", 6)):
        values = {"name": "北京", "score": {"centre": 9.5, "low": 9.42, "high": 9.58}}
        values["_draws"] = [[100 - others, {"name": "北京"}], [others, {"name": "上海"}]]
        show = fire.show(ed, str(tmp_path / name), "99-test")
        show.text("leads-said", **values)
        show.table("leads", FRAME, **values)
    sure, open_ = (exhibits.load(tmp_path / name, ed) for name in ("sure", "open"))
    assert sure["leads-said"]["text"]["zh"] == "北京领先，得9.4–9.6分。"
    assert open_["leads-said"]["text"] == {"zh": "", "en": ""}
    assert (
        sure["leads"]["title"]["en"] == "Beijing leads with 9.4–9.6"
        and open_["leads"]["title"]["en"] == "Scores"
    )


def test_what_is_withheld_says_so_in_its_place(ed, tmp_path):
    frame = FRAME.iloc[:0]
    frame.attrs["withheld"] = {"node": "total", "withheld": 59, "of": 59, "known_pct": 27.5, "need_pct": 66.7}
    show = fire.show(ed, str(tmp_path / "out"), "99-test")
    show.figure("bar", draw, frame, names=["西安"])
    show.table("leads", frame, name="北京", score=1.0)
    for record in exhibits.load(tmp_path / "out", ed).values():
        assert record["kind"] == "withheld"
        assert record["text"]["zh"] == "有59个城市，已知权重28%，不足67%。"
    some = FRAME.head(1)
    some.attrs["withheld"] = {"node": "total", "withheld": 58, "of": 59, "known_pct": 27.5, "need_pct": 66.7}
    show.figure("bar", draw, some, each="x", names=["西安"])
    assert "58 cities" in exhibits.load(tmp_path / "out", ed)["bar-x"]["note"]["en"]
