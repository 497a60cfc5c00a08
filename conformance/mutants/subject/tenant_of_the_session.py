"""
The tenant is set for the session, so that a pool hands it to the next borrower.

breaks: TEN-006
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.subjects.orm import OrmSession, OrmSubject

if TYPE_CHECKING:
    from sqlalchemy import Connection


class ClingingSession(OrmSession):
    """Sets what it should set locally."""

    def _enter_tenant(self, connection: Connection) -> None:
        if self._tenant_id is not None:
            connection.exec_driver_sql(f"set virtualq.tenant_id = '{int(self._tenant_id)}'")


class ClingingSubject(OrmSubject):
    """The orm subject with a tenant to each connection."""

    name = "tenant_of_the_session"
    session_type = ClingingSession


subject = ClingingSubject()
