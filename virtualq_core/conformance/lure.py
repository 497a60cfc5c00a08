"""An address on this machine that nobody has a reason to call, and schemas that name it."""

from __future__ import annotations

import threading
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Lure:
    """A listener on the loopback interface; `visits` counts who connects. None is answered."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), BaseRequestHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        return str(host), port

    @property
    def url(self) -> str:
        """The same as the beginning of a URL."""
        return "http://{}:{}".format(*self.address)

    @property
    def visits(self) -> int:
        """How often somebody has connected."""
        return self._server.visits

    def schemas(self) -> dict[str, dict[str, Any]]:
        """Schemas that would have whoever resolves what they name call here."""
        there = f"{self.url}/there.json"
        number = {"b": {"type": "integer"}}
        return {
            "a reference": {"$ref": there},
            "a reference to a part": {"properties": {"a": {"$ref": f"{there}#/$defs/b"}}},
            "a reference in a list": {"allOf": [{"type": "object"}, {"anyOf": [{"$ref": there}]}]},
            "a reference in a definition": {
                "properties": {"a": {"$ref": "#/$defs/b"}},
                "$defs": {"b": {"$ref": there}},
            },
            "a dynamic reference": {"properties": {"a": {"$dynamicRef": f"{there}#b"}}},
            "a reference of an older draft": {"properties": {"a": {"$recursiveRef": there}}},
            "a reference in a text's schema": {"properties": {"a": {"contentSchema": {"$ref": there}}}},
            "a dialect": {"$schema": there, "properties": {"a": {"type": "integer"}}},
            "a vocabulary": {"$vocabulary": {there: True}, "properties": {"a": {"type": "integer"}}},
            "a base": {"$id": there, "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": number},
            "a reference from a base": {"$id": there, "properties": {"a": {"$ref": "elsewhere.json"}}},
            "a base within": {"properties": {"a": {"$id": there, "$ref": "#/$defs/b", "$defs": number}}},
            "a reference from a base within": {"properties": {"a": {"$id": there, "items": {"$ref": "more.json"}}}},
        }


class _Server(ThreadingTCPServer):
    daemon_threads = True
    visits = 0

    def verify_request(self, *_: object) -> bool:
        self.visits += 1
        return False
