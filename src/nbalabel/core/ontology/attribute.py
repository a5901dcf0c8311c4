"""A question that is asked of each image or of each instance; the answers are a typed column."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal

from ..errors import DataError, first
from .condition import Condition
from .definition import known_fields

Kind = Literal["one", "many", "number", "yes/no", "text"]
Asked = Literal["images", "instances"]

KINDS = ("one", "many", "number", "yes/no", "text")
ASKED_OF = ("images", "instances")

_CHOICES = ("one", "many")
_MOST_OPTIONS = 10_000


@dataclass(frozen=True)
class Attribute:
    """A question asked of images or of instances. Its answers are the column of the same name.

    Attributes:
        name: name of the column.
        of: "images" or "instances".
        kind: "one" of the options (category), "many" of them (list of strings), a "number" (Float64),
            "yes/no" (boolean) or "text" (str).
        options: the allowed answers of "one" and "many", in order; retired ones included.
        retired_options: options that no form offers any more; answers that have them keep them.
        required: whether a missing answer counts as unanswered.
        where: a condition on the row; the question is asked only where it is met. "" asks it everywhere.
        default: what a form shows before anybody answers. No row gets it by itself: a missing answer means
            that nobody answered. None for nothing.
        unit: of a number, for people.
        low: smallest allowed number; None for no limit.
        high: largest allowed number; None for no limit.
        text: what to answer, for people.
        number: position among the questions of its table.
        retired: whether the question is asked no more; answers stay in the table, hidden.

    Example:
        >>> Attribute("sex", options=("f", "m", "unsure"), where="label == 'cod'").kind
        'one'
    """

    name: str
    of: Asked = "instances"
    kind: Kind = "one"
    options: tuple[str, ...] = ()
    retired_options: tuple[str, ...] = ()
    required: bool = False
    where: str = ""
    default: Any = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    text: str = ""
    number: int = 0
    retired: bool = False

    def __post_init__(self) -> None:
        self._check_types()
        if self.kind in _CHOICES:
            self._check_options()
        elif self.options:
            raise DataError(
                f"{self.name} is of kind {self.kind!r}, which has no options; 'one' and 'many' have"
            )
        if self.kind != "number" and (self.unit or self.low is not None or self.high is not None):
            raise DataError(f"{self.name} is of kind {self.kind!r}; only a number has a unit and a range")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise DataError(f"{self.name}: low must be at most high, got {self.low} and {self.high}")
        if self.default is not None and not self._can_be(self.default):
            raise DataError(f"{self.name}: default must be an allowed answer, got {self.default!r}")
        Condition(self.where)

    @property
    def offered(self) -> tuple[str, ...]:
        """The options that a form offers, without the retired ones."""
        return tuple(option for option in self.options if option not in self.retired_options)

    def to_json(self) -> dict[str, Any]:
        """The fields that differ from their defaults, as JSON."""
        out: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is MISSING or value != field.default or field.name in ("of", "kind"):
                out[field.name] = list(value) if isinstance(value, tuple) else value
        return out

    @classmethod
    def from_json(cls, record: Any) -> Attribute:
        """The inverse of :meth:`to_json`.

        Raises:
            DataError: the record is no attribute.
        """
        known = known_fields(cls, record, ("options", "retired_options"))
        if "name" not in known:
            raise DataError("an attribute needs a name")
        if isinstance(known.get("default"), list):
            known["default"] = tuple(known["default"])
        return cls(**known)

    def _check_types(self) -> None:
        wrong = [f for f in ("name", "where", "unit", "text") if not isinstance(getattr(self, f), str)]
        wrong += [f for f in ("required", "retired") if type(getattr(self, f)) is not bool]
        wrong += [
            f for f in ("low", "high") if not (getattr(self, f) is None or _is_number(getattr(self, f)))
        ]
        wrong += ["number"] if type(self.number) is not int or self.number < 0 else []
        if wrong:
            raise DataError(f"{wrong[0]} of an attribute cannot be {getattr(self, wrong[0])!r}")
        if not self.name.strip():
            raise DataError(f"an attribute needs a name, got {self.name!r}")
        if self.of not in ASKED_OF:
            raise DataError(f"of must be one of {', '.join(ASKED_OF)}, got {self.of!r}")
        if self.kind not in KINDS:
            raise DataError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")

    def _check_options(self) -> None:
        for listed in (self.options, self.retired_options):
            if not isinstance(listed, tuple) or not all(isinstance(x, str) and x.strip() for x in listed):
                raise DataError(f"{self.name}: options must be non-empty texts, got {listed!r}")
        if not 0 < len(self.options) <= _MOST_OPTIONS:
            raise DataError(f"{self.name}: expected 1 to {_MOST_OPTIONS:,} options, got {len(self.options)}")
        twice = [x for x, n in Counter(self.options).items() if n > 1]
        if twice:
            raise DataError(f"{self.name}: options must be unique, repeated: {first(twice)}")
        strange = [x for x in self.retired_options if x not in self.options]
        if strange:
            raise DataError(f"{self.name}: only options can be retired, got {first(map(repr, strange))}")

    def _can_be(self, value: Any) -> bool:
        if self.kind == "one":
            return value in self.options
        if self.kind == "many":
            return isinstance(value, tuple) and all(x in self.options for x in value)
        if self.kind == "number":
            low, high = (-math.inf if self.low is None else self.low), self.high
            return _is_number(value) and low <= value <= (math.inf if high is None else high)
        return type(value) is bool if self.kind == "yes/no" else isinstance(value, str)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
