"""The programme of a report: its chapters in order, each with its texts, its notebook and the runs of that.

    >>> from fire import edition
    >>> chapters = load(edition.load(2022))
    >>> [run.name for chapter in chapters if chapter.name == "41-city" for run in chapter.runs][:2]
    ['41-city-深圳', '41-city-广州']

It is read from `reports/programme.toml`, from `studies/<name>/programme.toml` for each study that the edition names, and
from the edition's own file (`programme:` in its YAML). Nothing else lists chapters.
"""

import importlib
import itertools
import json
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from fire import files
from fire.errors import InputError, refuse, suggest
from fire.report import parameters as plain

TEMPLATE = files.REPORTS / "template"
NOTEBOOKS = files.ROOT / "notebooks"
STUDIES = files.ROOT / "studies"
KEYS = {
    "name": str,
    "notebook": str,
    "each": dict,
    "parameters": dict,
    "needs": list,
    "request": bool,
    "after": str,
    "volume": str,
}
VOLUMES = ("report", "technical")  # the first is that of a chapter which names none
DATA_KEYS = {"name": str, "path": str, "make": str, "request": bool}
TABLES = {"chapter": KEYS, "data": DATA_KEYS, "drop": {}}
NEEDS = ("facts", "records")  # keys of an edition without which a chapter may be left out
FANS = ("cities", "regions", "indices")
GIVEN = ("edition", "out")  # parameters that every run is given


@dataclass(frozen=True)
class Run:
    """One run of a notebook: its `parameters` besides edition and out, and the `folder` that it fills."""

    name: str
    notebook: Path
    parameters: dict
    folder: Path
    needs: tuple = ()


@dataclass(frozen=True)
class _Chapter:
    """One chapter: its texts by language (none: it is not printed), its notebook (None: text only), its runs."""

    name: str
    texts: dict
    notebook: Path | None = None
    runs: tuple = ()
    needs: tuple = ()
    request: bool = False
    study: str | None = None
    volume: str = VOLUMES[0]

    def title(self, lang: str = "zh") -> str:
        """First heading of its text, else of its notebook, else its name; values to be filled in are left out."""
        if self.texts:
            words = self.texts.get(lang, next(iter(self.texts.values()))).read_text(encoding="utf-8")
        elif self.notebook:
            words = "\n".join(source for kind, source, _ in cells(self.notebook) if kind == "markdown")
        else:
            words = ""
        found = re.search(r"^#+ +(.+?)(?: *\{[^}]*\})?$", words, re.MULTILINE)
        return re.sub(r"[：:]? *{{.*?}}", "", found.group(1)).strip() if found else self.name


@dataclass(frozen=True)
class _Data:
    """Data derived from others: where they lie, and the function `module:function(ed, path)` that writes them."""

    name: str
    path: Path
    make: str
    request: bool = False


@dataclass
class _Listed:
    """The entries of all programme files of an edition, before they are checked one by one."""

    chapters: list = field(default_factory=list)  # (entry, study, path of the file)
    data: list = field(default_factory=list)
    files: list = field(default_factory=list)
    faults: list = field(default_factory=list)


def load(ed, template: Path = TEMPLATE) -> list[_Chapter]:
    """The chapters of an edition in order, those on request last.

    Raises InputError that lists every unknown key, double name, missing file, unknown parameter and text not listed.
    """
    return read(ed, template)[0]


def runs(ed, template: Path = TEMPLATE) -> list[Run]:
    """Every run that the report of an edition needs, in the order of its chapters."""
    return [run for chapter in load(ed, template) if not chapter.request for run in chapter.runs]


def data(ed, template: Path = TEMPLATE) -> list[_Data]:
    """The derived data of an edition."""
    return read(ed, template)[1]


def read(ed, template: Path = TEMPLATE) -> tuple[list[_Chapter], list[_Data]]:
    """Chapters and derived data of an edition; raises as `load` does."""
    listed = _entries(ed, template)
    faults, chapters = listed.faults, []
    names = [entry["name"] for entry, *_ in listed.data]
    for entry, study, path in listed.chapters:
        needs = entry.get("needs", [])
        faults += [
            f"{_said(path)}: '{entry['name']}' needs '{need}', which is no key of an edition and no data"
            + suggest(str(need), [*NEEDS, *names])
            for need in needs
            if need not in (*NEEDS, *names)
        ]
        if all(ed.settings.get(need) for need in needs if need in NEEDS):
            chapter, found = one(ed, entry, study, template)
            faults += [f"{_said(path)}: '{entry['name']}': {fault}" for fault in found]
            chapters.append(chapter)
    known = {entry["name"] for entry, *_ in listed.chapters} | _everywhere()
    faults += [
        f'chapter text {name}.md is in no programme: add [[chapter]] name = "{name}" to '
        f"{_said(template.parent / 'programme.toml')}"
        for name in sorted({text.stem for text in template.glob("??/*.md")} - known)
    ]
    built = [run.name for chapter in chapters for run in chapter.runs]
    faults += [f"two runs are called '{name}'" for name in sorted({n for n in built if built.count(n) > 1})]
    refuse(f"programme of edition {ed.name}", list(dict.fromkeys(faults)))
    chapters.sort(key=lambda chapter: chapter.request)
    return chapters, [
        _Data(entry["name"], files.ROOT / entry["path"], entry["make"], entry.get("request", False))
        for entry, *_ in listed.data
    ]


def sources(ed, template: Path = TEMPLATE) -> list[Path]:
    """The programme files of an edition."""
    return _entries(ed, template).files


def _entries(ed, template: Path) -> _Listed:
    """All entries of the base, the studies and the edition, put together in order, with the faults found so far."""
    listed = _Listed()
    first = template.parent / "programme.toml"
    for path, study in [
        (first, None),
        *((STUDIES / name / "programme.toml", name) for name in studies(ed)),
        *([(files.ROOT / ed.settings["programme"], None)] if ed.settings.get("programme") else []),
    ]:
        add(listed, path, study, replaces=path != first and study is None)
        if not listed.chapters:
            break  # without the base nothing else can be placed
    return listed


def add(listed: _Listed, path: Path, study: str | None, replaces: bool) -> None:
    """Put the entries of one file into the list; only an edition's own file `replaces` and drops chapters."""
    listed.files.append(path)
    try:
        table = tomllib.loads(files.decode(path))
    except (FileNotFoundError, IsADirectoryError):
        listed.faults.append(f"{_said(path)}: the file does not exist: write it, or correct its name")
        return
    except (tomllib.TOMLDecodeError, InputError) as error:
        listed.faults.append(f"{_said(path)}: not valid TOML: {error}")
        return
    listed.faults += [
        f"{_said(path)}: unknown key '{key}'" + suggest(key, TABLES) for key in table if key not in TABLES
    ]
    for kind, place in (("chapter", listed.chapters), ("data", listed.data)):
        rows, seen, last = table.get(kind, []), [], {}
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            listed.faults.append(f"{_said(path)}: write each {kind} under a line [[{kind}]] of its own")
            continue
        for number, row in enumerate(rows, 1):
            found = _entry_faults(row, TABLES[kind], f"{_said(path)}: {kind} {number}")
            name, names = row.get("name"), [entry["name"] for entry, *_ in place]
            listed.faults += found
            if not isinstance(name, str):
                continue
            if name in seen or (name in names and not replaces):
                listed.faults.append(f"{_said(path)}: {kind} '{name}' is listed twice: take one out")
            elif name in names:
                place[names.index(name)] = (row, study, path)
            else:
                at, after = len(place), row.get("after")
                if after in names:  # several after the same chapter keep their order
                    at = names.index(last.get(after, after)) + 1
                    last[after] = name
                elif after is not None:
                    listed.faults.append(
                        f"{_said(path)}: chapter '{name}': after = '{after}': there is no such chapter"
                        + suggest(str(after), names)
                    )
                place.insert(at, (row, study, path))
            seen.append(name)
    gone, names = table.get("drop", []), [entry["name"] for entry, *_ in listed.chapters]
    listed.faults += [
        f"{_said(path)}: drop: there is no chapter '{name}'" + suggest(str(name), names)
        for name in gone
        if name not in names
    ]
    listed.chapters = [row for row in listed.chapters if row[0]["name"] not in gone]


def _entry_faults(row: dict, keys: dict, where: str) -> list[str]:
    """Unknown and missing keys, and values of a wrong type."""
    where += f" ('{row['name']}')" if isinstance(row.get("name"), str) else ""
    needed = [key for key in ("name", *(["path", "make"] if "make" in keys else [])) if key not in row]
    return (
        [f"{where}: '{key}' is missing: add it" for key in needed]
        + [f"{where}: unknown key '{key}'" + suggest(key, keys) for key in row if key not in keys]
        + [
            f"{where}: {key} = {value!r} is no {keys[key].__name__}: correct it"
            for key, value in row.items()
            if key in keys and not isinstance(value, keys[key])
        ]
    )


def one(ed, entry: dict, study: str | None, template: Path) -> tuple[_Chapter, list[str]]:
    """One chapter from its entry, and its faults."""
    name, faults = entry["name"], []
    volume = entry.get("volume", VOLUMES[0])
    faults += [f"volume = '{volume}' is unknown: use one of {', '.join(VOLUMES)}"] * (volume not in VOLUMES)
    folder = STUDIES / study / "chapters" if study else template
    languages = ed.settings.get("languages") or ["zh", "en"]
    paths = {lang: folder / lang / f"{name}.md" for lang in languages}
    texts = {lang: path for lang, path in paths.items() if path.exists()}
    faults += [
        f"its text in '{lang}' is missing, the other language has it: write {lang}/{name}.md or take both out"
        for lang in languages
        if texts and lang not in texts
    ]
    stem = entry.get("notebook", name)
    place = (STUDIES / study / "notebooks" if study else NOTEBOOKS) / f"{stem}.ipynb"
    notebook = place if place.exists() else None
    chapter = _Chapter(
        name, texts, notebook, (), tuple(entry.get("needs", [])), entry.get("request", False), study, volume
    )
    if not notebook:
        wants = (
            "notebook" in entry or "each" in entry or "parameters" in entry or chapter.request or not texts
        )
        faults += [
            f"there is no notebook {_said(place)}"
            + ("" if texts or chapter.request else f", and no text zh/{name}.md and en/{name}.md")
            + ": write it, or take the chapter out"
        ] * wants
        return chapter, faults
    given = entry.get("parameters", {})
    fans, found = _fan_out(ed, entry.get("each", {}))
    faults += found
    have = parameters(notebook)
    faults += [
        f"its notebook has no parameter '{key}': it has {', '.join(have)}"
        for key in [*given, *fans]
        if have and key not in have
    ]
    if have:
        given, wrong = plain.checked({key: value for key, value in given.items() if key in have}, have)
        faults += wrong + [
            fault
            for key, values in fans.items()
            for value in values
            if key in have
            for fault in plain.checked({key: value}, have)[1]
        ]
    made = []
    for values in itertools.product(*fans.values()):
        label = "-".join([stem, *(re.sub(r"[^\w.-]+", "-", str(value)) for value in values)])
        folder = files.ROOT / "build" / ed.name / label
        made.append(Run(label, notebook, given | dict(zip(fans, values)), folder, chapter.needs))
    return replace(chapter, runs=tuple(made)), faults


def _fan_out(ed, each: dict) -> tuple[dict, list[str]]:
    """The values of each parameter over which a notebook is run, and what is wrong with them."""
    values, faults = {}, []
    for key, wanted in each.items():
        if isinstance(wanted, list) and wanted:
            values[key] = wanted
        elif wanted == "cities":
            values[key] = ed.places()["city"].tolist()
        elif wanted == "regions":
            values[key] = ed.regions()["region"].tolist()
        elif wanted == "indices":
            from fire.sources.collection import DATABASES

            values[key] = [index for name, found in DATABASES.items() if name != "cities" for index in found]
        else:
            faults.append(f"each.{key} = {wanted!r}: give a list of values, or one of {', '.join(FANS)}")
    return values, faults


def studies(ed) -> list[str]:
    """The studies that an edition names."""
    return [str(name) for name in ed.settings.get("studies") or []]


def hooks(ed) -> list:
    """The module `studies.<name>.hooks` of each study of an edition that has one; fire knows no study by name."""
    return [
        importlib.import_module(f"studies.{name}.hooks")
        for name in studies(ed)
        if (STUDIES / name / "hooks.py").exists()
    ]


def _everywhere() -> set[str]:
    """Names of the chapters of every programme in the project, so that a text of another edition is no stray."""
    own = files.REPORTS.glob("editions/*.toml")
    found = set()
    for path in [files.REPORTS / "programme.toml", *STUDIES.glob("*/programme.toml"), *own]:
        found |= set(re.findall(r'^\s*name *= *"([^"]+)"', files.decode(path), re.MULTILINE))
    return found


def _said(path: Path) -> str:
    """A path as a message names it: below the project."""
    return path.relative_to(files.ROOT).as_posix() if path.is_relative_to(files.ROOT) else f"{path}"


def cells(path: Path) -> list[tuple[str, str, list]]:
    """Kind, source and tags of each cell of a notebook, without its outputs."""
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
        return [
            (cell["cell_type"], "".join(cell["source"]), cell.get("metadata", {}).get("tags", []))
            for cell in book["cells"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            _said(path), [f"not a Jupyter notebook ({type(error).__name__}): save it again from JupyterLab"]
        ) from None


def parameters(path: Path) -> dict:
    """Names and defaults in the cell tagged `parameters`; none when they cannot be read, which its run will report."""
    source = next((source for _, source, tags in cells(path) if plain.TAG in tags), "")
    try:
        return plain.defaults(source)
    except ValueError:
        return {}
