"""PostgreSQL's programs and the cluster's files: whole or not there, and a full disk is said to be one."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.database import binaries
from virtualq_core.database.account import Account
from virtualq_core.database.binaries import Binaries, embedded
from virtualq_core.database.cache import DiskFull, cache_dir, require_free_disk
from virtualq_core.database.cluster import Cluster
from virtualq_core.errors import EnvironmentFault, ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.database.conftest import Cache


@pytest.fixture
def bare(cache: Cache) -> Cache:
    """A cache with nothing in it, not even the programs."""
    (cache.folder / "binaries").unlink()
    return cache


@pytest.mark.slow
def test_the_programs_are_copied_once_and_run_from_the_copy(bare: Cache) -> None:
    """An environment that is deleted does not take them from under a running server."""
    first = embedded()
    stamp = (first.bin_dir / "postgres").stat()

    second = embedded()

    assert second == first
    assert bare.folder in first.bin_dir.parents
    assert (second.bin_dir / "postgres").stat().st_ino == stamp.st_ino
    assert first.major >= 18


@pytest.mark.slow
def test_what_a_killed_copy_left_is_removed(bare: Cache) -> None:
    """Forty megabytes each would add up; a half copy is never taken for whole."""
    half = bare.folder / "binaries" / f".{embedded().key}-killed"
    shutil.rmtree(embedded().bin_dir.parents[2])
    half.mkdir()

    embedded()

    assert not half.exists()


def test_a_disk_that_fills_during_the_copy_leaves_nothing_of_it(bare: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear error, and the next run begins anew."""

    def fill(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copytree", fill)

    with pytest.raises(DiskFull, match=r"cannot copy PostgreSQL's programs.*No space left on device") as error:
        embedded()

    assert error.value.exit_code is ExitCode.ENVIRONMENT
    assert [path.name for path in (bare.folder / "binaries").iterdir()] == ["lock"]


def test_a_disk_that_fills_during_initdb_leaves_no_cluster(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a half-made one that would be taken for whole."""
    cluster = cache.cluster()

    def fill(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "initdb: error: could not write file: No space left on device\n")

    monkeypatch.setattr(Binaries, "run", fill)

    with pytest.raises(DiskFull, match="no room for PostgreSQL's cluster"):
        cluster.create()

    assert not list(cluster.folder.glob("data*"))


def test_room_is_asked_for_before_anything_is_begun(tmp_path: Path) -> None:
    """Also for a folder that is still to be made."""
    with pytest.raises(DiskFull, match=r"observed \d+ MiB free; expected at least 1099511627776 MiB"):
        require_free_disk(tmp_path / "to" / "be" / "made", 2**60)


def test_without_the_wheel_the_error_says_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform may have none."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(EnvironmentFault, match=r"not installed\n.*--postgres-bin or --database-url"):
        embedded()


def test_programs_that_are_too_old_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is made with them."""
    tmp_path.chmod(0o755)
    for name in ("postgres", "initdb", "pg_ctl"):
        (tmp_path / name).touch()
    monkeypatch.setattr(binaries, "_version", lambda _: "9.6.24")
    monkeypatch.setattr(Account, "require_passage", lambda *_: None)

    with pytest.raises(EnvironmentFault, match=r"too old; observed 9\.6\.24; expected 15 or newer"):
        binaries.local(tmp_path)


def test_a_cache_that_cannot_be_made_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a file is in its way."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("VIRTUALQ_CACHE_DIR", str(tmp_path / "file" / "cache"))

    with pytest.raises(EnvironmentFault, match=r"cannot make the folder.*\n.*VIRTUALQ_CACHE_DIR"):
        cache_dir()


def test_a_socket_folder_of_somebody_else_is_not_used(cache: Cache) -> None:
    """Whoever owns it could put their own server there."""
    cluster = cache.cluster()
    (cluster.folder / "socket").mkdir(mode=0o777)
    (cluster.folder / "socket").chmod(0o777)

    with pytest.raises(EnvironmentFault, match=r"not a private folder .*mode 777; expected .*mode 700"):
        Cluster.at(cluster.folder, cluster.binaries).start()


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="missing: the right to act as another user")
def test_an_ordinary_user_has_a_server_too(cache: Cache) -> None:
    """Root's processes run as another account; everybody else's as themselves."""
    home = cache.folder / "home"
    home.mkdir(mode=0o755)
    os.chown(home, 65534, 65534)
    script = (
        "from virtualq_core.database.provider import provide\n"
        "with provide() as server, server.maintenance.connect() as c:\n"
        "    print(c.execute('select current_user').fetchone()[0])\n"
    )
    packages = os.pathsep.join(path for path in sys.path if path)
    environment = {**cache.environment(), "HOME": str(home), "VIRTUALQ_CACHE_DIR": "", "XDG_CACHE_HOME": ""}
    for interpreter in (sys.executable, shutil.which("python3", path="/usr/bin:/bin")):
        if interpreter is None or not _can_import(interpreter, packages):
            continue
        done = subprocess.run(
            [interpreter, "-c", script],
            env={**environment, "PYTHONPATH": f"{environment['PYTHONPATH']}{os.pathsep}{packages}"},
            cwd="/",
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout, done.stderr) == ("virtualq\n", "")
        cache.await_quiet()
        return
    pytest.skip("missing: an interpreter and packages that other accounts can reach")


def _can_import(interpreter: str, packages: str) -> bool:
    """Whether another account can run the interpreter with this environment's packages."""
    try:
        done = subprocess.run(
            [interpreter, "-c", "import psycopg, psutil, platformdirs"],
            env={"PYTHONPATH": packages},
            cwd="/",
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return False
    return done.returncode == 0
