"""Many cases of one kind: `make test` runs a few of them, `make test-whole` all the others."""

from collections.abc import Iterable

import pytest


def few(cases: Iterable, *chosen) -> list:
    """The cases as parameters of a test, those not chosen marked `whole`; ValueError where there is none of the name."""
    cases = list(cases)
    if unknown := [one for one in chosen if one not in cases]:
        raise ValueError(f"no case {unknown}: use some of {cases}")
    return [
        one
        if one in chosen
        else pytest.param(*(one if isinstance(one, tuple) else [one]), marks=pytest.mark.whole)
        for one in cases
    ]
