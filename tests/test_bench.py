"""The table of benchmarks: ratios and goals, areas that stay, and the page that shows the rows kept."""

import pytest

from tests.bench import docs
from tests.bench.rows import growth, room, row


def test_a_row_says_whether_its_goal_is_met():
    slow, fast = (row("x", value, "s", "peer", 2.0, most=1.5) for value in (4.0, 3.0))
    assert (slow["ratio"], slow["ok"], room(slow)) == (2, False, pytest.approx(4 / 3))
    assert fast["ok"] and room(fast) == 1
    rate = row("x", 3.0, "draws/s", "peer", 2.0, least=3)
    assert not rate["ok"] and room(rate) == 2 and room(row("x", 1, "s", "peer", 2)) is None


def test_growth_is_held_against_that_of_the_size():
    rows = [row("x", value, "s", "peer", 1, size=size) for value, size in ((2, 10), (9, 30))]
    assert growth("x", rows)["ratio"] == 1.5 and not growth("x", rows)["ok"]


def test_rows_of_areas_that_were_not_run_stay():
    old = [{"area": area, "name": "old"} for area in ("a", "b", "c")]
    assert [one["name"] for one in docs.merged(old, [{"area": "b", "name": "new"}] * 2)] == [
        "old",
        "new",
        "new",
        "old",
    ]


def test_the_page_shows_the_rows_that_are_kept():
    rows, page = docs.read(docs.ROWS), docs.PAGE.read_text(encoding="utf-8")
    assert rows and docs.placed(page, rows) == page
    assert all(one["peer"] and one["reference"] > 0 for one in rows) and docs.FIGURE.exists()
