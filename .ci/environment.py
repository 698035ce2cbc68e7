"""The groups of the lock, and which environment serves: an active conda or venv environment that holds every package
of the group that a command needs, or else .venv.

The lock has a section for each group, headed `# group: name`; a group holds those before it.
Runs before anything is installed: standard library only, and no syntax that an old Python does not know.

    python3 .ci/environment.py check GROUP [requirements.lock]    does this interpreter hold the group? one line, exit status 0 or 1
    python3 .ci/environment.py choose GROUP [requirements.lock]   the folder of the active environment that holds it, on standard output; if none does, why
    python3 .ci/environment.py part GROUP [requirements.lock]     the lines of the lock that the group needs, on standard output
    python3 .ci/environment.py lock UV [requirements.lock]        resolve pyproject.toml anew with this uv, and write the lock
    python3 .ci/environment.py able                               can this interpreter build .venv?
"""

import ast
import operator
import os
import platform
import re
import subprocess
import sys

OLDEST = (3, 11)
GROUPS = (
    "report",
    "notebooks",
    "tests",
)  # each holds those before it; report = the dependencies of the project
HEAD = "# group: "
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


def read(path):
    with open(path, encoding="utf-8") as lines:
        return lines.read()


def part(text, group):
    """The sections of a lock up to that of a group; what stands before the first head belongs to all.

    >>> part("a==1\\n# group: notebooks\\nb==1\\n# group: tests\\nc==1\\n", "notebooks")
    'a==1\\n# group: notebooks\\nb==1\\n'
    """
    beyond = GROUPS[GROUPS.index(group) + 1 :]
    return re.split("^" + HEAD + "(?:" + "|".join(beyond) + ")$", text, flags=re.M)[0] if beyond else text


def sections(whole, named):
    """The lock in sections: every entry of `whole` in that of the first group whose names hold it; `named`: group -> the
    pins of that group and those before it, as text.

    >>> print(sections("a==1\\nb==1\\nc==1\\n", {"report": "b==1\\n", "tests": "a==1\\nb==1\\nc==1\\n"}), end="")
    # group: report
    b==1
    # group: tests
    a==1
    c==1
    """
    entries, found, placed = re.split(r"\n(?=\w)", whole.rstrip("\n")), [], set()
    for group, text in named.items():
        names = {name for name, _, _ in pins(text)} - placed
        placed |= names
        found += [HEAD + group] + [entry for entry in entries if entry.split("==")[0] in names]
    return "\n".join(found) + "\n"


def lock(path, uv):
    """Resolve pyproject.toml with uv, keep the versions of the lock where they still serve, and write it in sections."""
    options = ["--quiet", "--universal", "--no-header", "--no-annotate"]

    def resolve(group, *more):
        asked = [word for name in GROUPS[1 : GROUPS.index(group) + 1] for word in ("--group", name)]
        call = [uv, "pip", "compile", *options, *asked, *more, "pyproject.toml"]
        return subprocess.check_output(call, encoding="utf-8")

    fresh = path + ".new"  # of the lock uv reads the versions to keep
    with open(fresh, "w", encoding="utf-8") as copy:
        copy.write(read(path))
    resolve(GROUPS[-1], "--generate-hashes", "--output-file", fresh)
    text = sections(read(fresh), {group: resolve(group, "--constraint", fresh) for group in GROUPS})
    with open(fresh, "w", encoding="utf-8") as copy:
        copy.write(text)
    os.replace(fresh, path)


def pins(text):
    """(name, version, marker) of every pin in the text of a lock."""
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)[ ]*(?:;([^\\\n]*))?", text, re.M)
    return [(name, version, marker.strip()) for name, version, marker in found]


def differences(text, installed=None):
    """(packages the text of a lock asks for here, [name version] missing, [name version (locked version)] at another version)."""
    if installed is None:
        from importlib import metadata

        def installed(name):
            try:
                return metadata.version(name)
            except metadata.PackageNotFoundError:
                return None

    wanted = [(name, version) for name, version, marker in pins(text) if applies(marker)]
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


def check(path, group):
    """(does this environment hold a group of the lock, one line in Chinese and English)."""
    if old():
        return False, old()
    count, missing, other = differences(part(read(path), group))
    if not (missing or other):
        return True, (
            f"使用环境 {sys.prefix}：{count} 个软件包与 requirements.lock（{group}）一致 · "
            f"Using the environment {sys.prefix}: its {count} packages are those of requirements.lock ({group})"
        )
    zh = [f"缺 {len(missing)} 个：{some(missing)}"] * bool(missing)
    en = [f"{len(missing)} missing: {some(missing)}"] * bool(missing)
    zh += [f"版本不同 {len(other)} 个（括号内为应有版本）：{some(other)}"] * bool(other)
    en += [f"{len(other)} at another version (the locked one in parentheses): {some(other)}"] * bool(other)
    return (
        False,
        "环境 {0} 与 requirements.lock（{3}）不符：{1} · The environment {0} differs from requirements.lock ({3}): {2}".format(
            sys.prefix, "；".join(zh), "; ".join(en), group
        ),
    )


def choose(path, group, own):
    """The folder of the first active environment that holds a group of the lock, or nothing; `own` is the one that make builds."""
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
            subprocess.call(
                [python, os.path.abspath(__file__), "check", group, path], stdout=subprocess.DEVNULL
            )
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
    word = words[1] if len(words) > 1 else GROUPS[0]
    path = words[2] if len(words) > 2 else os.path.join(here, "requirements.lock")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if verb == "able":
        complaint = able()
        if complaint:
            say(complaint)
        return int(bool(complaint))
    if verb == "lock":
        lock(path, word)
        return 0
    if word not in GROUPS:
        say(
            "没有这一组：{0}；有 {1} · there is no group '{0}': use one of {1}".format(
                word, ", ".join(GROUPS)
            )
        )
        return 2
    if verb == "part":
        print(part(read(path), word), end="")
        return 0
    if verb == "choose":
        print(choose(path, word, os.path.join(here, ".venv")))
        return 0
    held, line = check(path, word)
    print(line, file=sys.stdout if held else sys.stderr)
    return int(not held)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
