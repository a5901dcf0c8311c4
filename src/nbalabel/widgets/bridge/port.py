"""The kernel's end of a view: each request gets one result or one error.

    class Verify(Port):
        bundle = "verify"

        @serves
        def points(self, *, x: str, y: str) -> Reply:
            return {"n": 3}, [array.tobytes()]

The browser's end and the message format are in ``js/src/wire/rpc.ts``.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anywidget
import numpy as np
import pandas as pd

from ...core.errors import DataError, NbalabelError
from .bundle import script, style
from .params import check_params, short

if TYPE_CHECKING:
    from PIL.Image import Image

Buffers: TypeAlias = Sequence[bytes | memoryview]
Reply: TypeAlias = "dict[str, Any] | tuple[dict[str, Any], Buffers]"
_LONGEST = 4000  # characters of an error
F = TypeVar("F", bound=Callable[..., Any])


def serves(method: F) -> F:
    """Mark a method as one the browser may call, by its name, with keyword arguments.

    The method returns a dict of JSON values (NaN becomes null, NumPy scalars become numbers), or a tuple of
    it and binary buffers. Its parameter ``buffers``, if it has one, takes the buffers of the request.
    """
    method._served = True  # type: ignore[attr-defined]  # a mark on a function
    return method


class Port(anywidget.AnyWidget):
    """A view that answers its browser.

    Attributes:
        bundle: name of its JavaScript and style sheet in ``static/``.
        lock: held while a request is answered.
        errors: the last 20 errors that requests ended in, newest last.
    """

    bundle = ""

    def __init__(self, lock: AbstractContextManager[Any], **traits: Any) -> None:
        self.lock = lock
        self.errors: deque[Exception] = deque(maxlen=20)
        self._esm, self._css = script(self.bundle), style(self.bundle)
        super().__init__(**traits)
        self.on_msg(self._receive)

    @property
    def last_error(self) -> Exception | None:
        """What the last request that failed raised; None if none did."""
        return self.errors[-1] if self.errors else None

    def emit(self, name: str, payload: dict[str, Any] | None = None, buffers: Buffers = ()) -> None:
        """Send an event: a message that answers no request."""
        self.send({"kind": "event", "name": name, "payload": plain(payload or {})}, list(buffers))

    def picture(self) -> Image | None:
        """The view as a picture, for pages that run no widgets; None where it has none."""
        return None

    def html(self) -> str:
        """The view as HTML for the same pages, its texts escaped; "" where it has none."""
        return ""

    def prepare(self) -> None:
        """Called before each request; an error raised here is the reply."""

    def close(self) -> None:
        """Close the view and its layout."""
        if self.comm is not None:
            self.layout.close()
        super().close()

    def _repr_mimebundle_(self, **arguments: Any) -> Any:
        from .static_output import with_picture

        return with_picture(super()._repr_mimebundle_(**arguments), self)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Set traits from the browser; if one is refused, the browser gets the kernel's values back.

        Only the kernel sets traits tagged ``fixed``: the table of a view, and the source of its clause.
        """
        try:
            known = [name for name in sync_data if name in self.keys]
            fixed = [name for name in known if self.trait_metadata(name, "fixed", False)]
            if wrong := [name for name in fixed if sync_data[name] != getattr(self, name)]:
                raise DataError(f"{wrong[0]} of {type(self).__name__} cannot be set by a page")
            super().set_state(sync_data)
        except Exception as error:  # noqa: BLE001  # any refusal is kept in ``errors``
            self._fail(error)
            self.send_state([name for name in sync_data if name in self.keys])

    def _receive(self, _: Any, content: Any, buffers: list[memoryview]) -> None:
        if not isinstance(content, dict) or content.get("kind") != "request":
            return
        head = {name: _echo(content.get(name)) for name in ("client", "id", "key")}
        try:
            with self.lock:
                self.prepare()
                result, out = self._answer(content.get("method"), content.get("params") or {}, buffers)
                self.send({"kind": "result", **head, "result": plain(result)}, list(out))
        except BaseException as error:  # an interrupt, too: without a reply the browser would wait forever
            name, text = self._fail(error)
            self.send({"kind": "error", **head, "error": {"type": name, "message": text}})
            if not isinstance(error, Exception):
                raise

    def _answer(self, name: Any, params: Any, buffers: list[memoryview]) -> tuple[dict[str, Any], Buffers]:
        method = getattr(type(self), name, None) if isinstance(name, str) else None
        if method is None or not getattr(method, "_served", False):
            raise AttributeError(f"{type(self).__name__} serves no {short(name)!r}")
        check_params(method, params)
        reply = method(self, **params, **({"buffers": buffers} if buffers else {}))
        return reply if isinstance(reply, tuple) else (reply, ())

    def _fail(self, error: BaseException) -> tuple[str, str]:
        """Keep an error in ``errors``; returns its type and its message for the browser."""
        if isinstance(error, Exception):
            self.errors.append(error)
        name = type(error).__name__
        text = str(error) if isinstance(error, NbalabelError) else f"{name}: {error}"
        return name, short(text, _LONGEST)


def _echo(value: Any) -> str | int | None:
    """An identifier of a request, to be sent back; None for a value that cannot be one."""
    if isinstance(value, str):
        return short(value, _LONGEST)
    return value if isinstance(value, int) and abs(value) < 2**53 else None


def plain(value: Any) -> Any:
    """A value as JSON has it: NumPy scalars as numbers, NaN, NA and infinities as None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool) else str(value)
