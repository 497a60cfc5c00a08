"""Where the harness keeps what outlives a run: PostgreSQL's binaries, clusters and their logs."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import platformdirs

from virtualq_core.errors import EnvironmentFault

_OVERRIDE = "VIRTUALQ_CACHE_DIR"
_ROOTS_CACHE = Path("/var/cache/virtualq")


class DiskFull(EnvironmentFault):
    """There is no room for what was asked; nothing was begun, or it was undone."""

    code = "disk-full"


def cache_dir() -> Path:
    """
    The folder, made if it is missing: `VIRTUALQ_CACHE_DIR`, or the user's cache folder.

    Root's lies outside its home, because the account that runs PostgreSQL for root must be able to enter it.

    Raises:
        EnvironmentFault: the folder cannot be made.
    """
    override = os.environ.get(_OVERRIDE)
    if override:
        folder = Path(override).expanduser().absolute()
    else:
        folder = _ROOTS_CACHE if os.geteuid() == 0 else platformdirs.user_cache_path("virtualq")
    return make_folder(folder)


def make_folder(folder: Path) -> Path:
    """
    Make a folder of the cache, and its parents, unless they are there.

    What root makes, others may pass through whatever the umask is, for PostgreSQL runs as another account.

    Raises:
        EnvironmentFault: it cannot be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            for path in missing:
                path.chmod(0o755)
    except OSError as error:
        raise os_fault(error, folder, "cannot make the folder") from error
    return folder


def require_free_disk(path: Path, size_bytes: int) -> None:
    """Raise `DiskFull` unless the file system of `path` (or of its nearest existing parent) has `size_bytes` free."""
    place = path
    while not place.exists():
        place = place.parent
    free_bytes = shutil.disk_usage(place).free
    if free_bytes < size_bytes:
        raise DiskFull(
            f"no room under {path}",
            observed=f"{free_bytes / 2**20:.0f} MiB free",
            expected=f"at least {size_bytes / 2**20:.0f} MiB",
            next_step=f"free some, or set {_OVERRIDE} to a folder on another disk",
        )


def os_fault(error: OSError, path: Path, what: str) -> EnvironmentFault:
    """The error to raise for an `OSError` on one of the harness's own files."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(
            f"{what}: {path}",
            observed=os.strerror(error.errno),
            next_step=f"free some, or set {_OVERRIDE} to a folder on another disk",
        )
    return EnvironmentFault(
        f"{what}: {path}",
        observed=error.strerror or str(error),
        next_step=f"set {_OVERRIDE} to a folder that you may write into",
    )
