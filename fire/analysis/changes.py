"""Edition against edition: which data, methods, scores and ranks moved, and why.

A state is what a ranking rests on: a specification, a panel, posts and the year that is ranked; `state(edition)` gives
that of an edition. Causes are switched on one after the other in the order of `CAUSES`, so their effects add up to the
whole change; another order would share interactions differently.
"""

from dataclasses import dataclass, replace

import pandas as pd

from fire.index import panel as panels
from fire.index import score
from fire.index.spec_faults import METHODS, OF_NODE

CAUSES = ["data", "roster", "posts", "weights", "method"]


@dataclass(frozen=True)
class State:
    spec: object
    panel: pd.DataFrame
    posts: pd.DataFrame
    year: int
    groups: pd.Series | None = None


def state(edition) -> State:
    return State(edition.settled(), edition.panel(), edition.posts(), edition.year, edition.groups())


def data(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Cells that differ between two panels: columns unit, year, indicator, change (added, removed, revised, status),
    value_old, value_new, change_pct, status_old, status_new."""
    both = old[[*panels.KEY, "value", "status"]].merge(
        new[[*panels.KEY, "value", "status"]],
        on=panels.KEY,
        how="outer",
        suffixes=("_old", "_new"),
        indicator=True,
    )
    before, after = both["value_old"], both["value_new"]
    same = before.eq(after) | before.isna() & after.isna()
    kind = both["_merge"].astype(str).map({"left_only": "removed", "right_only": "added"})
    kind = kind.mask(both["_merge"].eq("both") & ~same, "revised")
    kind = kind.mask(both["_merge"].eq("both") & same & both["status_old"].ne(both["status_new"]), "status")
    table = both.assign(change=kind, change_pct=100 * (after / before.where(before != 0) - 1)).drop(
        columns="_merge"
    )
    order = [*panels.KEY, "change", "value_old", "value_new", "change_pct", "status_old", "status_new"]
    return table.dropna(subset="change")[order].reset_index(drop=True)


def method(old, new) -> pd.DataFrame:
    """Choices that differ between two specifications: columns node, choice, old, new ("" is the whole index, with
    the nodes that follow it)."""
    lines = [
        ("", name, old.method.get(name), new.method.get(name))
        for name in METHODS
        if old.method.get(name) != new.method.get(name)
    ]
    for node in dict.fromkeys([*old.rules, *new.rules]):
        if node not in old.rules or node not in new.rules:
            lines.append(
                (node, "node", *("present" if node in spec.rules else "absent" for spec in (old, new)))
            )
            continue
        for name in ["parent", "weight", *METHODS, *OF_NODE]:
            pair, index = (
                [rules.get(name) for rules in both]
                for both in ((old.rules[node], new.rules[node]), (old.method, new.method))
            )
            if pair[0] != pair[1] and pair != index and not all(pd.isna(one) is True for one in pair):
                lines.append((node, name, *pair))
    return pd.DataFrame(lines, columns=["node", "choice", "old", "new"])


def compare(old: State, new: State, node: str | None = None) -> pd.DataFrame:
    """Scores and ranks of a node in both: score_old, score_new, change, rank_old, rank_new, rank_change (positive =
    moved up), and note (entered, left). Index unit, best of the new first."""
    sides = [
        ranking(one, node or one.spec.root).add_suffix(end) for one, end in ((old, "_old"), (new, "_new"))
    ]
    table = sides[0].join(sides[1], how="outer")
    table["change"] = table["score_new"] - table["score_old"]
    table["rank_change"] = table["rank_old"] - table["rank_new"]
    table["note"] = (
        table["score_old"].isna().map({True: "entered", False: ""}).mask(table["score_new"].isna(), "left")
    )
    order = ["score_old", "score_new", "change", "rank_old", "rank_new", "rank_change", "note"]
    return table[order].sort_values(["rank_new", "rank_old"])


def ranking(one: State, node: str) -> pd.DataFrame:
    """Score and rank of a node in the year of a state, by unit."""
    scores = score.compute(one.spec, one.panel, one.posts, one.groups)
    return scores.query("node == @node and year == @one.year").set_index("unit")[["score", "rank"]]


def explain(old: State, new: State, node: str | None = None) -> pd.DataFrame:
    """Why the scores and ranks of `node` differ: columns unit, cause, score_effect, rank_effect (positive = moved up).

    The effects of a unit that is in both add up to its change. Causes without any effect are left out.
    """
    node = node or new.spec.root
    ladder = [old]
    for cause in CAUSES:
        ladder.append(SWITCH[cause](ladder[-1], old, new))
    tables = [ranking(one, node) for one in ladder]
    lines = []
    for cause, before, after in zip(CAUSES, tables, tables[1:]):
        effect = after.join(before.add_suffix("_before")).dropna()
        lines.append(
            pd.DataFrame(
                {
                    "unit": effect.index,
                    "cause": cause,
                    "score_effect": (effect["score"] - effect["score_before"]).to_numpy(),
                    "rank_effect": (effect["rank_before"] - effect["rank"]).to_numpy(),
                }
            )
        )
    table = pd.concat(lines, ignore_index=True)
    size = table[["score_effect", "rank_effect"]].astype(float).abs().max(axis=1)
    return table[size.groupby(table["cause"]).transform("max") > 1e-12].reset_index(drop=True)


def new_data(now: State, old: State, new: State) -> State:
    """The new panel, for the units that both have; an indicator that only the old index has keeps its old values."""
    gone = [name for name in old.spec.indicators if name not in set(new.panel["indicator"])]
    kept = old.panel[old.panel["indicator"].isin(gone) & old.panel["year"].eq(old.year)].assign(year=new.year)
    panel = pd.concat([new.panel, kept], ignore_index=True)
    both = set(old.panel["unit"]) & set(new.panel["unit"])
    return replace(now, panel=panel[panel["unit"].isin(both)], year=new.year)


def new_roster(now: State, old: State, new: State) -> State:
    full = pd.concat([now.panel, new.panel], ignore_index=True).drop_duplicates(panels.KEY)
    left = set(new.panel["unit"])
    return replace(now, panel=full[full["unit"].isin(left)])


def new_posts(now: State, old: State, new: State) -> State:
    return replace(now, posts=new.posts.reindex(old.posts.index).fillna(old.posts))


def new_weights(now: State, old: State, new: State) -> State:
    """The new weights of families that have the same members in both."""
    same = [
        node
        for node, family in old.spec.families.items()
        if set(family) == set(new.spec.families.get(node, []))
    ]
    weights = {child: new.spec.rules[child]["weight"] for node in same for child in old.spec.families[node]}
    return replace(now, spec=now.spec.vary(weights=weights))


SWITCH = {
    "data": new_data,
    "roster": new_roster,
    "posts": new_posts,
    "weights": new_weights,
    "method": lambda now, old, new: new,
}
