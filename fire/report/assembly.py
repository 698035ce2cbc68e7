"""Assembly of the report: exhibits and chapter templates → one Markdown source a volume → PDF, Word and web pages, in
each language.

`python -m fire report 2022` writes reports/2022/; `--chapter 20-regions` a preview in build/2022/preview/.
"""

import json
import os
import re
import shutil
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType

import jinja2

from fire import edition as editions
from fire import files
from fire.errors import InputError, refuse
from fire.figures import fonts
from fire.report import exhibits, kept, marks, narrative, pages, programme, site
from fire.report.exhibits import plain
from fire.report.markdown import figure, table
from fire.report.typesetting import typeset

TEMPLATE = files.REPORTS / "template"
LINKS = "links.json"  # beside what surrounds the report: how the index page leads to it
FORMATS = ("pages", "pdf", "docx", "site")  # pages: the chapters on the web; site: profiles, workbook, data
DEFERRED = ("rows-word", "reference-report", "reference-technical")  # filled when an exhibit is at hand
DEFINED = re.compile(r"\{#((?:fig|tbl):[a-z0-9-]+)")
CITED = re.compile(r"(?<![\w\\])@((?:fig|tbl):[a-z0-9-]*[a-z0-9])")


@dataclass(frozen=True)
class Volume:
    """One volume in one language: its name in the programme, its title, the prefix of its numbers, and the Markdown of its
    chapters by name. `elsewhere`: what it calls the exhibits of other volumes, by their label (`fig:…`, `tbl:…`)."""

    name: str
    title: str
    prefix: str
    chapters: dict[str, str]
    elsewhere: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n\n".join(self.chapters.values())

    @property
    def numbered(self) -> dict[str, str]:
        """Label of every exhibit with its number, such as "T3"."""
        labels = DEFINED.findall(self.text)
        kinds = {kind: [one for one in labels if one.startswith(kind)] for kind in ("fig", "tbl")}
        return {one: f"{self.prefix}{n}" for found in kinds.values() for n, one in enumerate(found, 1)}


def build(
    edition, source=None, target=None, template=TEMPLATE, formats=FORMATS, preview=(), shelf=None
) -> Path:
    """Assemble the report of an edition (its number, or an Edition) from the exhibits under `source` into the folder
    `target`. Its chapters are those of the programme that stands beside the folder `template`.

    Returns its index page. The folder appears whole or not at all. `preview` names chapters: then only these are
    assembled, and references to others stay open. `shelf`: products of the last assembly (`kept.Kept`), taken where nothing
    that they follow from has changed.
    Raises InputError listing every missing exhibit, unknown value and dangling reference with template and line.
    """
    ed = edition if isinstance(edition, editions.Edition) else editions.load(edition)
    source = Path(source or files.ROOT / "build" / ed.name)
    target = Path(target or (source / "preview" if preview else files.REPORTS / ed.name))
    shown = gather(source, ed)
    frames = frame(ed, template)
    chapters = programme.load(ed, template)
    volumes, faults = {}, []
    for lang in ed.languages:
        volumes[lang], wrong = assemble(ed, lang, frames, shown, chapters, preview)
        faults += wrong
    refuse(f"report {ed.name}", faults)
    with _whole_folder(target) as folder:
        _copy(shown, folder)
        jobs = [
            (ed.name, lang, frames[lang], volume, folder, template, formats, bool(preview), shelf)
            for lang in ed.languages
            for volume in volumes[lang]
        ]
        with (
            ProcessPoolExecutor(1, initializer=_hold, initargs=(ed, shown, shelf)) as beside,
            ThreadPoolExecutor(2) as pool,
        ):
            asked = [beside.submit(_surround, folder)] if "site" in formats and not preview else []
            asked = [pool.submit(typeset, job) for job in jobs] + asked
            made = (
                _web(ed, volumes, shown, frames, folder, template, bool(preview))
                if "pages" in formats
                else []
            )
            links = [link for one in asked for link in one.result()] + made
        site.assets(ed, folder)
        files.write_text(folder / "index.html", index_page(ed, frames, links, template))
    return target / "index.html"


_held: list = []  # in the process beside this one: the edition and its exhibits


def _hold(*held) -> None:
    """Keep what another process starts with; where processes fork, nothing of it is computed again."""
    _held[:] = held


def _surround(folder: Path) -> list[dict]:
    """`site.write` of what is held, made or as kept, into `folder`; its links."""
    ed, shown, shelf = _held
    around = folder / ".around"
    kept.made(shelf, around, site.__name__, site.follows(ed, shown), partial(_written, ed, shown))
    links = files.read_json(around / LINKS)
    for path in around.iterdir():
        if path.name != LINKS:
            os.replace(path, folder / path.name)
    shutil.rmtree(around)
    return links


def _written(ed, shown: dict, around: Path) -> None:
    """`site.write` into a folder of its own, with the links."""
    around.mkdir()
    files.write_text(around / LINKS, json.dumps(site.write(ed, shown, around)))


def _web(
    ed, volumes: dict, shown: dict, frames: dict, folder: Path, template: Path, preview: bool
) -> list[dict]:
    """The chapters of all volumes as pages; returns their links."""
    names = {lang: {name for one in made for name in one.chapters} for lang, made in volumes.items()}
    made = [
        pages.write(ed, lang, volumes[lang], shown, frames[lang], folder, template, preview, names)
        for lang in ed.languages
    ]
    return [link for links in made for link in links]


def gather(source: Path, ed) -> dict:
    """All exhibits of all notebooks under `source`, by name, with their texts as of now; each knows its `folder`."""
    found, faults = {}, []
    for folder in sorted(path.parent for path in source.glob("[!.]*/exhibits")):
        for name, record in exhibits.load(folder, ed).items():
            if name in found:
                faults.append(
                    f"'{name}' is written by {found[name]['folder'].name} and {folder.name}: rename one"
                )
            found[name] = record | {"folder": folder}
    refuse(f"exhibits in {source}", faults or ["there are none: type `make report`"] * (not found))
    return found


def frame(ed, template: Path) -> dict:
    """`frame.toml` with its texts filled: words of title page and navigation, by language."""
    table = tomllib.loads((template / "frame.toml").read_text(encoding="utf-8"))
    facts = narrative.facts(ed)
    for lang in ed.languages:
        deferred = {key: table[lang][key] for key in DEFERRED}
        table[lang] = {
            key: narrative.compiled(narrative.environment(ed.book.lang(lang)), text).render(
                facts, sign=marks.sign(ed, lang)
            )
            for key, text in table[lang].items()
            if key not in deferred
        } | deferred
    return table


def assemble(ed, lang: str, frames: dict, shown: dict, chapters: list, preview=()) -> tuple[list, list[str]]:
    """The volumes of the report in one language, and its faults; `chapters` as `programme.load` gives them."""
    faults, cited, words = [], [], frames[lang]
    printed = {one.name: one for one in chapters if one.texts}
    faults += [f"{name}: there is no such chapter" for name in preview if name not in printed]
    texts: dict[str, dict] = {name: {} for name in programme.VOLUMES}
    for name, one in printed.items():
        if preview and name not in preview:
            continue
        path = one.texts[lang]
        text, found = chapter(path, lang, words, shown, ed)
        faults += found
        if text.strip():
            texts[one.volume][name] = text
        cited += [
            (path, line, label)
            for line, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            for label in CITED.findall(row)
            if label in CITED.findall(text)  # not in a part whose condition fails
        ]
    volumes = [
        Volume(name, words[f"title-{name}"], words[f"prefix-{name}"], held)
        for name, held in texts.items()
        if held
    ]
    defined = [label for one in volumes for label in DEFINED.findall(one.text)]
    faults += [
        f"{lang}: @{one} stands twice in the report: show an exhibit once"
        for one in sorted(set(defined))
        if defined.count(one) > 1
    ]
    if not preview and not faults:
        faults += [
            f"{path}: line {line}: @{one} refers to no figure or table of the report"
            for path, line, one in cited
            if one not in defined
        ]
    named = {one.name: _named(one, words, lang) for one in volumes}
    return [
        replace(
            one, elsewhere={k: v for name, all in named.items() if name != one.name for k, v in all.items()}
        )
        for one in volumes
    ], faults


def _named(volume: Volume, words: dict, lang: str) -> dict[str, str]:
    """What other volumes call the exhibits of a volume, by label."""
    form = narrative.compiled(narrative.environment(lang), words[f"reference-{volume.name}"])
    kinds = {"fig": words["figure-word"], "tbl": words["table-word"]}
    return {
        label: form.render(kind=kinds[label[:3]], number=number) for label, number in volume.numbered.items()
    }


def chapter(path: Path, lang: str, words: dict, shown: dict, ed) -> tuple[str, list[str]]:
    """One chapter template rendered to Markdown, and its faults, each naming file and line."""
    faults, lang = [], ed.book.lang(lang)

    def show(kind: str, render):
        def call(name: str, **options) -> str:
            record = shown.get(name)
            if record is None or record["kind"] != kind:
                faults.append(
                    f"{path}: line {_template_line()}: no {kind} '{name}' was written by a notebook: "
                    f"correct the name, or run the notebook that shows it"
                )
                return ""
            apart = "" if kind == "text" else "\n\n"  # Jinja takes the end of a line that ends in {% endif %}
            return apart + render(record, lang, words, **options)

        return call

    catalogue = narrative.catalogue(*narrative.folders(ed))
    facts = narrative.facts(ed) | {
        "lang": lang,
        "pillars": ed.spec.pillars,
        "printed": ed.facts is not None,
        "statuses": (found := exhibits.statuses(ed.index.of())),
        "sign": marks.sign(ed, lang),
        "legend": marks.legend({*found, *(("printed", "implied") if ed.facts else ())}, lang),
        "figure": show("figure", figure),
        "table": show("table", table),
        "text": show("text", lambda record, lang, words: plain(record["text"][lang])),
        "has": lambda name: name in shown and shown[name]["kind"] != "withheld",
        "withheld": lambda name: plain(shown[name]["text"][lang]) if name in shown else "",
        "said": lambda name: _said(name, shown, catalogue),
        "exhibits": lambda prefix: [name for name in shown if name.startswith(prefix)],
        "authors": lambda part: authors(part, lang, ed.name),
    }
    for study in programme.hooks(ed):
        facts |= study.chapter(ed, shown, lang)
    try:
        text = narrative.compiled(narrative.environment(lang), files.decode(path)).render(facts)
    except (jinja2.TemplateError, InputError, TypeError) as error:
        text, message = "", getattr(error, "message", None) or error
        faults.append(f"{path}: line {narrative.error_line(error)}: {message}")
    return text, faults


def _said(name: str, shown: dict, catalogue) -> bool:
    """Whether a sentence has something to say: written by a notebook and not empty. A name that the catalogue does
    not know either counts as said, so that `text` reports it."""
    if name in shown:
        return shown[name].get("text") != {"zh": "", "en": ""}
    return not any(name == entry or name.startswith(f"{entry}-") for entry in catalogue.entries)


def _template_line() -> int:
    """Line of the chapter template that is calling."""
    at: FrameType | None = sys._getframe()
    while at and "__jinja_template__" not in at.f_globals:
        at = at.f_back
    assert at is not None  # a template is calling
    return at.f_globals["__jinja_template__"].get_corresponding_lineno(at.f_lineno)


def authors(part: str, lang: str, edition: str) -> str:
    """The authors' own prose, `reports/editions/<edition>-<part>.<lang>.md`; empty while they wrote none."""
    path = editions.EDITIONS / f"{edition}-{part}.{lang}.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip()


def _copy(shown: dict, folder: Path) -> None:
    """Copy the figures and the tables of all notebooks into `figures` and `tables` below `folder`."""
    for kind, pattern in (("figures", "{}.*.*"), ("tables", "{}.csv")):
        (folder / kind).mkdir(parents=True)
        for name, record in shown.items():
            for path in (record["folder"] / kind).glob(pattern.format(name)):
                shutil.copyfile(path, folder / kind / path.name)


def index_page(ed, frames: dict, links: list[dict], template: Path) -> str:
    """The page that opens everything in the folder."""
    env = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = env.from_string((template / "index.html").read_text(encoding="utf-8"))
    facts = {"frames": frames, "links": links, "languages": ed.languages}
    css = (template / "report.css").read_text(encoding="utf-8")
    return page.render(facts, css=css, font=fonts.web(page.render(facts, css="", font="")))


@contextmanager
def _whole_folder(target: Path):
    """Yield a temporary folder beside `target` that takes its place when the block ends without an error."""
    part, old = (target.with_name(f".{target.name}.{os.getpid()}.{end}") for end in ("part", "old"))
    part.mkdir(parents=True)
    try:
        yield part
        if target.exists():
            os.replace(target, old)
        os.replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
