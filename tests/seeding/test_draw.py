"""Draws come out the same everywhere, and as often as they should."""

from __future__ import annotations

import numpy as np

from virtualq_core.seeding.draw import Draw, Stream, log_normal, weighted, zipf


def test_a_stream_is_the_same_on_every_machine() -> None:
    """The first words of a stream are these; a change of them changes every dataset's hash."""
    assert Draw(1, 6, 0).words(5).tolist() == [3110246456, 619015060, 2507429734, 3928257474, 2915163607]


def test_a_table_of_quantiles_is_the_same_on_every_machine() -> None:
    """Curves are rounded to whole numbers, so that the last bit of a logarithm does not matter."""
    table = log_normal(1000, 0.8)
    assert [int(table[0]), int(table[2048]), int(table[-1]), int(table.sum())] == [53, 1000, 18815, 5639102]


def test_streams_of_one_seed_differ() -> None:
    """What is drawn for one purpose says nothing about another."""
    one, other = Draw(1, Stream.TICKET, 0), Draw(1, Stream.TICKET, 1)
    assert not np.array_equal(one.words(100), other.words(100))


def test_single_draws_stay_below_their_bound() -> None:
    """`one` covers its range and nothing else."""
    draw = Draw(3)
    assert {draw.one(5) for _ in range(1000)} == {0, 1, 2, 3, 4}


def test_draws_are_even() -> None:
    """Each of ten numbers comes up in a tenth of the draws, within six standard deviations."""
    size = 100_000
    counts = np.bincount(Draw(2).below(10, size), minlength=11)
    assert counts[10] == 0
    assert np.abs(counts[:10] - size / 10).max() < 6 * np.sqrt(size * 0.1 * 0.9)


def test_a_bound_may_differ_from_draw_to_draw() -> None:
    """An array of bounds gives each draw its own."""
    bounds = np.array([1, 2, 3, 1000] * 500)
    drawn = Draw(4).below(bounds, len(bounds))
    assert (drawn < bounds).all()
    assert drawn.max() > 900


def test_early_draws_prefer_the_beginning() -> None:
    """The lower of two draws: the first half takes three quarters."""
    drawn = Draw(5).early(1000, 100_000)
    assert 0.74 < (drawn < 500).mean() < 0.76


def test_chances_are_per_million() -> None:
    """A chance of 150,000 in a million is true for 15 in 100."""
    assert abs(Draw(6).chance(150_000, 100_000).mean() - 0.15) < 0.006


def test_a_weighted_table_holds_entries_by_weight() -> None:
    """Weights 1 to 3 make a table that is one quarter the first and three quarters the second."""
    assert np.bincount(weighted((1, 3, 0))).tolist() == [1024, 3072]


def test_zipf_falls_with_rank() -> None:
    """The weight of rank r is that of rank 1 over r to the exponent, and never nothing."""
    weights = zipf(1000, 1.0, 100)
    assert weights[:4].tolist() == [100, 50, 33, 25]
    assert weights.min() == 1
