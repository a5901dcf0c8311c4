"""nbalabel: active labeling of segmentation datasets, inside one Jupyter notebook.

The public names load on first use, so ``import nbalabel`` itself is instant and brings neither torch,
scikit-learn nor umap. ``__init__.pyi`` beside this file lists them, one import a line, for type checkers and
for this module.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"


def _homes() -> dict[str, str]:
    """Public name -> the module it is in, relative to this one, as the stub file says."""
    with open(f"{__path__[0]}/__init__.pyi", encoding="utf-8") as stub:
        imports = [line.split() for line in stub if line.startswith("from .")]
    return {name: home for _, home, _, name, *_ in imports}


_HOME = _homes()

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        from .core.tables.names import instead_of

        names = instead_of(name, __all__[1:])
        raise AttributeError(f"nbalabel has no {name!r}: {names} dir(nl) lists all {len(__all__)} names")
    home = _HOME[name]
    if home == ".":  # a part of this package, not of one of its modules
        value: object = importlib.import_module(f".{name}", __name__)
    else:  # what `from home import name` does, also where the name is that of a module
        value = getattr(__import__(home[1:], globals(), fromlist=[name], level=1), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
