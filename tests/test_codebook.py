"""Names and headings: one entry for one thing, in both languages."""

import pytest

from fire import codebook, files
from fire.errors import InputError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("05(四)1.深圳", "05(4)1.Shenzhen"),
        (
            "云计算 山东半岛; 互联网 京津冀",
            "Cloud computing Shandong Peninsula; Internet Beijing-Tianjin-Hebei",
        ),
        ("移动互联网", "Mobile Internet"),
        ("亿元", "100 million CNY"),
        ("齐头并进型", "advancing abreast"),
        ("'自然语言处理' is", "'自然语言处理' is"),
        ("北京市", "北京市"),
        ("12.5 %", "12.5 %"),
    ],
)
def test_known_names_become_english_and_longer_words_stay(text, shown):
    assert codebook.default().translated(text).lower() == shown.lower()


def test_texts_about_words_keep_all_but_places():
    assert (
        codebook.default().translated("西安: 基础要素 / 要素基础", places_only=True)
        == "Xi'an: 基础要素 / 要素基础"
    )


def test_every_word_of_the_list_has_one_english():
    words = files.read_csv(codebook.WORDS)
    assert words["term"].is_unique and words["en"].str.isascii().all()


def test_every_column_has_one_heading_in_both_languages():
    table = files.read_csv(codebook.COLUMNS)
    assert table["column"].is_unique and list(table["column"]) == sorted(table["column"])
    assert table[["zh", "en"]].notna().all().all()


def test_ranks_regions_and_growth_are_called_by_one_name():
    texts = "".join(path.read_text(encoding="utf-8-sig") for path in (codebook.COLUMNS, codebook.WORDS))
    assert "名次" not in texts and "增长率" not in texts


def test_columns_are_headed_by_codebook_specification_or_edition():
    book = codebook.default()
    assert book.column("growth_pct") == {"zh": "增速（%）", "en": "Growth (%)", "digits": 2, "kind": "number"}
    assert book.column("F")["zh"] == "要素基础" and book.column("F")["digits"] == 3
    assert book.column("2021")["en"] == "2021" and book.column("北京")["en"] == "Beijing"
    assert book.column("share_simulated") == {
        "zh": "模拟占比",
        "en": "share simulated",
        "digits": 2,
        "kind": "number",
    }
    assert book.column("unit", "region")["zh"] == "区域"
    with pytest.raises(InputError, match="no column 'growht_pct': add a row .*did you mean 'growth_pct'"):
        book.column("growht_pct")


def test_a_language_carries_the_names_of_its_edition():
    zh = codebook.default().zh
    assert zh == "zh" and {"zh": 1}[zh] == 1 and codebook.node("F", zh) == "要素基础"
