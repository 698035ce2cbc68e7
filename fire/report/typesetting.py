"""Markdown → web page, PDF and Word: pandoc and Typst."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from fire import files
from fire.errors import InputError
from fire.figures import fonts
from fire.report import word

MARKDOWN = "markdown-smart-implicit_figures+implicit_figures+east_asian_line_breaks"
NOT_META = ("stop", "comma", "rows-word")  # words of the frame that pandoc need not know


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
    kicker = {
        "edition": words["kicker"],
        "date": words["kicker"],
    }  # date: a line of its own under a title in Word
    meta = {**words, **kicker, "other-file": f"fire-{name}.{other}.html"}
    known = {"metadata": {key: value for key, value in meta.items() if key not in NOT_META}}
    files.write_text(
        work / "words.yaml", json.dumps(known)
    )  # not on the command line, whose encoding may lack them
    common = [
        str(work / "report.md"),
        f"--defaults={work / 'words.yaml'}",
        "--from",
        MARKDOWN,
        f"--lua-filter={template / 'report.lua'}",
        "--number-sections",
        "--columns=1",
        "--wrap=none",
        f"--resource-path={folder}",
        *(["--metadata=preview:true"] if preview else []),
    ]
    makers = {kind: maker for kind, maker in MAKERS.items() if kind in formats}
    for kind, make in makers.items():
        make(common, folder / f"{stem}.{kind}", work, template, lang, epoch)
    shutil.rmtree(work)
    return [{"lang": lang, "kind": kind, "href": f"{stem}.{kind}"} for kind in makers]


def _pandoc(arguments: list[str], epoch: str) -> None:
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
    _pandoc(
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
    _pandoc(
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
    _pandoc([*common, "--to=docx", f"--reference-doc={work / 'reference.docx'}", "-o", str(path)], epoch)


MAKERS = {"html": html, "pdf": pdf, "docx": docx}
