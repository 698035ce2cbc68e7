"""The draws: raw values of every unknown cell, a hundred times, under each of which the engine gives every printed number.

Scores of unknown cells are drawn from a prior estimated from the printed cities (`prior`) and moved onto the printed facts,
orders and ranks and onto what any count obeys (`constraints`, `draws`); raw values follow by the posts of data/sizes.csv,
which are invented. What a draw reproduces it was solved from: that is a check of the solver and of the formulas, no
evidence for the values.

    python -m studies.printed2022.sample.sample        # writes data/sample/draws-2022.parquet and nothing else
"""

from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fire import files
from fire.errors import refuse
from fire.index import panel as panels
from fire.index import spec as specs
from fire.index.rounding import half_digit
from fire.sources import statistics
from studies.printed2022 import errata, known, published
from studies.printed2022.sample import calibrate, choices, prior, scales
from studies.printed2022.sample.constraints import System, add_claims, add_facts, add_leaders, add_rules
from studies.printed2022.sample.draws import Problem, Solver, draw

SEED = 2022
DRAWS = 100
PROCESSES = 2
PATH = files.DATA / "sample" / "draws-2022.parquet"


def treated(facts: pd.DataFrame, treatment: pd.DataFrame) -> pd.DataFrame:
    """Facts that may constrain, with `tolerance`: half a unit of the last printed digit unless a rule widens it."""
    out = treatment.loc[treatment["treatment"].isin(["drop", "hold out"]), "id"]
    wide = treatment[treatment["treatment"].eq("widen")].set_index("id")["tolerance"]
    return facts[~facts["id"].isin(out)].assign(
        tolerance=lambda kept: kept["id"].map(wide).fillna(half_digit(kept["decimals"].astype(int)))
    )


@cache
def material() -> dict:
    """What the rows rest on: spec, places, scales, observed cells, facts with tolerances, claims, ranks of the edition
    before."""
    spec = specs.load(known.SPECIFICATION)
    cells = panels.read(known.PATH, whole=False)
    lines, treatment = scales.read(spec, cells), errata.rules()
    claims = published.load("index_claims")
    return {
        "spec": spec,
        "places": statistics.places(),
        "scales": lines,
        "observed": scales.observed(cells, lines),
        "facts": treated(published.load("index_scores"), treatment),
        "claims": claims[~claims["id"].isin(treatment.loc[treatment["treatment"].eq("drop"), "id"])],
        "previous": published.load("previous_edition"),
    }


def system(facts: pd.DataFrame | None = None, sized: bool = True) -> System:
    """All rows on the unknown scores; other `facts` than those printed, and (not `sized`) without the rows that rest on
    the invented sizes. Raises InputError when they contradict each other."""
    use = material()
    facts = use["facts"] if facts is None else facts
    found = System(use["spec"], use["places"], use["observed"], (published.BASE, published.YEAR))
    add_facts(found, facts)
    add_rules(found, use["scales"], sized)
    add_claims(found, use["claims"], facts)
    add_leaders(found, choices.leaders(facts))
    calibrate.check(found)
    return found


@cache
def problem() -> Problem:
    """The draws of the whole sample: all rows, the prior and the seed."""
    return problem_of(material()["facts"], standard())


def problem_of(facts: pd.DataFrame, prior: tuple) -> Problem:
    """The draws under these facts and this prior (of `fitted`)."""
    rows, (components, kept, _) = system(facts), prior
    return Problem(rows, Solver(rows, components, kept), facts, material()["previous"], SEED)


@cache
def standard() -> tuple:
    """The prior under all facts."""
    return fitted(material()["facts"])


def fitted(facts: pd.DataFrame):
    """The prior under these facts: its components, the share kept, and the frame of `prior_estimates`."""
    use = material()
    factors = use["observed"]["indicator"].isin(use["spec"].leaves(use["spec"].pillars[0]))
    bare = System(use["spec"], use["places"], use["observed"][factors], (published.BASE, published.YEAR))
    frame = prior.cells(bare)
    return prior.estimate(frame, *prior.evidence(bare, frame, facts, use["observed"]))


def prior_estimates() -> pd.DataFrame:
    """What the prior of the draws was estimated to be: component, estimate (a standard deviation in points; of `kept` a
    share), low and high (one standard error either way), n (groups with evidence; of `kept` facts and known cells)."""
    return standard()[2]


def raw(number: int) -> np.ndarray:
    """Raw values of the unknown cells in one draw, in the order of the cells. Raises InputError when rounding them breaks
    a row."""
    whole = problem()
    rows, lines = whole.system, material()["scales"]
    scores = draw(whole, number)[: len(rows.cells)]
    leaf = rows.cells.get_level_values("indicator")
    values, back = np.empty(len(scores), np.float32), np.empty(len(scores))
    for name in rows.leaves:
        mine = leaf == name
        values[mine] = lines[name].rounded(scores[mine])
        back[mine] = lines[name].score(values[mine].astype(float))
    refuse(f"draw {number}", [f"rounding breaks {id}: widen data/sizes.csv" for id in broken(rows, back)])
    return values


def broken(rows: System, scores: np.ndarray) -> list[str]:
    """Ids of the rows that scores of the cells (a column for each set of scores) do not satisfy."""
    matrix, low, high, _ = rows.table()
    got = (matrix @ rows.filled(scores)).reshape(len(low), -1)
    missed = ((got < low[:, None] - 1e-9) | (got > high[:, None] + 1e-9)).any(axis=1)
    return list(dict.fromkeys(rows.rows[place].id for place in np.flatnonzero(missed)))


def build(numbers) -> pd.DataFrame:
    """Draws by number: unit, year, indicator and a column each, raw values of the cells that data/panel-2022.csv lacks."""
    numbers, whole = list(numbers), problem()
    with get_context("fork").Pool(min(PROCESSES, len(numbers))) as pool:
        columns = pool.map(raw, numbers)
    frame = whole.system.cells.to_frame(index=False)
    return pd.concat([frame, pd.DataFrame(dict(zip(map(name, numbers), columns, strict=True)))], axis=1)


def name(number: int) -> str:
    """Column of a draw.

    >>> name(7)
    'd007'
    """
    return f"d{number:03d}"


def make(_ed=None, path: Path = PATH) -> None:
    """Write the draws to `path`, whatever the edition. Raises InputError for a file that is not the sample's: draws of your
    own are never written over."""
    refuse(
        f"{path}",
        ["this is no sample: the sample is written to data/sample/draws-2022.parquet only"]
        * (Path(path).exists() and Path(path).resolve() != PATH),
    )
    table = pa.Table.from_pandas(build(range(1, DRAWS + 1)), preserve_index=False)
    with files.atomic_path(path) as part:
        pq.write_table(table.replace_schema_metadata({"status": "simulated"}), part, compression="zstd")


if __name__ == "__main__":
    make()
