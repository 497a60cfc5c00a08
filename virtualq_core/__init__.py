"""VirtualQ: is a PostgreSQL ticket-queue database correct, and is it fast enough?"""

from __future__ import annotations

__version__ = "0.1.0"
