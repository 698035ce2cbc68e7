"""Chinese and English names of cities, regions, statuses and index nodes.

Keys are the short Chinese names (北京, 粤港澳大湾区), so the Chinese label of a place is its key.
"""

import re
from functools import cache

from fire import files
from fire.errors import InputError
from fire.index import spec

LANGUAGES = ("zh", "en")
PAIR = re.compile(r"^(.*[\u4e00-\u9fff].*?) ([A-Za-z][^\u4e00-\u9fff（）]*)$")
STATUS = {
    "observed": {"zh": "公开统计", "en": "observed"},
    "published": {"zh": "报告刊载", "en": "published"},
    "imputed": {"zh": "插补", "en": "imputed"},
    "estimated": {"zh": "估计", "en": "estimated"},
    "assumed": {"zh": "假定", "en": "assumed"},
    "simulated": {"zh": "模拟", "en": "simulated"},
}

WORDS = {
    "printed": "刊载",
    "implied": "由刊载推得",
    "assumed": "假定",
    "reproduced": "再现",
    "explained": "已解释",
    "mismatch": "不符",
    "not computable": "不可计算",
    "identity": "原值",
    "log": "对数",
    "log1p": "对数（加一）",
    "input": "读入",
    "used": "采用",
    "firms": "企业",
    "patents": "专利",
    "deals": "融资",
    "institutions": "机构",
}


def both(zh: str, en: str) -> dict:
    """A text in both languages, as titles, notes and headings take it."""
    return {"zh": zh, "en": en}


def pair(text: str, lang: str = "zh") -> str:
    """One language of a text that holds both.

    >>> pair("变异系数 CV", "en")
    'CV'
    """
    return PAIR.match(text)[1 if lang == "zh" else 2]


def word(text: str, lang: str = "zh") -> str:
    """A word of the tables (`WORDS`) in one language.

    >>> word("printed")
    '刊载'
    """
    return WORDS[text] if lang == "zh" else text


def year(number, lang: str = "zh") -> str:
    """A year, without thousands separator."""
    return str(number).removesuffix(".0")


@cache
def english(kind: str) -> dict:
    """English name by Chinese name, for `kind` city (`data/places.csv`) or region (`data/regions.csv`)."""
    name = {"city": "places.csv", "region": "regions.csv"}[kind]
    frame = files.read_csv(files.DATA / name)
    return dict(zip(frame[kind], frame[f"{kind}_en"], strict=True))


def look_up(kind: str, name: str, lang: str) -> str:
    """Label of one place; InputError when the name is unknown."""
    if name not in english(kind):
        raise InputError(
            f"data/{'places' if kind == 'city' else 'regions'}.csv",
            [f"{kind} '{name}' is unknown: add a row for it, or correct the name"],
        )
    return name if lang == "zh" else english(kind)[name]


def city(name: str, lang: str = "zh") -> str:
    """Label of a city.

    >>> city("西安", "en")
    "Xi'an"
    """
    return look_up("city", name, lang)


def region(name: str, lang: str = "zh") -> str:
    """Label of a region."""
    return look_up("region", name, lang)


def unit(name: str, lang: str = "zh") -> str:
    """Label of a city or a region; any other name (a firm, a country) stays as it is."""
    return name if lang == "zh" else english("city").get(name) or english("region").get(name) or name


def status(name: str, lang: str = "zh") -> str:
    """Label of a data status.

    >>> status("simulated", "zh")
    '模拟'
    """
    return STATUS[name][lang]


def node(name: str, lang: str = "zh", index: str = "fire-2022") -> str:
    """Label of an index node (total, pillar, dimension, indicator) of `data/indices/<index>.toml`."""
    if name not in specification(index).nodes.index:
        raise InputError(
            f"data/indices/{index}.toml", [f"node '{name}' is unknown: use an id of the specification"]
        )
    return specification(index).label(name, lang)


specification = cache(spec.load)
