"""Every fault of a specification at once, each with its line and what to type instead."""

import json
import re
from fractions import Fraction
from functools import cache
from math import isclose

import jsonschema

from fire import files
from fire.errors import nearest

SCHEMA = files.DATA / "indices" / "schema.json"
METHODS = {
    "screen": 0.0,
    "coverage": 0.0,
    "missing": "refuse",
    "transform": "identity",
    "treat": "none",
    "winsor_points": 5,
    "skew": 2.0,
    "kurtosis": 3.5,
    "normalise": "minmax",
    "reference": "base",
    "base_year": None,
    "range": "open",
    "scale": [1.0, 10.0],
    "quantiles": [0.05, 0.95],
    "aggregation": "arithmetic",
    "exponent": 1.0,
    "penalty": "down",
    "weighting": "given",
    "shift": 0.0,
    "group": "region",
    "rounding": {"decimals": 3, "rule": "half_even", "at": "display"},
}
OF_NODE = {
    "direction": 1,
    "denominator": None,
    "factor": 1.0,
    "posts": None,
    "target": None,
    "target_unit": None,
    "judgements": None,
}
ONLY_LEAVES = ["unit", "direction", "denominator", "factor", "posts", "target", "target_unit"]
NEEDS = {"goalposts": "posts", "target": "target", "unit": "target_unit"}


def find(table: dict, lines: dict) -> list[str]:
    """Sentences, one a fault; `lines` maps paths of the file to line numbers (empty for tables made in Python)."""
    faults = [at(path, table, lines) + text for path, text in _shape(table)]
    nodes: list = table["node"] if isinstance(table.get("node"), list) else []
    rows = [
        (position, row)
        for position, row in enumerate(nodes)
        if isinstance(row, dict) and isinstance(row.get("id"), str)
    ]

    def say(position, key, text):
        faults.append(at(("node", position, key), table, lines) + text)

    tree(rows, table, lines, say)
    _family_weights(rows, lines, say)
    method: dict = table["method"] if isinstance(table.get("method"), dict) else {}
    for position, row in rows:
        _of_node(position, row, rows, method, table, say)
    if method.get("reference", METHODS["reference"]) == "base" and "base_year" not in method:
        faults.append(
            at(("method",), table, lines) + 'reference is "base" but there is no base_year: add base_year'
        )
    return sorted(dict.fromkeys(faults), key=lambda fault: int((re.match(r"line (\d+)", fault) or [0, 0])[1]))


def _shape(table: dict) -> list[tuple]:
    """Faults of the published schema as (path, sentence), in the order of the file."""
    errors = sorted(
        schema().iter_errors(table), key=lambda error: [str(step).zfill(6) for step in error.absolute_path]
    )
    return [(path, text) for error in errors for path, text in _sentences(error)]


def at(path: tuple, table: dict, lines: dict) -> str:
    """ "line 41, node 'gdp': " for a path of the table."""
    here = next((lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in lines), None)
    words = [f"line {here}"] if here else []
    if len(path) > 1 and path[0] == "node":
        row = table["node"][path[1]]
        words.append(
            f"node '{row['id']}'" if isinstance(row, dict) and "id" in row else f"node number {path[1] + 1}"
        )
    elif path and not here:
        words.append(str(path[0]))
    return ", ".join(words) + ": " if words else ""


def _sentences(error):
    """Yield a fault of the schema in words, each with its path."""
    path = tuple(error.absolute_path)
    key = next((step for step in reversed(path) if isinstance(step, str)), "the file")
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for name in [name for name in error.instance if name not in known]:
            yield (*path, name), f"unknown key '{name}'" + suggest(name, known)
    elif error.validator == "enum":
        yield (
            path,
            f"{key} = '{error.instance}' is not known" + suggest(error.instance, error.validator_value),
        )
    elif error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        yield path, f"missing: {', '.join(missing)}: add it"
    elif error.validator == "anyOf":
        yield path, f"{key} = '{error.instance}' is not a number: write 0.25, or \"1/4\""
    else:
        yield path, f"{key}: {error.message}"


def tree(rows, table, lines, say):
    """Doubled ids, unknown parents, circles, no root or several."""
    first = {}
    for position, row in rows:
        if row["id"] in first:
            line = lines.get(("node", first[row["id"]], "id"))
            say(
                position,
                "id",
                f"id '{row['id']}' is used twice"
                + (f" (first on line {line})" if line else "")
                + ": rename one",
            )
        first.setdefault(row["id"], position)
    parents = {row["id"]: row.get("parent") for _, row in rows}
    for position, row in rows:
        if "parent" in row and row["parent"] not in parents:
            say(
                position,
                "parent",
                f"parent '{row['parent']}' does not exist" + suggest(row["parent"], parents),
            )
        above, seen = row.get("parent"), {row["id"]}
        while above in parents and above not in seen:
            seen.add(above)
            above = parents[above]
        if above == row["id"]:
            say(position, "parent", "is its own ancestor: give it another parent")
    roots = [(position, row["id"]) for position, row in rows if "parent" not in row]
    if rows and not roots:
        say(rows[0][0], "parent", "every node has a parent: leave it out for the index itself")
    for position, _node in roots[1:]:
        say(position, "id", f"a second node without parent (the first is '{roots[0][1]}'): add its parent")


def _family_weights(rows, lines, say):
    """Weights below zero, all zero, given for some siblings only, or not summing to one."""
    families, known = {}, {row["id"] for _, row in rows}
    for position, row in rows:
        if row.get("parent") in known:
            families.setdefault(row["parent"], []).append((position, row))
    for parent, members in families.items():
        try:
            weights = {row["id"]: number(row["weight"]) for _, row in members if "weight" in row}
        except (ValueError, TypeError, ZeroDivisionError):
            continue  # the schema has named it
        for position, row in members:
            if weights.get(row["id"], 0) < 0:
                say(position, "weight", f"weight {row['weight']} is negative: weights are zero or more")
            if weights and row["id"] not in weights:
                say(
                    position, "weight", f"no weight, but siblings below '{parent}' have one: give all or none"
                )
        listed = ", ".join(f"{node} {weight:.6g}" for node, weight in weights.items())
        if weights and not any(weights.values()):
            say(
                members[0][0],
                "weight",
                f"the weights of the children of '{parent}' are all zero: give one more",
            )
        elif len(weights) == len(members) and not isclose(sum(weights.values()), 1, abs_tol=1e-6):
            say(
                members[0][0],
                "weight",
                f"the weights of the children of '{parent}' sum to "
                f"{sum(weights.values()):.6g}, not to one ({listed}): correct one of them",
            )


def _of_node(position, row, rows, method, table, say):
    """Choices of one node that do not fit each other."""
    inner = any(other.get("parent") == row["id"] for _, other in rows)
    chosen = {**METHODS, **OF_NODE, **method, **row}
    if inner:
        for key in ONLY_LEAVES:
            if key in row:
                say(position, key, f"'{key}' belongs to indicators, and this node has children: remove it")
        if chosen["weighting"] == "ahp":
            _judgement_faults(position, row, rows, say)
        return
    need = NEEDS.get(chosen["normalise"])
    if need and chosen[need] is None:
        say(position, "normalise", f"normalise = \"{chosen['normalise']}\" needs '{need}': add it")
    posts = chosen["posts"]
    if _is_pair(posts) and posts[0] >= posts[1]:
        say(
            position,
            "posts",
            f"posts {posts} have no range: write [lowest, highest], also for direction = -1",
        )
    if _is_pair(posts) and chosen["transform"] == "log" and posts[0] <= 0:
        say(position, "posts", f"a post of {posts[0]:g} has no logarithm: give a positive post")
    if _is_pair(posts) and chosen["transform"] == "log1p" and posts[0] <= -1:
        say(position, "posts", f"log1p of a post of {posts[0]:g} does not exist: give a post above -1")
    if (
        _is_pair(chosen["scale"])
        and chosen["scale"][0] >= chosen["scale"][1]
        and chosen["normalise"] != "zscore"
    ):
        say(position, "scale", f"scale {chosen['scale']} has no range: write [lowest, highest]")
    named = [item.get("id") for item in table.get("denominator", []) if isinstance(item, dict)]
    if chosen["denominator"] is not None and chosen["denominator"] not in [
        *named,
        *(other["id"] for _, other in rows),
    ]:
        say(
            position,
            "denominator",
            f"denominator '{chosen['denominator']}' is not listed"
            + (suggest(chosen["denominator"], named) if named else ": add a [[denominator]] with this id"),
        )
    if chosen["normalise"] in ("rank", "percentile", "borda") and chosen["reference"] == "base":
        say(
            position,
            "normalise",
            f'normalise = "{chosen["normalise"]}" ranks inside one set of data: '
            'set reference = "year" or "pooled"',
        )


def _judgement_faults(position, row, rows, say):
    """A matrix of pairwise comparisons that is not square, not positive or not reciprocal."""
    children = [other["id"] for _, other in rows if other.get("parent") == row["id"]]
    matrix = row.get("judgements")
    size = [len(line) for line in matrix if isinstance(line, list)] if isinstance(matrix, list) else []
    if size != [len(children)] * len(children):
        say(
            position,
            "judgements",
            f'weighting = "ahp" needs judgements, {len(children)} rows of {len(children)} '
            f"in the order {', '.join(children)}",
        )
        return
    values = [[number(cell) for cell in line] for line in matrix]
    for i, first in enumerate(children):
        for j, second in enumerate(children[: i + 1]):
            if values[i][j] <= 0 or not isclose(values[i][j] * values[j][i], 1, rel_tol=1e-3):
                say(
                    position,
                    "judgements",
                    f"'{first}' against '{second}' is {matrix[i][j]}, but the reverse is "
                    f"{matrix[j][i]}: they must be positive and each other's inverse",
                )


def _is_pair(value) -> bool:
    return (
        isinstance(value, list) and len(value) == 2 and all(isinstance(item, (int, float)) for item in value)
    )


def number(weight: float | str) -> float:
    """A weight or judgement as written: 0.25 or "1/4"."""
    return float(Fraction(weight)) if isinstance(weight, str) else float(weight)


def suggest(name: str, choices) -> str:
    """The end of an error message: what to type instead of `name`."""
    return f": {nearest(name, choices)['near_en']}"


@cache
def schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((SCHEMA).read_text(encoding="utf-8")))


def line_numbers(text: str) -> dict[tuple, int]:
    """Line of every table and key of a TOML file, by path: ("node", 3, "weight") -> 41."""
    lines: dict[tuple, int] = {}
    place: tuple = ()
    counts: dict[str, int] = {}
    for line, content in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[([\w.-]+)\]\]", content):
            name = header[1]
            place = (name, counts.get(name, -1) + 1)
            counts[name] = place[1]
            lines[place] = line
        elif header := re.match(r"\s*\[([\w.-]+)\]", content):
            place = tuple(header[1].split("."))
            lines[place] = line
        elif key := re.match(r"\s*([\w-]+)\s*=", content):
            lines.setdefault((*place, key[1]), line)
    return lines
