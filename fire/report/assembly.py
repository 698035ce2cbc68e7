"""Assembly of the report: exhibits and chapter templates → one Markdown source → HTML, PDF and Word, in each language.

`python -m fire report 2022` writes reports/2022/; `--chapter 20-regions` a preview in build/2022/preview/.
"""

import os
import re
import shutil
import struct
import subprocess
import sys
import tomllib
import unicodedata
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import jinja2

from fire import codebook as labels
from fire import edition as editions
from fire import files, glossary
from fire.errors import InputError, refuse
from fire.figures import fonts
from fire.report import exhibits as exhibit
from fire.report import explorer, narrative, programme, site, word
from fire.report.exhibits import plain

TEMPLATE = files.REPORTS / "template"
FORMATS = ("html", "pdf", "docx", "site")  # site: city pages, workbook, data (fire.site)
MARKDOWN = "markdown-smart-implicit_figures+implicit_figures+east_asian_line_breaks"
DEFINED = re.compile(r"\{#((?:fig|tbl):[a-z0-9-]+)")
CITED = re.compile(r"(?<![\w\\])@((?:fig|tbl):[a-z0-9-]*[a-z0-9])")
NOT_META = ("stop", "comma", "rows-word")  # words of the frame that pandoc need not know
WIDE = 8  # columns from which a table is set smaller
LINE, NARROW = 96, 12  # characters of a line; of a column that is not made narrower


def build(edition, source=None, target=None, template=TEMPLATE, formats=FORMATS, preview=()) -> Path:
    """Assemble the report of an edition (its number, or an Edition) from the exhibits under `source` into the folder
    `target`. Its chapters are those of the programme that stands beside the folder `template`.

    Returns its index page. The folder appears whole or not at all. `preview` names chapters: then only these are
    assembled, and references to others stay open.
    Raises InputError listing every missing exhibit, unknown value and dangling reference with template and line.
    """
    ed = edition if isinstance(edition, editions.Edition) else editions.load(edition)
    source = Path(source or files.ROOT / "build" / ed.name)
    target = Path(target or (source / "preview" if preview else files.REPORTS / ed.name))
    exhibits = gather(source)
    frames = frame(ed, template)
    chapters = programme.load(ed, template)
    texts, faults = {}, []
    for lang in labels.LANGUAGES:
        texts[lang], found = assemble(ed, lang, frames, exhibits, chapters, preview)
        faults += found
    refuse(f"report {ed.name}", faults)
    with whole_folder(target) as folder:
        copy_figures(exhibits, folder / "figures")
        style = page_style(texts, template)
        jobs = [
            (ed.name, lang, frames[lang], texts[lang], style, folder, template, formats, bool(preview))
            for lang in labels.LANGUAGES
        ]
        with ProcessPoolExecutor(1) as beside, ThreadPoolExecutor(2) as pool:
            places = (
                [beside.submit(site.write, ed, source, folder)] if "site" in formats and not preview else []
            )
            links = [link for made in pool.map(typeset, jobs) for link in made]
            links += [link for made in places for link in made.result()]
        files.write_text(folder / "index.html", index_page(ed, frames, links, template))
    return target / "index.html"


def gather(source: Path) -> dict:
    """All exhibits of all notebooks under `source`, by name; each knows its `folder`."""
    found, faults = {}, []
    for folder in sorted(path.parent for path in source.glob("[!.]*/exhibits")):
        for name, record in exhibit.load(folder).items():
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
    facts = chapter_values(ed)
    for lang in labels.LANGUAGES:
        deferred = {"rows-word": table[lang]["rows-word"]}
        table[lang] = {
            key: narrative.environment(lang).from_string(text).render(facts)
            for key, text in table[lang].items()
            if key not in deferred
        } | deferred
    return table


def chapter_values(ed) -> dict:
    """What every chapter template may use besides its exhibits."""
    places = ed.places()
    return {
        "edition": ed.name,
        "year": ed.year,
        "base_year": ed.base_year,
        "focus_region": ed.focus_region,
        "cities": len(places),
        "regions": places["region"].nunique(),
    }


def assemble(
    ed, lang: str, frames: dict, exhibits: dict, chapters: list, preview=()
) -> tuple[str, list[str]]:
    """The Markdown of the whole report in one language, and its faults; `chapters` as `programme.load` gives them."""
    parts, faults, cited = [], [], []
    printed = {one.name: one.texts[lang] for one in chapters if one.texts}
    faults += [f"{name}: there is no such chapter" for name in preview if name not in printed]
    for name, path in printed.items():
        if preview and name not in preview:
            continue
        text, found = chapter(path, lang, frames[lang], exhibits, ed)
        parts.append(text)
        faults += found
        cited += [
            (path, line, one)
            for line, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            for one in CITED.findall(row)
        ]
    text = "\n\n".join(parts)
    defined = DEFINED.findall(text)
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
    return text, faults


def chapter(path: Path, lang: str, words: dict, exhibits: dict, ed) -> tuple[str, list[str]]:
    """One chapter template rendered to Markdown, and its faults, each naming file and line."""
    faults = []

    def shown(kind: str, render):
        def call(name: str, **options) -> str:
            record = exhibits.get(name)
            if record is None or record["kind"] != kind:
                faults.append(
                    f"{path}: line {template_line()}: no {kind} '{name}' was written by a notebook: "
                    f"correct the name, or run the notebook that shows it"
                )
                return ""
            return render(record, lang, words, **options)

        return call

    facts = chapter_values(ed) | {
        "lang": lang,
        "figure": shown("figure", figure),
        "table": shown("table", table),
        "text": shown("text", lambda record, lang, words: plain(record["text"][lang])),
        "said": lambda name: name not in exhibits or exhibits[name].get("text") != {"zh": "", "en": ""},
        "exhibits": lambda prefix: [name for name in exhibits if name.startswith(prefix)],
        "authors": lambda part: authors(part, lang, ed.name),
        "explorer": lambda: html_only(explorer.fragment(ed, lang)),
    }
    for study in programme.hooks(ed):
        facts |= study.chapter(ed, exhibits, lang)
    try:
        text = narrative.environment(lang).from_string(path.read_text(encoding="utf-8")).render(facts)
    except (jinja2.TemplateError, InputError, TypeError) as error:
        text, message = "", getattr(error, "message", None) or error
        faults.append(f"{path}: line {narrative.error_line(error)}: {message}")
    return text, faults


def template_line() -> int:
    """Line of the chapter template that is calling."""
    at = sys._getframe()
    while at and "__jinja_template__" not in at.f_globals:
        at = at.f_back
    return at.f_globals["__jinja_template__"].get_corresponding_lineno(at.f_lineno)


def html_only(content: str) -> str:
    """Markdown that shows HTML in the page and nothing in PDF and Word."""
    return f"```{{=html}}\n{content}\n```"


def authors(part: str, lang: str, edition: str) -> str:
    """The authors' own prose, `reports/editions/<edition>-<part>.<lang>.md`; empty while they wrote none."""
    path = editions.EDITIONS / f"{edition}-{part}.{lang}.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip()


def figure(record: dict, lang: str, words: dict) -> str:
    """Markdown of a figure: takeaway title as caption, then source and status."""
    alt = re.sub(r"[\s\"\\]+", " ", record["alt"][lang]).replace("&", "&amp;").replace("<", "&lt;")
    name = record["name"]
    wide, high = pixels(record["folder"] / "figures" / f"{name}.{lang}.png")
    attributes = f'#fig:{name} alt="{alt}" pixels="{wide}x{high}"'
    image = f"![{plain(record['title'][lang])}](figures/{name}.{lang}.svg){{{attributes}}}"
    return f"::: {{.exhibit .figure}}\n{image}\n\n{source_line(record, lang, words)}\n:::\n"


def pixels(path: Path) -> tuple[int, int]:
    """Width and height of a PNG, which the page needs to keep its place while figures load."""
    return struct.unpack(">II", path.read_bytes()[16:24])


def table(
    record: dict, lang: str, words: dict, rows: int | None = None, without=(), places_only=False
) -> str:
    """Markdown of a table (pipe table), cut to the first `rows` and `without` some columns, with title and source.

    In English, Chinese names in cells are put into English (`fire.glossary`; `places_only`: cities and regions).
    """
    refuse(
        f"table '{record['name']}'",
        [
            f"it has no column '{name}': take it out of `without`"
            for name in without
            if name not in record["labels"]
        ],
    )
    frame = exhibit.load_table(record["folder"], record["name"], record["labels"]).drop(columns=list(without))
    record = record | {
        "labels": {name: label for name, label in record["labels"].items() if name not in without}
    }
    shown = exhibit.display_frame(frame.head(rows) if rows else frame, record["labels"], lang)
    shown = shown.map(lambda cell: glossary.english(cell, places_only)) if lang == "en" else shown
    grid = [
        [plain(cell) or " " for cell in row] for row in [list(shown.columns), *shown.itertuples(index=False)]
    ]
    spans = [
        min(max(heading_width(head), *map(width, cells), 3), 40) for head, *cells in zip(*grid, strict=True)
    ]
    right = [
        label.get("as") is None and frame[name].dtype.kind in "ifb"
        for name, label in record["labels"].items()
    ]
    rule = [
        ":" * (not end) + "-" * (span + 3) + ":" * end for span, end in zip(fitted(spans), right, strict=True)
    ]
    for column, (name, label) in enumerate(record["labels"].items()):
        if label.get("as") in ("city", "region"):
            for row, place in zip(grid[1:], frame[name], strict=False):
                row[column] = place_link(row[column], place, lang)
    lines = [f"| {' | '.join(row)} |" for row in [grid[0], rule, *grid[1:]]]
    cut = None
    if rows and len(frame) > rows:
        cut = narrative.environment(lang).from_string(words["rows-word"]).render(shown=rows, total=len(frame))
    size = " .wide" if len(grid[0]) >= WIDE else ""
    caption = f": {plain(record['title'][lang])} {{#tbl:{record['name']}}}"
    rows = "\n".join(lines)
    return f"::: {{.exhibit{size}}}\n{rows}\n\n{caption}\n\n{source_line(record, lang, words, cut)}\n:::\n"


def place_link(text: str, place, lang: str) -> str:
    """A city or region with a link to its page (`fire.site`); the filter keeps the link in the web page only."""
    return f"[{text}](places/{site.slug(place)}.{lang}.html)" if isinstance(place, str) else text


def source_line(record: dict, lang: str, words: dict, cut: str | None = None) -> str:
    """Source, data status and note of an exhibit, in a Div of class `source`."""
    notes = [record.get("note", {}).get(lang), cut]
    statuses = words["comma"].join(labels.status(name, lang) for name in record["status"])
    parts = [words["note-word"] + note for note in notes if note]
    parts += [words["source-word"] + record["source"][lang], words["status-word"] + statuses]
    space = "" if lang == "zh" else " "
    text = space.join(part if part.endswith((".", "。")) else part + words["stop"] for part in parts)
    return f"::: {{.source}}\n{plain(text)}\n:::\n"


def width(text: str) -> int:
    """Width of a text on a page in Latin characters; a Chinese one counts twice."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text.replace("\\", ""))


def heading_width(head: str) -> int:
    """Width that a column heading needs when it may break: its longest word; a long Chinese one breaks in two."""
    return max(
        width(word) if word.isascii() or width(word) <= 8 else -(-width(word) // 2)
        for word in head.split() or [""]
    )


def fitted(spans: list[int]) -> list[int]:
    """Column widths that fit a page: wide columns, whose text breaks, give way; dates, names and numbers stay whole."""
    room = (LINE if len(spans) < WIDE else LINE * 17 / 14) - 3 * len(spans)
    narrow = sum(span for span in spans if span <= NARROW)
    shrink = min(1, (room - narrow) / max(1, sum(spans) - narrow))
    return [span if span <= NARROW else max(NARROW, int(span * shrink)) for span in spans]


def copy_figures(exhibits: dict, folder: Path) -> None:
    """Copy the figures of all notebooks into one folder."""
    folder.mkdir(parents=True)
    for record in exhibits.values():
        for path in (
            (record["folder"] / "figures").glob(f"{record['name']}.*.*") if record["kind"] == "figure" else ()
        ):
            shutil.copyfile(path, folder / path.name)


def page_style(texts: dict, template: Path) -> str:
    """The `<style>` element of the pages: house style and the font cut to the characters used."""
    used = "".join(texts.values()) + "".join(
        path.read_text(encoding="utf-8") for path in sorted(template.glob("*.*"))
    )
    css = (template / "report.css").read_text(encoding="utf-8")
    return f"<style>\n{fonts.web(used)}{css}</style>"


def typeset(job: tuple) -> list[dict]:
    """One language in all formats; returns the links for the index page."""
    name, lang, words, text, style, folder, template, formats, preview = job
    stem = f"fire-{name}.{lang}"
    epoch = str(int(datetime(int(name[:4]), 1, 1, tzinfo=UTC).timestamp()))
    work = folder / f".{lang}"
    work.mkdir()
    files.write_text(work / "report.md", text)
    files.write_text(work / "style.html", style)
    other = "en" if lang == "zh" else "zh"
    meta = {**words, "edition": words["kicker"], "other-file": f"fire-{name}.{other}.html"}
    common = [
        str(work / "report.md"),
        "--from",
        MARKDOWN,
        f"--lua-filter={template / 'report.lua'}",
        "--number-sections",
        "--columns=1",
        "--wrap=none",
        f"--resource-path={folder}",
        *(["--metadata=preview:true"] if preview else []),
        *(f"--metadata={key}={value}" for key, value in meta.items() if key not in NOT_META),
    ]
    makers = {kind: maker for kind, maker in MAKERS.items() if kind in formats}
    for kind, make in makers.items():
        make(common, folder / f"{stem}.{kind}", work, template, lang, epoch)
    shutil.rmtree(work)
    return [{"lang": lang, "kind": kind, "href": f"{stem}.{kind}"} for kind in makers]


def pandoc(arguments: list[str], epoch: str) -> None:
    """Run pandoc; its messages become the error."""
    import pypandoc

    done = subprocess.run(
        [pypandoc.get_pandoc_path(), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"SOURCE_DATE_EPOCH": epoch},
    )
    if done.returncode or done.stderr.strip():
        raise InputError("pandoc", done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])


def html(common, path: Path, work: Path, template: Path, lang: str, epoch: str) -> None:
    """The self-contained page: style, font and figures inside, nothing fetched."""
    pandoc(
        [
            *common,
            "--to=html5",
            "--standalone",
            f"--template={template / 'report.html'}",
            "--embed-resources",
            "--mathml",
            "--toc",
            "--toc-depth=2",
            f"--include-in-header={work / 'style.html'}",
            "-o",
            str(path),
        ],
        epoch,
    )


def pdf(common, path: Path, work: Path, template: Path, lang: str, epoch: str) -> None:
    """The typeset report, by Typst."""
    import typst

    source = path.parent / f".{lang}.typ"
    typesetting = {"font": fonts.FAMILY, "typst-lang": lang, "typst-region": "cn" if lang == "zh" else ""}
    pandoc(
        [
            *common,
            "--to=typst",
            "--standalone",
            f"--template={template / 'report.typ'}",
            *(f"--variable={key}={value}" for key, value in typesetting.items() if value),
            "-o",
            str(source),
        ],
        epoch,
    )
    with files.atomic_path(path) as part:
        typst.compile(
            str(source),
            output=str(part),
            root=str(path.parent),
            font_paths=[str(fonts.FONT_DIR)],
            ignore_system_fonts=True,
        )
    source.unlink()


def docx(common, path: Path, work: Path, template: Path, lang: str, epoch: str) -> None:
    """The Word report: styles, captions with fields, contents."""
    word.reference(work / "reference.docx", lang)
    pandoc([*common, "--to=docx", f"--reference-doc={work / 'reference.docx'}", "-o", str(path)], epoch)


MAKERS = {"html": html, "pdf": pdf, "docx": docx}


def index_page(ed, frames: dict, links: list[dict], template: Path) -> str:
    """The page that opens everything in the folder."""
    env = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = env.from_string((template / "index.html").read_text(encoding="utf-8"))
    css = (template / "report.css").read_text(encoding="utf-8")
    font = fonts.web(page.render(frames=frames, links=links, css="", font=""))
    return page.render(frames=frames, links=links, css=css, font=font)


@contextmanager
def whole_folder(target: Path):
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
