"""Sentences: grammar, and no number that does not come from a result."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fire import codebook, files
from fire.errors import InputError
from fire.report import narrative
from fire.report.narrative import number

LEADER = '''
[leader]
zh = "{{ year }}年，{{ names | city | join }}以{{ score | num(3) }}分{% if names | length > 1 %}并列{% endif %}第一{% if growth > 0 %}，增长{{ growth | pct }}{% endif %}。"
en = "{{ names | city | join }} {{ names | plural('leads', 'tie') }} with {{ score | num(3) }} points."

[several]
zh = "甲"
en = """
first line
{{ missing | num(1) }}"""
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "test.toml").write_text(LEADER, encoding="utf-8")
    return tmp_path


def put(folder, text):
    (folder / "more.toml").write_text(text, encoding="utf-8")


def say(name, folder, what="text", **values):
    return narrative.Catalogue(folder).say(name, values, codebook.default(), what)


def test_one_leader_and_a_tie_are_told_apart(folder):
    one = say("leader", folder, year=2021, names=["北京"], score=9.9584, growth=3.6)
    assert one == {"zh": "2021年，北京以9.958分第一，增长3.60%。", "en": "Beijing leads with 9.958 points."}
    two = say("leader", folder, year=2021, names=["北京", "西安"], score=9.9584, growth=-1)
    assert two == {
        "zh": "2021年，北京和西安以9.958分并列第一。",
        "en": "Beijing and Xi'an tie with 9.958 points.",
    }


@pytest.mark.parametrize(
    "names, zh, en",
    [(["a"], "a", "a"), (["a", "b"], "a和b", "a and b"), (["a", "b", "c"], "a、b和c", "a, b and c")],
)
def test_lists_are_joined_as_each_language_does(names, zh, en):
    assert (narrative.join(names, "zh"), narrative.join(names, "en")) == (zh, en)


@pytest.mark.parametrize(
    "rank, words",
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (21, "21st"), (113, "113th")],
)
def test_english_ordinals(rank, words):
    assert narrative.ordinal(rank, "en") == words


def test_an_unknown_value_names_file_id_language_and_line(folder):
    with pytest.raises(
        InputError, match=r"test.toml: line 10, \[several\] text en: 1 fault\n  - 'missing' is undefined"
    ):
        say("several", folder)


def test_an_unknown_sentence_says_where_to_add_it(folder):
    with pytest.raises(InputError, match=r"no entry 'nothing': add \[nothing\] to a file there"):
        say("nothing", folder)


@pytest.mark.parametrize(
    "template, typed",
    [
        ("共59个城市", "59"),
        ("{{ 3 }}个", "3"),
        ("{{ '3个' }}", "3"),
        ("前三个城市", "三"),
        ("{{ x if y else '7' }}", "7"),
        ("{{ x | replace('a', '8') }}", "8"),
    ],
)
def test_a_typed_number_is_refused_with_its_line(folder, template, typed):
    put(folder, f'[typed]\nzh = "{template}"\nen = "a"\n')
    with pytest.raises(InputError, match=f"line 2, zh: '{typed}' is typed: give it as a value"):
        say("typed", folder, x="a", y=True)


def test_a_count_in_english_words_is_refused(folder):
    put(folder, '[typed]\nzh = "甲"\nen = "the two cities"\n')
    with pytest.raises(InputError, match="line 3, en: 'two' is typed"):
        say("typed", folder)


def test_a_number_computed_inside_a_template_is_refused(folder):
    put(folder, '[sum]\nzh = "{{ (a + b) | num(1) }}"\nen = "a"\n')
    with pytest.raises(InputError, match="zh: 5.0 in “5.0” is not among the values given"):
        say("sum", folder, a=2.0, b=3.0)


def test_a_broken_template_names_its_line(folder):
    put(folder, '[broken]\nzh = "甲"\nen = "{% if x %}a"\n')
    with pytest.raises(InputError, match="line 3, en: Unexpected end of template"):
        say("broken", folder, x=1)


def test_a_sentence_needs_both_languages_and_one_home(folder):
    put(folder, '[leader]\nzh = "甲"\n')
    with pytest.raises(
        InputError,
        match="(?s)also in .*needs a text for each of zh and en|needs a text for each of zh and en.*also in",
    ):
        say("leader", folder)


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
@settings(max_examples=100)
def test_a_rounded_value_is_supported_and_a_different_one_is_not(value, digits):
    shown = number(value, digits).replace("−", "")
    assert narrative.unsupported(shown, {"x": [value]}) == []
    assert narrative.unsupported(number(abs(value) + 2 * 10.0**-digits, digits), {"x": value})


def test_titles_notes_and_alternative_texts_are_held_to_the_same_rule(folder):
    put(folder, '[shown]\ntitle.zh = "前 3 名"\ntitle.en = "first"\nalt.zh = "点图"\nalt.en = "dots"\n')
    with pytest.raises(InputError, match="line 2, zh: '3' is typed"):
        say("shown", folder, "title")
    assert say("shown", folder, "alt") == {"zh": "点图", "en": "dots"}
    with pytest.raises(InputError, match=r"\[shown\]: 1 fault\n  - it has no note"):
        say("shown", folder, "note")


def test_an_entry_with_an_unknown_key_is_refused(folder):
    put(folder, '[shown]\ntitel.zh = "甲"\ntitel.en = "a"\n')
    with pytest.raises(InputError, match="unknown key 'titel': did you mean 'title'"):
        narrative.Catalogue(folder)


def test_names_are_those_of_the_edition(folder):
    places = pd.DataFrame({"city": ["甲城"], "city_en": ["Jia City"]})
    regions = pd.DataFrame({"region": ["某区"], "region_en": ["Some region"]})
    book = codebook.Book(None, places, regions)
    put(folder, '[named]\nzh = "{{ x | city }}"\nen = "{{ x | city }}"\n')
    said = narrative.Catalogue(folder).say("named", {"x": "甲城"}, book)
    assert said == {"zh": "甲城", "en": "Jia City"}
    with pytest.raises(InputError, match="city '北京': 1 fault|unknown in this edition"):
        narrative.Catalogue(folder).say("named", {"x": "北京"}, book)


FOLDERS = [narrative.FOLDER, *sorted((files.ROOT / "studies").glob("*/exhibits"))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.parent.name)
def test_no_template_of_the_report_types_a_number(folder):
    catalogue = narrative.Catalogue(folder)
    faults = []
    for name, entry in catalogue.entries.items():
        texts = {"text": entry} if "zh" in entry else {}
        texts |= {key: entry[key] for key in ("title", "note", "alt") if key in entry}
        for what, templates in texts.items():
            found = narrative.template_faults(catalogue.files[name], name, what, templates)
            faults += [f"{catalogue.files[name].name} [{name}] {what}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.parent.name)
def test_an_alternative_text_says_what_is_seen_not_the_caption_again(folder):
    entries = narrative.Catalogue(folder).entries
    same = [
        name
        for name, entry in entries.items()
        for lang in ("zh", "en")
        if "alt" in entry and entry["alt"][lang].strip() == entry.get("title", {}).get(lang, "").strip()
    ]
    assert same == []
