"""One composite index as a value: what it is made of, checked once, and everything that follows from it.

    >>> import fire
    >>> index = fire.load(2022).index
    >>> index.scores().query("node == 'total' and year == 2021").nsmallest(1, "rank")["unit"].item()
    '北京'
    >>> float(index.vary(weights={"F": 0.20}).spec.nodes.at["F", "weight"])
    0.2

A variation is another Index and remembers the rest: data, frozen posts, groups and places come along.
"""

import html
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from fire.errors import InputError, refuse, suggest
from fire.index import arguments, normalise, score, transforms, weights
from fire.index import draws as completions
from fire.index import panel as panels

# Methods of an indicator that posts depend on: frozen posts hold only while these stay as they were.
HELD = [
    "transform",
    "treat",
    "reference",
    "posts",
    "target",
    "target_unit",
    "denominator",
    "factor",
    "direction",
    "limits",
    "power",
    "rate",
    "centre",
    "ideal",
    "treat_by",
    "quantiles",
    "winsor_points",
    "skew",
    "kurtosis",
]
# Normalisations that read the same posts, the extremes of the data, or none.
SAME_POSTS = {name for name, rule in normalise.NORMALISATIONS.items() if rule.ends is normalise.extremes}
HEADS = {
    "zh": ["名称", "指标", "占上级", "占指数", "方向", "标尺下端", "标尺上端", "单位", "数据状态", "缺失"],
    "en": [
        "name",
        "node",
        "of parent",
        "of index",
        "direction",
        "low post",
        "high post",
        "unit",
        "status",
        "missing",
    ],
}
WORDS = {  # data status, as a reader knows it
    "zh": {
        "printed": "原报告刊载",
        "observed": "公开统计",
        "implied": "由刊载值推得",
        "estimated": "估计",
        "imputed": "插补",
        "drawn": "多重插补",
        "assumed": "假定",
        "simulated": "模拟",
    },
    "en": {},
}
INCONSISTENT = 0.1  # consistency ratio from which judgements are looked at again (Saaty 1980)
LEFT, RIGHT = "text-align:left;white-space:nowrap", "text-align:right;white-space:nowrap"


class Index:
    """A specification, a panel and what is frozen, with the scores that follow.

    `spec`: a Spec. `panel`: one row a cell (unit, year, indicator, value, status, source). `posts`: frozen posts
    (index indicator; columns low, high, mean, sd on the transformed scale) instead of those of the panel; indicators
    that they lack take theirs from the panel. `groups`: group of each unit, for group means; default the column
    `region` of `places` (columns city, region, …). `year`: the year that is ranked, default the last. Posts and groups
    may be dictionaries ({indicator: (low, high)}, {unit: group}).
    `draws`: what is not known, several times over (unit, year, indicator, one column a draw; see `index.draws`): the
    scores are those of the mean of the draws, `completions` the index under each (Rubin 1987, ch. 3).

    Raises InputError with every fault of the panel, the draws, the posts and the places at once.
    """

    def __init__(self, spec, panel, posts=None, groups=None, places=None, year=None, draws=None, _held=None):
        if _held is None:
            posts, groups, places, year = arguments.understood(
                spec, panel, posts, groups, places, year, draws
            )
        self.spec, self.panel, self.frozen, self.places = spec, panel, posts, places
        ids = spec.series
        if _held is None and draws is not None:
            draws = completions.still_open(draws, panel)
        self.draws = draws
        self._held = _held or panels.wide(self.complete(), ids)
        self.groups = groups
        if groups is None and places is not None:
            self.groups = places.set_index("city")["region"]
        years = panels.years_of(self._held[0])
        self.year = int(years[-1]) if year is None else year
        known = posts.index.get_level_values(-1) if posts is not None else []
        faults = [] if self.year in years else [f"the panel has no year {self.year}: it has {_listed(years)}"]
        if posts is not None:
            gaps = [f"posts: column '{name}' is missing" for name in ("low", "high") if name not in posts]
            faults += gaps or score.rangeless(posts, spec)
            self.frozen = normalise.whole(posts)
        if places is not None:
            cities = set(places["city"])
            faults += [
                f"{unit}: no row in the places of this index" + suggest(unit, list(places["city"]))
                for unit in self.units
                if unit not in cities
            ]
        refuse(f"index {spec.id}", faults)
        self.own = [name for name in spec.indicators if name not in known] if posts is not None else []

    @property
    def units(self) -> list:
        return list(self._held[0].index.levels[1])

    @property
    def years(self) -> list[int]:
        return [int(year) for year in panels.years_of(self._held[0])]

    @property
    def before(self) -> int | None:
        """The year that `year` is compared with: the one before, None when the panel does not have it."""
        return self.year - 1 if self.year - 1 in self.years else None

    @cached_property
    def _steps(self) -> score.Steps:
        posts = self._given
        if posts is None and self.draws is not None:
            posts = completions.mean_posts([one._own_posts() for one in self.completions])
        return score.steps_of(self.spec, *self._series, posts, self.groups)

    @property
    def _given(self) -> pd.DataFrame | None:
        """The frozen posts of the nodes of the specification."""
        posts = self.frozen
        return posts if posts is None else posts[posts.index.get_level_values(-1).isin(self.spec.nodes.index)]

    @property
    def _series(self) -> tuple[pd.DataFrame, np.ndarray]:
        """The wide table and its status codes, of the series of the specification."""
        (raw, status), ids = self._held, self.spec.series
        if list(raw.columns) == ids:
            return raw, status
        return raw[ids], status[:, [raw.columns.get_loc(name) for name in ids]]

    def _own_posts(self) -> pd.DataFrame:
        return score.posts_of(self.spec, *self._series, self._given, self.groups)

    @cached_property
    def completions(self) -> "Sequence[Index]":
        """The index under each draw of what is not known: whole panels, each with posts of its own unless they are
        frozen; the index itself, once, where all is known. Of large panels each is made when it is asked for, and let go."""
        if self.draws is None:
            return (self,)
        raw, status = self._held
        parts = (self.spec, self.panel, self.frozen, self.groups, self.places, self.year)
        each = completions.Completions(lambda table: Index(*parts, None, (table, status)), raw, self.draws)
        return tuple(each) if raw.size * len(each) <= completions.KEPT else each

    @property
    def softness(self) -> str:
        """The status of what moves between the draws."""
        return completions.softest(self.draws)

    def complete(self) -> pd.DataFrame:
        """The panel with every cell, those that are not known at the mean of their draws: for further computation
        only, as no single set of such values is a result."""
        return self._complete

    @cached_property
    def _complete(self) -> pd.DataFrame:
        return self.panel if self.draws is None else completions.completed(self.panel, self.draws, self.spec)

    def steps(self) -> score.Steps:
        """What lies between panel and scores: raw, imputed, transformed, treated, normalised tables; rows (year, unit)."""
        return self._steps

    @cached_property
    def _scores(self) -> pd.DataFrame:
        return score.tidy(self.spec, self._steps, self.panel["unit"].dtype, self.panel["indicator"].dtype)

    def scores(self) -> pd.DataFrame:
        """Tidy scores: unit, year, node, score, rank, growth_pct and rank_change over the year before, share_<status>."""
        return self._scores.copy(deep=False)

    def ranges(self, nodes=None) -> pd.DataFrame:
        """The scores of the inner nodes (or of `nodes`) with their ranges over the draws, from the 5th to the 95th percentile:
        unit, year, node, and of score, rank, growth_pct and rank_change the value, `<c>_low` and `<c>_high`. The draws go
        by one at a time.
        """
        known = {self.spec.known(node) for node in arguments.several(nodes) or self.spec.families}
        nodes = [node for node in self.spec.nodes.index if node in known]
        frame = self._scores[self._scores["node"].isin(nodes)].reset_index(drop=True)
        frame = frame[["unit", "year", "node", *score.MEASURES]]
        rows = np.repeat(score.present(self._steps), len(nodes))
        each = (
            {name: cells[rows] for name, cells in score.measures(self.spec, one.steps(), nodes).items()}
            for one in self.completions
        )
        for name, ends in completions.ranges(each, len(self.completions)).items():
            whole = name.rsplit("_", 1)[0] in completions.WHOLE
            frame[name] = pd.array(ends, dtype="Int64") if whole else ends
        return frame

    @property
    def posts(self) -> pd.DataFrame:
        """The posts in force: frozen ones, else those of the data; low, high, mean, sd on the transformed scale."""
        return self._steps.posts

    @property
    def weights(self) -> pd.Series:
        """Weight of every node in its parent, as used."""
        return self._steps.weights

    @cached_property
    def weight_in_index(self) -> pd.Series:
        """Weight of every node in the whole index: the product of the weights on the way up (sums to 1 over indicators)."""
        return weights.effective(self.spec, self.weights)

    @cached_property
    def pillar(self) -> pd.Series:
        """The pillar of every node below the root."""
        reached = {node: pillar for pillar in self.spec.pillars for node in self.spec.reach(pillar)}
        own = {node: pillar for pillar in self.spec.pillars for node in self.spec.walk(pillar)}
        return pd.Series(reached | own)

    def wide(self, year: int | None = None, column: str = "score") -> pd.DataFrame:
        """Scores (or rank, growth_pct) of one year as a table: units × nodes, in the order of the specification."""
        year, faults = arguments.of_year(self.year if year is None else year, self.years)
        columns = [name for name in self._scores if name not in ("unit", "year", "node")]
        if column not in columns:
            faults.append(f"no column '{column}' of the scores" + suggest(column, columns))
        refuse(f"index {self.spec.id}", faults)
        if (year, column) not in self._wide:
            now = self._scores[self._scores["year"].eq(year)]
            table = now.pivot(index="unit", columns="node", values=column)[list(self.spec.nodes.index)]
            self._wide[year, column] = table
        return self._wide[year, column].copy()

    @cached_property
    def _wide(self) -> dict[tuple, pd.DataFrame]:
        """The tables of `wide` that were asked for."""
        return {}

    def of(self, node: str | None = None, year: int | None = None) -> pd.DataFrame:
        """Scores of one node (default: the root) in one year (default: the year ranked), best first."""
        node = self.spec.known(node or self.spec.root)
        year, faults = arguments.of_year(self.year if year is None else year, self.years)
        refuse(f"index {self.spec.id}", faults)
        rows = self._scores[self._scores["node"].eq(node) & self._scores["year"].eq(year)]
        return rows.sort_values(["rank", "unit"], ignore_index=True)

    # Variations -----------------------------------------------------------------------------------------------------

    def vary(self, *ids: str, weights: dict | None = None, **choices) -> "Index":
        """The index under other choices (as `Spec.vary`); data, frozen posts, groups and places come along.

        Raises InputError when a choice contradicts frozen posts (transform, treatment, reference, posts, base year).
        """
        spec = self.spec.vary(*ids, weights=weights, **choices)
        refuse(
            f"index {self.spec.id}", [text for texts in self._contradictions(spec).values() for text in texts]
        )
        return self._with(spec=spec)

    def alternative(self, **choices) -> "Index":
        """As `vary`, but where a choice contradicts frozen posts the data give new ones: for robustness analyses."""
        spec = self.spec.vary(**choices)
        moved = self._contradictions(spec)
        if not moved:
            return self._with(spec=spec)
        kept = self.frozen[~self.frozen.index.get_level_values(-1).isin(moved)]
        return self._with(spec=spec, posts=kept if len(kept) else None)

    def thaw(self) -> "Index":
        """The index with the posts of its own panel."""
        return self._with(posts=None)

    def freeze(self) -> "Index":
        """The index with its posts in force frozen: from then on no new data move them."""
        refuse(
            f"index {self.spec.id}",
            []
            if self.posts.index.nlevels == 1
            else ['its posts differ by year: set reference = "base" or "pooled" to freeze them'],
        )
        return self._with(posts=self.posts)

    def drop(self, *ids: str) -> "Index":
        """The index without these nodes; siblings take over their weight."""
        return self._with(spec=self.spec.drop(*ids))

    def branch(self, node: str) -> "Index":
        """The index below one node by itself."""
        return self._with(spec=self.spec.branch(node))

    def revise(self, panel: pd.DataFrame) -> "Index":
        """The index on another panel; draws of cells that it holds are no longer needed."""
        arguments.check(self.spec, panel, f"index {self.spec.id}")
        year = self.year if self.year in set(panel["year"]) else None
        return Index(self.spec, panel, self.frozen, self.groups, self.places, year, self.draws)

    def only(self, units=None, years=None) -> "Index":
        """The index of some units or years (one or several); posts stay as they are in force only when frozen."""
        units, years, kept, faults = arguments.several(units), arguments.several(years), self.panel, []
        for unit in units or []:
            faults += [] if unit in self.units else [f"no unit '{unit}'" + suggest(unit, self.units)]
        for year in years or []:
            faults += arguments.of_year(year, self.years)[1]
        faults += [
            f"no {name} left: name one" for name, given in (("unit", units), ("year", years)) if given == []
        ]
        refuse(f"index {self.spec.id}", faults)
        kept = kept if units is None else kept[kept["unit"].isin(units)]
        return self.revise(kept if years is None else kept[kept["year"].isin(map(int, years))])

    def _with(self, **changed) -> "Index":
        parts = {"spec": self.spec, "posts": self.frozen} | changed
        spec, held = parts["spec"], self._held
        if not set(spec.series) <= set(held[0]) or self._redrawn(spec):
            held = None  # another denominator, or another transform that the mean of the draws rests on
        places = (self.groups, self.places, self.year, self.draws, held)
        return Index(parts["spec"], self.panel, parts["posts"], *places)

    def _redrawn(self, spec) -> bool:
        """Does a drawn indicator have another transform under `spec`?"""
        drawn = set() if self.draws is None else set(self.draws["indicator"])
        both = drawn & set(spec.indicators) & set(self.spec.indicators)
        return any(
            transforms.kind_of(spec.rules[name]) != transforms.kind_of(self.spec.rules[name]) for name in both
        )

    def _contradictions(self, spec) -> dict[str, list[str]]:
        """Choices of `spec` that frozen posts do not allow, by node, one sentence each."""
        if self.frozen is None:
            return {}
        found, base = {}, (self.spec.method["base_year"], spec.method["base_year"])
        for name in sorted(
            set(self.frozen.index.get_level_values(-1)) & set(spec.rules) & set(self.spec.rules)
        ):
            old, new = self.spec.rules[name], spec.rules[name]
            faults = [differs(name, key, old[key], new[key]) for key in contradictory(old, new)]
            if new["reference"] == "base" and base[0] != base[1]:
                faults.append(differs(name, "base_year", *base))
            found |= {name: faults} if faults else {}
        return found

    # Shown ----------------------------------------------------------------------------------------------------------

    def nodes(self) -> pd.DataFrame:
        """The tree as a table: node, weight in parent and index, posts in the unit of the indicator (but those that follow
        from draws), status of the data, cells that are missing (in the year ranked)."""
        spec, cells = self.spec, self.complete()
        values, rows = cells[cells["year"].eq(self.year) & cells["value"].notna()], []
        drawn = set() if self.draws is None else set(self.draws["indicator"])
        for node in spec.walk():
            rule, posts = spec.rules[node], {}
            told = node not in drawn or isinstance(rule["posts"], (list, tuple))
            if rule["leaf"] and told and self.posts.index.nlevels == 1:
                ends = transforms.in_unit(self.posts.loc[node, ["low", "high"]], transforms.kind_of(rule))
                posts = dict(zip(("low_post", "high_post"), map(float, ends)))
            own = values[values["indicator"].eq(node)]
            shares = own["status"].value_counts(normalize=True) if "status" in own else pd.Series(dtype=float)
            rows.append(
                {
                    "node": node,
                    "weight": rule["weight"],
                    "weight_in_index": self.weight_in_index[node],
                    **posts,
                    "status": dict(shares) if rule["leaf"] else {},
                    "missing": len(self.units) - len(own) if rule["leaf"] else 0,
                }
            )
        return pd.DataFrame(rows).set_index("node")

    def __repr__(self) -> str:
        frozen = (
            "frozen posts"
            if self.frozen is not None
            else f"posts of {self.spec.method['base_year'] or 'its data'}"
        )
        return f"Index {self.spec.id}: {len(self.units)} units, years {_listed(self.years)}, {frozen}"

    def _repr_html_(self) -> str:
        """The tree with weights, posts, data status and missing cells, in the language of the specification."""
        lang, spec = self.spec.lang, self.spec
        try:
            table = self.nodes()
        except InputError as error:
            return f"<b>{html.escape(spec.titles[lang])}</b><pre>{html.escape(str(error))}</pre>"
        body = []
        for node, line in table.iterrows():
            rule, leaf, level = spec.rules[node], spec.rules[node]["leaf"], int(spec.rules[node]["level"])
            low, high = line.get("low_post"), line.get("high_post")
            status = [f"{WORDS[lang].get(name, name)} {share:.0%}" for name, share in line["status"].items()]
            cells = [
                html.escape(spec.label(node)),
                f"<code>{html.escape(node)}</code>",
                f"{line['weight']:.4g}",
                f"{line['weight_in_index']:.2%}",
                {1: "+", -1: "−"}[rule["direction"]] if leaf else "",
                *(f"{one:,.6g}" if leaf and pd.notna(one) else "" for one in (low, high)),
                html.escape(str(rule[f"unit_{lang}"] or "")) if leaf else "",
                html.escape("，".join(status) if lang == "zh" else ", ".join(status)),
                f"{line['missing']}" if line["missing"] else "",
            ]
            styles = [f"padding-left:{0.5 + 1.2 * level}em;" + LEFT, LEFT, *[RIGHT] * 5, LEFT, LEFT, RIGHT]
            whole = " style='font-weight:bold'" if level < 2 and not leaf else ""
            row = zip(styles, cells, strict=True)
            body.append(
                f"<tr{whole}>" + "".join(f"<td style='{look}'>{cell}</td>" for look, cell in row) + "</tr>"
            )
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in HEADS[lang])
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes())
        return (
            f"<b>{html.escape(spec.titles[lang])}</b>　{html.escape(self._summary(lang))}"
            + (f"<ul>{notes}</ul>" if notes else "")
            + f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
        )

    def _summary(self, lang: str) -> str:
        """Units, years and posts in one line."""
        count, years, base = len(self.units), "、".join(map(str, self.years)), self.spec.method["base_year"]
        if lang == "en":
            return repr(self)
        posts = (
            "标尺两端已冻结"
            if self.frozen is not None
            else f"标尺两端取自{f' {base} 年' if base else '当年'}"
        )
        return f"{count} 个城市，{years} 年，{posts}"

    def notes(self) -> list[str]:
        """What a reader should know about posts and data before using the scores."""
        notes = [f"{name}: not among the frozen posts; its posts are those of the panel" for name in self.own]
        thin = [f"{unit}, {year}" for year, unit in self.steps().screened]
        for node in self.spec.families:
            if self.spec.rules[node]["weighting"] == "ahp":
                ratio = weights.ahp(self.spec.rules[node]["judgements"]).attrs["consistency_ratio"]
                if ratio > INCONSISTENT:
                    notes.append(
                        f"{node}: the judgements contradict each other: consistency ratio {ratio:.2f}"
                    )
        return notes + ([f"not scored, too little data: {', '.join(thin)}"] if thin else [])


def contradictory(old: dict, new: dict) -> list[str]:
    """The choices for one indicator that differ between two sets, and that frozen posts depend on."""
    keys = [key for key in HELD if not same(old[key], new[key])]
    methods = {old["normalise"], new["normalise"]}
    if len(methods) == 2 and not methods <= SAME_POSTS:
        keys.append("normalise")
    return keys


def differs(name: str, key: str, old, new) -> str:
    return (
        f"{name}: {key} = {new!r} contradicts the frozen posts, which rest on {old!r}: leave it, or let the panel "
        f"give new posts on purpose: index.thaw().vary(…)"
    )


def same(one, other) -> bool:
    return one == other or (
        not isinstance(one, (list, tuple))
        and not isinstance(other, (list, tuple))
        and pd.isna(one)
        and pd.isna(other)
    )


def _listed(years) -> str:
    return ", ".join(map(str, years))
