"""The badge: the verdict in one line of SVG."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.report import sample
from virtualq_core.report import badge

if TYPE_CHECKING:
    from virtualq_core.report.results import Results


def told(results: Results) -> str:
    """What the badge says to who cannot see it."""
    return ET.fromstring(badge.render(results)).get("aria-label", "")  # noqa: S314  our own document


@pytest.mark.parametrize(
    ("results", "beginning"),
    [(sample.passed(), "VirtualQ: "), (sample.failed(), "VirtualQ: failed, "), (sample.inconclusive(), "VirtualQ: ")],
)
def test_it_counts_the_requirements_that_hold(results: Results, beginning: str) -> None:
    """The verdict in words where it is not that all is well; never more requirements than were asked."""
    asked = sum(one.verdict != "skipped" for one in results.requirements)

    assert told(results).startswith(beginning)
    assert told(results).endswith(f"of {asked} requirements")


def test_without_requirements_it_is_the_verdict() -> None:
    """Such as where the server could not be reached."""
    assert told(replace(sample.broken_off(), requirements=())) == "VirtualQ: error"


def test_the_text_fits_its_box() -> None:
    """The boxes are as wide as their texts and margins, and the picture as both."""
    drawn = ET.fromstring(badge.render(sample.failed()))  # noqa: S314  our own document
    name = "{http://www.w3.org/2000/svg}"
    boxes = [float(box.get("width", 0)) for box in drawn.iterfind(f"{name}g/{name}rect")]
    texts = [float(text.get("textLength", 0)) for text in drawn.iterfind(f"{name}g/{name}text")]

    assert sum(boxes) == float(drawn.get("width", 0))
    assert all(box - text == 16 for box, text in zip(boxes, texts, strict=True))
