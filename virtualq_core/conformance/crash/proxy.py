"""
A way to the server on which answers get lost: the server has committed, and the client never hears of it.

It understands just enough of PostgreSQL's protocol: where an answer ends, and whether a transaction ended with it. So
it needs to know no statement, and serves a client that says COMMIT as well as one whose single statement commits by
itself. Encryption is declined on its behalf.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, cast

from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from virtualq_core.database.server import Database

_LOOPBACK = "127.0.0.1"
_ENCRYPTION_REQUESTS = {80877103, 80877104}  # SSLRequest and GSSENCRequest of the protocol
_DECLINED = b"N"
_BLOCK_BYTES = 65536
_POLL_S = 0.02
_LENGTH = struct.Struct("!I")
_COMPLETE, _ERROR, _READY = b"C", b"E", b"Z"
_IDLE = b"I"


class Proxy:
    """
    Forwards connections from a port on the loopback to the database's server. A context manager.

    `dsn` is the database by way of it. `lost` counts the answers that it has withheld.
    """

    def __init__(self, database: Database) -> None:
        given = conninfo_to_dict(database.dsn)
        self._upstream = str(Path(str(given["host"])) / f".s.PGSQL.{given['port']}")
        self._is_due: Callable[[], bool] | None = None
        self._lock = Lock()
        self._is_closing = False
        self._open: set[socket.socket] = set()
        self._broken: list[BaseException] = []
        self.lost = 0
        self._server = _Server((_LOOPBACK, 0), _Forwarder)
        self._server.proxy = self
        self.dsn = make_conninfo(
            database.dsn, host=_LOOPBACK, port=self._server.server_address[1], sslmode="disable", gssencmode="disable"
        )
        self._thread = Thread(target=self._server.serve_forever, args=(_POLL_S,), name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            self._is_closing = True
            for end in self._open:
                _hang_up(end)
        self._server.server_close()
        if self._broken and error is None:
            raise self._broken[0]

    @contextmanager
    def losing(self, is_due: Callable[[], bool]) -> Iterator[None]:
        """
        Ask `is_due` whenever the server says that a transaction was committed; where it is, the answer is withheld.

        The client's connection is cut then. `is_due` is asked in threads of the proxy's, between the commit and the
        client's hearing of it.
        """
        self._is_due = is_due
        try:
            yield
        finally:
            self._is_due = None

    def is_lost(self) -> bool:
        """Whether the answer that has just come from the server is to be withheld."""
        is_due = self._is_due
        if is_due is None or not is_due():
            return False
        with self._lock:
            self.lost += 1
        return True

    def connect(self, client: socket.socket) -> socket.socket:
        """
        A connection to the server for this client; both are hung up with the proxy.

        Raises:
            OSError: the server does not answer.
        """
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            server.connect(self._upstream)
        except OSError:
            server.close()
            raise
        with self._lock:
            self._open |= {client, server}
            if self._is_closing:
                _hang_up(server)
        return server

    def disconnect(self, client: socket.socket, server: socket.socket) -> None:
        """Forget the two, which are closed."""
        with self._lock:
            self._open -= {client, server}

    def note(self, error: BaseException) -> None:
        """Keep what went wrong in a thread, for whoever closes the proxy."""
        self._broken.append(error)


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64
    proxy: Proxy

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 -- the base class's signature
        """A connection that is lost is none of our business; anything else is."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.proxy.note(error)


class _Forwarder(BaseRequestHandler):
    """One client's connection; the answers in this thread, the requests in another."""

    request: socket.socket

    def handle(self) -> None:
        """Forward until one of the two ends hangs up."""
        proxy = cast("_Server", self.server).proxy
        client = self.request
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = proxy.connect(client)
        asking = Thread(target=_forward_requests, args=(client, server), daemon=True)
        try:
            asking.start()
            _forward_answers(server, client, proxy.is_lost)
        finally:
            _hang_up(client)
            _hang_up(server)
            asking.join()
            server.close()
            proxy.disconnect(client, server)


def _forward_requests(client: socket.socket, server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        _open_session(client, server)
        while block := client.recv(_BLOCK_BYTES):
            server.sendall(block)
    _hang_up(server)


def _open_session(client: socket.socket, server: socket.socket) -> None:
    """Pass on the first packet that does not ask for encryption: it alone has no letter in front."""
    while True:
        head = client.recv(8, socket.MSG_WAITALL)
        if len(head) == 8 and _LENGTH.unpack(head[4:])[0] in _ENCRYPTION_REQUESTS:  # noqa: PLR2004 -- length and code
            client.sendall(_DECLINED)
            continue
        server.sendall(head)
        return


def _forward_answers(server: socket.socket, client: socket.socket, is_lost: Callable[[], bool]) -> None:
    """
    Pass on the server's messages; what follows a statement's completion waits until the whole answer is there.

    A transaction was committed where the server is ready, in no transaction, after a completion and without an error.
    """
    held: list[bytes] = []
    has_failed = False
    with server.makefile("rb") as messages:
        while len(head := messages.read(5)) == 5:  # noqa: PLR2004 -- a letter and the length
            kind, body = head[:1], messages.read(_LENGTH.unpack(head[1:])[0] - _LENGTH.size)
            has_failed |= kind == _ERROR or (kind == _COMPLETE and body == b"ROLLBACK\0")
            if not held and kind != _COMPLETE:
                client.sendall(head + body)
            else:
                held += [head, body]
            if kind == _READY:
                if held and body == _IDLE and not has_failed and is_lost():
                    return
                client.sendall(b"".join(held))
                held, has_failed = [], False


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
