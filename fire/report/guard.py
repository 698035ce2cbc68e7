"""What a kernel lets pass, refused inside it: an IPython extension, loaded before the first cell of a strict run.

    %load_ext fire.report.guard

A command of a shell that fails, in a pipe or in the middle of a script too, raises; so does `exit()`, and so does, at the end of
its cell, an error that something on the way has swallowed: `%%capture`, a thread. Tracebacks come without colours.
"""

import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from IPython.utils.text import LSString, SList

GONE = 141  # of a command whose reader has gone, as with `| head`: no failure
SHELLS = {"bash": "set -e -o pipefail\n", "sh": "set -e\n"}  # a script stops where it fails


class Swallowed(Exception):
    """An error that the cell did not raise."""


def load_ipython_extension(shell) -> None:
    """Put the guard around a kernel's shell."""
    shell.colors = "nocolor"
    _commands(shell)
    _scripts(shell)
    _ends(shell)
    _swallowed(shell)


def _commands(shell) -> None:
    """`!command`, `out = !command`, `%sx`, aliases."""

    def run(command: str) -> subprocess.CompletedProcess:
        if command.rstrip().endswith("&"):
            raise OSError("a command in the background cannot be checked: take the & away")
        bash = shutil.which("bash")
        words = [bash, "-e", "-o", "pipefail", "-c", command] if bash else command
        return subprocess.run(
            words,
            shell=not bash,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def checked(command: str, done: subprocess.CompletedProcess) -> None:
        shell.user_ns["_exit_code"] = done.returncode
        if done.returncode and not (done.returncode == GONE and "|" in command):
            raise subprocess.CalledProcessError(done.returncode, command)

    def system(cmd: str) -> None:
        command = shell.var_expand(cmd, depth=1)
        done = run(command)
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        checked(command, done)

    def getoutput(cmd: str, split=True, depth=0):
        command = shell.var_expand(cmd, depth=depth + 1)
        done = run(command)
        checked(command, done)
        said = (done.stdout + done.stderr).rstrip("\n")
        return SList(said.splitlines()) if split else LSString(said)

    shell.system = shell.system_raw = shell.system_piped = system
    shell.getoutput = getoutput


def _scripts(shell) -> None:
    """`%%bash`, `%%script` and the like: no failure without an error, none in the background, none that does not start."""
    magics = shell.find_cell_magic("script").__self__
    original, parser = magics.shebang, magics.shebang.parser

    def shebang(line: str, cell: str):
        options, words = parser.parse_known_args(shlex.split(line))
        program = Path(words[0]).name if words else ""
        if options.bg or not options.raise_error:
            raise OSError(f"{program}: a script in the background, or without errors, cannot be checked")
        if not program or not shutil.which(words[0]):
            raise FileNotFoundError(f"there is no program '{program}'")
        return original(line, SHELLS.get(program, "") + cell)

    setattr(shebang, "parser", parser)  # noqa: B010
    magics.shebang = shebang  # what %%bash and the others call
    shell.register_magic_function(shebang, "cell", "script")


def _ends(shell) -> None:
    """`exit()` and `quit()` end a kernel without an error; an exit is told like any other, with its line."""
    show = shell.showtraceback

    def ask_exit():
        raise SystemExit("exit")

    def showtraceback(*words, **options):
        if isinstance(sys.exc_info()[1], SystemExit):
            options["exception_only"] = False
        return show(*words, **options)

    shell.ask_exit = ask_exit
    shell.showtraceback = showtraceback


def _swallowed(shell) -> None:
    """What fails inside a cell without failing it: cells run by a cell, threads."""
    seen: list = []
    run_cell = shell.run_cell

    def inside(frame) -> bool:  # whether a cell is what called
        while frame and frame.f_globals is not shell.user_ns:
            frame = frame.f_back
        return frame is not None

    def noted(*words, **options):
        result = run_cell(*words, **options)
        if not result.success and inside(sys._getframe()):
            seen.append(result.error_before_exec or result.error_in_exec)
        return result

    def thread(given):
        threading.__excepthook__(given)
        seen.append(given.exc_value)

    def ended(result):
        found = seen.pop() if seen else None
        seen.clear()
        if found and result.success:
            raise Swallowed(f"{type(found).__name__}: {found}")

    shell.run_cell = noted
    threading.excepthook = thread
    shell.events.register("post_run_cell", ended)
