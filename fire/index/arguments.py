"""What the doors of the engine take: what can be understood without guessing is turned into what the engine works with,
everything else is refused together, each with what to type instead."""

import numbers
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from fire.errors import refuse

KEY = ["unit", "year", "indicator"]
NEED = [*KEY, "value"]  # of a panel
ALIKE = {
    "year": ("年份", "年度", "年", "time"),
    "unit": ("城市", "地区", "单位", "city", "region", "country"),
}
FROM_WIDE = "fire.index.panel.from_wide(table, spec)"


def check(spec, panel, what: str = "index") -> None:
    """InputError unless `spec` is a specification and `panel` a panel in long form."""
    refuse(what, of_spec(spec, panel) or of_panel(panel, spec.series))


def understood(
    spec, panel, posts=None, groups=None, places=None, year=None, draws=None, what: str = "index"
) -> tuple:
    """The arguments of an Index (or of `score.steps`) as they are worked with: `posts, groups, places, year`; InputError
    with all faults.

    Posts and groups may be dictionaries ({indicator: (low, high)}, {unit: group}), posts may name their indicators in a
    column, and the year may be written as text.
    """
    check(spec, panel, what)
    posts, faults = of_posts(posts)
    groups, more = of_groups(groups, panel["unit"])
    year, wrong = of_year(year)
    faults += (
        more + wrong + of_places(places, panel["unit"], grouped=groups is None) + of_units(panel["unit"])
    )
    faults += _of_draws(draws)
    refuse(what, faults)
    return posts, groups, places, year


def is_spec(value) -> bool:
    """Is this a specification? (Told by what it holds: this module lies below `spec`.)"""
    return not isinstance(value, pd.DataFrame) and all(
        hasattr(value, name) for name in ("indicators", "denominators")
    )


def of_spec(spec, panel=None) -> list[str]:
    """Why this is no specification."""
    if is_spec(spec):
        return []
    if is_spec(panel):
        return ["the specification comes first, then the table: swap the two arguments"]
    if isinstance(spec, str | Path):
        return [f"'{spec}' names a specification: load it first: spec = fire.specification({f'{spec}'!r})"]
    if isinstance(spec, Mapping):
        return [
            'the specification is a dict: build it first: spec = fire.index.spec.build(table, "my index")'
        ]
    if hasattr(spec, "spec"):
        return [f"the specification is {_kind(spec)}: give its specification: {_name(spec)}.spec"]
    return [f'the specification is {_kind(spec)}: give a Spec: spec = fire.specification("fire-2022")']


def of_panel(panel, ids: Iterable = ()) -> list[str]:
    """Why this is no panel in long form; `ids`: the indicators looked for."""
    if isinstance(panel, str | Path):
        return [f"'{panel}' names a file: read it first: panel = fire.read_panel({f'{panel}'!r}, spec)"]
    if not isinstance(panel, pd.DataFrame):
        if isinstance(getattr(panel, "panel", None), pd.DataFrame):
            return [f"the panel is {_kind(panel)}: give its panel: {_name(panel)}.panel"]
        return [
            f"the panel is {_kind(panel)}: give a DataFrame with the columns {', '.join(NEED)}, status; a table with a "
            f"column for each indicator goes through {FROM_WIDE}"
        ]
    lost = [name for name in NEED if name not in panel]
    if not lost:
        return [
            f"column '{name}' is there more than once: keep one"
            for name in NEED
            if list(panel.columns).count(name) > 1
        ]
    inside = [name for name in lost if name in panel.index.names]
    if inside and inside == lost:
        return [f"{_listed(inside)} stand in the index of the panel: make them columns: panel.reset_index()"]
    if {"indicator", "value"} & set(lost) and set(ids) & {*panel.columns, *panel.index}:
        return [f"this is a table with a column or row for each indicator: make it a panel: {FROM_WIDE}"]
    return [f"column '{name}' is missing: {_or_rename(name, panel)}" for name in lost]


def text(units: pd.Series) -> pd.Series:
    """Units as text: 110000 and 110000.0 are "110000"; missing stays missing."""
    return units.map(lambda one: f"{one:.0f}" if _whole(one) else f"{one}", "ignore")


def _whole(value) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and float(value).is_integer()


def of_units(units: pd.Series) -> list[str]:
    """Units that are numbers instead of text, or that begin or end with a blank."""
    kept = units.dropna()
    names = kept.cat.categories if isinstance(units.dtype, pd.CategoricalDtype) else kept
    if counted := [name for name in names if isinstance(name, numbers.Real)]:
        return [
            f"units are numbers, such as {counted[0]}: make them text: panel.assign(unit=panel['unit'].astype(str))"
        ]
    edged = [name for name in names if isinstance(name, str) and name != name.strip()]
    fix = "take it out, as in panel['unit'].str.strip()"
    return [f"unit '{name}' begins or ends with a blank: {fix}" for name in dict.fromkeys(edged)]


def of_posts(posts) -> tuple[pd.DataFrame | None, list[str]]:
    """Posts as a frame (index indicator; columns low, high, …), and the faults of what was given."""
    shape = "give a frame with the indicators as index and the columns low and high, or {'gdp': (low, high)}"
    if posts is None:
        return None, []
    if isinstance(posts, Mapping):
        bad = [name for name, post in posts.items() if not isinstance(post, Mapping) and not _is_pair(post)]
        if bad or not posts:
            return None, [
                f"posts of {_listed(bad) or 'no indicator'}: write (low, high), as in {{'gdp': (0, 100)}}"
            ]
        rows = {
            name: post if isinstance(post, Mapping) else dict(zip(("low", "high"), post))
            for name, post in posts.items()
        }
        posts = pd.DataFrame.from_dict(rows, orient="index").rename_axis("indicator")
    if not isinstance(posts, pd.DataFrame):
        return None, [f"posts are {_kind(posts)}: {shape}"]
    if "indicator" in posts and "indicator" not in posts.index.names:
        posts = posts.set_index([name for name in ("year", "indicator") if name in posts])
    faults = [
        f"posts of '{name}' stand there more than once: keep one line"
        for name in posts.index[posts.index.duplicated()]
    ]
    for name in [
        name for name in ("low", "high", "mean", "sd") if name in posts and posts[name].dtype.kind == "O"
    ]:
        numbers = pd.to_numeric(posts[name], errors="coerce")
        bad = posts.loc[numbers.isna() & posts[name].notna(), name]
        faults += [
            f"posts of '{row}', column '{name}': '{text}' is not a number" for row, text in bad.items()
        ]
        posts = posts.assign(**{name: numbers.astype(float)})
    return posts, faults


def of_groups(groups, units: pd.Series) -> tuple[pd.Series | None, list[str]]:
    """Group of each unit as a Series, and the faults of what was given."""
    shape = (
        "give a Series with the units as index, as places.set_index('city')['region'], or {'unit': 'group'}"
    )
    groups = pd.Series(groups) if isinstance(groups, Mapping) else groups
    if groups is None:
        return None, []
    if not isinstance(groups, pd.Series):
        return None, [f"groups are {_kind(groups)}, which does not say whose group it is: {shape}"]
    here = set(units.dropna().unique())
    if not all(isinstance(name, str) for name in groups.index):
        groups = groups.set_axis(text(pd.Series(groups.index)))
    if not here & set(groups.index):
        return None, [
            f"groups name none of the units of the panel (their index begins with {groups.index[:1].tolist()}): {shape}"
        ]
    if not groups.dropna().map(lambda group: isinstance(group, str)).all():
        groups = groups.astype(object).where(groups.isna(), groups.astype(str))
    twice = groups.index[groups.index.duplicated() & groups.index.isin(here)].unique()
    return groups, [f"groups: '{unit}' is there more than once: keep one" for unit in twice]


def of_places(places, units: pd.Series, grouped: bool = True) -> list[str]:
    """Why these are no places: `city`, one row for each of the units, and `region` where they are to be `grouped`."""
    if places is None:
        return []
    if not isinstance(places, pd.DataFrame):
        return [f"places are {_kind(places)}: give a DataFrame with the columns city and region"]
    if lost := [name for name in ("city", "region")[: 1 + grouped] if name not in places]:
        return [f"places: column '{name}' is missing: {_or_rename(name, places)}" for name in lost]
    twice = places.loc[places["city"].duplicated(), "city"].unique()
    return [f"places: city '{city}' appears twice: keep one row" for city in twice if city in set(units)]


def of_year(year, known: Iterable | None = None) -> tuple[int | None, list[str]]:
    """The year as a whole number (None stays), and why it is none or not among the years `known`."""
    if year is None:
        return None, []
    value = int(year) if isinstance(year, str) and year.strip().isdecimal() else year
    real = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    if not real or not float(value).is_integer():
        return None, [f"year = {year!r} is not a year: type a whole number such as 2021"]
    value, known = int(float(value)), None if known is None else list(known)
    if known is not None and value not in known:
        return value, [f"the panel has no year {value}: it has {', '.join(map(str, known))}"]
    return value, []


def several(value) -> list | None:
    """One value or several as a list (None stays): a text is one."""
    single = isinstance(value, str) or not isinstance(value, Iterable)
    return None if value is None else [value] if single else list(value)


def number(weight: float | str) -> float:
    """A weight or judgement as written: 0.25, "0.25" or "1/4"."""
    return float(Fraction(weight)) if isinstance(weight, str) else float(weight)


def lookalike(name, choices: Iterable) -> str | None:
    """The one among `choices` that differs from `name` in case, width or blanks only."""
    others = {_folded(other): other for other in choices}
    return next(
        (others[word] for word in (_folded(name), *ALIKE.get(_folded(name), ())) if word in others), None
    )


def _folded(name) -> str:
    from unicodedata import normalize

    return "".join(normalize("NFKC", f"{name}").casefold().split())


def _of_draws(draws) -> list[str]:
    if draws is None:
        return []
    if not isinstance(draws, pd.DataFrame):
        return [
            f"draws are {_kind(draws)}: give a frame with unit, year, indicator and a column for each draw"
        ]
    return [
        f"draws: column '{name}' is missing: {_or_rename(name, draws)}" for name in KEY if name not in draws
    ]


def _or_rename(name: str, table: pd.DataFrame) -> str:
    """What to do about a missing column: rename the one meant, where there is one, or add it."""
    meant = lookalike(name, table.columns)
    return "add it" if meant is None else f"rename '{meant}'"


def _is_pair(value) -> bool:
    return isinstance(value, list | tuple | np.ndarray) and len(value) == 2


def _kind(value) -> str:
    """What a value is, in words."""
    name = type(value).__name__
    known = {
        "NoneType": "missing (None)",
        "str": "a text",
        "DataFrame": "a DataFrame",
        "Series": "a Series",
        "ndarray": "an array",
    }
    return known.get(name, f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}")


def _name(value) -> str:
    return type(value).__name__.lower()


def _listed(names: Iterable) -> str:
    return ", ".join(f"'{name}'" for name in names)
