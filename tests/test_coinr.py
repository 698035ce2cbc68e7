"""Indices as COINr describes them: what is read from iMeta, and every fault of it with its row and column."""

import numpy as np
import pandas as pd
import pytest
from engine_data import coinr
from numpy.testing import assert_allclose

from fire.errors import InputError
from fire.index import score
from fire.index.coinr import from_coinr, groups

META = coinr("asem_meta")
CODES = META.loc[META["Type"].eq("Indicator"), "iCode"].tolist()
DATA = coinr("asem_raw").merge(coinr("asem_units"), on="uCode")
PLAIN = META.drop(columns="Denominator")  # COINr divides only when it is told to


def with_goalposts(meta: pd.DataFrame, scale=1) -> pd.DataFrame:
    """The goalposts of COINr's article on normalisation: 5 per cent of the range inside the extremes."""
    least, most = DATA[CODES].min(), DATA[CODES].max()
    ends = {"goalpost_lower": least + 0.05 * (most - least), "goalpost_upper": most - 0.05 * (most - least)}
    return meta.assign(
        **{name: meta["iCode"].map(post) for name, post in ends.items()},
        goalpost_scale=scale,
        goalpost_trunc2posts=True,
    )


def test_tree_weights_and_panel():
    spec, panel = from_coinr(META, DATA)
    assert spec.root == "Index" and spec.pillars == ["Conn", "Sust"] and len(spec.indicators) == 49
    assert spec.nodes.at["LPI", "weight"] == 1 / 8 and spec.nodes.at["Flights", "denominator"] == "Population"
    assert len(panel) == 51 * (49 + 4) and set(panel["year"]) == {2018}
    assert from_coinr(META.assign(ScaleFactor=np.nan)).nodes.at["Flights", "factor"] == 1
    assert from_coinr(META.set_axis(["same"] * len(META))).nodes.equals(spec.nodes)


def test_goalposts_of_imeta_are_read_as_coinr_reads_them():
    """By hand: (x - low)/(high - low), turned round for direction -1, held in 0 to 1, times the scale (n_goalposts)."""
    meta = with_goalposts(PLAIN)
    meta.loc[meta["iCode"].eq("Flights"), "goalpost_scale"] = 10
    meta.loc[meta["iCode"].eq("Goods"), "goalpost_trunc2posts"] = False
    spec, panel = from_coinr(meta, DATA)
    scores = score.steps(spec, panel).normalised.droplevel("year").loc[DATA["uCode"]]
    by = meta.set_index("iCode")
    share = (DATA[CODES] - by["goalpost_lower"]) / (by["goalpost_upper"] - by["goalpost_lower"])
    falls = [code for code in CODES if by.at[code, "Direction"] == -1]
    share[falls] = 1 - share[falls]
    held = share.clip(0, 1)
    assert_allclose(scores["LPI"], held["LPI"], atol=1e-12)
    assert_allclose(scores["Tariff"], held["Tariff"], atol=1e-12)
    assert spec.nodes.at["Tariff", "direction"] == -1 and held["Tariff"].min() == 0
    assert_allclose(scores["Flights"], 10 * held["Flights"], atol=1e-12)
    assert_allclose(scores["Goods"], share["Goods"], atol=1e-12)
    assert share["Goods"].max() > 1


def test_a_normalisation_that_is_chosen_reads_its_own_columns():
    meta = with_goalposts(PLAIN).assign(
        minmax_lower=1, minmax_upper=7, zscore_mean=100, zscore_sd=10, dist2targ_cap_max="TRUE"
    )

    def rule(**choices):
        return from_coinr(meta, **choices).rules["LPI"]

    assert (rule()["normalise"], rule()["range"]) == ("goalposts", "truncated")
    assert rule(normalise="minmax")["posts"] is None and rule(normalise="minmax")["scale"] == [1, 7]
    assert rule(normalise="zscore")["scale"] == [100, 10]
    assert from_coinr(PLAIN, normalise="zscore").rules["LPI"]["scale"] == [0, 1]
    target = rule(normalise="target")
    assert (target["target"], target["range"]) == (4.11803135, "truncated")
    assert rule(normalise="goalposts", scale=[0, 5], range="open")["scale"] == [0, 5]
    assert rule(normalise="goalposts", scale=[0, 5], range="open")["range"] == "open"
    uncapped = from_coinr(meta.assign(dist2targ_cap_max=np.nan), normalise="target").rules["LPI"]
    assert uncapped["range"] == "open"


def test_every_fault_of_imeta_by_row_and_column():
    bad = with_goalposts(META).astype(object)
    bad.loc[0, "Direction"], bad.loc[1, "Direction"] = 1.9, None
    bad.loc[2, "Weight"], bad.loc[3, "Weight"], bad.loc[4, "Parent"] = "heavy", -1, "Physcal"
    bad.loc[5, "goalpost_lower"], bad.loc[6, "goalpost_lower"] = None, 9e9
    bad.loc[7, "goalpost_trunc2posts"], bad.loc[8, "Denominator"] = "maybe", "Populaton"
    bad.loc[9, "iCode"], bad.loc[10, "Type"], bad.loc[11, "Target"] = "LPI", "Indic", "max"
    bad.loc[12, "Parent"] = None
    with pytest.raises(InputError) as caught:
        from_coinr(bad)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "LPI, row 1, column 'Direction'",
        "Flights, row 2, column 'Direction'",
        "Ship, row 3, column 'Weight'",
        "Bord, row 4, column 'Weight'",
        "Elec, row 5, column 'Parent'",
        "Gas, row 6, column 'goalpost_lower'",
        "ConSpeed, row 7, column 'goalpost_lower'",
        "Cov4G, row 8, column 'goalpost_trunc2posts'",
        "Goods, row 9, column 'Denominator'",
        "LPI, row 10, column 'iCode'",
        "FDI, row 11, column 'Type'",
        "PRemit, row 12, column 'Target'",
        "ForPort, row 13, column 'Parent'",
    ]
    for words in [
        "1.9' is no direction: type 1 or -1",
        "did you mean 'Physical'",
        "did you mean 'Population'",
    ]:
        assert words in str(caught.value)


@pytest.mark.parametrize(
    "given, words",
    [
        (lambda: from_coinr(DATA, META), "swap the two arguments"),
        (lambda: from_coinr(None), "iMeta is a NoneType: give a DataFrame"),
        (lambda: from_coinr(META, {}), "iData is a dict: give a DataFrame"),
        (lambda: from_coinr(META.rename(columns={"iCode": "icode"})), "'iCode' is missing: rename 'icode'"),
        (lambda: from_coinr(META[:0]), "no row of Type Indicator or Aggregate"),
        (lambda: from_coinr(META[META["Type"].ne("Aggregate")]), "LPI, row 1, column 'Parent': .*: add it"),
        (lambda: from_coinr(META.assign(Parent=META["Parent"].fillna("Sust"))), "every row has a Parent"),
        (lambda: from_coinr(META.assign(Weight=0)), "weights of all children of 'Conn' are zero"),
        (lambda: from_coinr(META, DATA.assign(Time=2018.5)), "row 1, column 'Time': '2018.5' is not a whole"),
        (lambda: from_coinr(META, DATA.rename(columns={"LPI": "lpi"})), "'LPI' is missing: rename 'lpi'"),
        (lambda: groups(META, DATA, "GDP"), "did you mean 'GDP_group'"),
        (
            lambda: groups(META, pd.concat([DATA, DATA[:1].assign(GDP_group="XL")]), "GDP_group"),
            "'AUT' is in more than one GDP_group",
        ),
    ],
)
def test_what_is_no_coinr_index(given, words):
    with pytest.raises(InputError, match=words):
        given()


def test_groups_of_idata():
    found = groups(META, DATA, "EurAsia_group")
    assert found["AUT"] == "Europe" and found["CHN"] == "Asia" and len(found) == 51
    spec, panel = from_coinr(PLAIN, DATA, missing="group_mean")
    assert score.compute(spec, panel, groups=found)["score"].notna().all()
