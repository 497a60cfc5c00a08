"""The reference pages say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from virtualq_core.errors import InvalidFields
from virtualq_core.fields import MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS, MAX_STEPS, FieldSchema, parse_json
from virtualq_core.machine import Machine

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def blocks(page: str, language: str) -> list[str]:
    """The page's code blocks in one language."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_compiled_form_and_the_drawing_are_the_example_s() -> None:
    """The document on the page compiles to the map on the page, and is drawn as there."""
    document, compiled = map(json.loads, blocks("machines.md", "json"))
    machine = Machine.parse(document)

    assert machine.compile() == compiled
    assert blocks("machines.md", "mermaid") == [machine.to_mermaid()]
    (example,) = blocks("machines.md", "python")
    names: dict[str, Any] = {"document": document, "print": lambda _: None}
    exec(example, names)  # noqa: S102 - the page's own words
    assert names["machine"] == machine


def test_the_refusal_on_the_page_is_the_error_s() -> None:
    """The example of the custom fields ends as the page shows, and its limits are the code's."""
    (example,) = blocks("fields.md", "python")
    with pytest.raises(InvalidFields) as refused:
        exec(example, {"FieldSchema": FieldSchema, "parse_json": parse_json})  # noqa: S102 - the page's own words

    page = (REFERENCE / "fields.md").read_text(encoding="utf-8")
    assert str(refused.value) in page
    for figure in (f"{MAX_STEPS:,} steps", f"{MAX_BYTES // 1024} KiB", f"{MAX_DEPTH} levels", f"up to {MAX_PROBLEMS}"):
        assert figure in page
