"""Pages of cities and regions, in two languages."""

import re
from pathlib import Path

from pypinyin import lazy_pinyin

from fire import codebook, files
from fire.errors import refuse


def slug(name: str, lang: str = "zh") -> str:
    """File name of a place: its English name in plain letters, else pinyin; `lang` carries the names of an edition.

    >>> slug("西安")
    'xian'
    """
    text = codebook.unit(name, codebook.book(lang).en)
    text = text if text.isascii() else "".join(lazy_pinyin(name))
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")


def addresses(ed, lang: str) -> dict[str, str]:
    """Address of the page of every city, as seen from the report."""
    return {unit: f"places/{slug(unit, ed.book.en)}.{lang}.html" for unit in ed.index.units}


def pages(ed, profiles: dict, folder: Path, environment) -> list[str]:
    """`places/<slug>.<lang>.html` for every city and region, and `places/index.<lang>.html`, searchable in both
    languages and pinyin. `environment(lang)`: the templates of the site. Returns the texts written.

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
    used: list[str] = []
    for lang in ed.languages:
        env = environment(lang)
        for name, facts in profiles.items():
            body = env.get_template(f"{facts['kind']}.html").render(place=facts)
            used.append(_page(env, folder, codebook.unit(name, ed.book.lang(lang)), body, address[name]))
        entries = [facts | {"find": search_text(name, ed.book.en)} for name, facts in profiles.items()]
        body = env.get_template("index.html").render(entries=entries)
        used.append(_page(env, folder, env.globals["w"]["places"], body, "index"))
    return used


def _page(env, folder: Path, title: str, body: str, at: str) -> str:
    """Write the page of a place; returns its text."""
    text = env.get_template("page.html").render(title=title, body=body, root="../", at=at)
    files.write_text(folder / "places" / f"{at}.{env.globals['lang']}.html", text)
    return text


def search_text(name: str, lang: str = "zh") -> str:
    """What a reader may type to find a place: Chinese, English, pinyin and its initials; `lang` as of `slug`.

    >>> search_text("杭州")
    '杭州 hangzhou hangzhou hz'
    """
    syllables, english = lazy_pinyin(name), codebook.unit(name, codebook.book(lang).en)
    return f"{name} {english} {''.join(syllables)} {''.join(one[0] for one in syllables)}".lower()
