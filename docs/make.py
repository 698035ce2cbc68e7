"""The generated part of docs/: `make docs` writes docs/api/*.md from the docstrings of public functions and classes,
docs/images/rooms.svg from the imports between the rooms, and the tables of docs/gallery.md with its pictures (new with
new tables). `pages()` and `gallery()` give the text of every page; tests hold that the files on disk say the same.
"""

import ast
import html
import io
import re
from collections import Counter
from pathlib import Path

from PIL import Image

from fire import files
from fire.analysis import gallery as recomputed
from fire.figures import gallery as figures
from fire.figures import style
from fire.figures.style import BASE, FAINT, INK, MUTED, NAVY, PAPER
from fire.report.imports import Modules

DOCS = files.ROOT / "docs"
# Pages of the reference: title zh, title en, then groups of modules: (zh, en, modules). Each module stands once.
API = {
    "build": (
        "建指数",
        "Build an index",
        [
            ("指数", "The index", ["index.index"]),
            ("规格与面板", "Specification and panel", [f"index.{name}" for name in ("spec", "spec_faults", "panel", "draws", "coinr", "arguments")]),
            ("计算步骤", "Steps", [f"index.{name}" for name in ("score", "impute", "transforms", "treat", "normalise")]),
            ("权重、合成与位次", "Weights, aggregation, ranks", ["index.weights", "index.aggregate", "index.outranking", "index.rounding"]),
        ],
    ),
    "sources": (
        "数据来源",
        "Sources of values",
        [
            ("城市统计与录入的表", "Statistics and typed tables", ["sources.statistics", "sources.tables"]),
            ("企业、专利与投融资记录", "Records", ["sources.records", "sources.firms", "sources.engines"]),
            ("附录数据库", "Annex databases", ["sources.collection", "sources.samples"]),
            ("刊载的事实", "Printed facts", ["sources.printed"]),
        ],
    ),
    "intake": (
        "录入与检查",
        "Intake and check",
        [
            ("检查", "The check", ["intake.check", "report.check"]),
            ("任何文件、任何单元格", "Any file, any cell", ["grids", "workbooks", "cells"]),
            ("怎样读一张表", "How a table is read", [f"intake.{name}" for name in ("mapping", "layout", "remains", "measures", "proposal")]),
            ("名称", "Names", ["sources.names"]),
            ("是否可信、更正", "Plausibility, corrections", ["intake.plausibility", "intake.corrections"]),
            ("缺数", "Late data", ["intake.late"]),
            ("新建一版", "A new edition", ["intake.template"]),
        ],
    ),
    "editions": (
        "版次、名称与存好的结果",
        "Editions, names, stored results",
        [
            ("版次", "Editions", ["edition", "report.difference"]),
            ("名称、表头与单位", "Names, headings, units", ["codebook"]),
            ("存好的结果", "Stored results", ["analysis.results", "analysis.stored"]),
            ("文件与报错", "Files and faults", ["files", "errors"]),
        ],
    ),
    "analyse": (
        "分析",
        "Analyse",
        [
            ("看结果", "Look at results", [f"analysis.{name}" for name in ("views", "summary", "headlines", "movers", "focus", "describe")]),
            (
                "区域与动态",
                "Regions and dynamics",
                [f"analysis.{name}" for name in ("regions", "dynamics", "determinants", "coordination", "typology")],
            ),
            (
                "有多可靠",
                "How sure",
                [f"analysis.{name}" for name in ("known", "robustness", "alternatives", "variants", "intervals", "sensitivity", "audit", "montecarlo", "drawn")],
            ),
            ("变化与目标", "Changes and targets", ["analysis.changes", "analysis.targets"]),
            ("公布的指数", "Published indices", ["analysis.gallery"]),
            ("企业与技术", "Firms and technologies", ["analysis.firms", "analysis.technology"]),
            ("其他排名、政策与机构", "Rankings, policies, institutions", ["analysis.rankings", "analysis.policy", "analysis.institutions"]),
        ],
    ),
    "draw": (
        "画图",
        "Draw",
        [
            ("通用图形与地图", "Shared kinds and maps", ["figures.kit", "figures.maps", "figures.cartogram"]),
            ("样式与字体", "Style and fonts", ["figures.style", "figures.fonts"]),
            ("各章的图", "Figures of the chapters", []),
        ],
    ),
    "report": (
        "成书",
        "Report",
        [
            ("图表与语句", "Exhibits and sentences", ["report.exhibits", "report.narrative", "report.markdown"]),
            ("章节与构建", "Chapters and build", [f"report.{name}" for name in ("programme", "chapter", "build", "imports")]),
            ("笔记", "Notebooks", [f"report.{name}" for name in ("notebook", "parameters", "strict", "execution", "guard")]),
            ("排版", "Typesetting", ["report.assembly", "report.typesetting", "report.word"]),
            ("网页、工作簿与数据", "Pages, workbook, data", []),
            ("命令", "Commands", ["__main__"]),
        ],
    ),
}  # fmt: skip
REST = {
    "figures": ("draw", 2),
    "report": ("report", 3),
}  # where the modules of a room stand that no group names

# Rooms from the top down: (modules or folder, zh, en, floor).
ROOMS = {
    "studies": ("studies/", "研究", "Studies"),
    "__main__": ("fire/__main__.py", "命令", "Commands"),
    "report": ("fire/report/", "报告", "Report"),
    "figures": ("fire/figures/", "图", "Figures"),
    "analysis": ("fire/analysis/", "分析", "Analysis"),
    "edition": ("edition.py", "版次", "Editions"),
    "intake": ("fire/intake/", "录入与检查", "Intake"),
    "sources": ("fire/sources/", "来源", "Sources"),
    "codebook": ("codebook.py", "名称与表头", "Codebook"),
    "index": ("fire/index/", "指数", "Index"),
    "files": ("files, grids, cells, errors", "文件与报错", "Files"),
}
WITH = dict.fromkeys(("errors", "cells", "grids", "workbooks"), "files")  # modules that share a box
FACE = "'Noto Sans SC','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"


def pages() -> dict[Path, str]:
    """Every generated file with its text."""
    modules = Modules()
    groups = placed(modules)
    made = {DOCS / "images" / "rooms.svg": picture(imports(modules), modules)}
    made[DOCS / "api" / "README.md"] = contents(groups, modules)
    for name, (zh, en, parts) in groups.items():
        text = [f"# {zh} · {en}", NOTE]
        for zh_part, en_part, names in parts:
            text += [f"## {zh_part} · {en_part}"]
            text += [module_text(f"fire.{one}", modules.paths[f"fire.{one}"]) for one in names]
        made[DOCS / "api" / f"{name}.md"] = "\n\n".join(text) + "\n"
    return made


# The reference --------------------------------------------------------------------------------------------------------

NOTE = "由 `make docs` 从源代码生成，请勿手改。Generated from the sources by `make docs`; do not edit."


def placed(modules: Modules) -> dict:
    """The groups of API with every public module of fire in one of them; raises ValueError for one that has no place."""
    groups = {
        page: (zh, en, [(*part[:2], list(part[2])) for part in parts])
        for page, (zh, en, parts) in API.items()
    }
    named = {one for _, _, parts in groups.values() for *_, names in parts for one in names}
    for name, path in modules.paths.items():
        short = name.removeprefix("fire.")
        if not name.startswith("fire.") or path.name == "__init__.py" or short in named:
            continue
        if short.split(".")[0] not in REST:
            raise ValueError(f"{name}: name it in a group of API in docs/make.py")
        page, place = REST[short.split(".")[0]]
        groups[page][2][place][2].append(short)
    return groups


def contents(groups: dict, modules: Modules) -> str:
    """The first page of the reference: the door, then every module with what it says of itself."""
    lines = ["# 函数参考 · Reference", NOTE, "`import fire` 打开的门 · The door:"]
    lines += [fenced(ast.get_docstring(parsed(modules.paths["fire"])).split("\n\n")[1])]
    for page, (zh, en, parts) in groups.items():
        lines.append(f"## [{zh} · {en}]({page}.md)")
        rows = ["| 模块 Module | 内容 What it holds |", "| --- | --- |"]
        for *_, names in parts:
            for one in names:
                first = (ast.get_docstring(parsed(modules.paths[f"fire.{one}"])) or "").split("\n\n")[0]
                words = escaped(" ".join(first.split())).replace("|", "\\|")
                rows.append(f"| [`fire.{one}`]({page}.md#{anchor(f'fire.{one}')}) | {words} |")
        lines.append("\n".join(rows))
    return "\n\n".join(lines) + "\n"


def anchor(heading: str) -> str:
    """The address that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_text(name: str, path: Path) -> str:
    """A module: what it says of itself, then its public functions and classes in the order of the source."""
    tree = parsed(path)
    parts = [f"### `{name}`", prose(ast.get_docstring(tree))]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            parts += member(node)
    return "\n\n".join(part for part in parts if part)


def member(node, owner: str = "") -> list[str]:
    """A function or class: heading, signature, docstring; the public methods of a class below it."""
    name = f"{owner}.{node.name}" if owner else node.name
    parts = [f"#### `{name}`", fenced(signature(node, owner)), prose(ast.get_docstring(node))]
    if isinstance(node, ast.ClassDef):
        for one in node.body:
            if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"):
                parts += member(one, name)
    return parts


def signature(node, owner: str = "") -> str:
    """How it is called: `name(arguments) -> result`; a property by its name."""
    if isinstance(node, ast.ClassDef):
        begin = next(
            (one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None
        )
        if begin is not None:
            return call(node.name, arguments(begin.args, skip=True))
        fields = [ast.unparse(one) for one in node.body if isinstance(one, ast.AnnAssign)]
        return call(node.name, fields) if fields else f"class {node.name}"
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    name = f"{owner}.{node.name}" if owner else node.name
    if any(mark.endswith("property") for mark in marks):
        return name + result
    return call(name, arguments(node.args, skip=bool(owner)), result)


def arguments(args: ast.arguments, skip: bool) -> list[str]:
    """The arguments as written; without the first (self) where `skip`, and without those that begin with an underscore."""
    words = ast.unparse(args)
    tree = ast.parse(f"def f({words}): ...").body[0].args
    positional = [*tree.posonlyargs, *tree.args]
    defaults = [None] * (len(positional) - len(tree.defaults)) + tree.defaults
    found = [said(one, default) for one, default in zip(positional, defaults)][1 if skip else 0 :]
    found += [f"*{said(tree.vararg)}"] if tree.vararg else ["*"] if tree.kwonlyargs else []
    found += [said(one, default) for one, default in zip(tree.kwonlyargs, tree.kw_defaults)]
    found += [f"**{said(tree.kwarg)}"] if tree.kwarg else []
    return [one for one in found if not one.startswith("_")]


def said(one: ast.arg, default=None) -> str:
    kind = f": {ast.unparse(one.annotation)}" if one.annotation else ""
    if default is None:
        return one.arg + kind
    return f"{one.arg}{kind} = {ast.unparse(default)}" if kind else f"{one.arg}={ast.unparse(default)}"


def call(name: str, args: list[str], result: str = "") -> str:
    line = f"{name}({', '.join(args)}){result}"
    return line if len(line) <= 100 else f"{name}(\n    " + ",\n    ".join(args) + f",\n){result}"


def fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def prose(text: str | None) -> str:
    """A docstring as Markdown: paragraphs of examples and of indented lines as code, all else as text."""
    parts = []
    for part in text.split("\n\n") if text else ():
        lines = part.split("\n")
        if all(line.startswith("    ") or not line for line in lines) or lines[0].startswith(">>>"):
            parts.append(fenced("\n".join(line.removeprefix("    ") for line in lines)))
        else:
            parts.append(escaped(part))
    return "\n\n".join(parts)


def escaped(text: str) -> str:
    """Text in which what stands outside of backticks is no markup."""
    return "".join(
        part if number % 2 else re.sub(r"([*<]|(?<!\w)_|_(?!\w))", r"\\\1", part)
        for number, part in enumerate(re.split(r"(`[^`]*`)", text))
    )


# The picture ----------------------------------------------------------------------------------------------------------


def room(module: str) -> str | None:
    """The room of a module; None for the door, which opens all of them."""
    parts = module.split(".")
    if parts[0] == "studies":
        return "studies"
    return WITH.get(parts[1], parts[1]) if len(parts) > 1 else None


def imports(modules: Modules) -> Counter:
    """How many imports lead from the modules of one room to those of another: (from, to) → count."""
    found = Counter()
    for name, path in modules.paths.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for other in modules.imported(path.read_text(encoding="utf-8"), package, name):
            if room(name) and room(other) and room(name) != room(other):
                found[room(name), room(other)] += 1
    return found


def picture(arrows: Counter, modules: Modules) -> str:
    """The rooms on a stair: an arrow leaves a room to the right and comes down into the room that it uses."""
    wide, high, down, left, top, gap = 178, 46, 68, 14, 44, 16
    names, x, place = list(ROOMS), left, {}
    for number, name in enumerate(names):
        lanes = sum(arrows[other, name] > 0 for other in names[:number])
        x += max(44, gap * (lanes + 1)) if number else 0  # the room reaches out for the arrows that come down
        place[name] = x, top + number * down
    sizes = Counter(room(name) for name, path in modules.paths.items() if path.name != "__init__.py")
    width, height = place[names[-1]][0] + wide + left, place[names[-1]][1] + high + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="{FACE}">',
        "<title>fire 的房间与引用 · The rooms of fire and their imports</title>",
        f"<desc>{html.escape(described(arrows))}</desc>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        f'<text x="{left}" y="24" font-size="13" fill="{MUTED}">箭头向下：上面的房间引用下面的；数字是引用的次数 · '
        "Arrows run down: a room uses those below it; the number counts the imports</text>",
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" '
        'markerWidth="9" markerHeight="9" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 Z" fill="{BASE}"/></marker></defs>',
    ]
    numbers = []
    for name in names:
        used = [other for other in names if arrows[name, other]]
        for other in used:
            x, y = (
                place[other][0] + wide - gap * (1 + users(arrows, other).index(name)),
                place[name][1] + high / 2,
            )
            parts.append(
                f'<path d="M{place[name][0] + wide},{y} H{x} V{place[other][1] - 1}" fill="none" stroke="{BASE}" '
                f'stroke-width="{1 + min(arrows[name, other], 30) / 15:.1f}" marker-end="url(#tip)"/>'
            )
            numbers.append((x, y, arrows[name, other]))
    parts += [
        f'<rect x="{x - 11}" y="{y - 9}" width="22" height="18" rx="9" fill="{PAPER}" stroke="{BASE}"/>'
        f'<text x="{x}" y="{y + 4}" font-size="11" text-anchor="middle" fill="{INK}">{count}</text>'
        for x, y, count in numbers
    ]
    for name, (what, zh, en) in ROOMS.items():
        x, y = place[name]
        dark = name == "index"
        fill, ink, faint = (NAVY, PAPER, FAINT) if dark else (PAPER, INK, MUTED)
        count = f"  {sizes[name]}" if what.endswith("/") else ""
        parts.append(
            f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="4" fill="{fill}" stroke="{NAVY}"/>'
            f'<text x="{x + 10}" y="{y + 20}" font-size="14" font-weight="bold" fill="{ink}">{zh} '
            f'<tspan font-weight="normal">{en}</tspan></text>'
            f'<text x="{x + 10}" y="{y + 37}" font-size="11" fill="{faint}" xml:space="preserve">{what}{count}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def users(arrows: Counter, other: str) -> list[str]:
    """The rooms that use another, from the top: the first comes down outermost, so that no lines cross."""
    return [name for name in ROOMS if arrows[name, other]]


def described(arrows: Counter) -> str:
    return "; ".join(f"{name} → {other}: {count}" for (name, other), count in sorted(arrows.items()))


# The gallery ----------------------------------------------------------------------------------------------------------

HEADS = {
    "zh": ["指数", "发布者", "对象", "年份", "指标", "得分", "位数", "最大相差", "末位相等", "位次不同", "等级不同", "许可"],
    "en": ["index", "publisher", "units", "years", "indicators", "scores", "decimals", "largest difference",
           "digits agree", "ranks that differ", "bands that differ", "licence"],
}  # fmt: skip
PAGE = DOCS / "gallery.md"
GONE = {"zh": ("未能取得：", "：", "。"), "en": ("What could not be had:", ": ", ".")}


def gallery() -> str:
    """docs/gallery.md with its tables as of now."""
    found, text = recomputed.table(), PAGE.read_text(encoding="utf-8")
    for lang in HEADS:
        begin, end = f"<!-- make docs: {lang} -->\n", "<!-- end -->"
        head, rest = text.split(begin)
        made = gallery_table(found, lang) + "\n" + absent(found, lang)
        text = f"{head}{begin}{made}{end}{rest.partition(end)[2]}"
    return text


def gallery_table(found, lang: str) -> str:
    """The rows of `fire.analysis.gallery.table` as Markdown."""
    lines = [HEADS[lang], ["---"] * 2 + ["---:"] * 9 + ["---"]]
    for row in found.itertuples():
        lines.append(
            [
                f"[{getattr(row, f'title_{lang}')}](../data/indices/gallery/{row.id}/about.toml)",
                getattr(row, f"publisher_{lang}"),
                *(f"{count:,}" for count in (row.units, row.years, row.indicators, row.values)),
                *([row.decimals, recomputed.shown(row.largest)] if row.values else ["", ""]),
                share(row.share_equal) if row.values else "",
                f"{row.ranks_wrong} / {row.ranks:,}" if row.ranks else "",
                f"{row.bands_wrong} / {row.bands:,}" if row.bands else "",
                row.licence,
            ]
        )
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def absent(found, lang: str) -> str:
    """What could not be had of each index, as a list."""
    head, colon, stop = GONE[lang]
    told = found[found[f"absent_{lang}"].ne("")]
    lines = [
        f"- {row[f'title_{lang}']}{colon}{row[f'absent_{lang}']}{stop}" for row in told.to_dict("records")
    ]
    return "\n".join([head, "", *lines, ""])


def share(part: float) -> str:
    """A share in per cent; whole and nothing only where they are so."""
    return f"{part:.0%}" if part in (0, 1) else f"{min(max(100 * part, 0.1), 99.9):.1f}%"


def pictures() -> dict[Path, bytes]:
    """The picture of all indices in each language, as PNG of few colours."""
    found, made = recomputed.table(), {}
    for lang in HEADS:
        drawn, small = io.BytesIO(), io.BytesIO()
        fig = style.with_glyphs(lambda lang=lang: figures.overview(found, lang))
        fig.savefig(drawn, format="png", dpi=130, metadata={"Software": None})
        style.plt.close(fig)
        Image.open(drawn).convert("RGB").quantize(32).save(small, format="png", optimize=True)
        made[DOCS / "images" / f"gallery-{lang}.png"] = small.getvalue()
    return made


def main() -> None:
    made = pages() | {PAGE: gallery()}
    for path in [*(DOCS / "api").glob("*.md")]:
        if path not in made:
            path.unlink()
    for path, text in made.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            if path == PAGE:
                for image, drawn in pictures().items():
                    image.write_bytes(drawn)
            files.write_text(path, text)
            print(path.relative_to(files.ROOT).as_posix())


if __name__ == "__main__":
    main()
