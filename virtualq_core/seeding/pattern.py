"""Strings for the regular expressions that field schemas use: classes, literals, groups and counts."""

from __future__ import annotations

import string
from collections.abc import Callable

from virtualq_core.errors import UsageError

_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " "}
_UNBOUNDED = 6  # how often `*` and `+` repeat at most


class PatternWriter:
    """
    Writes strings that match a pattern.

    Anchors at both ends, literals, escapes, `.`, classes with ranges, groups, alternatives and every greedy count are
    understood. Anything else is refused, so that no string is written which only looks right.

    Raises:
        UsageError: the pattern has a construct that is not understood.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._place = 0

    def write(self, below: Callable[[int], int]) -> str:
        """One string; `below(n)` draws a number from 0 to n - 1."""
        self._place = 0
        written = self._alternatives(below)
        if self._place != len(self._pattern):
            raise self._refusal()
        return written

    def _peek(self) -> str:
        return self._pattern[self._place : self._place + 1]

    def _take(self) -> str:
        if self._place >= len(self._pattern):
            raise self._refusal()
        self._place += 1
        return self._pattern[self._place - 1]

    def _alternatives(self, below: Callable[[int], int]) -> str:
        found = [self._sequence(below)]
        while self._peek() == "|":
            self._take()
            found.append(self._sequence(below))
        return found[below(len(found))]

    def _sequence(self, below: Callable[[int], int]) -> str:
        written: list[str] = []
        while self._peek() not in ("", "|", ")"):
            start = self._place
            once = self._atom(below)
            least, most = self._count()
            end = self._place
            for repeat in range(least + below(most - least + 1)):
                if repeat:
                    self._place = start
                    once = self._atom(below)
                written.append(once)
            self._place = end
        return "".join(written)

    def _atom(self, below: Callable[[int], int]) -> str:
        one = self._take()
        if one in "^$":
            return ""
        if one == "(":
            if self._peek() == "?":
                if self._pattern[self._place : self._place + 2] != "?:":
                    raise self._refusal()
                self._place += 2
            written = self._alternatives(below)
            if self._take() != ")":
                raise self._refusal()
            return written
        if one == "[":
            members = self._members()
            return members[below(len(members))]
        if one == ".":
            return string.ascii_lowercase[below(26)]
        if one == "\\":
            members = self._escaped()
            return members[below(len(members))]
        if one in "*+?{":
            raise self._refusal()
        return one

    def _escaped(self) -> str:
        one = self._take()
        if one in _CLASSES:
            return _CLASSES[one]
        if one.isalnum():
            raise self._refusal()
        return one

    def _members(self) -> str:
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
        if one == "{":
            inside = ""
            while self._peek() != "}":
                inside += self._take()
            self._take()
            least, comma, most = inside.partition(",")
            if not least.isdigit() or (most and not most.isdigit()):
                raise self._refusal()
            found = int(least), int(most) if most else int(least) + (_UNBOUNDED if comma else 0)
        else:
            found = {"*": (0, _UNBOUNDED), "+": (1, _UNBOUNDED), "?": (0, 1)}[one]
        if self._peek() in ("?", "+", "*"):
            raise self._refusal()
        return found

    def _refusal(self) -> UsageError:
        return UsageError(
            f"no string can be drawn for the pattern '{self._pattern}'",
            observed=f"'{self._pattern[: self._place]}' and what follows it",
            expected="literals, classes, groups, alternatives and counts",
        )
