"""One yearly edition: what it rests on, its Index, its own places and names, its lock.

    >>> ed = load(2022)
    >>> ed.year, ed.compared, ed.focus_region
    (2021, 2020, '粤港澳大湾区')

Publishing an edition writes `<edition>.lock.json` (posts, weights, methods, hashes of all inputs) and
`<edition>.scores.csv` beside its YAML file. From then on new data or new cities move no post, and `verify` rebuilds
every score to the digit.
"""

import copy
import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

from fire import codebook, files
from fire.errors import Finding, nearest, refuse
from fire.index import panel as panels
from fire.index import spec as specs
from fire.index.index import HELD, Index, contradictory
from fire.intake import check as intake

EDITIONS = files.REPORTS / "editions"
NAME, TEXT = (int, float, str), (str,)
KEYS = {
    "edition": NAME,
    "year": (int,),
    "base_year": (int,),
    "specification": TEXT,
    "focus_region": TEXT,
    "languages": (list,),
}
EXTRA = {
    "panel": TEXT,  # the values in the project's own form; or, instead,
    "sources": TEXT,  # how the institute's own tables are read (.yaml)
    "corrections": TEXT,  # corrected cells and accepted warnings (.csv)
    "late": TEXT,  # what is done about cells that are not there yet: draws (default) or refuse
    "places": TEXT,  # cities with their regions; default data/places.csv
    "regions": TEXT,  # regions in order; default data/regions.csv
    "sheet": TEXT,  # of the panel, when it is a workbook of several
    "draws": TEXT,  # of a panel: several draws of the cells that the panel has no value for (.parquet)
    "feasible": TEXT,  # the range that printed facts leave to scores, growth and ranks (.csv)
    "records": TEXT,  # folder of firm, patent and deal records
    "engine": TEXT,  # where records are counted: duckdb:// or spark://host:port
    "facts": TEXT,  # folder of printed facts that this edition is held against
    "studies": (list,),  # studies whose chapters belong to this report
    "programme": TEXT,  # chapters that this edition adds, replaces or drops
    "posts": NAME,  # the locked edition whose posts are kept
    "corrects": NAME,  # the edition that this one corrects
    "map": (
        dict,
    ),  # boundaries of maps: their file (GeoJSON) and the number under which that map was approved
    "note": TEXT,
}
NAMED = ("panel", "sources", "corrections", "draws", "feasible", "facts")  # must be there when named
LATE = ("draws", "refuse")
KINDS = {
    int: ("整数", "whole number"),
    float: ("数", "number"),
    str: ("文字", "text"),
    list: ("列表", "list"),
    dict: ("“键: 值”各行", "set of 'key: value' lines"),
}
MAP = ("boundary", "approval")
DEFAULTS = {"places": "data/places.csv", "regions": "data/regions.csv"}
DIGITS = 6  # decimals of a score that a lock holds
KEPT = ["unit", "year", "node", "score", "rank"]


@dataclass(frozen=True, eq=False)
class Edition:
    """What one report rests on. `.index` is its Index; `.places()` and `.regions()` are its own."""

    name: str
    settings: dict
    folder: Path = EDITIONS

    def __reduce__(self):
        return Edition, (self.name, self.settings, self.folder)  # another process computes its own index

    def path(self, key: str) -> Path | None:
        """The file or folder that a setting names, from the root of the project; None where it is not set."""
        named = self.settings.get(key, DEFAULTS.get(key))
        return files.ROOT / named if named else None

    def _fault(self, rule: str, value, **values) -> Finding:
        return _say(f"{self.name}.yaml", rule, value, **values)

    def _file(self, key: str) -> Path:
        """The file of a setting that every edition has."""
        return files.ROOT / str(self.settings.get(key, DEFAULTS.get(key)))

    @property
    def year(self) -> int:
        """The year that is ranked."""
        return self.settings["year"]

    @property
    def base_year(self) -> int:
        """The year of the posts."""
        return self.settings["base_year"]

    @property
    def compared(self) -> int | None:
        """The year that growth and rank changes are counted from: the one before, None when the panel lacks it."""
        return self.index.before

    @property
    def focus_region(self) -> str:
        return self.settings["focus_region"]

    @property
    def languages(self) -> list[str]:
        return self.settings["languages"]

    @property
    def studies(self) -> list[str]:
        return self.settings.get("studies", [])

    @property
    def facts(self) -> Path | None:
        """Folder of printed facts, or None."""
        return self.path("facts")

    @property
    def records(self) -> Path | None:
        """Folder of firm, patent and deal records, or None."""
        return self.path("records")

    @property
    def boundary(self) -> Path | None:
        """The file of boundaries (GeoJSON) that maps of this edition may show, or None: then no boundary is drawn."""
        return files.ROOT / self.settings["map"]["boundary"] if "map" in self.settings else None

    @property
    def approval(self) -> str | None:
        """The number under which the map of these boundaries was approved, or None."""
        return self.settings.get("map", {}).get("approval")

    @property
    def stored(self) -> Path:
        """Folder of what is computed from this edition."""
        return files.ROOT / "build" / self.name

    @cached_property
    def spec(self) -> specs.Spec:
        """The specification, with the weights that a lock has derived from data: no new data move those."""
        spec = specs.load(self.settings["specification"])
        refuse(
            f"edition {self.name}",
            []
            if spec.method["base_year"] in (None, self.base_year)
            else [self._fault("base_year", self.base_year, spec=spec.id, base=spec.method["base_year"])],
        )
        lock = self.frozen
        derived = [
            node
            for node, family in spec.families.items()
            if spec.rules[node]["weighting"] != "given" and lock and set(family) <= set(lock["weights"])
        ]
        if lock is None or not derived:
            return spec
        weights = {child: lock["weights"][child] for node in derived for child in spec.families[node]}
        return spec.vary(*derived, weighting="given").vary(weights=weights)

    @cached_property
    def index(self) -> Index:
        """The index of this edition, on its panel, its frozen posts and its places.

        Raises InputError with every fault of panel and places, and when the specification contradicts the lock.
        """
        checked, posts = self.check(), None
        refuse(f"edition {self.name}", checked.of("error"))
        if self.frozen is not None:
            refuse(f"edition {self.name}", broken(self.frozen, self.spec, f"{self.name}.yaml"))
            posts = pd.DataFrame.from_dict(self.frozen["posts"], orient="index").rename_axis("indicator")
        places = self.places()
        return Index(self.spec, checked.panel, posts, places=places, year=self.year, draws=checked.draws)

    def absent(self) -> None:
        """Raises InputError that names every file and folder which this edition names and which is not there."""
        named = [key for key in NAMED if key in self.settings]
        refuse(
            f"edition {self.name}",
            [
                self._fault("absent", self.settings[key], key=key, stem=self.name)
                for key in named
                if not self._file(key).exists()
            ],
        )

    @cached_property
    def _checked(self) -> intake.Checked:
        return intake.check(self)

    def check(self) -> intake.Checked:
        """What the files of this edition hold and everything found in them; raises nothing for bad input."""
        return self._checked

    @cached_property
    def previous(self) -> "Edition | None":
        """The edition before: the one whose posts are kept, else the newest that is older; None without."""
        older = [name for name in names(self.folder) if name < self.name and name != self.name]
        name = self.settings.get("posts") or next(reversed(older), None)
        return None if name is None or f"{name}" == self.name else load(name, self.folder)

    def history(self) -> pd.DataFrame | None:
        """The known cells of the edition before (unit, year, indicator, value, status, source); None without."""
        return None if self._history is None else self._history.copy()

    @cached_property
    def _history(self) -> pd.DataFrame | None:
        before = self.previous
        if before is None:
            return None
        if "sources" in before.settings:
            return before.check().panel
        path = before._file("panel")
        if not path.exists():
            return None
        return panels.read(path, before.spec, before.settings.get("sheet"), whole=False)

    @cached_property
    def _places(self) -> pd.DataFrame:
        regions = list(self.regions()["region"])
        refuse(
            f"edition {self.name}",
            [self._fault("focus", self.focus_region, **nearest(self.focus_region, regions))]
            * (self.focus_region not in regions),
        )
        return places(self._file("places"), regions)

    def places(self) -> pd.DataFrame:
        """The cities of this edition: city, city_en, region, lon, lat and whatever else there is."""
        return self._places.copy()

    def regions(self) -> pd.DataFrame:
        """The regions of this edition in order: region, region_en, …"""
        return files.read_table_with(self._file("regions"), ["region", "region_en"])

    @cached_property
    def book(self) -> codebook.Book:
        """Names, headings and units of this edition in both languages."""
        return codebook.Book(self.spec, self._places, self.regions())

    @property
    def lock(self) -> dict | None:
        """What publishing froze, or None before."""
        path = self.folder / f"{self.name}.lock.json"
        return files.read_json(path) if path.exists() else None

    @cached_property
    def frozen(self) -> dict | None:
        """The lock that holds: its own, else that of the edition its file names under `posts`; None without."""
        if (own := self.lock) or "posts" not in self.settings:
            return own
        lock = load(self.settings["posts"], self.folder).lock
        refuse(
            f"edition {self.name}", [] if lock else [self._fault("posts_unlocked", self.settings["posts"])]
        )
        return lock

    def inputs(self) -> list[Path]:
        """Every file that this edition rests on: its YAML, the lock it chains to, specification, places, regions, panel or
        sources with the tables that they name, corrections, draws, programme, printed facts and its own records."""
        paths = [self.folder / f"{self.name}.yaml", specs.file_of(self.settings["specification"])]
        if "posts" in self.settings:
            paths.append(self.folder / f"{self.settings['posts']}.lock.json")
        paths += [self._file(key) for key in ("places", "regions")]
        files_named = ("panel", "sources", "corrections", "draws", "programme", "feasible")
        paths += [self._file(key) for key in files_named if key in self.settings]
        paths += [self.boundary] if self.boundary else []
        if "sources" in self.settings:
            paths += intake.files_of(self._file("sources"))
        for folder in filter(
            None, [self.facts, None if sample(self.settings.get("records")) else self.records]
        ):
            paths += (
                sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else [folder]
            )
        return list(dict.fromkeys(paths))

    def hashes(self) -> dict[str, str | None]:
        """SHA-256 of every input (line endings of text apart), None where it is missing."""
        return {name_of(path): files.digest(path) if path.exists() else None for path in self.inputs()}

    def results(self) -> pd.DataFrame:
        """Scores as a lock holds them: rounded, sorted by key."""
        kept = self.index.scores()[KEPT].sort_values(["year", "unit", "node"], ignore_index=True)
        return kept.assign(score=kept["score"].round(DIGITS))


def name_of(path: Path) -> str:
    """A path as the lock names it: from the root of the project where it lies inside."""
    return path.relative_to(files.ROOT).as_posix() if path.is_relative_to(files.ROOT) else path.name


def sample(folder: str | None) -> bool:
    """Is this a folder of sample data, which are rebuilt from the repository?"""
    return folder is not None and Path(folder).is_relative_to("data/sample")


def broken(lock: dict, spec: specs.Spec, file: str) -> list[str]:
    """Where a specification contradicts the methods under which posts were frozen."""
    found = []
    for name, old in lock.get("methods", {}).items():
        if name in spec.indicators:
            now = spec.rules[name]
            found += [(name, key, now[key], (now | old)[key]) for key in contradictory(now | old, now)]
            base = old.get("base_year", now["reference"])
            if old["reference"] == "base" and base != spec.method["base_year"]:
                found.append((name, "base_year", spec.method["base_year"], old.get("base_year")))
    return [
        Finding("edition.held", file, value=name, key=key, new=repr(new), old=repr(old))
        for name, key, new, old in found
    ]


def places(path: Path, regions: list[str]) -> pd.DataFrame:
    """Read the cities of an edition: the columns city, city_en, region, lon, lat and whatever else there is.

    Raises InputError that names every missing column, doubled city, unknown region and unreadable coordinate.
    """
    table = files.read_table_with(path, ["city", "city_en", "region", "lon", "lat"])
    faults, spot = [], partial(files.spot, table)
    for name, most in (("lon", 180), ("lat", 90)):
        table[name], wrong = files.to_number(table[name])
        faults += wrong
        faults += [
            Finding("edition.coordinate", **spot(row, name), value=f"{table[name][row]:g}", most=most)
            for row in table.index[table[name].abs() > most]
        ]
    for name in ("city", "city_en", "region", "lon", "lat"):
        faults += [Finding("tables.empty", **spot(row, name)) for row in table.index[table[name].isna()]]
    faults += [
        Finding(
            "edition.region",
            **spot(row),
            value=table["region"][row],
            **nearest(table["region"][row], regions),
        )
        for row in table.index[table["region"].notna() & ~table["region"].isin(regions)]
    ]
    faults += [
        Finding("tables.twice", **spot(row), value=table["city"][row])
        for row in table.index[table["city"].duplicated() & table["city"].notna()]
    ]
    faults += [
        Finding("edition.same_name", **spot(row, "city"), value=table["city"][row])
        for row in table.index[table["city"].isin(regions)]
    ]
    refuse(f"{path}", faults)
    return table


_held: dict[Path, Edition] = {}  # by its YAML file


def hold(edition: int | float | str, folder: Path | str = EDITIONS) -> Edition:
    """Load an edition and its index, and let `load` give it as it is now from here on, in this process and those forked from
    it: for all notebooks of one report, which lives no longer (`fire.report.warm`)."""
    ed = load(edition, folder)
    ed.index.scores()
    _held[ed.folder / f"{ed.name}.yaml"] = ed
    return ed


def _again(held: Edition) -> Edition:
    """An edition that is held, with settings of its own: a notebook may change them."""
    ed = Edition(held.name, copy.deepcopy(held.settings), held.folder)
    ed.__dict__.update({name: value for name, value in held.__dict__.items() if name not in ed.__dict__})
    return ed


def load(edition: int | float | str, folder: Path | str = EDITIONS) -> Edition:
    """Load an edition by its number: `load(2022)`, `load("2022.1")`.

    Raises InputError with every fault of its YAML file: syntax, doubled, missing and unknown keys, wrong kinds of
    value, a year without sense, languages and editions that do not exist.
    """
    folder = Path(folder)
    path, have = folder / f"{edition}.yaml", names(folder)
    if path in _held:
        return _again(_held[path])
    say = partial(_say, path.name)
    refuse(
        f"edition {edition}", [] if path.exists() else [say("no_file", path.name, **nearest(edition, have))]
    )
    settings, known = files.read_yaml(path), KEYS | EXTRA
    faults = [say("missing", key) for key in KEYS if key not in settings]
    for key, value in settings.items():
        if key not in known:
            faults.append(say("key", key, **nearest(key, known)))
        elif not isinstance(value, known[key]) or isinstance(value, bool):
            zh, en = (
                word.join(KINDS[kind][at] for kind in known[key]) for at, word in enumerate(("或", " or "))
            )
            faults.append(say("kind", value, key=key, kind_zh=zh, kind_en=en))
    if ("panel" in settings) == ("sources" in settings):
        faults.append(say("panel"))
    if settings.get("late", LATE[0]) not in LATE:
        faults.append(say("late", settings["late"]))
    if str(settings.get("edition", path.stem)) != path.stem:
        faults.append(say("name", settings["edition"], stem=path.stem))
    if isinstance(settings.get("languages"), list):
        faults += [say("language", lang) for lang in settings["languages"] if lang not in codebook.LANGUAGES]
        faults += [say("no_language")] * (not settings["languages"])
    faults += [
        say("no_edition", settings[key], key=key, **nearest(settings[key], have))
        for key in ("posts", "corrects")
        if key in settings and str(settings[key]) not in have
    ]
    if isinstance(settings.get("map"), dict):
        faults += _map_faults(settings["map"], say)
    refuse(path.name, faults)
    return Edition(path.stem, settings, folder)


def _map_faults(given: dict, say) -> list[Finding]:
    """What is wrong with the setting `map`: a boundary without file or without the number of its approval."""
    faults = [say("map_key", key, **nearest(key, MAP)) for key in given if key not in MAP]
    faults += [say("map_missing", key) for key in MAP if not str(given.get(key) or "").strip()]
    boundary = given.get("boundary")
    if boundary and not (files.ROOT / str(boundary)).is_file():
        faults.append(say("absent", boundary, key="map: boundary", stem=Path(say.args[0]).stem))
    return faults


def _say(file: str, rule: str, value="", **values) -> Finding:
    return Finding(f"edition.{rule}", file, value=value, **values)


def names(folder: Path = EDITIONS) -> list[str]:
    """Editions on file, oldest first."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


# Publication ----------------------------------------------------------------------------------------------------------


def publish(edition: int | float | str, folder: Path = EDITIONS) -> Path:
    """Lock an edition: freeze posts, weights and methods, hash all inputs, keep the scores.

    Raises InputError that says how to publish a correction when it is locked already.
    """
    ed = load(edition, folder)
    path = folder / f"{ed.name}.lock.json"
    refuse(f"edition {ed.name}", [_say(path.name, "locked", stem=ed.name)] * path.exists())
    index = ed.index.freeze()
    results, spec = ed.results(), ed.spec
    methods = {
        name: {key: spec.rules[name][key] for key in [*HELD, "normalise"]}
        | {"base_year": spec.method["base_year"]}
        for name in spec.indicators
    }
    lock = {
        "edition": ed.name,
        "inputs": ed.hashes(),
        "weights": index.weights.to_dict(),
        "methods": methods,
        "posts": index.posts.to_dict("index"),
        "scores_sha256": _digest(results),
    }
    files.write_csv(results, folder / f"{ed.name}.scores.csv", float_format=f"%.{DIGITS}f")
    return files.write_text(path, json.dumps(lock, ensure_ascii=False, indent=1) + "\n")


def unlock(edition: int | float | str, folder: Path = EDITIONS) -> Path:
    """Take a lock back, as long as no git tag carries the edition and no other edition keeps its posts.

    The lock and its scores are moved into build/unlocked/; returns that folder. Raises InputError otherwise.
    """
    ed = load(edition, folder)
    say = partial(_say, f"{ed.name}.lock.json")
    faults = [] if ed.lock else [say("nothing_locked", ed.name)]
    faults += [say("tagged", tag) for tag in tags(ed.name)]
    faults += [
        say("chained", other)
        for other in names(folder)
        if other != ed.name
        and str(files.read_yaml(folder / f"{other}.yaml").get("posts")) == ed.name
        and (folder / f"{other}.lock.json").exists()
    ]
    refuse(f"edition {ed.name}", faults)
    kept = files.ROOT / "build" / "unlocked"
    kept.mkdir(parents=True, exist_ok=True)
    for end in ("lock.json", "scores.csv"):
        if (folder / f"{ed.name}.{end}").exists():
            place = files.free(kept / f"{ed.name}.{end}")
            shutil.copyfile(folder / f"{ed.name}.{end}", place)
            os.remove(folder / f"{ed.name}.{end}")
    return kept


def tags(name: str) -> list[str]:
    """Tags of the repository that name this edition; none where there is no git."""
    try:
        done = subprocess.run(
            ["git", "tag", "--list", name, f"v{name}", f"edition-{name}"],
            cwd=files.ROOT,
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split()


def _digest(results: pd.DataFrame) -> str:
    """SHA-256 of the scores as a lock keeps them."""
    text = results.to_csv(index=False, float_format=f"%.{DIGITS}f", lineterminator="\n")
    return hashlib.sha256(text.encode()).hexdigest()


def verify(edition: int | float | str, folder: Path = EDITIONS) -> list[Finding]:
    """Rebuild a locked edition; returns what differs from its lock, one sentence each (empty: nothing).

    An input that is missing (a panel that is not kept in the repository, say) is named with the hash to look for.
    """
    ed = load(edition, folder)
    lock = ed.lock
    say = partial(_say, f"{ed.name}.lock.json")
    if lock is None:
        return [say("not_locked", ed.name)]
    now, faults = ed.hashes(), []
    for name, value in lock["inputs"].items():
        if now.get(name) is None:
            faults.append(say("input_absent", name, hash=value))
        elif now[name] != value:
            faults.append(say("input_changed", name))
    faults += [say("input_new", name) for name in now if name not in lock["inputs"]]
    if any(now.get(name) is None for name in lock["inputs"]):
        return faults
    results = ed.results()
    if _digest(results) == lock["scores_sha256"]:
        return faults
    locked = pd.read_csv(folder / f"{ed.name}.scores.csv")
    both = locked.merge(results, on=KEPT[:3], how="outer", suffixes=("_locked", "_now"))
    moved = both[
        ~(both["score_locked"].sub(both["score_now"]).abs() < 1.5 * 10**-DIGITS)
        & ~(both["score_locked"].isna() & both["score_now"].isna())
    ]
    return faults + [
        say("moved", row.score_now, unit=row.unit, year=row.year, node=row.node, locked=row.score_locked)
        for row in moved.itertuples()
    ]
