"""Gather the pages of the site into one folder, for Sphinx; and look at what Sphinx made of them.

    python scripts/docs.py out/docs-source      gather
    python scripts/docs.py --check out/docs     fail where a built page loads something from elsewhere

The folder has the layout of the repository, so that a link between two files works on a code host and on the
site alike. Only the landing page moves: ``docs/index.md`` becomes ``index.md``, its links begin at the root.
"""

import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("docs/**/*", "notebooks/*.ipynb", "*.md")
APART = {"README.md": None, "docs/index.md": "index.md"}


def sources(root: Path = ROOT) -> dict[str, Path]:
    """Which file of the repository goes where: place in the folder -> file."""
    found = {}
    for pattern in PAGES:
        for file in sorted(root.glob(pattern)):
            name = file.relative_to(root).as_posix()
            place = APART.get(name, name)
            if place is not None and file.is_file() and "/." not in name:
                found[place] = file
    return found


def gather(folder: Path, root: Path = ROOT) -> None:
    """Bring ``folder`` in step with the repository: copy what changed, remove what is gone."""
    wanted = sources(root)
    for file in [file for file in folder.glob("**/*") if file.is_file()]:
        if file.relative_to(folder).as_posix() not in wanted:
            file.unlink()
    for place, file in wanted.items():
        copy = folder / place
        if not copy.exists() or copy.stat().st_mtime_ns != file.stat().st_mtime_ns:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)


class Loads(HTMLParser):
    """What a page loads by itself: scripts, styles, fonts, pictures. A link to click is none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of one tag."""
        given = dict(attrs)
        if tag not in ("a", "form"):
            self.found += [
                given[name] or "" for name in ("src", "href", "srcset", "data", "poster") if name in given
            ]


def loads_of(page: str) -> list[str]:
    """Addresses that an HTML page loads from another place than its own folder."""
    reader = Loads()
    reader.feed(page)
    return [address for address in reader.found if re.match(r"\s*(\w+:)?//", address)]


def from_elsewhere(site: Path) -> list[str]:
    """Each thing that a page or style sheet of a built site loads from elsewhere: ``file: address``."""
    found = []
    for file in sorted(site.rglob("*.html")):
        found += [f"{file.relative_to(site)}: {at}" for at in loads_of(file.read_text(encoding="utf-8"))]
    for file in sorted(site.rglob("*.css")):
        text = file.read_text(encoding="utf-8")
        loaded = re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)", text)
        found += [f"{file.relative_to(site)}: {at}" for at in loaded]
    return found


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        elsewhere = from_elsewhere(Path(sys.argv[2]))
        sys.exit("The site loads from elsewhere:\n" + "\n".join(elsewhere) if elsewhere else 0)
    gather(Path(sys.argv[1]))
