"""A volume in Markdown → PDF and Word: pandoc and Typst."""

import json
import os
import shutil
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from fire import files
from fire.errors import InputError
from fire.figures import fonts
from fire.report import kept, programme, word

MARKDOWN = "markdown-smart-implicit_figures+implicit_figures+east_asian_line_breaks"
CLEARANCES = ("1.5", "1.4", "1.3", "1.7", "1.8", "2")  # em, around what floats; others where Typst fails
COVER = "index-map"  # the exhibit on the cover of an edition that has it
NOT_META = (
    "stop",
    "rows-word",
    "reference-report",
    "reference-technical",
)  # words of the frame that pandoc need not know


def typeset(job: tuple) -> list[dict]:
    """One volume in one language as PDF and Word; returns the links for the index page."""
    name, lang, words, volume, folder, template, formats, preview, shelf = job
    main = volume.name == programme.VOLUMES[0]
    stem = f"fire-{name}.{lang}" if main else f"fire-{name}-{volume.name}.{lang}"
    work = folder / f".{stem}"
    work.mkdir()
    makers = {kind: maker for kind, maker in MAKERS.items() if kind in formats}
    common = source(work, lang, words, volume, template, preview)
    drawn = [path for path in folder.glob(f"figures/*.{lang}.*") if path.name.split(".")[0] in volume.text]
    drawn += [path for path in folder.glob(f"figures/{COVER}.{lang}.*") if path not in drawn]
    texts = kept.content(path for path in template.iterdir() if path.is_file())
    follows = [name, lang, words, asdict(volume), kept.content(drawn), texts, preview]
    for kind, make in makers.items():
        given = ([*common, f"--resource-path={folder}"], work, template, lang, epoch(name))
        path = folder / f"{stem}.{kind}"
        kept.made(shelf, path, __name__, [follows, kind], partial(make, *given))
    shutil.rmtree(work)
    title = {lang: volume.title}
    return [
        {"lang": lang, "kind": kind, "href": f"{stem}.{kind}", "volume": volume.name, "title": title}
        for kind in makers
    ]


def epoch(edition: str) -> str:
    """The date that documents of an edition bear, in seconds: the first day of its year, whatever the clock says."""
    return str(int(datetime(int(edition[:4]), 1, 1, tzinfo=UTC).timestamp()))


def source(work: Path, lang: str, words: dict, volume, template: Path, preview: bool = False) -> list[str]:
    """Write the Markdown of a volume and its words into the folder `work`; returns what pandoc is called with."""
    files.write_text(work / "report.md", volume.text)
    meta = {
        **words,
        "title": volume.title,
        "edition": words["kicker"],
        "date": words["kicker"],
    }  # date: for Word
    known = {key: value for key, value in meta.items() if key not in NOT_META}
    known |= {"volume-prefix": volume.prefix, "elsewhere": volume.elsewhere}
    # in a file and not on the command line, whose encoding may lack them
    files.write_text(work / "words.yaml", json.dumps({"metadata": known}))
    return [
        str(work / "report.md"),
        f"--defaults={work / 'words.yaml'}",
        "--from",
        MARKDOWN,
        f"--lua-filter={template / 'report.lua'}",
        "--columns=1",
        "--wrap=none",
        *(["--metadata=preview:true"] if preview else []),
    ]


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


def pdf(common, work: Path, template: Path, lang: str, epoch: str, path: Path) -> None:
    """The typeset report, by Typst."""
    written = path.parent / f".{path.stem}.typ"
    typesetting = {"font": fonts.FAMILY, "typst-lang": lang, "typst-region": "cn" if lang == "zh" else ""}
    typesetting["latin"] = "yes" if lang != "zh" else ""
    cover = Path("figures", f"{COVER}.{lang}.svg")
    typesetting["cover"] = cover.as_posix() if (path.parent / cover).exists() else ""
    pandoc(
        [
            *common,
            "--to=typst",
            "--standalone",
            f"--template={template / 'report.typ'}",
            *(f"--variable={key}={value}" for key, value in typesetting.items() if value),
            "-o",
            str(written),
        ],
        epoch,
    )
    with files.atomic_path(path) as part:
        _compile(written, part)
    written.unlink()


def _compile(source: Path, target: Path) -> None:
    """Typst source → PDF. Where what floats meets a page break in a certain way, Typst cannot tag the pages
    (https://github.com/typst/typst/issues/8487); then other clearances are tried, in the end pages without tags."""
    import typst

    tries = [(clearance, True) for clearance in CLEARANCES] + [(CLEARANCES[0], False)]
    for clearance, tags in tries:
        try:
            typst.compile(
                str(source),
                output=str(target),
                root=str(source.parent),
                font_paths=[str(fonts.FONT_DIR)],
                ignore_system_fonts=True,
                sys_inputs={"clearance": clearance},
                pdf_tags=tags,
            )
            return
        except RuntimeError as error:
            if "internal error" not in str(error) or not tags:
                raise


def docx(common, work: Path, template: Path, lang: str, epoch: str, path: Path) -> None:
    """The Word report: styles, captions with fields, contents."""
    word.reference(work / "reference.docx", lang)
    pandoc([*common, "--to=docx", f"--reference-doc={work / 'reference.docx'}", "-o", str(path)], epoch)
    word.finish(path, files.read_json(work / "words.yaml")["metadata"])


MAKERS = {"pdf": pdf, "docx": docx}
