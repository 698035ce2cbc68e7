"""Firm, patent, deal and institution records: read, check, match to cities; what was used and what was set aside.

Rules run in a fixed order and a row that breaks several is counted under the first, so that for every table
input = used + set aside. Firms are few and are checked in pandas; patents and deals may be billions and are checked
by the engine (fire.engines).
"""

from pathlib import Path
from typing import NamedTuple

import ibis
import pandas as pd
from ibis import _
from stdnum.cn import uscc

from fire import files
from fire.errors import InputError, refuse
from fire.sources import engines
from fire.sources.names import Roster, plain
from fire.sources.tables import schema

TABLES = ["firms", "patents", "deals", "institutions"]
FOLDER = files.DATA / "sample" / "records"  # the sample; your own records stand in data/records
OTHER = "其他"  # place of firms outside the index cities; the fourteenth region of chapter 4 (assumed)
TRUTH = {
    "true": True,
    "1": True,
    "是": True,
    "yes": True,
    "y": True,
    "false": False,
    "0": False,
    "否": False,
    "no": False,
    "n": False,
}
TYPES = {
    "string": ("string", "integer"),
    "integer": ("string", "integer", "floating"),
    "date": ("string", "date", "timestamp"),
    "number": ("string", "integer", "floating", "decimal"),
    "boolean": ("string", "boolean", "integer"),
}
RULES = {  # rule: (zh, en, action); the order is the order of checking
    "missing": ("必填项缺失", "required cell empty", "set aside"),
    "malformed": ("日期、数字或是否值无法识别", "malformed date, number or yes/no", "set aside"),
    "unlisted": ("取值不在规定范围内", "value not in the list of the schema", "set aside"),
    "future": ("日期晚于统计截止日", "dated after the closing date", "set aside"),
    "duplicate_id": ("编号重复，保留首条", "identifier repeated, first row kept", "set aside"),
    "unmatched_place": ("城市无法匹配", "place not matched to a city", "set aside"),
    "unknown_track": ("赛道不在 data/technology.csv 之列", "track not in data/technology.csv", "set aside"),
    "duplicate_firm": (
        "同名或同代码企业，记录并入首家",
        "same code, or same name and city: merged into the first",
        "set aside",
    ),
    "unknown_firm": ("企业不在企业表中", "firm not in the table of firms", "set aside"),
    "firm_set_aside": ("企业记录已被搁置", "its firm was set aside", "set aside"),
    "check_digit": ("信用代码校验位错误，忽略代码", "wrong check digit: code ignored, firm kept", "flagged"),
    "formula_like": ("文本形似公式，按文本输出", "formula-like text, written out as text", "flagged"),
}
DATED = {"firms": "founded", "patents": "applied", "deals": "date"}  # the date of a record
AT_ONCE = 2**23  # identifiers that are compared at a time: half a gigabyte
SOURCE = {"zh": "企业、专利与融资记录", "en": "Firm, patent and deal records"}


class Records(NamedTuple):
    """Checked tables (Ibis, by name), the quality table, and the rows set aside (Ibis, with `rule`)."""

    tables: dict
    quality: pd.DataFrame
    set_aside: dict


def locate(folder: str) -> Path | str:
    """The folder that an edition names: an address (s3://…) as it is, else inside the repository."""
    return folder if "://" in folder else files.ROOT / folder


def _described(folder: Path | str = FOLDER) -> dict:
    """What datapackage.json of a folder of records says of them; nothing without that file."""
    name = "datapackage.json"
    if f"{folder}".startswith(engines.STORED):
        system, path = engines.storage(f"{folder}")
        if not system.get_file_info(f"{path}/{name}").is_file:
            return {}
        with system.open_input_stream(f"{path}/{name}") as stream:
            return files.parsed_json(stream.read(), f"{folder}/{name}")
    path = Path(f"{folder}/{name}")
    return files.read_json(path) if path.exists() else {}


def status(folder: Path | str = FOLDER) -> str:
    """Status of a folder of records: `status` in its datapackage.json, else observed."""
    return _described(folder).get("status", "observed")


def source(folder: Path | str = FOLDER) -> dict:
    """Source (zh, en) of what is counted from a folder of records: `source_zh`, `source_en` of its datapackage.json."""
    package = _described(folder)
    return {lang: package.get(f"source_{lang}", text) for lang, text in SOURCE.items()}


def technology() -> pd.DataFrame:
    """The 27 tracks and their six categories: `track, track_en, category, category_en, track_basis, category_basis`."""
    return files.read_csv(files.DATA / "technology.csv")


def read(folder: Path | str, con) -> dict[str, ibis.Table]:
    """Lazy tables of the four record files in `folder`: `<name>.parquet` (a file or a folder of parts) or `<name>.csv`.

    `folder` may be an address in object storage; then the files are Parquet. Raises InputError that lists every file
    that is missing, empty or corrupt, every column that is missing, and every column of a wrong type.
    """
    tables, faults = {}, []
    if con.name == "duckdb" and f"{folder}".startswith(engines.STORED):
        engines.storage(f"{folder}")  # one sentence where none of the four can be read
    for name in TABLES:
        try:
            table = _raw_table(folder, name, con)
            faults += _shape_faults(table, name)
            tables[name] = table
        except InputError as error:
            faults += [f"{error.what}: {fault}" for fault in error.faults]
    refuse(f"records in {folder}", faults)
    return tables


def _raw_table(folder: Path | str, name: str, con) -> ibis.Table:
    """The raw table `name` of a folder, not yet typed."""
    parquet, text = f"{folder}/{name}.parquet", Path(f"{folder}/{name}.csv")
    if "://" not in str(folder) and not Path(parquet).exists():
        refuse(
            f"{folder}",
            []
            if text.exists()
            else [
                f"neither {name}.parquet nor {name}.csv is there: add one, "
                "or type `make data` for the simulated sample"
            ],
        )
        return engines.local_table(con, files.read_csv(text).astype("string"))
    return engines.read_parquet(con, parquet)


def _shape_faults(table: ibis.Table, name: str) -> list[str]:
    """Faults of a whole table: no rows, missing columns, columns of a type that cannot hold the field."""
    columns = table.schema()
    faults = [
        f"{name}: column '{field['name']}' is missing: add it ({field['description']})"
        for field in schema(name)["fields"]
        if field["name"] not in columns
    ]
    for field in schema(name)["fields"]:
        kind = columns.get(field["name"])
        fits = (
            kind is None
            or kind.is_null()
            or any(getattr(kind, f"is_{one}")() for one in TYPES[field["type"]])
        )
        if not fits:
            faults.append(
                f"{name}: column '{field['name']}' has type {kind}: store it as {field['type']} or text"
            )
    if not faults and table.limit(1).count().execute() == 0:
        faults.append(
            f"{name}: the table has no rows: an empty table would count as zero, so leave no table empty"
        )
    return faults


def typed(column: ibis.Column, kind: str) -> ibis.Column:
    """A raw column as the schema's type, missing where unreadable. Dates: 2021-3-5, 2021/03/05, 2021年3月5日."""
    if kind == "string":
        return column.cast("string").strip().nullif("")
    if not column.type().is_string():
        return column.cast({"integer": "int64", "number": "float64"}.get(kind, kind))
    text = column.strip()
    if kind == "boolean":
        return text.lower().cases(*TRUTH.items(), else_=None)
    if kind == "date":
        parts = [text.re_extract(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$", part) for part in (1, 2, 3)]
        return (
            ibis.literal("-").join([parts[0], parts[1].lpad(2, "0"), parts[2].lpad(2, "0")]).try_cast("date")
        )
    return text.re_replace(r"(\d)[,，](\d{3})", r"\1\2").try_cast({"integer": "int64"}.get(kind, "float64"))


def _ruled(table: ibis.Table, name: str, as_of: str, con) -> ibis.Table:
    """The table in the schema's types with a column `rule`: the first general rule each row breaks, or missing."""
    fields = schema(name)["fields"]
    raw = {field["name"]: table[field["name"]] for field in fields}
    raw |= {name: typed(column, "string") for name, column in raw.items() if column.type().is_string()}
    typing = {field["name"]: typed(table[field["name"]], field["type"]) for field in fields}
    key, nothing = schema(name)["primaryKey"][0], ibis.literal(False)
    checks = {"missing": nothing, "malformed": nothing, "unlisted": nothing, "future": nothing}
    for field in fields:
        column, limits = field["name"], field.get("constraints", {})
        value = typing[column]
        if limits.get("required"):
            checks["missing"] |= raw[column].isnull()
        if field["type"] != "string":
            checks["malformed"] |= raw[column].notnull() & value.isnull()
        if "enum" in limits:
            checks["unlisted"] |= value.notnull() & value.notin(limits["enum"])
        if "minimum" in limits:
            checks["unlisted"] |= (value < limits["minimum"]).fill_null(False)
        if field["type"] == "date":
            checks["future"] |= (value > ibis.date(as_of)).fill_null(False)
    rule = ibis.cases(*[(broken, rule) for rule, broken in checks.items()], else_=ibis.null("string"))
    return _first_of_each(table.select(**typing, rule=rule), key, con)


def _repeated(table: ibis.Table, key: str) -> ibis.Table:
    """The identifiers that stand in several rows, one row each."""
    named = table.filter(_[key].notnull())
    return named.group_by(key).having(_.count() > 1).agg(rows=_.count()).select(key)


def _all_differ(table: ibis.Table, key: str, con) -> bool:
    """Is no identifier in two rows, as far as is quickly seen? DuckDB compares short marks (hashes) of them, AT_ONCE at a
    time, so that they fit into its memory: equal identifiers have equal marks."""
    if con.name != "duckdb":
        return _none(_repeated(table, key))
    marks = engines.keep(con, table.filter(_[key].notnull()).select(mark=_[key].hash()))
    passes = 1 + marks.count().execute() // AT_ONCE
    parts = (marks.filter((_.mark % passes).abs() == part) for part in range(passes))
    differ = all(_none(_repeated(part, "mark")) for part in parts)
    con.raw_sql(f"DROP TABLE {marks.get_name()}")
    return differ


def _none(table: ibis.Table) -> bool:
    return table.limit(1).count().execute() == 0


def _first_of_each(table: ibis.Table, key: str, con) -> ibis.Table:
    """Mark repeated identifiers as duplicates, keeping the first in the order of all columns; two steps, so it spills.

    Where none is there twice in any row, which is quickly seen, no rule need be known yet.
    """
    if _all_differ(table, key, con):
        return table
    good = table.filter(_.rule.isnull())
    repeated = _repeated(good, key)
    if _none(repeated):
        return table
    copy = ibis.row_number().over(
        group_by=key, order_by=[column for column in table.columns if column != "rule"]
    )
    copies = good.semi_join(repeated, key).mutate(copy=copy)
    marked = copies.mutate(rule=ibis.ifelse(_.copy > 0, "duplicate_id", ibis.null("string"))).drop("copy")
    return ibis.union(table.filter(_.rule.notnull()), good.anti_join(repeated, key), marked)


def match_places(texts: pd.Series, places: pd.DataFrame) -> pd.Series:
    """City of each text, missing when none fits; a province before and a district after the city are ignored.

    Parameters: `texts` any writing of a place; `places` with `city, city_en, province, adcode`.
    """
    roster = Roster.of_places(places)
    others = {text: OTHER for text in texts.dropna().unique() if plain(text) in (OTHER, "other")}
    found = {text: others.get(text) or roster.within(text) for text in texts.dropna().unique()}
    return texts.map(found).astype("string")


def _check_firms(firms: pd.DataFrame, places: pd.DataFrame, tracks: dict[str, str]) -> pd.DataFrame:
    """Firms with `city, region, category`, their `rule`, `flag`, and `same_as`: the firm each one was merged into."""
    firms = firms.sort_values(["firm", "rule"], na_position="first", kind="stable").reset_index(drop=True)
    city, rule = match_places(firms["city"], places), firms["rule"].astype("string")
    track = firms["tracks"].astype("string").str.split(";").str[0].str.strip()
    valid = firms["uscc"].map(lambda code: uscc.is_valid(str(code)), na_action="ignore").eq(True)
    code = firms["uscc"].map(plain, na_action="ignore").where(valid)
    rule = rule.mask(rule.isna() & city.isna(), "unmatched_place")
    rule = rule.mask(rule.isna() & ~track.isin(tracks), "unknown_track")
    good = rule.isna()
    who = firms["name"].map(plain, na_action="ignore").str.cat(city, sep="|")
    same_as = firms["firm"].where(good)
    for key in (code, who):
        first = same_as.where(good).groupby(key).transform("first")
        same_as = same_as.where(~good | first.isna(), first)
        good = good & same_as.eq(firms["firm"])
    same_as = same_as.map(dict(zip(firms["firm"][rule.isna()], same_as[rule.isna()])))
    rule = rule.mask(rule.isna() & ~good, "duplicate_firm")
    formula = firms["name"].str.match(r"^\s*[=+\-@]").eq(True)
    flag = pd.Series(pd.NA, firms.index, "string").mask(formula, "formula_like")
    flag = flag.mask(firms["uscc"].notna() & ~valid, "check_digit")
    region = city.map(places.set_index("city")["region"].to_dict() | {OTHER: OTHER})
    return firms.assign(
        place=firms["city"],
        city=city,
        region=region,
        track=track,
        category=track.map(tracks),
        rule=rule,
        flag=flag,
        same_as=same_as,
    )


def check(raw: dict[str, ibis.Table], con, as_of: str, places: pd.DataFrame) -> Records:
    """Check the four tables against the schemas and each other.

    Parameters: `raw` from `read`; `as_of` the closing date (rows after it are set aside); `places` as data/places.csv.
    Raises InputError when no row of a table is usable.
    """
    tracks = technology().set_index("track")["category"].to_dict()
    marked = {name: _ruled(raw[name], name, as_of, con) for name in TABLES}
    firms = _check_firms(to_pandas(marked["firms"]), places, tracks)
    listed = firms.drop_duplicates("firm")[["firm", "same_as"]].rename(columns={"firm": "listed"})
    lookup = engines.local_table(con, listed)
    for name in ("patents", "deals"):
        marked[name] = _attach_firms(marked[name], lookup)
    unlisted = marked["patents"].rule.isnull() & marked["patents"].track.notin(list(tracks))
    marked["patents"] = marked["patents"].mutate(rule=ibis.ifelse(unlisted, "unknown_track", _.rule))
    institutions = to_pandas(marked["institutions"])
    institutions["city"] = match_places(institutions["city"], places)
    unmatched = institutions["rule"].isna() & institutions["city"].isna()
    institutions["rule"] = institutions["rule"].mask(unmatched, "unmatched_place")
    marked |= {
        "firms": engines.local_table(con, firms.drop(columns="same_as")),
        "institutions": engines.local_table(con, institutions),
    }
    marked = {name: engines.keep(con, table) for name, table in marked.items()}
    counts = _quality(marked)
    used = counts[counts["action"] == "used"].set_index("table")["rows"]
    refuse(
        "records",
        [
            f"{name}: no usable row: see the rules {', '.join(counts.loc[counts['table'] == name, 'rule'])}"
            for name in TABLES
            if used[name] == 0
        ],
    )
    return Records(
        {name: table.filter(_.rule.isnull()).drop("rule") for name, table in marked.items()},
        counts,
        {name: table.filter(_.rule.notnull()) for name, table in marked.items()},
    )


def _attach_firms(table: ibis.Table, lookup: ibis.Table) -> ibis.Table:
    """Point each record to its checked firm (merged firms to the one kept); mark records without one."""
    joined = table.left_join(lookup, table.firm == lookup.listed)
    rule = ibis.cases(
        (_.rule.notnull(), _.rule),
        (_.listed.isnull(), "unknown_firm"),
        (_.same_as.isnull(), "firm_set_aside"),
        else_=ibis.null("string"),
    )
    return joined.mutate(rule=rule, firm=ibis.coalesce(_.same_as, _.firm)).drop("listed", "same_as")


def _quality(marked: dict[str, ibis.Table]) -> pd.DataFrame:
    """The data-quality table: `table, rule, action, rows, share_pct, latest`; for each table input = used + set aside.

    `latest`: the date (YYYY-MM-DD) of the last record used, on the row `used` of a table whose records are dated.
    """
    rows = []
    for name, table in marked.items():
        measures = {"rows": _.count()} | ({"latest": _[DATED[name]].max()} if name in DATED else {})
        found = to_pandas(table.group_by("rule").agg(**measures)).set_index("rule")
        broken, total = found.loc[found.index.notna(), "rows"], int(found["rows"].sum())
        sound, aside = found[found.index.isna()], int(broken.sum())
        latest = f"{sound['latest'].iloc[0]}"[:10] if name in DATED and len(sound) else None
        rows += [(name, "input", "input", total, None), (name, "used", "used", total - aside, latest)]
        rows += [(name, rule, "set aside", int(broken[rule]), None) for rule in RULES if rule in broken]
        if "flag" in table.columns:
            flags = to_pandas(
                table.filter(_.rule.isnull() & _.flag.notnull()).group_by("flag").agg(rows=_.count())
            )
            rows += [
                (name, flag, "flagged", int(count), None)
                for flag, count in sorted(zip(flags["flag"], flags["rows"]))
            ]
    frame = pd.DataFrame(rows, columns=["table", "rule", "action", "rows", "latest"])
    share = 100 * frame["rows"] / frame.groupby("table")["rows"].transform("first")
    return frame.assign(share_pct=share)[["table", "rule", "action", "rows", "share_pct", "latest"]]


def to_pandas(table: ibis.Table) -> pd.DataFrame:
    """A small table as a frame, by Arrow, with the same types whatever the engine."""
    return table.to_pyarrow().to_pandas()
