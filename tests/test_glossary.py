"""English for Chinese names in the cells of tables."""

import pytest

from fire import glossary


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
    assert glossary.english(text).lower() == shown.lower()


def test_texts_about_words_keep_all_but_places():
    assert glossary.english("西安: 基础要素 / 要素基础", places_only=True) == "Xi'an: 基础要素 / 要素基础"


def test_every_word_of_the_list_has_one_english():
    words = glossary.files.read_csv(glossary.WORDS)
    assert words["zh"].is_unique and words["en"].str.isascii().all()
