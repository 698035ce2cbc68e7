"""Pillar R: the series behind two indicators, and what is left open of the weights."""

import numpy as np
import pytest

from fire.sources import statistics
from studies.printed2022 import identify, known, resources, roster, tried


@pytest.fixture(scope="module")
def indices():
    return statistics.indices().pivot(index="city", columns=["measure", "year"], values="value")


@pytest.fixture(scope="module")
def weights():
    return resources.weights(known.scores(known.panel()))


def test_growth_of_inclusive_finance_comes_out_as_printed_from_scores_of_two_decimals(indices):
    years = indices["inclusive_finance"]
    found = resources.growth(years[2018], years[2020]).round(2)
    assert found[["深圳", "广州", "东莞", "佛山"]].tolist() == [43.70, 44.62, 57.84, 54.31]


def test_no_other_series_pair_of_years_or_form_comes_near(indices):
    here, all_tried = resources.trials(indices["inclusive_finance"]), tried.trials()
    assert here["form"].tolist() == ["identity", "log"] and here["largest"].iloc[0] < 0.005
    assert all_tried["pairs"].sum() == 120
    best, second = all_tried["largest"].head(2)
    assert best < 0.005 and second > 6
    assert (
        here["largest"].round(3).tolist()
        == all_tried.query("series == 'index_aggregate'")["largest"].tolist()
    )


@pytest.mark.whole
def test_lower_post_leaves_out_two_candidates(indices):
    low, high = resources.lower_post(indices["inclusive_finance"])
    assert low < indices["inclusive_finance"][2018].min() < high and high - low < 0.1
    assert max(roster.EXCLUDED.values()) < low
    assert not set(roster.EXCLUDED) & set(" ".join(roster.CANDIDATES.values()).split())


def test_business_environment_is_linear_and_its_greatest_value_the_upper_post(indices):
    values = indices["business_environment"][2020].dropna()
    posts = resources.business_posts(values).set_index("side")
    assert posts.loc["upper", "low"] < values["上海"] == values.max() < posts.loc["upper", "high"]
    assert (posts["high"] - posts["low"]).max() < 0.03
    lower = posts.loc["lower, given the greatest"]
    assert lower["low"] < 32.25 < lower["high"]
    bent = values.copy()
    bent["长沙"] += 0.02
    assert np.isnan(resources.business_posts(bent)["low"]).all()


def test_claims_that_the_public_series_contradict(indices):
    """Both stand in data/errata-rules.csv: 广州 in the middle (C173), 广州 first of the bay area (C012)."""
    scores = known.scores(known.panel()).loc[2021]
    assert scores.at["广州", "inclusive_finance"] == pytest.approx(10.893, abs=5e-4)
    business = scores["regulation_business_env"]
    assert business["广州"] < business["深圳"] and business["广州"] > 9.2


def test_thirds_are_one_of_a_family_of_weights(weights):
    assert weights[["policy", "network", "finance"]].sum(axis=1).to_numpy() == pytest.approx(1)
    ends = weights.iloc[[0, -1]][["policy", "network", "finance"]].to_numpy()
    assert ends == pytest.approx(np.array([[0.20, 0.375, 0.425], [0.50, 0.28, 0.22]]), abs=0.002)
    thirds = weights[weights["policy"].eq(1 / 3)].iloc[0]
    assert thirds[["network", "finance"]].tolist() == pytest.approx([1 / 3, 1 / 3], abs=5e-4)
    assert thirds["attention"] == pytest.approx(8.43, abs=0.005) and thirds["attention_low"] < 1
    assert 100 * (weights["attention"] / weights["attention_before"] - 1).to_numpy() == pytest.approx(-8.07)


def test_weights_of_a_row_give_the_printed_pillar(weights):
    row = weights.iloc[2]
    finance = known.scores(known.panel()).at[(2021, "深圳"), "inclusive_finance"]
    total = row["policy"] * 10.652 + row["network"] * row["attention"] + row["finance"] * finance
    assert total == pytest.approx(10.353)


@pytest.mark.whole
def test_counts_of_what_was_tried():
    panel = statistics.panel()
    bases = identify.bases(panel, identify.posts(panel))
    table = tried.counts(identify.forms(panel), bases, roster.rosters()).set_index("choice")
    assert table["tried"].to_dict() == {
        "form": 80,
        "population": 29,
        "roster": 59983,
        "inclusive_finance": 120,
    }
    assert table["fit"].to_dict() == {"form": 2, "population": 6, "roster": 15, "inclusive_finance": 1}
