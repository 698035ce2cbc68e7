"""The live loop as an author lives it: edit, see the page, make a mistake, mend it, stop."""

import signal
import socket
import subprocess
import urllib.request

import processes
import psutil
import pytest
from test_kernels import waited

from fire.report import kernels

pytestmark = [pytest.mark.whole, pytest.mark.skipif(not kernels.LINUX, reason="uses signals")]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return processes.project(tmp_path_factory.mktemp("live") / "project")


def free() -> int:
    """A port that nobody uses."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_an_edit_shows_and_a_mistake_is_told_while_the_last_page_stays(root):
    port, said = free(), root / "said.txt"
    text, texts = (
        root / "reports" / "template" / "zh" / "77-small.md",
        root / "reports" / "exhibits" / "small.toml",
    )

    def page() -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/chapters/77-small.zh.html") as found:
                return found.read().decode()
        except OSError:
            return ""

    with open(said, "w", encoding="utf-8") as out:
        live = subprocess.Popen(
            [processes.sys.executable, "-m", "fire", "watch", processes.NAME, "--port", f"{port}"],
            cwd=root,
            env=processes.environment(root),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        assert waited(lambda: "livereload" in page(), 120), said.read_text(encoding="utf-8")
        good = text.read_text(encoding="utf-8")
        text.write_text(f"{good}\n改过的一句。\n", encoding="utf-8")
        assert waited(lambda: "改过的一句" in page(), 60)
        text.write_text(f"{good}\n{{{{ table('none') }}}}\n", encoding="utf-8")
        assert waited(lambda: "no table 'none'" in said.read_text(encoding="utf-8"), 60)
        assert "改过的一句" in page()
        text.write_text(good, encoding="utf-8")
        texts.write_text(texts.read_text(encoding="utf-8").replace('"得分"', '"各城得分"'), encoding="utf-8")
        assert waited(lambda: "各城得分" in page() and "改过的一句" not in page(), 60)
        started = psutil.Process(live.pid).children(recursive=True)
        live.send_signal(signal.SIGTERM)
        assert live.wait(30) == 0
        assert waited(lambda: not any(one.is_running() and one.status() != "zombie" for one in started))
        assert "Traceback" not in said.read_text(encoding="utf-8")
    finally:
        live.kill()
