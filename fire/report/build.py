"""Building a report: what has changed is made again, by content and not by time stamp.

Each step (a notebook with its parameters, a derived data set, the assembly) has a key: a hash over its own source, its
parameters, the modules that it imports, the inputs of the edition and the pinned environment. A step is done when the
file `key` that it wrote last equals its key. Sentences, titles and pages belong to the assembly: editing them runs no
notebook. Nothing heavy is imported until there is something to do.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from pathlib import Path

from fire.errors import Finding, InputError, refuse, shown
from fire.report.imports import ROOT, Modules

BUILD, REPORTS, DATA = ROOT / "build", ROOT / "reports", ROOT / "data"
TOGETHER = 2  # notebooks that run at once
OWN = ("data/raw", "data/records", "data/sample/records")  # count only when the edition names them
WORDS = ("reports/template", "reports/exhibits")  # texts, titles and sentences, filled in at assembly
PLACES = ("panel", "places", "regions", "records", "facts")  # keys of an edition that name files or folders
WATCHED = ("fire", "studies", "notebooks", "data", "reports/programme.toml", "reports/editions", *WORDS)
LOCK = ROOT / "requirements.lock"
LARGE = 2**28  # bytes above which a file is known by size and time
SPACE = 3 * 2**29  # bytes of address space that a notebook needs: with less, OpenBLAS may never end loading
NO_PYTHON = re.compile(r"^\s*[%!?]|=\s*[%!]|\?\s*$", re.MULTILINE)
SHORT = re.compile(r"failed to map segment|Cannot allocate memory|\bMemoryError\b")  # too little memory
YOUNG = 2 * 10**9  # nanoseconds within which two edits may bear one time stamp
LEFT = ("build", "reports", "data", "notebooks", "studies")  # where killed runs leave something
KERNEL = re.compile(r"^fire-(?P<pid>\d+)-\w+$")  # sockets of a kernel
PART = re.compile(r"^\.(?P<name>.+)\.(?P<pid>\d+)\.(?P<kind>part|old)(\.\w+)?$")


# ---- content


class Hashes:
    """Hash of a file's content, kept by its time and size so that unchanged files are not read again."""

    def __init__(self, path: Path | None = None):
        self.path, self.changed = path or BUILD / "hashes.json", False
        try:
            kept = json.loads(read(self.path) or "{}")
            self.kept = {name: found for name, found in kept.items() if len(found) == 3}
        except (ValueError, AttributeError, TypeError):  # damaged: read all files again
            self.kept = {}

    def of(self, path: Path) -> str:
        try:
            stat = path.stat()
        except FileNotFoundError:
            return "missing"
        name, mark = f"{path}", [stat.st_mtime_ns, stat.st_size]
        if self.kept.get(name, [])[:2] == mark:
            return self.kept[name][2]
        found = f"{mark}" if stat.st_size > LARGE else hashlib.sha256(path.read_bytes()).hexdigest()
        if time.time_ns() - stat.st_mtime_ns > YOUNG:
            self.kept[name], self.changed = [*mark, found], True
        return found

    def all(self, paths) -> dict[str, str]:
        """Hash by name below the project."""
        return {shown(path): self.of(path) for path in paths}

    def save(self) -> None:
        if self.changed:
            _write(self.path, json.dumps(self.kept))


def _digest(value) -> str:
    """Hash of plain values, the same for the same content in any order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _packages() -> str:
    """The locked packages that a report rests on: the first group."""
    return hashlib.sha256(read(LOCK).split("# group: notebooks")[0].encode()).hexdigest()


def _plain(value: str) -> str:
    """A path of an edition as `shown` gives it; an address is left as it is."""
    return value if "://" in value else Path(value).as_posix()


def _under(path: Path) -> list[Path]:
    """The file, or all files of the folder that are no caches and no hidden files, sorted."""
    if not path.is_dir():
        return [path] if path.is_file() else []
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    return sorted(found)


def _write(path: Path, text: str) -> None:
    """Write a small file atomically (fire.files would load pandas)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


# ---- the plan of one edition


class Plan:
    """What the report of an edition consists of, and the key of every step."""

    def __init__(self, ed, hashes: Hashes):
        from fire.report import programme

        self.ed, self.hashes, self.modules = ed, hashes, Modules(ROOT, BUILD / "imports.json")
        self.chapters = programme.load(ed)
        self.runs = [run for chapter in self.chapters if not chapter.request for run in chapter.runs]
        self.places = {key: _plain(ed.settings[key]) for key in PLACES if ed.settings.get(key)}
        named = list(self.places.values())
        self.data = sorted(programme.data(ed), key=lambda one: shown(one.path) not in named)
        self.named = [one for one in self.data if shown(one.path) in named and not one.request]
        self.studies, self.programmes = programme.studies(ed), programme.sources(ed)
        self.hooks = [f"studies.{name}.hooks" for name in self.studies]
        self.environment = [sys.version, _packages()]
        self.inputs = self._inputs()
        self.keys = {}
        for one in self.data:  # those that the edition names come first: the others may rest on them
            self.keys[one.name] = self._data_key(one)
        faults = []
        for run in self.runs:
            try:
                self.keys[run.name] = self.key(run)
            except InputError as error:
                faults += [f"{error.what}: {fault}" for fault in error.faults]
        refuse("notebooks", list(dict.fromkeys(faults)))

    def _inputs(self) -> dict[str, str]:
        """Every file that analyses may read: the shared data, and what the edition names."""
        ed, named = self.ed, set(self.places.values())
        derived = {shown(one.path) for one in self.data if not one.request}
        paths = [
            path for path in _under(DATA) if not shown(path).startswith(tuple(f"{name}/" for name in OWN))
        ]
        others = [str(ed.settings[key]) for key in ("posts", "corrects") if key in ed.settings]
        paths += [
            ed.folder / f"{name}{end}" for name in {ed.name, *others} for end in (".yaml", ".lock.json")
        ]
        paths += [path for value in named - derived for path in _under(ROOT / value)]
        paths += [path for path in ed.inputs() if path not in self.programmes]
        return self.hashes.all(path for path in paths if not path.is_dir())

    def code(self, names) -> dict[str, str]:
        """Hash of each module in the closure of some."""
        return {name: self.hashes.of(self.modules.paths[name]) for name in self.modules.closure(names)}

    def _data_key(self, one) -> str:
        above = {name: self.keys[name] for name in (other.name for other in self.named) if name in self.keys}
        raw = self.hashes.all(_under(DATA / "raw"))
        code = self.code([one.make.split(":")[0], *self.hooks])
        return _digest([code, self.inputs, raw, above, self.environment])

    def key(self, run) -> str:
        """Key of one run of a notebook: its source without outputs, its parameters, and what these rest on."""
        from fire.report import programme

        cells, names, faults = programme.cells(run.notebook), set(), []
        for number, (kind, source, _) in enumerate(cells, 1):
            if kind == "code":
                try:
                    names |= self.modules.imported(_plain_python(source))
                except InputError as error:
                    faults += [f"cell {number}: {fault}" for fault in error.faults]
        refuse(run.notebook.name, faults)
        needs = {one.name: self.keys[one.name] for one in self.needed([run])}
        code = self.code([*names, "fire.report.notebook"])
        return _digest([cells, run.parameters, code, self.inputs, needs, self.environment])

    def needed(self, runs) -> list:
        """The derived data that some runs rest on, in the order in which they are built."""
        needs = {need for run in runs for need in run.needs}
        keys = {self.places.get(need) for need in needs}
        wanted = [one for one in self.data if one.name in needs or shown(one.path) in keys]
        return [one for one in self.data if one in wanted or (one in self.named and wanted)]

    def assembly(self) -> str:
        """Key of the assembly: all runs, texts, words, the authors' prose, and the modules that set them."""
        texts = [path for chapter in self.chapters for path in chapter.texts.values()]
        prose = sorted(self.ed.folder.glob(f"{self.ed.name}-*.md"))
        words = [path for name in WORDS for path in _under(ROOT / name)]
        words += [
            path
            for name in self.studies
            for part in ("chapters", "exhibits")
            for path in _under(ROOT / "studies" / name / part)
        ]
        code = self.code(["fire.report.assembly", *self.hooks])
        order = [chapter.name for chapter in self.chapters if not chapter.request]
        runs = {run.name: self.keys[run.name] for run in self.runs}
        files = self.hashes.all([*texts, *prose, *words])
        return _digest([order, runs, files, code, self.inputs, self.environment])

    def stale(self, run) -> bool:
        return read(run.folder / "key") != self.keys[run.name]


def _plain_python(source: str) -> str:
    """A cell as Python: what only IPython understands (`!ls`, `%run`, `files = !ls`, `frame?`) as calls."""
    if not NO_PYTHON.search(source):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


# ---- building


def build(edition: str | int, chapters=(), say=print, pages: bool = False) -> Path:
    """Bring the report of an edition up to date; returns its index page, or that of a preview: of some `chapters`, or with
    `pages` of the web pages alone.

    Raises InputError with every fault of programme, edition, notebooks or texts; the last whole report stays.
    """
    name = str(edition)
    page = REPORTS / name / "index.html"
    hashes = Hashes()
    _sweep()
    if not (chapters or pages) and _current(name, hashes):
        hashes.save()
        return page
    room(name)
    from fire import edition as editions
    from fire.report import kernels

    ed = editions.load(name)
    with alone(name):
        check_data(ed, say)
        plan = Plan(ed, hashes)
        state = _snapshot(hashes, [one.path for one in plan.data if not one.request], plan.inputs)
        runs = plan.runs if not chapters else _picked(plan, chapters)
        stale = [run for run in runs if plan.stale(run)]
        key, done = plan.assembly(), BUILD / name / "assembly.key"
        hashes.save()
        plan.modules.save()
        if stale:
            say(
                f"{name} 年版：运行 {len(runs)} 本笔记中的 {len(stale)} 本 · edition {name}: {len(stale)} of {len(runs)} notebook runs"
            )
        if stale or chapters or pages or read(done) != key:
            store_results(ed, say)
        with kernels.holding(name) if stale else nullcontext():  # which loads while data are made
            make_data(plan, plan.needed(stale), say)
            _forget(name, {run.name for run in plan.runs})
            _run_all(plan, stale, say)
        if chapters or pages:
            return _timed("预览 · preview", say, preview, plan, chapters)
        if read(done) != key or not page.is_file():
            done.unlink(missing_ok=True)
            page = _timed("合成报告 · assembly", say, assemble, plan)
            _write(done, key)
        _write(
            BUILD / name / "state.json",
            json.dumps(state | {"keys": {run.name: plan.keys[run.name] for run in plan.runs}}),
        )
    return page


def room(name: str) -> None:
    """Raises InputError when processes may use less memory than a run needs (`ulimit -v`)."""
    if os.name == "nt":
        return
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < SPACE:
        raise InputError(f"edition {name}", [Finding("files.memory", f"ulimit -v {limit // 1024}")])


def check_data(ed, say=print) -> None:
    """Check the data before anything runs: the page of the check is written, an edition with errors is refused."""
    from fire.report import check

    checked = ed.check()
    page = check.write(ed, checked)
    if checked.findings:
        say(f"{check.counts(checked.findings, ed.name)}\n{shown(page)}")
    refuse(f"edition {ed.name}", checked.of("error"))


def _picked(plan: Plan, chapters) -> list:
    """The runs of some chapters by name; raises InputError for a name that the programme does not have."""
    have = [chapter.name for chapter in plan.chapters if chapter.texts]
    refuse(
        f"programme of edition {plan.ed.name}",
        [f"no chapter '{name}': use one of {', '.join(have)}" for name in chapters if name not in have],
    )
    return [run for chapter in plan.chapters if chapter.name in chapters for run in chapter.runs]


def _snapshot(hashes: Hashes, derived: list[Path], inputs: dict) -> dict:
    """What all files of the project hold, without those derived; `more` are the inputs outside the watched folders."""
    skip, watched = [shown(path) for path in derived], tuple(f"{name}/" for name in WATCHED)
    more = sorted(name for name in inputs if not name.startswith(watched))
    return {"skip": skip, "more": more, "digest": content(hashes, skip, more)}


def content(hashes: Hashes, skip: list[str], more: list[str]) -> str:
    paths = [path for name in WATCHED for path in _under(ROOT / name)] + [ROOT / name for name in more]
    beside = tuple(f"{name}/" for name in skip)
    found = {shown(path): path for path in paths}
    kept = {
        name: hashes.of(path)
        for name, path in found.items()
        if name not in skip and not name.startswith(beside)
    }
    return _digest([kept, sys.version, _packages()])


def _current(name: str, hashes: Hashes) -> bool:
    """Whether the last report still stands: no file of the project differs and every run is there."""
    try:
        state = json.loads(read(BUILD / name / "state.json"))
        return (
            (REPORTS / name / "index.html").is_file()
            and read(BUILD / name / "assembly.key") != ""
            and all(read(BUILD / name / run / "key") == key for run, key in state["keys"].items())
            and content(hashes, state["skip"], state["more"]) == state["digest"]
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def store_results(ed, say=print) -> None:
    """Let the costly results of an edition be stored before notebooks read them."""
    from fire.analysis import results

    started = time.perf_counter()
    results.ensure(ed)
    if (took := time.perf_counter() - started) > 2:
        say(f"计算指数、区间与审计 · index, intervals, audit {took:.0f} s")


def make_data(plan: Plan, wanted: list, say=print) -> None:
    """Build the derived data that are not what their key says, each at its own path only."""
    from importlib import import_module

    for one in wanted:
        kept = BUILD / "data" / f"{one.name}.key"
        if read(kept) == plan.keys[one.name] and one.path.exists():
            continue
        kept.unlink(missing_ok=True)
        module, _, function = one.make.partition(":")
        _timed(shown(one.path), say, getattr(import_module(module), function), plan.ed, one.path)
        _write(kept, plan.keys[one.name])


def _run_all(plan: Plan, runs: list, say=print) -> None:
    """Run notebooks, some at once; the first that fails stops those not yet begun. Raises InputError naming the cells."""
    from fire.report.times import Times

    faults: dict[str, list[str]] = {}
    titles = {run.name: chapter.title() for chapter in plan.chapters for run in chapter.runs}
    times = Times(BUILD / plan.ed.name / "times.json", TOGETHER)
    stop, left = threading.Event(), {run.name for run in runs}

    def one(run) -> float | None:
        """Seconds of a run that went well."""
        if stop.is_set():
            return None
        started = time.perf_counter()
        for fault in run_notebook(plan.ed.name, run):
            stop.set()
            faults.setdefault(fault, []).append(run.name)
        if any(run.name in names for names in faults.values()):
            return None
        _write(run.folder / "key", plan.keys[run.name])
        return time.perf_counter() - started

    if not runs:
        return
    started = time.perf_counter()
    with _together() as pool:
        jobs = {pool.submit(one, run): run for run in times.longest_first(runs)}
        for number, job in enumerate(as_completed(jobs), 1):
            seconds, name = job.result(), jobs[job].name
            left.discard(name)
            if seconds is not None:
                times.took(name, seconds)
                say(f"[{number}/{len(runs)}] {name} {titles[name]} {seconds:.0f} s{times.left(left)}")
    say(times.summary(time.perf_counter() - started))
    refuse("notebooks", [f"{', '.join(names)}: {fault}" for fault, names in faults.items()])


def run_notebook(edition: str, run) -> list[str]:
    """Run one notebook into its folder, in a kernel of its own; returns what failed."""
    from fire.report import notebook

    values = {"edition": int(edition) if edition.isdigit() else edition, **run.parameters}
    return _faults(run.name, notebook.run, run.notebook, run.folder, values)


def refresh(paths: list[Path], say=print) -> list[str]:
    """Run notebooks with their own parameters and store their outputs in place, some at once; returns what failed."""
    from fire.report import notebook

    def one(path: Path) -> list[str]:
        before = path.read_bytes()
        found = _faults(path.stem, notebook.refresh, path)
        changed = "输出已更新 · new outputs" if path.read_bytes() != before else "未变 · unchanged"
        say(f"{shown(path)} {'失败 · failed' if found else changed}")
        return [f"{path.name}: {fault}" for fault in found]

    with _together() as pool:
        return [fault for faults in pool.map(one, paths) for fault in faults]


def _faults(name: str, work, *values) -> list[str]:
    """What went wrong with a notebook; what is no fault of its own leaves a log."""
    from fire.files import disturbed

    try:
        work(*values)
        return []
    except InputError as error:
        return [*error.faults, *([Finding("files.memory")] if SHORT.search(f"{error}") else [])]
    except Exception as error:
        if found := disturbed(error):
            return [found]
        log = BUILD / "log" / f"{name}.log"
        _write(log, traceback.format_exc())
        return [
            Finding(
                "files.memory" if SHORT.search(f"{error}") else "files.stopped",
                code=f"{error}",
                log=shown(log),
            )
        ]


@contextmanager
def _together():
    """A pool that runs some notebooks at once; their kernels end when this process is stopped."""
    from fire.report import kernels

    kernels.use()
    with ThreadPoolExecutor(TOGETHER) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kernels.stop()
            raise


MAKERS = ("fire.report.site", "fire.report.typesetting")  # modules whose products are kept


def preview(plan: Plan, chapters=()) -> Path:
    """The pages of some chapters, or of all, in a folder of their own."""
    from fire.report import assembly

    target = BUILD / plan.ed.name / "preview"
    return assembly.build(plan.ed, target=target, formats=("pages",), preview=list(chapters))


def assemble(plan: Plan) -> Path:
    """The whole report; of what it consists of, products that nothing new enters are taken as they are."""
    from fire.report import assembly, kept

    code = {name: plan.code([name, *plan.hooks]) for name in MAKERS}
    shelf = kept.Kept(BUILD / plan.ed.name / "kept", code, [plan.inputs, plan.environment])
    return assembly.build(plan.ed, shelf=shelf)


def _timed(what: str, say, work, *values):
    """Do some work and say how many seconds it took."""
    started = time.perf_counter()
    result = work(*values)
    say(f"{what} {time.perf_counter() - started:.0f} s")
    return result


# ---- order on the disk


def _forget(name: str, runs: set[str]) -> None:
    """Remove runs of chapters that the programme no longer has, so that they leak into no report."""
    for folder in (BUILD / name).glob("[!.]*"):
        if folder.name not in runs and ((folder / "key").exists() or (folder / "notebook.ipynb").exists()):
            shutil.rmtree(folder)


def _sweep() -> None:
    """Remove what killed runs left; a folder that was just being replaced is put back."""
    for folder in [ROOT / name for name in LEFT]:
        for path in [*folder.glob(".*.*"), *folder.glob("*/.*.*"), *folder.glob("*/*/.*.*")]:
            if (found := PART.match(path.name)) and not _writes(int(found["pid"]), path, found["kind"]):
                whole = path.with_name(found["name"])
                if found["kind"] == "old" and not whole.exists():
                    os.replace(path, whole)
                else:
                    _remove(path)
    for path in Path(tempfile.gettempdir()).glob("fire-*-*"):
        if (found := KERNEL.match(path.name)) and not _writes(int(found["pid"]), path):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _writes(pid: int, path: Path, kind: str = "part") -> bool:
    """Whether the process that wrote a file still runs. Numbers are given again: it began before what it wrote; what
    is `old` it has only renamed."""
    import psutil

    try:
        return psutil.Process(pid).create_time() < path.stat().st_mtime + 1 or kind == "old"
    except (psutil.Error, OSError):
        return False


@contextmanager
def alone(name: str):
    """Hold the one place for building an edition; raises InputError while another process holds it.

    The lock belongs to the process, so that nothing is left when it is killed; the file names the holder.
    """
    path = BUILD / name / "building"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8", errors="replace") as place:
        try:
            _hold(place)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                raise
            raise InputError(f"edition {name}", [Finding("files.busy", holder=read(path).strip())]) from None
        place.truncate(0)
        place.write(f"{os.getpid()}")
        place.flush()
        try:
            yield
        finally:
            place.truncate(0)


def _hold(place) -> None:
    """Lock an open file for this process; OSError while another holds it."""
    if os.name == "nt":
        import msvcrt

        place.seek(2**20)  # beyond what others read
        msvcrt.locking(place.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
