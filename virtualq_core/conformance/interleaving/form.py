"""A table of a file, read key by key, so that every error names its place and the nearest word that would do."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Never, overload

from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class InterleavingFault(UsageError):
    """A file of interleavings says something that cannot be meant."""

    code = "interleaving"


class Form:
    """A table at its place in the file. Keys are asked for one by one; `close()` refuses those that nobody did."""

    def __init__(self, table: Mapping[str, Any], place: str) -> None:
        self.table = table
        self.place = place
        self._asked: set[str] = set()

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        self._asked.add(key)
        return key in self.table

    def text(self, key: str) -> str:
        """A text that must be there."""
        found: str = self._value(key, str, "a text")
        return found

    def number(self, key: str) -> int:
        """A whole number that must be there."""
        found: int = self._value(key, int, "a whole number")
        return found

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts, which must be there if it has no default."""
        if default is not None and not self.has(key):
            return default
        found = self._value(key, list, "a list of texts")
        if not all(isinstance(each, str) for each in found):
            self.refuse(f"'{key}' does not fit", found, "a list of texts")
        return tuple(found)

    def form(self, key: str) -> Form:
        """A table; an empty one where it is not there."""
        self._asked.add(key)
        return Form(self._value(key, dict, "a table") if key in self.table else {}, f"{self.place} [{key}]")

    def forms(self, key: str) -> list[Form]:
        """A list of tables; an empty one where it is not there."""
        self._asked.add(key)
        found = self._value(key, list, f"[[{key}]]") if key in self.table else []
        if not all(isinstance(each, dict) for each in found):
            self.refuse(f"'{key}' does not fit", found, f"[[{key}]]")
        return [Form(each, f"{self.place} [[{key}]] {number}") for number, each in enumerate(found, 1)]

    def steps(self, key: str) -> list[str | dict[str, Any]]:
        """A list of words and tables."""
        found: list[str | dict[str, Any]] = self._value(key, list, "a list of steps")
        for each in found:
            if not isinstance(each, (str, dict)):
                self.refuse(f"'{key}' does not fit", each, "a word or a table")
        return found

    def one_of(self, word: str, known: Iterable[str], what: str) -> str:
        """The word, which must be one of those that are known."""
        if word not in known:
            self.refuse(f"no {what} '{word}'", None, nearest(word, known))
        return word

    @overload
    def chosen(self, key: str, known: Iterable[str], default: str) -> str: ...

    @overload
    def chosen(self, key: str, known: Iterable[str], default: None) -> str | None: ...

    def chosen(self, key: str, known: Iterable[str], default: str | None) -> str | None:
        """One of the known words."""
        return self.one_of(self.text(key), known, key) if self.has(key) else default

    def close(self) -> None:
        """Refuse every key that was not asked for."""
        for key in self.table:
            if key not in self._asked:
                self.refuse(f"unknown key '{key}'", None, nearest(key, self._asked))

    def refuse(self, what: str, observed: object, expected: object) -> Never:
        """Raise what is wrong at this place."""
        raise InterleavingFault(
            f"{self.place}: {what}", observed=None if observed is None else repr(observed), expected=expected
        )

    def _value(self, key: str, kind: type[Any], words: str) -> Any:  # noqa: ANN401  of that kind
        self._asked.add(key)
        if key not in self.table:
            self.refuse(f"'{key}' is missing", None, words)
        found = self.table[key]
        if not isinstance(found, kind) or isinstance(found, bool) or found == "":
            self.refuse(f"'{key}' does not fit", found, words)
        return found


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant; all of them where none is near."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    return near[0] if near else " or ".join(choices) or "none"
