"""The command line: `python -m fire COMMAND`. `python -m fire --help` lists the commands; `make` calls them."""

import argparse
import os
import signal
import sys
import traceback
from pathlib import Path

from fire.errors import ROOT, InputError, shown, told

BUILD, EDITIONS, NOTEBOOKS = ROOT / "build", ROOT / "reports" / "editions", ROOT / "notebooks"
LOG = BUILD / "error.log"


# ---- commands; each imports what it needs, so that a word that is wrong is answered at once


def report(choice) -> None:
    """生成一版报告；有改动的部分才重算 · Build the report of an edition: only what has changed"""
    from fire.report import build

    print(f"打开 · Open {shown(build.build(choice.edition, choice.chapter, say))}")


def watch(choice) -> None:
    """改一处，看一处：改动后自动重算并刷新网页 · Follow every edit: run what it touches and reload the page"""
    from fire.report import watch as live

    live.watch(choice.edition, choice.chapter, choice.port, say)


def data(choice) -> None:
    """重建样本与数据库 · Rebuild sample panel, sample records and databases"""
    from fire import edition
    from fire.report import build

    plan = build.Plan(edition.load(choice.edition), build.Hashes())
    build.make_data(plan, [one for one in plan.data if choice.all or not one.request], say)
    say("数据已是最新 · data are up to date")


def run(choice) -> None:
    """按参数运行一本笔记 · Run one notebook with parameters: run 41-city -p city=合肥"""
    from fire import edition
    from fire.report import build, notebook

    path = found(choice.name)
    plan = build.Plan(edition.load(choice.edition), build.Hashes())
    chapter = next((one for one in plan.chapters if one.notebook == path), None)
    values = notebook.typed(choice.p, notebook.parameters(notebook.read(path), path.name), path.name)
    folder = "-".join([path.stem, *(f"{value}".replace("/", "-") for value in values.values())])
    run_to(plan, path, values, BUILD / choice.edition / "request" / folder, chapter.needs if chapter else ())


def city(choice) -> None:
    """运行一座城市的笔记 · Run the notebook of one city: city 合肥"""
    from fire import edition
    from fire.errors import refuse, suggest
    from fire.report import build

    ed = edition.load(choice.edition)
    cities = ed.places()["city"].tolist()
    refuse(
        f"edition {ed.name}",
        [f"no city '{choice.name}'" + suggest(choice.name, cities)] * (choice.name not in cities),
    )
    folder = BUILD / ed.name / "city" / choice.name
    run_to(build.Plan(ed, build.Hashes()), NOTEBOOKS / "41-city.ipynb", {"city": choice.name}, folder)


def run_to(plan, path: Path, values: dict, folder: Path, needs=()) -> None:
    """One run on request, with the derived data that it needs."""
    from fire.errors import refuse
    from fire.report import build, programme

    one = programme.Run(folder.name, path, values, folder, tuple(needs))
    build.store_results(plan.ed)
    build.make_data(plan, plan.needed([one]), say)
    refuse(path.name, build.run_notebook(plan.ed.name, one))
    print(f"打开 · Open {shown(folder / 'notebook.ipynb')}")


def refresh(choice) -> None:
    """运行笔记并存入输出 · Run notebooks and store their outputs"""
    from fire import edition
    from fire.errors import refuse
    from fire.report import build

    plan = build.Plan(edition.load(choice.edition), build.Hashes())
    build.store_results(plan.ed)
    build.make_data(plan, [one for one in plan.data if not one.request], say)
    refuse("notebooks", build.refresh([found(name) for name in choice.names] or notebooks(), say))


def check(choice) -> int:
    """检查数据、版次、章节表与笔记，一次列出全部问题 · Check data, edition, programme and notebooks: all faults at once"""
    from fire import edition
    from fire.report import check as page
    from fire.report import notebook, programme

    ed = edition.load(choice.edition)
    checked, others = ed.check(), []
    for work in (lambda: programme.load(ed), lambda: checked.count("error") or ed.index):
        try:
            work()
        except InputError as error:
            others += [f"{error.what}: {fault}" for fault in error.faults]
    paths = [found(name) for name in choice.names] or notebooks()
    others += [f"{shown(path)}: {fault}" for path in paths for fault in notebook.faults(path)]
    others = list(dict.fromkeys(others))
    written = page.write(ed, checked, others)
    say(page.summary(checked, ed.name, others))
    say(f"{len(paths)} 本笔记 · notebooks\n打开 · Open {shown(written)}")
    return 1 if others or checked.count("error") else 0


def new(choice) -> None:
    """新建一版：版次文件、指标体系与待填的工作簿 · Begin an edition: its file, specification and workbooks to fill in"""
    from fire import edition
    from fire.intake import template

    made = template.begin(edition.load(choice.old), choice.name, form=choice.form)
    print("\n".join(["已建立 · made:", *(f"  {shown(path)}" for path in made)]))
    print(f"填好后运行 · fill them in, then run: make check EDITION={choice.name}")


def sources(choice) -> None:
    """识别尚未登记的数据文件，写入来源文件待确认 · Propose how files not yet named are read, for you to confirm"""
    from fire import edition
    from fire.intake import check as intake

    ed = edition.load(choice.edition)
    added, left = intake.propose(ed)
    if not added and not left:
        print("没有未登记的数据文件 · every file is named already")
    for lines in (
        [f"已写入 · added: {name}" for name in added],
        [f"没有写入 · not added: {one}" for one in left],
    ):
        print("\n".join(lines), end="\n" * bool(lines))
    if added:
        print(f"请在其中核对 · look them through in {ed.settings['sources']}")


def audit(choice) -> None:
    """统计审计：通过、提示、不通过 · Audit the index: pass, flag or fail for every check"""
    from fire import edition
    from fire.analysis import audit as audits
    from fire.analysis import results
    from fire.report import audit as report

    folder = report.write(choice.edition)
    print(audits.summary(results.of(edition.load(choice.edition)).audit).to_markdown(index=False))
    print(f"已写出 · written: {shown(folder / 'audit.csv')}, {shown(folder / 'audit.md')}")


def number_pages(choice) -> None:
    """在 Word 目录中填入页码（需要 LibreOffice）· Fill page numbers into the contents of the Word files"""
    from fire import files
    from fire.errors import refuse
    from fire.report import word

    paths = sorted((files.REPORTS / choice.edition).glob("*.docx"))
    refuse(
        f"reports/{choice.edition}",
        ["没有 Word 文件，请先运行 make report · there are no Word files: run make report first"]
        * (not paths),
    )
    refuse(
        "LibreOffice",
        [
            "没有找到 LibreOffice；不装也可以：用 Word 打开时在提示中选“是” · not found; or answer Word's question with Yes"
        ]
        * (not word.numbered(paths)),
    )
    print("已填入页码 · page numbers are in: " + ", ".join(map(shown, paths)))


def publish(choice) -> None:
    """发布并锁定一版 · Lock an edition: posts, weights, scores"""
    from fire import edition

    print(f"已锁定 · locked: {shown(edition.publish(choice.edition))}")


def unlock(choice) -> None:
    """撤回误锁的一版 · Take a mistaken lock back"""
    from fire import edition

    print(f"已撤回，原锁定文件在 · unlocked, the lock is kept in: {shown(edition.unlock(choice.edition))}")


def verify(choice) -> None:
    """重算一版已锁定的报告，逐位核对 · Rebuild a locked edition and compare it to the digit"""
    from fire import edition
    from fire.errors import refuse

    refuse(f"edition {choice.edition}", edition.verify(choice.edition))
    print(
        f"{choice.edition} 年版：每个得分都重算到 {edition.DIGITS} 位小数 · every score rebuilt to {edition.DIGITS} decimals"
    )


def diff(choice) -> None:
    """比较两版 · What differs between two editions: diff 2022 2023"""
    from fire.report import difference

    said, paths = difference.write(choice.a, choice.b)
    print("\n".join([said, "", "已写出 · written:", *(f"  {shown(path)}" for path in paths)]))


def new_chapter(choice) -> None:
    """新建一章的笔记、题注与正文 · Begin a chapter: notebook, texts of exhibits, text in both languages"""
    from fire.report import chapter

    made = chapter.begin(choice.name)
    print("\n".join(["已建立 · made:", *(f"  {shown(path)}" for path in made)]))
    print(
        f'在 reports/programme.toml 中加上 · add to reports/programme.toml:\n\n[[chapter]]\nname = "{choice.name}"'
    )


def new_template(choice) -> None:
    """写出一个数据库的空白采集表 · Write an empty workbook for a database: new-template banks banks.xlsx"""
    from fire import files
    from fire.errors import refuse
    from fire.sources import collection, samples

    refuse(choice.file, ["the file is there already: give another name"] * Path(choice.file).exists())
    units = files.read_csv(samples.ANNEX / "countries.csv") if choice.database == "countries" else None
    collection.template(choice.database, choice.file, units)
    print(f"已写出 · written: {choice.file} (version {collection.TEMPLATE})")


# ---- words of the command line


EDITION = ("edition", {"nargs": "?", "help": "版次，默认最新 · number of the edition, default the newest"})
NAMED = ("edition", {"help": "版次 · number of the edition"})  # what locks or unlocks is never guessed
OPTION = ("--edition", {"help": "版次，默认最新 · number of the edition, default the newest"})
NAMES = ("names", {"nargs": "*", "help": "笔记，默认全部 · notebooks, default all"})
CHAPTER = (
    "--chapter",
    {
        "action": "append",
        "default": [],
        "metavar": "NAME",
        "help": "只预览这一章 · preview of one chapter only",
    },
)
COMMANDS: dict[str, tuple] = {
    "report": (report, EDITION, CHAPTER),
    "watch": (
        watch,
        EDITION,
        CHAPTER,
        ("--port", {"type": int, "default": 5500, "help": "本机端口 · port on this machine"}),
    ),
    "data": (
        data,
        EDITION,
        (
            "--all",
            {"action": "store_true", "help": "连同仓库中的样本面板 · the sample panel of the repository too"},
        ),
    ),
    "run": (
        run,
        ("name", {"help": "笔记 · notebook, such as 20-regions"}),
        (
            "-p",
            {
                "action": "append",
                "default": [],
                "metavar": "NAME=VALUE",
                "help": "参数 · a parameter; repeat for more",
            },
        ),
        OPTION,
    ),
    "refresh": (refresh, NAMES, OPTION),
    "check": (check, NAMES, OPTION),
    "new": (
        new,
        ("name", {"help": "新版次 · number of the new edition, such as 2023"}),
        ("old", {"nargs": "?", "help": "依据的版次，默认最新 · edition to begin from, default the newest"}),
        ("--form", {"choices": ("xlsx", "csv"), "default": "xlsx", "help": "待填的文件 · files to fill in"}),
    ),
    "sources": (sources, EDITION),
    "city": (city, ("name", {"help": "城市 · city, such as 合肥"}), OPTION),
    "audit": (audit, EDITION),
    "word": (number_pages, EDITION),
    "publish": (publish, NAMED),
    "unlock": (unlock, NAMED),
    "verify": (verify, EDITION),
    "diff": (diff, ("a", {"help": "版次 · edition"}), ("b", {"nargs": "?", "help": "版次 · edition"})),
    "new-chapter": (new_chapter, ("name", {"help": "名称 · name, such as 35-credit"})),
    "new-template": (
        new_template,
        ("database", {"help": "firms, countries, institutions, banks"}),
        ("file", {"help": ".xlsx"}),
    ),
}


class Parser(argparse.ArgumentParser):
    """Answers a wrong word in both languages."""

    def error(self, message: str):
        self.exit(2, f"命令有误 · wrong command: {message}\n请看 · see: python -m fire --help\n")


def parser() -> Parser:
    whole = Parser(prog="python -m fire", description="中国金融科技燃指数 · The China Fintech FIRE Index")
    verbs = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (command, *arguments) in COMMANDS.items():
        about = command.__doc__
        verb = verbs.add_parser(name, help=about, description=about)
        for word, options in arguments:
            verb.add_argument(word, **options)
        verb.set_defaults(command=command)
    return whole


def newest() -> str:
    return max((path.stem for path in EDITIONS.glob("*.yaml")), default="2022")


def there(*editions: str | None) -> None:
    """Raises InputError, in both languages, for an edition that has no file."""
    from fire.errors import refuse

    refuse(
        "reports/editions",
        [
            f"没有 {name} 年版：请把 {newest()}.yaml 复制为 {name}.yaml 并修改 · there is no edition {name}: "
            f"copy {newest()}.yaml to {name}.yaml and edit it"
            for name in editions
            if name is not None and not (EDITIONS / f"{name}.yaml").exists()
        ],
    )


def notebooks() -> list[Path]:
    """All notebooks of the project, those of studies too."""
    return sorted([*NOTEBOOKS.glob("*.ipynb"), *ROOT.glob("studies/*/notebooks/*.ipynb")])


def found(name: str) -> Path:
    """A notebook by its name or path; raises InputError when there is none."""
    from fire.errors import refuse, suggest

    stem = Path(name).stem if name.endswith(".ipynb") else name
    have = {path.stem: path for path in notebooks()}
    refuse("notebooks", [f"no notebook '{name}'" + suggest(stem, have)] * (stem not in have))
    return have[stem]


def say(line: str) -> None:
    print(line, flush=True)


def main(words: list[str] | None = None) -> int:
    """Run one command; returns the exit status. Bad input is told in full, a fault of the program in one line."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("MPLCONFIGDIR", f"{BUILD / 'matplotlib'}")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that lacks a character shows a mark in its place
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: as by Ctrl-C
    choice = parser().parse_args(words)
    for key in ("edition", "old"):
        if getattr(choice, key, "") is None:
            setattr(choice, key, newest())
    try:
        from fire.report.build import room

        there(*(value for key, value in vars(choice).items() if key in ("edition", "a", "b", "old")))
        room(choice.command.__name__)
        return choice.command(choice) or 0
    except InputError as error:
        print(told(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("已中断 · interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # what reads the output has gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return failed(error)


def failed(error: Exception) -> int:
    """Tell what stopped the run: a disturbance of the machine (full disk, read-only folder) or a fault of the program."""
    from fire import files

    if found := files.disturbed(error):
        print(
            f"运行中断，上次的报告完好 · the run stopped, the last report is whole\n  - {found}",
            file=sys.stderr,
        )
        return 1
    where = shown(LOG)
    try:
        LOG.parent.mkdir(parents=True, exist_ok=True)
        LOG.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError:
        where = traceback.format_exc(limit=-1).strip().replace("\n", " | ")
    print(
        f"程序出错（不是您的数据问题），详情见 {where} · a fault of the program ({type(error).__name__}); details in {where}",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
