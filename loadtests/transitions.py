"""
Many clients move tickets at once, and afterwards the history must be true.

`virtualq load` runs it. By hand, with Locust's page at http://localhost:8089:

    virtualq seed --tickets 20000 --database-url "$VIRTUALQ_DATABASE_URL"
    locust -f loadtests/transitions.py

Without VIRTUALQ_DATABASE_URL both work on the embedded server's database. VIRTUALQ_LOAD_SCENARIO names another scenario
than `check`; its mix gives the weights. The verdict on the history is logged when the test is stopped.
"""

from __future__ import annotations

from locust import task

from virtualq_core.load.user import TicketUser, share


class Client(TicketUser):
    """Somebody at a counter, a kiosk or a telephone, in a hurry like all the others."""

    @task(share("transition"))
    def move_a_ticket(self) -> None:
        """Often one that others are moving as well: one wins, the others are refused."""
        self.client.transition()

    @task(share("bulk"))
    def move_many_tickets(self) -> None:
        """In one statement; what cannot move does not hold up the rest."""
        self.client.bulk()

    @task(share("claim"))
    def claim_the_next_ticket(self) -> None:
        """The oldest one that nobody else is at."""
        self.client.claim()

    @task(share("create"))
    def create_a_ticket(self) -> None:
        """With custom data and items like those that are there."""
        self.client.create()

    @task(share("list"))
    def list_a_queue(self) -> None:
        """As a display does every few seconds."""
        self.client.list_queue()

    @task(share("read"))
    def read_a_ticket(self) -> None:
        """The ticket and the end of its history in one snapshot: both must agree."""
        self.client.read()

    @task(share("dashboard"))
    def look_at_what_is_in_hand(self) -> None:
        """An employee's own tickets, after every action."""
        self.client.dashboard()

    @task(share("search"))
    def search_for_tickets(self) -> None:
        """By something that only their custom data know."""
        self.client.search()

    @task(share("publish"))
    def publish_a_type(self) -> None:
        """Somebody edits a machine while its tickets are on their way."""
        self.client.publish()
