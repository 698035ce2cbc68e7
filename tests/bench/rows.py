"""Rows of the table of benchmarks: what was measured, the peer or bound it is held against, the goal for their ratio."""


def row(
    name: str, value: float, unit: str, peer: str, reference: float, most=None, least=None, size=None
) -> dict:
    """One row: `ratio` is `value` over `reference`, that of the `peer` or bound in `unit`; the goal is `most` or `least` of it.

    `size`: of the input, where rows of several sizes belong together.
    """
    ratio = value / reference
    goal = None if most is None and least is None else f"<= {most:g}" if least is None else f">= {least:g}"
    met = None if goal is None else bool(ratio <= most if least is None else ratio >= least)
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "peer": peer,
        "reference": reference,
        "ratio": ratio,
        "goal": goal,
        "ok": met,
        "size": size,
    }


def growth(name: str, rows: list[dict], most: float = 1.2) -> dict:
    """How time or memory grows from the first of `rows` to the last: over growth in proportion to their sizes."""
    first, last = rows[0], rows[-1]
    times = last["size"] / first["size"]
    peer = f"{times:g} times that of the smallest"
    return row(f"{name}: growth", last["value"], last["unit"], peer, times * first["value"], most=most)


def room(one: dict) -> float | None:
    """The ratio of a row over its goal, the other way round where the goal is a least: met up to 1; None without a goal."""
    if one["goal"] is None:
        return None
    sign, number = one["goal"].split()
    return one["ratio"] / float(number) if sign == "<=" else float(number) / one["ratio"]
