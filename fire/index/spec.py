"""The specification of an index: a tree of nodes, each with its labels, weight, direction and methods.

    >>> spec = load("fire-2022")
    >>> spec.pillars
    ['F', 'I', 'R', 'E']
    >>> spec.label("F", "en")
    'Factors'
    >>> other = spec.vary(aggregation="geometric", weights={"F": 1, "I": 1, "R": 1, "E": 1})

The file format is `data/indices/schema.json`; docs/methodology.md says what every choice means.
"""

import copy
import html
import tomllib
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from fire import files
from fire.errors import InputError, refuse, suggest
from fire.index import aggregate, spec_faults
from fire.index.arguments import number
from fire.index.spec_faults import METHODS, NEUTRAL, OF_LEAVES, OF_NODE, READ_BY, line_numbers

INDICES = files.DATA / "indices"
BY_METHOD = ["screen", "screen_zeros", "base_year", "group", "rounding", "best", "shares"]
LEVELS = {
    "zh": ["指标", "名称", "权重", "方向", "单位", "方法"],
    "en": ["node", "name", "weight", "direction", "unit", "method"],
}


@dataclass(frozen=True, repr=False, eq=False)
class Spec:
    """One index: `nodes` (a frame indexed by id, parents before children, every choice filled in), `method` (what holds
    for the whole index), `table` (the specification as written)."""

    id: str
    method: dict
    nodes: pd.DataFrame
    table: dict
    lang: str = "zh"

    @property
    def titles(self) -> dict:
        return self.table["label"]

    @property
    def basis(self) -> dict:
        """How the choices in `method` are known: printed, identified or assumed."""
        return self.table["method"].get("basis", {})

    @property
    def root(self) -> str:
        return self.nodes.index[0]

    @cached_property
    def rules(self) -> dict[str, dict]:
        """The rows of `nodes` as plain dictionaries, by id."""
        return self.nodes.to_dict("index")

    @cached_property
    def families(self) -> dict[str, list[str]]:
        """Children by parent, parents before their children; the only child of a node that stands for another (`same_as`)
        is that other."""
        inner = {node: [] for node in self.nodes.index[~self.nodes["leaf"]]}
        for node, parent in self.nodes["parent"].dropna().items():
            inner[parent].append(node)
        doubles = self.nodes["same_as"].dropna()
        if doubles.empty:
            return inner
        inner |= {node: [other] for node, other in doubles.items()}
        below = {node: {child for child in inner[node] if child in inner} for node in inner}
        upward = [*TopologicalSorter(below).static_order()]
        return {node: inner[node] for node in reversed(upward)}

    @cached_property
    def place(self) -> dict[str, int]:
        """The position of every node in `nodes`."""
        return {node: position for position, node in enumerate(self.nodes.index)}

    @property
    def group_weights(self) -> dict[str, dict[str, float]]:
        """Weights in the parent by group of units, where some groups have their own."""
        return {
            one["group"]: {node: number(weight) for node, weight in one["weights"].items()}
            for one in self.table.get("group_weights", [])
        }

    @property
    def bands(self) -> list[dict]:
        """Grade bands: node, from or upto, label."""
        return [{"node": self.root} | band for band in self.table.get("band", [])]

    @cached_property
    def indicators(self) -> list[str]:
        """The nodes with data of their own."""
        return list(self.nodes.index[self.nodes["leaf"]])

    @property
    def pillars(self) -> list[str]:
        return self.children(self.root)

    @property
    def denominators(self) -> list[str]:
        """Ids of the panel series that indicators are divided by."""
        return list(dict.fromkeys(self.nodes["denominator"].dropna()))

    @cached_property
    def series(self) -> list[str]:
        """Ids of all series of the panel: indicators, then the denominators that are none."""
        return list(dict.fromkeys([*self.indicators, *self.denominators]))

    @property
    def node(self) -> SimpleNamespace:
        """The ids, for tab completion: `spec.node.gdp` is "gdp"."""
        return SimpleNamespace(**{node: node for node in self.nodes.index})

    def children(self, node: str) -> list[str]:
        return list(self.families.get(self.known(node), []))

    def leaves(self, node: str) -> list[str]:
        """The indicators below a node (the node itself when it is one)."""
        below = self.children(node)
        leaves = [leaf for child in below for leaf in self.leaves(child)] if below else [node]
        return list(dict.fromkeys(leaves))

    def reach(self, node: str) -> list[str]:
        """The nodes that a node is made of, itself and those it stands for too, in the order of the specification."""
        found, todo = set(), [self.known(node)]
        while todo:
            if (one := todo.pop()) not in found:
                found.add(one)
                todo += self.children(one)
        return [name for name in self.nodes.index if name in found]

    def label(self, node: str, lang: str | None = None) -> str:
        return self.nodes.at[self.known(node), f"label_{_language(lang or self.lang)}"]

    def labels(self, lang: str | None = None) -> dict[str, str]:
        return self.nodes[f"label_{_language(lang or self.lang)}"].to_dict()

    def known(self, node: str) -> str:
        """The node itself; InputError that says what to type when the specification has no such node."""
        if not isinstance(node, str) or node not in self.nodes.index:
            named = [
                one
                for one in self.nodes.index
                if node in (self.rules[one]["label_zh"], self.rules[one]["label_en"])
            ]
            fix = (
                f": it is the label of '{named[0]}': type that"
                if named
                else suggest(str(node), self.nodes.index)
            )
            raise InputError(f"specification {self.id}", [f"no node '{node}'" + fix])
        return node

    def vary(self, *ids: str, weights: dict | None = None, lang: str | None = None, **choices) -> "Spec":
        """A changed copy.

        `vary(aggregation="geometric")` changes a method everywhere, `vary("gdp", transform="identity")` for one node
        or more; None takes a choice back to the default. `vary(weights={"F": 0.2})` (or a Series) changes weights: named
        siblings get theirs, the others share what is left as before; if all are named, their weights are rescaled to
        one. `vary(posts=…)` takes the posts of many indicators: a dictionary {id: [low, high]}, or a frame (index id,
        columns low and high). `vary(normalise="zscore")` scales to mean 0 and standard deviation 1 unless it gives a
        scale.
        """
        table, rows = copy.deepcopy(self.table), {}
        for row in table["node"]:
            rows[row["id"]] = row
        refuse(
            f"specification {self.id}",
            [
                f"{node}: name nodes as text, and give weights as vary(weights={{…}})"
                for node in ids
                if not isinstance(node, str)
            ],
        )
        listed = table.setdefault("posts", {})
        for node in ids if "posts" in choices else list(listed) if choices.get("posts", 0) is None else []:
            listed.pop(node, None)
        for node, pair in _posts_by_id(choices, ids).items():
            choices = {name: value for name, value in choices.items() if name != "posts"}
            listed.pop(node, None)
            rows[self.known(node)]["posts"] = pair
        choices = {name: _plain(value) for name, value in choices.items()}
        before, after = self.method["normalise"], choices.get("normalise")
        if not ids and after is not None and "zscore" in (before, after) and before != after:
            choices = {"scale": [0.0, 1.0] if after == "zscore" else None} | choices
        faults = [
            f"no choice '{name}'" + suggest(name, [*METHODS, *OF_NODE])
            for name in choices
            if name not in {**METHODS, **OF_NODE}
        ]
        faults += [
            f"'{name}' belongs to an indicator: name it, as in vary('{self.indicators[0]}', {name}=…)"
            for name, value in choices.items()
            if name in OF_NODE and not ids and value is not None
        ]
        refuse(f"specification {self.id}", faults)
        for row in [] if ids else [row for row in rows.values() if aggregate.shaped(self.rules[row["id"]])]:
            if not self.rules[row["id"]]["leaf"]:  # an inner node keeps what it took from the method
                row |= {
                    name: self.rules[row["id"]][name] for name in ("scale", "reference") if name in choices
                }
        for choice in READ_BY.keys() & choices.keys():  # what only the rule of before has read
            everywhere = [row for row in rows.values() if choice in row and self.rules[row["id"]]["leaf"]]
            for row in [rows[self.known(node)] for node in ids] or everywhere:
                for name in READ_BY[choice]:
                    row.pop(name, None)
        for name, value in choices.items():
            shown = [row for row in rows.values() if name not in OF_LEAVES or self.rules[row["id"]]["leaf"]]
            for row in [rows[self.known(node)] for node in ids] or [table["method"], *shown]:
                row.pop(name, None)
            for row in [rows[node] for node in ids] or [table["method"]]:
                if value is not None:
                    row[name] = list(value) if isinstance(value, tuple) else value
        if weights is not None and not isinstance(weights, (dict, pd.Series)):
            raise InputError(
                f"weights of {self.id}", [f"{weights!r}: give them by node, as {{'{self.pillars[0]}': 0.2}}"]
            )
        new = self.rescaled({} if weights is None else dict(weights))
        if new and self.method["shares"] == "index":
            self._of_parent(table)
        for node, weight in new.items():
            rows[node]["weight"] = weight
        return build(table, f"specification {self.id}, varied", lang=lang or self.lang)

    def rescaled(self, weights: dict) -> dict:
        """Weights of all siblings of the named nodes, each family summing to one."""
        try:
            weights = {node: number(weight) for node, weight in weights.items()}
        except (ValueError, TypeError, ZeroDivisionError) as error:
            raise InputError(
                f"weights of {self.id}",
                [f'{list(weights.values())} are not all numbers: write 0.25, or "1/4"'],
            ) from error
        above = {node: self.nodes.at[self.known(node), "parent"] for node in weights}
        bad = [
            f"weight of '{node}' is {weight}: weights are zero or more"
            for node, weight in weights.items()
            if not 0 <= weight < float("inf")
        ]
        bad += [
            f"'{node}' has no parent, so it has no weight"
            for node, parent in above.items()
            if pd.isna(parent)
        ]
        parents = [parent for parent in dict.fromkeys(above.values()) if not pd.isna(parent)]
        for parent in parents:
            family = self.children(parent)
            total = sum(weights.get(child, 0) for child in family)
            if set(family) <= set(weights) and total <= 0:
                bad.append(f"the weights of the children of '{parent}' are all zero: give one of them more")
            if not set(family) <= set(weights) and total > 1:
                bad.append(
                    f"the weights given to children of '{parent}' sum to {total:g}: leave room for "
                    f"{', '.join(child for child in family if child not in weights)}, or name them too"
                )
        refuse(f"weights of {self.id}", bad)
        full = {}
        for parent in parents:
            old = self.nodes.loc[self.children(parent), "weight"]
            new = pd.Series({child: float(weights[child]) for child in old.index if child in weights})
            rest = old.drop(new.index)
            share = rest / rest.sum() if rest.sum() else rest + 1 / max(len(rest), 1)
            full |= (share * (1 - new.sum())).to_dict() | (new if len(rest) else new / new.sum()).to_dict()
        return full

    def branch(self, node: str) -> "Spec":
        """The index below `node` by itself: `spec.branch("F")`."""
        keep = set(self.reach(node))
        table = copy.deepcopy(self.table) | {"id": f"{self.id}/{node}"}
        table["node"] = [row for row in table["node"] if row["id"] in keep]
        self._keep(table, keep)
        self._rounding_below(table, int(self.nodes.at[node, "level"]))
        for row in table["node"]:
            if row["id"] == node or row.get("parent") not in keep:
                row.pop("parent", None)
                row.pop("weight", None)
                row |= {} if row["id"] == node else {"beside": True}
            if row["id"] == node:
                row.pop("beside", None)
                table["label"] = row["label"]
        return build(table, table["id"], lang=self.lang)

    def drop(self, *ids: str) -> "Spec":
        """The index without these nodes and what is below them; siblings take over the weight, empty parents go."""
        gone = {self.known(node) for node in ids}
        doubles = self.nodes["same_as"].dropna()
        while (
            more := {node for node, other in doubles.items() if gone & {other, *self.ancestors(other)}} - gone
        ):
            gone |= more
        kept = [leaf for leaf in self.indicators if not gone & {leaf, *self.ancestors(leaf)}]
        refuse(
            f"specification {self.id}", [] if kept else ["dropping all indicators leaves no index: keep one"]
        )
        kept += [node for node in doubles.index if not gone & {node, *self.ancestors(node)}]
        live = {*kept, *(above for leaf in kept for above in self.ancestors(leaf))}
        table = copy.deepcopy(self.table)
        self._keep(table, live)
        if self.method["shares"] == "index":
            self._of_parent(table)
        table["node"] = [row for row in table["node"] if row["id"] in live]
        family = self.nodes.loc[[node for node in self.nodes.index if node in live], ["parent", "weight"]]
        siblings = family.groupby("parent")["weight"]
        share = (family["weight"] / siblings.transform("sum")).fillna(1 / siblings.transform("size"))
        for row in table["node"]:
            if "parent" in row:
                row["weight"] = float(share[row["id"]])
        return build(table, f"specification {self.id} without {', '.join(ids)}", lang=self.lang)

    def _of_parent(self, table: dict) -> None:
        """Write the weights of a copy of the table as shares of the parent."""
        table["method"]["shares"] = "parent"
        for row in table["node"]:
            if "parent" in row:
                row["weight"] = float(self.nodes.at[row["id"], "weight"])

    def _rounding_below(self, table: dict, level: int) -> None:
        """In a copy of the table whose root stood at this level, the decimals that are listed by level."""
        for place in [table["method"].get("rounding", {}), *table["node"]]:
            if isinstance(place.get("decimals"), list):
                place["decimals"] = place["decimals"][level:] or place["decimals"][-1:]

    def _keep(self, table: dict, kept: set) -> None:
        """Leave in the tables beside the nodes of a copy only what is about nodes that are kept."""
        table["band"] = [band for band in self.bands if band["node"] in kept]
        table["posts"] = {node: pair for node, pair in table.get("posts", {}).items() if node in kept}
        groups = []
        for one in table.get("group_weights", []):
            left = pd.Series(
                {node: number(weight) for node, weight in one["weights"].items() if node in kept}, dtype=float
            )
            if len(left):
                total = left.groupby(self.nodes["parent"].reindex(left.index)).transform("sum")
                groups.append(one | {"weights": (left / total.where(total > 0, 1)).to_dict()})
        table["group_weights"] = groups

    def ancestors(self, node: str) -> list[str]:
        """Parent, grandparent, … up to the root."""
        parent = self.nodes.at[self.known(node), "parent"]
        return [parent, *self.ancestors(parent)] if isinstance(parent, str) else []

    def __getitem__(self, node: str) -> pd.Series:
        return self.nodes.loc[self.known(node)]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.nodes.index)

    def walk(self, node: str | None = None) -> list[str]:
        """Ids from a node down, each followed by what is below it; without a node those of the index, and of what is shown
        beside it."""
        if node is None:
            return [
                below for root in self.nodes.index[self.nodes["level"].eq(0)] for below in self.walk(root)
            ]
        below = [] if self.rules[node]["same_as"] else self.children(node)
        return [node] + [other for child in below for other in self.walk(child)]

    def __repr__(self) -> str:
        lines = [
            f"{'  ' * self.nodes.at[node, 'level']}{node}  {self.label(node)}  {self.nodes.at[node, 'weight']:.4g}"
            for node in self.walk()
        ]
        return f"{self.id}: {self.titles[self.lang]}\n" + "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in LEVELS[self.lang])
        body = "".join(self.html_row(node) for node in self.walk())
        return (
            f"<b>{html.escape(self.titles[self.lang])}</b> ({html.escape(self.id)})"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def html_row(self, node: str) -> str:
        row = self.nodes.loc[node]
        how = [row["transform"], row["normalise"]] if row["leaf"] else [row["aggregation"], row["weighting"]]
        how = [f"= {row['same_as']}"] if row["same_as"] else how
        unit = row[f"unit_{self.lang}"] if row["leaf"] else ""
        cells = [
            f"{'&emsp;' * row['level']}{html.escape(node)}",
            html.escape(self.label(node)),
            f"{row['weight']:.4g}",
            {1: "+", -1: "−"}[row["direction"]] if row["leaf"] else "",
            html.escape(str(unit or "")),
            ", ".join(how),
        ]
        return "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>"


def load(name: str | Path, lang: str = "zh") -> Spec:
    """Load a specification by its id (`"fire-2022"`, from data/indices) or by the path of a TOML file.

    Raises InputError that lists every fault with its line.
    """
    path, text, table = _parsed(name)
    return build(table, path.name, line_numbers(text), lang)


def file_of(name: str | Path) -> Path:
    """The file of a specification, by its id or its path."""
    return Path(name) if str(name).endswith(".toml") else INDICES / f"{name}.toml"


def _parsed(name: str | Path) -> tuple[Path, str, dict]:
    """The file of a specification, its text, and the table there."""
    if not isinstance(name, (str, Path)):
        raise InputError(
            "specification",
            ["this is no name of one: a table in Python goes through spec.build(table, 'mine')"],
        )
    path = file_of(name)
    if not path.exists():
        have = [
            file.name if str(name).endswith(".toml") else file.stem
            for file in sorted(path.parent.glob("*.toml"))
        ]
        fix = suggest(path.name if str(name).endswith(".toml") else str(name), have) if have else ""
        if (INDICES / "gallery" / f"{name}").is_dir():
            fix = f": it is in the gallery: fire.analysis.gallery.load('{name}').index"
        raise InputError(f"specification {name}", [f"no file {path.name} in {path.parent}/" + fix])
    text = files.decode(path)
    try:
        return path, text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(path.name, [f"not valid TOML: {error}: mend that line first"]) from error


def build(table: dict, what: str, lines: dict | None = None, lang: str = "zh") -> Spec:
    """A Spec from a table as a TOML file gives it; all faults of the table are refused together."""
    refuse(what, spec_faults.find(table, lines or {}))
    return _made(table, lang)


def _made(table: dict, lang: str) -> Spec:
    """The Spec of a table without fault."""
    _language(lang)
    method = METHODS | {key: value for key, value in table["method"].items() if key != "basis"}
    rows = [
        {"posts": pair} | row for row in table["node"] for pair in [table.get("posts", {}).get(row["id"])]
    ]
    return Spec(table["id"], method, frame(rows, method), table, lang)


def _language(lang: str) -> str:
    """The language itself; InputError that names those there are."""
    refuse("language", [] if lang in LEVELS else [f"'{lang}' is not known: type one of {', '.join(LEVELS)}"])
    return lang


def _plain(value):
    """A choice as a TOML file gives it: arrays and tables of pairs as lists, numbers of numpy as numbers."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value


def _posts_by_id(choices: dict, ids: tuple) -> dict:
    """Posts of many indicators, when `choices` hold them as a dictionary or a frame."""
    posts = choices.get("posts")
    if isinstance(posts, pd.DataFrame):
        gaps = [f"column '{name}' is missing" for name in ("low", "high") if name not in posts]
        refuse("posts", gaps)
        return {name: [float(low), float(high)] for name, low, high in posts[["low", "high"]].itertuples()}
    if isinstance(posts, dict):
        refuse("posts", ["name the indicators in the dictionary, not before it"] if ids else [])
        return {name: list(pair) for name, pair in posts.items()}
    return {}


def _weights(rows: list[dict], method: dict) -> dict[str, float]:
    """Weight of every node in its parent: as written, or (shares of the index, relative weights) divided by the sum of
    its family; without any an equal share."""
    families: dict[str, list[dict]] = {}
    for row in rows:
        families.setdefault(row.get("parent", ""), []).append(row)
    found = {}
    for parent, family in families.items():
        given = {row["id"]: number(row["weight"]) for row in family if "weight" in row}
        total = sum(given.values()) if method["shares"] != "parent" else 1.0
        for row in family:
            own = given[row["id"]] / total if row["id"] in given else 1 / len(family)
            found[row["id"]] = own if parent else 1.0
    return found


def frame(rows: list[dict], method: dict) -> pd.DataFrame:
    """The nodes as a frame indexed by id, parents before children, every choice resolved against `method`."""
    parents = {row["id"]: row.get("parent") for row in rows}
    level = {}
    for node in parents:
        above, depth = parents[node], 0
        while above is not None:
            above, depth = parents[above], depth + 1
        level[node] = depth
    inner, weights = {parent for parent in parents.values() if parent}, _weights(rows, method)
    lines = []
    for row in sorted(rows, key=lambda row: (level[row["id"]], row.get("beside", False))):
        leaf = row["id"] not in inner and "same_as" not in row
        usual = method if leaf else method | NEUTRAL
        usual = usual if "same_as" not in row else usual | {"aggregation": "arithmetic", "weighting": "given"}
        own = {name: row.get(name, default) for name, default in OF_NODE.items()}
        own |= {name: row.get(name, usual[name]) for name in METHODS if name not in BY_METHOD}
        words = {
            f"{key}_{lang}": row.get(key, {}).get(lang) for key in ("label", "unit") for lang in ("zh", "en")
        }
        basis = {f"{key}_basis": value for key, value in row.get("basis", {}).items()}
        lines.append(
            {
                "id": row["id"],
                "parent": row.get("parent"),
                "level": level[row["id"]],
                "leaf": leaf,
                "weight": weights[row["id"]],
                **words,
                **own,
                **basis,
            }
        )
    nodes = pd.DataFrame(lines).set_index("id")
    plain = [name for name, default in {**METHODS, **OF_NODE}.items() if default is None and name in nodes]
    for name in [*plain, "unit_zh", "unit_en"]:  # None stays None
        nodes[name] = pd.Series([line[name] for line in lines], nodes.index, dtype=object)
    nodes["unit"] = nodes["unit_zh"]
    return nodes
