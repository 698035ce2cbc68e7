"""What the printed digits reveal about pillar R: which index 普惠金融 is, the posts of 监管环境和营商环境, and how far the
weights of the three dimensions are known."""

from itertools import combinations

import numpy as np
import pandas as pd

from fire.index import transforms
from studies.printed2022 import digits, published
from studies.printed2022.identify import SCALE, printed_growth
from studies.printed2022.published import BASE, YEAR

DECIMALS = 2  # of the scores from which the report took the growth of 普惠金融
SHARES = [0.20, 0.25, 0.30, 1 / 3, 0.35, 0.40, 0.45, 0.50]  # weights of policy in R that `weights` tries
PAIR, LOW = (
    "深圳",
    "长春",
)  # the city that prints enough to tie the weights; the one whose attention comes out lowest


# 普惠金融


def growth(
    first: pd.Series, second: pd.Series, posts: tuple | None = None, form: str = "identity"
) -> pd.Series:
    """Growth in per cent of scores rounded to two decimals, from the values of two years by city; the posts are the
    extremes of the first year, or those given.

    >>> first = pd.Series({"甲": 0.0, "乙": 50.0, "丙": 100.0})
    >>> growth(first, first + 10).round(2).to_dict()
    {'甲': 90.0, '乙': 16.36, '丙': 9.0}
    """
    low, top = transforms.forward(posts or (first.min(), first.max()), form)
    before, now = (
        (SCALE[0] + (SCALE[1] - SCALE[0]) * (transforms.forward(year, form) - low) / (top - low)).round(
            DECIMALS
        )
        for year in (first, second)
    )
    return pd.Series(100 * (now / before - 1), first.index)


def trials(values: pd.DataFrame) -> pd.DataFrame:
    """Every pair of years of an index (a row a city, a column a year), linear and in logarithms, against the four printed
    growth rates: first, second, form, largest (error in points of per cent); the best first."""
    printed = printed_growth("inclusive_finance")
    rows = []
    for first, second in combinations(sorted(values), 2):
        for form in ("identity", "log"):
            error = growth(values[first], values[second], form=form)[printed.index] - printed
            rows.append((first, second, form, error.abs().max()))
    return pd.DataFrame(rows, columns=["first", "second", "form", "largest"]).sort_values(
        "largest", ignore_index=True
    )


def lower_post(values: pd.DataFrame, reach: float = 10.0, step: float = 0.001) -> tuple[float, float]:
    """Least and greatest lower post of 普惠金融 under which the four growth rates come out as printed, to the digit.

    `values`: a row a city, a column for each of the two years; the search goes `reach` to either side of the least value.
    """
    first, second = (values[year] for year in sorted(values))
    printed, least, top = printed_growth("inclusive_finance"), first.min(), first.max()
    first, second = first[printed.index], second[printed.index]
    fits = [
        low
        for low in least + step * np.arange(-round(reach / step), round(reach / step) + 1)
        if (growth(first, second, (low, top)).round(DECIMALS) == printed).all()
    ]
    return min(fits), max(fits)


# 监管环境和营商环境


def business_posts(values: pd.Series) -> pd.DataFrame:
    """Posts of 监管环境和营商环境 that its printed scores leave when they are linear in `values` (by city): side, low, high,
    both for free posts and for the lower one when the upper is the greatest value; NaN when no line fits.

    Columns side (upper, lower, lower given the greatest), low, high.
    """
    printed = published.scores("regulation_business_env", "city").set_index("unit")
    x, one = values[printed.index].to_numpy(), np.ones(len(printed))
    low, high = (printed["score"] + sign * printed["score_half"] for sign in (-1, 1))
    rows = [
        (side, *digits.ratio_extent(np.column_stack([-one, x]), low - end, high - end, 0, 1))
        for side, end in (("upper", SCALE[1]), ("lower", SCALE[0]))
    ]
    top = values.max()
    slope = digits.extent((top - x)[:, None], SCALE[1] - high, SCALE[1] - low, [1.0])
    rows.append(("lower, given the greatest", *(top - (SCALE[1] - SCALE[0]) / np.array(slope))))
    return pd.DataFrame(rows, columns=["side", "low", "high"])


# Weights of R


def weights(scores: pd.DataFrame, shares: list[float] = SHARES) -> pd.DataFrame:
    """Weights of policy, network and finance in R that the digits of 深圳 leave: one row for each weight of policy in
    `shares`.

    深圳 prints R and policy with growth, and the growth of its online attention; with 普惠金融 known (`known.scores`) the
    two years are two equations for the weights and its attention. Columns policy, network, finance; attention_before and
    attention of 深圳 (scores of base and index year); attention_low, the score of 长春 that follows from its R and policy.
    """
    now, before = _pair("R"), _pair("policy")
    finance = [scores.at[(year, PAIR), "inclusive_finance"] for year in (YEAR, BASE)]
    ratio = 1 + printed_growth("online_attention")[PAIR] / 100
    gap = [year[0] - ratio * year[1] for year in (now, before, finance)]
    low = {
        node: published.scores(node, "city").set_index("unit").at[LOW, "score"] for node in ("R", "policy")
    }
    rows = []
    for policy in shares:
        money = (gap[0] - policy * gap[1]) / gap[2]
        network = 1 - policy - money
        attention = (now[0] - policy * before[0] - money * finance[0]) / network
        other = low["R"] - policy * low["policy"] - money * scores.at[(YEAR, LOW), "inclusive_finance"]
        rows.append((policy, network, money, attention / ratio, attention, other / network))
    columns = ["policy", "network", "finance", "attention_before", "attention", "attention_low"]
    return pd.DataFrame(rows, columns=columns)


def _pair(node: str) -> tuple[float, float]:
    """Printed score of 深圳 in the index year and, from its growth, in the base year."""
    fact = published.scores(node, "city").set_index("unit").loc[PAIR]
    return fact["score"], fact["score"] / (1 + fact["growth_pct"] / 100)
