"""A made-up edition 2023 in a scratch copy of the project, as an institute would make it: its own cities, an indicator
more, data of its own for two years, posts kept from edition 2022, no printed facts, every cell observed.

    python -m tests.made_up /tmp/scratch      # writes the copy; then, there: python -m fire report 2023
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from fire import files
from fire.index import draws
from fire.index import spec as specs

LEFT, JOINED = "拉萨", {"甲城": "Jia City", "乙城": "Yi City"}  # 乙城 has no data of the year before
LATE = "乙城"
NEW = "digital_yuan"
NODE = f"""
[[node]]
id = "{NEW}"
parent = "finance"
label = {{ zh = "数字人民币商户数", en = "Digital-yuan merchants" }}
weight = "1/2"
unit = {{ zh = "户", en = "merchants" }}
direction = 1
transform = "log1p"
"""
YAML = """# A made-up edition.
edition: {name}
year: 2022
base_year: 2020
specification: fire-2023
panel: data/raw/panel-2023.csv
places: data/raw/places-2023.csv
regions: data/raw/regions-2023.csv
records: data/records
focus_region: 长三角
languages: [zh, en]
posts: {posts}
"""


def scratch(folder: Path) -> Path:
    """Copy what git knows of the project, and the derived data that are there, into `folder`."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=files.ROOT,
        check=True,
        capture_output=True,
    )
    names = [name for name in done.stdout.decode().split("\0") if name]
    derived = ["build/fonts", "build/fire.duckdb", "data/sample/records"]
    names += [
        path.relative_to(files.ROOT).as_posix()
        for one in derived
        for path in [*(files.ROOT / one).rglob("*"), files.ROOT / one]
        if path.is_file()
    ]
    for name in names:
        source, target = files.ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def places(root: Path) -> pd.DataFrame:
    """58 of the cities of 2022 and two that joined."""
    old = files.read_csv(root / "data" / "places.csv")
    kept = old[old["city"].ne(LEFT)]
    like = kept[kept["city"].isin(["宁波", "郑州"])]
    new = like.assign(city=list(JOINED), city_en=list(JOINED.values()), adcode=["990100", "990200"])
    return pd.concat([kept, new.assign(lon=like["lon"].astype(float) + 0.4)], ignore_index=True)


def panel(root: Path, spec) -> pd.DataFrame:
    """Two years of made-up values near those of 2021, whole numbers where they were whole."""
    rng = np.random.default_rng(2023)
    known = files.read_csv(root / "data" / "panel-2022.csv")
    known = known.assign(year=known["year"].astype(int), value=known["value"].astype(float))
    old = draws.completed(known, draws.read(root / "data" / "sample" / "draws-2022.parquet"), spec)
    old = old.loc[old["year"].eq(2021), ["unit", "indicator", "value"]]
    counts = old["indicator"].map(spec.nodes["transform"]).eq("log1p")
    old["value"] = old["value"].where(~counts, old["value"].round())
    like = [old[old["unit"].eq(other)].assign(unit=name) for name, other in zip(JOINED, ["宁波", "郑州"])]
    cells = pd.concat([old[old["unit"].ne(LEFT)], *like], ignore_index=True)
    extra = pd.DataFrame({"unit": cells["unit"].unique(), "indicator": NEW})
    extra["value"] = rng.integers(10, 100_000, len(extra)).astype(float)
    cells = pd.concat([cells, extra], ignore_index=True)
    years, units = [], sorted(cells["unit"].unique())
    counted = cells["indicator"].isin(spec.nodes.index[spec.nodes["unit_zh"].isin(list("人件家次户"))])
    still = cells["indicator"].isin(["tertiary_share", "patents_cumulative"])  # of last year as it was
    for year, low, high in (
        (2021, 0.98, 1.01),
        (2022, 1.02, 1.2),
    ):  # a city grows as one: parts stay below wholes
        growth = cells["unit"].map(dict(zip(units, rng.uniform(low, high, len(units)))))
        value = cells["value"] * growth.mask(
            cells["indicator"].eq("tertiary_share") | still & (year == 2021), 1
        )
        years.append(cells.assign(year=year, value=value.where(~counted, value.round()).round(4)))
    table = pd.concat(years, ignore_index=True)
    table = table[~(table["unit"].eq(LATE) & table["year"].eq(2021))]
    return table.assign(status="observed", source="made up")[
        ["unit", "year", "indicator", "value", "status", "source"]
    ]


def records(root: Path) -> None:
    """The sample records a year later, with a made-up city in place of the one that left, as if observed."""
    (root / "data" / "records").mkdir(parents=True, exist_ok=True)
    for path in (root / "data" / "sample" / "records").iterdir():
        if path.suffix != ".parquet":
            text = path.read_text(encoding="utf-8").replace('"simulated"', '"observed"')
            (root / "data" / "records" / path.name).write_text(text, encoding="utf-8")
            continue
        table = pd.read_parquet(path)
        for column in ("founded", "applied", "date"):
            if column in table:
                table[column] = (pd.to_datetime(table[column]) + pd.DateOffset(years=1)).dt.date
        if "city" in table:
            table["city"] = table["city"].replace(LEFT, next(iter(JOINED)))
        table.to_parquet(root / "data" / "records" / path.name, index=False)


def write(root: Path) -> Path:
    """Write everything that edition 2023 needs below `root`; returns its YAML file."""
    text = (root / "data" / "indices" / "fire-2022.toml").read_text(encoding="utf-8")
    text = (
        text.replace('id = "fire-2022"', 'id = "fire-2023"')
        .replace("（2022）", "（2023）")
        .replace("Index 2022", "Index 2023")
    )
    head, tail = text.split('id = "inclusive_finance"')
    tail = tail.replace("weight = 1\n", 'weight = "1/2"\n', 1).replace(
        'weight = "1"\n', 'weight = "1/2"\n', 1
    )
    (root / "data" / "indices" / "fire-2023.toml").write_text(
        head + 'id = "inclusive_finance"' + tail + NODE, encoding="utf-8"
    )
    spec = specs.load(root / "data" / "indices" / "fire-2023.toml")
    raw = root / "data" / "raw"
    files.write_csv(places(root), raw / "places-2023.csv", excel=True)
    shutil.copy2(root / "data" / "regions.csv", raw / "regions-2023.csv")
    files.write_csv(panel(root, spec), raw / "panel-2023.csv", excel=True)
    records(root)
    return files.write_text(root / "reports" / "editions" / "2023.yaml", YAML.format(name=2023, posts=2022))


def run(root: Path, *words: str, timeout: int = 1800) -> subprocess.CompletedProcess:
    """`python -m fire …` in the scratch copy."""
    names = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTEST"))
    }
    names |= {"PYTHONPATH": str(root), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "fire", *words],
        cwd=root,
        env=names,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


if __name__ == "__main__":
    target = Path(sys.argv[1])
    scratch(target)
    print(write(target))
