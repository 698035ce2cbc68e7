"""Pages of cities and regions on the web, in two languages, with their data.

    places.pages(ed, profiles, folder, environment)   # places/<slug>.<lang>.html, places/<slug>.csv, places/index.<lang>.html
    places.pdf(ed, profiles, "zh", folder, epoch)     # fire-<edition>-profiles.zh.pdf

Facts come from `profile.profiles`.
"""

from pathlib import Path

import pandas as pd
from pypinyin import lazy_pinyin

from fire import codebook, files
from fire.analysis.known import MEASURES, SOFT
from fire.errors import refuse
from fire.report import booklet, wording
from fire.report.booklet import pdf
from fire.report.exhibits import inert
from fire.report.wording import slug

__all__ = ["addresses", "pages", "pdf", "search_text", "slug", "table"]


def addresses(ed, lang: str) -> dict[str, str]:
    """Address of the page of every city that is ranked, as seen from the report."""
    ranked = ed.index.of().dropna(subset="rank")["unit"]
    return {unit: f"places/{slug(unit, ed.book.en)}.{lang}.html" for unit in ranked}


def search_text(name: str, lang: str = "zh") -> str:
    """What a reader may type to find a place: Chinese, English, pinyin and its initials; `lang` as of `slug`.

    >>> search_text("杭州")
    '杭州 hangzhou hangzhou hz'
    """
    syllables, english = lazy_pinyin(name), codebook.unit(name, codebook.book(lang).en)
    return f"{name} {english} {''.join(syllables)} {''.join(one[0] for one in syllables)}".lower()


def pages(ed, profiles: dict, folder: Path, environment) -> list[str]:
    """`places/<slug>.<lang>.html` and `places/<slug>.csv` for every city and region, and `places/index.<lang>.html`,
    searchable in both languages and pinyin. `environment(lang)`: the templates of the site, of which `page.html` is the
    frame. Returns the texts written.

    Raises InputError for two places of one address.
    """
    address = {name: slug(name, ed.book.en) for name in profiles}
    twice = sorted({one for one in address.values() if list(address.values()).count(one) > 1})
    refuse(
        "place pages",
        [
            f"two places would be written to '{one}': give them different English names in the places of the edition"
            for one in twice
        ],
    )
    used, sheet = [], {name: booklet.FRONT + 1 + at for at, name in enumerate(booklet.order(profiles))}
    for lang in ed.languages:
        env, frame = wording.environment(ed, lang, profiles), environment(lang).get_template("page.html")

        def write(title: str, body: str, at: str, frame=frame, lang=lang) -> None:
            text = frame.render(title=title, body=body, root="../", at=at)
            files.write_text(folder / "places" / f"{at}.{lang}.html", text)
            used.append(text)

        for name, facts in profiles.items():
            body = env.get_template("place.html").render(
                place=facts, slug=address[name], sheet=sheet[name], pdf=booklet.pdf_name(ed, lang)
            )
            write(codebook.unit(name, ed.book.lang(lang)), body, address[name])
        entries = [facts | {"find": search_text(name, ed.book.en)} for name, facts in profiles.items()]
        body = env.get_template("index.html").render(entries=entries, pdf=booklet.pdf_name(ed, lang))
        write(wording.words(lang)["places"], body, "index")
    labels = {lang: ed.spec.labels(lang) for lang in codebook.LANGUAGES}
    for name, facts in profiles.items():
        files.write_csv(table(ed, facts, labels), folder / "places" / f"{address[name]}.csv", excel=True)
    return used


def table(ed, facts: dict, labels: dict | None = None) -> pd.DataFrame:
    """All that the page of a place shows as rows: year (of the index), node, label_zh, label_en, measure (score, rank,
    growth_pct, rank_change, raw_value), value, low, high, status, unit, vintage (year of the data of a raw value, where it
    is on record), source. Of a value that is drawn, simulated or assumed there are the ends alone. `labels`: of the nodes,
    by language."""
    labels = labels or {lang: ed.spec.labels(lang) for lang in codebook.LANGUAGES}
    units, rows = ed.spec.nodes["unit_en"].fillna("").to_dict(), []
    for line in facts["nodes"]:
        for measure in MEASURES:
            if pd.isna(line[measure]):
                continue
            low, high = (line.get(f"{measure}{end}") for end in ("_low", "_high"))
            status = line[f"{measure}_status"]
            value = None if status in SOFT else line[measure]
            rows.append((line["year"], line["node"], measure, value, low, high, status, "", None, ""))
    for line in facts["raw"]:
        value, unit, source = line["value"], units[line["node"]], wording.source(line["source"], "en")
        status, year = line["status"], line["vintage"]
        rows.append((line["year"], line["node"], "raw_value", value, None, None, status, unit, year, source))
    columns = ["year", "node", "measure", "value", "low", "high", "status", "unit", "vintage", "source"]
    made = pd.DataFrame(rows, columns=columns)
    made[["value", "low", "high"]] = made[["value", "low", "high"]].astype(float).round(6)
    for lang in reversed(codebook.LANGUAGES):
        made.insert(2, f"label_{lang}", made["node"].map(labels[lang]))
    texts = [name for name in made if name not in ("year", "value", "low", "high", "vintage")]
    made[texts] = inert(made[texts])
    return made.astype({"year": int, "vintage": "Int64"})
