"""
Power laws: how a figure grows with the number of tickets, with the error of the growth and of what it predicts.

A line is fitted by least squares to log(figure) over log(tickets): the figure grows as tickets^b. The intervals are
Student's, with two degrees of freedom less than there are sizes (Draper and Smith, Applied Regression Analysis, 1998,
chapter 1): one for b, and for a prediction one that also holds the scatter of a single observation. They say how well
the sizes agree with one straight line. That the line goes on beyond the largest of them is an assumption, and no
interval covers it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_SIZES = 3
# Student's t at 97.5 %, for 1 to 10 degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2).
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


@dataclass(frozen=True)
class Predicted:
    """A figure at a number of tickets, with the 95 % interval of a single observation there."""

    tickets: int
    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class PowerLaw:
    """
    `scale` times tickets^`exponent`, and how sure that is.

    `interval` is the exponent's, 95 %; `scatter` is the standard deviation of log(figure) about the line. `centre` and
    `width` are the mean of log(tickets) and the sum of the squared distances from it.
    """

    scale: float
    exponent: float
    interval: tuple[float, float]
    scatter: float
    sizes: int
    centre: float
    width: float

    def at(self, tickets: int) -> Predicted:
        """What the law says for so many tickets, which may be more than were ever measured."""
        middle = math.log(self.scale) + self.exponent * math.log(tickets)
        distance = (math.log(tickets) - self.centre) ** 2 / self.width
        half = student(self.sizes - 2) * self.scatter * math.sqrt(1 + 1 / self.sizes + distance)
        return Predicted(tickets, math.exp(middle), (math.exp(middle - half), math.exp(middle + half)))


def fit(tickets: Sequence[int], figures: Sequence[float]) -> PowerLaw:
    """
    The power law through figures at different numbers of tickets; figures below 1 count as 1.

    Raises:
        ValueError: there are fewer than three sizes, so that nothing could contradict the line.
    """
    x = np.log(np.asarray(tickets, dtype=float))
    y = np.log(np.maximum(np.asarray(figures, dtype=float), 1))
    if len(set(tickets)) < LEAST_SIZES:
        raise ValueError(f"a law that can be contradicted needs {LEAST_SIZES} sizes, not {len(set(tickets))}")
    centre = float(x.mean())
    width = float(((x - centre) ** 2).sum())
    exponent = float(((x - centre) * (y - y.mean())).sum() / width)
    rest = y - y.mean() - exponent * (x - centre)
    scatter = math.sqrt(float((rest**2).sum()) / (len(x) - 2))
    half = student(len(x) - 2) * scatter / math.sqrt(width)
    return PowerLaw(
        scale=math.exp(float(y.mean()) - exponent * centre),
        exponent=exponent,
        interval=(exponent - half, exponent + half),
        scatter=scatter,
        sizes=len(x),
        centre=centre,
        width=width,
    )


def student(degrees: int) -> float:
    """Student's t at 97.5 %; beyond ten degrees of freedom the value for ten, which is a little too wide."""
    return _STUDENT[min(degrees, len(_STUDENT)) - 1]
