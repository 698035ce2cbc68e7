"""What surrounds the report: profiles of cities and regions, the explorer, workbooks and the data release; and what all
pages share."""

import shutil
from pathlib import Path

import jinja2

from fire import files
from fire.analysis import results
from fire.figures import fonts
from fire.report import (
    explorer,
    kept,
    narrative,
    places,
    profile,
    programme,
    release,
    typesetting,
    wording,
    workbook,
)
from fire.report.places import addresses, search_text, slug

__all__ = ["addresses", "assets", "environment", "search_text", "slug", "write"]


def write(ed, shown: dict, folder: Path) -> list[dict]:
    """Write everything that goes with the report of an edition into `folder`; `shown`: its exhibits by name, each with
    its `folder` (`assembly.gather`).

    Returns the links for the index page (`lang`, `kind`, `href`; `volume` of the PDF of the profiles); `lang` is empty
    where a file serves both.
    """
    known = results.of(ed)
    found = profile.profiles(ed, known)
    tables = {name: record for name, record in shown.items() if record["kind"] == "table"}
    places.pages(ed, found, folder, lambda lang: environment(ed, lang))
    links = []
    for lang in ed.languages:
        if not explorer.still(ed.index):
            explorer_page(ed, lang, known.scores, folder)
            links.append({"lang": lang, "kind": "explorer", "href": f"explorer.{lang}.html"})
        profiles = places.pdf(ed, found, lang, folder, typesetting.epoch(ed.name))
        book = workbook.write(folder / f"fire-{ed.name}.{lang}.xlsx", ed, lang, tables, known)
        links += [
            {"lang": lang, "kind": "places", "href": f"places/index.{lang}.html"},
            {"lang": lang, "kind": "pdf", "href": profiles.name, "volume": "profiles"},
            {"lang": lang, "kind": "xlsx", "href": book.name},
        ]
    release.write(folder / "data", ed, release.frames(ed, known))
    return [*links, {"lang": "", "kind": "data", "href": "data/datapackage.json"}]


SAID = ("places", "workbook")  # entries of the catalogue whose name begins so: all that is said here


def follows(ed, shown: dict) -> list:
    """All that `write` follows from besides code, inputs and stored results: texts, templates and tables, as plain data."""
    catalogue = narrative.catalogue(narrative.FOLDER)
    entries = {name: entry for name, entry in catalogue.entries.items() if name.startswith(SAID)}
    tables = {name: record for name, record in shown.items() if record["kind"] == "table"}
    cells = [record["folder"] / "tables" / f"{name}.csv" for name, record in tables.items()]
    texts = [
        *wording.TEMPLATES.iterdir(),
        *(path for path in wording.TEMPLATES.parent.iterdir() if path.is_file()),
    ]
    chapters = [[one.name, one.volume, bool(one.texts)] for one in programme.load(ed)]
    return [ed.name, ed.languages, chapters, entries, tables, kept.content(cells), kept.content(texts)]


def explorer_page(ed, lang: str, scores, folder: Path) -> None:
    """`explorer.<lang>.html`; `scores` as of `explorer.data`."""
    env = environment(ed, lang)
    body = explorer.fragment(ed, lang, scores, addresses(ed, lang), heading="h1")
    parts = {"title": explorer.texts(lang)["title"], "body": body, "root": "", "at": "explorer"}
    files.write_text(folder / f"explorer.{lang}.html", env.get_template("page.html").render(parts))


def environment(ed, lang: str) -> jinja2.Environment:
    """Templates of the pages in one language of an edition, with what their frame needs."""
    env = wording.templates(ed, lang)
    env.globals |= {
        "others": [one for one in ed.languages if one != lang],
        "edition": ed.name,
        "explorable": not explorer.still(ed.index),
        "technical": any(one.volume == programme.VOLUMES[1] and one.texts for one in programme.load(ed)),
    }
    return env


def assets(ed, folder: Path) -> None:
    """What all pages in `folder` share: `assets/site.css`, `assets/site.js`, and `assets/font.<lang>.css`, the font cut to
    the characters of the pages and of the search in a language. Comes last."""
    css = [
        wording.TEMPLATES.parent / "report.css",
        wording.TEMPLATES / "site.css",
        wording.TEMPLATES / "places.css",
    ]
    style = "".join(path.read_text(encoding="utf-8") for path in css)
    files.write_text(folder / "assets" / "site.css", style)
    shutil.copyfile(wording.TEMPLATES / "site.js", folder / "assets" / "site.js")
    for lang in ed.languages:
        used = set(style)
        for path in [*folder.rglob(f"*.{lang}.html"), *folder.glob(f"assets/search.{lang}.js")]:
            used |= set(path.read_text(encoding="utf-8"))
        files.write_text(folder / "assets" / f"font.{lang}.css", fonts.web("".join(sorted(used))))
