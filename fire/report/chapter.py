"""A new chapter to begin with: notebook, texts of its exhibits, and its text in both languages. Nothing is overwritten."""

import json
import re
from pathlib import Path

from fire import files
from fire.errors import refuse

NOTEBOOK = [
    ("markdown", (), "# 新的一章\n*A new chapter*\n\n一两句话说明这一章回答什么问题。"),
    (
        "code",
        ("parameters",),
        'edition = 2022   # reports/editions/2022.yaml\nout = ""         # folder for exhibits; empty = show only\ntop = 10',
    ),
    (
        "code",
        (),
        'from functools import partial\n\nimport fire\nfrom fire.figures import kit\n\ned = fire.load(edition)\nshow = fire.show(ed, out, "{name}")\nidx = ed.index',
    ),
    ("markdown", (), "## 得分\n*Scores*"),
    (
        "code",
        (),
        'first = idx.of().head(top)[["rank", "unit", "score"]]\n'
        'show.text("{stem}-said", names=first["unit"], k=len(first))\n'
        'show.table("{stem}-table", first, k=len(first))',
    ),
    (
        "code",
        (),
        'bars = partial(kit.bars, y="unit", x="score")\nshow.figure("{stem}-bars", bars, first, k=len(first))',
    ),
]
EXHIBITS = """# Texts of the exhibits of chapter {name}. Words only: every number and name is a value that the notebook gives.

[{stem}-said]
zh = "前 {{{{ k }}}} 位依次为{{{{ names | city | join }}}}。"
en = "The first {{{{ k }}}} are, in order, {{{{ names | city | join }}}}."

[{stem}-table]
title.zh = "前 {{{{ k }}}} 位的得分"
title.en = "Scores of the first {{{{ k }}}}"

[{stem}-bars]
title.zh = "前 {{{{ k }}}} 位的得分"
title.en = "Scores of the first {{{{ k }}}}"
alt.zh = "条形图：前 {{{{ k }}}} 位的得分，自高至低。"
alt.en = "Bars: scores of the first {{{{ k }}}}, highest first."
"""
TEXT = """# {title} {{#{stem}}}

{{{{ text("{stem}-said") }}}}

{{{{ figure("{stem}-bars") }}}}

{{{{ table("{stem}-table") }}}}
"""
TITLES = {"zh": "新的一章", "en": "A new chapter"}


def begin(name: str, root: Path = files.ROOT) -> list[Path]:
    """Write the four files of a chapter such as "35-credit"; returns their paths.

    Raises InputError for a name that cannot stand in a link, and when one of the files is there already.
    """
    refuse(
        f"chapter {name}",
        ["the name must be two digits, a hyphen and a-z, 0-9 or hyphens, such as 35-credit"]
        * (re.fullmatch(r"\d\d-[a-z][a-z0-9-]*", name) is None),
    )
    stem = name[3:]
    cells = [
        {"cell_type": kind, "id": f"cell-{number:02d}", "metadata": {"tags": list(tags)} if tags else {}}
        | ({"execution_count": None, "outputs": []} if kind == "code" else {})
        | {"source": source.replace("{name}", name).replace("{stem}", stem).splitlines(keepends=True)}
        for number, (kind, tags, source) in enumerate(NOTEBOOK)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    texts = {
        root / "notebooks" / f"{name}.ipynb": json.dumps(book, ensure_ascii=False, indent=1) + "\n",
        root / "reports" / "exhibits" / f"{name}.toml": EXHIBITS.format(name=name, stem=stem),
        **{
            root / "reports" / "template" / lang / f"{name}.md": TEXT.format(title=title, stem=stem)
            for lang, title in TITLES.items()
        },
    }
    refuse(
        f"chapter {name}",
        [
            f"{path.relative_to(root).as_posix()} is there already: nothing was written; take another name"
            for path in texts
            if path.exists()
        ],
    )
    try:
        return [files.write_text(path, text) for path, text in texts.items()]
    except OSError:  # all of them or none
        for path in texts:
            path.unlink(missing_ok=True)
        raise
