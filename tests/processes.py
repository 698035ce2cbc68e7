"""What may happen to a run: kills at random moments, two runs at once, no space, read-only folders, damaged files.

    python -m tests.processes                 # all: 100 kills and every mishap, on a small made-up project
    python -m tests.processes --kills 20      # fewer kills
    python -m tests.processes full ro         # only mishaps whose name begins so

After each of them the last report is whole (as before, or the new one), the exit code is right, the message is in Chinese
and English and no traceback, nothing of the user's has changed, and the next run leaves no litter. Disks that are full
and folders that are read-only are real: small tmpfs and read-only mounts in a mount namespace of their own (Linux;
where that is not allowed these mishaps are skipped and said so).
"""

import argparse
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from pathlib import Path

import nbformat
import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).parent))
import made_up

from fire import files
from fire.index import draws, spec

NAME = "2031"
YAML = """edition: {name}
year: 2021
base_year: 2020
specification: fire-2022
panel: data/raw/panel-2031.csv
places: data/raw/places-2031.csv
regions: data/raw/regions-2031.csv
focus_region: {focus}
languages: [{languages}]
programme: reports/small.toml
"""
TEXT = '# {title} {{#small}}\n\n{{{{ table("small-scores") }}}}\n'
EXHIBITS = '[small-scores]\ntitle.zh = "得分"\ntitle.en = "Scores"\n'
CELLS = [
    f"edition = {NAME}\nout = ''",
    "import fire\ned = fire.load(edition)\nshow = fire.show(ed, out, '77-small')",
    "show.table('small-scores', ed.index.of()[['unit', 'rank', 'score']])",
]
USERS = (
    "data/raw",
    "reports/editions",
    "reports/template",
    "reports/exhibits",
    "notebooks",
    "data/places.csv",
)
LITTER = re.compile(r"^\..+\.(part|old|tmp)(\.\w+)?$|\.tmp$")
HANGS = "still running after"
HAN = re.compile("[\u4e00-\u9fff]")
KILLS = 100
SEED = 20310
# How often each command is killed, out of a hundred.
COMMANDS = {
    "report": (("report", NAME), 35),
    "preview": (("report", NAME, "--chapter", "77-small"), 10),
    "refresh": (("refresh", "77-small", "--edition", NAME), 10),
    "run": (("run", "77-small", "--edition", NAME), 10),
    "audit": (("audit", NAME), 15),
    "publish": (("publish", NAME), 15),
    "check": (("check", "77-small", "--edition", NAME), 5),
}
SIGNALS = {"KILL": signal.SIGKILL, "TERM": signal.SIGTERM, "INT": signal.SIGINT, "HUP": signal.SIGHUP}


# ---- the project


def project(root: Path, languages="zh, en") -> Path:
    """A scratch copy of the project with an edition of six cities and one small chapter."""
    made_up.scratch(root)
    if (files.ROOT / "build" / "matplotlib").is_dir():  # the list of fonts, some seconds to make
        shutil.copytree(files.ROOT / "build" / "matplotlib", root / "build" / "matplotlib")
    (root / "build" / "fire.duckdb").unlink(missing_ok=True)
    raw, reports = root / "data" / "raw", root / "reports"
    places = files.read_csv(root / "data" / "places.csv").iloc[:6]
    panel = values(root, places["city"])
    regions = files.read_csv(root / "data" / "regions.csv")
    files.write_csv(panel, raw / "panel-2031.csv", excel=True)
    files.write_csv(places, raw / "places-2031.csv", excel=True)
    files.write_csv(regions[regions["region"].isin(places["region"])], raw / "regions-2031.csv", excel=True)
    chapters = tomllib.loads((reports / "programme.toml").read_text(encoding="utf-8"))["chapter"]
    drop = [chapter["name"] for chapter in chapters if chapter["name"] != "99-back"]
    files.write_text(reports / "small.toml", f'drop = {drop}\n[[chapter]]\nname = "77-small"\n')
    files.write_text(reports / "exhibits" / "small.toml", EXHIBITS)
    for lang in ("zh", "en"):
        files.write_text(reports / "template" / lang / "77-small.md", TEXT.format(title="小 A"))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    book.cells[0].metadata["tags"] = ["parameters"]
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    files.write_text(root / "notebooks" / "77-small.ipynb", nbformat.writes(book))
    text = YAML.format(name=NAME, focus=places["region"].iloc[0], languages=languages)
    files.write_text(reports / "editions" / f"{NAME}.yaml", text)
    (root / "tmp").mkdir()
    return root


def values(root: Path, cities) -> pd.DataFrame:
    """A panel of some cities, every cell as if observed: the known values, and one draw of each other."""
    chosen = spec.load("fire-2022")
    known = files.read_csv(root / "data" / "panel-2022.csv")
    known = known.assign(year=known["year"].astype(int), value=known["value"].astype(float))
    whole = draws.completed(known, draws.read(root / "data" / "sample" / "draws-2022.parquet"), chosen)
    whole = whole[whole["unit"].isin(cities)]
    counts = whole["indicator"].map(chosen.nodes["transform"]).eq("log1p")
    whole["value"] = whole["value"].where(~counts, whole["value"].round())
    columns = ["unit", "year", "indicator", "value", "status", "source"]
    return whole.assign(status="observed", source="made up")[columns]


def environment(root: Path, **more) -> dict:
    """Variables of a run: the code of the scratch copy, a folder of its own for temporary files."""
    names = {
        key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS", "PYTEST"))
    }
    own = {"PYTHONPATH": f"{root}", "TMPDIR": f"{root / 'tmp'}", "OPENBLAS_NUM_THREADS": "1"}
    return {key: value for key, value in (names | own | more).items() if value is not None}


def start(root: Path, *words: str, cwd=None, before=(), **more) -> subprocess.Popen:
    """`python -m fire …` in a process group of its own."""
    return subprocess.Popen(
        [*before, sys.executable, "-m", "fire", *words],
        cwd=cwd or root,
        env=environment(root, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def ended(process: subprocess.Popen, timeout=600) -> tuple[int, str]:
    """Exit code and everything said; a run that does not end is ended, and says so."""
    try:
        said = process.communicate(timeout=timeout)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said = process.communicate()[0] + f"{HANGS} {timeout} s"
    return process.returncode, said


def run(root: Path, *words: str, **options) -> tuple[int, str]:
    return ended(start(root, *words, **options))


def edit(root: Path, mark: str) -> None:
    """A sentence of the chapter as it is in version A or B."""
    for lang in ("zh", "en"):
        files.write_text(
            root / "reports" / "template" / lang / "77-small.md", TEXT.format(title=f"小 {mark}")
        )


def touch(root: Path, notebook=True) -> None:
    """Make the assembly stale, and the notebook."""
    for name in ["assembly.key"] + ["77-small/key"] * notebook:
        path = root / "build" / NAME / name
        if path.is_file():
            path.unlink()


# ---- what must hold


def digest(*paths: Path) -> str:
    """Hash of names and contents of files and of all files of folders."""
    found = hashlib.sha256()
    for path in paths:
        for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if one.is_file():
                found.update(f"{one.relative_to(path.parent)}\n".encode() + one.read_bytes())
    return found.hexdigest()


def users(root: Path) -> dict[str, str]:
    """Hash of each thing that belongs to the user."""
    return {name: digest(root / name) for name in USERS}


def report(root: Path) -> str:
    return digest(root / "reports" / NAME)


def litter(root: Path) -> list[str]:
    """Half files anywhere in the project, and whatever a run left in its folder for temporary files."""
    paths = [path for path in root.rglob("*") if LITTER.match(path.name) and ".git" not in path.parts]
    left = [path for path in (root / "tmp").glob("*") if path not in paths]
    return [path.relative_to(root).as_posix() for path in paths + left]


def orphans(root: Path, seconds=15) -> list[str]:
    """Processes of the scratch copy that still run after some seconds."""
    for _ in range(seconds * 4):
        left = []
        for one in psutil.process_iter(["pid", "cmdline", "cwd"]):
            words = " ".join(one.info["cmdline"] or [])
            if one.info["pid"] != os.getpid() and f"{root}" in f"{words} {one.info['cwd']}":
                left.append(f"{one.info['pid']} {words[:90]}")
        if not left:
            return []
        time.sleep(0.25)
    return left


def told(status: int, said: str, good: bool | None) -> list[str]:
    """Faults of an exit code and its message; `good`: must succeed, must fail, or either (None)."""
    found = []
    if HANGS in said:
        found.append("it hangs")
    if "Traceback (most recent call last)" in said:
        found.append("a traceback")
    if good is True and status:
        found.append(f"exit code {status}, should be 0")
    if good is False and not status:
        found.append("exit code 0, should not be")
    if status > 0 and (not HAN.search(said) or not re.search("[A-Za-z]{3}", said)):
        found.append("no message in both languages")
    return [f"{fault}: {said[-600:].strip()!r}" for fault in found]


class Held:
    """What stood before a mishap, and what is found wrong after it."""

    def __init__(self, root: Path, whole: set[str]):
        self.root, self.whole, self.users = root, whole, users(root)

    def after(self, refreshed=False) -> list[str]:
        found = [f"{pid} still runs" for pid in orphans(self.root)]
        now = report(self.root)
        beside = [digest(path) for path in (self.root / "reports").glob(f".{NAME}.*.old")]
        if now not in self.whole and not beside:
            found.append("the report is not whole")
        for name, hashed in users(self.root).items():
            if hashed != self.users[name] and not (refreshed and name == "notebooks"):
                found.append(f"{name} has changed")
        return found


def recovered(root: Path, whole: set[str]) -> list[str]:
    """Faults of the run after a mishap: it succeeds, the report is whole, no litter is left."""
    status, said = run(root, "report", NAME)
    found = told(status, said, True)
    found += [f"litter: {name}" for name in litter(root)]
    return found + ["the report is not whole after the next run"] * (report(root) not in whole)


# ---- kills


def versions(root: Path) -> tuple[set[str], dict[str, float]]:
    """Hashes of the whole report in versions A and B; seconds that each command takes."""
    hashes, seconds = set(), {}
    for mark in "AB":
        edit(root, mark)
        touch(root)
        started = time.monotonic()
        status, said = run(root, "report", NAME)
        seconds["report"] = time.monotonic() - started
        assert not told(status, said, True), said
        hashes.add(report(root))
    return hashes, seconds


def kills(root: Path, count: int, rng: random.Random, say=print, every=10) -> list[tuple]:
    """Kill commands at random moments; returns (name, faults) of each. One that had ended before is begun again."""
    whole, seconds = versions(root)
    names = [name for name, (_, share) in COMMANDS.items() for _ in range(share)]
    chosen = [names[number * len(names) // count] for number in range(count)]
    rng.shuffle(chosen)
    results = []
    for number, name in enumerate(chosen, 1):
        late = True
        while late:
            edit(root, rng.choice("AB"))
            touch(root)
            unlock(root)
            how, moment = rng.choice(list(SIGNALS)), rng.uniform(0.03, 0.95) * seconds.get(name, 5.0)
            alone = how != "HUP" and rng.random() < 0.3
            held, began = Held(root, whole), time.monotonic()
            process = start(root, *COMMANDS[name][0])
            end(process, how, moment, alone)
            status, said = ended(process)
            late = status == 0
            if late:
                seconds[name] = time.monotonic() - began
        found = told(status, said, None)
        if name == "publish":
            held.users["reports/editions"] = users(root)["reports/editions"]  # a lock may be there, or not
        found += held.after(refreshed=name == "refresh")
        if name == "publish" and (root / "reports" / "editions" / f"{NAME}.lock.json").exists():
            found += [f"after publish: {fault}" for fault in told(*run(root, "verify", NAME), True)]
        if found or number % every == 0 or number == count:
            found += recovered(root, whole)
        target = "process" if alone else "group"
        say(f"[{number}/{count}] {name} {how} {target} {moment:.1f} s {found or 'ok'}")
        results.append((f"kill {name} {how}", found))
    return results


def end(process: subprocess.Popen, how: str, moment: float, alone: bool) -> None:
    """Send a signal to a process, or to its whole group, after some seconds."""
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        (os.kill if alone else os.killpg)(process.pid, SIGNALS[how])


def unlock(root: Path) -> None:
    """Remove what `publish` wrote."""
    for end in ("lock.json", "scores.csv"):
        (root / "reports" / "editions" / f"{NAME}.{end}").unlink(missing_ok=True)


# ---- mishaps


def inside(root: Path, script: str, *words: str, **more) -> tuple[int, str]:
    """A run in a mount namespace of its own, after some mounts."""
    whole = f"set -e; cd {root!s}; {script}; cd {root!s}; exec {sys.executable} -m fire " + " ".join(words)
    done = subprocess.run(
        ["unshare", *(["-Ur"] if os.geteuid() else []), "-m", "sh", "-c", whole],
        env=environment(root, **more),
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=900,
    )
    return done.returncode, done.stdout + done.stderr


def mounts() -> bool:
    """Whether mounts in a namespace of one's own are allowed here."""
    if not shutil.which("unshare"):
        return False
    words = ["unshare", *(["-Ur"] if os.geteuid() else []), "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
    return subprocess.run(words, capture_output=True).returncode == 0


def full(folder: str, free: int) -> str:
    """Shell lines: `folder` as it is, on a disk of its own with `free` KB left."""
    return (
        f"mkdir -p {folder}; k=$(mktemp -d -p /dev/shm); cp -a {folder}/. $k/; "
        f"size=$(( $(du -sk {folder} | cut -f1) + $(find {folder} | wc -l) * 4 + 64 )); "
        f"mount -t tmpfs -o size=${{size}}k none {folder}; cp -a $k/. {folder}/; rm -rf $k; "
        f"left=$(( $(df --output=avail -k {folder} | tail -1) - {free} )); "
        f"if [ $left -gt 0 ]; then head -c ${{left}}k /dev/zero > {folder}/filler; fi"
    )


def locked(folder: str) -> str:
    """Shell lines: `folder` read-only."""
    return f"mkdir -p {folder}; mount --bind {folder} {folder}; mount -o remount,ro,bind {folder}"


REPORT = ("report", NAME)
# name: (shell lines, words, must it succeed; None: either)
MOUNTED = {
    **{f"full build {free} KB": (full("build", free), REPORT, False if free < 8 else None) for free in (0, 4, 64, 256, 1024, 4096)},
    **{f"full reports {free} KB": (full("reports", free), REPORT, False if free < 1024 else None) for free in (0, 4, 256, 1024, 4096, 8192)},
    **{f"full tmp {free} KB": (full("tmp", free), REPORT, None) for free in (0, 4, 64)},
    "full build, refresh": (full("build", 0), ("refresh", "77-small", "--edition", NAME), None),
    "full notebooks, refresh": (full("notebooks", 0), ("refresh", "77-small", "--edition", NAME), None),
    "full build, audit": (full("build", 0), ("audit", NAME), None),
    "full reports, publish": (full("reports", 0), ("publish", NAME), False),
    "full reports, new-chapter": (full("reports", 0), ("new-chapter", "39-unheard"), False),
    **{f"ro {name}": (locked(name), REPORT, good) for name, good in {
        "reports": False, "build": False, "data": True, "notebooks": True, "fire": True, "tmp": None, "reports/editions": True,
    }.items()},
    "ro all": (locked("."), REPORT, False),
    "ro all, check": (locked("."), ("check", "77-small", "--edition", NAME), None),
    "ro notebooks, refresh": (locked("notebooks"), ("refresh", "77-small", "--edition", NAME), None),
    "ro editions, publish": (locked("reports/editions"), ("publish", NAME), False),
    "ro reports, audit": (locked("reports"), ("audit", NAME), False),
}  # fmt: skip


def mounted(root: Path, whole: set[str], name: str) -> list[str]:
    """A run on a full disk or in a read-only folder."""
    script, words, good = MOUNTED[name]
    held = Held(root, whole)
    status, said = inside(root, script, *words)
    return told(status, said, good) + held.after(refreshed="refresh" in words)


def two(root: Path, whole: set[str], words=REPORT, other=REPORT) -> list[str]:
    """Two runs at once: at least one succeeds, one that is refused says so."""
    held = Held(root, whole)
    done = [ended(one) for one in [start(root, *words), start(root, *other)]]
    found = [fault for status, said in done for fault in told(status, said, None)]
    found += ["neither run succeeded"] * all(status for status, _ in done)
    return found + held.after(refreshed="refresh" in words)


def somewhere(root: Path, whole: set[str], good=True, cwd=None, before=(), words=REPORT, **more) -> list[str]:
    """A run in other surroundings."""
    held = Held(root, whole)
    status, said = run(root, *words, cwd=cwd, before=before, **more)
    return told(status, said, good) + held.after()


def no_folder(root: Path, whole: set[str]) -> list[str]:
    """The working folder was removed before the run."""
    gone = Path(tempfile.mkdtemp())
    held = Held(root, whole)
    words = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m fire report {NAME}"
    done = subprocess.run(
        ["sh", "-c", words], env=environment(root), capture_output=True, text=True, errors="replace"
    )
    return told(done.returncode, done.stdout + done.stderr, None) + held.after()


def vanishes(root: Path, whole: set[str], name: str, after=2.0) -> list[str]:
    """A folder that is removed while the run is under way."""
    held = Held(root, whole)
    process = start(root, *REPORT)
    time.sleep(after)
    shutil.rmtree(root / name, ignore_errors=True)
    status, said = ended(process)
    found = told(status, said, None)
    return found + [one for one in held.after() if "report is not whole" not in one]


def moved(root: Path, whole: set[str], name: str) -> list[str]:
    """The project in a folder of another name."""
    other = root.with_name(name)
    shutil.copytree(root, other, symlinks=True)
    try:
        status, said = run(other, *REPORT)
        found = told(status, said, True) + [f"litter: {name}" for name in litter(other)]
        return found + ["the report is not the same"] * (report(other) not in whole)
    finally:
        shutil.rmtree(other)


def damaged(root: Path, whole: set[str], name: str, content: bytes | None, good=True) -> list[str]:
    """A file that the program keeps for itself is damaged, cut short (None) or a folder (b"/")."""
    held = Held(root, whole)
    paths = sorted(root.glob(name)) or [root / name]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        if content == b"/":
            if path.exists():
                path.unlink()
            path.mkdir()
        else:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content is None else content)
    status, said = run(root, *REPORT)
    found = told(status, said, good)
    found += [one for one in held.after() if not (name.startswith("reports/") and "not whole" in one)]
    for path in paths:
        if content == b"/" and path.is_dir():
            shutil.rmtree(path)
    return found


def piped(root: Path, whole: set[str]) -> list[str]:
    """Who reads the messages goes away: report … | head -0."""
    held = Held(root, whole)
    process = start(root, *REPORT)
    process.stdout.close()
    process.wait(900)
    return held.after()


LIMITED = {
    "memory 400 MB": "ulimit -v 400000",
    "memory 800 MB": "ulimit -v 800000",
    "files 24": "ulimit -n 24",
    "files 48": "ulimit -n 48",
    "file size 4 KB": "ulimit -f 8",
    "file size 256 KB": "ulimit -f 512",
    "time 2 s": "ulimit -t 2",
}  # fmt: skip
STATE = {
    "imports, other values": ("build/imports.json", b'{"a": 1}', True),
    "hashes, no JSON": ("build/hashes.json", b"{", True),
    "hashes, a list": ("build/hashes.json", b"[1]", True),
    "hashes, other values": ("build/hashes.json", b'{"a": 1}', True),
    "state, no JSON": (f"build/{NAME}/state.json", b"\x00\xff", True),
    "state, a list": (f"build/{NAME}/state.json", b"[]", True),
    "state, keys a list": (
        f"build/{NAME}/state.json",
        b'{"keys": [], "skip": 1, "more": 2, "digest": 3}',
        True,
    ),
    "lock, empty": (f"build/{NAME}/building", b"", True),
    "lock, garbage": (f"build/{NAME}/building", b"\xff\xfe??", True),
    "lock, number in use": (f"build/{NAME}/building", b"1", True),
    "key, garbage": (f"build/{NAME}/77-small/key", b"\xff\x00", True),
    "assembly key": (f"build/{NAME}/assembly.key", b"", True),
    "results cut short": (f"build/{NAME}/results/*.parquet", None, True),
    "results empty": (f"build/{NAME}/results/*.parquet", b"", True),
    "exhibit cut short": (f"build/{NAME}/77-small/exhibits/*", None, None),
    "table cut short": (f"build/{NAME}/77-small/tables/*", b"", None),
    "index page is a folder": (f"reports/{NAME}/index.html", b"/", None),
    "key is a folder": (f"build/{NAME}/77-small/key", b"/", None),
}
OTHER = {
    "two reports": lambda root, whole: two(root, whole),
    "two previews": lambda root, whole: two(root, whole, COMMANDS["preview"][0], COMMANDS["preview"][0]),
    "report and preview": lambda root, whole: two(root, whole, REPORT, COMMANDS["preview"][0]),
    "report and refresh": lambda root, whole: two(root, whole, COMMANDS["refresh"][0], REPORT),
    "two refreshes": lambda root, whole: two(root, whole, COMMANDS["refresh"][0], COMMANDS["refresh"][0]),
    "two runs of a notebook": lambda root, whole: two(root, whole, COMMANDS["run"][0], COMMANDS["run"][0]),
    "two audits": lambda root, whole: two(root, whole, COMMANDS["audit"][0], COMMANDS["audit"][0]),
    "no HOME": lambda root, whole: somewhere(root, whole, HOME=None, USER=None, LOGNAME=None),
    "HOME that is not there": lambda root, whole: somewhere(root, whole, HOME="/nonexistent"),
    "LC_ALL=C": lambda root, whole: somewhere(root, whole, LC_ALL="C", LANG=None, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"),
    "LC_ALL=POSIX": lambda root, whole: somewhere(root, whole, LC_ALL="POSIX", PYTHONUTF8="0"),
    "console in ASCII": lambda root, whole: somewhere(root, whole, PYTHONIOENCODING="ascii"),
    "console in GBK": lambda root, whole: somewhere(root, whole, PYTHONIOENCODING="gbk"),
    "no PATH": lambda root, whole: somewhere(root, whole, PATH="/nonexistent"),
    "TMPDIR that is not there": lambda root, whole: somewhere(root, whole, TMPDIR="/nonexistent/tmp"),
    "working folder is /": lambda root, whole: somewhere(root, whole, cwd="/"),
    "working folder removed": no_folder,
    "edition that is not there": lambda root, whole: somewhere(root, whole, good=False, words=("report", "1999")),
    "reader gone": piped,
    "name with blanks and Chinese": lambda root, whole: moved(root, whole, "我的 项目 (1)"),
    "name with quotes and emoji": lambda root, whole: moved(root, whole, "it's \"燃\" 🔥 100% $HOME"),
    "very long name": lambda root, whole: moved(root, whole, "长" * 80),
    "build removed meanwhile": lambda root, whole: vanishes(root, whole, f"build/{NAME}"),
    "reports removed meanwhile": lambda root, whole: vanishes(root, whole, f"reports/{NAME}"),
    "tmp removed meanwhile": lambda root, whole: vanishes(root, whole, "tmp"),
    **{
        f"limit: {name}": lambda root, whole, line=line: somewhere(
            root, whole, good=None, before=("sh", "-c", f'{line}; exec "$@"', "sh")
        )
        for name, line in LIMITED.items()
    },
    **{
        f"state: {name}": lambda root, whole, told=told: damaged(root, whole, *told)
        for name, told in STATE.items()
    },
}  # fmt: skip
ALL = [*OTHER, *MOUNTED]


def kind(name: str) -> str:
    """The kind of a mishap: kill, two, full, ro, limit, around (surroundings), state (its own files)."""
    first = name.split()[0].rstrip(":,")
    return (
        first
        if first in ("kill", "full", "ro", "state", "limit")
        else "two"
        if first in ("two", "report")
        else "around"
    )


def kinds(names) -> dict[str, int]:
    """How many of each kind."""
    return dict(Counter(map(kind, names)))


def mishap(root: Path, whole: set[str], name: str) -> list[str]:
    """One mishap and the run after it; returns what is wrong."""
    edit(root, "A")
    touch(root, notebook=not re.match("(full|ro) reports", name))
    found = mounted(root, whole, name) if name in MOUNTED else OTHER[name](root, whole)
    unlock(root)
    (root / "tmp").mkdir(exist_ok=True)
    return found + [f"next run: {fault}" for fault in recovered(root, whole)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.processes")
    parser.add_argument("names", nargs="*", help="beginnings of names of mishaps; default all, and the kills")
    parser.add_argument("--kills", type=int, default=None)
    parser.add_argument("--seed", type=int, default=SEED)
    choice = parser.parse_args()
    count = choice.kills if choice.kills is not None else (0 if choice.names else KILLS)
    wanted = [name for name in ALL if not choice.names or name.startswith(tuple(choice.names))]
    results, skipped = [], []
    with tempfile.TemporaryDirectory(prefix="robust-", ignore_cleanup_errors=True) as folder:
        root = project(Path(folder) / "fire")
        whole, _ = versions(root)
        print(f"{root}: whole report in two versions", flush=True)
        if not mounts():
            skipped = [name for name in wanted if name in MOUNTED]
        for name in [name for name in wanted if name not in skipped]:
            found = mishap(root, whole, name)
            print(f"{name}: {found or 'ok'}", flush=True)
            results.append((name, found))
        if count:
            results += kills(root, count, random.Random(choice.seed), lambda line: print(line, flush=True))
    bad = kinds([name for name, found in results if found])
    for kind, number in kinds([name for name, _ in results]).items():
        print(f"{kind}: {number} cases, {number - bad.get(kind, 0)} right")
    if skipped:
        print(f"跳过（此处不许挂载）· skipped (mounts are not allowed here): {', '.join(skipped)}")
    return sum(bad.values())


if __name__ == "__main__":
    sys.exit(min(main(), 1))
