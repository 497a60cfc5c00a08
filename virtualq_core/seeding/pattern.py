"""Strings for the regular expressions that field schemas use: classes, literals, groups and counts."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import TypeAlias

from virtualq_core.errors import UsageError

Below: TypeAlias = Callable[[int], int]
_Part: TypeAlias = Callable[[Below], str]

_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " "}
_UNBOUNDED = 6  # how often `*` and `+` repeat at most


class PatternWriter:
    """
    Writes strings that match a pattern.

    Anchors, literals, escapes, `.`, classes with ranges, groups, alternatives and every greedy count are understood.
    Anything else is refused, so that no string is written which only looks right.

    Raises:
        UsageError: the pattern has a construct that is not understood.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._place = 0
        self._write = self._alternatives()
        if self._place != len(pattern):
            raise self._refusal()

    def write(self, below: Below) -> str:
        """One string; `below(n)` draws a number from 0 to n - 1."""
        return self._write(below)

    def _peek(self) -> str:
        return self._pattern[self._place : self._place + 1]

    def _take(self) -> str:
        if self._place >= len(self._pattern):
            raise self._refusal()
        self._place += 1
        return self._pattern[self._place - 1]

    def _alternatives(self) -> _Part:
        choices = [self._sequence()]
        while self._peek() == "|":
            self._take()
            choices.append(self._sequence())
        return choices[0] if len(choices) == 1 else lambda below: choices[below(len(choices))](below)

    def _sequence(self) -> _Part:
        parts: list[tuple[_Part, int, int]] = []
        while self._peek() not in ("", "|", ")"):
            atom = self._atom()
            parts.append((atom, *self._count()))

        def write(below: Below) -> str:
            return "".join(atom(below) for atom, least, most in parts for _ in range(least + below(most - least + 1)))

        return write

    def _atom(self) -> _Part:
        one = self._take()
        if one in "^$":
            return lambda _: ""
        if one == "(":
            return self._group()
        if one in "*+?{":
            raise self._refusal()
        members = self._members(one)
        return lambda below: members[below(len(members))]

    def _group(self) -> _Part:
        if self._peek() == "?":
            if self._pattern[self._place : self._place + 2] != "?:":
                raise self._refusal()
            self._place += 2
        inner = self._alternatives()
        if self._take() != ")":
            raise self._refusal()
        return inner

    def _members(self, one: str) -> str:
        """The characters that may stand where `one` begins."""
        if one == "[":
            return self._class()
        if one == ".":
            return string.ascii_lowercase
        return self._escaped() if one == "\\" else one

    def _escaped(self) -> str:
        one = self._take()
        if one in _CLASSES:
            return _CLASSES[one]
        if one.isalnum():
            raise self._refusal()
        return one

    def _class(self) -> str:
        if self._peek() == "^":
            raise self._refusal()
        members = ""
        while self._peek() != "]" or not members:
            one = self._take()
            if one == "\\":
                members += self._escaped()
            elif self._peek() == "-" and self._pattern[self._place + 1 : self._place + 2] not in ("]", ""):
                self._take()
                last = self._take()
                if last == "\\" or ord(last) < ord(one):
                    raise self._refusal()
                members += "".join(map(chr, range(ord(one), ord(last) + 1)))
            else:
                members += one
        self._take()
        return members

    def _count(self) -> tuple[int, int]:
        one = self._peek()
        if one not in ("*", "+", "?", "{"):
            return 1, 1
        self._take()
        found = {"*": (0, _UNBOUNDED), "+": (1, _UNBOUNDED), "?": (0, 1)}.get(one) or self._braces()
        if self._peek() in ("?", "+", "*", "{"):
            raise self._refusal()
        return found

    def _braces(self) -> tuple[int, int]:
        inside = ""
        while self._peek() != "}":
            inside += self._take()
        self._take()
        least, comma, most = inside.partition(",")
        if not least.isdecimal() or (most and not (most.isdecimal() and int(most) >= int(least))):
            raise self._refusal()
        return int(least), int(most) if most else int(least) + (_UNBOUNDED if comma else 0)

    def _refusal(self) -> UsageError:
        return UsageError(
            f"no string can be drawn for the pattern '{self._pattern}'",
            observed=f"'{self._pattern[self._place - 1 :]}'",
            expected="literals, classes, groups, alternatives and counts",
        )
