"""Refuse to build a wheel without the widgets' JavaScript; hatchling calls this."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface):
    """Checks that ``npm run build`` has run."""

    def initialize(self, version: str, _: dict[str, Any]) -> None:
        """Raise where the bundles are missing; an editable install may build them later."""
        static = Path(self.root) / "src" / "nbalabel" / "static"
        if version != "editable" and self.target_name == "wheel" and not (static / "selection.js").exists():
            raise RuntimeError(
                f"{static} holds no bundles: run `make setup` first, or `npm install && npm run build` in js/"
            )
