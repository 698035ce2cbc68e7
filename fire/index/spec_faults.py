"""Every fault of a specification at once, each with its line and what to type instead."""

import json
import re
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from math import isclose

import numpy as np

from fire import files
from fire.errors import suggest
from fire.index import aggregate, normalise, transforms
from fire.index.arguments import number

SCHEMA = files.DATA / "indices" / "schema.json"
METHODS = {
    "screen": 0.0,
    "screen_zeros": 0.0,
    "coverage": 0.0,
    "least": 0,
    "missing": "refuse",
    "transform": "identity",
    "treat": "none",
    "treat_by": None,
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
    "alpha": 1.0,
    "beta": 0.0,
    "worst": 1,
    "weighting": "given",
    "shift": 0.0,
    "group": "region",
    "rounding": {"decimals": 3, "rule": "half_even", "at": "display"},
    "best": "high",
    "shares": "parent",
}
# What an inner node does to the aggregate of its children, unless its own row says otherwise: nothing.
NEUTRAL = {"transform": "identity", "treat": "none", "normalise": "none", "missing": "none", "range": "open"}
OF_LEAVES = (
    *NEUTRAL,
    "scale",
    "reference",
    "treat_by",
)  # choices that a change everywhere gives to indicators only
OF_NODE = {
    "direction": 1,
    "denominator": None,
    "factor": 1.0,
    "posts": None,
    "target": None,
    "target_unit": None,
    "judgements": None,
    "limits": None,
    "power": None,
    "rate": 1.0,
    "centre": 0.0,
    "ideal": None,
    "coefficients": None,
    "knots": None,
    "steps": None,
    "categories": None,
    "curve": 1.0,
    "link": None,
    "decimals": None,
    "not_applicable": None,
    "same_as": None,
}
# Words of other tools, and what they are called here.
SYNONYMS = {"mean": "arithmetic", "average": "arithmetic", "amean": "arithmetic", "a_amean": "arithmetic"}
SYNONYMS |= {"gmean": "geometric", "a_gmean": "geometric", "hmean": "harmonic", "a_hmean": "harmonic"}
SYNONYMS |= {
    "a_copeland": "copeland",
    "min": "minimum",
    "max": "maximum",
    "prod": "product",
    "n_prank": "percentile",
}
SYNONYMS |= {
    "std": "zscore",
    "standardise": "zscore",
    "n_dist2targ": "target",
    "n_dist2max": "leader",
    "n_fracmax": "fraction",
}
ONLY_LEAVES = ["unit", "denominator", "factor", "treat", "treat_by"]
ONLY_INNER = ["link"]
# The choices that only some rules read, by the choice of the rule: which values read them.
READERS = {
    "normalise": {
        "coefficients": ["linear"],
        "knots": ["knots"],
        "steps": ["steps"],
        "categories": ["categories"],
        "ideal": ["ideal"],
    },
    "transform": {
        "power": ["power"],
        "rate": ["exponential"],
        "centre": ["exponential"],
        "ideal": ["distance"],
    },
    "weighting": {"judgements": ["ahp"]},
    "aggregation": {"alpha": ["mean_min"], "beta": ["mean_min"], "worst": ["worst"]},
}
READ_BY = {choice: list(readers) for choice, readers in READERS.items()}
# The choices that a rule cannot do without, by key and value.
NEEDS = {
    "normalise": {"goalposts": "posts", "target": "target", "unit": "target_unit"}
    | {values[0]: name for name, values in READERS["normalise"].items()},
    "transform": {"power": "power", "distance": "ideal"},
}
# Rules that read the scale only to hold scores inside it, and those that do not read it.
HELD_ONLY, SCALELESS = ("linear", "knots", "steps", "categories", "none"), ("zscore", "rank", "borda")


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

    method: dict = table["method"] if isinstance(table.get("method"), dict) else {}
    tree(rows, table, lines, say)
    _doubles(rows, say)
    _family_weights(rows, lines, say, method.get("shares", METHODS["shares"]))
    faults += [at(path, table, lines) + text for path, text in _tables(table, rows)]
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
            fix = suggest(name, known)
            if path == ("method",) and name in OF_NODE:
                fix = ": it belongs to the row of a node"
            yield (*path, name), f"unknown key '{name}'" + fix
    elif error.validator == "enum":
        known, meant = error.validator_value, SYNONYMS.get(str(error.instance))
        fix = f": did you mean '{meant}'?" if meant in known else suggest(error.instance, known)
        fix = (
            ": write it without quotes"
            if error.instance not in known and str(error.instance) in map(str, known)
            else fix
        )
        yield path, f"{key} = '{error.instance}' is not known" + fix
    elif error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        yield path, f"missing: {', '.join(missing)}: add it"
    elif error.validator == "anyOf":
        words = [word for one in error.validator_value for word in one.get("enum", [])]
        fix = f"write a number, or one of {', '.join(words)}" if words else 'write 0.25, or "1/4"'
        yield path, f"{key} = '{error.instance}' is not a number: {fix}"
    else:
        yield path, _of_type(key, error)


def _of_type(key: str, error) -> str:
    """A value of the wrong kind, length or size, and what to write."""
    value, limit = error.instance, error.validator_value
    shape = {
        "label": '{ zh = "…", en = "…" }',
        "unit": '{ zh = "…", en = "…" }',
        "rounding": '{ decimals = 3, rule = "half_up" }',
    }.get(key, {"object": "{ … }", "array": "[…]"}.get(limit if isinstance(limit, str) else "", f"{limit}"))
    pairs = "[[10, 0], [20, 5]]" if key in ("knots", "steps", "categories") else shape
    said = {
        "type": f"{key} = {value!r} is of the wrong kind: write {pairs}",
        "minItems": f"{key} = {value!r} is too short: {limit} or more belong there",
        "maxItems": f"{key} = {value!r} is too long: {limit} belong there",
        "maximum": f"{key} = {value!r} is above {limit}"
        + ": write a share, 0.66 for 66 per cent" * (limit == 1),
        "minimum": f"{key} = {value!r} is below {limit}",
        "minLength": f"{key} is empty: fill it in",
    }
    return said.get(error.validator, f"{key}: {error.message}")


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
    roots = [(position, row["id"]) for position, row in rows if "parent" not in row and not row.get("beside")]
    for position, row in rows:
        if row.get("beside") and "parent" in row:
            say(position, "beside", "a node beside the index has no parent: take out one of the two")
    if rows and not roots:
        say(rows[0][0], "parent", "every node has a parent: leave it out for the index itself")
    for position, _node in roots[1:]:
        say(
            position,
            "id",
            f"a second node without parent (the first is '{roots[0][1]}'): add its parent, or beside = true for a "
            "node that is shown beside the index",
        )


def _doubles(rows, say):
    """Nodes that stand for another that does not exist, that have children of their own, or that run in a circle."""
    ids, parents = {row["id"] for _, row in rows}, {row.get("parent") for _, row in rows}
    below: dict[str, set] = {row["id"]: set() for _, row in rows}
    for position, row in rows:
        if row.get("parent") in ids:
            below[row["parent"]].add(row["id"])
        if (other := row.get("same_as")) is None:
            continue
        if other not in ids:
            say(position, "same_as", f"no node '{other}'" + suggest(other, ids))
        else:
            below[row["id"]].add(other)
        if row["id"] in parents:
            say(position, "same_as", "a node that stands for another has no children of its own: remove them")
    try:
        TopologicalSorter(below).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        doubles = {row["id"]: position for position, row in rows if "same_as" in row}
        for node in [node for node in error.args[1][1:] if node in doubles][:1]:
            say(doubles[node], "same_as", f"the node is part of itself ({circle}): let it stand for another")


def _tables(table: dict, rows: list) -> list[tuple]:
    """Faults of the tables beside the nodes (posts, weights of groups, bands) as (path, sentence)."""
    nodes = {row["id"]: row for _, row in rows}
    faults: list[tuple] = []
    posts = table.get("posts", {})
    for name, pair in posts.items() if isinstance(posts, dict) else ():
        if name not in nodes:
            faults.append((("posts", name), f"no node '{name}'" + suggest(name, nodes)))
        elif "posts" in nodes[name]:
            faults.append((("posts", name), f"'{name}' has posts in its own row too: keep one"))
        elif _is_pair(pair) and pair[0] >= pair[1]:
            faults.append(
                (("posts", name), f"posts {pair} of '{name}' have no range: write [lowest, highest]")
            )

    for number_, one in enumerate(_tables_of(table, "group_weights")):
        faults += [(("group_weights", number_), text) for text in _group_faults(one, nodes, table)]
    for number_, band in enumerate(_tables_of(table, "band")):
        if "node" in band and band["node"] not in nodes:
            faults.append((("band", number_), f"no node '{band['node']}'" + suggest(band["node"], nodes)))
        if ("from" in band) == ("upto" in band):
            told = (
                "from and upto, but one says where the other is"
                if "from" in band
                else "neither from nor upto"
            )
            faults.append((("band", number_), f"the band has {told}: give one of the two"))
    kinds: dict = {}
    for band in _tables_of(table, "band"):
        kinds.setdefault(band.get("node"), set()).add("from" if "from" in band else "upto")
    ends = [
        (band.get("node"), key, band[key])
        for band in _tables_of(table, "band")
        for key in ("from", "upto")
        if key in band
    ]
    for _, key, end in dict.fromkeys(one for one in ends if ends.count(one) > 1):
        faults.append((("band",), f"two bands have {key} = {end}: correct one of them"))
    faults += [
        (("band",), "bands of one node all begin (from) or all end (upto): choose one")
        for both in kinds.values()
        if len(both) > 1
    ]
    return faults


def _tables_of(table: dict, key: str) -> list[dict]:
    rows = table.get(key, [])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _group_faults(one: dict, nodes: dict, table: dict) -> list[str]:
    """Weights of a group that name unknown nodes, leave siblings out, are negative or all zero."""
    given = one.get("weights", {})
    if not isinstance(given, dict) or not all(
        isinstance(value, (int, float, str)) for value in given.values()
    ):
        return []  # the schema has named it
    faults = [f"no node '{name}'" + suggest(name, nodes) for name in given if name not in nodes]
    parents = {nodes[name].get("parent") for name in given if name in nodes}
    usual = table["method"].get("aggregation") if isinstance(table.get("method"), dict) else None
    for parent in sorted(one for one in parents if one):
        family = [name for name, row in nodes.items() if row.get("parent") == parent]
        lacking = [name for name in family if name not in given]
        faults += [
            f"'{name}' has no weight in this group, but a sibling has: give it one" for name in lacking
        ]
        values = [number(given[name]) for name in family if name in given]
        faults += [f"a weight below '{parent}' is negative: weights are zero or more"] * any(
            v < 0 for v in values
        )
        faults += [f"the weights below '{parent}' are all zero: give one more"] * (not any(values))
        total = sum(values)
        if (
            (table.get("method") or {}).get("shares", METHODS["shares"]) == "parent"
            and not lacking
            and any(values)
            and not isclose(total, 1, abs_tol=1e-6)
        ):
            faults.append(f"the weights below '{parent}' sum to {total:.6g}, not to one: correct one of them")
        how = nodes.get(parent, {}).get("aggregation", usual)
        if how in aggregate.AGGREGATIONS and aggregate.AGGREGATIONS[how].between:
            faults.append(
                f"'{parent}' compares units, which needs one set of weights for all: use another rule"
            )
    return faults


def _family_weights(rows, lines, say, shares: str = "parent"):
    """Weights below zero, all zero, given for some siblings only, or not summing to what they are shares of."""
    families, known = {}, {row["id"] for _, row in rows}
    own = {row["id"]: row.get("weight") for _, row in rows}
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
        elif shares == "parent" and len(weights) == len(members):
            total = sum(weights.values())
            if not isclose(total, 1, abs_tol=1e-6):
                say(
                    members[0][0],
                    "weight",
                    f"the weights of the children of '{parent}' sum to {total:.6g}, not to one ({listed}): correct "
                    'one of them, or set shares = "relative"',
                )
        elif shares == "index" and weights and own[parent] is not None:
            above, total = number(own[parent]), sum(weights.values())
            if not isclose(total, above, rel_tol=1e-6):
                say(
                    members[0][0],
                    "weight",
                    f"the weights of the children of '{parent}' sum to {total:.6g}, but its own share of the index is "
                    f"{above:.6g} ({listed}): correct one of them",
                )


def _of_node(position, row, rows, method, table, say):
    """Choices of one node that do not fit each other."""
    children = [other["id"] for _, other in rows if other.get("parent") == row["id"]]
    usual = method | NEUTRAL if children else method
    posts = table.get("posts")
    listed = {"posts": posts[row["id"]]} if isinstance(posts, dict) and row["id"] in posts else {}
    chosen = {**METHODS, **OF_NODE, **usual, **listed, **row}
    wrong = ONLY_LEAVES if children else ONLY_INNER
    for key in wrong:
        if key in row:
            where = ("indicators", "has children") if children else ("inner nodes", "has no children")
            say(position, key, f"'{key}' belongs to {where[0]}, and this node {where[1]}: remove it")
    if "same_as" in row:
        return
    if children:
        if chosen["weighting"] == "ahp":
            _judgement_faults(position, row, rows, say)
        _of_aggregation(position, chosen, children, say)
    for name in OF_NODE | METHODS:
        readers = [
            (choice, values) for choice, own in READERS.items() for values in [own.get(name)] if values
        ]
        if name in row and readers and not any(chosen[choice] in values for choice, values in readers):
            told = " or ".join(f'{choice} = "{value}"' for choice, values in readers for value in values)
            say(position, name, f"'{name}' is not read: set {told}, or take it out")
    for choice, needs in NEEDS.items():
        need = needs.get(chosen[choice])
        if need and chosen[need] is None:
            say(position, choice, f"{choice} = \"{chosen[choice]}\" needs '{need}': add it")
    said = bool(listed) and _is_pair(listed["posts"]) and listed["posts"][0] >= listed["posts"][1]
    _of_scale(position, chosen | {"posts": None} if said else chosen, say)
    named = [item.get("id") for item in table.get("denominator", []) if isinstance(item, dict)]
    if chosen["denominator"] is not None and chosen["denominator"] not in [
        *named,
        *(other["id"] for _, other in rows if not any(one.get("parent") == other["id"] for _, one in rows)),
    ]:
        say(
            position,
            "denominator",
            f"denominator '{chosen['denominator']}' is not listed"
            + (suggest(chosen["denominator"], named) if named else ": add a [[denominator]] with this id"),
        )
    if chosen["normalise"] in normalise.RANKS and chosen["reference"] == "base":
        say(
            position,
            "normalise",
            f'normalise = "{chosen["normalise"]}" ranks inside one set of data: '
            'set reference = "year" or "pooled"',
        )


def _of_aggregation(position, chosen, children, say):
    """Choices of an inner node that its rule of aggregation does not allow."""
    if chosen["aggregation"] == "ratio" and len(children) != 2:
        say(position, "aggregation", f"a ratio has two children, and this node has {len(children)}")
    if chosen["aggregation"] == "worst" and not chosen["worst"] <= len(children):
        say(
            position,
            "worst",
            f"the mean of the {chosen['worst']} lowest of {len(children)} children: lower it",
        )
    if chosen["least"] > len(children):
        say(
            position,
            "least",
            f"at least {chosen['least']} of {len(children)} children: the node never has a score",
        )
    if _is_pair(chosen["link"]) and chosen["link"][1] == 0:
        say(position, "link", "a link of slope 0 makes all children equal: write [a, b] with b other than 0")


def _of_scale(position, chosen, say):
    """Posts, limits, scales, knots and steps without a range, in no order, or outside the transform."""
    posts, scale, limits, ideal = (chosen[key] for key in ("posts", "scale", "limits", "ideal"))
    if _is_pair(posts) and posts[0] >= posts[1]:
        say(
            position,
            "posts",
            f"posts {posts} have no range: write [lowest, highest], also for direction = -1",
        )
    kind = chosen["transform"]
    ready = kind in transforms.TRANSFORMS and all(
        chosen[name] is not None for name in transforms.TRANSFORMS[kind].parameters
    )
    if _is_pair(posts) and ready and kind != "distance":
        bad = transforms.undefined(np.array(posts, dtype=float), transforms.kind_of(chosen))
        for post in [post for post, wrong in zip(posts, bad) if wrong]:
            say(position, "posts", f"a post of {post:g}: {transforms.why(transforms.kind_of(chosen))}")
    bounded = chosen["normalise"] not in (*SCALELESS, *(HELD_ONLY if chosen["range"] == "open" else ()))
    if _is_pair(scale) and scale[0] >= scale[1] and bounded:
        say(position, "scale", f"scale {scale} has no range: write [lowest, highest]")
    if _is_pair(limits) and limits[0] >= limits[1]:
        say(position, "limits", f"limits {limits} leave no room: write [lowest, highest]")
    if _is_pair(ideal) and ideal[0] > ideal[1]:
        say(position, "ideal", f"the corridor {ideal} is empty: write [lowest, highest]")
    if chosen["curve"] != 1 and chosen["range"] != "truncated":
        say(position, "curve", 'a curve needs shares between 0 and 1: set range = "truncated"')
    if chosen["curve"] != 1 and chosen["normalise"] not in normalise.LINES:
        say(
            position,
            "curve",
            f"a curve bends a line between posts: set normalise to one of {', '.join(normalise.LINES)}",
        )
    if chosen["transform"] == "distance" and isinstance(ideal, str) and chosen["reference"] == "year":
        say(position, "ideal", f'the {ideal} of what? set reference = "base" or "pooled", or give a number')
    values = [one[0] for one in chosen["categories"] or () if _is_pair(one)]
    for value in sorted({one for one in values if values.count(one) > 1}):
        say(position, "categories", f"the value {value:g} stands twice: keep one")
    for key in ("knots", "steps"):
        pairs = chosen[key] if isinstance(chosen[key], list) else []
        starts = [one[0] for one in pairs if _is_pair(one)]
        if starts != sorted(set(starts)):
            say(position, key, f"the values of {key} do not rise from one to the next: sort them")


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


@cache
def schema():
    """The validator of specifications. jsonschema would build grammars of web addresses first, which no specification holds:
    a second at every start."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # as if that package were not there
    import jsonschema

    return jsonschema.Draft202012Validator(json.loads((SCHEMA).read_text(encoding="utf-8")))


def line_numbers(text: str) -> dict[tuple, int]:
    """Line of every table and key of a TOML file, by path: ("node", 3, "weight") -> 41."""
    lines: dict[tuple, int] = {}
    place: tuple = ()
    counts: dict[str, int] = {}
    inside = ""
    for line, content in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[([\w.-]+)\]\]", content):
            name = header[1]
            place = (name, counts.get(name, -1) + 1)
            counts[name] = place[1]
            lines[place] = line
        elif header := re.match(r"\s*\[([\w.-]+)\]", content):
            place = tuple(header[1].split("."))
            lines[place] = line
        elif not place and (
            listed := re.match(r"([\w-]+)\s*=\s*\[\s*$", content)
        ):  # tables in a list, one a line
            inside = listed[1]
            lines[(inside,)] = line
        elif inside and re.match(r"\s*\{", content):
            counts[inside] = counts.get(inside, -1) + 1
            lines[(inside, counts[inside])] = line
        elif inside:
            inside = "" if content.startswith("]") else inside
        elif key := re.match(r"\s*([\w-]+)\s*=", content):
            lines.setdefault((*place, key[1]), line)
    return lines
