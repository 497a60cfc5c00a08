"""
One embedded cluster: a folder in the cache, with the data, the socket, the log and the locks of one PostgreSQL.

Nothing here decides when the server runs; `lease` and `keeper` do.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import stat
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from virtualq_core.database import tuning
from virtualq_core.database.account import Account, server_account
from virtualq_core.database.binaries import Binaries
from virtualq_core.database.cache import DiskFull, cache_dir, make_folder, os_fault, require_free_disk
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Callable

SUPERUSER = "virtualq"
_FOLDER = "clusters"
_PRIVATE = "private-u"
_PROGRAMS = "programs.json"
DEFAULT_PORT = 5432
_ROOM_BYTES = 256 * 2**20
_SOCKET_PATH_BYTES = 103  # sockaddr_un has room for 107 on Linux and 103 on macOS
_START_S = 180
_STOP_S = 60
_ATTEMPTS = 3
_SURVIVAL_S = 5
_LOG_KEPT_BYTES = 8 * 2**20
_HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
_CONFIGURATION = f"\ninclude_if_exists = '{tuning.FILE_NAME}'\n"


class PortUnavailable(EnvironmentFault):
    """The server cannot have the port: another process listens there, or it is a privileged one."""

    code = "port-unavailable"

    def __init__(self, port: int | None, observed: str) -> None:
        super().__init__(
            f"cannot listen on 127.0.0.1:{port}",
            observed=observed,
            next_step="choose another with `virtualq db start --port`, or `virtualq db stop` to need none",
        )


@dataclass(frozen=True)
class Postmaster:
    """A running server, as its `postmaster.pid` tells of it."""

    pid: int
    port: int
    socket_dir: Path
    listens: bool
    is_ready: bool


@dataclass(frozen=True)
class Cluster:
    """A cluster's folder and the programs that run it; `account` owns its data."""

    folder: Path
    binaries: Binaries
    account: Account

    @classmethod
    def of(cls, binaries: Binaries) -> Cluster:
        """The one cluster of this user for these programs; its folder is made if it is missing."""
        return cls.at(cache_dir() / _FOLDER / f"{binaries.key}-u{os.geteuid()}", binaries)

    @classmethod
    def private(cls, binaries: Binaries) -> Cluster:
        """A new cluster that nobody else uses; it goes with its server."""
        cluster = cls.at(cache_dir() / _FOLDER / f"{_PRIVATE}{os.geteuid()}-{secrets.token_hex(6)}", binaries)
        cluster.disposal.touch()
        return cluster

    @staticmethod
    def private_folders() -> list[Path]:
        """The folders of this user's private clusters, also of those whose owner was killed."""
        return sorted((cache_dir() / _FOLDER).glob(f"{_PRIVATE}{os.geteuid()}-*"))

    @classmethod
    def at(cls, folder: Path, binaries: Binaries) -> Cluster:
        """The cluster in a folder, which is made if it is missing."""
        account = server_account()
        account.require_passage(make_folder(folder) / "data")
        told, path = json.dumps(binaries.to_json()), folder / _PROGRAMS
        try:
            if not path.exists() or path.read_text(encoding="utf-8") != told:
                replacement = path.with_name(f"{_PROGRAMS}.{os.getpid()}")
                replacement.write_text(told, encoding="utf-8")
                replacement.replace(path)
        except OSError as error:
            raise os_fault(error, path, "cannot write into the cluster's folder") from error
        return cls(folder, binaries, account)

    @classmethod
    def known(cls, folder: Path) -> Cluster:
        """
        The cluster that an earlier process made in the folder.

        Raises:
            OSError, ValueError: there is none, or it was not made to the end.
        """
        told = json.loads((folder / _PROGRAMS).read_text(encoding="utf-8"))
        return cls(folder, Binaries.from_json(told), server_account())

    @property
    def data_dir(self) -> Path:
        """PostgreSQL's data directory; it exists only whole."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "log"

    @property
    def pin(self) -> Path:
        """The file that keeps the server running when no harness does; it holds the port to listen on, or nothing."""
        return self.folder / "pinned"

    @property
    def disposal(self) -> Path:
        """The file that makes the keeper delete the whole folder once the server is stopped."""
        return self.folder / "disposable"

    def pinned_port(self) -> int | None:
        """The port of 127.0.0.1 that a pinned server listens on, if any."""
        with contextlib.suppress(OSError, ValueError):
            return int(self.pin.read_text(encoding="ascii"))
        return None

    def postmaster(self) -> Postmaster | None:
        """The running server, or none: a `postmaster.pid` that a killed server left names none."""
        try:
            lines = (self.data_dir / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
            pid, port = int(lines[0]), int(lines[3])
            socket_dir, addresses = Path(lines[4]), lines[5].strip()
        except (OSError, ValueError, IndexError):
            return None
        if not self._is_ours(pid):
            return None
        is_ready = len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004 -- the file's eighth line
        return Postmaster(pid, port, socket_dir, listens=bool(addresses), is_ready=is_ready)

    def create(self) -> None:
        """
        Make the data directory unless it is there: under another name first, so that it is never taken half made.

        Raises:
            EnvironmentFault: `initdb` failed, or the directory that is there is another major version's.
        """
        for leftover in self.folder.glob("data.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if self.data_dir.exists():
            self._require_own_version()
            return
        require_free_disk(self.folder, _ROOM_BYTES)
        fresh = Path(tempfile.mkdtemp(prefix="data.new-", dir=self.folder))
        try:
            self.account.own(fresh)
            self._run_initdb(fresh)
            (fresh / "pg_hba.conf").write_text(_HBA, encoding="ascii")
            with (fresh / "postgresql.conf").open("a", encoding="ascii") as file:
                file.write(_CONFIGURATION)
            fresh.rename(self.data_dir)
        except OSError as error:
            raise os_fault(error, self.folder, "cannot make the cluster") from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def start(self) -> None:
        """
        Make sure that the server runs and accepts connections; recovers one that crashed.

        Raises:
            EnvironmentFault: it does not start; the error quotes the log.
        """
        self.create()
        said = ""
        for attempt in range(_ATTEMPTS):
            if self.postmaster() is not None:
                if not self._await(self._is_settled, _START_S):
                    raise EnvironmentFault(
                        f"the embedded PostgreSQL is not ready after {_START_S} s",
                        next_step=f"it may be recovering; read {self.log} and run again",
                    )
                if self.postmaster() is not None:
                    return
            self._clear_remains()
            self._tune()
            said = self._try_start()
            if not said:
                return
            if "No space left on device" in said:
                raise DiskFull("PostgreSQL does not start", observed=said, next_step="free some disk space")
            if "could not create any TCP/IP sockets" in said:
                raise PortUnavailable(self.pinned_port(), said)
            threading.Event().wait(0.2 * 2**attempt)
        raise EnvironmentFault(
            "the embedded PostgreSQL does not start",
            observed=said,
            next_step=f"read {self.log}; `virtualq db reset` makes the cluster anew, without what it held",
        )

    def stop(self) -> None:
        """Stop the server if it runs; its sessions are ended. Its programs may be gone by now."""
        for fast_then_immediate in (signal.SIGINT, signal.SIGQUIT):
            server = self.postmaster()
            if server is None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, fast_then_immediate)
            if self._await(lambda: self.postmaster() is None, _STOP_S):
                # It may lie outside the cluster's folder, where nobody would look for it.
                with contextlib.suppress(OSError):
                    self._socket_path().rmdir()
                return
        raise EnvironmentFault("the embedded PostgreSQL does not stop", next_step=f"read {self.log}")

    def remove(self) -> None:
        """Delete what the stopped server held; the locks stay."""
        for leftover in [self.data_dir, *self.folder.glob("data.new-*")]:
            shutil.rmtree(leftover)
        for leftover in (self.log, self.folder / "pgpass"):
            leftover.unlink(missing_ok=True)

    def dispose(self) -> None:
        """Delete a private cluster's folder, whose server is stopped."""
        shutil.rmtree(self._socket_path(), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run_initdb(self, folder: Path) -> None:
        options = ("--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--data-checksums")
        done = self.binaries.run("initdb", "-D", folder, *options, account=self.account, timeout_s=_START_S)
        if done.returncode != 0:
            said = done.stderr.strip()
            if "No space left on device" in said:
                raise DiskFull("no room for PostgreSQL's cluster", observed=_last(said), next_step="free some disk")
            raise EnvironmentFault("initdb failed", observed=_last(said), next_step=f"see {self.folder}")

    def _require_own_version(self) -> None:
        with contextlib.suppress(OSError):
            major = (self.data_dir / "PG_VERSION").read_text(encoding="ascii").strip()
            if major != str(self.binaries.major):
                raise EnvironmentFault(
                    f"the data directory {self.data_dir} is another PostgreSQL's",
                    observed=f"version {major}",
                    expected=f"version {self.binaries.major}",
                    next_step="`virtualq db reset` makes the cluster anew, without what it held",
                )

    def _is_ours(self, pid: int) -> bool:
        """Whether the process is this cluster's postmaster and not one that got the number of a dead one."""
        try:
            process = psutil.Process(pid)
            return process.name().startswith("postgres") and Path(process.cwd()).samefile(self.data_dir)
        except psutil.AccessDenied:
            return True
        except (psutil.Error, OSError):
            return False

    def _tune(self) -> None:
        path = self.data_dir / tuning.FILE_NAME
        text = tuning.configuration(self.binaries, self.account)
        try:
            if not path.exists() or path.read_text(encoding="ascii") != text:
                path.write_text(text, encoding="ascii")
                self.account.own(path)
            if not self.log.exists() or self.log.stat().st_size > _LOG_KEPT_BYTES:
                self.log.write_bytes(b"")
                self.account.own(self.log)
        except OSError as error:
            raise os_fault(error, self.folder, "cannot write the server's settings") from error

    def _try_start(self) -> str:
        """Start once; what the server said where it did not come up, else nothing."""
        log_end = self.log.stat().st_size
        port = self.pinned_port()
        listen = "" if port is None else "127.0.0.1"
        # The arguments pass through a shell, and the folder's name may hold a blank.
        options = f"-p {port or DEFAULT_PORT} -c listen_addresses='{listen}' -k {_quoted(self._socket_dir())}"
        done = self._pg_ctl("start", "-l", self.log, "-t", str(_START_S), "-o", options)
        if done == 0:
            return ""
        with self.log.open("rb") as file:
            file.seek(log_end)
            lines = file.read().decode(errors="replace").splitlines()
        grave = [line for line in lines if "FATAL:" in line or "PANIC:" in line or "could not" in line]
        return " | ".join(line.strip() for line in (grave or lines)[-3:]) or "nothing in its log"

    def _pg_ctl(self, *arguments: str | Path) -> int:
        done = self.binaries.run(
            "pg_ctl", "-D", self.data_dir, "-s", "-w", *arguments, account=self.account, timeout_s=_START_S + 30
        )
        return done.returncode

    def _is_settled(self) -> bool:
        server = self.postmaster()
        return server is None or server.is_ready

    @staticmethod
    def _await(condition: Callable[[], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while not condition():
            if time.monotonic() > deadline:
                return False
            pause.wait(0.02)
        return True

    def _clear_remains(self) -> None:
        """
        Remove the lock files of a killed server.

        PostgreSQL does it itself, unless a process has the number that is in them: another one's by now, or the dead
        server's own where nobody reaps it. Its backends must be gone first: they still write to the shared memory.
        """
        remains = [self.data_dir / "postmaster.pid", *self._socket_dir().glob(".s.PGSQL.*")]
        if not any(path.exists() for path in remains):
            return
        gone = self._await(lambda: not self._survivors() or self.postmaster() is not None, _SURVIVAL_S)
        if self.postmaster() is not None:
            return  # somebody's start that was only beginning
        if not gone:
            for process in self._survivors():
                with contextlib.suppress(psutil.Error):
                    process.kill()
            self._await(lambda: not self._survivors(), _SURVIVAL_S)
        for path in remains:
            path.unlink(missing_ok=True)

    def _survivors(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_ours(process.pid)]

    def _socket_path(self) -> Path:
        """Where the socket's folder lies: in the cluster's, or in a short place where that path is too long."""
        folder = self.folder / "socket"
        if len(os.fsencode(folder / ".s.PGSQL.65535")) <= _SOCKET_PATH_BYTES:
            return folder
        mark = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path("/tmp") / f"virtualq-{os.geteuid()}-{mark}"  # noqa: S108 -- owner and mode are checked

    def _socket_dir(self) -> Path:
        """The socket's folder, made if it is missing, and closed to others."""
        folder = self._socket_path()
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self.account.own(folder)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != self.account.uid or status.st_mode & 0o077:
            raise EnvironmentFault(
                f"{folder} is not a private folder of the server's account",
                observed=f"owner {status.st_uid}, mode {stat.S_IMODE(status.st_mode):o}",
                expected=f"owner {self.account.uid}, mode 700",
                next_step="remove it",
            )
        return folder


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "'\\''") + "'"


def _last(said: str) -> str:
    lines = [line for line in said.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
    return (lines or said.splitlines() or ["nothing"])[-1].strip()
