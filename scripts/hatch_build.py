"""Refuse to build a wheel without the widgets' JavaScript; hatchling calls this."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface):
    """Checks that ``npm run build`` has run."""

    def initialize(self, version: str, _: dict[str, Any]) -> None:
        """Raise where the bundles are missing; an editable install may build them later."""
        root = Path(self.root)
        static = root / "src" / "nbalabel" / "static"
        sources = (root / "js" / "src" / "widgets").glob("*.*s")  # .ts and .css, where they are
        built = {source.name.replace(".ts", ".js") for source in sources} | {"selection.js"}
        missing = sorted(name for name in built if not (static / name).exists())
        if version != "editable" and self.target_name == "wheel" and missing:
            raise RuntimeError(
                f"{static} lacks {', '.join(missing)}: run `make setup` first, or `npm install && "
                "npm run build` in js/"
            )
