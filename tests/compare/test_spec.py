"""What the words on the command line mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.compare import Spec
from virtualq_core.compare.settings import read_settings
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_word_means_the_first_thing_that_exists(tmp_path: Path) -> None:
    """A file by its ending, a set of indexes, a PostgreSQL."""
    results, settings = tmp_path / "results.json", tmp_path / "big.conf"
    results.write_text("{}")
    settings.write_text("work_mem = 64MB\n")

    assert Spec.read(str(results)) == Spec("results", str(results))
    assert Spec.read(str(settings)) == Spec("settings", str(settings))
    assert Spec.read("lean") == Spec("indexes", "lean")
    assert Spec.read("embedded") == Spec("postgres", "embedded")


def test_a_prefix_says_which(tmp_path: Path) -> None:
    """Where a word could mean two things."""
    (tmp_path / "postgres").write_text("")

    assert Spec.read("indexes:seed") == Spec("indexes", "seed")
    assert Spec.read(f"postgres:{tmp_path}").programs == tmp_path
    assert str(Spec.read("indexes:lean")) == "indexes:lean"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("indexes:leen", "no set of indexes 'leen'"),
        ("postgres:99", "no PostgreSQL '99'"),
        ("settings:nowhere.conf", "no settings file"),
        ("git:--upload-pack=x", "no git revision"),
        ("nothing-like-that", "nothing that could be compared"),
    ],
)
def test_what_does_not_exist_is_refused(text: str, said: str) -> None:
    """With what there is, and how to say which is meant."""
    with pytest.raises(UsageError) as raised:
        Spec.read(text)

    assert said in str(raised.value)
    assert raised.value.expected is not None


def test_settings_are_read_as_postgresql_writes_them(tmp_path: Path) -> None:
    """With or without an equals sign, quoted or not, comments left out."""
    path = tmp_path / "own.conf"
    path.write_text("# ours\nwork_mem = 64MB  # more\nsearch_path 'a, ''b'''\n\nenable_seqscan=off\n")

    assert read_settings(path) == {"work_mem": "64MB", "search_path": "a, 'b'", "enable_seqscan": "off"}


@pytest.mark.parametrize(("text", "said"), [("work_mem\n", "line 1"), ("# nothing\n", "sets nothing")])
def test_a_file_that_sets_nothing_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """By its line where there is one."""
    path = tmp_path / "own.conf"
    path.write_text(text)

    with pytest.raises(UsageError) as raised:
        read_settings(path)

    assert said in str(raised.value)
