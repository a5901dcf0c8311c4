"""The layers and rooms of ARCHITECTURE.md, held by reading every import in the source."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "src" / "nbalabel"
ALLOWED = {
    "core": {"core"},
    "data": {"core", "data"},
    "engine": {"core", "engine"},
    "learn": {"core", "engine", "learn"},
    "widgets": {"core", "data", "widgets"},
    "predictions": {"core", "data", "learn", "predictions"},
    "reporting": {"core", "data", "learn", "reporting"},
    "demo": {"core", "data", "demo", "learn"},
    "cli": {"", "core", "data", "learn", "demo", "cli"},  # "" is the front door, nbalabel itself
}
HEAVY_BUT_LAZY = {
    "av",
    "torch",
    "torchvision",
    "ultralytics",
    "sklearn",
    "umap",
    "pacmap",
    "numba",
    "matplotlib",
    "cv2",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def imports(name: str, *, top_level_only: bool) -> set[str]:
    """Absolute names of the modules that one module imports."""
    path = MODULES[name]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    nodes = top_level(tree) if top_level_only else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            target = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{target}.{a.name}" if f"{target}.{a.name}" in MODULES else target for a in node.names}
    return found


def top_level(tree: ast.Module) -> list[ast.stmt]:
    """Statements that run on import: not in functions, not under TYPE_CHECKING."""
    out = []
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        out += (
            [n for n in ast.walk(node) if isinstance(n, ast.stmt)]
            if isinstance(node, ast.If | ast.Try)
            else [node]
        )
    return out


def layer(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("name", [m for m in MODULES if layer(m) in ALLOWED])
def test_a_module_imports_only_from_its_own_layer_and_those_below(name: str) -> None:
    ours = {m for m in imports(name, top_level_only=False) if m.split(".")[0] == "nbalabel"}
    above = {m for m in ours if layer(m) not in ALLOWED[layer(name)]}
    assert not above, f"{name} imports {sorted(above)}"


#: Each is a method that makes what its class's own maker hands out.
DETOURS = {("nbalabel.data.tables.tables", "nbalabel.data.dataset.dataset")}


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {
        name: {m for m in imports(name, top_level_only=False) if (name, m) not in DETOURS}
        & MODULES.keys() - {name}
        for name in MODULES
    }
    list(TopologicalSorter(graph).static_order())


def room(name: str) -> str:
    """The folder of a module, as ARCHITECTURE.md writes it."""
    path = MODULES[name].parent.relative_to(ROOT).as_posix()
    return "" if path == "." else f"{path}/"


def rooms() -> list[str]:
    """The folders ARCHITECTURE.md lists, in its order."""
    page = (ROOT.parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    listed = page.split("**a room imports only from rooms above it**")[1].split("```")[1]
    return [line.split()[0] for line in listed.splitlines() if line]


def test_architecture_lists_every_room_and_no_other() -> None:
    there = {room(name) for name, path in MODULES.items() if path.name != "__init__.py"} - {""}
    doors = {"data/formats/"}  # nothing but the list of what its rooms offer
    assert sorted(rooms()) == sorted(there | doors)


@pytest.mark.parametrize("name", [m for m in MODULES if room(m) in rooms()])
def test_a_room_imports_only_from_those_listed_above_it(name: str) -> None:
    order = rooms()
    mine = order.index(room(name))
    for other in imports(name, top_level_only=False) & MODULES.keys():
        if layer(other) == layer(name) and room(other) in order and (name, other) not in DETOURS:
            assert order.index(room(other)) <= mine, f"{name} imports {other} of a room below it"


def test_every_room_says_what_lives_there_and_what_comes_in_and_goes_out() -> None:
    for folder in rooms():
        text = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text(encoding="utf-8"))) or ""
        assert text, f"{folder} has no docstring"
        assert len([m for m in MODULES if room(m) == folder]) <= 17, f"{folder} is crowded"


@pytest.mark.parametrize("name", MODULES)
def test_heavy_packages_are_never_imported_at_module_level(name: str) -> None:
    roots = {m.split(".")[0] for m in imports(name, top_level_only=True)}
    allowed = {"ultralytics", "torch"} if name.startswith("nbalabel.learn.yolo") else set()
    assert not roots & HEAVY_BUT_LAZY - allowed


def test_only_the_modules_of_yolo_and_the_keeper_of_libraries_import_ultralytics() -> None:
    users = {
        m for m in MODULES if any(i.split(".")[0] == "ultralytics" for i in imports(m, top_level_only=False))
    }
    assert users
    assert all(m.startswith(("nbalabel.learn.yolo.", "nbalabel.learn.libraries.")) for m in users)
