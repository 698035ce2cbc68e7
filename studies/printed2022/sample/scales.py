"""Raw values from scores and back, for the indicators whose raw values nobody outside the institute has."""

import numpy as np
import pandas as pd

from fire import files
from fire.errors import refuse
from fire.index import transforms
from studies.printed2022.published import BASE, FOLDER

SIZES = FOLDER / "sizes.csv"
DIGITS = 6  # significant ones of a raw value


class Scale:
    """One indicator on a line between its two posts."""

    def __init__(self, spec, leaf: str, low: float, high: float):
        self.kind, self.ends = transforms.kind_of(spec.rules[leaf]), spec.method["scale"]
        self.low, self.high = (float(transforms.forward(post, self.kind)) for post in (low, high))

    @property
    def slope(self) -> float:
        """Units of the transformed scale in one point of the score."""
        return (self.high - self.low) / (self.ends[1] - self.ends[0])

    def score(self, raw):
        """The score of a raw value."""
        return self.ends[0] + (transforms.forward(raw, self.kind) - self.low) / self.slope

    def raw(self, score):
        """The raw value that gives a score."""
        return transforms.back(self.low + (np.asarray(score) - self.ends[0]) * self.slope, self.kind)

    def rounded(self, score):
        """The raw value that gives a score, to six significant digits, as single-precision numbers."""
        raw = self.raw(score)
        size = 10.0 ** (np.floor(np.log10(np.maximum(np.abs(raw), 1e-9))) + 1 - DIGITS)
        return (np.round(raw / size) * size).astype(np.float32)


def read(spec, known: pd.DataFrame, path=SIZES) -> dict[str, Scale]:
    """The scale of every indicator: posts of the specification where it has them, those of data/sizes.csv where the raw
    values are unknown, else the smallest and largest known value of the base year.

    Raises InputError for a post that is no number and for posts the wrong way round.
    """
    table, faults = files.read_csv(path), []
    for name in ("low", "high"):
        table[name], wrong = files.to_number(table[name])
        faults += wrong
    turned = table.index[table["high"] <= table["low"]]
    refuse(f"{path}", faults + [f"row {row + 2}, column 'high': it must be above 'low'" for row in turned])
    base = known[known["year"].eq(BASE)].groupby("indicator")["value"]
    posts = pd.concat(
        [base.agg(["min", "max"]).set_axis(["low", "high"], axis=1), table.set_index("indicator")]
    )
    own = {leaf: spec.rules[leaf]["posts"] for leaf in spec.indicators}
    return {
        leaf: Scale(spec, leaf, *(own[leaf] if isinstance(own[leaf], (list, tuple)) else posts.loc[leaf]))
        for leaf in spec.indicators
    }


def observed(known: pd.DataFrame, scales: dict[str, Scale]) -> pd.DataFrame:
    """The known cells with a column `score`."""
    score = [float(scales[row.indicator].score(row.value)) for row in known.itertuples()]
    return known.assign(score=score)
