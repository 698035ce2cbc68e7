"""What this study gives to a report that names it: functions for its chapters, and tables for the databases."""

from fire import files
from fire.report.exhibits import plain
from studies.printed2022 import published

EXHIBITS = published.FOLDER.parent / "chapters" / "exhibits.csv"
WORD = {"图": {"zh": "图", "en": "Figure"}, "表": {"zh": "表", "en": "Table"}}


def chapter(ed, exhibits: dict, lang: str) -> dict:
    """Functions that the texts of a chapter may call, by name; `exhibits` are those of the report."""
    return {"printed_exhibits": lambda: printed_exhibits(exhibits, lang)}


def printed_exhibits(exhibits: dict, lang: str) -> str:
    """Where each figure and table of the printed report is found in this one, as a Markdown list; one that has no
    counterpart among the `exhibits` is left out."""
    titles = published.load("figures_tables").set_index(["kind", "no"])["title_zh"]
    rows = files.read_csv(EXHIBITS)
    rows = rows[rows["exhibit"].isin(list(exhibits))]
    lines = []
    for (kind, no), group in rows.groupby(["kind", "no"], sort=False):
        places = [
            f"@{'fig' if exhibits[name]['kind'] == 'figure' else 'tbl'}:{name}" for name in group["exhibit"]
        ]
        found = ("、" if lang == "zh" else ", ").join(places)
        title = titles.get((kind, no), "") if lang == "zh" else group["title_en"].iloc[0]
        lines.append(f"- {WORD[kind][lang]} {no} {plain(title)} → {found}")
    return "\n".join(lines)


def tables() -> dict:
    """Printed facts for the schema `facts` of the databases, by name."""
    return {name: published.load(name) for name in published.names()}


def descriptions() -> dict[tuple[str, str], str]:
    """What each column of these tables holds, by table and column."""
    return {
        (name, column["name"]): column.get("description", "")
        for name, schema in published.schemas().items()
        for column in schema["fields"]
    }
