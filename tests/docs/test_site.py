"""The site as its sources say it: complete, connected, and true to the code. No build is needed."""

import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import nbalabel as nl
from nbalabel.core.tables import schema

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *sorted(DOCS.glob("*.md")),
    *(ROOT / f"{n}.md" for n in ("README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY")),
]
DIRECTIVE = re.compile(r"^\.\. auto(?:class|function|exception):: (\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def site() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_script", ROOT / "scripts" / "docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def documented() -> list[str]:
    pages = sorted((DOCS / "api").glob("*.rst"))
    return [name for page in pages for name in DIRECTIVE.findall(page.read_text(encoding="utf-8"))]


def test_every_public_name_is_on_one_api_page(documented: list[str]) -> None:
    names = set(nl.__all__) - {"__version__", "demo", "errors"}
    assert sorted(name for name in documented if "." not in name) == sorted(names)


@pytest.mark.parametrize("module", ["demo", "errors"])
def test_so_is_every_name_of_a_public_module(documented: list[str], module: str) -> None:
    found = getattr(nl, module)
    public = getattr(found, "__all__", None) or [
        n
        for n, v in vars(found).items()
        if isinstance(v, type) and v.__module__ == found.__name__ and n[0] != "_"
    ]
    assert sorted(n for n in documented if n.startswith(f"nbalabel.{module}.")) == sorted(
        f"nbalabel.{module}.{n}" for n in public
    )


def test_what_a_page_documents_by_its_module_is_there(documented: list[str]) -> None:
    public = ("nbalabel.demo.", "nbalabel.errors.")  # looked at above
    whole = [n for n in documented if n.startswith("nbalabel.") and not n.startswith(public)]
    assert whole
    for name in whole:
        module, _, own = name.rpartition(".")
        assert hasattr(importlib.import_module(module), own), name


def test_every_page_is_in_the_navigation(site: ModuleType) -> None:
    places = {
        place.rsplit(".", 1)[0] for place in site.sources() if place.endswith((".md", ".rst", ".ipynb"))
    }
    pages = {place: file for place, file in site.sources().items() if place.endswith((".md", ".rst"))}
    named = {"index"}
    for place, file in pages.items():
        text = file.read_text(encoding="utf-8")
        entries = re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL) + re.findall(
            r"\.\. toctree::\n(.*)", text, re.DOTALL
        )
        for line in "\n".join(entries).splitlines():
            target = re.search(r"<(.+)>", line) or re.match(r"\s*([\w/*.-]+)$", line)
            if target:
                folder = Path() if target[1].startswith("/") else Path(place).parent
                wanted = str((ROOT / folder / target[1].lstrip("/")).resolve().relative_to(ROOT))
                named |= {one for one in places if Path(one).match(wanted)}
    assert places - named == set()


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted((DOCS / "decisions").glob("*.md"))], ids=lambda page: page.stem
)
def test_links_lead_to_files(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"\w+:|#", target):
            path = target.split("#")[0]
            file = ROOT / path[1:] if path.startswith("/") else page.parent / path
            assert file.exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_modules_that_are_named_exist(page: Path) -> None:
    package = ROOT / "src" / "nbalabel"
    for name in re.findall(r"`((?:\w+/)+\w+\.py)`", page.read_text(encoding="utf-8")):
        assert any((folder / name).is_file() for folder in (ROOT, package, ROOT / "src", ROOT / "tests")), (
            name
        )


@pytest.mark.parametrize("table", ["IMAGES", "INSTANCES", "PREDICTIONS"])
def test_the_page_of_tables_names_the_columns_there_are(table: str) -> None:
    text = (DOCS / "tables.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {table.lower()}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    named = re.findall(r"`(\w+)`", " ".join(rows))
    columns = list(getattr(schema, table))
    assert named == (columns if table != "PREDICTIONS" else columns[len(schema.INSTANCES) :])


def test_what_a_page_loads_from_elsewhere_is_found(site: ModuleType, tmp_path: Path) -> None:
    ours = '<a href="https://example.org/">x</a><script src="a.js"></script><img src="data:image/png,A">'
    theirs = '<link href="https://example.org/a.css"><script src="//example.org/b.js"></script><img src="HTTP://example.org/c.png">'
    (tmp_path / "ours.html").write_text(ours, encoding="utf-8")
    assert site.from_elsewhere(tmp_path) == []
    (tmp_path / "theirs.html").write_text(theirs, encoding="utf-8")
    (tmp_path / "a.css").write_text(
        "@font-face { src: url('https://example.org/f.woff2') } p { background: url(b.png) }",
        encoding="utf-8",
    )
    assert len(site.from_elsewhere(tmp_path)) == 4


def test_gathering_follows_the_repository(site: ModuleType, tmp_path: Path) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    (root / "docs").mkdir(parents=True)
    for name in ("README.md", "CHANGELOG.md", "docs/index.md", "docs/a.md"):
        (root / name).write_text(name, encoding="utf-8")
    site.gather(out, root)
    assert {p.relative_to(out).as_posix() for p in out.rglob("*.md")} == {
        "CHANGELOG.md",
        "index.md",
        "docs/a.md",
    }
    (root / "docs" / "a.md").unlink()
    (root / "docs" / "index.md").write_text("new", encoding="utf-8")
    site.gather(out, root)
    assert not (out / "docs" / "a.md").exists()
    assert (out / "index.md").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("name", sorted(set(nl.__all__) - {"__version__", "demo", "errors"}))
def test_no_text_of_an_attribute_reads_as_a_type(name: str) -> None:
    """In "column to sort by; empty: all" the site's generator takes what stands before ": " for a type."""
    found = getattr(nl, name)
    if not isinstance(found, type):
        return
    traits = getattr(found, "class_traits", dict)()
    texts = {
        key: trait.help or ""
        for key, trait in traits.items()
        if trait.this_class.__module__.startswith("nbalabel.")
    }
    for key, value in vars(found).items():
        if isinstance(value, property):
            texts[key] = (value.__doc__ or "").strip().split("\n")[0]
    assert {key: text for key, text in texts.items() if ": " in text} == {}
