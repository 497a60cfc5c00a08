"""An index's definition, and how one differs from another."""

from __future__ import annotations

import pytest

from virtualq_core.measure.definition import Definition, declared_indexes, differs

DECLARED = "create index i on virtualq.Ticket (queue_id, current_state, created_at desc)"


@pytest.mark.parametrize(
    ("present", "difference"),
    [
        ("CREATE INDEX i ON virtualq.ticket USING btree (queue_id, current_state, created_at DESC)", None),
        (
            "CREATE INDEX i ON virtualq.ticket USING btree (created_at DESC, current_state, queue_id)",
            "wrong-column-order",
        ),
        ("CREATE INDEX i ON virtualq.ticket USING btree (queue_id, current_state, created_at)", "wrong-sort-direction"),
        ("CREATE INDEX i ON virtualq.ticket USING btree (queue_id, current_state)", "other-index"),
        ("CREATE INDEX i ON virtualq.ticket USING hash (queue_id)", "other-index"),
        (
            "CREATE INDEX i ON virtualq.ticket USING btree (queue_id, current_state, created_at DESC) INCLUDE (extid)",
            "other-index",
        ),
        (
            "CREATE INDEX i ON virtualq.ticket USING btree (queue_id, current_state, created_at DESC) WHERE (id > 1)",
            "other-index",
        ),
    ],
)
def test_a_difference_is_told_by_its_kind(present: str, difference: str | None) -> None:
    """The order of columns, their direction, or anything else; how it is written does not count."""
    assert differs(present, DECLARED) == difference


def test_an_expression_with_commas_is_one_key() -> None:
    """Only commas of the list itself part it."""
    parsed = Definition.parse("create index i on t using gin (to_tsvector('simple', a), (b -> 'c')) where (a > 1)")

    assert parsed.keys == ("to_tsvector('simple', a)", "(b -> 'c')")
    assert parsed.method == "gin"
    assert parsed.rest == "where(a > 1)"


def test_what_creates_no_index_is_refused() -> None:
    """It has no definition."""
    with pytest.raises(ValueError, match="not the definition"):
        Definition.parse("drop index i")


def test_the_documents_indexes_are_declared() -> None:
    """Each under its own name, in the seed's file."""
    seed = {name for name, one in declared_indexes().items() if one.file == "seed.sql"}

    assert "idx_ticket_queue_state_created" in seed
    assert len(seed) == 4


def test_an_index_is_as_declared_where_any_set_declares_it_so() -> None:
    """The lean set has other indexes under the same names."""
    search = declared_indexes()["idx_ticket_custom_data"]

    assert search.difference("CREATE INDEX idx_ticket_custom_data ON virtualq.ticket USING gin (custom_data)") is None
    lean = "CREATE INDEX idx_ticket_custom_data ON virtualq.ticket USING gin (custom_data jsonb_path_ops)"
    assert search.difference(lean) is None
    assert search.difference(lean.replace("gin", "btree")) == "other-index"
