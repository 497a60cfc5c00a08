"""
Identifiers of the seeded rows: version 7 in form, unique by construction, the same for the same plan.

A version 7 UUID is 48 bits of milliseconds and 74 bits that nobody else has. Here 62 of them are a scrambled (one to
one) number made of the table and the row's id, so no two rows of any tables can share one, and nothing is drawn.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from virtualq_core.seeding.draw import Integers

_MASK_62 = (1 << 62) - 1
_MASK_64 = (1 << 64) - 1
_FACTORS = (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93)  # odd, so that multiplying by them modulo 2^62 can be undone
_LAYOUT = np.dtype([("high", ">u8"), ("low", ">u8")])


class Kind(IntEnum):
    """The tables whose rows carry identifiers."""

    ACCOUNT = 1
    TENANT = 2
    QUEUE = 3
    CUSTOMER = 4
    EMPLOYEE = 5
    TYPE = 6
    TICKET = 7
    ITEM = 8
    HISTORY = 9


def identifiers(kind: Kind, ids: Integers, micros: Integers, seed: int) -> NDArray[np.void]:
    """
    The 16 bytes of each row's identifier, from its id (below 2^58) and its time in microseconds since 1970.

    The result has dtype `V16`, as binary COPY takes it.
    """
    mask = np.uint64(_MASK_62)
    number = (ids.astype(np.uint64) | np.uint64(kind << 58)) ^ np.uint64(seed * _FACTORS[0] & _MASK_62)
    for factor, shift in zip(_FACTORS, (31, 29), strict=True):
        number = (number * np.uint64(factor)) & mask
        number ^= number >> np.uint64(shift)
    found = np.empty(len(ids), dtype=_LAYOUT)
    milliseconds = (micros // 1000).astype(np.uint64)
    twelve = (number * np.uint64(_FACTORS[1] & _MASK_64)) >> np.uint64(52)
    found["high"] = (milliseconds << np.uint64(16)) | np.uint64(0x7000) | twelve
    found["low"] = number | np.uint64(1 << 63)
    return found.view("V16")
