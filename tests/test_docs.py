"""The documentation points at what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    """A relative link names a file that exists."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_the_documentation_exists(page: Path) -> None:
    """A command in a shell block is one that `virtualq --help` knows."""
    from virtualq_core.cli import COMMANDS  # noqa: PLC0415 (Typer is slow to import, and most tests need none)

    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    named = [found for block in blocks for found in re.findall(r"\bvirtualq ([a-z]+)", block)]

    assert set(named) <= set(COMMANDS)


def test_every_page_is_reachable() -> None:
    """Each page is linked from another one."""
    linked = {
        (page.parent / link).resolve()
        for page in PAGES
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    }
    entrances = {ROOT / "README.md", ROOT / "CONTRIBUTING.md"}

    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in linked | entrances] == []
