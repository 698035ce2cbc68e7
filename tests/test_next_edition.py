"""Next year's edition, made as an institute would: it builds whole in both languages, shows corrections, loses nothing."""

import hashlib
import html
import re
import subprocess
import sys

import made_up
import pandas as pd
import printed
import pytest
from fontTools.ttLib import TTFont

from fire.figures import fonts

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A scratch copy with edition 2023, its whole report built."""
    root = made_up.scratch(tmp_path_factory.mktemp("next") / "fire")
    made_up.write(root)
    done = made_up.run(root, "report", "2023")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return root


def hashes(root) -> dict:
    """What belongs to the user: raw data, records, editions, prose."""
    paths = [
        *(root / "data" / "raw").rglob("*"),
        *(root / "data" / "records").rglob("*"),
        *(root / "reports" / "editions").rglob("*"),
        *(root / "data").glob("*.csv"),
    ]
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file()
    }


def words(*paths) -> str:
    """The text of some pages."""
    texts = (re.search(r"<main.*</main>", path.read_text(encoding="utf-8"), re.DOTALL)[0] for path in paths)
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", " ".join(texts), flags=re.DOTALL)
    return " ".join(html.unescape(text).split())


def test_the_report_is_whole_in_both_languages(root):
    report = root / "reports" / "2023"
    for lang in ("zh", "en"):
        for name in ("fire-2023", "fire-2023-technical"):
            for kind in ("pdf", "docx"):
                assert (report / f"{name}.{lang}.{kind}").stat().st_size > 50_000, (lang, name, kind)
        assert (report / f"fire-2023-profiles.{lang}.pdf").stat().st_size > 50_000
        assert (report / f"fire-2023.{lang}.xlsx").exists()
        assert (report / "places" / f"jiacheng.{lang}.html").exists() or (
            report / "places" / f"jia-city.{lang}.html"
        ).exists()
    assert (report / "data" / "datapackage.json").exists()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("volume", ["", "-technical"])
def test_pages_are_full_readable_and_within_their_margins(root, volume, lang):
    font = set(TTFont(fonts.FONT_DIR / "NotoSansSC-Regular.ttf").getBestCmap())
    assert printed.faults(root / "reports" / "2023" / f"fire-2023{volume}.{lang}.pdf", font) == []


def test_its_sentences_are_about_its_own_years_cities_and_data(root):
    folder = root / "reports" / "2023" / "chapters"
    zh, en = (words(*sorted(folder.glob(f"*.{lang}.html"))) for lang in ("zh", "en"))
    assert "与 2021 年相比" in zh or "与2021年相比" in zh
    assert "60 个城市" in zh and "甲城" in zh and "Jia City" in en and "拉萨" not in zh and "Lhasa" not in en
    assert "本版燃指数得分不含模拟数据" in zh and "数字人民币商户数" in zh and "Digital-yuan merchants" in en
    for text in (zh, en):
        assert not re.search(r"\bnan\b|\bNone\b|<NA>|原报告|与 ?2020 ?年相比|名次", text)
    assert not re.search("[\u4e00-\u9fff]", en.replace("中文", ""))


def test_one_number_is_one_number_in_all_exhibits(root):
    done = subprocess.run(
        [sys.executable, "-m", "tests.exhibits", "2023"],
        cwd=root,
        capture_output=True,
        text=True,
        env={**__import__("os").environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) quantities in more than one", done.stdout).group(1)) > 300, done.stdout


def test_no_sentence_has_a_fault_of_tone(root):
    done = subprocess.run(
        [sys.executable, "-m", "tests.tone", "2023"],
        cwd=root,
        capture_output=True,
        text=True,
        env={**__import__("os").environ, "PYTHONPATH": f"{root}{__import__('os').pathsep}{root / 'tests'}"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_to_do_is_done_at_once_and_a_touched_file_is_no_change(root):
    (root / "fire" / "analysis" / "views.py").touch()
    done = made_up.run(root, "report", "2023")
    assert done.returncode == 0 and "[1/" not in done.stdout, done.stdout


def test_a_corrected_cell_shows_in_the_next_report_and_nothing_of_the_users_changes(root):
    path = root / "data" / "raw" / "panel-2023.csv"
    text = path.read_bytes()
    table = pd.read_csv(path, encoding="utf-8-sig")
    cell = table["unit"].eq("甲城") & table["year"].eq(2022) & table["indicator"].eq("firms")
    before = pd.read_csv(
        root / "build" / "2023" / "10-index" / "tables" / "index-league-table.csv"
    ).set_index("unit")
    try:
        table.loc[cell, "value"] *= 40
        table.to_csv(path, index=False, encoding="utf-8-sig")
        kept = hashes(root)
        done = made_up.run(root, "report", "2023", "--chapter", "10-index")
        assert done.returncode == 0, done.stdout + done.stderr
        after = pd.read_csv(
            root / "build" / "2023" / "10-index" / "tables" / "index-league-table.csv"
        ).set_index("unit")
        assert after.at["甲城", "score"] > before.at["甲城", "score"] + 0.05
        shown = words(root / "build" / "2023" / "preview" / "chapters" / "10-index.zh.html")
        assert f"{after.at['甲城', 'score']:.3f}" in shown
        assert hashes(root) == kept
    finally:
        path.write_bytes(text)


def test_an_edited_sentence_shows_without_running_a_notebook(root):
    path = root / "reports" / "exhibits" / "index.toml"
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(re.sub(r'(\[index-top\]\nzh = ")', r"\1改过的一句话：", text), encoding="utf-8")
        done = made_up.run(root, "report", "2023", "--chapter", "10-index")
        assert done.returncode == 0, done.stdout + done.stderr
        shown = words(root / "build" / "2023" / "preview" / "chapters" / "10-index.zh.html")
        assert "改过的一句话：" in shown
    finally:
        path.write_text(text, encoding="utf-8")


def test_publish_correct_compare_and_take_back(root):
    def done(*said):
        result = made_up.run(root, *said)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    done("publish", "2023")
    done("verify", "2023")
    raw = root / "data" / "raw"
    table = pd.read_csv(raw / "panel-2023.csv", encoding="utf-8-sig")
    cell = table["unit"].eq("甲城") & table["year"].eq(2022) & table["indicator"].eq("deals")
    table.loc[cell, "value"] += 500
    table.to_csv(raw / "panel-2023.1.csv", index=False, encoding="utf-8-sig")
    text = made_up.YAML.format(name='"2023.1"', posts=2023).replace("panel-2023.csv", "panel-2023.1.csv")
    (root / "reports" / "editions" / "2023.1.yaml").write_text(text + "corrects: 2023\n", encoding="utf-8")
    done("report", "2023.1")
    for lang in ("zh", "en"):
        assert (root / "reports" / "2023.1" / f"fire-2023.1.{lang}.pdf").stat().st_size > 100_000
    said = done("diff", "2023", "2023.1")
    assert "甲城" in said and "修订1" in said and "Jia City" in said
    done("publish", "2023.1")
    done("verify", "2023.1")
    done("unlock", "2023.1")
    assert not (root / "reports" / "editions" / "2023.1.lock.json").exists()
