"""Which modules of the project a notebook or module rests on, read from the sources with `ast`; nothing is imported."""

import ast
import hashlib
import json
from functools import cached_property
from pathlib import Path

from fire.errors import ROOT, InputError

PACKAGES = ("fire", "studies")
READS = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()  # how names are read: this module
DOOR = "fire"  # its names come lazily from the modules that its table _DOOR names


class Modules:
    """The modules below `root` and what each of them imports, at any depth and inside functions too.

    `store`: a file that keeps what each source names (`names_in`), by a hash of it, from `save` to the next process.
    """

    def __init__(self, root: Path = ROOT, store: Path | None = None):
        self.root, self.store, self._direct, self._names = root, store, {}, {}
        self._kept = _read(store) if store else {}
        self.paths = {
            ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
            for package in PACKAGES
            for path in sorted((root / package).rglob("*.py"))
        }

    @cached_property
    def door(self) -> dict[str, str]:
        """The module that gives each name of the door: the literal table `_DOOR` of fire/__init__.py."""
        tree = ast.parse(self.paths[DOOR].read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                named = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(target, ast.Name) and target.id == "_DOOR" for target in named):
                    table = ast.literal_eval(node.value)
                    homes = {name: home if isinstance(home, str) else home[0] for name, home in table.items()}
                    return {name: self.module(home) for name, home in homes.items()}
        return {}

    def module(self, dotted: str) -> str:
        """The longest part of a dotted name that is a module; empty when none is."""
        parts = dotted.replace(":", ".").split(".")
        ends = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
        return next((name for name in ends if name in self.paths), "")

    def closure(self, names) -> list[str]:
        """`names` with all that they rest on, packages above them included, sorted."""
        found, open_ = set(), [name for name in names if name in self.paths]
        while open_:
            name = open_.pop()
            if name in found:
                continue
            found.add(name)
            above = name.rpartition(".")[0]
            open_ += [above] if above else []
            if name != DOOR:  # the door alone opens nothing: what is used through it counts
                if name not in self._direct:
                    source = self.paths[name].read_text(encoding="utf-8")
                    package = name if self.paths[name].name == "__init__.py" else above
                    self._direct[name] = self.imported(source, package, str(self.paths[name]))
                open_ += self._direct[name]
        return sorted(found)

    def save(self) -> None:
        """Keep the names of the sources that were read, if one of them is new."""
        from fire.files import write_text  # which loads pandas

        if self.store and not self._names.keys() <= self._kept.keys():
            write_text(self.store, json.dumps(self._names))

    def imported(self, source: str, package: str = "", what: str = "source") -> set[str]:
        """Modules of the project that a source imports or names: by statement, through the door, or as text.

        Raises InputError when the source is no Python.
        """
        mark = hashlib.sha256(f"{READS}\n{package}\n{source}".encode()).hexdigest()
        self._names[mark] = self._kept.get(mark) or [*map(sorted, names_in(source, package, what))]
        imported, used, texts = self._names[mark]
        found = {self.module(name) for name in imported} | set(texts) & set(self.paths)
        return found.union(*map(self.behind, used)) - {""}

    def behind(self, name: str) -> set[str]:
        """The modules behind a dotted name: itself or the module that holds it; for a name of the door, its module."""
        first, _, rest = name.partition(".")
        through = self.door.get(rest.split(".")[0], "") if first == DOOR and rest else ""
        return {self.module(name), through}


def _read(store: Path) -> dict:
    """What a file keeps; nothing where it is missing or damaged."""
    try:
        return {
            mark: names for mark, names in json.loads(store.read_text("utf-8")).items() if len(names) == 3
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def names_in(source: str, package: str = "", what: str = "source") -> tuple[set, ...]:
    """Dotted names of the project's packages in a source, three sets: of modules it imports, of what it takes from modules or uses
    through them, and of texts that may name modules. `package`: where it lies, for imports that begin with a dot.

    Raises InputError when the source is no Python.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise InputError(what, [f"line {error.lineno}: not valid Python: {error.msg}"]) from None
    bound: dict[str, str] = {}
    imported, used, texts = set(), set(), set()
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported.add(alias.name)
                first = alias.name.split(".")[0]
                bound[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                used.add(f"{base}.{alias.name}")
                bound[alias.asname or alias.name] = f"{base}.{alias.name}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            texts.add(node.value.split(":")[0])  # importlib.import_module("fire.…")
    for node in nodes:
        if isinstance(node, ast.Attribute):
            root, _, rest = _dotted(node).partition(".")
            if root in bound:
                used.add(f"{bound[root]}.{rest}")
    return tuple({name for name in names if _inside(name)} for names in (imported, used, texts))


def _inside(name: str) -> bool:
    """Whether a dotted name lies in a package of the project."""
    return name.split(".")[0] in PACKAGES


def _dotted(node) -> str:
    """`a.b.c` of an attribute; empty when its root is no name."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
