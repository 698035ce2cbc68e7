"""The statistical audit of an edition as files: `python -m fire audit 2022` writes reports/2022-audit/."""

from pathlib import Path

import pandas as pd

from fire import codebook, files
from fire import edition as editions
from fire.analysis import audit, results
from fire.report import exhibits, narrative

SHOWN = ["check", "sentence", "value", "simulated", "verdict"]


def write(edition: int | float | str) -> Path:
    """Write the stored audit of an edition, as `audit.table` has it: `audit.csv` (one row a line, ids and both languages) and `audit.md` (for
    readers, the gravest lines first). Returns the folder, reports/<edition>-audit.
    """
    ed = editions.load(edition)
    folder = files.REPORTS / f"{ed.name}-audit"
    lines = _sentences(audit.table(results.of(ed).audit), ed)
    files.write_csv(exhibits.inert(lines.round(6)), folder / "audit.csv", excel=True)
    record = {"name": "audit", "columns": [f"sentence_{lang}" for lang in codebook.LANGUAGES] + SHOWN}
    labels = exhibits.headings(record, {}, ed.book)
    titles = {"zh": f"统计审计：{ed.name}版", "en": f"Statistical audit: edition {ed.name}"}
    parts = []
    for lang, title in titles.items():
        shown = lines[[f"sentence_{lang}" if name == "sentence" else name for name in SHOWN]]
        table = exhibits.display_frame(shown, labels, ed.book.lang(lang)).to_markdown(index=False)
        parts.append(f"# {title}\n\n{table}\n")
    files.write_text(folder / "audit.md", "\n".join(parts))
    return folder


def _sentences(table: pd.DataFrame, ed) -> pd.DataFrame:
    """A table whose column `sentence` is said in columns sentence_zh and sentence_en."""
    say = narrative.catalogue(*narrative.folders(ed)).say
    said = [
        say(cell["entry"], narrative.facts(ed) | exhibits.bare(cell["values"]), ed.book)
        for cell in table["sentence"]
    ]
    return table.drop(columns="sentence").assign(
        **{f"sentence_{lang}": [text[lang] for text in said] for lang in codebook.LANGUAGES}
    )
