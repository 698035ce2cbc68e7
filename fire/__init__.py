"""FIRE: recompute, audit and publish the China Fintech FIRE Index. This is the door: the names to begin with.

    import fire
    ed = fire.load(2022)                    # an edition: settings, places, lock
    ed.index                                # its Index: specification, panel, posts; shows itself in a notebook
    ed.index.scores()                       # unit, year, node, score, rank, growth_pct, rank_change, share_<status>
    ed.index.vary(weights={"F": 0.20})      # another Index: one choice changed, all else the same
    show = fire.show(ed, out, "10-index")   # writes figures, tables and sentences of a chapter

Analyses are in `fire.analysis` (regions, dynamics, robustness, changes, audit, …), figures in `fire.figures`.
"""

from importlib import import_module

# name → where it lives; loaded when first used
_DOOR = {
    "load": "fire.edition",
    "Edition": "fire.edition",
    "Index": "fire.index.index",
    "specification": "fire.index.spec",
    "read_panel": "fire.index.panel",
    "results": "fire.analysis.results",
    "show": "fire.report.exhibits",
    "codebook": "fire.codebook",
    "InputError": "fire.errors",
}
_AS = {"show": "Writer", "specification": "load", "read_panel": "read"}  # where the name at home is another
_MODULES = ("codebook", "results")
__all__ = [
    "load",
    "Edition",
    "Index",
    "specification",
    "read_panel",
    "results",
    "show",
    "codebook",
    "InputError",
]


def __getattr__(name: str):
    if name not in _DOOR:
        raise AttributeError(f"module 'fire' has no attribute '{name}'; the door has {', '.join(__all__)}")
    home = import_module(_DOOR[name])
    found = home if name in _MODULES else getattr(home, _AS.get(name, name))
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
