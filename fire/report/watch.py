"""The live loop: an edit is followed at once by what it touches, and the page in the browser shows it.

`make watch` brings the web pages of an edition up to date in `build/<edition>/preview/`, serves them to this machine only,
and waits. After every edit of a text, a notebook, a module or a data file it runs the notebooks that the edit touches and
makes the pages again; a fault is told and the last good pages stay. `make watch CHAPTER=20-regions` keeps to one chapter
and is faster.
"""

import logging
import socket
import threading
from pathlib import Path

import watchfiles
from livereload import Server

from fire.errors import ROOT, InputError, shown, told
from fire.report import build, kernels

PORT = 5500
BUSY = "端口 {port} 已有别的程序在用，请换一个：fire watch --port {other} · port {port} is taken: use another, as --port {other}"
PAUSE = 200  # milliseconds without an edit after which work begins: editors write in steps


class Edits(watchfiles.DefaultFilter):
    """Edits that count: not those of hidden files, caches and half-written files."""

    def __call__(self, change, path: str) -> bool:
        return not Path(path).name.startswith(".") and super().__call__(change, path)


def watch(edition: str, chapters: list[str], port: int = PORT, say=print) -> None:
    """Serve the pages of an edition, or of some `chapters`, and follow every edit until interrupted."""
    folder = build.BUILD / edition / "preview"
    kernels.use()
    with socket.socket() as place:
        if not place.connect_ex(("127.0.0.1", port)):
            raise InputError("make watch", [BUSY.format(port=port, other=port + 1)])
    _again(edition, chapters)
    ended = threading.Event()
    hands = threading.Thread(target=_follow, args=(edition, chapters, ended, say), daemon=True)
    hands.start()
    server = Server()
    for name in ("livereload", "tornado.access"):
        logging.getLogger(name).addFilter(lambda record: record.levelno >= logging.ERROR)
    server.watch(str(folder / "index.html"))
    say(f"打开 · Open http://127.0.0.1:{port}   （Ctrl-C 结束 · Ctrl-C ends）")
    try:
        server.serve(port=port, root=str(folder))
    finally:
        ended.set()
        hands.join(timeout=10)


def _follow(edition: str, chapters: list[str], ended, say) -> None:
    """Build again after every edit."""
    watched = [ROOT / name for name in build.WATCHED if (ROOT / name).exists()]
    for edits in watchfiles.watch(*watched, watch_filter=Edits(), step=PAUSE, stop_event=ended):
        names = sorted({shown(Path(path)) for _, path in edits})
        say(f"— {'、'.join(names[:3])}{' …' * (len(names) > 3)}")
        _again(edition, chapters)


def _again(edition: str, chapters: list[str]) -> None:
    """One build in a process of its own, which reads every module anew."""
    kernels.fork(_build, edition, chapters).join()


def _build(edition: str, chapters: list[str]) -> None:
    """Bring the pages up to date; a fault is told and leaves them as they are."""
    try:
        build.build(edition, chapters, pages=True)
    except InputError as error:
        print(told(error), flush=True)
    except KeyboardInterrupt:  # the loop ends, and says so itself
        pass
