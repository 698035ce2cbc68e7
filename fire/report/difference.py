"""What differs between two editions, or between an edition as published and as it is now: `make diff A=2022 B=2023`.

`write` makes a workbook (one sheet for data, methods, weights, posts, places, scores, causes) and a short text in both
languages in `build/diff/<a>-<b>/`. The published state of an edition is built again from the inputs
that its lock names, where they are unchanged or the history of the repository still has them; else its kept scores,
weights and posts are compared.

Scores say their status; no city is named for a change that rests on simulated data, and raw values that are simulated,
or posts that follow from draws, are not shown.
"""

import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

from fire import codebook, files
from fire import edition as editions
from fire.analysis import changes, known
from fire.analysis.known import SOFT
from fire.errors import InputError
from fire.index import spec as specs
from fire.index.index import Index
from fire.index.panel import STATUSES
from fire.report import narrative, sheets

FOLDER = files.ROOT / "build" / "diff"
SHEETS = {
    "scores": ("得分与位次", "Scores and ranks"),
    "factors": ("原因", "Causes"),
    "parts": ("原因（按指标）", "Causes by indicator"),
    "data": ("数据", "Data"),
    "method": ("方法", "Method"),
    "weights": ("权重", "Weights"),
    "posts": ("标尺", "Posts"),
    "places": ("地方", "Places"),
    "history": ("同年得分", "Same year"),
    "inputs": ("输入文件", "Inputs"),
}
LINES = ("none", "unknown", "inputs", "data", "method", "places", "ranks", "soft", "history", "causes")
MOST = 3  # cities or files named in a sentence


def write(a, b=None, folder: Path = editions.EDITIONS, out: Path = FOLDER) -> tuple[str, list[Path]]:
    """Compare editions `a` and `b` (their names), or `a` as published (else: as computed last) with `a` as it is now when
    `b` is the same or not given. Returns the summary in both languages, and the files written: summary and workbook.

    Raises InputError for an edition that does not exist, and one that has neither been published nor computed.
    """
    new = editions.load(a if b is None else b, folder)
    out = out / f"{a}-{new.name}"
    if new.name == str(a):
        old, state, inputs = _past(new, out / "published")
    else:
        ed = editions.load(a, folder)
        old, state, inputs = changes.State(ed.index, ed.year), "as of now", None
    frames = _known(changes.difference(old, changes.State(new.index, new.year)), old, new)
    frames |= {} if inputs is None else {"inputs": inputs}
    names = {"old": str(a), "new": new.name, "state_old": state, "state_new": "as of now"}
    values = _summary(frames, old, new) | names | {"year_old": old.year, "year_new": new.year}
    book = _book(old, new)
    said = _texts(values, new, book)
    text = "\n\n".join(_listed(lines) for lines in said.values())
    table = _workbook(out / f"difference-{a}-{new.name}.xlsx", frames, said, new.year, book)
    return text, [files.write_text(out / "summary.md", f"{text}\n"), table]


# The past of one edition ----------------------------------------------------------------------------------------------


def _past(ed, folder: Path) -> tuple:
    """An edition as published, else as computed last: State or Record, name of that state, its inputs that changed."""
    if ed.lock:
        now = ed.hashes()
        gone = {name: sha for name, sha in ed.lock["inputs"].items() if now.get(name) != sha}
        inputs = pd.DataFrame({"file": list(gone)})
        return _published(ed, gone, folder), "as published", inputs
    kept = ed.stored / "results" / "scores.parquet"
    if not kept.exists():
        raise InputError(
            f"edition {ed.name}",
            ["it has neither been published nor computed: name another edition to compare it with"],
        )
    return changes.Record(pd.read_parquet(kept), ed.year), "as computed last", None


def _published(ed, gone: dict, folder: Path):
    """The published state of an edition: built again where its inputs (`gone`: those that changed) can be had."""
    found = {name: _version(name, sha, folder) for name, sha in gone.items()}
    if all(found.values()):
        try:
            return _rebuilt(ed, found)
        except InputError:
            pass  # made by rules that no longer hold
    scores = pd.read_csv(ed.folder / f"{ed.name}.scores.csv")
    posts = pd.DataFrame.from_dict(ed.lock["posts"], orient="index").rename_axis("indicator")
    return changes.Record(scores, ed.year, pd.Series(ed.lock["weights"], dtype=float), posts)


def _rebuilt(ed, found: dict):
    """The State of an edition on the files `found` (name in the lock → path) in place of those of now."""
    settings = dict(ed.settings)
    own = editions.name_of(ed.folder / f"{ed.name}.yaml")
    if own in found:
        settings = files.read_yaml(found[own])
    for key in ("panel", "places", "regions", *(["draws"] if "draws" in settings else [])):
        named = settings.get(key) or editions.DEFAULTS[key]
        settings[key] = str(found.get(named, files.ROOT / named))
    named = editions.name_of(specs.INDICES / f"{settings['specification']}.toml")
    settings["specification"] = str(found.get(named, files.ROOT / named))
    past = replace(ed, settings=settings)
    posts = pd.DataFrame.from_dict(ed.lock["posts"], orient="index").rename_axis("indicator")
    parts = {"places": past.places(), "year": past.year, "draws": past.index.draws}
    index = Index(past.spec, past.index.panel, posts, **parts)
    return changes.State(index, past.year)


def _version(name: str, sha: str, folder: Path) -> Path | None:
    """The version of a file with this SHA-256, from the history of the repository, written into `folder`."""
    target = folder / Path(name).name
    for commit in _git("log", "--format=%H", "--", name).decode().split():
        content = _git("show", f"{commit}:{name}")
        with files.atomic_path(target) as part:
            Path(part).write_bytes(content)
        if files.digest(target) == sha:
            return target
    target.unlink(missing_ok=True)
    return None


def _git(*words: str) -> bytes:
    """Output of git; nothing where there is none."""
    try:
        return subprocess.run(["git", *words], cwd=files.ROOT, capture_output=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return b""


# What is known --------------------------------------------------------------------------------------------------------


def _known(frames: dict, old, new) -> dict:
    """The frames of `changes.difference` with the status of every score (status_old, status_new), and without what is
    simulated: raw values, and posts that follow from draws."""
    sides = {"old": old.index if isinstance(old, changes.State) else None, "new": new.index}
    for name in {"scores", "history", "factors", "parts"} & set(frames):
        frames[name] = frames[name].assign(
            **{
                f"status_{side}": _status(frames[name], index, side, old, new)
                for side, index in sides.items()
            }
        )
    if "data" in frames:
        cells = frames["data"].copy()
        for side in sides:
            soft = cells[f"status_{side}"].isin(SOFT)
            cells[[f"value_{side}", "change_pct"]] = cells[[f"value_{side}", "change_pct"]].mask(soft)
        frames["data"] = cells
    if "posts" in frames:
        rules = new.index.spec.rules
        drawn = {
            name
            for index in sides.values()
            if index is not None and index.draws is not None
            for name in index.draws["indicator"]
        }
        gone = {name for name in drawn if not isinstance(rules.get(name, {}).get("posts"), list | tuple)}
        frames["posts"] = frames["posts"][~frames["posts"]["indicator"].isin(gone)].reset_index(drop=True)
    return frames


def _status(frame: pd.DataFrame, index, side: str, old, new) -> list:
    """The status of the score of each row (of the root where it names no node) in one state; none where only its scores
    are kept."""
    if index is None or frame.empty:
        return [None] * len(frame)
    scores = index.scores()
    place = np.array([*STATUSES, None], dtype=object)[known.softest(scores)]
    status = dict(zip(scores[known.KEYS].itertuples(index=False, name=None), place, strict=True))
    years = frame["year"] if "year" in frame else [old.year if side == "old" else new.year] * len(frame)
    nodes = frame["node"] if "node" in frame else [index.spec.root] * len(frame)
    return [status.get(key) for key in zip(frame["unit"], years, nodes, strict=True)]


# What is said ---------------------------------------------------------------------------------------------------------


def _summary(frames: dict, old, new) -> dict:
    """Values of the sentences on a difference (`reports/exhibits/difference.toml`)."""
    index, root = new.index, new.spec.root
    held = isinstance(old, changes.State)
    total = frames["scores"][frames["scores"]["node"].eq(root)]
    stay = total[total["note"].eq("")]
    before = old.index.scores() if held else old.scores
    before = set(before.loc[before["year"].eq(old.year) & before["score"].notna(), "unit"])
    soft = stay[["status_old", "status_new"]].isin(SOFT).any(axis=1)
    size, moves = stay["score_change"].abs(), stay[~soft].sort_values("rank_change", kind="stable")
    most = size[~soft].idxmax() if (~soft).any() else None
    edits = frames["data"]["edit"].value_counts() if held else {}
    places = frames["places"].groupby("note")["unit"].agg(list)
    history = frames["history"].query("node == @root").groupby("year")["unit"].nunique()
    history = history.drop(new.year if old.year == new.year else [], errors="ignore")
    counts = {name: len(frames.get(name, ())) for name in ("data", "method", "weights", "posts")}
    return {
        **counts,
        **{name: int(edits.get(name, 0)) for name in ("added", "removed", "revised", "relabelled")},
        **{name: list(places.get(name, [])) for name in ("entered", "left", "moved")},
        **_indicators(old.index.spec if held else new.spec, new.spec),
        "same": all(frame.empty for frame in frames.values()),
        "unknown": not held,
        "kept": "weights" in frames,
        "files": list(frames["inputs"]["file"]) if "inputs" in frames else [],
        "some": MOST,
        "both": len(before & set(index.of().dropna(subset="score")["unit"])),
        "scored": int((size > changes.TOLD).sum()),
        "ranked": int(stay["rank_change"].ne(0).sum()),
        "mean": float(size[size > changes.TOLD].mean()) if len(size) else 0.0,
        "most": None if most is None else stay.at[most, "unit"],
        "points": 0.0 if most is None else float(stay.at[most, "score_change"]),
        "soft": int(soft.sum()),
        "climbs": _moves(moves[moves["rank_change"] > 0][::-1]),
        "falls": _moves(moves[moves["rank_change"] < 0]),
        "history": [{"year": int(year), "units": int(units)} for year, units in history.items()],
        "causes": _causes(frames.get("factors")),
    }


def _moves(table: pd.DataFrame) -> list[dict]:
    return [
        {"unit": line.unit, "before": int(line.rank_old), "after": int(line.rank_new)}
        for line in table.head(MOST).itertuples()
    ]


def _causes(factors: pd.DataFrame | None) -> list[dict]:
    """Mean size of the effect of each cause on the scores, the largest first, where it shows."""
    if factors is None or factors.empty:
        return []
    size = factors.assign(points=factors["score_effect"].abs()).groupby("cause")["points"].mean()
    size = size[size > changes.SHOWN].sort_values(ascending=False)
    return [{"cause": cause, "points": points} for cause, points in size.items()]


def _indicators(old, new) -> dict:
    """Labels of the indicators that only one specification has."""
    gone = [name for name in old.indicators if name not in new.indicators]
    come = [name for name in new.indicators if name not in old.indicators]
    return {
        f"{key}_{lang}": [spec.label(name, lang) for name in names]
        for key, spec, names in (("dropped", old, gone), ("added", new, come))
        for lang in codebook.LANGUAGES
    }


def _texts(values: dict, ed, book) -> dict[str, list[str]]:
    """The summary line by line, in Chinese and English."""
    catalogue, values = narrative.catalogue(*narrative.folders(ed)), narrative.facts(ed) | values
    said = [catalogue.say(f"diff-{line}", values, book) for line in ("head", *LINES)]
    return {lang: [one[lang] for one in said if one[lang]] for lang in codebook.LANGUAGES}


def _book(old, ed) -> codebook.Book:
    """The names of an edition, and of the cities that only the old state has."""
    places = ed.places()
    if isinstance(old, changes.State) and old.index.places is not None:
        places = pd.concat([places, old.index.places]).drop_duplicates("city")
    return codebook.Book(ed.spec, places, ed.regions())


def _listed(lines: list[str]) -> str:
    return "\n".join([f"# {lines[0]}", "", *(f"- {line}" for line in lines[1:])])


# The workbook ---------------------------------------------------------------------------------------------------------


def _workbook(path: Path, frames: dict, said: dict, year: int, names) -> Path:
    """The summary and one sheet for each frame that has rows; headings and names in Chinese and English."""
    with files.atomic_path(path) as part:
        book = xlsxwriter.Workbook(part, {"strings_to_formulas": False, "nan_inf_to_errors": True})
        book.set_properties({"title": said["zh"][0], "created": datetime(year + 1, 6, 1)})
        styles = sheets.Styles(book)
        sheet = book.add_worksheet("摘要 Summary")
        for row, line in enumerate([*said["zh"], "", *said["en"]]):
            sheet.write_string(
                row, 0, line, styles["title" if line in (said["zh"][0], said["en"][0]) else "note"]
            )
        sheet.set_column(0, 0, 110)
        for key, (zh, en) in SHEETS.items():
            if len(frames.get(key, ())):
                table = {"title": f"{zh} {en}", "frame": _headed(frames[key], names)}
                sheets.table_sheet(book.add_worksheet(f"{zh} {en}"[:31]), table, styles)
        book.close()
    return Path(path)


def _headed(frame: pd.DataFrame, book) -> pd.DataFrame:
    """The frame with headings and names in both languages."""
    labels = {name: book.column(name) for name in frame}
    shown = {
        f"{label['zh']} {label['en']}": [_named(cell, label["kind"], book) for cell in frame[name]]
        for name, label in labels.items()
    }
    return pd.DataFrame(shown)


def _named(cell, kind: str, book):
    """A cell by its kind: names in both languages; numbers, texts and names that are not known as they are."""
    if not isinstance(cell, str):
        return str(cell) if kind == "text" and pd.notna(cell) else cell
    try:
        named = (
            [cell]
            if kind in ("text", "number")
            else [getattr(codebook, kind)(cell, lang) for lang in (book.zh, book.en)]
        )
    except InputError:
        named = [cell]
    return " ".join(dict.fromkeys(named))
