"""One yearly edition: its YAML file, its inputs, its posts and its locked results."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import yaml

from fire import files, score
from fire import panel as panels
from fire import spec as specs
from fire.errors import InputError

EDITIONS = files.REPORTS / "editions"


@dataclass(frozen=True)
class Edition:
    """What one report rests on: `.spec`, `.panel()`, `.scores()`, `.places()`, `.regions()` and the settings of its file."""

    name: str
    settings: dict

    @cached_property
    def spec(self):
        return specs.load(self.settings["specification"])

    @property
    def year(self) -> int:
        return self.settings["year"]

    @property
    def base_year(self) -> int:
        return self.settings["base_year"]

    @property
    def focus_region(self) -> str:
        return self.settings["focus_region"]

    @cached_property
    def _panel(self) -> pd.DataFrame:
        path = files.ROOT / self.settings["panel"]
        if not Path(path).exists():
            raise InputError(self.settings["panel"], ["the file does not exist: type `make data` to build it"])
        return panels.read(path)

    def panel(self) -> pd.DataFrame:
        return self._panel.copy()

    def scores(self) -> pd.DataFrame:
        return score.compute(self.spec, self.panel())

    def places(self) -> pd.DataFrame:
        places = files.read_csv(files.DATA / "places.csv")
        return places.astype({"lon": float, "lat": float})

    def regions(self) -> pd.DataFrame:
        return files.read_csv(files.DATA / "regions.csv")


def load(edition: int | str) -> Edition:
    """Load an edition by its number: `load(2022)`, `load("2022.1")`."""
    path = EDITIONS / f"{edition}.yaml"
    if not path.exists():
        have = ", ".join(sorted(file.stem for file in EDITIONS.glob("*.yaml")))
        raise InputError(f"edition {edition}", [f"no file {path.name} in reports/editions: use one of {have}"])
    return Edition(str(edition), yaml.safe_load(path.read_text(encoding="utf-8")))
