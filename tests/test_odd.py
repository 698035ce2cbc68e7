"""Nothing odd reaches a reader: no id, no word of the other language, no number with too many digits, no clipped name."""

import re
import tomllib

import odd
import pytest

from fire import codebook, files

TEMPLATE, CATALOGUES = (
    files.REPORTS / "template",
    [files.REPORTS / "exhibits", files.ROOT / "studies/printed2022/exhibits"],
)
CODES = {"lang", "other-lang", "pages"}  # keys of frame.toml that are no text
MARKUP = (
    r"{%.*?%}|{#(?![a-z□-]*}).*?#}|<[^>]*>|\{[.#][^}]*\}|^:::.*|\]\([^)]*\)|\[\^\w+\]:?|@(?:fig|tbl):[\w-]*"
)
BRANCHES = {"doubled", "punctuation"}  # seen where two branches of a template stand side by side


@pytest.mark.parametrize(
    ("text", "lang", "kinds"),
    [
        ("得分为 rd_staff_per_firm", "zh", ["id"]),
        ("reference", "en", ["id"]),
        ("41,956.0 件增至 332,972.6 件", "zh", ["number", "number"]),
        ("误差不超过 1e-12 分，合 2.22222e+06 件", "zh", ["number", "number"]),
        ("A coefficient of 0.179834", "en", ["number"]),
        ("early stage 解释", "zh", ["foreign", "foreign"]),
        ("at writing（2022）", "zh", ["foreign", "foreign"]),
        ("Types of 深圳", "en", ["foreign"]),
        ("rankings-digital-service-b~69", "zh", ["clipped", "foreign"]),
        ("Growth of nan per cent", "en", ["nothing"]),
        ("有有专利转让许可", "zh", ["doubled"]),
        ("the the city", "en", ["doubled"]),
        ("北京;上海", "zh", ["punctuation"]),
        ("Beijing（2021）", "en", ["punctuation", "punctuation"]),
    ],
)
def test_what_is_odd_is_found(text, lang, kinds):
    assert sorted(kind for kind, _ in odd.odd(text, lang)) == sorted(kinds)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("9.958 [刊]，较上年增长 3.60%，GDP 为 38,155 亿元", "zh"),
        ("(6.1–7.4)", "en"),
        ("基尼系数 0.1798，R² 为 0.99，p = 0.031", "zh"),
        ("见 data/statistics 与 https://example.org/a_b，第 5.2 节", "zh"),
        ("“lT”应为“IT”", "zh"),
        ("The word '指数' is missing", "en"),
        ("Xi'an, 1,234 firms, 12.5 per cent", "en"),
    ],
)
def test_what_is_right_is_left(text, lang):
    assert odd.odd(text, lang) == []


def test_every_allowed_word_has_a_reason():
    for lang in codebook.LANGUAGES:
        assert all(len(reason) > 5 for part in odd.allowed(lang).values() for reason in part.values())


def typed():
    """(where, lang, text) of every text that is typed in the repository for readers: what templates fill in is a gap."""
    for name, one in [*codebook.columns().items(), *codebook.words().items()]:
        for lang in codebook.LANGUAGES:
            yield name, lang, one[lang]
    for path in [
        TEMPLATE / "frame.toml",
        *(path for folder in CATALOGUES for path in sorted(folder.glob("*.toml"))),
    ]:
        for where, lang, text in _spoken(tomllib.loads(path.read_text(encoding="utf-8"))):
            yield f"{path.name} [{where}]", lang, text
    for name in ("words", "explorer"):
        for where, lang, text in _spoken(files.read_json(TEMPLATE / "site" / f"{name}.json")):
            yield f"{name}.json {where}", lang, text
    for path in sorted([*TEMPLATE.glob("*/*.md"), *files.ROOT.glob("studies/printed2022/chapters/*/*.md")]):
        for row, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.parent.name}/{path.name}:{row}", path.parent.name, line


def _spoken(tree, where=(), lang=None):
    """Texts of a tree of tables below a key `zh` or `en`."""
    if isinstance(tree, dict):
        for key, below in tree.items():
            yield from _spoken(below, (*where, key), key if key in codebook.LANGUAGES else lang)
    elif isinstance(tree, str) and lang and not CODES & {*where}:
        yield ".".join(where), lang, tree


def bare(text: str) -> str:
    """A template without what is filled in, formulas, code, links and marks."""
    text = re.sub(r"{{.*?}}", odd.GAP, text, flags=re.S)
    text = re.sub(MARKUP, " ", text.replace("*", ""), flags=re.S)
    return re.sub(r"\$+[^$]*\$+|`[^`]*`|{}|\{\w+\}", odd.GAP, text, flags=re.S)


def test_texts_of_the_repository_are_of_their_language():
    found = [
        (where, lang, *one)
        for where, lang, text in typed()
        for one in odd.odd(bare(text), lang)
        if one[0] not in BRANCHES
    ]
    assert found == []
