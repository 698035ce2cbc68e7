"""The page docs/coinr-example.md runs, and prints what it says."""

import contextlib
import io
import re

from fire.files import ROOT

PAGE = ROOT / "docs" / "coinr-example.md"
BLOCK = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.S)


def run(text: str) -> list[tuple[str, str]]:
    """Pairs of what the page says a block prints and what it prints."""
    names, pairs = {}, []
    for code, printed in BLOCK.findall(text):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, PAGE.name, "exec"), names)
        pairs.append((printed, out.getvalue()))
    return pairs


def clean(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def test_the_page_prints_what_it_says(monkeypatch):
    monkeypatch.chdir(ROOT)
    pairs = run(PAGE.read_text(encoding="utf-8"))
    assert len(pairs) == 8
    for said, printed in pairs:
        assert clean(printed) == clean(said)
