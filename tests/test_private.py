"""What is private is visible: a name without an underscore is one that another file uses."""

import ast
import gc
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = sorted((ROOT / "src").rglob("*.py"))
READERS = ("tests", "benchmarks", "scripts", "binder", "docs", "notebooks")


@pytest.fixture(autouse=True)
def _no_finalizers() -> Iterator[None]:
    """Python 3.11 fails where a finalizer parses while a tree is made: "recursion depth mismatch"."""
    gc.disable()
    yield
    gc.enable()


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def own_names(tree: ast.Module) -> set[str]:
    """Functions and constants of a module; classes may be met as what a function returns."""
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets += [node.target] if isinstance(node, ast.AnnAssign) else []
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in names if not re.match(r"_|[A-Z][a-z]", name)}  # CamelCase: an alias of a type


def test_a_name_without_an_underscore_is_used_by_another_file() -> None:
    used = {path: words(path.read_text(encoding="utf-8")) for path in SOURCE}
    used[ROOT] = words((ROOT / "src" / "nbalabel" / "__init__.pyi").read_text(encoding="utf-8"))
    for folder in READERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".md", ".ipynb"):
                used[path] = words(path.read_text(encoding="utf-8"))
    lonely = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCE
        for name in sorted(own_names(ast.parse(path.read_text(encoding="utf-8"))))
        if not any(name in found for other, found in used.items() if other != path)
    ]
    assert lonely == [], "begin them with an underscore, or take them away"


def test_no_module_takes_a_private_name_of_another_of_ours() -> None:
    taken = [
        f"{path.relative_to(ROOT)}: {alias.name}"
        for path in SOURCE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level  # of ours
        for alias in node.names
        if re.match(r"_[a-z]", alias.name)
    ]
    assert taken == []
