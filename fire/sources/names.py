"""What a text in a file means: a city, an indicator, a statistic; and what it probably means when nothing fits.

    >>> cities = Roster.of({"北京": ["Beijing"], "淮安": ["Huai'an"]})
    >>> cities.find("Ｂｅｉｊｉｎｇ"), cities.find("准安"), cities.near("准安")
    ('北京', None, ['淮安'])

Nothing is guessed in silence: what is certain (full, short, English names, pinyin, codes) is found; footnote marks, notes
in brackets and traditional characters are found and listed; what can mean two is refused with both.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from fire.errors import Finding

SHOWN = 100  # unknown texts of a table that are named one by one
ABBREVIATIONS = {
    "京": "北京",
    "津": "天津",
    "沪": "上海",
    "申": "上海",
    "渝": "重庆",
    "蓉": "成都",
    "穗": "广州",
}
HOMONYMS = {  # cities of prefecture level that Latin letters do not tell apart
    "fuzhou": ("福州", "抚州"),
    "suzhou": ("苏州", "宿州"),
    "taizhou": ("泰州", "台州"),
    "yichun": ("宜春", "伊春"),
    "yulin": ("榆林", "玉林"),
}
MEASURES = {  # the city statistics as yearbooks call them; a name under two of them is ambiguous
    "gdp": [
        "地区生产总值",
        "生产总值",
        "国内生产总值",
        "GDP",
        "经济总量",
        "经济规模",
        "Gross regional product",
    ],
    "tertiary": ["第三产业增加值", "第三产业", "三产增加值", "三产", "服务业增加值", "Tertiary industry"],
    "population": ["常住人口", "常住总人口", "人口规模", "Resident population", "总人口", "人口", "人口数"],
    "urban_population": ["城镇人口", "城镇常住人口", "人口结构", "Urban population"],
    "registered_population": ["户籍人口", "户籍总人口", "Registered population", "总人口", "人口", "人口数"],
}
MEASURE_NAMES = {
    "gdp": ("地区生产总值", "gross regional product"),
    "tertiary": ("第三产业增加值", "value added of the tertiary industry"),
    "population": ("常住人口", "resident population"),
    "urban_population": ("城镇常住人口", "urban resident population"),
    "registered_population": ("户籍人口", "registered population"),
}

_DROPPED = dict.fromkeys(map(ord, "'’‘`´·•._-–—−,、/\"“”《》"))
_MARK = r"(?:[①-⒇❶-❿⓪*＊†‡※#＃△▲★☆¹²³⁰⁴-⁹]|[\[［〔【]\d{1,2}[\]］〕】]|[(（]\d{1,2}[)）]|\^\d)"
_MARKED = re.compile(rf"^\s*(?:{_MARK}\s*)*(.*?)(?:\s*{_MARK}|\s*\b注\d{{0,2}})*\s*$", re.DOTALL)
_NUMBERED = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,2})*[.、:)\s]*|[一二三四五六七八九十]{1,3}[、.)]+)\s*(\D.*)")
_CODED = re.compile(r"(\d{4}|\d{6}|\d{12})[\s.、:_-]*(\D.*)")
_BRACKETED = re.compile(r"^(.+?)\s*[(\[【〔](.*)[)\]】〕]$", re.DOTALL)
_SCOPE = re.compile(
    r"不含|不包括|除|仅|市辖区|市区|城区|主城|县|exclud|without|only|urban|district", re.IGNORECASE
)
_UNIT = r"(?:[十百千万亿]*(?:美元|元|人|户|家|件|项|个|次|所|吨|平方公里)|%|‰|per cent|cny|yuan|persons)"
_MEASURED = re.compile(rf"^(.+?)[\s/,:_]*\(?{_UNIT}(?:/{_UNIT})?\)?$", re.IGNORECASE)
_PEOPLES = "土家|苗|藏|羌|彝|布依|侗|壮|傣|景颇|傈僳|白|哈尼|回|朝鲜|蒙古|哈萨克|柯尔克孜"
_PREFECTURE = re.compile(rf"(?<=..)(?:(?:(?:{_PEOPLES})族?)*自治州|地区|盟|(?<=..)州|林区)$")
_PROVINCE = re.compile(r"(?:(?:壮族|回族|维吾尔)?自治区|特别行政区|省|市)$")
_TOTAL = re.compile(
    r"(?:全国|全省|全市|全区|全体|各市|各城市|\d*个?城市|样本)?(?:总计|合计|共计|小计|累计|总和|总数|平均|平均值|平均数|均值)"
    r"|全国|全省|全市|全区|(?:grand)?(?:total|subtotal|sum|average|mean)|national(?:total|average)?"
)
_NOTE = re.compile(
    r"\s*(?:[(\[【]?(?:注释?|备注|附注|说明|(?:资料|数据)?来源|数据说明)\s*\d*\s*[\]】]?\s*[:：]|注\s*\d*[.、]"
    r"|(?:data\s+)?sources?\s*:|notes?\s*\d*\s*[:.]|remarks?\s*:|[①-⑳*†‡※]\s*[^①-⑳]{6,})",
    re.IGNORECASE,
)


def plain(text) -> str:
    """Width-normalised text without blanks and invisible characters, lower case, for comparing names.

    >>> plain("（上海） Ｆｉｒｅ科技")
    '(上海)fire科技'
    """
    text = unicodedata.normalize("NFKC", str(text)).casefold()
    if not text.isascii():
        text = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc"))
    return "".join(text.split())


def _key(text: str) -> str:
    return plain(text).translate(_DROPPED)


def _text(cell) -> str:
    """A cell as a text: 110000.0 is '110000', an empty cell ''."""
    if cell is None or isinstance(cell, float) and np.isnan(cell) or cell is pd.NA or cell is pd.NaT:
        return ""
    return re.sub(r"^(\d+)\.0+$", r"\1", str(cell).strip())


def is_total(text) -> bool:
    """Whether a text names a total or a mean, not a unit: 合计, 全国, 全省平均, Total.

    >>> is_total("合 计"), is_total("59个城市平均"), is_total("总部")
    (True, True, False)
    """
    return bool(_TOTAL.fullmatch(_key(_text(text)).strip("*#")))


def is_note(text) -> bool:
    """Whether a text is a remark below a table: 注：…, 资料来源：…, Source: …, ① with a sentence.

    >>> is_note("资料来源：国家统计局"), is_note("Note: preliminary"), is_note("北京①")
    (True, True, False)
    """
    return bool(_NOTE.match(_text(text)))


class Read(NamedTuple):
    """What a text means: an id, or none; the rule of data/rules/names.csv that it comes under, or none; further ids."""

    id: str | None
    rule: str | None = None
    candidates: tuple = ()


@dataclass(frozen=True)
class Roster:
    """The units or indicators that an edition knows.

    `names`: id → its name in messages, `kind`: city, indicator, measure or name. `sure`: every certain writing → ids,
    `given`: writings that a person gave (aliases, `names:` of a mapping), which go first; `above`: inner nodes → (name,
    the indicators below); `apart`: names of provinces, rows of which are subtotals in a table of cities. `labels`: Chinese
    and English name, `regions`: region by city.
    """

    kind: str
    names: dict[str, str]
    sure: dict[str, set] = field(default_factory=dict)
    given: dict[str, set] = field(default_factory=dict)
    above: dict[str, tuple] = field(default_factory=dict)
    apart: frozenset = frozenset()
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)
    regions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_places(cls, places: pd.DataFrame, more: Mapping | None = None) -> "Roster":
        """Cities of `places`: `city`, and where there are such columns `city_en, province, adcode, aliases` (split by ;)."""
        writings, aliases = {}, {}
        for place in places.to_dict("records"):
            city, english = place["city"], _text(place.get("city_en")).replace("’", "'")
            stem, province = _PREFECTURE.sub("", city), _text(place.get("province"))
            forms = {city, stem} | ({city + "市"} if city == stem else set())
            forms |= {part + form for part in (province, _PROVINCE.sub("", province)) for form in forms}
            short = english.split("(")[0].strip()
            forms |= {english, english.replace("(", "").replace(")", ""), short}
            forms |= {short + end for end in ("city", "municipality", "prefecture", "china") if short}
            forms |= {mark for mark, name in ABBREVIATIONS.items() if name == city}
            writings[city] = forms | _codes(_text(place.get("adcode")))
            aliases[city] = _text(place.get("aliases")).split(";")
        known = places["province"].dropna() if "province" in places else []
        apart = {_key(form) for name in known for form in (name, _PROVINCE.sub("", name))}
        regions = places.set_index("city")["region"].dropna().to_dict() if "region" in places else {}
        return cls._built(
            "city",
            {city: city for city in writings},
            writings,
            aliases,
            more,
            apart=frozenset(apart),
            regions=regions,
        )

    @classmethod
    def of_indicators(cls, spec) -> "Roster":
        """Indicators (and denominators) of a specification by id, Chinese and English label, and `aliases` of its nodes."""
        zh, en, written = spec.labels("zh"), spec.labels("en"), {row["id"]: row for row in spec.table["node"]}
        ids = spec.series
        common = [name for texts in MEASURES.values() for name in texts]
        writings = {
            one: {one, zh.get(one, one), en.get(one, one)}
            | {name for name in MEASURES.get(one, ()) if common.count(name) == 1}
            for one in ids
        }
        above = {
            _key(form): (zh[node], tuple(spec.leaves(node)))
            for node in spec.nodes.index
            if node not in writings
            for form in (node, zh[node], en[node])
        }
        aliases = {one: written.get(one, {}).get("aliases", []) for one in ids}
        names = {one: f"{zh[one]} {one}" if one in zh else one for one in ids}
        labels = {one: (zh.get(one, one), en.get(one, one)) for one in ids}
        return cls._built("indicator", names, writings, aliases, None, above=above, labels=labels)

    @classmethod
    def of_measures(cls) -> "Roster":
        """The city statistics: gdp, tertiary, population, urban_population, registered_population."""
        writings = {
            one: {
                one,
                *texts,
                *(before + text for before in ("年末", "年") for text in texts if "人口" in text),
            }
            for one, texts in MEASURES.items()
        }
        names = {one: f"{zh} {one}" for one, (zh, _) in MEASURE_NAMES.items()}
        return cls._built("measure", names, writings, {}, None, labels=MEASURE_NAMES)

    @classmethod
    def of(cls, names: Iterable[str] | Mapping[str, Iterable[str]], more: Mapping | None = None) -> "Roster":
        """A plain list (provinces, countries), or each name with its other writings."""
        others = names if isinstance(names, Mapping) else dict.fromkeys(names, ())
        writings = {name: {name, _PROVINCE.sub("", name), *also} for name, also in others.items()}
        return cls._built("name", {name: name for name in writings}, writings, {}, more)

    @classmethod
    def _built(cls, kind, names, writings, aliases, more, **others) -> "Roster":
        given, sure = _inverted(aliases), _inverted(writings)
        roster = cls(kind, names, sure, given, **others)
        targets = {_text(text): roster.find(target) for text, target in (more or {}).items()}
        mapped = {_key(text): {target} for text, target in targets.items() if target and _key(text)}
        return cls(kind, names, sure, given | mapped, **others)

    def label(self, one) -> tuple[str, str]:
        """Chinese and English name of an id."""
        return self.labels.get(one, (str(one), str(one)))

    @cached_property
    def _ids(self) -> set[str]:
        """The ids themselves, as they are compared."""
        return {_key(one) for one in self.names}

    @cached_property
    def _spoken(self) -> dict[str, set]:
        """Pinyin of the Chinese writings, without tones, → ids."""
        found: dict[str, set] = {}
        for text, ids in self.sure.items():
            if _is_chinese(text):
                for sound in (sounds := _sounds(text), sounds.replace("v", "u")):
                    found.setdefault(sound, set()).update(ids)
        return found

    def _exact(self, text: str) -> set:
        """Ids for a text that needs no repair."""
        key = _key(text)
        ids = self.given.get(key) or self.sure.get(key)
        if ids is None and _is_chinese(key):
            ids = self.sure.get(_PREFECTURE.sub("", key)) if self.kind == "city" else None
            if ids is None and self.kind == "name":
                ids = self.sure.get(_PROVINCE.sub("", key))
        elif key.isascii() and not key.isdigit() and key not in self.given and key not in self._ids:
            ids = (ids or set()) | self._spoken.get(key, set())
        return ids or set()

    def find(self, text) -> str | None:
        """The id that a text (or a code, as number) means; None when it is unknown or can mean several."""
        return self.read(text).id

    def read(self, text) -> Read:
        """What a text means, and under which rule it was read or refused."""
        text = _text(text)
        wide = unicodedata.normalize("NFKC", text)
        key = _key(text)
        if not key:
            return Read(None)
        if ids := self._exact(text):
            return self._one(ids, key)
        if key in self.above:
            return Read(None, "inner", (self.above[key][0], *self.above[key][1]))
        if key in self.apart or len(text) > 80:
            return Read(None)
        if coded := _CODED.fullmatch(wide):
            code, name = self._exact(coded[1]), self._exact(coded[2])
            if code and name:
                return (
                    self._one(code & name, key)
                    if code & name
                    else Read(None, "contradicts", tuple(sorted(code | name, key=list(self.names).index)))
                )
        if self.kind in ("indicator", "measure") and (measured := _MEASURED.match(wide)):
            inner = self.read(measured[1])
            if inner.id or inner.rule:
                return inner
        bare = _MARKED.sub(r"\1", text)
        numbered = _NUMBERED.fullmatch(wide)
        for rest in (bare, numbered[1] if numbered else ""):
            if (
                rest
                and rest != text
                and (inner := self.read(rest)).rule in (None, "note", "scope")
                and inner.id
            ):
                return inner if inner.rule else Read(inner.id, "mark")
        if (noted := _BRACKETED.match(wide)) and (ids := self._exact(noted[1])):
            return self._one(ids, _key(noted[1]), "scope" if _SCOPE.search(noted[2]) else "note", noted[2])
        if ids := self._traditional(key):
            return self._one(ids, key, "traditional")
        return Read(None)

    def _one(self, ids: set, key: str, rule: str | None = None, *more) -> Read:
        if len(ids) > 1:
            return Read(None, "ambiguous", tuple(sorted(ids, key=list(self.names).index)))
        (one,) = ids
        others = (
            HOMONYMS.get(re.sub("(?:city|shi|municipality)$", "", key), ()) if self.kind == "city" else ()
        )
        if one in others and key not in self.given:
            return Read(one, "homonym", tuple(name for name in others if name != one))
        return Read(one, rule, more)

    def _traditional(self, key: str) -> set:
        """Ids of the one name that sounds alike, character by character, where only traditional ones differ."""
        if not any(map(_is_traditional, key)):
            return set()
        return {
            one
            for name, ids in self.sure.items()
            if len(name) == len(key)
            and all(
                old == new or (_is_traditional(old) and _readings(old) & _readings(new))
                for old, new in zip(key, name)
            )
            for one in ids
        }

    def within(self, address) -> str | None:
        """The city that an address lies in; a province before and a district after it are ignored."""
        key = _key(_text(address))
        province = next((name for name in self._provinces if key.startswith(name)), "")
        for rest in (key, key.removeprefix(province)):
            ids = self.given.get(rest) or self.sure.get(rest, set())
            head, mark, _ = rest.partition("市")
            if len(ids) == 1 or mark and head in self.names:
                return next(iter(ids)) if len(ids) == 1 else head
        return None

    @cached_property
    def _provinces(self) -> list[str]:
        return sorted(self.apart, key=len, reverse=True)

    @cached_property
    def _writings(self) -> list[tuple[str, str]]:
        """Every writing that a text may be near to, with its id."""
        known = {text: ids for text, ids in (self.sure | self.given).items() if not text.isdigit()}
        spoken = {text: ids for text, ids in self._spoken.items() if len(text) > 3}
        return [
            (text, one) for table in (known, spoken) for text, ids in table.items() for one in sorted(ids)
        ]

    def near(self, text, n: int = 3) -> list[str]:
        """Ids that a text probably means, the likeliest first: like in letters, in look or in sound (准安 → 淮安)."""
        key = _key(_MARKED.sub(r"\1", _text(text)[:80]))[:40]
        if not key or not self._writings:
            return []
        from rapidfuzz import fuzz, process  # of names that nobody knows only, as the pictures below

        forms = [key, *({_PREFECTURE.sub("", key), key.removesuffix("市")} - {key})]
        if _is_chinese(key):
            forms.append(_sounds(key))
        best: dict[str, float] = {}
        written = [one[0] for one in self._writings]
        for form in forms:
            for name, _, place in process.extract(
                form, written, scorer=fuzz.ratio, limit=80, score_cutoff=40
            ):
                score = _alike(form, name) * (0.9 if form.isascii() and not key.isascii() else 1)
                if len(name) > 1 and _is_chinese(name) and name in key:
                    score = max(score, 0.8)
                one = self._writings[place][1]
                best[one] = max(best.get(one, 0), score)
        top = max(best.values(), default=0)
        near = [one for one, score in best.items() if score > max(0.7, top - 0.15)]
        return sorted(near, key=lambda one: (-best[one], list(self.names).index(one)))[:n]

    def match(self, texts: pd.Series, place: Callable[[int], dict]) -> tuple[pd.Series, list[Finding]]:
        """Ids of the texts of a table, and findings, one for each text, at its first place (`place(position)`).

        An unknown or ambiguous text is an error. Totals, remarks and rows of provinces have no id and a finding of level
        note; empty cells have neither.
        """
        cells = [_text(cell) for cell in texts]
        places: dict[str, list[int]] = {}
        for position, text in enumerate(cells):
            places.setdefault(text, []).append(position)
        read = {text: self.read(text) for text in places}
        first: dict[str, str] = {}
        findings, unknown = [], 0
        for text, positions in places.items():
            where, seen = place(positions[0]) | {"value": text}, read[text]
            rule = self._rule(text, seen)
            unknown += rule == "unknown"
            if rule == "unknown" and unknown > SHOWN:
                continue
            values = self._said(text, seen, rule) | {"count": len(positions)}
            if rule == "unknown":
                rule = f"{'near' if values['near'] else 'unknown'}_{self.kind}"
            if rule:
                findings.append(Finding(f"names.{rule}", **where, **values))
            if seen.id is not None and _key(first.setdefault(seen.id, text)) != _key(text):
                findings.append(Finding("names.doubled", **where, other=first[seen.id], **values))
        if unknown > SHOWN:
            findings.append(
                Finding("names.more", **place(0) | {"row": None, "cell": ""}, count=unknown - SHOWN)
            )
        return pd.Series([read[text].id for text in cells], texts.index, dtype=object), findings

    def _rule(self, text: str, seen: Read) -> str | None:
        """The rule that a text comes under, also when it is no name at all."""
        if seen.rule or seen.id is not None or not _key(text):
            return seen.rule
        if is_total(text):
            return "total"
        return "remark" if is_note(text) else "province" if _key(text) in self.apart else "unknown"

    def _said(self, text: str, seen: Read, rule: str | None) -> dict:
        """What the sentences of a finding may name."""
        near = self.near(text) if rule == "unknown" else []
        ids = [one for one in seen.candidates if one in self.names]
        inner = seen.rule == "inner"
        shown = [self.names.get(one, one) for one in (seen.candidates[1:] if inner else seen.candidates)]
        return {
            "name": seen.candidates[0] if inner else self.names.get(seen.id or "", ""),
            "first": (near or ids or [""])[0],
            "near": "、".join(self.names[one] for one in near),
            "candidates": "、".join(shown),
        }


def unknown_targets(more: Mapping, rosters: Iterable[Roster], **place) -> list[Finding]:
    """Faults of `names:` in a mapping: what it leads to is in none of the rosters, or a text already means another."""
    findings, rosters = [], list(rosters)
    for text, target in more.items():
        found = [(roster, one) for roster in rosters if (one := roster.find(target)) is not None]
        if not found:
            near = [
                roster.label(one)[0]
                for roster in rosters
                for one in roster.near(target, 1) or list(roster.names)[:1]
            ]
            findings.append(Finding("names.target", **place, value=text, target=target, near="、".join(near)))
        for roster, one in found:
            if (ids := roster.sure.get(_key(_text(text)))) and one not in ids:
                findings.append(
                    Finding(
                        "names.overrides",
                        **place,
                        value=text,
                        target=one,
                        name="、".join(roster.label(other)[0] for other in sorted(ids)),
                    )
                )
    return findings


def _inverted(writings: Mapping[str, Iterable[str]]) -> dict[str, set]:
    found: dict[str, set] = {}
    for one, texts in writings.items():
        for text in texts:
            if key := _key(text):
                found.setdefault(key, set()).add(one)
    return found


def _codes(code: str) -> set[str]:
    """Writings of a code of administrative divisions: 440300, 4403, 440300000000; a municipality has two (110000, 110100)."""
    both = {code, code[:3] + "100"} if re.fullmatch("(?:11|12|31|50)0000", code) else {code}
    return {form for one in both if len(one) == 6 for form in (one, one[:4], one + "000000")} | both


def _is_chinese(text: str) -> bool:
    return any("㐀" <= char <= "鿿" for char in text)


@cache
def _is_traditional(char: str) -> bool:
    """Whether a character stands in Big5 and not in GB 2312."""
    try:
        char.encode("gb2312")
        return False
    except UnicodeEncodeError:
        return bool(char.encode("big5", "ignore"))


def _sounds(text: str) -> str:
    """Pinyin without tones."""
    from pypinyin import (
        lazy_pinyin,  # its words take a quarter of a second, and clean names need none of them
    )

    return "".join(lazy_pinyin(text))


@cache
def _readings(char: str, tones: bool = True) -> frozenset:
    from pypinyin import Style, pinyin

    return frozenset(pinyin(char, style=Style.TONE if tones else Style.NORMAL, heteronym=True)[0])


@cache
def _font():
    """Noto Sans SC, the font of figures and report."""
    from importlib import metadata

    from PIL import ImageFont

    path = next(one for one in metadata.files("justmytype-intl-cjk") or [] if one.match("NotoSansSC*.ttf"))
    return ImageFont.truetype(str(path.locate()), 48)


@cache
def _glyph(char: str) -> np.ndarray:
    """A character as a picture, slightly blurred, of mean 0 and length 1."""
    from PIL import Image, ImageDraw, ImageFilter

    image = Image.new("L", (52, 60))
    ImageDraw.Draw(image).text((2, -4), char, fill=255, font=_font())
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(1)), dtype=float).ravel()
    pixels -= pixels.mean()
    return pixels / (np.linalg.norm(pixels) or 1)


@cache
def _likeness(one: str, other: str) -> float:
    """How alike two characters are, 0 to 1: by their pictures, or by their sound."""
    if one == other:
        return 1.0
    if not (_is_chinese(one) and _is_chinese(other)):
        return 0.0
    same = _readings(one, tones=False) & _readings(other, tones=False)
    return max(0.8 if same else 0.0, float(_glyph(one) @ _glyph(other)))


def _alike(one: str, other: str) -> float:
    """How alike two names are, 0 to 1: the weighted edit distance, where like characters cost little."""
    if not (_is_chinese(one) and _is_chinese(other)):
        from rapidfuzz import fuzz

        return fuzz.ratio(one, other) / 100
    costs = [float(spot) for spot in range(len(other) + 1)]
    for row, char in enumerate(one, start=1):
        above, costs[0] = costs[0], float(row)
        for column, mate in enumerate(other, start=1):
            change = above + 1 - _likeness(char, mate)
            above = costs[column]
            costs[column] = min(change, costs[column] + 1, costs[column - 1] + 1)
    return 1 - costs[-1] / max(len(one), len(other))
