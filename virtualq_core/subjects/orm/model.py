"""
SQLAlchemy models of the tables that an application works with.

Only the columns that an application may write or needs to read are mapped; what the database derives is marked as
server-side, so that it is never sent. The keys are composite and led by the tenant, as in the schema.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    FetchedValue,
    ForeignKeyConstraint,
    Identity,
    Integer,
    MetaData,
    String,
    Text,
    and_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

_SERVER = FetchedValue()


class Base(DeclarativeBase):
    """Everything lives in the schema `virtualq`."""

    metadata = MetaData(schema="virtualq")
    type_annotation_map: ClassVar = {dict[str, Any]: JSONB(none_as_null=True), datetime: DateTime(timezone=True)}


class TypeDefinitionRow(Base):
    """A ticket type: its machine and its custom-field schema."""

    __tablename__ = "typedefinition"

    scope: Mapped[int] = mapped_column(primary_key=True, server_default=_SERVER)
    id: Mapped[int] = mapped_column(primary_key=True, server_default=_SERVER)
    type_code: Mapped[str] = mapped_column(String(32))
    fsm_schema: Mapped[dict[str, Any]]
    custom_fields_schema: Mapped[dict[str, Any] | None]
    revision: Mapped[int] = mapped_column(server_default=_SERVER)
    initial_state: Mapped[str] = mapped_column(String(32), server_default=_SERVER)


class TicketItemRow(Base):
    """A component of a ticket."""

    __tablename__ = "ticketitem"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "ticket_id"], ["virtualq.ticket.tenant_id", "virtualq.ticket.id"]),
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    quantity: Mapped[int] = mapped_column(Integer)
    note: Mapped[str | None] = mapped_column(Text)


class TicketRow(Base):
    """A ticket. The transition_* columns carry a request to the database and are null at rest."""

    __tablename__ = "ticket"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    extid: Mapped[UUID] = mapped_column(server_default=_SERVER)
    queue_id: Mapped[int]
    type_definition_id: Mapped[int]
    type_scope: Mapped[int] = mapped_column(server_default=_SERVER)
    version: Mapped[int] = mapped_column(server_default=_SERVER)
    current_state: Mapped[str] = mapped_column(String(32), server_default=_SERVER)
    customer_id: Mapped[int | None]
    employee_id: Mapped[int | None]
    ttl_minutes: Mapped[int | None]
    custom_data: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_SERVER)
    closed_at: Mapped[datetime | None] = mapped_column(server_default=_SERVER)
    leased_until: Mapped[datetime | None] = mapped_column(server_default=_SERVER)
    transition_name: Mapped[str | None] = mapped_column(Text, server_default=_SERVER)
    transition_actor: Mapped[str | None] = mapped_column(Text)
    transition_metadata: Mapped[dict[str, Any] | None]
    transition_operation_id: Mapped[UUID | None]

    items: Mapped[list[TicketItemRow]] = relationship(order_by=TicketItemRow.id, lazy="raise")
    history: Mapped[list[TicketStateHistoryRow]] = relationship(
        primaryjoin=lambda: and_(
            TicketRow.tenant_id == TicketStateHistoryRow.tenant_id, TicketRow.id == TicketStateHistoryRow.ticket_id
        ),
        order_by=lambda: TicketStateHistoryRow.seq,
        lazy="raise",
        viewonly=True,
    )


class TicketStateHistoryRow(Base):
    """A step of a ticket, written by the database and by nobody else."""

    __tablename__ = "ticketstatehistory"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "ticket_id"], ["virtualq.ticket.tenant_id", "virtualq.ticket.id"]),
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int]
    from_state: Mapped[str] = mapped_column(String(32))
    to_state: Mapped[str] = mapped_column(String(32))
    transition_name: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    transition_metadata: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    operation_id: Mapped[UUID]
    occurred_at: Mapped[datetime]
