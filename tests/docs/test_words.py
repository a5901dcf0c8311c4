"""docs/words.md: texts of the views keep to the words that it fixes."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VIEWS = sorted((ROOT / "js" / "src" / "views").rglob("*.ts"))
WIDGETS = sorted((ROOT / "src" / "nbalabel" / "widgets").rglob("*.py"))
ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]*?) \|$", re.MULTILINE)
SPOKEN = re.compile(r"[A-Z]?[a-z]+[,.:;]? +[a-z(]|^[A-Z][a-z]+$")


def rows() -> list[tuple[str, str, str]]:
    text = (ROOT / "docs" / "words.md").read_text(encoding="utf-8")
    return [row for row in ROW.findall(text) if row[0] not in ("word", "---")]


WORDS = rows()
AVOID = {phrase: word for word, _, phrases in WORDS for phrase in phrases.split(", ") if phrase}


def texts_of_view(source: str) -> list[str]:
    """Strings of TypeScript that a person may read: words with spaces, or one capitalised word."""
    bare = re.sub(r"/\*.*?\*/|(?<![:\"'`\\])//[^\n]*", "", source, flags=re.DOTALL)
    found = re.findall(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`', bare)
    spoken = [re.sub(r"\$\{[^}]*\}", "…", one or other) for one, other in found]
    return [text for text in spoken if SPOKEN.search(text)]


def texts_of_widget(source: str) -> list[str]:
    """Strings of Python that are not docstrings: messages, titles, helps of traits."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [n.value for n in strings if id(n) not in alone and SPOKEN.search(n.value)]


def synonyms_in(text: str) -> list[str]:
    """Words of a text that words.md replaces."""
    return [phrase for phrase in AVOID if re.search(rf"(?i)(?<![\w.-]){re.escape(phrase)}(?![\w(-])", text)]


def test_a_synonym_is_found_and_a_word_within_another_is_not() -> None:
    assert synonyms_in("Mark empty") == ["mark empty"]
    assert synonyms_in("it overlaps a label") == ["overlaps a label"]
    assert synonyms_in("classify the segmenter, p.tell(q), confidently") == []


def test_texts_are_found_where_they_are() -> None:
    source = 'const a = "nbl-x"; // "no text"\nsay(`${n} masks are left`); b("Accept"); /* "nor here" */'
    assert texts_of_view(source) == ["… masks are left", "Accept"]
    assert texts_of_widget('"""A docstring of words."""\nraise E(f"no label {x} is there")') == [
        "no label ",
        " is there",
    ]


@pytest.mark.parametrize("file", VIEWS, ids=lambda file: str(file.relative_to(ROOT / "js" / "src" / "views")))
def test_texts_of_the_views_keep_to_the_words(file: Path) -> None:
    texts = texts_of_view(file.read_text(encoding="utf-8"))
    assert {text: found for text in texts if (found := synonyms_in(text))} == {}


@pytest.mark.parametrize(
    "file", WIDGETS, ids=lambda file: str(file.relative_to(ROOT / "src" / "nbalabel" / "widgets"))
)
def test_texts_of_the_kernels_half_keep_to_the_words(file: Path) -> None:
    texts = texts_of_widget(file.read_text(encoding="utf-8"))
    assert {text: found for text in texts if (found := synonyms_in(text))} == {}


def test_nothing_here_is_one_action_with_one_name() -> None:
    labels = [
        text
        for file in VIEWS
        for text in re.findall(r'(?:label|button|n): "([^"]*)"', file.read_text(encoding="utf-8"))
    ]
    assert {text for text in labels if re.search(r"(?i)empty|nothing", text)} == {"Nothing here"}


def test_one_word_is_fixed_once() -> None:
    words = [word for word, _, _ in WORDS]
    assert len(words) == len(set(words)) >= 30
    assert not set(words) & set(AVOID)
