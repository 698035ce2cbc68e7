"""How well a value is known, as a reader sees it: the sign of an edition, the marks at numbers and what they mean."""

import pandas as pd

from fire import codebook
from fire.analysis import known
from fire.index.panel import SOFT, STATUSES
from fire.report import exhibits

EXAMPLE = (6.712, 6.1, 7.4)  # a value and its range, as the legend shows them


def sign(ed, lang) -> str:
    """What an edition says on every door when its index rests on simulated draws of what is not known (not when data are
    only late); else empty.

    Its text stands in the glossary under `reconstruction`.
    """
    made = ed.index.draws is not None and ed.index.softness == "simulated"
    return codebook.word("reconstruction", lang) if made else ""


def titled(ed, lang) -> str:
    """The title of the index of an edition, with its sign."""
    title, said = ed.spec.titles[str(lang)], sign(ed, lang)
    return f"{title}{'：' if lang == 'zh' else ': '}{said}" if said else title


def legend(statuses, lang) -> list[dict]:
    """Name, meaning and an example of some statuses, from hard to soft: `status`, `name`, `meaning`, `example`."""
    value, *ends = EXAMPLE
    return [
        {
            "status": name,
            "name": codebook.status(name, lang),
            "meaning": codebook.word(f"meaning-{name}", lang),
            "example": exhibits.marked(exhibits.number(value, 3), name, tuple(ends), 3, lang),
        }
        for name in STATUSES
        if name in set(statuses)
    ]


def cell(line, measure: str, digits: int, lang, signed: bool = False) -> dict:
    """A value of a line (as of `known.results`) for a page: `text`, its `mark`, and whether it is `soft`: then the
    text is its range.

    >>> line = {"score": 6.7, "score_status": "simulated", "score_low": 6.1, "score_high": 7.4}
    >>> cell(line, "score", 3, "zh"), cell(line | {"score_status": "printed"}, "score", 3, "zh")
    ({'text': '(6.1–7.4)', 'mark': '', 'soft': True}, {'text': '6.700', 'mark': '[刊]', 'soft': False})
    """
    value, status = line[measure], line.get(f"{measure}_status")
    status = status if isinstance(status, str) else "observed"
    if pd.isna(value):
        return {"text": "–", "mark": "", "soft": False}
    if status in SOFT:
        ends = line.get(f"{measure}_low", value), line.get(f"{measure}_high", value)
        return {"text": exhibits.marked("", status, ends, digits, lang), "mark": "", "soft": True}
    text = exhibits.number(float(value), digits)
    plus = "+" if signed and float(text.replace(",", "").replace("−", "-")) > 0 else ""
    return {"text": plus + text, "mark": codebook.mark(status, lang), "soft": False}


def scores(index) -> pd.DataFrame:
    """Scores of an index with status and range of every value (`known.results`), over the draws alone: for an index
    that has no stored results."""
    return known.results(index.scores(), [one.scores() for one in index.completions], index)
