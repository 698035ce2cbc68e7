"""The rows of the benchmarks in docs/benchmarks.md: one table between two marks, and one figure."""

import json
import re
from pathlib import Path

from fire import files
from tests.bench.rows import room

ROWS = files.ROOT / "docs" / "benchmarks.json"  # of the last run of each area
PAGE = files.ROOT / "docs" / "benchmarks.md"
FIGURE = files.ROOT / "docs" / "images" / "benchmarks.svg"
MARKS = "<!-- bench -->", "<!-- /bench -->"
LEAST = 0.01  # where a ratio below it is drawn
HEAD = ["area", "what", "measured", "against", "", "ratio", "goal"]


def read(path: Path) -> list[dict]:
    """The rows of a file; none where there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def merged(old: list[dict], new: list[dict]) -> list[dict]:
    """The rows of each area that is in `new`, and the old ones of the other areas, by area."""
    run = {one["area"] for one in new}
    return sorted([one for one in old if one["area"] not in run] + new, key=lambda one: one["area"])


def amount(value: float) -> str:
    """Three digits.

    >>> amount(1219450.4), amount(0.123456), amount(20.0)
    ('1,220,000', '0.123', '20')
    """
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def cells(one: dict) -> list[str]:
    """A row as the table shows it."""
    goal = "" if one["goal"] is None else one["goal"].replace("<=", "≤").replace(">=", "≥")
    against = amount(one["reference"]) + " " + one["unit"]
    met = {True: " ✓", False: " ✗", None: ""}[one["ok"]]
    measured = f"{amount(one['value'])} {one['unit']}"
    return [one["area"], one["name"], measured, one["peer"], against, amount(one["ratio"]), goal + met]


def table(rows: list[dict]) -> str:
    """All rows as a table of Markdown."""
    lines = [HEAD, ["---", "---", "---:", "---", "---:", "---:", "---"], *map(cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def placed(page: str, rows: list[dict]) -> str:
    """The page with the table between its marks."""
    begin, end = MARKS
    whole = f"{begin}\n{table(rows)}\n{end}"
    return re.sub(f"{begin}.*?{end}", lambda found: whole, page, flags=re.DOTALL)


def write(rows: list[dict]) -> None:
    """Rows, page and figure."""
    files.write_text(ROWS, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    files.write_text(PAGE, placed(PAGE.read_text(encoding="utf-8"), rows))
    draw(rows, FIGURE)


def draw(rows: list[dict], path: Path) -> None:
    """Every row as a dot: how many times its goal it takes (filled), or its peer where it has no goal (hollow)."""
    import matplotlib.pyplot as plt

    from fire.figures import style

    areas = list(dict.fromkeys(one["area"] for one in rows))
    colour = dict(zip(areas, style.CYCLE * len(areas)))
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.family": "sans-serif"}):
        figure, axes = plt.subplots(figsize=(8.5, 0.8 + 0.19 * len(rows)))
        for place, one in enumerate(rows):
            taken, own = room(one), colour[one["area"]]
            x = max(one["ratio"] if taken is None else taken, LEAST)
            axes.plot([1, x], [place, place], color=style.FAINT, lw=1, zorder=1)
            axes.plot(x, place, "o", ms=5, mec=own, mfc="white" if taken is None else own)
        axes.axvline(1, color=style.RED, lw=1)
        axes.set(xscale="log", ylim=(len(rows) - 0.5, -0.5))
        axes.set_yticks(range(len(rows)), [f"{one['name']} · {one['peer']}" for one in rows], fontsize=7)
        dots = [axes.plot([], [], "o", ms=5, color=colour[area], label=area)[0] for area in areas]
        axes.legend(handles=dots, fontsize=7, loc="upper left", frameon=False)
        axes.set_xlabel("times the goal (filled; left of the line: met) or the peer (hollow), log scale")
        axes.grid(axis="x", color=style.FAINT, lw=0.5)
        figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
        plt.close(figure)
