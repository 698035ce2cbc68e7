"""`make report` as a user runs it: whole, once, and one number is one number in all of it."""

import os
import re
import subprocess
import sys

import odd
import pandas as pd
import printed
import pytest
import tone
import web
from fontTools.ttLib import TTFont

import fire
from fire.figures import fonts
from fire.files import ROOT
from fire.report import assembly, narrative, programme, site

pytestmark = pytest.mark.whole
CLEAN = {
    name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTEST"))
}


def make(*words):
    done = subprocess.run(["make", *words], cwd=ROOT, env=CLEAN, capture_output=True, text=True, timeout=1800)
    return done.returncode, done.stdout + done.stderr


def volumes(lang):
    """The volumes of the built edition in Markdown."""
    ed = fire.load(2022)
    shown = assembly.gather(ROOT / "build" / "2022", ed)
    made, faults = assembly.assemble(
        ed, lang, assembly.frame(ed, assembly.TEMPLATE), shown, programme.load(ed)
    )
    assert faults == []
    return made


@pytest.fixture(scope="module")
def report():
    status, said = make("report")
    assert status == 0, said[-3000:]
    return ROOT / "reports" / "2022"


def test_it_opens_in_both_languages(report):
    assert (report / "index.html").stat().st_size > 1000
    for lang in ("zh", "en"):
        for kind in ("pdf", "docx"):
            assert (report / f"fire-2022.{lang}.{kind}").stat().st_size > 50_000, (lang, kind)
    assert not list(report.parent.glob(".*part*"))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("volume", ["", "-technical"])
def test_pages_are_full_readable_and_within_their_margins(report, volume, lang):
    font = set(TTFont(fonts.FONT_DIR / "NotoSansSC-Regular.ttf").getBestCmap())
    assert printed.faults(report / f"fire-2022{volume}.{lang}.pdf", font) == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_report_is_short_and_its_summary_is_one_page(report, lang):
    found = printed.pages(report / f"fire-2022.{lang}.pdf")
    assert len(found) <= 45
    starts = [int(page) for page in found.index[found["ends"]] + 1]
    assert starts[:3] == [1, 2, 3]  # cover, summary, contents and how to read
    labels = list(volumes(lang)[0].numbered)
    assert sum(one.startswith("fig:") for one in labels) <= 27
    assert sum(one.startswith("tbl:") for one in labels) <= 14


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_heading_has_text_and_long_tables_stand_in_the_technical_volume(report, lang):
    main, technical = volumes(lang)
    bare = re.compile(r"^(#+ .*)\n+(?=#|::: \{\.exhibit|\Z)", re.MULTILINE)
    assert bare.findall(main.text) == [] and bare.findall(technical.text) == []
    tables = re.findall(r"((?:^\|.*\n)+)\n: .*\{#(tbl:[a-z0-9-]+)\}", main.text, re.MULTILINE)
    assert tables and {name for rows, name in tables if rows.count("\n") > 42} == set()


def test_nothing_in_it_is_odd_and_its_sentences_keep_their_tone(report):
    ed = fire.load(2022)
    found = [odd.exhibits(ROOT / "build" / "2022", ed), odd.pages(report)]
    found += map(odd.workbook, sorted(report.glob("*.??.xlsx")))
    wrong = pd.concat(found)
    assert wrong.empty, wrong.head(30).to_string()
    assert tone.of(ed) == []


def test_the_web_edition_has_no_fault(report):
    assert web.faults(report) == []


def test_a_second_report_does_nothing(report):
    status, said = make("report")
    assert status == 0 and "[1/" not in said and "reports/2022/index.html" in said


def test_an_edition_that_is_not_there_leaves_the_last_report_whole(report):
    before = (report / "index.html").read_bytes()
    status, said = make("report", "EDITION=1999")
    assert status != 0 and "1999" in said and "Traceback" not in said
    assert re.search("[\u4e00-\u9fff]", said) and (report / "index.html").read_bytes() == before


def test_one_number_is_one_number_in_all_exhibits(report):
    done = subprocess.run(
        [sys.executable, "-m", "tests.exhibits", "2022"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) quantities in more than one", done.stdout).group(1)) > 150


def test_pages_workbook_and_release_say_what_the_stored_results_say(report):
    ed = fire.load(2022)
    known, final = fire.results.of(ed), ed.index.of().set_index("unit")
    shown = pd.read_csv(report / "data" / "scores.csv", encoding="utf-8-sig")
    both = shown.merge(known.scores, on=["unit", "year", "node"], suffixes=("", "_stored"))
    assert len(both) == len(shown) and (both["rank_low"] == both["rank_low_stored"]).all()
    assert (both["score_status"] == both["score_status_stored"]).all()
    ranking = pd.read_excel(report / "fire-2022.zh.xlsx", sheet_name="排名", header=3).set_index("城市")
    assert (ranking["位次"] == final.loc[ranking.index, "rank"].astype(int)).all()
    line = known.scores.query("unit == '合肥' and node == 'total' and year == @ed.year").iloc[0]
    page = (report / "places" / "hefei.en.html").read_text(encoding="utf-8")
    assert f"({line['rank_low']:.0f}–{line['rank_high']:.0f})" in page
    assert f"{final.at['合肥', 'score']:.3f}" not in page and "not the official report" in page


def test_all_that_surrounds_the_report_says_is_in_its_key(report, tmp_path, monkeypatch):
    """Every entry of the catalogue that profiles, workbook and explorer ask for is among those that `site.follows` names."""
    ed, asked = fire.load(2022), set()
    shown = assembly.gather(ROOT / "build" / "2022", ed)
    original = narrative.Catalogue.__getitem__
    monkeypatch.setattr(
        narrative.Catalogue, "__getitem__", lambda self, name: asked.add(name) or original(self, name)
    )
    site.write(ed, shown, tmp_path)
    assert asked and {name for name in asked if not name.startswith(site.SAID)} == set()
