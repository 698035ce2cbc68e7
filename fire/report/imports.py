"""Which modules of the project a notebook or module rests on, read from the sources with `ast`; nothing is imported."""

import ast
from functools import cached_property
from pathlib import Path

from fire.errors import ROOT, InputError

PACKAGES = ("fire", "studies")
DOOR = "fire"  # its names come lazily from the modules that its table _DOOR names


class Modules:
    """The modules below `root` and what each of them imports, at any depth and inside functions too."""

    def __init__(self, root: Path = ROOT):
        self.root, self._direct = root, {}
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

    def imported(self, source: str, package: str = "", what: str = "source") -> set[str]:
        """Modules of the project that a source imports or names: by statement, through the door, or as text.

        Raises InputError when the source is no Python.
        """
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            raise InputError(what, [f"line {error.lineno}: not valid Python: {error.msg}"]) from None
        bound, found = {}, set()
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found.add(self.module(alias.name))
                    bound[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    above = package.split(".")[: len(package.split(".")) - node.level + 1]
                    base = ".".join([*above, *([base] if base else [])])
                for alias in node.names:
                    found |= self.behind(f"{base}.{alias.name}")
                    bound[alias.asname or alias.name] = f"{base}.{alias.name}"
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
                found |= {node.value.split(":")[0]} & set(self.paths)  # importlib.import_module("fire.…")
        for node in nodes:
            if isinstance(node, ast.Attribute):
                chain = _dotted(node)
                root, _, rest = chain.partition(".")
                if root in bound and bound[root].split(".")[0] in PACKAGES:
                    found |= self.behind(f"{bound[root]}.{rest}")
        return found - {""}

    def behind(self, name: str) -> set[str]:
        """The modules behind a dotted name: itself or the module that holds it; for a name of the door, its module."""
        first, _, rest = name.partition(".")
        through = self.door.get(rest.split(".")[0], "") if first == DOOR and rest else ""
        return {self.module(name), through}


def _dotted(node) -> str:
    """`a.b.c` of an attribute; empty when its root is no name."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
