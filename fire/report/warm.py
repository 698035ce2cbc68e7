"""What a warm process holds of an edition beside the libraries: its index, its stored results, the modules of analyses.

Imported there once for all notebooks of a report (`kernels.use`): `fire.load` and `fire.results.of` then give what is held.
Where something is wrong nothing is held, and the notebook that loads it says so.
Not held are the modules of figures: they set the style of all figures when a notebook imports them.
"""

import contextlib
import os
import pkgutil
from importlib import import_module

from fire.report.kernels import EDITION

ANALYSES = "fire.analysis"


def hold(name: str) -> None:
    """Hold an edition, what is stored of it, its sentences, and the modules of analyses."""
    from fire import edition
    from fire.analysis import results
    from fire.report import narrative

    for module in pkgutil.iter_modules(import_module(ANALYSES).__path__, f"{ANALYSES}."):
        import_module(module.name)
    ed = edition.hold(name)
    results.hold(ed)
    narrative.catalogue(*narrative.folders(ed))


if EDITION in os.environ:
    with contextlib.suppress(Exception):
        hold(os.environ[EDITION])
