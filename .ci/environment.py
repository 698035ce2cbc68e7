"""Which environment serves: an active conda or venv environment that holds every locked package, or else .venv.

Runs before anything is installed: standard library only, and no syntax that an old Python does not know.

    python3 .ci/environment.py check [requirements.lock]    does this interpreter hold the lock? one line, exit status 0 or 1
    python3 .ci/environment.py choose [requirements.lock]   the folder of the active environment that holds it, on standard output; if none does, why
    python3 .ci/environment.py able                         can this interpreter build .venv?
"""

import ast
import operator
import os
import platform
import re
import subprocess
import sys

OLDEST = (3, 11)
SHOWN = 5  # packages named in a message
COMPARE = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def facts():
    """What a marker may ask about this interpreter."""
    return {
        "python_version": "{}.{}".format(*sys.version_info),
        "python_full_version": platform.python_version(),
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_system": platform.system(),
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "implementation_name": sys.implementation.name,
    }


def parts(version):
    """A version as a tuple that compares: 3.12.0 -> (3, 12), so that 3.12 and 3.12.0 are one."""
    found = [int(word) if word.isdigit() else word for word in re.findall(r"\d+|[a-z]+", version.lower())]
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)


def applies(marker, known=None):
    """Does the marker of a pin hold here? A marker that cannot be read counts as holding: better to ask for too much.

    >>> applies("python_version >= '3.12' and sys_platform != 'win32'", {"python_version": "3.9", "sys_platform": "linux"})
    False
    >>> applies("python_full_version == '3.12.*'", {"python_full_version": "3.12.4"})
    True
    >>> applies("phase_of_the_moon == 'full'", {})
    True
    """
    known = facts() if known is None else known

    def value(node):
        return known[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)

    def holds(node):
        if isinstance(node, ast.BoolOp):
            several = [holds(part) for part in node.values]
            return all(several) if isinstance(node.op, ast.And) else any(several)
        (sign,), (right,) = node.ops, node.comparators
        versions = any(isinstance(side, ast.Name) and "version" in side.id for side in (node.left, right))
        left, right = value(node.left), value(right)
        if isinstance(sign, (ast.In, ast.NotIn)):
            return (left in right) == isinstance(sign, ast.In)
        if versions and right.endswith(".*"):
            same = (left + ".").startswith(right[:-1])
            return same == isinstance(sign, ast.Eq)
        if versions:
            left, right = parts(left), parts(right)
        return COMPARE[type(sign)](left, right)

    try:
        return not marker or holds(ast.parse(marker, mode="eval").body)
    except (SyntaxError, KeyError, ValueError, TypeError, AttributeError):
        return True


def pins(lock):
    """(name, version, marker) of every pin of a lock."""
    with open(lock, encoding="utf-8") as lines:
        found = re.findall(
            r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)[ ]*(?:;([^\\\n]*))?", lines.read(), re.M
        )
    return [(name, version, marker.strip()) for name, version, marker in found]


def differences(lock, installed=None):
    """(packages the lock asks for here, [name version] missing, [name version (locked version)] at another version)."""
    if installed is None:
        from importlib import metadata

        def installed(name):
            try:
                return metadata.version(name)
            except metadata.PackageNotFoundError:
                return None

    wanted = [(name, version) for name, version, marker in pins(lock) if applies(marker)]
    have = {name: installed(name) for name, _ in wanted}
    missing = [f"{name} {version}" for name, version in wanted if have[name] is None]
    other = [
        f"{name} {have[name]} ({version})"
        for name, version in wanted
        if have[name] is not None and parts(have[name]) != parts(version)
    ]
    return len(wanted), missing, other


def some(words):
    return ", ".join(words[:SHOWN]) + (" …" if len(words) > SHOWN else "")


def old():
    """The complaint about a Python that is too old, or nothing."""
    if sys.version_info >= OLDEST:
        return ""
    return (
        "FIRE 需要 Python {0} 或更新版本，现在是 {1}；例如：make PYTHON=python3.12 · "
        "FIRE needs Python {0} or newer, this is {1}; for example: make PYTHON=python3.12"
    ).format("{}.{}".format(*OLDEST), platform.python_version())


def check(lock):
    """(does this environment hold the lock, one line in Chinese and English)."""
    if old():
        return False, old()
    count, missing, other = differences(lock)
    if not (missing or other):
        return True, (
            f"使用环境 {sys.prefix}：{count} 个软件包与 requirements.lock 一致 · "
            f"Using the environment {sys.prefix}: its {count} packages are those of requirements.lock"
        )
    zh = [f"缺 {len(missing)} 个：{some(missing)}"] * bool(missing)
    en = [f"{len(missing)} missing: {some(missing)}"] * bool(missing)
    zh += [f"版本不同 {len(other)} 个（括号内为应有版本）：{some(other)}"] * bool(other)
    en += [f"{len(other)} at another version (the locked one in parentheses): {some(other)}"] * bool(other)
    return (
        False,
        "环境 {0} 与 requirements.lock 不符：{1} · The environment {0} differs from requirements.lock: {2}".format(
            sys.prefix, "；".join(zh), "; ".join(en)
        ),
    )


def choose(lock, own):
    """The folder of the first active environment that holds the lock, or nothing; `own` is the one that make builds."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        folder = os.environ.get(name, "")
        python = os.path.join(folder, "bin", "python")
        if not folder or not os.path.exists(python) or os.path.realpath(folder) == os.path.realpath(own):
            continue
        if re.search(r"\s", folder):
            say(
                f"环境路径含有空格，make 无法使用：{folder} · make cannot use an environment whose path holds a space: {folder}"
            )
        elif (
            subprocess.call([python, os.path.abspath(__file__), "check", lock], stdout=subprocess.DEVNULL)
            == 0
        ):
            return folder
    return ""


def able():
    """The complaint about an interpreter that cannot build .venv, or nothing."""
    if old():
        return old()
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        package = os.path.basename(sys.executable or "python3") + "-venv"
        return (
            f"本机的 Python 缺少 venv 组件，请先运行：sudo apt install {package} · "
            f"This Python lacks its venv module; first run: sudo apt install {package}"
        )
    return ""


def say(line):
    print(line, file=sys.stderr)


def main(words):
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    verb = words[0] if words else "check"
    lock = words[1] if len(words) > 1 else os.path.join(here, "requirements.lock")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if verb == "choose":
        print(choose(lock, os.path.join(here, ".venv")))
        return 0
    if verb == "able":
        complaint = able()
        if complaint:
            say(complaint)
        return int(bool(complaint))
    held, line = check(lock)
    print(line, file=sys.stdout if held else sys.stderr)
    return int(not held)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
