"""Other rankings beside the index: intervals by hand, and the five indices that the report names."""

import numpy as np
import pandas as pd
import pytest

from fire import files
from studies.printed2022 import benchmarks, published


def test_interval_of_a_correlation_by_hand():
    """Bonett and Wright (2000): r = 0.7, n = 20: z = 0.8673, se = sqrt(1.245 / 17) = 0.2706."""
    low, high = benchmarks.interval(0.7, np.sqrt((1 + 0.7**2 / 2) / 17))
    assert (low, high) == (pytest.approx(0.3247, abs=2e-4), pytest.approx(0.8848, abs=2e-4))


def test_the_range_over_draws_stands_beside_the_interval_of_few_cities():
    found = pd.DataFrame(
        {"n": 12, "spearman": np.linspace(0.6, 0.8, 21), "kendall": np.linspace(0.4, 0.6, 21)}
    )
    row = benchmarks._row(found)
    assert (row["n"], row["spearman"], row["kendall"]) == (12, pytest.approx(0.7), pytest.approx(0.5))
    assert (row["spearman_low"], row["spearman_high"]) == (pytest.approx(0.61), pytest.approx(0.79))
    assert row["ci_low"] < row["spearman_low"] and row["ci_high"] > row["spearman_high"]


def test_named_indices_are_those_of_the_report_and_have_a_list_or_none():
    table, facts = files.read_csv(benchmarks.NAMED), published.load("other_facts")
    named = facts[facts["subject"].eq("comparator index")]["id"]
    assert table["fact"].tolist() == named.tolist()
    lists = set(files.read_csv(files.DATA / "external-rankings.csv")["index_name"])
    assert set(table["index_name"].dropna()) <= lists
    said = benchmarks.named()
    assert len(said["listed"]["zh"]) + len(said["absent"]["en"]) == said["named"] == len(table)
