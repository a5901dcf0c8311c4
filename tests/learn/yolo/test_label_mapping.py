"""A model whose labels go by other names makes first proposals."""

from collections.abc import Callable
from typing import Any

import pytest

from nbalabel.core.errors import ModelError, UnknownNameError


def foreign(shapes: Callable[..., Any], *labels: str) -> Any:
    """The same shapes, called otherwise."""
    tables = shapes(4)
    names = dict(zip(("ring", "square"), labels, strict=True))
    tables.instances["label"] = tables.instances["label"].cat.rename_categories(names)
    tables.labels = labels
    return tables


def test_labels_say_what_the_model_calls_them(model: Any, shapes: Callable[..., Any]) -> None:
    tables = foreign(shapes, "buoy", "crate")
    run = model.predict(tables, labels={"ring": "buoy", "square": "crate"})
    assert (
        run.predictions["label"].tolist()
        == model.predict(shapes(4)).predictions["label"].map({"ring": "buoy", "square": "crate"}).tolist()
    )
    assert run.predictions["matched"].all()
    assert run.arguments["labels"] == {"ring": "buoy", "square": "crate"}


def test_labels_of_one_name_need_no_word_and_others_are_left_out(
    model: Any, shapes: Callable[..., Any]
) -> None:
    tables = foreign(shapes, "buoy", "square")
    both = model.predict(tables, labels={"ring": "buoy"})
    assert set(both.predictions["label"]) == {"buoy", "square"}
    one = model.predict(tables, labels={"ring": "buoy", "square": None})
    assert set(one.predictions["label"]) == {"buoy"}


def test_a_mapping_that_names_nothing_says_what_there_is(model: Any, shapes: Callable[..., Any]) -> None:
    tables = foreign(shapes, "buoy", "crate")
    with pytest.raises(UnknownNameError, match=r"'ring' is 'bouy'.*Did you mean 'buoy'"):
        model.predict(tables, labels={"ring": "bouy"})
    with pytest.raises(
        UnknownNameError, match=r"'rings', which the model does not know.*did you mean 'ring'"
    ):
        model.predict(tables, labels={"rings": "buoy"})
    with pytest.raises(ModelError, match=r"say which is which: predict\(ds, labels=\{'ring': 'buoy'\}\)"):
        model.predict(tables)
