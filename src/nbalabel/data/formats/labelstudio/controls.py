"""The controls of a Label Studio project: which choices there are, and of which several can be taken.

Source: https://labelstud.io/tags/choices, https://labelstud.io/tags/number, https://labelstud.io/tags/textarea
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

from ....core.tables.schema import LabeledImages
from ..records.answers import shown
from ..records.questions import NONE_OF, Question, questions
from ..records.xml import as_attribute, each_element

CONFIG = "config.xml"
OF_IMAGE = "nb_image_"
"""Beginning of the names of our controls about whole images; the name of the column follows."""

_TRUTH = ["true", "false"]


@dataclass
class Controls:
    """What a project asks: name of a control -> its options.

    Attributes:
        options: of controls with choices.
        several: names of those of which several can be taken.
        per_region: names of those about regions.
    """

    options: dict[str, list[str]] = field(default_factory=dict)
    several: set[str] = field(default_factory=set)
    per_region: set[str] = field(default_factory=set)

    def take(self, found: Element) -> None:
        """Take one element with choices."""
        name = found.get("name")
        if not name:
            return
        values = [one.get("value") for one in found.iter("Choice")]
        self.options[name] = [value for value in values if value and value != NONE_OF]
        if found.get("choice") == "multiple":
            self.several.add(name)
        if found.get("perRegion") == "true":
            self.per_region.add(name)

    def offered(self) -> dict[str, dict[str, list[str]]]:
        """Table -> question -> options, without flags."""
        lists = {name: options for name, options in self.options.items() if options != _TRUTH}
        of_regions = {name: options for name, options in lists.items() if name in self.per_region}
        rest = {
            name.removeprefix(OF_IMAGE): options for name, options in lists.items() if name not in of_regions
        }
        return {"images": rest, "instances": of_regions} if lists else {}


def read_controls(file: Path) -> Controls:
    """The controls of the project whose configuration lies beside a file; none where there is none.

    Raises:
        FormatError: the configuration is no XML.
    """
    found, config = Controls(), file.with_name(CONFIG)
    if config.is_file():
        each_element(config, ("Choices",), found.take)
    return found


def config_of(tables: LabeledImages) -> str:
    """The configuration of a project: the labels, and a control for each of the user's own columns."""
    listed = "".join(f"<Label value={as_attribute(label, 'label')}/>" for label in tables.labels)
    flags = [Question("crowd", "yes/no")] if shown(tables)[1]["crowd"].any() else []
    regions = [*flags, *questions(tables, "instances")]
    return (
        '<View>\n<Image name="image" value="$image"/>\n'
        f'<BrushLabels name="brush" toName="image">{listed}</BrushLabels>\n'
        f'<RectangleLabels name="box" toName="image">{listed}</RectangleLabels>\n'
        + "".join(_control(one, one.name, ' perRegion="true"') for one in regions)
        + "".join(_control(one, OF_IMAGE + one.name, "") for one in questions(tables, "images"))
        + "</View>\n"
    )


def _control(question: Question, name: str, more: str) -> str:
    """A heading with what is asked, and the control."""
    head = f'<Header value={as_attribute(question.text or question.name, "question")} size="5"/>\n'
    said = f'name={as_attribute(name, "column")} toName="image"{more}'
    if question.kind in ("one", "many", "yes/no"):
        options = _TRUTH if question.kind == "yes/no" else question.chosen
        several = ' choice="multiple"' if question.kind == "many" else ""
        return f"{head}<Choices {said}{several}>{_choices(options)}</Choices>\n"
    return f"{head}<{'Number' if question.kind == 'number' else 'TextArea'} {said}/>\n"


def _choices(options: Iterable[str]) -> str:
    return "".join(f"<Choice value={as_attribute(option, 'option')}/>" for option in options)
