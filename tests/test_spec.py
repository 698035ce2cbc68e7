"""Specifications: the published ones, every fault at once with its line, variations."""

import json

import jsonschema
import pandas as pd
import pytest
from engine_data import coinr, flat, index, word

from fire.errors import InputError
from fire.index import spec as specs
from fire.index.coinr import from_coinr

FAULTY = """
id = "bad"
label = { zh = "坏", en = "bad" }

[method]
base_year = 2020
normalise = "minmaks"
agregation = "arithmetic"

[[node]]
id = "total"
label = { zh = "总", en = "total" }

[[node]]
id = "F"
parent = "total"
label = { zh = "甲", en = "F" }
weight = 0.6

[[node]]
id = "I"
parent = "totl"
label = { zh = "乙" }
weight = 0.5

[[node]]
id = "E"
parent = "total"
label = { zh = "丙", en = "E" }
weight = 0.5

[[node]]
id = "E"
parent = "F"
label = { zh = "丁", en = "again" }
direction = 0
transform = "log"
posts = [-1, 10]

[[node]]
id = "k"
parent = "F"
label = { zh = "戊", en = "k" }
weight = -0.2
posts = [5, 5]
denominator = "people"
wieght = 1
"""


def faults(text: str, tmp_path) -> str:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        specs.load(path)
    return str(caught.value)


def test_every_fault_at_once_with_its_line(tmp_path):
    message = faults(FAULTY, tmp_path)
    for words in [
        "line 7: normalise = 'minmaks' is not known: did you mean 'minmax'?",
        "line 8: unknown key 'agregation': did you mean 'aggregation'?",
        "line 23, node 'I': missing: en",
        "line 22, node 'I': parent 'totl' does not exist: did you mean 'total'?",
        "line 18, node 'F': the weights of the children of 'total' sum to 1.1, not to one (F 0.6, E 0.5)",
        "line 33, node 'E': id 'E' is used twice (first on line 27): rename one",
        "line 36, node 'E': direction = '0' is not known",
        "line 38, node 'E': a post of -1: no logarithm of a value at or below zero",
        "line 44, node 'k': weight -0.2 is negative",
        "line 45, node 'k': posts [5, 5] have no range",
        "line 46, node 'k': denominator 'people' is not listed",
        "line 47, node 'k': unknown key 'wieght': did you mean 'weight'?",
    ]:
        assert words in message, f"{words}\n---\n{message}"
    lines = [int(line.split("line ")[1].split(",")[0].split(":")[0]) for line in message.splitlines()[1:]]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    "old, new, words",
    [
        ('parent = "total"', "", "a second node without parent (the first is 'total')"),
        ("weight = 0.4", "", "no weight, but siblings below 'total' have one: give all or none"),
        ("weight = 0.4", 'weight = "a/b"', "weight = 'a/b' is not a number"),
        ("base_year = 2020", "", 'reference is "base" but there is no base_year'),
        ("weight = 0.6", 'weight = 0.6\nunit = { zh = "元", en = "yuan" }', "'unit' belongs to indicators"),
        ("base_year = 2020", 'base_year = 2020\nnormalise = "goalposts"', "needs 'posts': add it"),
        ("base_year = 2020", 'base_year = 2020\nnormalise = "rank"', 'set reference = "year" or "pooled"'),
        ("base_year = 2020", "base_year = 2020\nscale = [10, 1]", "scale [10, 1] has no range"),
        ("weight = 0.6", 'weight = 0.6\nweighting = "ahp"', "needs judgements, 1 rows of 1 in the order x"),
        ('id = "x"', "id = ", "not valid TOML"),
    ],
)
def test_faults_one_by_one(old, new, words, tmp_path):
    good = (
        FAULTY[: FAULTY.index("normalise")]
        + """
[[node]]
id = "total"
label = { zh = "总", en = "total" }
[[node]]
id = "a"
label = { zh = "甲", en = "a" }
parent = "total"
weight = 0.6
[[node]]
id = "b"
label = { zh = "乙", en = "b" }
parent = "total"
weight = 0.4
[[node]]
id = "x"
label = { zh = "丙", en = "x" }
parent = "a"
"""
    )
    assert old in good and words in faults(good.replace(old, new, 1), tmp_path)


def test_a_circle_is_refused():
    with pytest.raises(InputError, match="is its own ancestor"):
        index(word("a", parent="b"), word("b", parent="a"))


def test_all_zero_weights_are_refused():
    with pytest.raises(InputError, match="the weights of the children of 'total' are all zero"):
        index(word("a", parent="total", weight=0), word("b", parent="total", weight=0))


def test_judgements_must_be_reciprocal():
    with pytest.raises(InputError, match="'b' against 'a' is 1/3, but the reverse is 2"):
        specs.build(
            {
                "id": "x",
                "label": {"zh": "x", "en": "x"},
                "method": {"reference": "year"},
                "node": [
                    word("total", weighting="ahp", judgements=[[1, 2], ["1/3", 1]]),
                    word("a", parent="total"),
                    word("b", parent="total"),
                ],
            },
            "x",
        )


def test_unknown_names_say_what_to_type():
    spec = specs.load("fire-2022")
    for call, words in [
        (lambda: specs.load("fire-20222"), "did you mean 'fire-2022'"),
        (lambda: spec.label("gpd"), "no node 'gpd': did you mean 'gdp'"),
        (lambda: spec.vary(normalize="zscore"), "no choice 'normalize': did you mean 'normalise'"),
        (lambda: spec.vary(normalise="zscor"), "did you mean 'zscore'"),
        (lambda: spec.vary("gpd", transform="log"), "did you mean 'gdp'"),
        (lambda: spec.vary(posts=[1, 2]), "name it, as in vary('gdp', posts=…)"),
        (lambda: spec.vary(weights={"F": -1}), "weight of 'F' is -1"),
        (lambda: spec.vary(weights={"F": 2}), "leave room for I, R, E"),
        (lambda: spec.vary(weights=dict.fromkeys("FIRE", 0)), "are all zero"),
        (lambda: spec.vary(weights={"F": "a fifth"}), "write 0.25, or"),
        (lambda: spec.vary(lang="fr"), "'fr' is not known: type one of zh, en"),
        (lambda: spec.label("gdp", "fr"), "'fr' is not known"),
        (lambda: specs.build({}, "x"), "2 faults"),
        (lambda: spec.drop("total"), "keep one"),
    ]:
        with pytest.raises(InputError) as caught:
            call()
        assert words in str(caught.value), str(caught.value)


def test_fire_2022():
    spec = specs.load("fire-2022")
    assert (len(spec.pillars), (spec.nodes["level"] == 2).sum(), len(spec.indicators)) == (4, 9, 19)
    assert spec.nodes.loc[spec.pillars, "weight"].tolist() == [0.15, 0.25, 0.25, 0.35]
    assert spec.leaves("F") == ["gdp", "tertiary_share", "pop_size", "pop_structure"]
    assert list(spec.nodes.index[spec.nodes["transform"].eq("log")]) == ["gdp", "pop_size", "pop_structure"]
    assert (spec.method["scale"], spec.method["base_year"]) == ([1, 10], 2020)
    known = {"printed", "identified", "assumed"}
    inner, leaves = spec.nodes.iloc[1:], spec.nodes.loc[spec.indicators]
    assert set(inner["weight_basis"]) <= known
    for field in ("unit", "direction", "transform", "posts"):
        assert set(leaves[f"{field}_basis"]) <= known, field
    assert {"scale", "base_year", "normalise", "aggregation", "rounding"} <= set(spec.basis)
    assert spec.nodes[["label_zh", "label_en"]].notna().all(axis=None)


def test_fire_2021_has_the_two_growth_indicators():
    old, new = specs.load("fire-2021"), specs.load("fire-2022")
    assert set(old.indicators) - set(new.indicators) == {"gdp_growth", "pop_growth"}
    assert not set(new.indicators) - set(old.indicators)


@pytest.mark.parametrize("path", sorted(specs.INDICES.glob("*.toml")), ids=lambda path: path.stem)
def test_published_specifications_load(path):
    assert specs.load(path.stem).indicators


def test_the_schema_is_a_valid_schema():
    text = (specs.INDICES / "schema.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator.check_schema(json.loads(text))


def test_vary_branch_and_drop():
    spec = specs.load("fire-2022")
    geometric = spec.vary(aggregation="geometric", lang="en")
    assert (
        set(geometric.nodes["aggregation"]) == {"geometric"}
        and spec.rules["F"]["aggregation"] == "arithmetic"
    )
    assert geometric.label("F") == "Factors" and spec.label("F") == "要素基础"
    one = spec.vary("gdp", "pop_size", transform="identity", posts=None, normalise="minmax")
    assert one.rules["gdp"]["transform"] == "identity" and one.rules["pop_structure"]["transform"] == "log"
    part = spec.vary(weights={"F": 0.4}).nodes["weight"]
    assert (
        part["F"] == 0.4
        and part[["I", "R", "E"]].sum() == pytest.approx(0.6)
        and part["E"] / part["I"] == 1.4
    )
    assert (
        spec.vary(weights=dict.fromkeys("FIRE", 3)).nodes.loc[list("FIRE"), "weight"].tolist() == [0.25] * 4
    )
    assert spec.branch("F").root == "F" and spec.branch("F").indicators == spec.leaves("F")
    without = spec.drop("F", "firms")
    assert without.pillars == ["I", "R", "E"] and "gdp" not in without.nodes.index
    assert without.nodes.loc[without.pillars, "weight"].sum() == pytest.approx(1)


def test_jupyter_helpers():
    spec = specs.load("fire-2022")
    page = spec._repr_html_()
    assert page.count("<tr>") == 34 and "要素基础" in page and "log" in page
    assert "Factors" in spec.vary(lang="en")._repr_html_()
    assert spec._ipython_key_completions_() == list(spec.nodes.index) and spec["gdp"]["unit"] == "亿元"
    assert "gdp" in dir(spec.node) and spec.node.gdp == "gdp"
    assert repr(spec).splitlines()[2].strip().startswith("F  要素基础  0.15")


def test_html_is_escaped():
    spec = specs.build(
        {
            "id": "x",
            "label": {"zh": "<b>", "en": "x"},
            "method": {"reference": "year"},
            "node": [word("total") | {"label": {"zh": "<script>", "en": "x"}}],
        },
        "x",
    )
    assert "<script>" not in spec._repr_html_()


def test_from_coinr():
    spec = from_coinr(coinr("asem_meta"))
    assert spec.root == "Index" and len(spec.indicators) == 49 and spec.leaves("Sust")[0] == "Renew"
    assert spec.rules["CO2"]["direction"] == -1 and spec.rules["Flights"]["denominator"] == "Population"
    assert spec.nodes.groupby("parent")["weight"].sum().round(12).eq(1).all()
    with pytest.raises(InputError, match="row 1.*column 'Weight': 'heavy' is not a number"):
        from_coinr(coinr("asem_meta").assign(Weight="heavy"))
    with pytest.raises(InputError, match="column 'Type' is missing"):
        from_coinr(pd.DataFrame(columns=["iCode", "Parent", "Direction", "Weight"]))


def test_defaults_are_the_same_for_every_flat_index():
    assert flat("x", "y").nodes["weight"].tolist() == [1, 0.5, 0.5]
