"""One yearly edition: its YAML file, its inputs, its frozen posts and its locked results.

    >>> ed = load(2022)
    >>> ed.year, ed.base_year, ed.focus_region
    (2021, 2020, '粤港澳大湾区')

Publishing an edition writes `<edition>.lock.json` (posts, weights, hashes of the inputs) and `<edition>.scores.csv`
beside its YAML file. From then on new data or new cities move no post, and `verify` rebuilds every score to the digit.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import yaml

from fire import files
from fire.errors import InputError, refuse
from fire.index import normalise, score
from fire.index import panel as panels
from fire.index import spec as specs
from fire.index.spec_faults import suggest

EDITIONS = files.REPORTS / "editions"
KEYS = {
    "edition": (int, float, str),
    "year": int,
    "base_year": int,
    "specification": str,
    "panel": str,
    "focus_region": str,
    "languages": list,
}
EXTRA = {
    "posts": (int, float, str),
    "corrects": (int, float, str),
    "note": str,
    "records": str,
    "engine": str,
}
DIGITS = 6  # decimals of a score that a lock holds
KEPT = ["unit", "year", "node", "score", "rank"]


@dataclass(frozen=True)
class Edition:
    """What one report rests on: `.spec`, `.panel()`, `.posts()`, `.scores()`, `.places()`, `.regions()`, settings."""

    name: str
    settings: dict
    folder: Path = EDITIONS

    @cached_property
    def spec(self) -> specs.Spec:
        return specs.load(self.settings["specification"])

    @property
    def year(self) -> int:
        return self.settings["year"]

    @property
    def base_year(self) -> int:
        return self.settings["base_year"]

    @property
    def focus_region(self) -> str:
        return self.settings["focus_region"]

    @property
    def lock(self) -> dict | None:
        """What publishing froze, or None before."""
        path = self.folder / f"{self.name}.lock.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    @cached_property
    def _panel(self) -> pd.DataFrame:
        if not (files.ROOT / self.settings["panel"]).exists():
            raise InputError(
                self.settings["panel"], ["the file does not exist: type `make data` to build it"]
            )
        return panels.read(files.ROOT / self.settings["panel"], self.spec)

    def panel(self) -> pd.DataFrame:
        return self._panel.copy()

    @property
    def frozen(self) -> dict | None:
        """The lock that holds: its own, else that of the edition its file names under `posts`; None without."""
        if self.lock or "posts" not in self.settings:
            return self.lock
        lock = load(self.settings["posts"], self.folder).lock
        refuse(
            f"edition {self.name}",
            []
            if lock
            else [
                f"it takes the posts of edition {self.settings['posts']}, which is not locked: publish that first"
            ],
        )
        return lock

    def posts(self) -> pd.DataFrame:
        """Frozen posts, else those of its own data."""
        if self.frozen is None:
            return score.base_posts(self.spec, self._panel, self.groups())
        return pd.DataFrame.from_dict(self.frozen["posts"], orient="index").rename_axis("indicator")

    def settled(self) -> specs.Spec:
        """The specification with the weights that a lock has derived from data: no new data move them."""
        lock, families = self.frozen, self.spec.families
        derived = [
            node
            for node in families
            if self.spec.rules[node]["weighting"] != "given"
            and lock
            and set(families[node]) <= set(lock["weights"])
        ]
        if not derived:
            return self.spec
        weights = {child: lock["weights"][child] for node in derived for child in families[node]}
        return self.spec.vary(*derived, weighting="given").vary(weights=weights)

    def groups(self) -> pd.Series:
        """Region of each city."""
        return self.places().set_index("city")["region"]

    @cached_property
    def _scores(self) -> pd.DataFrame:
        return score.compute(self.settled(), self._panel, self.posts(), self.groups())

    def scores(self) -> pd.DataFrame:
        return self._scores.copy()

    def places(self) -> pd.DataFrame:
        return files.read_csv(files.DATA / "places.csv").astype({"lon": float, "lat": float})

    def regions(self) -> pd.DataFrame:
        return files.read_csv(files.DATA / "regions.csv")

    def inputs(self) -> dict[str, str]:
        """SHA-256 of every input file, line endings apart."""
        names = [f"data/indices/{self.settings['specification']}.toml", self.settings["panel"]]
        return {
            name: hashlib.sha256((files.ROOT / name).read_bytes().replace(b"\r\n", b"\n")).hexdigest()
            for name in names
        }

    def results(self) -> pd.DataFrame:
        """Scores as a lock holds them: rounded, sorted by key."""
        kept = self.scores()[KEPT].sort_values(["year", "unit", "node"], ignore_index=True)
        return kept.assign(score=kept["score"].round(DIGITS))


def load(edition: int | float | str, folder: Path = EDITIONS) -> Edition:
    """Load an edition by its number: `load(2022)`, `load("2022.1")`."""
    path = folder / f"{edition}.yaml"
    if not path.exists():
        raise InputError(
            f"edition {edition}", [f"no file {path.name}" + suggest(str(edition), names(folder))]
        )
    settings = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    known = KEYS | EXTRA
    faults = [f"'{key}' is missing: add it" for key in KEYS if key not in settings]
    faults += [f"unknown key '{key}'" + suggest(key, known) for key in settings if key not in known]
    faults += [
        f"{key}: {value!r} is no {getattr(known[key], '__name__', 'number or text')}: correct it"
        for key, value in settings.items()
        if key in known and not isinstance(value, known[key])
    ]
    faults += [
        f"edition: the file says {settings['edition']}, its name {path.stem}: make them agree"
        for _ in [0]
        if str(settings.get("edition", path.stem)) != path.stem
    ]
    refuse(path.name, faults)
    return Edition(path.stem, settings, folder)


def names(folder: Path = EDITIONS) -> list[str]:
    """Editions on file, oldest first."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def publish(edition: int | float | str, folder: Path = EDITIONS) -> Path:
    """Lock an edition: freeze posts and weights, hash the inputs, keep the scores. A locked edition stays as it is;
    raises InputError that says how to publish a correction."""
    ed = load(edition, folder)
    path = folder / f"{ed.name}.lock.json"
    refuse(
        f"edition {ed.name}",
        [
            f"it is locked: a correction is a new edition: copy {ed.name}.yaml to "
            f"{ed.name}.1.yaml with 'edition: \"{ed.name}.1\"', 'corrects: {ed.name}' and "
            f"'posts: {ed.name}', and publish that"
        ]
        if path.exists()
        else [],
    )
    done = score.steps(ed.settled(), ed.panel(), ed.posts(), ed.groups())
    refuse(
        f"edition {ed.name}",
        []
        if done.posts.index.nlevels == 1
        else ['its posts differ by year: set reference = "base" or "pooled" to lock them'],
    )
    results = ed.results()
    lock = {
        "edition": ed.name,
        "inputs": ed.inputs(),
        "weights": done.weights.to_dict(),
        "posts": done.posts[normalise.POSTS].to_dict("index"),
        "scores_sha256": digest(results),
    }
    files.write_csv(results, folder / f"{ed.name}.scores.csv", float_format=f"%.{DIGITS}f")
    return files.write_text(path, json.dumps(lock, ensure_ascii=False, indent=1) + "\n")


def digest(results: pd.DataFrame) -> str:
    return hashlib.sha256(
        results.to_csv(index=False, float_format=f"%.{DIGITS}f", lineterminator="\n").encode()
    ).hexdigest()


def verify(edition: int | float | str, folder: Path = EDITIONS) -> list[str]:
    """Rebuild a locked edition; returns what differs from its lock, one sentence each (empty: nothing)."""
    ed = load(edition, folder)
    if ed.lock is None:
        return [f"edition {ed.name} is not locked: publish it first"]
    faults = [
        f"{name}: the file has changed since publication: put it back, or publish a correction"
        for name, value in ed.inputs().items()
        if ed.lock["inputs"].get(name) != value
    ]
    results = ed.results()
    if digest(results) == ed.lock["scores_sha256"]:
        return faults
    locked = pd.read_csv(folder / f"{ed.name}.scores.csv")
    both = locked.merge(results, on=KEPT[:3], how="outer", suffixes=("_locked", "_now"))
    moved = both[
        ~(both["score_locked"].sub(both["score_now"]).abs() < 1.5 * 10**-DIGITS)
        & ~(both["score_locked"].isna() & both["score_now"].isna())
    ]
    return faults + [
        f"{row.unit}, {row.year}, {row.node}: score {row.score_now}, locked {row.score_locked}"
        for row in moved.itertuples()
    ]


def main(command: str, edition: str) -> None:
    """`python -m fire.edition publish 2022`, `python -m fire.edition verify 2022`."""
    if command == "publish":
        print(f"locked: {publish(edition).name}")
    else:
        refuse(f"edition {edition}", verify(edition))
        print(f"edition {edition}: every score rebuilt to {DIGITS} decimals")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except InputError as error:
        sys.exit(str(error))
