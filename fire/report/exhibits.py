"""Exhibits: a notebook hands over a frame and the values of its texts; titles, notes and headings are found by name.

    show = fire.show(ed, out, "10-index")
    show.table("index-league-table", league, n=len(league))          # reports/exhibits/*.toml: [index-league-table]
    show.figure("index-league", draw.league, league)                 # draw(frame, lang) returns a matplotlib figure
    show.text("index-top", names=first, k=10)

Headings, units and digits of columns come from data/codebook.csv, data status from the frame. What is stored are
values, not sentences: `load` renders the texts, so that an edited title shows at the next assembly.
"""

import io
import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd

from fire import codebook, files
from fire.analysis.known import ENDS, SURE
from fire.codebook import LANGUAGES, STATUS
from fire.errors import InputError, refuse
from fire.index.panel import SOFT
from fire.report import narrative
from fire.report.narrative import number

WITHHELD = "withheld"  # the sentence of the catalogue on what is not shown
FORMULA = re.compile(r"^(?![+-]?[\d.,]+%?$)[=+\-@\t\r](?=.)")  # a plain number with a sign is no formula


class Writer:
    """Shows exhibits in the notebook and, when `out` is a folder (relative to the repository), writes them there.

    `ed`: the Edition, whose names and statuses hold; `chapter`: the name of the notebook, such as "20-regions".
    """

    def __init__(self, ed, out: str = "", chapter: str = ""):
        self.ed, self.chapter, self.used = ed, chapter, set()
        self.out = files.ROOT / out if out else None
        self.catalogue = narrative.catalogue(*narrative.folders(ed))

    def figure(self, entry: str, draw, frame, *, each: str | None = None, status=None, **values) -> None:
        """Show and write the figure that `draw(frame, lang)` returns: `figures/<name>.<lang>.svg` and `.png`.

        `entry`: its texts in the catalogue. `each` tells several exhibits of one entry apart (a node, a city) and is
        a value of its texts. `frame`: a frame, or a dictionary of frames; one from which all rows are withheld
        (`known.disclosed`) is not drawn: a sentence says so. A simulated or assumed status is written on
        the face of the figure. Raises InputError as `Catalogue.say` does, and for a name used twice.
        """
        from IPython.display import Image

        from fire.figures import style

        record = self._record("figure", entry, each, frame, status, values)
        if record["kind"] == "withheld":
            return self._withhold(record)
        texts = _rendered(record, self.ed, self.catalogue)
        for lang in LANGUAGES if self.out else ("zh",):
            lang = self.ed.book.lang(lang)
            shown = style.with_glyphs(lambda lang=lang: self._draw(record, draw, frame, lang))
            if lang == "zh":
                _show(texts, Image(shown, alt=texts["alt"]["zh"], retina=bool(self.out)))
        self._write(record)

    def _draw(self, record: dict, draw, frame, lang) -> bytes:
        """Draw a figure once, write its files, return it as PNG: the one for print where it is written, else the small one."""
        import matplotlib as mpl
        import matplotlib.pyplot as plt

        from fire.figures import style

        fig = style.status_note(draw(frame, lang), record["status"], lang)
        if engine := fig.get_layout_engine():
            engine.execute(fig)  # once for all formats
        with mpl.rc_context({"figure.constrained_layout.use": False}):
            fig.set_layout_engine(None)
            box = fig.get_tightbbox().padded(mpl.rcParams["savefig.pad_inches"])  # what is drawn, in inches
            picture = _png(fig, box, "print" if self.out else "screen")
            drawing = _svg(fig, box) if self.out else b""
        if self.out:
            stem = f"{self.out / 'figures' / record['name']}.{lang}"
            for path, made in ((f"{stem}.svg", drawing), (f"{stem}.png", picture)):
                with files.atomic_path(path) as part:
                    part.write_bytes(made)
        plt.close(fig)
        return picture

    def table(
        self, entry: str, frame: pd.DataFrame, *, each: str | None = None, status=None, **values
    ) -> None:
        """Show and write a table: `tables/<name>.csv`.

        Every column must be in the codebook (or be a node, a year, a place); a pair `name_zh`, `name_en` is shown in
        the language of the reader under the heading of `name`. A cell may be a sentence of the catalogue,
        `{"entry": id, "values": {…}}`; its column is written as such a pair and said again at assembly.
        Raises InputError for columns that are not known.
        """
        record = self._record("table", entry, each, frame, status, values)
        if record["kind"] == "withheld":
            return self._withhold(record)
        record["sentences"] = {
            name: bare(frame[name]) for name in frame if frame[name].map(type).eq(dict).any()
        }
        frame = _paired(frame, record["sentences"])
        record["columns"] = [str(column) for column in frame.columns]
        texts = _rendered(record, self.ed, self.catalogue)
        frame = frame.assign(**_said(texts["labels"]))
        _show(texts, display_frame(frame, texts["labels"], self.ed.book.zh))
        if self.out:
            files.write_csv(inert(frame.round(6)), self.out / "tables" / f"{record['name']}.csv", excel=True)
        self._write(record)

    def text(self, entry: str, *, each: str | None = None, status=(), **values) -> None:
        """Show and write a sentence; an empty one (its condition fails for these values) prints nothing."""
        from IPython.display import Markdown, display

        record = self._record("text", entry, each, None, status, values)
        said = _rendered(record, self.ed, self.catalogue)["text"]
        if said["zh"]:
            display(Markdown(plain(said["zh"])))
        self._write(record)

    def _record(self, kind: str, entry: str, each, frame, status, values: dict) -> dict:
        """What is stored of an exhibit: names, values and status, as plain data."""
        named = re.sub(
            "[ ']+", "-", self.ed.book.english.get(each, "")
        ).lower()  # a place by its English name
        name = entry if each is None else f"{entry}-{named or str(each).lower().replace('_', '-')}"
        faults = []
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            faults.append(f"the name '{name}' may hold only a-z, 0-9 and hyphens")
        if name in self.used:
            faults.append(f"the name '{name}' is used twice: exhibits need names of their own")
        own = self.catalogue[entry].get("status") if status is None else list(status)
        known = (
            own
            or (statuses(frame) if frame is not None else [])
            or (statuses(self.ed.index.of()) if frame is not None else [])
        )
        faults += [
            f"'{name}': status '{one}' is unknown: use one of {', '.join(STATUS)}"
            for one in known
            if one not in STATUS
        ]
        refuse(f"exhibit in {self.chapter or 'notebook'}", faults)
        self.used.add(name)
        told, empty = _withheld(frame)
        kind = "withheld" if told and empty else kind
        values = bare(values | ({} if each is None else {"each": each}))
        return {
            "kind": kind,
            "name": name,
            "entry": entry,
            "chapter": self.chapter,
            "status": known,
            "values": values,
            **({"withheld": bare(told)} if told else {}),
        }

    def _withhold(self, record: dict) -> None:
        """Say in place of an exhibit why there is none."""
        from IPython.display import Markdown, display

        display(Markdown(plain(_rendered(record, self.ed, self.catalogue)["text"]["zh"])))
        self._write(record)

    def _write(self, record: dict) -> None:
        if self.out:
            text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False)
            files.write_text(self.out / "exhibits" / f"{record['name']}.json", text + "\n")


def _withheld(frame) -> tuple[dict | None, bool]:
    """What a frame (or the first of a dictionary of frames that tells) withholds, and whether nothing is left of it."""
    frames = frame.values() if isinstance(frame, dict) else [frame]
    told = [one for one in frames if isinstance(one, pd.DataFrame) and one.attrs.get("withheld")]
    return (told[0].attrs["withheld"], all(one.empty for one in told)) if told else (None, False)


def bare(value):
    """Values as plain data, as JSON keeps them: numbers, texts, lists, dictionaries; missing is None."""
    if isinstance(value, dict):
        return {str(key): bare(one) for key, one in value.items()}
    if isinstance(value, pd.DataFrame):
        return [bare(row) for row in value.to_dict("records")]
    if isinstance(value, set | frozenset):
        return sorted(map(bare, value))
    if isinstance(value, (list, tuple, pd.Series, pd.Index, np.ndarray)):
        return [bare(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NA or value is pd.NaT or isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (bool, int, float, str)) or value is None else str(value)


def statuses(frame) -> list[str]:
    """The data statuses that a frame (or a dictionary of frames) shows, from hard to soft: those at its values (columns
    `<column>_status`) where it has any, else those with a share above zero and those in its column `status`; and those in
    `attrs["status"]`. None where it says nothing."""
    frames = frame.values() if isinstance(frame, dict) else [frame]
    found = set()
    for one in frames:
        if isinstance(one, pd.DataFrame) and companions(one.columns):
            for base in dict.fromkeys(companions(one.columns).values()):
                found |= set(one[f"{base}_status"].dropna()) & set(STATUS)
        elif isinstance(one, pd.DataFrame):
            found |= {name for name in STATUS if f"share_{name}" in one and one[f"share_{name}"].gt(0).any()}
            found |= set(one["status"].dropna()) & set(STATUS) if "status" in one else set()
        found |= set(getattr(one, "attrs", {}).get("status", ())) & set(STATUS)
    return [name for name in STATUS if name in found]


def _rendered(record: dict, ed, catalogue, facts: dict | None = None) -> dict:
    """A stored exhibit with its texts in both languages (title, alt, note, source or text) and headings (`labels`);
    `facts`: those of the edition (`narrative.facts`), where they are at hand."""
    facts = narrative.facts(ed) if facts is None else facts
    entry, values = catalogue[record["entry"]], facts | record["values"]
    made = dict(record)

    def sure(what: str) -> bool:
        return catalogue.hold(record["entry"], values, ed.book, what) >= SURE

    reason = record.get("withheld") and catalogue.say(WITHHELD, values | record["withheld"], ed.book)
    if record["kind"] == "withheld":
        return made | {"text": reason}
    if record["kind"] == "text":
        said = (
            catalogue.say(record["entry"], values, ed.book) if sure("text") else dict.fromkeys(LANGUAGES, "")
        )
        return made | {"text": said}
    title = "title" if sure("title") else "plain"
    made["title"] = catalogue.say(record["entry"], values, ed.book, title)
    if record["kind"] == "figure":
        made["alt"] = catalogue.say(record["entry"], values, ed.book, "alt") if sure("alt") else made["title"]
    for key in ("note", "source"):
        if key in entry and (key == "source" or sure(key)):
            made[key] = catalogue.say(record["entry"], values, ed.book, key)
    if reason:
        old = made.get("note", dict.fromkeys(LANGUAGES, ""))
        made["note"] = {lang: f"{old[lang]} {reason[lang]}".strip() for lang in LANGUAGES}
    if "source" not in made:
        made["source"] = catalogue.say("scores-source", values | {"statuses": record["status"]}, ed.book)
    if record["kind"] == "table":
        made["labels"] = headings(record, entry.get("columns", {}), ed.book)
        for name, cells in record["sentences"].items():
            texts = [cell and catalogue.say(cell["entry"], facts | cell["values"], ed.book) for cell in cells]
            for lang in LANGUAGES:
                made["labels"][f"{name}_{lang}"]["said"] = [text and text[lang] for text in texts]
    return made


def _paired(frame: pd.DataFrame, names) -> pd.DataFrame:
    """The frame with empty columns `name_zh`, `name_en` in place of each column of `names`."""
    twins = [f"{name}_{lang}" if name in names else name for name in frame for lang in LANGUAGES]
    return frame.reindex(columns=list(dict.fromkeys(twins)))


def _said(labels: dict) -> dict[str, list]:
    """The columns whose cells are sentences, by name, from the headings of a rendered table."""
    return {name: label["said"] for name, label in labels.items() if "said" in label}


def headings(record: dict, overrides: dict, book) -> dict:
    """Heading, digits and kind of every column of a table; every unknown column is refused at once."""
    labels, faults = {}, []
    for name in record["columns"]:
        base = name[:-3] if name.endswith(("_zh", "_en")) and overrides.get(name) is None else name
        twins = base != name and f"{base}_zh" in record["columns"] and f"{base}_en" in record["columns"]
        try:
            key = base if twins else name
            labels[name] = dict(book.column(key, overrides.get(key)))
        except InputError as error:
            faults += error.faults
    refuse(f"table '{record['name']}' (data/codebook.csv)", faults)
    return labels


def load(folder: Path | str, ed) -> dict:
    """All exhibits that the notebooks wrote under `folder`, by name, with their texts rendered as of now.

    Raises InputError with the faults of all entries at once.
    """
    found, faults, catalogue = {}, [], narrative.catalogue(*narrative.folders(ed))
    facts = narrative.facts(ed)
    for path in sorted(Path(folder, "exhibits").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        try:
            found[record["name"]] = _rendered(record, ed, catalogue, facts)
        except InputError as error:
            faults += [f"{error.what}: {fault}" for fault in error.faults]
    refuse(f"exhibits of {Path(folder).name}", faults)
    return found


def load_table(folder: Path | str, name: str, labels: dict | None = None) -> pd.DataFrame:
    """The frame of a table exhibit, as written; with the `labels` of its record, sentences in cells as of now."""
    frame = pd.read_csv(Path(folder, "tables", f"{name}.csv"), encoding="utf-8-sig")
    frame = frame.map(
        lambda cell: cell[1:] if isinstance(cell, str) and re.match(r"^'[=+\-@\t\r].", cell) else cell
    )
    return frame.assign(**_said(labels or {}))


def inert(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with formula-like text (`=cmd`) behind an apostrophe, so that Excel shows it and does not run it."""
    return frame.map(lambda cell: f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell)


def companions(columns) -> dict[str, str]:
    """The columns that say how well another is known, with that other one: `<column>_status`, and its ends
    `<column>_low`, `<column>_high`.

    >>> companions(["score", "score_status", "score_low", "rank", "rank_low"])
    {'score_status': 'score', 'score_low': 'score'}
    """
    names = [str(column) for column in columns]
    marked = [name for name in names if f"{name}_status" in names]
    return {f"{name}{end}": name for name in marked for end in ENDS if f"{name}{end}" in names}


def shown_columns(columns, lang: str) -> list[str]:
    """The columns that a reader of one language sees: of a pair `name_zh`, `name_en` only one; what belongs to the value of
    another column (`companions`) stands in its cell."""
    other, kept = "_en" if lang == "zh" else "_zh", companions(columns)
    names = [str(column) for column in columns if str(column) not in kept]
    return [name for name in names if not (name.endswith(other) and f"{name[:-3]}_{lang}" in names)]


def display_frame(frame: pd.DataFrame, labels: dict, lang) -> pd.DataFrame:
    """The frame as text: headings and names in `lang`, numbers rounded once, a dash for missing; a value that has
    companions with its mark, a simulated one as its range only."""
    names = shown_columns(frame.columns, lang)
    frame = frame.set_axis([str(column) for column in frame.columns], axis=1)
    cells = [_display_cells(frame[name], labels[name], lang) for name in names]
    for place, name in enumerate(names):
        if f"{name}_status" in frame:
            cells[place] = _marked_cells(frame, name, cells[place], labels[name], lang)
    return pd.DataFrame(zip(*cells, strict=True), columns=[labels[name][str(lang)] for name in names])


def _display_cells(cells: pd.Series, label: dict, lang) -> list[str]:
    """Cells of one column as text, by the digits and kind of its label; names in `lang`, years plain."""
    kind = label.get("kind", "number")
    if kind == "p":
        return [
            "–" if pd.isna(cell) else narrative.p_value(cell, label["digits"]).removeprefix("= ")
            for cell in cells
        ]
    if kind not in ("number", "text"):
        name = getattr(codebook, kind)
        return ["–" if pd.isna(cell) else str(name(cell, lang)) for cell in cells]
    digits = label.get("digits")
    digits = decimals(cells) if digits is None else digits
    return ["–" if pd.isna(cell) else number(cell, digits) for cell in cells]


def _marked_cells(frame: pd.DataFrame, name: str, shown: list[str], label: dict, lang) -> list[str]:
    """Cells of a column with the mark of their status; a simulated value shows its range, not itself."""
    digits = decimals(frame[name]) if label.get("digits") is None else label["digits"]
    low, high = (frame.get(f"{name}{end}", frame[name]) for end in ("_low", "_high"))
    return [
        text if pd.isna(value) or pd.isna(status) else marked(text, status, (start, end), digits, lang)
        for text, value, status, start, end in zip(
            shown, frame[name], frame[f"{name}_status"], low, high, strict=True
        )
    ]


def marked(text: str, status: str, ends: tuple, digits: int, lang) -> str:
    """A value as text with the mark of its status; of a simulated one the range (`narrative.between`).

    >>> marked("9.958", "printed", (9.958, 9.958), 3, "zh"), marked("6.712", "simulated", (6.1, 7.4), 3, "en")
    ('9.958 [刊]', '(6.1–7.4)')
    """
    if status not in SOFT:
        sign = codebook.mark(status, lang)
        return f"{text} {sign}" if sign else text
    return f"({narrative.between(ends, digits) or text})"


def decimals(cells: pd.Series) -> int:
    """Decimals shown by default: none for whole numbers, else 2."""
    return 0 if not pd.api.types.is_float_dtype(cells) or (cells.dropna() % 1 == 0).all() else 2


def plain(text: str) -> str:
    """Plain text as Markdown: every character that could be markup is escaped.

    >>> plain("a*b <i>")
    'a\\\\*b \\\\<i\\\\>'
    """
    return re.sub(r"([\\`*_{}\[\]<>#|~^$@&\"'!=+:-])", r"\\\1", " ".join(str(text).split()))


def _show(texts: dict, shown) -> None:
    """Title, exhibit and source in Chinese, in the notebook."""
    from IPython.display import Markdown, display

    display(Markdown(f"**{plain(texts['title']['zh'])}**"))
    display(shown)
    notes = f"　注：{plain(texts['note']['zh'])}" if "note" in texts else ""
    known = "、".join(codebook.status(name) for name in texts["status"])
    display(Markdown(f"<small>资料来源：{plain(texts['source']['zh'])}　数据状态：{known}{notes}</small>"))


def _svg(fig, box) -> bytes:
    """The figure as SVG."""
    drawn = io.BytesIO()
    fig.savefig(drawn, format="svg", bbox_inches=box, metadata={"Date": None, "Creator": None})
    return drawn.getvalue()


def _png(fig, box, dpi: str) -> bytes:
    """The figure as a PNG of few colours, which keeps notebooks and Word files small; those for notebooks as small as can be."""
    from PIL import Image

    from fire.figures import style

    drawn, small = io.BytesIO(), io.BytesIO()
    options = {"compress_level": 0}  # read again at once
    fig.savefig(drawn, format="png", bbox_inches=box, dpi=style.DPI[dpi], pil_kwargs=options)
    picture = Image.open(drawn).convert("RGB").quantize(128)
    level = 9 if dpi == "screen" else 6
    picture.save(small, format="png", compress_level=level, dpi=(style.DPI[dpi], style.DPI[dpi]))
    return small.getvalue()
