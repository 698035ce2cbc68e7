"""Edition against edition: the data diff, the method diff, and causes that add up."""

import numpy as np
import pandas as pd
from engine_data import flat, panel, random_panel
from numpy.testing import assert_allclose

from fire.analysis import changes
from fire.index import score


def state(spec, cells, year: int = 2020) -> changes.State:
    return changes.State(spec, cells, score.base_posts(spec, cells), year)


def pair() -> tuple[changes.State, changes.State]:
    spec = flat("x", "y", "z", reference="base", base_year=2020, scale=[1, 10])
    cells = random_panel(spec)
    new = cells[cells["unit"].ne("u03")].copy()
    new.loc[new["unit"].eq("u05") & new["indicator"].eq("x"), "value"] *= 1.5
    newcomer = new[new["unit"].eq("u01")].assign(unit="u99", value=lambda table: table["value"] * 2)
    later = spec.vary(weights={"x": 0.5}).vary("y", transform="log1p")
    return state(spec, cells), state(later, pd.concat([new, newcomer]))


def test_data_diff():
    old = panel({("a", 2020, "x"): 1, ("b", 2020, "x"): 2, ("c", 2020, "x"): 3, ("d", 2020, "x"): np.nan})
    new = panel({("a", 2020, "x"): 1, ("b", 2020, "x"): 3, ("d", 2020, "x"): np.nan, ("e", 2020, "x"): 5})
    new.loc[0, "status"] = "estimated"
    found = changes.data(old, new).set_index("unit")
    assert found["change"].to_dict() == {"a": "status", "b": "revised", "c": "removed", "e": "added"}
    assert found.loc["b", ["value_old", "value_new", "change_pct"]].tolist() == [2, 3, 50]
    assert changes.data(old, old).empty


def test_method_diff():
    old, new = pair()
    found = changes.method(old.spec, new.spec.drop("z")).set_index(["node", "choice"])
    assert found.loc[("y", "transform")].tolist() == ["identity", "log1p"]
    assert found.loc[("z", "node")].tolist() == ["present", "absent"] and ("x", "weight") in found.index
    assert changes.method(old.spec, old.spec).empty
    everywhere = changes.method(old.spec, old.spec.vary(aggregation="geometric"))
    assert everywhere.to_numpy().tolist() == [["", "aggregation", "arithmetic", "geometric"]]


def test_comparison_names_who_entered_and_left():
    old, new = pair()
    found = changes.compare(old, new)
    assert found.loc["u99", "note"] == "entered" and found.loc["u03", "note"] == "left"
    assert np.isnan(found.loc["u99", "change"]) and (found["note"] == "").sum() == 11
    assert (found["rank_change"].dropna() == (found["rank_old"] - found["rank_new"]).dropna()).all()


def test_causes_add_up_to_the_whole_change():
    old, new = pair()
    why, whole = changes.explain(old, new), changes.compare(old, new)
    stay = whole[whole["note"].eq("")]
    effect = why[why["unit"].isin(stay.index)].groupby("unit")[["score_effect", "rank_effect"]].sum()
    assert_allclose(effect["score_effect"], stay["change"].sort_index(), atol=1e-9)
    assert (effect["rank_effect"] == stay["rank_change"].sort_index()).all()
    assert (
        {"data", "roster", "posts", "weights", "method"} >= set(why["cause"]) >= {"data", "weights", "method"}
    )
    only_data = why[why["cause"].eq("data")].set_index("unit")["score_effect"]
    assert set(only_data.index[only_data.abs() > 1e-12]) == {"u05"}  # frozen posts: nobody else moves


def test_an_edition_without_changes_has_no_causes():
    old, _ = pair()
    assert changes.explain(old, old).empty


def test_an_indicator_that_was_dropped_counts_as_method():
    old, _ = pair()
    spec = old.spec.drop("z")
    new = state(spec, old.panel[old.panel["indicator"].ne("z")])
    assert set(changes.explain(old, new)["cause"]) == {"method"}
