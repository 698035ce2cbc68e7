"""What a notebook may not hold, seen without running it: whatever hides a failure, and outputs that are not its own.

A cell is named as JupyterLab names it, by the number in brackets left of the code cell: [2] is the second code cell.
`hidden` holds for every run; `kept` for a notebook whose outputs are stored.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterator

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from fire.errors import Finding
from fire.report import parameters

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
SEAL = "fire"  # key of the notebook's metadata under which `refresh` notes what it stored
INJECTED = "injected-parameters"
PATHS = re.compile(r"(/home/|/root/|/Users/|/tmp/|[A-Z]:\\\\Users)\S*")
CLOCK = re.compile(r"\btime\.time\(|datetime\.now\(|date\.today\(|Timestamp\.now\(|%time\b|%%time\b")
SCRIPT = re.compile(r"<(script|iframe|object|embed)\b", re.IGNORECASE)
MARKER = re.compile(r"#.*\b(nbval|pytest[_-]validate)[_-]\w+", re.IGNORECASE)
SHELL = re.compile(r"\bget_ipython\b|\bInteractiveShell\b")
META = re.compile(
    r"allow_?errors?|raises|nbval|pytest|papermill|skip|execution_(mode|allow)|enabled|ignore", re.I
)
MAGICS = ("matplotlib", "config", "run", "bash", "sh", "script", "sx", "system", "!")
OPTION = re.compile(r"--no-raise-error|--bg\b|(?<!\S)-e\b")  # -e: %run takes no exit for an error
BROAD = {
    "Exception",
    "BaseException",
    "SystemExit",
    "KeyboardInterrupt",
    "ExceptionGroup",
    "BaseExceptionGroup",
}
LEAVE = {"exit", "quit", "sys.exit", "os._exit", "os.abort", "os.kill", "SystemExit"}
UNCHECKED = {"os.system", "os.popen", "os.execv", "subprocess.getoutput", "subprocess.getstatusoutput"}
CHECKABLE = {"subprocess.run", "subprocess.call", "subprocess.Popen"}


def finding(
    rule: str, cell: int | None = None, source: str = "", line: int | None = None, **values
) -> Finding:
    """One fault, with the number of its cell and the line of `source` in it."""
    code = (source.splitlines()[line - 1 : line] or [""])[0].strip() if line else ""
    code = code if len(code) <= 80 else code[:79] + "…"
    return Finding(
        f"notebook.{rule}",
        cell=f"[{cell}]" if cell else "",
        at_zh=f"第 {line} 行 `{code}`：" if line else "",
        at_en=f"line {line} `{code}`: " if line else "",
        **values,
    )


def numbered(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Code cells with their numbers; one that was put in for parameters has the number of the cell that it fills."""
    number = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            number += INJECTED not in tags(cell)
            yield number, cell


def tags(cell: NotebookNode) -> list[str]:
    found = cell.metadata.get("tags", [])
    return [f"{tag}" for tag in found] if isinstance(found, list) else [f"{found}"]


def hidden(notebook: NotebookNode) -> list[Finding]:
    """Faults that let a failure pass, in all cells: tags, metadata, marks for checkers, swallowed errors, early ends."""
    found = [finding("meta", value=key) for key in _suspect(notebook.metadata)]
    for number, cell in numbered(notebook):
        found += [finding("tag", number, value=tag) for tag in tags(cell) if tag != parameters.TAG]
        found += [finding("meta", number, value=key) for key in _suspect(cell.metadata)]
        found += _lines(number, cell.source, {"marker": MARKER, "shell": SHELL})
        found += _code(number, cell.source)
    return found


def kept(notebook: NotebookNode) -> list[Finding]:
    """Faults of a notebook whose outputs are stored: kernel, order, stale outputs, errors, clocks, paths, scripts."""
    code = [cell for _, cell in numbered(notebook)]
    found = []
    if notebook.metadata.get("kernelspec", {}).get("name") != KERNEL["name"]:
        found.append(finding("kernel"))
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append(finding("order"))
    elif notebook.metadata.get(SEAL, {}).get("stored") != seal(notebook):
        found.append(finding("stale"))
    for number, cell in enumerate(code, 1):
        found += [finding("blank", number)] * (not cell.source.strip())
        found += [finding("semicolon", number)] * cell.source.rstrip().endswith(";")
        found += _lines(number, cell.source, {"clock": CLOCK})
        found += [finding(rule, number) for rule in _outputs(cell)]
    return found


def seal(notebook: NotebookNode) -> str:
    """A digest of the code and the stored outputs; another one means that either was changed by hand."""
    held = [[cell.source, cell.outputs] for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps(held, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def _outputs(cell: NotebookNode) -> list[str]:
    """Rules that the stored outputs of a cell break."""
    data = [output.get("data", {}) for output in cell.outputs]
    html = [f"{one.get('text/html', '')}" for one in data]
    texts = [*html, *(f"{one.get('text/plain', '')}" for one in data)]
    texts += [f"{output.get('text', '')}" for output in cell.outputs]
    broken = {
        "stderr": any(output.get("name") == "stderr" for output in cell.outputs),
        "stored": any(output.output_type == "error" for output in cell.outputs),
        "machine": any(map(PATHS.search, texts)),
        "script": any("application/javascript" in one for one in data) or any(map(SCRIPT.search, html)),
    }
    return [rule for rule, is_so in broken.items() if is_so]


def _suspect(metadata, within: str = "") -> list[str]:
    """Keys of metadata, at any depth, that a runner or a checker may take for leave to skip; tags are looked at apart."""
    found = []
    for key, value in metadata.items() if isinstance(metadata, dict) else ():
        if key not in ("tags", "language_info", "widgets"):
            found += [within + key] * bool(META.search(key)) + _suspect(value, f"{within}{key}.")
    return found


def _lines(number: int, source: str, rules: dict[str, re.Pattern]) -> list[Finding]:
    return [
        finding(rule, number, source, at)
        for at, line in enumerate(source.splitlines(), 1)
        for rule, pattern in rules.items()
        if pattern.search(line)
    ]


def _code(number: int, source: str) -> list[Finding]:
    """Faults of the code of one cell; IPython's own lines (`!`, `%`) are read as it reads them."""
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError as error:
        return [finding("syntax", number, source, error.lineno, said=error.msg)]
    found = []
    for node in ast.walk(tree):
        for rule, values in _rules(node):
            line = getattr(node, "lineno", 1)
            found.append((line, finding(rule, number, source, line, **values)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _rules(node: ast.AST) -> Iterator[tuple[str, dict]]:
    """Rules that one node of a cell's code breaks, with the values of their sentences."""
    if isinstance(node, ast.ExceptHandler):
        again = any(isinstance(inner, ast.Raise) for part in node.body for inner in ast.walk(part))
        if (node.type is None or _broad(node.type)) and not again:
            yield "swallow", {}
    if isinstance(node, ast.Raise) and node.exc is not None and _name(node.exc) in LEAVE:
        yield "leave", {}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Name) and node.value.id in LEAVE:
        yield "leave", {}
    if not isinstance(node, ast.Call):
        return
    name = _name(node.func)
    if name.removeprefix("contextlib.") == "suppress" and any(map(_broad, node.args)):
        yield "swallow", {}
    if name in LEAVE - {"SystemExit"}:
        yield "leave", {}
    checks = any(
        word.arg == "check" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in node.keywords
    )
    if name in UNCHECKED or (name in CHECKABLE and not checks):
        yield "unchecked", {}
    if name.startswith("get_ipython.") and name.endswith("_magic"):
        magic, line = [*(f"{getattr(word, 'value', '')}" for word in node.args), "", ""][:2]
        if magic not in MAGICS:
            yield "magic", {"value": f"%{magic}", "have": ", ".join(f"%{one}" for one in MAGICS)}
        elif option := OPTION.search(line):
            yield "option", {"value": option[0]}


def _broad(node: ast.AST) -> bool:
    """Whether a type of error, or one of a tuple of them, stands for nearly all."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(_name(part).rpartition(".")[2] in BROAD for part in parts)


def _name(node: ast.AST) -> str:
    """The dotted name of what is called or raised; calls in it are left out."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
