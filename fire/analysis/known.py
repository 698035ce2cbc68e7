"""How well a result is known: the status of every value, its range over the draws, and whether a finding holds.

A value is as soft as the softest datum under it, unless the report printed it (then the printed digits stand) or the
printed facts leave it less than half a last digit (`implied`). Ranges are the 5th to the 95th percentile over the draws
of what is not known; with one value a draw from a proper posterior, between-draw spread is all of the uncertainty
(Rubin 1987, ch. 3: the within-draw variance of a score computed from a complete panel is zero). Ranks and growth of the root and
the pillars range over draws × method alternatives (`robustness`).

A finding is a pure function of the scores of one draw. `agreed` evaluates it on every draw; what is said of it is printed
only where it holds in SURE of them (`fire.report.exhibits`).
"""

import json
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from fire import codebook
from fire.errors import refuse
from fire.index import draws as completions
from fire.index.draws import HIGH, LOW, WHOLE
from fire.index.panel import SOFT, STATUSES
from fire.index.score import MEASURES

SURE = 0.95  # share of the draws in which a finding must hold
ENOUGH = 2 / 3  # share of weight that must be known behind a statement on a named unit
ENDS = tuple(codebook.ENDS)  # what stands beside the column of a value: its status, and the ends of its range
SOFT_DIGITS, FINEST = 1, 3  # decimals of a range, and most where its ends need them to differ
DECIMALS = {"score": 3, "growth_pct": 2, "rank": 0, "rank_change": 0}
KEYS = ["unit", "year", "node"]
DRAW = "_draw"  # column that tells several draws in one frame apart


def apart(ends, digits: int) -> int:
    """Decimals of a range as shown: SOFT_DIGITS at most, more (up to FINEST) where both ends would show the same; `digits`
    where they do so even then.

    >>> apart((6.1, 7.4), 3), apart((6.871, 6.894), 3), apart((0.2, 0.4), 0), apart((2, 2), 0), apart((6.5, 6.5), 3)
    (1, 2, 1, 0, 3)
    """
    told = [float(end) for end in ends if pd.notna(end)]
    for decimals in range(min(digits, SOFT_DIGITS), FINEST + 1):
        if len({round(end, decimals) for end in told}) > 1:
            return decimals
    return digits


# Status and range -----------------------------------------------------------------------------------------------------


def results(
    frame: pd.DataFrame,
    each: list[pd.DataFrame],
    index,
    printed: pd.DataFrame | None = None,
    feasible: pd.DataFrame | None = None,
    intervals: pd.DataFrame | None = None,
    growth: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """A scores frame (of units or regions) that says of each value how well it is known.

    `frame`: unit, year, node, score, rank, growth_pct, rank_change, share_<status>; `each`: the same under each draw, in any
    order of rows; `index`: the Index they follow from. `printed` (unit, year, node, measure, value) and `feasible` (…, measure, low, high): see
    `sources.printed`. `intervals` (unit, year, node, rank_low, rank_high) and `growth` (…, growth_low, growth_high): ranges
    over draws × alternatives, where there are any.

    Adds for each of MEASURES the columns `<measure>_status`, `<measure>_low`, `<measure>_high`, and
    `known_share`: the share of the weight below a node whose indicators are known.
    """
    frame = frame.reset_index(drop=True)
    frame = _with_ranges(frame, each)
    for table, measure, ends in ((intervals, "rank", "rank"), (growth, "growth_pct", "growth")):
        if table is not None:
            frame = _with_ends(frame, table, measure, f"{ends}_low", f"{ends}_high")
    frame = _with_status(frame)
    if feasible is not None and len(feasible):
        frame = _with_implied(frame, feasible)
    if printed is not None and len(printed):
        frame = _with_printed(frame, printed)
    return frame.assign(known_share=_known_share(frame, index))


def _with_ranges(frame: pd.DataFrame, each: list[pd.DataFrame]) -> pd.DataFrame:
    """Add low and high of every measure over the draws."""
    keys = pd.MultiIndex.from_frame(frame[KEYS])
    aligned = [one.set_index(KEYS).reindex(keys) for one in each] if len(each) > 1 else []
    for measure in MEASURES:
        if not aligned:
            ends = [frame[measure]] * 2
        else:
            values = np.array([one[measure].to_numpy(dtype=float, na_value=np.nan) for one in aligned])
            ends = completions.ends(values, measure in WHOLE)
        dtype = "Int64" if measure in WHOLE else float
        for name, end in zip(("low", "high"), ends, strict=True):
            frame[f"{measure}_{name}"] = pd.array(end, dtype=dtype)
    return frame


def _with_ends(frame: pd.DataFrame, table: pd.DataFrame, measure: str, low: str, high: str) -> pd.DataFrame:
    """Replace the ends of one measure by those of another table, where it has them."""
    keys = pd.MultiIndex.from_frame(frame[KEYS])
    other = table.set_index(KEYS)[[low, high]].reindex(keys)
    there = other.notna().all(axis=1).to_numpy()
    for name, column in ((f"{measure}_low", low), (f"{measure}_high", high)):
        values = other[column].to_numpy(dtype=float, na_value=np.nan)
        frame.loc[there, name] = values[there].astype(int) if measure == "rank" else values[there]
    return frame


def softest(frame: pd.DataFrame) -> np.ndarray:
    """Position in STATUSES of the softest status with a share in each row; -1 where there is none."""
    code = np.full(len(frame), -1)
    for place, name in enumerate(STATUSES):
        if f"share_{name}" in frame:
            code[frame[f"share_{name}"].gt(1e-12).to_numpy()] = place
    return code


def _with_status(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the status of score, rank and growth as it follows from the data: a rank is as soft as the softest unit that it
    is taken among, change as the softer of its two years."""
    code = pd.Series(softest(frame), index=frame.index)
    groups = [frame["year"], frame["node"].astype(str)]
    ago = code.set_axis(pd.MultiIndex.from_frame(frame[KEYS].assign(year=frame["year"] + 1)))
    before = ago.reindex(pd.MultiIndex.from_frame(frame[KEYS])).to_numpy()
    change = pd.Series(np.fmax(code, before), index=frame.index)
    codes = {
        "score": code,
        "rank": code.groupby(groups).transform("max"),
        "growth_pct": change,
        "rank_change": change.groupby(groups).transform("max"),
    }
    names = np.array([*STATUSES, None], dtype=object)
    for measure, softness in codes.items():
        status = pd.Series(names[softness.fillna(-1).astype(int)], index=frame.index, dtype=object)
        frame[f"{measure}_status"] = status.where(frame[measure].notna(), None)
    return frame


def _with_implied(frame: pd.DataFrame, feasible: pd.DataFrame) -> pd.DataFrame:
    """Mark what the printed facts pin to less than half a last digit either way: its range is what they leave; that of a rank
    stays what other methods would give."""
    for measure, table in feasible.groupby("measure"):
        ends = table.drop_duplicates(KEYS).set_index(KEYS)[["low", "high"]]
        ends = ends.reindex(pd.MultiIndex.from_frame(frame[KEYS])).to_numpy(float)
        soft = frame[f"{measure}_status"].isin(SOFT).to_numpy()
        pinned = soft & (ends[:, 1] - ends[:, 0] < 10.0 ** -DECIMALS[measure])
        frame.loc[pinned, f"{measure}_status"] = "implied"
        for place, name in enumerate(("low", "high")) if measure != "rank" else ():
            frame.loc[pinned, f"{measure}_{name}"] = ends[pinned, place].round(9)
    return frame


def _with_printed(frame: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Put the printed digits where the report printed a value."""
    for measure, table in printed.groupby("measure"):
        values = table.drop_duplicates(KEYS).set_index(KEYS)["value"]
        values = values.reindex(pd.MultiIndex.from_frame(frame[KEYS])).to_numpy(float)
        told = ~np.isnan(values)
        frame.loc[told, measure] = values[told].astype(int) if measure in WHOLE else values[told]
        if measure in MEASURES:
            frame.loc[told, f"{measure}_status"] = "printed"
            for end in ("low", "high") if measure != "rank" else ():
                frame.loc[told, f"{measure}_{end}"] = values[told]
    return frame


def under(draw: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` (as of `results`) with the MEASURES of one draw; printed values stay."""
    told = [f"{measure}_status" for measure in MEASURES]
    one = draw.set_index(KEYS).reindex(pd.MultiIndex.from_frame(frame[KEYS]))
    values = {}
    for measure, status in zip(MEASURES, told, strict=True):
        kept = frame[status].eq("printed")
        values[measure] = frame[measure].where(kept, one[measure].set_axis(frame.index))
    return frame.assign(**values)


def _known_share(frame: pd.DataFrame, index) -> np.ndarray:
    """Share of the weight (as used) below each node whose indicators are known, in [0, 1]; of units for which a part does
    not exist, of what does."""
    known = (~frame["score_status"].isin(SOFT) & frame["score_status"].notna()).astype(float)
    keys = pd.MultiIndex.from_frame(frame[KEYS])
    table = pd.Series(known.to_numpy(), index=keys).unstack("node")
    weight = _weights_of(table.index, index)
    for node, children in reversed(index.spec.families.items()):
        used = weight[children].to_numpy()
        total = used.sum(axis=1)
        share = (table[children].to_numpy() * used).sum(axis=1)
        table[node] = np.divide(share, total, out=np.zeros(len(table)), where=total > 0)
    return table.stack().reindex(keys).to_numpy()


def _weights_of(rows: pd.MultiIndex, index) -> pd.DataFrame:
    """Weight of every node in its parent, as used, of the units (or regions) of some rows: those of their group where it
    has its own, and 0 for nodes that do not exist for it."""
    spec, groups = index.spec, {} if index.groups is None else index.groups
    own = rows.get_level_values("unit").map(lambda unit: groups.get(unit, unit))
    table = pd.DataFrame(np.tile(index.weights.to_numpy(float), (len(rows), 1)), rows, spec.nodes.index)
    for group, changed in spec.group_weights.items():
        for node, weight in changed.items():
            table.loc[own == group, node] = weight
    for node, rule in spec.rules.items():
        if rule["not_applicable"]:
            table.loc[own.isin(rule["not_applicable"]), node] = 0.0
    return table


# Disclosure -----------------------------------------------------------------------------------------------------------


def disclosed(frame: pd.DataFrame, scores: pd.DataFrame, node: str, year: int) -> pd.DataFrame:
    """The rows of a frame (column `unit`) about units of whose weight below `node` ENOUGH is known.

    `scores`: as of `results`. What is left out is told in `attrs["withheld"]`: node, withheld (how many units), of,
    known_pct (mean known weight of these), need_pct; the exhibit says so. Thin data give no strengths
    and weaknesses in the Global Innovation Index either (GII 2021, appendix I: economies' missing values).
    """
    now = scores[scores["node"].eq(node) & scores["year"].eq(year)].set_index("unit")["known_share"]
    share = frame["unit"].map(now)
    kept = share.ge(ENOUGH - 1e-9)
    shown = frame[kept.to_numpy()].reset_index(drop=True)
    shown.attrs = dict(frame.attrs)
    out = share[~kept].groupby(frame["unit"]).first()
    if len(out):
        shown.attrs["withheld"] = {
            "node": node,
            "withheld": len(out),
            "of": int(frame["unit"].nunique()),
            "known_pct": float(100 * out.fillna(0).mean()),
            "need_pct": 100 * ENOUGH,
        }
    return shown


def measured(scores: pd.DataFrame, nodes: list) -> list:
    """Those of `nodes` that tests may be made on: of every unit and year nothing drawn, simulated or assumed enters the score,
    and ENOUGH of the weight is known.

    `scores`: as of `results`. In the order of `nodes`, so that the first is the most that is known.
    """
    there = scores.dropna(subset="score")
    soft = there[[f"share_{name}" for name in SOFT if f"share_{name}" in there]].sum(axis=1).gt(1e-9)
    out = set(there.loc[soft | there["known_share"].lt(ENOUGH - 1e-9), "node"])
    return [node for node in nodes if node not in out]


# Findings -------------------------------------------------------------------------------------------------------------


class Draws:
    """A frame and the same frame under each draw; `then` and `over` take both one step further.

    `drawn`: a list of frames, or those of all draws below one another, in order, told apart by a first column DRAW
    (`stacked`). `status`: of what moves between the draws.

    >>> both = Draws(pd.DataFrame({"x": [1, 2]}), [pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [1, 3]})])
    >>> agreed(lambda frame: {"least": frame["x"].min(), "most": frame["x"].max()}, both)["least"]
    1
    """

    def __init__(self, frame: pd.DataFrame, drawn: list | pd.DataFrame, status: str = "simulated"):
        self.frame, self.drawn, self.status = frame, drawn, status

    @cached_property
    def each(self) -> list:
        """The frame of every draw."""
        if isinstance(self.drawn, list):
            return self.drawn
        draw, rest = self.drawn[DRAW].cat, self.drawn.drop(columns=DRAW)
        ends = np.searchsorted(draw.codes, range(len(draw.categories) + 1))
        return [rest.iloc[start:end].reset_index(drop=True) for start, end in pairwise(ends)]

    @cached_property
    def together(self) -> pd.DataFrame:
        """The frames of all draws below one another."""
        return stacked(self.drawn) if isinstance(self.drawn, list) else self.drawn

    def then(self, step, *args, **options) -> "Draws":
        """`step(frame, *args, **options)` of the frame and of that of every draw; arguments may be Draws themselves."""
        return Draws(
            step(self.frame, *_of(args, None), **options),
            [step(one, *_of(args, place), **options) for place, one in enumerate(self.each)],
            self.status,
        )

    def over(self, step, *args, **options) -> "Draws":
        """`then` of a step that keeps the draws apart itself (`by`): of the frame, and once of the draws below one another.

        Raises InputError where the step has not kept them apart: mixed their rows, or taken some of one draw and none of another.
        """
        frame = step(self.frame, *args, **options)
        if isinstance(self.drawn, list) and len(self.drawn) < 2:  # nothing moves
            return Draws(frame, [frame] * len(self.drawn), self.status)
        before = self.together
        drawn = step(before, *args, **options)
        told = (
            DRAW in drawn
            and drawn[DRAW].dtype == before[DRAW].dtype
            and drawn[DRAW].cat.codes.is_monotonic_increasing
        )
        lost = told and len(frame) > 0 and set(before[DRAW]) - set(drawn[DRAW])
        name = getattr(step, "__name__", "step")
        refuse("draws", [] if told and not lost else [f"{name} mixes the draws: use then({name}), not over"])
        return Draws(frame, drawn, self.status)


def stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Frames of the same columns and categories below one another, with a first column DRAW: the place of each in the list."""
    return numbered(pd.concat(frames, ignore_index=True), [len(one) for one in frames])


def numbered(found: pd.DataFrame, rows: list[int]) -> pd.DataFrame:
    """A frame of several draws with the column DRAW in front; `rows`: how many each draw has, in order."""
    draws = range(len(rows))
    found.insert(0, DRAW, pd.Categorical.from_codes(np.repeat(draws, rows), draws))
    return found


def by(frame: pd.DataFrame, *keys: str) -> list[str]:
    """Keys of rows, after DRAW where the frame has several draws."""
    return [DRAW, *keys] if DRAW in frame else [*keys]


def _of(args, place: int | None) -> list:
    """Arguments with Draws replaced by the frame of one draw (None: the main one)."""
    return [
        one if not isinstance(one, Draws) else one.frame if place is None else one.each[place] for one in args
    ]


def _tried(finding, args, options: dict) -> tuple:
    """A finding on the main frames, and on those of every draw (on the main ones alone where there is one draw)."""
    count = max((len(one.each) for one in args if isinstance(one, Draws)), default=1)
    main = finding(*_of(args, None), **options)
    if count == 1:
        return main, [main]
    return main, [finding(*_of(args, place), **options) for place in range(count)]


def agreed(finding, *args, **options) -> dict:
    """The values of a finding with what the draws make of them.

    `finding(*args, **options)` gives a dictionary; arguments that are Draws are taken draw by draw. A number that moves
    between draws becomes a range {"centre", "low", "high"} (5th to 95th percentile); of other values the most frequent combination
    is kept, and `_draws` lists the others with how often each comes, so that a sentence can be tried on all of them.
    """
    main, found = _tried(finding, args, options)
    if len(found) == 1:
        return main
    ranges = {key: _range([one.get(key) for one in found], main.get(key)) for key in main}
    moving = {key: value for key, value in ranges.items() if value is not None}
    rest = [
        json.dumps({k: v for k, v in one.items() if k not in moving}, default=_plain, sort_keys=True)
        for one in found
    ]
    counts = pd.Series(rest).value_counts()
    variants = [json.loads(text) for text in counts.index]
    return {
        **variants[0],
        **moving,
        "_draws": [[int(n), one] for n, one in zip(counts, variants, strict=True)],
    }


def lasting(finding, *args, **options) -> list:
    """The items of a list that stand in it in SURE of the draws, in the order of the main one: `finding(*args, **options)`
    gives the list; arguments that are Draws are taken draw by draw."""
    main, found = _tried(finding, args, options)
    return [item for item in main if sum(item in items for items in found) >= SURE * len(found)]


def ranged(both: Draws, keys: list) -> pd.DataFrame:
    """A frame with the range of every number over the draws, rows matched by `keys`: `<column>_status` (that of the draws
    where it moves, else none), `<column>_low`, `<column>_high`; of other columns only what stands in SURE of the draws. The frame
    itself where there is one draw."""
    frame = both.frame.reset_index(drop=True)
    if len(both.each) < 2:
        return frame
    rows, found, drawn = pd.MultiIndex.from_frame(frame[keys]), frame[keys].copy(), both.together
    twice = [rows.duplicated().any(), drawn.duplicated([DRAW, *keys]).any()]
    refuse("draws", [f"{', '.join(keys)} do not tell the rows apart: name further keys"] * any(twice))
    row = rows.get_indexer(pd.MultiIndex.from_frame(drawn[keys]))
    there, draw = row >= 0, drawn[DRAW].cat.codes.to_numpy()
    for column in frame.columns.difference(keys, sort=False):
        number = pd.api.types.is_numeric_dtype(frame[column])
        cells = np.full((len(both.each), len(frame)), np.nan, dtype=float if number else object)
        cells[draw[there], row[there]] = drawn[column].to_numpy(cells.dtype, na_value=np.nan)[there]
        if not number:
            same = (cells == frame[column].to_numpy(object, na_value=np.nan)).mean(axis=0)
            found[column] = frame[column].where(same >= SURE)
            continue
        found[column] = frame[column]
        cells = pd.DataFrame(cells)
        moves = cells.max().sub(cells.min()).gt(1e-9)
        if moves.any():
            found[f"{column}_status"] = moves.map({True: both.status, False: None})
            found[f"{column}_low"], found[f"{column}_high"] = (cells.quantile(end) for end in (LOW, HIGH))
    found.attrs = frame.attrs
    return found


def _range(values: list, centre) -> dict | None:
    """A range for a real number that differs between draws; None for anything else."""
    if not all(isinstance(one, (float, np.floating)) for one in values):
        return None
    numbers = np.array(values, dtype=float)
    if np.isnan(numbers).any() or np.ptp(numbers) <= 1e-9:
        return None
    low, high = np.quantile(numbers, [LOW, HIGH])
    return {
        "centre": float(centre) if isinstance(centre, (float, np.floating)) else float(numbers.mean()),
        "low": float(low),
        "high": float(high),
    }


def _plain(value):
    """NumPy and pandas values as JSON has them."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, pd.DataFrame):
        return value.to_dict("records")
    if isinstance(value, (pd.Series, pd.Index, np.ndarray)):
        return list(value)
    return None if value is pd.NA else str(value)
