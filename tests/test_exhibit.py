"""Exhibits: what a notebook hands to the report."""

import json

import pandas as pd
import pytest
from matplotlib import font_manager

from fire import codebook as labels
from fire.errors import InputError
from fire.figures import fonts, style
from fire.index import panel
from fire.report import exhibits as exhibit

BOTH = {"zh": "甲", "en": "A"}
FRAME = pd.DataFrame({"unit": ["西安", "=cmd|' /C calc'!A0"], "score": [9.95849, None], "rank": [1, 2]})
LABELS = {
    "unit": {"zh": "城市", "en": "City", "as": "unit"},
    "score": {"zh": "得分", "en": "Score", "digits": 3},
    "rank": {"zh": "名次", "en": "Rank"},
}


def draw(lang):
    fig, ax = style.subplots(height=1.5)
    ax.barh([style.city("西安", lang)], [1])
    return style.status_note(fig, ["simulated"], lang)


def written(folder):
    show = exhibit.Writer(str(folder), chapter="99-test")
    show.figure("bar", draw, title=BOTH, source=BOTH, status=["simulated"], alt=BOTH)
    show.table("list", FRAME, labels=LABELS, title=BOTH, source=BOTH, status=["observed"], note=BOTH)
    show.text("words", {"zh": "甲。", "en": "A."})
    return folder


def test_writer_leaves_every_file_of_the_contract_in_both_languages(tmp_path):
    written(tmp_path)
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*") if path.is_file()}
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
    record = exhibit.load(tmp_path)["list"]
    assert (
        record["chapter"] == "99-test"
        and record["status"] == ["observed"]
        and record["labels"]["rank"]["zh"] == "名次"
    )


def test_the_same_exhibits_are_written_byte_for_byte(tmp_path):
    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    for path in first.rglob("*.*"):
        assert path.is_dir() or path.read_bytes() == (second / path.relative_to(first)).read_bytes(), (
            path.name
        )


def test_formula_like_text_is_inert_in_the_csv_and_comes_back_unchanged(tmp_path):
    raw = (written(tmp_path) / "tables" / "list.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and b"\n'=cmd" in raw
    assert exhibit.load_table(tmp_path, "list")["unit"].tolist() == FRAME["unit"].tolist()


def test_table_is_named_rounded_and_dashed_for_the_reader():
    english = exhibit.display_frame(FRAME, LABELS, "en")
    assert english.columns.tolist() == ["City", "Score", "Rank"]
    assert english.iloc[0].tolist() == ["Xi'an", "9.958", "1"] and english.at[1, "Score"] == "–"


def test_two_columns_may_share_a_heading():
    labels = LABELS | {"rank": LABELS["score"]}
    assert exhibit.display_frame(FRAME, labels, "zh").shape == FRAME.shape


def test_every_fault_of_an_exhibit_is_reported_at_once():
    with pytest.raises(InputError) as error:
        exhibit.Writer().table(
            "No Good", FRAME, labels={}, title={"zh": "甲", "en": ""}, source=BOTH, status=["guessed"]
        )
    told = str(error.value)
    assert error.value.faults.__len__() == 6
    for part in (
        "column 'score' has no label",
        "may hold only a-z",
        "'guessed' is unknown",
        "title needs a text",
    ):
        assert part in told


def test_a_name_serves_one_exhibit_only():
    show = exhibit.Writer()
    show.text("words", BOTH)
    with pytest.raises(InputError, match="'words' is used twice"):
        show.text("words", BOTH)


def test_an_unsupported_sentence_is_kept_empty(tmp_path):
    exhibit.Writer(str(tmp_path)).text("silent", {"zh": "", "en": ""})
    assert json.loads((tmp_path / "exhibits" / "silent.json").read_text())["text"] == {"zh": "", "en": ""}


def test_statuses_have_labels_and_follow_the_panel():
    assert list(labels.STATUS) == panel.STATUSES
    scores = pd.DataFrame({"share_observed": [0.5], "share_simulated": [0.5], "share_assumed": [0.0]})
    assert exhibit.statuses(scores) == ["observed", "simulated"]


@pytest.mark.parametrize("kind", ["city", "region"])
def test_an_unknown_place_is_refused_with_the_fix(kind):
    with pytest.raises(InputError, match=f"{kind} '亚特兰蒂斯' is unknown: add a row"):
        getattr(labels, kind)("亚特兰蒂斯", "en")


def test_figure_heals_when_matplotlib_forgets_the_font_and_refuses_a_character_without_glyph(tmp_path):
    def titled(text):
        fig, ax = style.subplots()
        ax.set_title(text)
        return fig

    known = font_manager.fontManager
    known.ttflist = [font for font in known.ttflist if font.name != fonts.FAMILY]
    known._findfont_cached.cache_clear()
    words = {"zh": "题", "en": "title"}
    show = exhibit.Writer(str(tmp_path), chapter="x")
    show.figure(
        "healed", lambda lang: titled("城市"), title=words, source=words, status=["observed"], alt=words
    )
    assert any(font.name == fonts.FAMILY for font in known.ttflist)
    with pytest.raises(InputError, match="add the character to EXTRA"):
        show.figure(
            "box",
            lambda lang: titled("\U00020000"),
            title=words,
            source=words,
            status=["observed"],
            alt=words,
        )
    assert not (tmp_path / "exhibits" / "box.json").exists()
