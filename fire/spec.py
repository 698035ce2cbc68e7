"""The specification of an index: a tree of nodes, each with its labels, weight, direction, transform and methods.

    >>> spec = load("fire-2022")
    >>> list(spec.pillars)
    ['F', 'I', 'R', 'E']
    >>> spec.label("F", "en")
    'Factors'
    >>> other = spec.vary(aggregation="geometric", weights={"F": 1, "I": 1, "R": 1, "E": 1})
"""

import tomllib
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import pandas as pd

from fire import files

INDICES = files.DATA / "indices"
METHODS = {"coverage": 0.0, "missing": "none", "treat": "none", "transform": "identity", "normalise": "minmax",
           "reference": "base", "base_year": None, "range": "open", "scale": (1.0, 10.0), "aggregation": "arithmetic", "rounding": None}
BY_NODE = ["missing", "treat", "transform", "normalise", "reference", "range", "aggregation"]


@dataclass(frozen=True, repr=False)
class Spec:
    """One index: `nodes` (a frame indexed by id, parents before children), `method` (defaults of every choice)."""

    id: str
    titles: dict
    method: dict
    nodes: pd.DataFrame
    lang: str = "zh"
    basis: dict = field(default_factory=dict)

    @property
    def root(self) -> str:
        return self.nodes.index[self.nodes["parent"].isna()][0]

    @property
    def indicators(self) -> list[str]:
        return list(self.nodes.index[self.nodes["leaf"]])

    @property
    def pillars(self) -> list[str]:
        return self.children(self.root)

    def children(self, node: str) -> list[str]:
        return list(self.nodes.index[self.nodes["parent"].eq(node)])

    def leaves(self, node: str) -> list[str]:
        """The indicators below a node (the node itself when it is one)."""
        below = self.children(node)
        return [leaf for child in below for leaf in self.leaves(child)] if below else [node]

    def label(self, node: str, lang: str | None = None) -> str:
        return self.nodes.at[node, f"label_{lang or self.lang}"]

    def vary(self, *ids: str, weights: dict | None = None, **choices) -> "Spec":
        """A changed copy: `vary(aggregation="geometric")` everywhere, `vary("gdp", transform="identity")` for a node,
        `vary(weights={"F": 0.2})` for weights (siblings that are not named share the rest as they did)."""
        nodes, method = self.nodes.copy(), dict(self.method)
        for name, value in choices.items():
            if not ids:
                method[name] = value
            if name in nodes:
                for node in ids or nodes.index:
                    nodes.at[node, name] = value
        for parent in dict.fromkeys(nodes.at[node, "parent"] for node in weights or {}):
            given = {child: weights[child] for child in self.children(parent) if child in weights}
            rest = [child for child in self.children(parent) if child not in weights]
            old = nodes.loc[rest, "weight"]
            nodes.loc[rest, "weight"] = old / old.sum() * (1 - sum(given.values()))
            total = sum(given.values()) if not rest else 1.0
            for child, weight in given.items():
                nodes.at[child, "weight"] = weight / total
        return replace(self, nodes=nodes, method=method)


def load(name: str | Path, lang: str = "zh") -> Spec:
    """Load a specification by its id (`"fire-2022"`, from data/indices) or by the path of a TOML file."""
    path = Path(name) if str(name).endswith(".toml") else INDICES / f"{name}.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    method = METHODS | {key: value for key, value in table["method"].items() if key != "basis"}
    nodes = frame([flat(node) for node in table["node"]], method)
    return Spec(table["id"], table["label"], method, nodes, lang, table["method"].get("basis", {}))


def flat(node: dict) -> dict:
    """A node of the file with its inline tables spread over columns."""
    spread = {f"{key}_{lang}": text for key in ("label", "unit") for lang, text in dict(node.get(key, {})).items()}
    spread |= {f"{key}_basis": value for key, value in node.get("basis", {}).items()}
    plain = {key: value for key, value in node.items() if key not in ("label", "unit", "basis")}
    return plain | spread


def frame(rows: list[dict], method: dict) -> pd.DataFrame:
    """The nodes as a frame indexed by id, every choice resolved against the defaults of `method`."""
    nodes = pd.DataFrame(rows).set_index("id")
    nodes["leaf"] = ~nodes.index.isin(nodes["parent"])
    level = {}
    for node, parent in nodes["parent"].items():
        level[node] = 0 if pd.isna(parent) else level[parent] + 1
    nodes["level"] = pd.Series(level)
    nodes["weight"] = [float(Fraction(str(weight))) if pd.notna(weight) else None for weight in nodes["weight"]]
    siblings = nodes.groupby("parent")["level"].transform("size")
    nodes["weight"] = nodes["weight"].astype(float).fillna(1 / siblings)
    for name in ["direction", "posts", *BY_NODE]:
        default = method.get(name, 1 if name == "direction" else None)
        nodes[name] = [value if isinstance(value, (list, tuple)) or pd.notna(value) else default
                       for value in nodes.get(name, pd.Series([None] * len(nodes), index=nodes.index))]
    nodes["unit"] = nodes["unit_zh"]
    first = ["parent", "level", "leaf", "label_zh", "label_en", "weight", "direction", "unit", "transform"]
    return nodes[first + [name for name in nodes if name not in first]]
