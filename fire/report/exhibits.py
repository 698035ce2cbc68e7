"""Exhibits: write a figure, a table or a sentence with its title, source and data status, in both languages.

A notebook makes one `Writer` and sends everything it shows through it. Titles, sources, labels and sentences are
plain text, not markup: the report escapes them.
"""

import io
import json
import re
from pathlib import Path

import pandas as pd

from fire import codebook as names
from fire import files
from fire.errors import refuse

FORMULA = re.compile(r"^(?![+-]?[\d.,]+%?$)[=+\-@\t\r](?=.)")  # a plain number with a sign is no formula


class Writer:
    """Shows exhibits in the notebook and, when `out` is a folder (relative to the repository), writes them there.

    `chapter` is the name of the notebook, such as "20-regions".
    """

    def __init__(self, out: str = "", chapter: str = ""):
        self.out, self.chapter, self.used = files.ROOT / out if out else None, chapter, set()

    def figure(self, name: str, draw, *, title, source, status, alt, note=None) -> None:
        """Show and write the figure that `draw(lang)` returns: `figures/<name>.<lang>.svg` and `.png`.

        A simulated or assumed `status` is written on its face.
        """
        from fire.figures import style

        self._check(name, status, title=title, source=source, alt=alt, note=note)
        for lang in names.LANGUAGES if self.out else ("zh",):
            shown = style.with_glyphs(lambda: self._draw(name, draw, status, lang))
            if lang == "zh":
                _show(title["zh"], shown, alt["zh"], source["zh"], status)
        self._write(name, "figure", title=title, source=source, status=list(status), alt=alt, note=note)

    def _draw(self, name: str, draw, status, lang: str) -> bytes:
        """Draw a figure, write its files, return it as PNG."""
        import matplotlib.pyplot as plt

        from fire.figures import style

        fig = style.status_note(draw(lang), status, lang)
        shown = _png(fig)
        if self.out:
            _save(fig, self.out / "figures" / f"{name}.{lang}")
        plt.close(fig)
        return shown

    def table(self, name: str, frame: pd.DataFrame, *, labels, title, source, status, note=None) -> None:
        """Show and write a table: `tables/<name>.csv`.

        `labels` gives for every column its heading `{"zh": …, "en": …}`, and if wanted `digits` (decimals shown;
        default none for whole numbers, else 2) and `as`: `unit`, `city`, `region`, `node`, `status`, `year`, `word`
        or `pair`, by which its cells are named in English too.
        """
        faults = [
            f"table '{name}': column '{column}' has no label: add labels[{column!r}] = {{'zh': …, 'en': …}}"
            for column in frame.columns
            if not {"zh", "en"} <= set(labels.get(column, {}))
        ]
        self._check(name, status, faults, title=title, source=source, note=note)
        labels = {column: labels[column] for column in frame.columns}
        _show(title["zh"], display_frame(frame, labels, "zh"), "", source["zh"], status)
        if self.out:
            files.write_csv(inert(frame.round(6)), self.out / "tables" / f"{name}.csv", excel=True)
        self._write(name, "table", title=title, source=source, status=list(status), labels=labels, note=note)

    def text(self, name: str, sentence: dict, status=()) -> None:
        """Show and write a sentence from `narrative.say`; an empty one (not supported by the result) prints nothing."""
        from IPython.display import Markdown, display

        self._check(name, status)
        if sentence["zh"]:
            display(Markdown(plain(sentence["zh"])))
        self._write(name, "text", status=list(status), text=sentence)

    def _check(self, name: str, status, faults=(), **texts) -> None:
        faults = list(faults)
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            faults.append(f"the name '{name}' may hold only a-z, 0-9 and hyphens")
        if name in self.used:
            faults.append(f"the name '{name}' is used twice: exhibits need names of their own")
        faults += [
            f"'{name}': status '{one}' is unknown: use one of {', '.join(names.STATUS)}"
            for one in status
            if one not in names.STATUS
        ]
        faults += [
            f"'{name}': {key} needs a text for each of zh and en"
            for key, text in texts.items()
            if text is not None and not all(text.get(lang, "").strip() for lang in names.LANGUAGES)
        ]
        refuse(f"exhibit in {self.chapter or 'notebook'}", faults)
        self.used.add(name)

    def _write(self, name: str, kind: str, **facts) -> None:
        if self.out:
            record = {
                "kind": kind,
                "name": name,
                "chapter": self.chapter,
                **{key: value for key, value in facts.items() if value is not None},
            }
            text = json.dumps(record, ensure_ascii=False, indent=1)
            files.write_text(self.out / "exhibits" / f"{name}.json", text + "\n")


def statuses(scores: pd.DataFrame) -> list[str]:
    """The statuses that a scores frame rests on, from hard to soft: those with a share above zero."""
    return [name for name in names.STATUS if scores.get(f"share_{name}", pd.Series(dtype=float)).gt(0).any()]


def load(folder: Path | str) -> dict:
    """All exhibits that the notebooks wrote under `folder`, by name."""
    records = (
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(Path(folder, "exhibits").glob("*.json"))
    )
    return {record["name"]: record for record in records}


def load_table(folder: Path | str, name: str) -> pd.DataFrame:
    """The frame of a table exhibit, as written."""
    frame = pd.read_csv(Path(folder, "tables", f"{name}.csv"), encoding="utf-8-sig")
    return frame.map(
        lambda cell: cell[1:] if isinstance(cell, str) and re.match(r"^'[=+\-@\t\r].", cell) else cell
    )


def inert(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with formula-like text (`=cmd`) behind an apostrophe, so that Excel shows it and does not run it."""
    return frame.map(lambda cell: f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell)


def display_frame(frame: pd.DataFrame, labels: dict, lang: str) -> pd.DataFrame:
    """The frame as text: headings and names in `lang`, numbers rounded once, a dash for missing."""
    cells = [display_cells(frame[column], labels[column], lang) for column in frame.columns]
    return pd.DataFrame(zip(*cells, strict=True), columns=[labels[column][lang] for column in frame.columns])


def display_cells(cells: pd.Series, label: dict, lang: str) -> list[str]:
    """Cells of one column as text, by its label's `digits` and `as`; years plain, bilingual cells in `lang` only."""
    kind = label.get("as") or implied(cells)
    name = getattr(names, kind) if kind else None
    digits = label.get("digits", decimals(cells))
    return ["–" if pd.isna(cell) else name(cell, lang) if name else number(cell, digits) for cell in cells]


def implied(cells: pd.Series) -> str | None:
    """What the cells of a column without `as` are by themselves: years, words of the tables, "中文 English" pairs."""
    texts = cells.dropna().astype(str)
    if cells.name == "year" or texts.empty:
        return "year" if cells.name == "year" else None
    return (
        "word"
        if texts.isin(names.WORDS).all()
        else "pair"
        if texts.map(names.PAIR.match).notna().all()
        else None
    )


def decimals(cells: pd.Series) -> int:
    """Decimals shown by default: none for whole numbers, else 2."""
    return 0 if not pd.api.types.is_float_dtype(cells) or (cells.dropna() % 1 == 0).all() else 2


def number(cell, digits: int) -> str:
    """A cell as text; numbers with `digits` decimals, thousands separated, and a true minus sign.

    >>> number(-12345.678, 1)
    '−12,345.7'
    """
    if isinstance(cell, bool) or not isinstance(cell, (int, float)) and not hasattr(cell, "dtype"):
        return str(cell)
    text = f"{round(float(cell), digits) + 0.0:,.{digits}f}"
    return text.replace("-", "−")


def plain(text: str) -> str:
    """Plain text as Markdown: every character that could be markup is escaped.

    >>> plain("a*b <i>")
    'a\\\\*b \\\\<i\\\\>'
    """
    return re.sub(r"([\\`*_{}\[\]<>#|~^$@&\"'!=+:-])", r"\\\1", " ".join(str(text).split()))


def _show(title: str, shown, alt: str, source: str, status) -> None:
    from IPython.display import Image, Markdown, display

    display(Markdown(f"**{plain(title)}**"))
    display(Image(shown, alt=alt) if isinstance(shown, bytes) else shown)
    statuses = "、".join(names.status(name) for name in status)
    display(Markdown(f"<small>资料来源：{plain(source)}　数据状态：{statuses}</small>"))


def _png(fig, dpi: str = "screen") -> bytes:
    """The figure as a PNG of few colours, which keeps notebooks and Word files small."""
    from PIL import Image

    from fire.figures import style

    drawn, small = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png", dpi=style.DPI[dpi], metadata={"Software": None})
    Image.open(drawn).convert("RGB").quantize(128).save(
        small, format="png", optimize=True, dpi=(style.DPI[dpi], style.DPI[dpi])
    )
    return small.getvalue()


def _save(fig, stem: Path) -> None:
    with files.atomic_path(f"{stem}.svg") as path:
        fig.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    with files.atomic_path(f"{stem}.png") as path:
        path.write_bytes(_png(fig, "print"))
