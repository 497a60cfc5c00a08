"""The orm subject: SQLAlchemy models, and the document's six steps in the application."""

from virtualq_core.subjects.orm.session import OrmSession, OrmSubject

__all__ = ["OrmSession", "OrmSubject"]
