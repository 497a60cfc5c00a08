"""An implementation behind a command that speaks lines of JSON."""

from __future__ import annotations

import shlex
from functools import cached_property
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict

from virtualq_core.errors import UsageError
from virtualq_core.subjects.adapter.conversation import Conversation
from virtualq_core.subjects.adapter.message import VERSION
from virtualq_core.subjects.adapter.session import AdapterSession, Hello, Patience
from virtualq_core.tenancy import APPLICATION_ROLE

if TYPE_CHECKING:
    from typing import Any

    from virtualq_core.subjects.adapter.fault import AdapterBroken

_PARTS = ("host", "port", "user", "password", "dbname", "options", "application_name")


class AdapterSubject:
    """
    A subject in any language: each of its sessions is a process of the command.

    `broken` is the first breach of the protocol in any of its sessions; whoever holds the adapter to requirements looks
    at it, because a test may swallow the error.

    Raises:
        UsageError: the command is empty, or a quotation in it does not end.
    """

    def __init__(self, command: str, *, patience: Patience | None = None) -> None:
        self.command = command
        self.broken: AdapterBroken | None = None
        self._patience = patience or Patience()
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"the adapter's command cannot be read: {error}", observed=command) from error
        if not self._words:
            raise UsageError("the adapter's command is empty", expected="such as 'node my_adapter.mjs'")

    @cached_property
    def hello(self) -> Hello:
        """
        What it says of itself.

        Raises:
            AdapterBroken: it breaks the protocol.
        """
        conversation, hello = self._begin()
        conversation.close(self._patience.answer_s, self._patience.end_s)
        return hello

    @property
    def name(self) -> str:
        """The name that it gives itself."""
        return self.hello.name

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> AdapterSession:
        """Start a process and let it connect; the dsn goes by its standard input, because it may hold a password."""
        conversation, hello = self._begin()
        try:
            parts: dict[str, Any] = conninfo_to_dict(dsn)
            conversation.keep_secret(parts.get("password"))
            given = {"dsn": dsn, "server": {name: parts.get(name) for name in _PARTS}, "role": role}
            opened = conversation.ask("open", given, self._patience.start_s)
        except BaseException:
            conversation.kill()
            raise
        return AdapterSession(conversation, hello, self._patience, backend_pid=opened.get("backend_pid"))

    def _begin(self) -> tuple[Conversation, Hello]:
        conversation = Conversation(self._words, self.command, self._note)
        try:
            said = conversation.ask("hello", {"version": VERSION}, self._patience.start_s)
        except BaseException:
            conversation.kill()
            raise
        return conversation, Hello(said["name"], frozenset(said["operations"]), frozenset(said.get("capabilities", ())))

    def _note(self, breach: AdapterBroken) -> None:
        self.broken = self.broken or breach
