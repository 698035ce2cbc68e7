"""The tone of the report: what an editor strikes out of any sentence, in both languages.

python -m tests.tone 2022      # reads the built edition; lists every fault, chapter by chapter
"""

import re
from collections import Counter

from fire import codebook
from fire.report import assembly, narrative, programme

# What no sentence of the report may hold: pattern → why. The bad sentences behind them were once printed.
WORDS = {
    "zh": {
        r"名次|支柱|疑误|刊误": "one term for one thing: 位次, 一级指标, 勘误",
        r"本报告": "原报告 is the printed one, 本书 this one",
        r"(?<!原)报告(?:所)?(?:刊载|印|称|列|说)": "say whose report: 原报告",
        r"有有|的有[，。；]|[，、：；][。；，]|。。|（）|由由": "a list that came out empty",
        r"\d\.0 ?[件家人个次户位座]": "things that are counted are whole",
        r"赫芬达尔|截面弹性|把城市挡在最优之外": "no measure that the reader has to look up, no diagnosis",
        r"(?:^|[。；])居(?!前)": "a sentence needs a subject",
        r"自身表现合|他城表现合|投入数等于|读入数等于": "say what happened, not how it was computed",
        r"东经|北纬": "a place is told by its region",
    },
    "en": {
        r"\bslips?\b|\bposts\b": "errors; scaling limits",
        r"\(\)|\s[,.;]|, ?[.;,]|\.\.(?!\.)|: ?\.|\bof in\b": "a list that came out empty",
        r"\d\.0 (?:firms|cities|patents|places|ranks|deals)\b": "things that are counted are whole",
        r"Herfindahl|A passing is|[Ff]orce follows|is worth \d": "no jargon where a plain word does",
        r"per cent per cent|\bpoints points\b|\bthe the\b": "a word twice",
        r"(?:^|[.] )(?:the|an?) ": "a sentence begins with a capital",
        r"[\u4e00-\u9fff]": "no Chinese in the English report",
    },
}
BOTH = {
    r"\d[eE][-−+]\d": "no number in powers of ten",
    r"100\.0+ ?(?:%|per cent)": "all of them is 100",
    r"\d\.\d{5,}": "no more digits than the data carry",
    r"\bnan\b|\bNone\b(?! of)|<NA>|\bundefined\b": "a value that is missing",
    r"(\d+) (?:of|个中有) ?\1 (?:lie|个)": "what was chosen as the best is the best: no finding",
}
MOST = 7  # numbers in a sentence, years apart
TWICE = 2  # sentences of one frame in a volume
LONG = 12  # characters below which a frame is a common phrase
ENDS = {"zh": r"(?<=。)", "en": r"(?<=[.?!])\s+(?=[A-Z0-9(])"}
MARK = re.compile(r" ?\[(?:刊|推|估|补|[piem])\]")


def prose(markdown: str) -> list[str]:
    """The paragraphs and list items of a chapter without headings, figures, tables, formulas, marks and references."""
    text = re.sub(r"```.*?```|\$\$.*?\$\$|<!--.*?-->", "", markdown, flags=re.DOTALL)
    found = []
    for block in re.split(r"\n\s*\n", text):
        block = " ".join(block.split())
        if not block or re.match(r"(?:#|:::|!\[|\||\+[-=:]|: |\[\^|Table:|<)", block):
            continue
        block = re.sub(r"\\(.)", r"\1", block.removeprefix("- ").replace("*", ""))
        block = MARK.sub("", re.sub(r"@(?:fig|tbl):[a-z0-9-]*[a-z0-9]", "Fig", block))
        found.append(block.strip())
    return found


def sentences(text: str, lang: str) -> list[str]:
    """A paragraph sentence by sentence."""
    return [one.strip() for one in re.split(ENDS[lang], text) if one.strip()]


def names(ed, lang: str) -> list[str]:
    """Names of places, nodes and words of the glossary that may change in a sentence, the longest first."""
    book = ed.book.lang(lang)
    places, nodes = ed.places(), ed.spec.nodes
    cities = places["city"] if lang == "zh" else places["city_en"]
    areas = [codebook.region(one, book) for one in places["region"].unique()]
    return sorted({*cities, *areas, *nodes[f"label_{lang}"].dropna()}, key=len, reverse=True)


def frame(sentence: str, known: list[str]) -> str:
    """A sentence with its names and numbers taken out: two of one frame say the same of something else.

    >>> frame("北京、上海和深圳升 3 位。", ["北京", "上海", "深圳"])
    'N升 # 位。'
    """
    for name in known:
        sentence = sentence.replace(name, "N")
    sentence = re.sub(r"N(?:(?:、|和|, | and )N)+", "N", sentence)
    return re.sub(r"[−-]?\d[\d,.–…]*\d|\d", "#", sentence)


def faults(parts: dict[str, list[str]], lang: str, known: list[str]) -> list[str]:
    """What is wrong with the paragraphs of a volume, by chapter: every bad pattern, heap of numbers, list without a verdict,
    and frame that comes more than TWICE."""
    found, frames = [], Counter()
    for chapter, paragraphs in parts.items():
        for sentence in (one for text in paragraphs for one in sentences(text, lang)):
            where = f"{lang} {chapter}: {sentence}"
            found += [
                f"{where} — {why}"
                for pattern, why in (WORDS[lang] | BOTH).items()
                if re.search(pattern, sentence)
            ]
            shape = frame(sentence, known)
            numbers = [one for one in narrative.NUMBER.findall(sentence) if not re.fullmatch(r"20\d\d", one)]
            found += [f"{where} — {len(numbers)} numbers in one sentence"] * (len(numbers) > MOST)
            bare = sentence
            for name in known:
                bare = bare.replace(name, "N")
            found += [f"{where} — a list before any verdict"] * bool(re.match(r"(?:N(?:、|, )){3}", bare))
            frames[shape] += len(shape) >= LONG
    return found + [f"{lang}: {n} times: {shape}" for shape, n in frames.items() if n > TWICE]


def of(ed, volume: str = "report") -> list[str]:
    """The faults of one volume of a built edition, in all its languages."""
    shown, found = assembly.gather(ed.stored, ed), []
    frames, chapters = assembly.frame(ed, assembly.TEMPLATE), programme.load(ed, assembly.TEMPLATE)
    for lang in ed.languages:
        volumes, wrong = assembly.assemble(ed, lang, frames, shown, chapters)
        parts = {
            name: prose(text) for one in volumes if one.name == volume for name, text in one.chapters.items()
        }
        found += [*wrong, *faults(parts, lang, names(ed, lang))]
    return found


if __name__ == "__main__":
    import sys

    import fire

    wrong = of(fire.load(sys.argv[1]))
    print("\n".join(wrong) or "no fault")
    sys.exit(bool(wrong))
