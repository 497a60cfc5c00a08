"""Pages of the documentation, from templates of Markdown beside their modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def render(template: Path, filters: Mapping[str, Callable[..., Any]], **values: object) -> str:
    """The page of a template's file, with these filters and values; a value that is missing is an error."""
    made = Environment(
        loader=FileSystemLoader(template.parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 -- the page is Markdown
    )
    made.filters |= filters
    return made.get_template(template.name).render(**values)
