"""
Partitions in plans: told as the table and the index that they are parts of.

A plan over partitions names each by its own name, which depends on the tenant and on the month. What is demanded of a
plan, and whether two are the same, is about the tables and indexes that the schema declares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtualq_core import content

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

_SQL = content.beside(__file__, "partition.sql")
_NAMED = {"Relation Name": "Partition", "Index Name": "Partition's Index"}


def list_partitions(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """The schema's partitions and their indexes, each with the name of what it is a part of."""
    return dict(connection.execute(_SQL["list_partitions"].sql).fetchall())


def without_partitions(document: Any, wholes: Mapping[str, str]) -> Any:  # noqa: ANN401 -- EXPLAIN's JSON, or a part of it
    """EXPLAIN's answer with the names of the wholes; the partitions' own stand beside them, as `Partition`."""
    if isinstance(document, list):
        return [without_partitions(each, wholes) for each in document]
    if not isinstance(document, dict):
        return document
    told = {key: without_partitions(value, wholes) for key, value in document.items()}
    for key, beside in _NAMED.items():
        if told.get(key) in wholes:
            told[beside] = told[key]
            told[key] = wholes[told[key]]
    return told
