"""What a sweep says: which questions stay flat, which must, and what is kept of it in a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.scale.sample import SIZES, SOUND, sweep
from virtualq_core.errors import UsageError
from virtualq_core.scale.page import markdown, summary, write_pages
from virtualq_core.scale.result import Sweep
from virtualq_core.scale.sweep import sizes_up_to

if TYPE_CHECKING:
    from pathlib import Path


def test_each_question_has_its_course() -> None:
    """Flat, with its answer, or growing; and what grows with the tenant fails nobody."""
    found = sweep(**SOUND)
    courses = {one.name: one.course for one in found.questions}
    assert courses == {
        "list_queue": "flat",
        "list_employee_tickets": "flat",
        "claim_next_ticket": "flat",
        "transition": "flat",
        "list_overdue_tickets": "grows",
        "list_history_of_day": "with its answer",
    }
    assert found.failed == ()


@pytest.mark.parametrize("name", ["list_queue", "list_employee_tickets", "claim_next_ticket", "transition"])
def test_what_is_asked_at_every_moment_must_stay_flat(name: str) -> None:
    """An exponent beyond a twentieth fails, and the summary names it."""
    found = sweep(**SOUND | {name: lambda tickets: 20 * tickets**0.06})
    assert [one.name for one in found.failed] == [name]
    assert f"grows: {name} (b = 0.060)" in summary(found)


@pytest.mark.parametrize(
    ("blocks", "course"),
    [
        ((60, 60, 60, 60), "flat"),
        ((60, 62, 61, 64), "flat"),
        ((3, 4, 5, 7), "flat"),
        ((60, 61, 75, 72), "unsure"),
        ((60, 600, 60, 600), "unsure"),
        ((60, 120, 240, 480), "grows"),
    ],
)
def test_a_course_needs_the_whole_interval(blocks: tuple[int, ...], course: str) -> None:
    """Where it holds the limit the sizes do not tell; a few blocks more are a tree's levels whatever it holds."""
    counts = dict(zip(SIZES, blocks, strict=True))
    found = sweep(**SOUND | {"list_employee_tickets": lambda tickets: float(counts[tickets])})
    [asked] = [one for one in found.questions if one.name == "list_employee_tickets"]

    assert asked.course == course
    assert asked.is_in_doubt == (course == "unsure")
    assert asked.fails == (course == "grows")
    assert ("do not tell: list_employee_tickets" in summary(found)) == (course == "unsure")


def test_an_answer_that_shrinks_hides_no_growth() -> None:
    """Fewer rows in larger databases: what counts is the blocks for each of them."""
    found = sweep(**SOUND)
    shrinking = [
        size.__class__(
            **{
                **{part: getattr(size, part) for part in ("tickets", "history", "size_bytes", "seed_s", "relations")},
                "readings": tuple(
                    one.__class__(**{**vars(one), "rows": 10**8 // size.tickets, "blocks": 10**9 / size.tickets**0.5})
                    if one.name == "list_employee_tickets"
                    else one
                    for one in size.readings
                ),
            }
        )
        for size in found.sizes
    ]
    found = Sweep(environment={}, indexes="seed", tenants=1, seed=1, sizes=tuple(shrinking))
    assert [one.name for one in found.failed] == ["list_employee_tickets"]


def test_a_sweep_comes_back_from_its_file(tmp_path: Path) -> None:
    """Whole."""
    found = sweep(**SOUND)
    page = write_pages(found, tmp_path)
    assert Sweep.load(tmp_path / "growth.json") == found
    assert page.read_text(encoding="utf-8") == markdown(found)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sizes": 3}', '{"format": 1, "sizes": [{}]}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    """With what was expected."""
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="virtualq growth"):
        Sweep.load(path)


def test_a_sweep_of_another_format_is_refused(tmp_path: Path) -> None:
    """What an older version meant by a word may be something else."""
    document = sweep(**SOUND).to_json() | {"format": 0}
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UsageError, match="format"):
        Sweep.load(path)


def test_the_page_shows_every_question_and_its_remedy(tmp_path: Path) -> None:
    """With drawings that need nothing from elsewhere, in light and dark."""
    found = sweep(**SOUND)
    write_pages(found, tmp_path)
    page = (tmp_path / "growth.md").read_text(encoding="utf-8")
    for name in SOUND:
        assert f"{name}" in page
    assert "create index ticket_tenant_open" in page
    for drawing in ("growth-blocks.svg", "growth-latency.svg", "growth-size.svg"):
        assert f"({drawing})" in page
        svg = (tmp_path / drawing).read_text(encoding="utf-8")
        assert svg.startswith("<svg")
        assert "prefers-color-scheme: dark" in svg
        assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_the_summary_fits_a_terminal() -> None:
    """Of eighty columns."""
    assert max(map(len, summary(sweep(**SOUND)).splitlines()[:-1])) <= 80


def test_sizes_go_up_evenly_to_the_largest() -> None:
    """By turns of three and a third."""
    assert sizes_up_to(10_000_000) == [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]
    assert sizes_up_to(SIZES[1]) == [10_000, 30_000, 100_000]
    with pytest.raises(UsageError, match="too few"):
        sizes_up_to(50_000)
