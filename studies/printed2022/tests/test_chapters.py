"""Chapters of the study: the list of printed figures and tables, texts without typed numbers, figures in both languages."""

import inspect
import re
from functools import partial

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import fire
from fire import files
from fire.errors import InputError
from fire.figures import style
from fire.index.index import Index
from fire.index.panel import KEY
from fire.report import narrative
from fire.sources import statistics
from studies.printed2022 import (
    benchmarks,
    digits,
    hooks,
    identify,
    ledger,
    method,
    published,
    replication,
    roster,
)
from studies.printed2022.figures import method as method_figures
from studies.printed2022.figures import replication as replication_figures

HOME = published.FOLDER.parent
CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{[#.][^}]*\}|^:::.*$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def ed():
    return fire.load(2022)


def test_every_printed_figure_and_table_has_an_entry_of_the_catalogue(ed):
    rows, catalogue = files.read_csv(hooks.EXHIBITS), narrative.catalogue(*narrative.folders(ed))
    have = set(zip(rows["kind"], rows["no"].astype(int), strict=True))
    assert have == {("图", no) for no in range(1, 25)} | {("表", no) for no in range(1, 9)}
    each = re.compile(
        r"-(\d\d-\w+|[fire]|rd|policy|number|patents|staff|deals)$"
    )  # of an entry shown several times
    named = {name: {name, each.sub("", name)} for name in rows["exhibit"]}
    assert [name for name, either in named.items() if not either & set(catalogue.entries)] == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_list_of_printed_exhibits_names_what_the_report_holds(lang):
    shown = {"index-league": {"kind": "figure"}, "index-roster": {"kind": "table"}}
    lines = hooks.printed_exhibits(shown, lang).splitlines()
    assert (
        len(lines) == 2 and lines[0].endswith("@fig:index-league") and lines[1].endswith("@tbl:index-roster")
    )
    assert ("区域" in lines[1] or "城市" in lines[1]) if lang == "zh" else "Regions" in lines[1]


@pytest.mark.parametrize("path", sorted(HOME.glob("chapters/??/*.md")), ids=lambda path: path.name)
def test_no_chapter_of_the_study_types_a_number(path):
    text = CODE.sub("", path.read_text(encoding="utf-8"))
    assert re.findall(r"\d[\d.,]*", text) == []


def test_no_text_of_the_study_types_a_number():
    catalogue = narrative.Catalogue(HOME / "exhibits")
    faults = [
        fault
        for name, entry in catalogue.entries.items()
        for what in narrative.COUNTED
        for templates in [entry if what == "text" else entry.get(what, {})]
        if templates.get("zh")
        for fault in narrative.template_faults(catalogue.files[name], name, what, templates)
    ]
    assert faults == []


def held_out():
    """A frame like that of `replication.holdout`."""
    numbers = {"printed": [9.1, 5.0], "centre": [9.0, 6.5], "low": [8.5, 6.0], "high": [9.5, 7.0]}
    return pd.DataFrame({"unit": ["北京", "沈阳"], "node": ["total", "R"], **numbers, "hit": [True, False]})


@pytest.fixture(scope="module")
def frames(ed):
    stats, idx = statistics.panel(), ed.index
    few = Index(
        idx.spec,
        idx.panel,
        idx.frozen,
        places=idx.places,
        year=idx.year,
        draws=idx.draws.iloc[:, : len(KEY) + 2],
    )
    rows, posts, weights = ledger.build(few), identify.posts(stats), method.weights()
    corners = {"corners": digits.weight_polytope(), "grid": digits.weight_grid()}
    return {
        (replication_figures, "verdicts"): ledger.summary(rows),
        (replication_figures, "holdout"): held_out(),
        (replication_figures, "types"): replication.types(fire.results.of(ed).types),
        (method_figures, "forms"): method.forms(stats, identify.forms(stats)),
        (method_figures, "residuals"): method.residuals(stats, posts),
        (method_figures, "polytope"): corners,
        (method_figures, "weight_bounds"): weights[weights["parent"].ne("total")],
        (method_figures, "roster"): method.candidates(roster.rosters(), ed.places()),
        (method_figures, "benchmarks"): benchmarks.compared(ed),
    }


@pytest.mark.whole
def test_every_figure_of_the_study_draws_in_both_languages(ed, frames):
    kinds = {
        (module, name)
        for module in (replication_figures, method_figures)
        for name, kind in inspect.getmembers(module, inspect.isfunction)
        if kind.__module__ == module.__name__
    }
    assert kinds == set(frames)
    for (module, name), frame in frames.items():
        drawn = {}
        for lang in (ed.book.zh, ed.book.en):
            fig = style.with_glyphs(partial(getattr(module, name), frame, lang))
            drawn[str(lang)] = [text.get_text() for text in fig.findobj(plt.Text) if text.get_text()]
            plt.close(fig)
        assert drawn["zh"] and not any(re.search(r"[\u4e00-\u9fff]", text) for text in drawn["en"]), name


def test_an_edition_without_facts_and_studies_needs_nothing_of_the_study(ed, tmp_path):
    from fire.report import programme

    bare = fire.Edition(ed.name, ed.settings | {"studies": []}, ed.folder)
    bare.settings.pop("facts")
    assert bare.facts is None and not {path.name for path in narrative.folders(bare)} & {"printed2022"}
    names = [chapter.name for chapter in programme.load(bare)]
    assert not {"11-replication", "14-method", "98-printed-exhibits"} & set(names)
    with pytest.raises(InputError, match="no entry 'replication-verdicts'"):
        narrative.catalogue(*narrative.folders(bare))["replication-verdicts"]
