"""The costly results of an edition, computed once and read by notebooks, pages and workbook.

    known = fire.results.of(ed)
    known.intervals           # unit, year, node, rank, rank_median, rank_low, rank_high, p_top10, group
    known.scores              # every score, rank and growth with its status and its range (`known.results`)
    known.cities              # the same under each draw of what is not known (`known.Draws`)

Frames are stored as Parquet in `build/<edition>/results/` under a key made of everything they follow from: the
specification, the panel, posts, places, the declared alternatives and the code of `fire.index` and `fire.analysis`.
A frame whose key is not that of today is computed anew, so a changed number never meets an old interval.
"""

import hashlib
import json
import multiprocessing
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fire.analysis import audit, changes, known, regions, robustness, sensitivity, stored, typology
from fire.analysis.alternatives import STANDARD
from fire.analysis.variants import variants
from fire.sources import printed

CODE = stored.code(*(Path(__file__).parents[1] / room for room in ("index", "analysis")))
SOBOL_DRAWS = 2048
DRAWN = ("drawn_scores", "drawn_means")


class Results:
    """Stored results of one Index; each frame is an attribute (the names in FRAMES).

    `printed`, `feasible`: what a report printed and what that leaves (`sources.printed.values`, `.feasible`).
    """

    def __init__(self, index, folder: Path | str, printed=None, feasible=None):
        self.index, self.folder = index, Path(folder)
        self.printed, self.feasible = printed, feasible

    @cached_property
    def cities(self) -> known.Draws:
        """The scores of the units, and those under each draw of what is not known, printed digits where printed."""
        return self._draws(self.scores, "drawn_scores")

    @cached_property
    def regions(self) -> known.Draws:
        """The means of the regions, and those under each draw."""
        return self._draws(self.means, "drawn_means")

    def _draws(self, frame: pd.DataFrame, name: str) -> known.Draws:
        if self.index.draws is None:
            return known.Draws(frame, [frame])
        moving, rows = getattr(self, name), len(frame)
        draws = len(moving) // rows
        drawn = frame.take(np.tile(range(rows), draws)).reset_index(drop=True).assign(**moving)
        return known.Draws(frame, known.numbered(drawn, [rows] * draws), self.index.softness)

    @cached_property
    def city_draws(self) -> list[pd.DataFrame]:
        """The scores of the units under each draw, as computed."""
        return [one.scores() for one in self.index.completions]

    @cached_property
    def region_draws(self) -> list[pd.DataFrame]:
        """The means of the regions under each draw, as computed."""
        return regions.means_of(self.index.completions)

    @cached_property
    def variants(self) -> dict:
        """Normalised indicators under every declared choice of methods and every draw (`variants.variants`)."""
        return variants(self.index)

    @cached_property
    def key(self) -> str:
        """SHA-256 of all that the results follow from."""
        index, parts = self.index, hashlib.sha256()
        parts.update(json.dumps(index.spec.table, sort_keys=True, ensure_ascii=False, default=str).encode())
        told = (self.printed, self.feasible)
        if index.draws is not None:
            parts.update(pd.util.hash_pandas_object(index.draws).to_numpy().tobytes())
        for frame in (index.panel, index.frozen, index.places, index.groups, *told):
            text = "" if frame is None else frame.to_csv(float_format="%.17g")
            parts.update(text.encode())
        parts.update(f"{index.year}".encode())
        parts.update(CODE)
        for path in (STANDARD, audit.THRESHOLDS, typology.PATH):
            parts.update(path.read_bytes())
        return parts.hexdigest()

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name not in FRAMES:
            raise AttributeError(f"no result '{name}': there are {', '.join(FRAMES)}")
        if not self.stored(name):
            for made, frame in FRAMES[name](self).items():
                stored.write(self.folder / f"{made}.parquet", frame, self.key)
        self.__dict__[name] = stored.read(self.folder / f"{name}.parquet")
        return self.__dict__[name]

    def stored(self, name: str) -> bool:
        """Whether a frame is stored as of now."""
        return stored.key_of(self.folder / f"{name}.parquet") == self.key


_held: dict[Path, Results] = {}  # by folder: results that are read already


def of(ed) -> Results:
    """The stored results of an edition."""
    folder = ed.stored / "results"
    if folder in _held and _held[folder].index is ed.index:
        return _held[folder]
    return Results(ed.index, folder, printed.values(ed), printed.feasible(ed))


def hold(ed) -> None:
    """Read what is stored of an edition, and let `of` give it again, in this process and those forked from it."""
    found = of(ed)
    for name in FRAMES:
        if found.stored(name):
            getattr(found, name)
    _held[found.folder] = found


def ensure(ed) -> None:
    """Compute whatever is not stored as of now, in two processes where they can fork."""
    results = of(ed)
    if all(results.stored(name) for name in FRAMES):
        return
    if sys.platform != "linux":  # where a fork is safe
        return _compute(results, list(FRAMES))
    end = (signal.SIGINT, signal.SIG_DFL)  # an interrupt ends these at once and without a word
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(2, context, initializer=signal.signal, initargs=end) as pool:
        drawn = pool.submit(_compute, results, ["intervals", "region_intervals", "scores", "means", *DRAWN])
        pool.submit(_compute, results, ["sobol", "attribution"]).result()
        drawn.result()  # what follows reads these
        for job in [pool.submit(_compute, results, [name]) for name in ("audit", "types")]:
            job.result()
    _compute(results, list(FRAMES))


def _compute(results: Results, names: list) -> None:
    """Let some frames be stored."""
    for name in names:
        getattr(results, name)


# One computation each -------------------------------------------------------------------------------------------------


def _intervals(results: Results) -> dict:
    """Rank and growth intervals of the root and the pillars, and P(unit ahead of other) for the root."""
    runs = robustness.by_node(results.index, found=results.variants, progress=False)
    return {
        "intervals": pd.concat([one.intervals for one in runs.values()], ignore_index=True),
        "growth": pd.concat([one.growth for one in runs.values()], ignore_index=True),
        "pairs": runs[results.index.spec.root].pairs,
    }


def _regional_intervals(results: Results) -> dict:
    index = results.index
    run = robustness.run(index, groups=index.groups, top=3, found=results.variants, progress=False)
    return {"region_intervals": run.intervals, "region_growth": run.growth}


def _attribution(results: Results) -> dict:
    index = results.index
    empty = {
        "attribution": pd.DataFrame(columns=["unit", "factor", "indicator", "points"]),
        "rivals": pd.DataFrame(columns=["unit", "rival", "places", "own", "theirs"]),
    }
    if index.before is None:
        return empty
    return {
        "attribution": changes.attribution(index, index.before, index.year),
        "rivals": changes.rivals(changes.State(index, index.before), changes.State(index, index.year)),
    }


def _scores(results: Results) -> dict:
    index, told = results.index, (results.printed, results.feasible, results.intervals, results.growth)
    return {"scores": known.results(index.scores(), results.city_draws, index, *told)}


def _means(results: Results) -> dict:
    index, ends = results.index, (results.region_intervals, results.region_growth)
    told = (results.printed, results.feasible, *ends)
    return {"means": known.results(regions.means(index), results.region_draws, index, *told)}


def _drawn(frame: pd.DataFrame, each: list[pd.DataFrame]) -> pd.DataFrame:
    """The MEASURES of `frame` under each draw, one draw below the other in the order of its rows."""
    return pd.concat([known.under(one, frame)[list(known.MEASURES)] for one in each], ignore_index=True)


def _types(results: Results) -> dict:
    index = results.index
    return {"types": typology.judged(typology.stability(index), results.means, index.year)}


FRAMES = {
    "scores": _scores,
    "means": _means,
    "drawn_scores": lambda results: {"drawn_scores": _drawn(results.scores, results.city_draws)},
    "drawn_means": lambda results: {"drawn_means": _drawn(results.means, results.region_draws)},
    "types": _types,
    **dict.fromkeys(("intervals", "growth", "pairs"), _intervals),
    **dict.fromkeys(("region_intervals", "region_growth"), _regional_intervals),
    **dict.fromkeys(("attribution", "rivals"), _attribution),
    "audit": lambda results: {"audit": audit.run(results.index, intervals=results.intervals)},
    "sobol": lambda results: {"sobol": sensitivity.run(results.index, draws=SOBOL_DRAWS, units=False)},
}
