"""`virtualq db install --distributed`: what the command line makes of it."""

from __future__ import annotations

import pytest

from virtualq_core import content
from virtualq_core.cli.option import chosen_layout
from virtualq_core.database.layout import Layout, comes_last
from virtualq_core.errors import UsageError


def test_spread_and_partitioned_exclude_each_other() -> None:
    """One installation has one layout."""
    assert chosen_layout(None, is_distributed=True) is Layout.DISTRIBUTED
    assert chosen_layout(None) is Layout.NONE
    with pytest.raises(UsageError, match="--partition and --distributed exclude each other"):
        chosen_layout("month", is_distributed=True)


def test_every_layout_says_in_words_what_it_does() -> None:
    """The command tells it, and each differs."""
    told = {layout.told for layout in Layout}

    assert Layout.DISTRIBUTED.told == "spread over nodes by tenant"
    assert len(told) == len(Layout)


def test_what_spreads_the_tables_comes_after_all_that_makes_them() -> None:
    """The last files of the overlay find the schema whole; the first prepare the transaction and the roles."""
    files = Layout.DISTRIBUTED.files(content.folder("schema"))
    last = [file for file in files if comes_last(file)]

    assert files[0].name == "005_session.sql"
    assert last == files[-len(last) :]
    assert [file.name for file in last] == [
        "900_function.sql", "910_key.sql", "920_table.sql", "930_reference.sql", "940_delegation.sql",
        "950_database.sql",
    ]  # fmt: skip
