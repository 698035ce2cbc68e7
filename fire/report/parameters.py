"""Parameters of a notebook: plain values in its first code cell; what is given has the type of what stands there.

>>> defaults("edition = 2022\\nrate = 0.1")
{'edition': 2022, 'rate': 0.1}
>>> given(["rate=1e-3", "edition=010"], {"edition": 2022, "rate": 0.1})
({'rate': 0.001, 'edition': 10}, [])
>>> print(given(["edition=1:30"], {"edition": 2022})[1][0].en)
edition=1:30: the default is a whole number (2022)
"""

import ast
import json
import math
import re

import yaml

from fire.errors import Finding, nearest
from fire.files import REPORTS

TAG = "parameters"
PLAIN = (str, bool, int, float, list, dict, type(None))
WORDS = dict.fromkeys(("true", "yes", "on", "1", "是"), True) | dict.fromkeys(
    ("false", "no", "off", "0", "否"), False
)
WHOLE = re.compile(r"[+-]?\d+")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
EDITION = re.compile(r"\d{4}\.\d+")


class _No(Exception):
    """A value that is not of the type: the rule that says so, and what stood there."""


def defaults(source: str) -> dict:
    """Names and values of a parameters cell; raises ValueError(line, text) for what is no plain assignment."""
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise ValueError(error.lineno or 1, (error.text or "").strip()) from None
    found = {}
    for node in body:
        try:
            names = [target.id for target in node.targets]  # type: ignore[attr-defined]
            value = ast.literal_eval(node.value)  # type: ignore[attr-defined]
        except (AttributeError, ValueError):
            raise ValueError(node.lineno, source.splitlines()[node.lineno - 1].strip()) from None
        if not isinstance(value, PLAIN):
            raise ValueError(node.lineno, source.splitlines()[node.lineno - 1].strip())
        found |= dict.fromkeys(names, value)
    return found


def given(pairs: list[str], have: dict) -> tuple[dict, list]:
    """Values of NAME=VALUE pairs in the types of the defaults, and a finding for each pair that is wrong."""
    values: dict = {}
    faults = []
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name:
            faults.append(Finding("notebook.pair", value=pair))
        elif name in values:
            faults.append(Finding("notebook.twice", value=name))
        elif name not in have:
            faults.append(_unknown(name, have))
        else:
            try:
                values[name] = _read(name, text.strip(), have[name])
            except _No as no:
                faults.append(_finding(no, f"{name}={text}", have[name]))
    return values, faults


def checked(values: dict, have: dict) -> tuple[dict, list]:
    """Values that come as JSON, TOML or Python, in the types of the defaults, and a finding for each that is wrong."""
    good, faults = {}, []
    for name, value in values.items():
        if name not in have:
            faults.append(_unknown(name, have))
            continue
        try:
            good[name] = _fit(name, value, have[name])
        except _No as no:
            faults.append(_finding(no, f"{name} = {value!r}", have[name]))
    return good, faults


def _unknown(name: str, have: dict) -> Finding:
    return Finding("notebook.unknown", value=name, have=", ".join(have), **nearest(name, have))


def _finding(no: _No, said: str, default) -> Finding:
    return Finding(f"notebook.{no.args[0]}", value=said, default=json.dumps(default, ensure_ascii=False))


def _rule(default) -> str:
    return "no_" + type(default).__name__


def _read(name: str, text: str, default):
    """What a text stands for where the default is `default`; raises _No."""
    if not text and default != "":
        raise _No("empty")
    if isinstance(default, str):
        return text
    if isinstance(default, bool):
        if text.lower() not in WORDS:
            raise _No("no_bool")
        return WORDS[text.lower()]
    if isinstance(default, int):
        if name == "edition" and _names_edition(text):
            return text
        if not WHOLE.fullmatch(text):
            raise _No("no_int")
        return int(text)
    if isinstance(default, float):
        if not NUMBER.fullmatch(text) or not math.isfinite(float(text)):
            raise _No("no_float")
        return float(text)
    if default is None:
        return _free(text)
    return _fit(name, _loaded(text, type(default)), default)


def _names_edition(text: str) -> bool:
    """Whether a text names an edition that is no year: a correction such as 2022.1, or one with a file of its own."""
    return bool(EDITION.fullmatch(text)) or (
        not text.isdigit() and text.isidentifier() and (REPORTS / "editions" / f"{text}.yaml").exists()
    )


def _free(text: str):
    """A text that no default tells the type of: JSON where it is that, else the text as it stands, dates too."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        if text[:1] in "[{":
            raise _No("open") from None
        return text


def _no_number(word: str):
    raise ValueError(word)


def _loaded(text: str, kind: type):
    """A list or mapping written as JSON or YAML; in the second, every value in it is text."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except ValueError:
        try:
            found = _Words(yaml.load(text, yaml.BaseLoader))  # texts, lists and mappings only
        except yaml.YAMLError:
            raise _No("open") from None
    if not isinstance(found.value if isinstance(found, _Words) else found, kind):
        raise _No("no_" + kind.__name__)
    return found


class _Words:
    """A list or mapping whose leaves are all texts still to be read."""

    def __init__(self, value):
        self.value = value


def _fit(name: str, value, default):
    """A value where the default is `default`; raises _No where it is of another type."""
    read = isinstance(value, _Words)
    value = value.value if read else value
    if read and not isinstance(value, (list, dict)):
        return _free(value) if default is None else _read("", value, default)
    if name == "edition" and isinstance(default, int) and isinstance(value, str) and _names_edition(value):
        return value
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if default is None:
        if isinstance(value, list):
            return [_fit("", _Words(one) if read else one, None) for one in value]
        if isinstance(value, dict):
            return {f"{key}": _fit("", _Words(one) if read else one, None) for key, one in value.items()}
        if not isinstance(value, PLAIN) or (isinstance(value, float) and not math.isfinite(value)):
            raise _No("no_plain")
        return value
    if type(value) is not type(default) or (isinstance(value, float) and not math.isfinite(value)):
        raise _No(_rule(default))
    if isinstance(value, list):
        like = _like(default)
        return [_fit("", _Words(one) if read else one, like) for one in value]
    if isinstance(value, dict):
        like = _like(list(default.values()))
        return {
            f"{key}": _fit("", _Words(one) if read else one, default.get(key, like))
            for key, one in value.items()
        }
    return value


def _like(values: list):
    """The value whose type all have; None where they have several, or there is none."""
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return 0.5
    return values[0] if len(kinds) == 1 else None
