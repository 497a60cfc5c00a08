"""A subject in a Python file: found by its path, refused with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.errors import UsageError
from virtualq_core.subjects import ProceduralSubject, choose_subjects, find_subject

if TYPE_CHECKING:
    from pathlib import Path

GOOD = '''
"""A subject with another name."""

from dataclasses import dataclass

from virtualq_core.subjects import ProceduralSubject


@dataclass
class Other(ProceduralSubject):
    name: str = "other"


subject = Other()
'''
REFUSED = {
    "": "holds no subject; expected a module attribute 'subject' with a name and open",
    "subject = 7": "the subject of .* is none; observed a int",
    "class Any:\n    name = 'any'\n    def open(self, dsn, *, role=None): ...\nsubject = Any": "observed the class Any",
    "import no_such_module": "does not run; observed ModuleNotFoundError: No module named 'no_such_module'",
    "subject = = 1": "does not run; observed SyntaxError",
}


def write(path: Path, text: str) -> str:
    """The path of a new file."""
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_subject_is_found_by_the_path_of_its_file(tmp_path: Path) -> None:
    """The file needs no package, and may hold what any module may."""
    found = find_subject(write(tmp_path / "mine.py", GOOD))

    assert isinstance(found, ProceduralSubject)
    assert found.name == "other"


@pytest.mark.parametrize("text", REFUSED)
def test_a_file_without_a_subject_is_refused_with_the_reason(tmp_path: Path, text: str) -> None:
    """What was found, and what was expected."""
    with pytest.raises(UsageError, match=REFUSED[text]):
        find_subject(write(tmp_path / "mine.py", text))


def test_a_file_that_is_not_there_is_an_error_of_usage() -> None:
    """It is not looked for under the names."""
    with pytest.raises(UsageError, match=r"there is no file nowhere\.py"):
        find_subject("nowhere.py")


def test_two_subjects_have_two_names(tmp_path: Path) -> None:
    """Results name a subject by its name alone."""
    paths = [write(tmp_path / f"{name}.py", GOOD) for name in ("one", "two")]
    with pytest.raises(UsageError, match="two subjects have the name 'other'"):
        choose_subjects(paths)
