"""Indices as COINr describes them: the tables `iMeta` (one row a node, group or denominator) and `iData` (one row a unit).

Becker and others (2022, COINr: An R package for developing composite indicators, Journal of Open Source Software 7(78),
4567); the columns are those of its `new_coin`, `n_goalposts`, `n_dist2targ`, `n_minmax` and `n_zscore`.

    spec, panel = from_coinr(imeta, idata)
    Index(spec, panel, groups=groups(imeta, idata, "GDP_group"))
"""

import pandas as pd

from fire.errors import refuse
from fire.index import arguments
from fire.index import panel as panels
from fire.index import spec as specs

NEED = ["iCode", "Parent", "Direction", "Weight", "Type"]
TYPES = ["Indicator", "Aggregate", "Group", "Denominator", "Other"]
NUMBERS = [
    "Direction",
    "Weight",
    "Target",
    "ScaleFactor",
    "goalpost_lower",
    "goalpost_upper",
    "goalpost_scale",
]
NUMBERS += ["minmax_lower", "minmax_upper", "zscore_mean", "zscore_sd"]
SWITCHES = {
    "goalpost_trunc2posts": True,
    "dist2targ_cap_max": False,
}  # and what COINr takes where they are empty
PAIRS = [("goalpost_lower", "goalpost_upper"), ("minmax_lower", "minmax_upper"), ("zscore_mean", "zscore_sd")]
WORDS = {
    "true": True,
    "t": True,
    "1": True,
    "1.0": True,
    "false": False,
    "f": False,
    "0": False,
    "0.0": False,
}


def from_coinr(imeta: pd.DataFrame, idata: pd.DataFrame | None = None, lang: str = "en", **choices):
    """A specification from a COINr `iMeta` table; with `iData` its panel too: `spec, panel = from_coinr(imeta, idata)`.

    The methods are COINr's defaults (min-max 0-100 within each year, z-scores with mean 0 and standard deviation 1,
    arithmetic means, weights rescaled among the children that are present); `choices` change them as in `Spec.vary`. Parameters of a normalisation in iMeta are read
    as COINr's `f_n_para = "use_iMeta"` reads them:

    - `goalpost_lower, goalpost_upper`: posts, and normalise = "goalposts" for that indicator unless `choices` say
      otherwise; `goalpost_scale` is the upper end of its scale (from 0), `goalpost_trunc2posts` holds scores in it
      (yes where it is empty);
    - `Target`: the target of normalise = "target"; `dist2targ_cap_max` then holds scores in the scale (no where empty);
    - `minmax_lower, minmax_upper`: scale of normalise = "minmax"; `zscore_mean, zscore_sd`: that of "zscore".

    `ScaleFactor` multiplies an indicator after its division by `Denominator` (1 where empty). Raises InputError with
    every fault of iMeta by row and column, and those of iData.
    """
    _refuse_faults(imeta, idata)
    meta = imeta.reset_index(drop=True)
    meta = meta.assign(**_numbers(meta))
    tree = meta[meta["Type"].isin(["Indicator", "Aggregate"])]
    total = tree.groupby("Parent")["Weight"].transform("sum")
    method = choices.pop("normalise", None)
    scale = [0.0, 1.0] if method == "zscore" else [0.0, 100.0]
    rows = [_node(row, total[position], method) for position, row in tree.iterrows()]
    named = [
        {"id": row["iCode"], "label": _label(row)}
        for _, row in meta[meta["Type"].eq("Denominator")].iterrows()
    ]
    root = next(row for row in rows if "parent" not in row)
    table = {
        "id": root["id"],
        "label": root["label"],
        "denominator": named,
        "node": rows,
        "method": {"missing": "none", "normalise": method or "minmax", "reference": "year", "scale": scale},
    }
    spec = specs.build(table, "iMeta", lang=lang)
    spec = spec.vary(**choices) if choices else spec
    return spec if idata is None else (spec, panels.from_wide(idata, spec, unit="uCode", year="Time"))


def groups(imeta: pd.DataFrame, idata: pd.DataFrame, code: str) -> pd.Series:
    """The group of each unit (index uCode) in one of the columns of `iData` that iMeta calls a Group.

    Raises InputError for another column and for a unit that changes its group over time.
    """
    known = list(imeta.loc[imeta["Type"].eq("Group"), "iCode"])
    refuse("iMeta", [] if code in known else [f"no Group '{code}'{specs.suggest(code, known)}"])
    refuse("iData", [f"column '{name}' is missing: add it" for name in ("uCode", code) if name not in idata])
    pairs = idata[["uCode", code]].dropna().drop_duplicates()
    twice = pairs.loc[pairs["uCode"].duplicated(), "uCode"].unique()
    refuse("iData", [f"'{unit}' is in more than one {code}: keep one" for unit in twice])
    return pairs.set_index("uCode")[code]


def _refuse_faults(imeta, idata) -> None:
    """InputError with everything that is wrong with iMeta."""
    faults = [
        f"{name} is a {type(table).__name__}: give a DataFrame"
        for name, table in (("iMeta", imeta), ("iData", idata))
        if not isinstance(table, pd.DataFrame) and (name == "iMeta" or table is not None)
    ]
    refuse("COINr", faults)
    if "iCode" not in imeta and idata is not None and "iCode" in idata:
        refuse("COINr", ["iMeta comes first, then iData: swap the two arguments"])
    refuse(
        "iMeta",
        [
            f"column '{name}' is missing: " + (f"rename '{meant}'" if meant else "add it")
            for name in NEED
            if name not in imeta
            for meant in [arguments.lookalike(name, imeta.columns)]
        ],
    )
    meta = imeta.reset_index(drop=True)
    tree = meta["Type"].isin(["Indicator", "Aggregate"])
    found = sorted([*_cell_faults(meta, tree), *_tree_faults(meta, tree)], key=lambda fault: fault[0])
    faults = [sentence for _, sentence in found]
    refuse(
        "iMeta", faults or ([] if tree.any() else ["no row of Type Indicator or Aggregate: add the index"])
    )


def _say(meta: pd.DataFrame, row: int, column: str, words: str) -> str:
    """ "LPI, row 1, column 'Weight': …" """
    return f"{meta.at[row, 'iCode']}, row {row + 1}, column '{column}': {words}"


def _numbers(meta: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns of numbers, missing where a cell is none."""
    return {name: pd.to_numeric(meta[name], errors="coerce") for name in NUMBERS if name in meta}


def _cell_faults(meta: pd.DataFrame, tree: pd.Series) -> list[tuple[int, str]]:
    """Cells that hold no number or no word that fits, with their row."""
    numbers, leaf, none = _numbers(meta), meta["Type"].eq("Indicator"), "empty: fill it in"
    direction, weight = numbers["Direction"], numbers["Weight"]
    found = [
        ("Type", ~meta["Type"].isin(TYPES), f"is not known: type one of {', '.join(TYPES)}"),
        ("Direction", leaf & direction.notna() & ~direction.isin([1, -1]), "is no direction: type 1 or -1"),
        ("Direction", leaf & meta["Direction"].isna(), none),
        ("Weight", tree & ((weight < 0) | weight.eq(float("inf"))), "is no weight: type zero or more"),
        ("Weight", tree & meta["Weight"].isna() & meta["Parent"].notna(), none),
    ]
    for name, column in numbers.items():
        found.append((name, tree & column.isna() & meta[name].notna(), "is not a number: correct it"))
    for name in [name for name in SWITCHES if name in meta]:
        bad = leaf & meta[name].notna() & meta[name].map(_switch).isna()
        found.append((name, bad, "is neither TRUE nor FALSE: type one of them"))
    for name in [name for name in ("goalpost_scale", "zscore_sd") if name in numbers]:
        found.append((name, leaf & (numbers[name] <= 0), "is not above zero: correct it"))
    for low, high in [pair for pair in PAIRS if set(pair) & set(numbers)]:
        ends = meta.reindex(columns=[low, high])
        for one, other in ((low, high), (high, low)):
            found.append(
                (
                    one,
                    leaf & ends[one].isna() & ends[other].notna(),
                    f"empty, and '{other}' is not: fill both",
                )
            )
        if {low, high} <= set(numbers) and high != "zscore_sd":
            found.append(
                (low, leaf & (numbers[low] >= numbers[high]), f"is not below '{high}': correct one of them")
            )
    faults = [
        (row, _say(meta, row, name, f"'{meta.at[row, name]}' {words}" if words[:5] != "empty" else words))
        for name, bad, words in found
        for row in meta.index[bad]
    ]
    return faults


def _tree_faults(meta: pd.DataFrame, tree: pd.Series) -> list[tuple[int, str]]:
    """Codes that are empty, doubled or unknown, and families without weight, with their row."""
    codes = meta["iCode"]
    faults: list[tuple[int, str]] = []
    for row in meta.index[codes.isna()]:
        faults.append((row, f"row {row + 1}, column 'iCode': empty: fill it in"))
    for row in meta.index[codes.duplicated() & codes.notna()]:
        faults.append((row, _say(meta, row, "iCode", "there is a row before it with this code: rename one")))
    known = {
        "Parent": (codes[tree], codes[meta["Type"].eq("Aggregate")], "Aggregate"),
        "Denominator": (*[codes[meta["Type"].eq("Denominator")]] * 2, "Denominator"),
    }
    for name, (there, fit, kind) in known.items():
        named = meta[name] if name in meta else pd.Series(index=meta.index, dtype=object)
        for row in meta.index[tree & named.notna() & ~named.isin(there)]:
            near = specs.suggest(named[row], fit.dropna()) if fit.notna().any() else ": add it"
            faults.append((row, _say(meta, row, name, f"no row of Type {kind} is '{named[row]}'{near}")))
    roots = meta.index[tree & meta["Parent"].isna()]
    if tree.any() and not len(roots):
        faults.append((len(meta), "every row has a Parent: leave it empty for the index itself"))
    top = next((row for row in roots if meta.at[row, "Type"] == "Aggregate"), None)
    for row in roots.difference([top]):
        faults.append((row, _say(meta, row, "Parent", "empty: only the index itself has none: fill it in")))
    weights = pd.to_numeric(meta["Weight"], errors="coerce")
    for parent, family in weights[tree].groupby(meta.loc[tree, "Parent"]):
        if family.eq(0).all():
            lost = f"the weights of all children of '{parent}' are zero: give one of them more"
            faults.append((len(meta), lost))
    return faults


def _switch(cell) -> bool | None:
    """TRUE or FALSE as R and spreadsheets write them; None for anything else."""
    return WORDS.get(f"{cell}".strip().casefold())


def _label(row: pd.Series) -> dict:
    name = row["iCode"] if pd.isna(row.get("iName")) else row["iName"]
    return {"zh": name, "en": name}


def _node(row: pd.Series, family: float, method: str | None) -> dict:
    """One row of iMeta as a node; `family` is the sum of the weights of its siblings, `method` the normalisation that was
    chosen for all (None: COINr's, and goalposts where there are some)."""
    node = {"id": row["iCode"], "label": _label(row)}
    if pd.notna(row["Parent"]):
        node |= {"parent": row["Parent"], "weight": float(row["Weight"] / family)}
    if row["Type"] != "Indicator":
        return node
    node["direction"] = int(row["Direction"])
    if pd.notna(row.get("Unit")):
        node["unit"] = {"zh": row["Unit"], "en": row["Unit"]}
    if pd.notna(row.get("Denominator")):
        factor = row.get("ScaleFactor")
        node |= {"denominator": row["Denominator"], "factor": 1.0 if pd.isna(factor) else float(factor)}
    if pd.notna(row.get("Target")):
        node["target"] = float(row["Target"])

    def switched(name: str) -> bool:
        return SWITCHES[name] if pd.isna(row.get(name)) else bool(_switch(row[name]))

    if method in (None, "goalposts") and pd.notna(row.get("goalpost_lower")):
        node |= {
            "normalise": "goalposts",
            "posts": [float(row["goalpost_lower"]), float(row["goalpost_upper"])],
        }
        node["range"] = "truncated" if switched("goalpost_trunc2posts") else "open"
        if pd.notna(row.get("goalpost_scale")):
            node["scale"] = [0.0, float(row["goalpost_scale"])]
    elif method in (None, "minmax") and pd.notna(row.get("minmax_lower")):
        node["scale"] = [float(row["minmax_lower"]), float(row["minmax_upper"])]
    elif method == "zscore" and pd.notna(row.get("zscore_mean")):
        node["scale"] = [float(row["zscore_mean"]), float(row["zscore_sd"])]
    elif method == "target" and switched("dist2targ_cap_max"):
        node["range"] = "truncated"
    return node
