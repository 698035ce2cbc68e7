"""English for Chinese names that stand in tables: whatever the data name in both languages, and `glossary.csv`."""

import re
import tomllib
from functools import cache

from fire import codebook as labels
from fire import files

HAN = "\u3007\u4e00-\u9fff"
WORDS = files.REPORTS / "template" / "glossary.csv"


def english(text: str, places_only: bool = False) -> str:
    """The text with every known name put into English; a name inside a longer Chinese word or in quotation marks stays.

    `places_only` leaves all but cities and regions, where the text is about the Chinese words themselves.

    >>> english("深圳;广州 – 要素基础")
    'Shenzhen;Guangzhou – Factors'
    >>> english("深圳市")
    '深圳市'
    """
    known = places() if places_only else names()
    return standing_alone(places_only).sub(lambda found: known[found[0]], text)


def places() -> dict[str, str]:
    """English by Chinese name of cities and regions."""
    return {**labels.english("city"), **labels.english("region")}


@cache
def names() -> dict[str, str]:
    """English by Chinese: places, index nodes and their units, technologies, regional types, other words."""
    nodes = labels.specification("fire-2022").nodes
    tracks = files.read_csv(files.DATA / "technology.csv")
    types = tomllib.loads((files.DATA / "typology.toml").read_text(encoding="utf-8"))
    words = files.read_csv(WORDS)
    return {
        **dict(zip(nodes["label_zh"], nodes["label_en"], strict=True)),
        **units(),
        **dict(zip(tracks["track"], tracks["track_en"], strict=True)),
        **dict(zip(tracks["category"], tracks["category_en"], strict=True)),
        **{
            name: one["en"]
            for part in types.values()
            if isinstance(part, dict)
            for one in part.values()
            if isinstance(one, dict) and "names" in one
            for name in one["names"]
        },
        **places(),
        **dict(zip(words["zh"], words["en"], strict=True)),
    }


def units() -> dict[str, str]:
    """English by Chinese unit of the indicators."""
    table = tomllib.loads((files.DATA / "indices" / "fire-2022.toml").read_text(encoding="utf-8"))
    return {node["unit"]["zh"]: node["unit"]["en"] for node in table["node"] if "unit" in node}


@cache
def standing_alone(places_only: bool = False) -> re.Pattern:
    """Any known name with no other Chinese character and no quotation mark beside it."""
    known = filter(re.compile(f"[{HAN}]").search, places() if places_only else names())
    longest_first = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    return re.compile(f"(?<![{HAN}'])(?:{longest_first})(?![{HAN}'])")
